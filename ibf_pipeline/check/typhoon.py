"""The static data of typhoon, as far as they can be checked without building anything: all faults at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ibf_pipeline.check.acceptance import with_accepted
from ibf_pipeline.check.country import StaticData, check_areas, fetched_doubts
from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.check.rasters import check_counted_layer, known_totals
from ibf_pipeline.config.typhoon import TriggerAlternative, TyphoonCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.errors import IbfError
from ibf_pipeline.io.csv_rows import read_rows
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.inputs import POPULATION, missing_files
from ibf_pipeline.prepare.typhoon.consistency import faults, monitoring_doubts
from ibf_pipeline.prepare.typhoon.inputs import levels_of, needed_files, parents_used
from ibf_pipeline.prepare.typhoon.layers import COUNTING_ARCSEC
from ibf_pipeline.prepare.typhoon.tables import houses_doubt, housing_faults, name_faults, read_names, without_houses

_OBTAIN: Final = "add them below the static folder, or correct the keys of the country's file that name them"


def check_typhoon(country: TyphoonCountry, static: Path) -> tuple[list[Finding], StaticData]:
    """Boundaries of every level, triggers, the monitoring polygon, houses, names and people."""
    with_parents = bool(parents_used(static, country))
    found, data = check_areas(country, static, levels_of(country), with_parent_file=with_parents)
    needed = needed_files(static, country)
    if data.boundaries is not None and (missing := missing_files(static, needed)):
        found.append(finding("files missing", static=static, missing=first_few(missing), how_to_obtain=_OBTAIN))
    found += [*fetched_doubts(country, static, needed), *_triggers(country), *_names(country, static)]
    if data.boundaries is None:
        found.append(finding("passed over", passed="triggers, houses, people", missing="boundaries"))
        return list(with_accepted(found, country)), data
    levels = data.boundaries
    areas = levels[country.default_admin_level]
    found += [error_finding("configuration", fault) for fault in faults(country, levels, static)]
    found += [*_houses(country, static, areas), *_people(country, static, levels)]
    found += [finding("monitoring doubtful", doubt=doubt) for doubt in _seen(country, areas, found)]
    return list(with_accepted(found, country)), replace(data, boundaries={country.default_admin_level: areas})


def _seen(country: TyphoonCountry, areas: Boundaries, found: list[Finding]) -> list[str]:
    """The doubt about the polygon, if it is not refused already."""
    refused = any(one.level == "error" and "monitoring polygon" in one.found for one in found)
    return [] if refused else monitoring_doubts(country, areas)


def _triggers(country: TyphoonCountry) -> Iterator[Finding]:
    if not country.triggers:
        yield finding("triggers empty")
    silent = [_words(each) for each in country.triggers if each.measure != "wind_kmh" and each.calibration is None]
    if silent:
        yield finding("triggers not calibrated", triggers=first_few(silent))


def _words(each: TriggerAlternative) -> str:
    return f"{each.measure} {each.amount:g} ({each.scope})"


def _houses(country: TyphoonCountry, static: Path, areas: Boundaries) -> Iterator[Finding]:
    if country.housing is None:
        yield finding("no houses")
        return
    file = static / country.housing
    if not file.is_file():
        return
    try:
        rows = read_rows(file, ("place_code", "houses"))
    except IbfError as error:
        yield error_finding("static data", error)
        return
    wrong = list(housing_faults(rows, areas.place_codes))
    if wrong or not rows:
        yield finding("houses wrong", file=file.name, faults=first_few(wrong or ["no line below its header"]))
        return
    missing = without_houses([row["place_code"] for row in rows], areas.place_codes)
    if missing:
        lacking = finding(
            "houses missing", file=file.name, count=len(missing), of=len(areas.place_codes), areas=first_few(missing)
        )
        yield lacking.doubted(houses_doubt(missing, file))
    else:
        total = sum(float(row["houses"]) for row in rows)
        yield fine("static data", f"{file.name}: {total:,.0f} houses, of every area")


def _names(country: TyphoonCountry, static: Path) -> Iterator[Finding]:
    file = static / country.names if country.names is not None else None
    if file is None or not file.is_file():
        return
    try:
        wrong = list(name_faults(read_rows(file, ("name", "local_name"))))
        if wrong:
            yield finding("names wrong", file=file.name, faults=first_few(wrong))
        else:
            yield fine("static data", f"{file.name}: local names of {len(read_names(file))} storms")
    except IbfError as error:
        yield error_finding("static data", error)


def _people(country: TyphoonCountry, static: Path, levels: dict[int, Boundaries]) -> Iterator[Finding]:
    """The population raster, on the grid that `prepare` counts it on."""
    file, areas = static / POPULATION, levels[country.default_admin_level]
    if not file.is_file():
        return
    totals = yield from known_totals(static, levels_of(country))
    bounds = bounds_of_areas(areas)
    yield from check_counted_layer(file, POPULATION_AFFECTED, totals, levels, bounds, COUNTING_ARCSEC)
