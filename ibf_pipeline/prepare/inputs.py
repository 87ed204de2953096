"""Which files and settings the prepared layers of a country are made from."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.parents import PARENTS
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.prepare.totals import TOTALS

STATIONS = "stations.csv"
THRESHOLDS = "thresholds.json"
MAPPING = "station_admin_mapping.csv"
PROPOSED = "station_admin_mapping.proposed.csv"
POPULATION = "population.tif"
NO_RIVER = "no river that GloFAS can forecast here"
"""what a country's stations say with their one line `no_station`; its set-up is finished"""
PARENT_FILE = f"admin_areas/{PARENTS}"


def boundary_files(folder: Path, country: CountryHazard) -> dict[int, Path]:
    """The file of every admin level."""
    return {level: folder / "admin_areas" / f"adm{level}.geojson" for level in country.admin_levels}


def parent_files(folder: Path) -> list[Path]:
    """The file of parents that people may correct, if there is one."""
    file = folder / PARENT_FILE
    return [file] if file.is_file() else []


def total_files(folder: Path) -> list[Path]:
    """The file of known totals, if there is one."""
    file = folder / TOTALS
    return [file] if file.is_file() else []


def mapping_file(folder: Path) -> Path:
    """The mapping; while there is only a proposal, which no operator has confirmed, the proposal."""
    confirmed, proposed = folder / MAPPING, folder / PROPOSED
    return proposed if proposed.is_file() and not confirmed.is_file() else confirmed


def has_no_river(folder: Path) -> bool:
    """Whether the stations say that there is no river that GloFAS can forecast: then nothing else is needed."""
    file = folder / STATIONS
    with suppress(InputInvalid, OSError):  # whoever reads the stations says what is wrong with them
        return file.is_file() and not read_stations(file)
    return False


def flood_map_files(folder: Path, country: FloodCountry) -> dict[float, Path]:
    """The flood map of every listed return period."""
    return {
        period: folder / "flood_maps" / f"flood_map_{country.iso3}_RP{period:g}.tif"
        for period in country.flood_maps.return_periods
    }


def layer_files(folder: Path, country: FloodCountry) -> dict[str, Path]:
    """The raster of every exposure indicator."""
    further = {layer.indicator: folder / layer.raster for layer in country.people.further_layers}
    return {POPULATION_AFFECTED: folder / POPULATION, **further}


def water_file(folder: Path, country: FloodCountry) -> Path | None:
    """The raster of permanent water, if the country has one."""
    return folder / country.flood_maps.permanent_water if country.flood_maps.permanent_water else None


def raster_files(folder: Path, country: FloodCountry) -> list[Path]:
    """Every raster of the static data."""
    water = water_file(folder, country)
    return [
        *layer_files(folder, country).values(),
        *flood_map_files(folder, country).values(),
        *([water] if water is not None else []),
    ]


def static_files(folder: Path, country: FloodCountry, *, no_river: bool) -> list[Path]:
    """Every file of the static data that `prepare` reads, or that a country with `no_river` needs."""
    areas = [*boundary_files(folder, country).values(), *parent_files(folder), folder / STATIONS]
    if no_river:
        return areas
    return [
        *areas,
        folder / THRESHOLDS,
        *(folder / each.file for each in country.later_thresholds),
        mapping_file(folder),
        *raster_files(folder, country),
    ]


def require_files(folder: Path, country: FloodCountry, *, no_river: bool) -> list[Path]:
    """Every file of the static data; InputInvalid if some are missing."""
    files = static_files(folder, country, no_river=no_river)
    expected = "the files that docs/a-run.md lists under static data"
    remedy = f"{how_to_obtain(country)}, or correct what the country's configuration lists"
    require_present(folder, files, country.iso3, expected, remedy)
    return files


def how_to_obtain(country: FloodCountry) -> str:
    """What to do about files that are missing: a folder behind a URL is filled there, not here."""
    if country.static and "://" in country.static:
        return f"put them at {country.static}"
    return f"`ibf-pipeline fetch-static {country.iso3}` obtains what static_sources name; add the others by hand"


def missing_files(folder: Path, files: Iterable[Path]) -> list[str]:
    """Those that are not there, by their path below the folder."""
    return [file.relative_to(folder).as_posix() for file in files if not file.is_file()]


def require_present(folder: Path, files: Iterable[Path], iso3: str, expected: str, remedy: str) -> None:
    """InputInvalid listing the files that are missing: waiting does not bring them."""
    if missing := missing_files(folder, files):
        found = f"static data of {iso3} are missing: {', '.join(missing)}"
        raise InputInvalid(found, where=folder, expected=expected, remedy=remedy)


def needed_return_periods(country: FloodCountry) -> set[float]:
    """Years, whose thresholds the country's rule asks for."""
    return {country.trigger.return_period, *(limit.return_period for limit in country.rule.classes.values())}


def settings_of(country: FloodCountry) -> dict[str, Any]:
    """The settings that decide what prepared layers look like; from when on a set of thresholds is valid does not."""
    versions = [each.version for each in country.later_thresholds]
    return {
        "iso3": country.iso3,
        "admin_levels": list(country.admin_levels),
        "return_periods": list(country.flood_maps.return_periods),
        "minimum_depth": country.flood_maps.minimum_depth,
        "permanent_water": country.flood_maps.permanent_water,
        "further_layers": [layer.model_dump() for layer in country.people.further_layers],
        "needed_return_periods": sorted(needed_return_periods(country)),
        **({"later_thresholds": versions} if versions else {}),
    }
