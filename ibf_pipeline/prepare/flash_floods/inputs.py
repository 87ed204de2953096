"""Which files and settings the prepared layers of flash floods are made from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.prepare.flash_floods.asset_files import asset_files
from ibf_pipeline.prepare.inputs import POPULATION, boundary_files, require_present, total_files


def scenarios_file(static: Path, country: FlashFloodCountry) -> Path:
    """The table of the library."""
    return static / country.library / "scenarios.csv"


def depth_files(static: Path, country: FlashFloodCountry, scenarios: Iterable[Scenario]) -> dict[str, Path]:
    """The raster of every scenario."""
    return {each.name: static / country.library / "depth" / f"{each.name}.tif" for each in scenarios}


def layer_files(static: Path, country: FlashFloodCountry) -> dict[str, Path]:
    """The raster of every indicator that is counted from one."""
    further = {layer.indicator: static / layer.raster for layer in country.further_layers}
    return {POPULATION_AFFECTED: static / POPULATION, **further}


def table_files(static: Path, country: FlashFloodCountry) -> list[Path]:
    """The tables of areas that the country has."""
    return [static / name for name in (country.upstream, country.area_thresholds) if name is not None]


def needed_files(static: Path, country: FlashFloodCountry, scenarios: Iterable[Scenario]) -> list[Path]:
    """Every file that has to be there."""
    return [
        *boundary_files(static, country).values(),
        scenarios_file(static, country),
        *depth_files(static, country, scenarios).values(),
        *layer_files(static, country).values(),
        *table_files(static, country),
    ]


def require_files(static: Path, country: FlashFloodCountry, scenarios: Iterable[Scenario]) -> list[Path]:
    """Every file that is read; InputInvalid if some are missing."""
    files = needed_files(static, country, scenarios)
    expected = "boundaries, people, and a raster for every scenario of the library"
    remedy = "add the files, or correct what the country's configuration and its scenarios.csv list"
    require_present(static, files, country.iso3, expected, remedy)
    return [*files, *total_files(static), *asset_files(static).values()]


def settings_of(country: FlashFloodCountry) -> dict[str, Any]:
    """The settings that decide what prepared layers look like."""
    return {
        "iso3": country.iso3,
        "hazard": country.hazard,
        "admin_levels": list(country.admin_levels),
        "districts": {name: list(codes) for name, codes in country.districts.items()},
        "durations_h": list(country.durations_h),
        "small_lag": None if country.small_lag is None else list(country.small_lag),
        "minimum_depth": country.minimum_depth_m,
        "raster_arcsec": country.raster_arcsec,
        "library": country.library,
        "tables": [country.upstream, country.area_thresholds],
        "further_layers": [layer.model_dump() for layer in country.further_layers],
    }
