"""Everything about a country that can be checked from its files, without building anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import xarray as xr

from ibf_pipeline.check.acceptance import with_accepted
from ibf_pipeline.check.finding import MOST_ITEMS, Finding, error_finding, finding, fine, first_few
from ibf_pipeline.check.flood_maps import check_flood_maps, is_grid
from ibf_pipeline.check.mapping import check_mapping
from ibf_pipeline.check.rasters import check_layer, known_totals
from ibf_pipeline.check.stations import check_stations, check_thresholds
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import Station
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.boundaries import DOUBTFUL, REACHES_OUT, Boundaries, read_boundaries
from ibf_pipeline.prepare.boundary_gaps import covered, covered_doubt, unfilled, unfilled_doubt
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.fetch_records import fetch_doubts
from ibf_pipeline.prepare.ground import Overlap
from ibf_pipeline.prepare.layers import PROPOSAL
from ibf_pipeline.prepare.parents import PARENTS
from ibf_pipeline.prepare.stations import mapping_rows, read_stations, read_thresholds
from ibf_pipeline.static.local_copy import outdated


@dataclass(frozen=True, slots=True)
class StaticData:
    """What could be read; None if it could not."""

    boundaries: dict[int, Boundaries] | None
    stations: tuple[Station, ...] | None
    thresholds: xr.DataArray | None
    fids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """category of points or lines -> those that can be sent"""

    def place_codes(self) -> dict[int, tuple[str, ...]]:
        """By level."""
        return {level: layer.place_codes for level, layer in (self.boundaries or {}).items()}


def check_areas(
    country: CountryHazard, static: Path, levels: Sequence[int] = (), *, with_parent_file: bool = True
) -> tuple[list[Finding], StaticData]:
    """The boundaries alone, which every hazard has. `levels`: that are read, highest first; default the portal's."""
    levels = levels or country.admin_levels
    missing = inputs.missing_files(static, (static / "admin_areas" / f"adm{level}.geojson" for level in levels))
    if missing:
        how = "the portal's own areas, GET admin-areas, below admin_areas/"
        lacking = finding("files missing", static=static, missing=", ".join(missing), how_to_obtain=how)
        return [lacking], StaticData(None, None, None)
    try:
        boundaries = read_boundaries(static / "admin_areas", levels, with_parent_file=with_parent_file)
    except IbfError as error:
        return [error_finding("boundaries", error)], StaticData(None, None, None)
    return list(_boundaries(boundaries)), StaticData(boundaries, None, None)


def check_static(country: FloodCountry, static: Path) -> tuple[list[Finding], StaticData]:
    """Files, boundaries, stations, mapping, thresholds, rasters: all faults at once."""
    findings: list[Finding] = list(_files(country, static))
    boundaries, stations = None, None
    if not inputs.missing_files(static, inputs.boundary_files(static, country).values()):
        try:
            boundaries = read_boundaries(static / "admin_areas", country.admin_levels)
            findings += _boundaries(boundaries)
        except IbfError as error:
            findings.append(error_finding("boundaries", error))
    if (static / inputs.STATIONS).is_file():
        try:
            stations = read_stations(static / inputs.STATIONS)
        except IbfError as error:
            findings.append(error_finding("stations", error))
    findings += fetched_doubts(country, static)
    if stations == ():
        return [
            *findings,
            fine("stations", f"{inputs.NO_RIVER}: the set-up is finished, and nothing runs"),
        ], StaticData(boundaries, stations, None)
    if boundaries is not None and stations is not None:
        deepest = boundaries[country.deepest_admin_level]
        findings += check_stations(stations, deepest, country.event_name, static / inputs.STATIONS)
    findings += _mapping(country, static, boundaries, stations)
    thresholds, found = _thresholds(country, static, stations)
    findings += [*found, *_rasters(country, static, boundaries), *_not_checked(boundaries is None, stations is None)]
    return list(with_accepted(findings, country)), StaticData(boundaries, stations, thresholds)


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
        yield finding(
            "passed over",
            passed=", ".join(name for name, is_so in passed.items() if is_so),
            missing=" and ".join(name for name, is_so in missing.items() if is_so),
        )


def _files(country: FloodCountry, static: Path) -> Iterator[Finding]:
    files = inputs.static_files(static, country, no_river=inputs.has_no_river(static))
    missing = inputs.missing_files(static, files)
    if missing:
        yield finding(
            "files missing", static=static, missing=", ".join(missing), how_to_obtain=inputs.how_to_obtain(country)
        )
    else:
        yield fine("static data", f"all {len(files)} files are there: {static}")
    if inputs.mapping_file(static).name == inputs.PROPOSED:
        yield finding("mapping proposed", proposed=inputs.PROPOSED, file=inputs.MAPPING).doubted(PROPOSAL)
    old_copy = outdated(static)
    if old_copy is not None:
        yield finding("copy outdated", old_copy=old_copy, static=country.static)


def _boundaries(levels: dict[int, Boundaries]) -> Iterator[Finding]:
    counts = ", ".join(f"level {level}: {len(layer.place_codes)}" for level, layer in levels.items())
    yield fine("boundaries", f"place codes unique, every area has its parent; {counts}")
    repaired = [words for layer in levels.values() for words in layer.repaired]
    if repaired:
        yield finding("boundaries repaired", count=len(repaired), areas=first_few(repaired))
    for layer in levels.values():
        yield from _parents(layer)
        yield from _overlaps(layer)
    for layer in levels.values():
        nameless = [code for code, name in zip(layer.place_codes, layer.names, strict=True) if name == code]
        if nameless:
            yield finding("areas without name", level=layer.admin_level, areas=first_few(nameless))
    for above, below in pairwise(levels.values()):
        yield from _gaps(above, below)


