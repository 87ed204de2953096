"""The static data of flash floods, as far as they can be checked without building anything: all faults at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ibf_pipeline.check.acceptance import with_accepted
from ibf_pipeline.check.assets import check_assets
from ibf_pipeline.check.country import StaticData, check_areas, fetched_doubts
from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.check.library import check_library
from ibf_pipeline.check.rasters import check_counted_layer, known_totals
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.errors import IbfError
from ibf_pipeline.io.csv_rows import read_rows
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.flash_floods.catchments import read_area_thresholds, read_upstream
from ibf_pipeline.prepare.flash_floods.districts import require_known_districts
from ibf_pipeline.prepare.flash_floods.inputs import layer_files, needed_files, scenarios_file
from ibf_pipeline.prepare.flash_floods.library import read_scenarios, scenario_doubts, unused_durations
from ibf_pipeline.prepare.inputs import missing_files

_OBTAIN: Final = "add them below the static folder, or correct what scenarios.csv and the country's file list"


def check_flash_floods(country: FlashFloodCountry, static: Path) -> tuple[list[Finding], StaticData]:
    """Boundaries, districts, tables, the library, people and assets."""
    found, data = check_areas(country, static)
    scenarios, of_library = _scenarios(country, static)
    needed = needed_files(static, country, scenarios)
    if missing := missing_files(static, needed):
        found.append(finding("files missing", static=static, missing=first_few(missing), how_to_obtain=_OBTAIN))
    found += [*fetched_doubts(country, static, needed), *of_library]
    if data.boundaries is None:
        found.append(finding("passed over", passed="districts, library, people, assets", missing="boundaries"))
        return list(with_accepted(found, country)), data
    areas = data.boundaries[country.default_admin_level]
    try:
        require_known_districts(country, areas.place_codes, static)
    except IbfError as error:
        found.append(error_finding("configuration", error))
        found.append(finding("passed over", passed="library, people, assets", missing="districts"))
        return list(with_accepted(found, country)), data
    districts = areas.only([code for codes in country.districts.values() for code in codes])
    found += [*_tables(country, static, areas), *check_library(country, static, scenarios, districts)]
    found += _people(country, static, areas, districts)
    of_assets, fids = check_assets(static, areas, districts)
    found += of_assets
    return list(with_accepted(found, country)), replace(data, fids=fids | _gauges(country, static))


def _scenarios(country: FlashFloodCountry, static: Path) -> tuple[tuple[Scenario, ...], list[Finding]]:
    file = scenarios_file(static, country)
    if not file.is_file():
        return (), []
    try:
        scenarios = read_scenarios(file, country.durations_h)
    except IbfError as error:
        return (), [error_finding("library", error)]
    found = [finding("library doubtful", doubt=doubt) for doubt in scenario_doubts(scenarios)]
    unused = unused_durations(file, country.durations_h)
    if unused:
        found.append(finding("durations not used", hours=first_few(unused), durations=first_few(country.durations_h)))
    return scenarios, found or [fine("library", f"{len(scenarios)} scenarios, each with its rank")]


def _tables(country: FlashFloodCountry, static: Path, areas: Boundaries) -> Iterator[Finding]:
    try:
        if country.upstream is not None and (static / country.upstream).is_file():
            catchments = read_upstream(static / country.upstream, areas)
            yield fine("static data", f"{country.upstream}: what runs to {len(catchments)} areas, all codes known")
    except IbfError as error:
        yield error_finding("static data", error)
    try:
        if country.area_thresholds is not None and (static / country.area_thresholds).is_file():
            thresholds = read_area_thresholds(static / country.area_thresholds, areas)
            counted = {code for codes in country.districts.values() for code in codes}
            if unused := [code for code in thresholds if code not in counted]:
                yield finding("thresholds not used", file=country.area_thresholds, areas=first_few(unused))
    except IbfError as error:
        yield error_finding("thresholds", error)


def _people(country: FlashFloodCountry, static: Path, areas: Boundaries, districts: Boundaries) -> Iterator[Finding]:
    """Rasters of counts, each on the grid that `prepare` counts all areas on."""
    totals = yield from known_totals(static, country.admin_levels)
    bounds, level, default = bounds_of_areas(areas), areas, country.default_admin_level
    for indicator, file in layer_files(static, country).items():
        if file.is_file():
            yield from check_counted_layer(file, indicator, totals, {default: level}, bounds, country.raster_arcsec)
        level = districts


def _gauges(country: FlashFloodCountry, static: Path) -> dict[str, tuple[str, ...]]:
    """Fids of the water level gauges; what is wrong with their file says whoever reads it."""
    file = static / country.gauges if country.gauges is not None else None
    try:
        return {"gauges": tuple(row["fid"] for row in read_rows(file, ("fid",)))} if file is not None else {}
    except IbfError:
        return {}
