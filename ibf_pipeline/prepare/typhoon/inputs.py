"""Which files and settings the prepared layers of typhoon are made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.prepare.inputs import POPULATION, parent_files, require_present, total_files


def levels_of(country: TyphoonCountry) -> tuple[int, ...]:
    """Admin levels of the boundaries, highest first: regions and provinces if there are any, then the areas."""
    further = (country.region_level, country.province_level)
    return (*(level for level in further if level is not None), country.default_admin_level)


def level_files(static: Path, country: TyphoonCountry) -> dict[int, Path]:
    """The boundary file of each of them."""
    return {level: static / "admin_areas" / f"adm{level}.geojson" for level in levels_of(country)}


def parents_used(static: Path, country: TyphoonCountry) -> list[Path]:
    """The file of parents that people may correct: it is read where the country has provinces."""
    return parent_files(static) if country.province_level is not None else []


def table_files(static: Path, country: TyphoonCountry) -> list[Path]:
    """The tables of houses and names that the country has."""
    return [static / name for name in (country.housing, country.names) if name is not None]


def needed_files(static: Path, country: TyphoonCountry) -> list[Path]:
    """Every file that has to be there."""
    return [*level_files(static, country).values(), static / POPULATION, *table_files(static, country)]


def require_files(static: Path, country: TyphoonCountry) -> list[Path]:
    """Every file that is read; InputInvalid if some are missing."""
    files = needed_files(static, country)
    expected = (
        "boundaries of the areas and of the provinces and regions that are configured, people, and the tables that the "
        "country's file names"
    )
    remedy = "add the files, or correct province_level, region_level, housing and names in the country's file"
    require_present(static, files, country.iso3, expected, remedy)
    return [*files, *parents_used(static, country), *total_files(static)]


def trigger_regions(country: TyphoonCountry) -> list[str]:
    """Place codes of the regions that some trigger is looked at in, each once."""
    return list(dict.fromkeys(code for each in country.triggers for code in each.regions))


def counts_houses(country: TyphoonCountry) -> bool:
    """Whether some trigger counts houses."""
    return any(each.measure == "houses_damaged" for each in country.triggers)


def settings_of(country: TyphoonCountry) -> dict[str, Any]:
    """The settings that decide what prepared layers look like, and those that are compared with them."""
    return {
        "iso3": country.iso3,
        "hazard": country.hazard,
        "admin_levels": list(levels_of(country)),
        "cell_degrees": country.wind.cell_degrees,
        "tables": [country.housing, country.names],
        "monitoring": [list(corner) for corner in country.monitoring],
        "trigger_regions": trigger_regions(country),
        "counts_houses": counts_houses(country),
    }