def _parents(layer: Boundaries) -> Iterator[Finding]:
    """How parents were found that the boundaries do not name, and which areas reach out of theirs."""
    for how, words in (("prefix", "by their codes"), ("overlap", "by the largest overlap")):
        if how in layer.how:
            number = counted(layer.how.count(how), "area")
            yield fine("boundaries", f"level {layer.admin_level}: parents of {number} derived {words}")
    worst = sorted(
        (share, code, parent)
        for code, parent, share in zip(layer.place_codes, layer.parents, layer.inside, strict=False)
        if share < REACHES_OUT
    )
    if worst:
        mostly = sum(share < DOUBTFUL for share, _, _ in worst)
        named = (f"{code} in {parent} ({share:.0%})" for share, code, parent in worst)
        areas = first_few(named, max(mostly, MOST_ITEMS))
        yield finding(
            "areas reach out", count=len(worst), level=layer.admin_level, mostly=mostly, areas=areas, file=PARENTS
        )


def _overlaps(layer: Boundaries) -> Iterator[Finding]:
    def words(overlap: Overlap) -> str:
        keeps, yields = (f"{layer.place_codes[n]} ({layer.names[n]})" for n in (overlap.keeps, overlap.yields))
        return f"{keeps} and {yields} by {overlap.share:.2%}"

    if layer.overlaps:
        pairs = first_few(map(words, layer.overlaps))
        yield finding("areas overlap", count=len(layer.overlaps), level=layer.admin_level, pairs=pairs)
    if gone := covered(layer):
        yield finding("areas covered", level=layer.admin_level, areas=first_few(gone)).doubted(
            covered_doubt(gone, layer)
        )


def _gaps(above: Boundaries, below: Boundaries) -> Iterator[Finding]:
    """Areas that those of the next level below leave empty, in all or in part."""
    shares = unfilled(above, below)
    empty = [code for code, share in shares.items() if not share]
    partly = [f"{code} ({share:.0%})" for code, share in shares.items() if share]
    doubt, levels = unfilled_doubt(list(shares), above, below), (above.admin_level, below.admin_level)
    if empty:
        yield finding("areas left empty", level=levels[0], below=levels[1], areas=first_few(empty)).doubted(doubt)
    if partly:
        yield finding("areas not filled", level=levels[0], below=levels[1], areas=first_few(partly)).doubted(doubt)


def _mapping(
    country: FloodCountry, static: Path, boundaries: dict[int, Boundaries] | None, stations: tuple[Station, ...] | None
) -> Iterator[Finding]:
    file = inputs.mapping_file(static)
    if not file.is_file() or boundaries is None or stations is None:
        return
    try:
        rows = mapping_rows(file)
    except IbfError as error:
        yield error_finding("mapping", error)
        return
    pairs = [(station, code) for _, station, code in rows]
    yield from check_mapping(pairs, stations, boundaries, country.default_admin_level)


def _thresholds(
    country: FloodCountry, static: Path, stations: tuple[Station, ...] | None
) -> tuple[xr.DataArray | None, list[Finding]]:
    file, needed = static / inputs.THRESHOLDS, inputs.needed_return_periods(country)
    if not file.is_file() or stations is None:
        return None, []
    found = []
    for each in country.later_thresholds:
        later = static / each.file
        try:
            if later.is_file():
                table = read_thresholds(later, stations, needed)
                found += [one for one in check_thresholds(table, stations, each.file) if one.level != "fine"]
                found.append(fine("thresholds", f"those of GloFAS v{each.version}, from {each.valid_from} on, too"))
        except IbfError as error:
            found.append(error_finding("thresholds", error))
    try:
        thresholds = read_thresholds(file, stations, needed)
    except IbfError as error:
        return None, [error_finding("thresholds", error), *found]
    return thresholds, [*check_thresholds(thresholds, stations), *found]


def fetched_doubts(country: CountryHazard, static: Path, read: Collection[Path] | None = None) -> Iterator[Finding]:
    """What was doubtful about fetched files, each once. `read`: the files that the hazard reads, else all."""
    boundaries = {file.name for file in inputs.boundary_files(static, country).values()}
    noted = {name: words for name, words in fetch_doubts(static).items() if read is None or static / name in read}
    for doubt in dict.fromkeys(noted[name] for name in noted if Path(name).name in boundaries):
        yield finding("boundaries doubtful", doubt=doubt, iso3=country.iso3)
    if inputs.STATIONS in noted:
        yield finding("stations doubtful", doubt=noted[inputs.STATIONS])
    others = (name for name in noted if name != inputs.STATIONS and Path(name).name not in boundaries)
    for doubt in dict.fromkeys(noted[name] for name in others):
        yield finding("raster doubtful", doubt=doubt, iso3=country.iso3)


def _rasters(country: FloodCountry, static: Path, boundaries: dict[int, Boundaries] | None) -> Iterator[Finding]:
    if boundaries is None:
        return
    bounds = bounds_of_areas(boundaries[country.deepest_admin_level])
    maps = {period: file for period, file in inputs.flood_map_files(static, country).items() if file.is_file()}
    if maps:
        water = inputs.water_file(static, country)
        yield from check_flood_maps(maps, bounds, country.flood_maps.minimum_depth, water)
    totals = yield from known_totals(static, country.admin_levels)
    grid = next(filter(is_grid, maps.values()), None)
    for indicator, file in inputs.layer_files(static, country).items():
        if file.is_file():
            yield from check_layer(file, indicator, totals, boundaries, grid)
