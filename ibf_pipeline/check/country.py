"""Everything about a country that can be checked from its files, without building anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import shapely
import xarray as xr

from ibf_pipeline.check.finding import Finding, fault, fine, listed, not_checked, of_error, warning
from ibf_pipeline.check.flood_maps import bounds_of, check_flood_maps
from ibf_pipeline.check.mapping import check_mapping
from ibf_pipeline.check.rasters import check_layer, read_totals
from ibf_pipeline.check.stations import check_stations, check_thresholds
from ibf_pipeline.config.country import Country
from ibf_pipeline.domain.country import POPULATION_AFFECTED, Station
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.stations import mapping_rows, read_stations, read_thresholds
from ibf_pipeline.static.copy import outdated
from ibf_pipeline.static.mapping import PROPOSED
from ibf_pipeline.static.static import doubts

_FILLED = 0.9
"""share of an area that those below it have to fill; real editions differ by a few percent"""
_NO_ALERTS = "`prepare` refuses it, so there are no alerts at all"


@dataclass(frozen=True, slots=True)
class StaticData:
    """What could be read; None where it could not."""

    boundaries: dict[int, Boundaries] | None
    stations: tuple[Station, ...] | None
    thresholds: xr.DataArray | None

    def place_codes(self) -> dict[int, tuple[str, ...]]:
        """By level."""
        return {level: layer.place_codes for level, layer in (self.boundaries or {}).items()}


def check_static(country: Country, static: Path) -> tuple[list[Finding], StaticData]:
    """Files, boundaries, stations, mapping, thresholds, rasters: all faults at once."""
    findings: list[Finding] = list(_files(country, static))
    boundaries, stations = None, None
    if not inputs.missing_files(static, inputs.boundary_files(static, country).values()):
        try:
            boundaries = read_boundaries(static / "admin_areas", country.admin_levels)
            findings += _boundaries(boundaries)
        except IbfError as error:
            findings.append(of_error("boundaries", error, _NO_ALERTS))
    if (static / inputs.STATIONS).is_file():
        try:
            stations = read_stations(static / inputs.STATIONS)
        except IbfError as error:
            findings.append(of_error("stations", error, _NO_ALERTS))
    if boundaries is not None and stations is not None:
        findings += check_stations(stations, boundaries[country.deepest_admin_level], country.event_name)
    findings += _mapping(country, static, boundaries, stations)
    thresholds, found = _thresholds(country, static, stations)
    findings += [*found, *_rasters(country, static, boundaries), *_not_checked(boundaries is None, stations is None)]
    return findings, StaticData(boundaries, stations, thresholds)


def _not_checked(without_boundaries: bool, without_stations: bool) -> Iterator[Finding]:
    """What was passed over because it is read against something that cannot be read itself."""
    either = without_boundaries or without_stations
    passed = {
        "station places": either,
        "mapping": either,
        "thresholds": without_stations,
        "rasters": without_boundaries,
    }
    missing = {"boundaries": without_boundaries, "stations": without_stations}
    if either:
        yield not_checked(
            "static data",
            f"{', '.join(name for name, is_so in passed.items() if is_so)}: "
            f"no usable {' and '.join(name for name, is_so in missing.items() if is_so)}",
            "there may be further errors, which this table cannot show yet",
            "mend the errors above, then check again",
        )


def _files(country: Country, static: Path) -> Iterator[Finding]:
    files = inputs.static_files(static, country)
    missing = inputs.missing_files(static, files)
    if missing:
        yield fault(
            "static data",
            f"missing below {static}: {', '.join(missing)}",
            "the country cannot be prepared, so no run is possible",
            inputs.how_to_obtain(country),
        )
        if inputs.MAPPING in missing and (static / PROPOSED).is_file():
            yield warning(
                "mapping",
                f"{PROPOSED} waits for a person",
                "a proposal is never used as it is: a wrong area means a wrong alert",
                f"look through it, correct it, rename it to {inputs.MAPPING}",
            )
    else:
        yield fine("static data", f"all {len(files)} files are there: {static}")
    old_copy = outdated(static)
    if old_copy is not None:
        yield warning(
            "static data",
            old_copy,
            "runs go on with the copy and say so; what was changed at the URL since has no effect",
            f"make {country.static} whole and readable again",
        )


def _boundaries(levels: dict[int, Boundaries]) -> Iterator[Finding]:
    counts = ", ".join(f"level {level}: {len(layer.place_codes)}" for level, layer in levels.items())
    yield fine("boundaries", f"place codes unique, every area has its parent; {counts}")
    found = [finding for layer in levels.values() for finding in layer.findings]
    if found:
        yield warning(
            "boundaries",
            f"repaired, or not quite inside their parents: {len(found)} of the areas: {listed(found)}",
            "a repaired outline differs by less than 1 %; an area counts for the parent that it names",
            "nothing has to be done; mend the polygons in a GIS where it matters",
        )
    for layer in levels.values():
        nameless = [code for code, name in zip(layer.place_codes, layer.names, strict=True) if name == code]
        if nameless:
            yield warning(
                "boundaries",
                f"areas of level {layer.admin_level} without ADM{layer.admin_level}_EN: {listed(nameless)}",
                "mails, the portal and the report show their place codes instead of names",
                f"give every area its name as ADM{layer.admin_level}_EN",
            )
    for above, below in pairwise(levels.values()):
        yield from _gaps(above, below)


def _gaps(above: Boundaries, below: Boundaries) -> Iterator[Finding]:
    """Areas that those of the next level below leave empty, in all or in part."""
    filled = dict.fromkeys(above.place_codes, 0.0)
    for parent, geometry in zip(below.parents, below.geometries, strict=True):
        filled[str(parent)] += geometry.area
    sizes = {code: geometry.area for code, geometry in zip(above.place_codes, above.geometries, strict=True)}
    shares = {code: filled[code] / size for code, size in sizes.items() if filled[code] < _FILLED * size}
    empty = [code for code, share in shares.items() if not share]
    partly = [f"{code} ({share:.0%})" for code, share in shares.items() if share]
    if empty:
        yield warning(
            "boundaries",
            f"areas of level {above.admin_level} without any area of level {below.admin_level}: {listed(empty)}",
            "nobody is counted there, and they are part of no alert",
            f"add their areas of level {below.admin_level}; right where nobody lives, as in a lake",
        )
    if partly:
        yield warning(
            "boundaries",
            f"areas of level {above.admin_level} that those of level {below.admin_level} do not fill: {listed(partly)}",
            "nobody is counted in the rest, and it is part of no alert",
            f"add the areas of level {below.admin_level} that are missing; right where nobody lives, as in a lake",
        )


def _mapping(
    country: Country, static: Path, boundaries: dict[int, Boundaries] | None, stations: tuple[Station, ...] | None
) -> Iterator[Finding]:
    file = static / inputs.MAPPING
    if not file.is_file() or boundaries is None or stations is None:
        return
    try:
        rows = mapping_rows(file)
    except IbfError as error:
        yield of_error("mapping", error, _NO_ALERTS)
        return
    pairs = [(station, code) for _, station, code in rows]
    yield from check_mapping(pairs, stations, boundaries, country.default_admin_level)


def _thresholds(
    country: Country, static: Path, stations: tuple[Station, ...] | None
) -> tuple[xr.DataArray | None, list[Finding]]:
    file = static / inputs.THRESHOLDS
    if not file.is_file() or stations is None:
        return None, []
    try:
        thresholds = read_thresholds(file, stations, inputs.needed_return_periods(country))
    except IbfError as error:
        return None, [of_error("thresholds", error, _NO_ALERTS)]
    return thresholds, list(check_thresholds(thresholds))


def _rasters(country: Country, static: Path, boundaries: dict[int, Boundaries] | None) -> Iterator[Finding]:
    if boundaries is None:
        return
    west, south, east, north = shapely.total_bounds(boundaries[country.deepest_admin_level].geometries).tolist()
    bounds = (west, south, east, north)
    maps = {period: file for period, file in inputs.flood_map_files(static, country).items() if file.is_file()}
    if maps:
        water = inputs.water_file(static, country)
        yield from check_flood_maps(maps, bounds, country.flood_maps.minimum_depth, water)
    for doubt in doubts(static):
        yield warning(
            "rasters",
            doubt,
            "right where it is sea or desert; otherwise no flood is ever shown there",
            f"add the tiles to the source, then `ibf-pipeline fetch-static {country.iso3} --refresh`",
        )
    try:
        totals = read_totals(static, country.admin_levels)
    except IbfError as error:
        yield of_error("rasters", error, "the population raster is compared with nothing")
        totals = {}
    on_maps = bounds_of(next(iter(maps.values()))) if maps else None
    for indicator, file in inputs.layer_files(static, country).items():
        if not file.is_file():
            continue
        if indicator == POPULATION_AFFECTED:
            yield from check_layer(file, "population raster", totals, bounds, on_maps)
        else:
            found = check_layer(file, f"raster of {indicator}", {}, bounds, on_maps)
            yield from (finding for finding in found if finding.level != "not checked")
