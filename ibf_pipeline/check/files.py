"""What a country has below its static folder, looked at as its hazard needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.check.country import StaticData, check_areas, check_static
from ibf_pipeline.check.finding import Finding, not_checked
from ibf_pipeline.check.flash_floods import check_flash_floods
from ibf_pipeline.check.typhoon import check_typhoon
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.typhoon import TyphoonCountry

FILE_CHECKS: Final[dict[str, Callable[[Any, Path], tuple[list[Finding], StaticData]]]] = {
    FloodCountry.hazard: check_static,
    FlashFloodCountry.hazard: check_flash_floods,
    TyphoonCountry.hazard: check_typhoon,
}
"""hazard -> (what is configured of a country for it, its static folder): every fault at once"""


def check_files(country: CountryHazard, static: Path) -> tuple[list[Finding], StaticData]:
    """Of a hazard that is not in the table the boundaries alone, which every hazard has."""
    check = FILE_CHECKS.get(country.hazard)
    if check is not None:
        return check(country, static)
    found, data = check_areas(country, static)
    text = f"what {country.hazard} need beside the boundaries is not checked"
    return [*found, not_checked("static data", text, "a run of theirs says what is missing")], data
