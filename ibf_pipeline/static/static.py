"""`fetch-static`: everything that a country's `static_sources` name, into its static folder; people's files stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import ConfigError, ForbiddenByRule
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.io.writing import whole, write_text
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.parents import parents_csv
from ibf_pipeline.prepare.stamp import sha256
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.prepare.tiles import open_raster
from ibf_pipeline.static.flood_maps import TILE, corner_name, country_tiles, obtain_flood_map
from ibf_pipeline.static.mapping import as_csv, propose_mapping
from ibf_pipeline.static.place import Place
from ibf_pipeline.static.portal import boundaries_of, levels_differ, stations_of
from ibf_pipeline.static.thresholds import sample_thresholds, write_thresholds
from ibf_pipeline.targets.portal import STATIONS, Portal

RECORD: Final = "fetched.json"
"""in the static folder: what was fetched or proposed, from where, with its hash"""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a country's static sources, opened; None for those that are not configured."""

    flood_maps: Place | None = None
    population: tuple[Place, str] | None = None
    """the folder and the name of the file in it"""
    thresholds: Place | None = None


def fetch_static(
    country: FloodCountry, folder: Path, places: Places, portal: Portal | None, say: Say, *, refresh: bool = False
) -> list[str]:
    """Fetch what is missing; with `refresh` also what was fetched before. Names of the files that were written.

    A file that was not fetched by us, or was changed since, is never replaced. `say` is told about every file.
    Raises ConfigError where the server's levels are others, and what the sources raise.
    """
    desk = _Desk(folder, say, refresh=refresh)
    if portal is not None:
        _from_portal(country, portal, desk)
    _parents(country, desk)
    if inputs.has_no_river(folder):
        say(f"{inputs.STATIONS}: {inputs.NO_RIVER}, so that nothing else is needed")
        return desk.written
    if places.thresholds is not None:
        _thresholds(country, places.thresholds, desk)
    if places.flood_maps is not None:
        _flood_maps(country, places.flood_maps, desk)
    if places.population is not None:
        place, name = places.population
        with desk.file(inputs.POPULATION, f"{place.where}/{name}") as target:
            if target is not None:
                _copy(place.file(name), target)
    return desk.written


def write_proposal(country: FloodCountry, folder: Path) -> tuple[Path, int, int]:
    """Write the proposed mapping beside the static data: the file, areas with a station, areas in all.

    Raises ForbiddenByRule where an earlier proposal is there that a person has changed since.
    """
    boundaries = read_boundaries(folder / "admin_areas", country.admin_levels)[country.deepest_admin_level]
    stations = read_stations(folder / inputs.STATIONS)
    maps = inputs.flood_map_files(folder, country)
    proposed = propose_mapping(stations, boundaries, maps[max(maps)], country.flood_maps.minimum_depth)
    text = as_csv(boundaries, proposed)
    file, known = folder / inputs.PROPOSED, _fetched(folder).get(inputs.PROPOSED, {})
    if file.is_file() and known.get("sha256") != sha256(file) and file.read_text("utf-8", "replace") != text:
        raise ForbiddenByRule(
            "this proposal was changed since it was written",
            where=file,
            expected="no proposal, or one as it was written: a person's corrections are never replaced",
            remedy=f"rename it to {inputs.MAPPING} to confirm it; for a new proposal move it away first",
        )
    write_text(file, text)
    _record(folder, inputs.PROPOSED, {"from": f"prepare {country.iso3} --propose-mapping", "sha256": sha256(file)})
    return file, len(proposed), len(boundaries.place_codes)


def _from_portal(country: FloodCountry, portal: Portal, desk: _Desk) -> None:
    differing = levels_differ(portal, country.iso3, country.admin_levels, country.default_admin_level)
    if differing:
        raise ConfigError(
            f"the server has {differing}",
            where=f"countries/{country.iso3}.yaml",
            expected="the levels of the server",
            remedy="write these two lines there",
        )
    for level, file in inputs.boundary_files(desk.folder, country).items():
        name = file.relative_to(desk.folder).as_posix()
        with desk.file(name, portal.address_of_areas(country.iso3, level)) as target:
            if target is not None:
                write_text(target, boundaries_of(portal, country.iso3, level))
    with desk.file(inputs.STATIONS, portal.address_of_points(country.iso3, STATIONS)) as target:
        if target is not None:
            write_text(target, stations_of(portal, country.iso3))


def _parents(country: FloodCountry, desk: _Desk) -> None:
    """Write the parents that had to be derived, for people to read and correct; nothing where all are given."""
    areas = inputs.boundary_files(desk.folder, country).values()
    if not desk.needs(inputs.PARENT_FILE) or not all(file.is_file() for file in areas):
        return
    levels = read_boundaries(desk.folder / "admin_areas", country.admin_levels, with_parent_file=False)
    rows = [
        (code, level, str(parent), how, share)
        for level, layer in levels.items()
        for code, parent, how, share in zip(layer.place_codes, layer.parents, layer.how, layer.inside, strict=False)
        if how != "given"
    ]
    if rows:
        with desk.file(inputs.PARENT_FILE, "the boundaries") as target:
            if target is not None:
                write_text(target, parents_csv(rows))


def _thresholds(country: FloodCountry, place: Place, desk: _Desk) -> None:
    if not desk.needs(inputs.THRESHOLDS):
        return
    stations = read_stations(desk.folder / inputs.STATIONS)
    periods = sorted({*country.static_sources.threshold_periods, *inputs.needed_return_periods(country)})
    with desk.file(inputs.THRESHOLDS, place.where) as target:
        if target is not None:
            major = country.thresholds_version.split(".")[0]
            tables, beside = sample_thresholds(place, stations, periods, major)
            write_thresholds(target, stations, tables)
            for station in beside:
                desk.say(f"station {station}: the river may flow through that cell; look at it on a map")


def _flood_maps(country: FloodCountry, place: Place, desk: _Desk) -> None:
    wanted = {
        period: file.relative_to(desk.folder).as_posix()
        for period, file in inputs.flood_map_files(desk.folder, country).items()
    }
    if not any(desk.needs(name) for name in wanted.values()):
        return
    ours = [period for period, name in wanted.items() if desk.needs(name) or desk.fetched(name)]
    deepest = read_boundaries(desk.folder / "admin_areas", country.admin_levels)[country.deepest_admin_level]
    west, south, east, north = shapely.total_bounds(deepest.geometries).tolist()
    bounds = (west, south, east, north)
    tiles = country_tiles(place, ours, bounds)
    dry = _land_without_tile(deepest, tiles.without)
    if dry:
        desk.say(f"CHECK: {dry}")
    for period, name in wanted.items():
        with desk.file(name, f"{place.where}/RP{period:g}", dry) as target:
            if target is not None:
                used = obtain_flood_map(place, period, tiles.names[period].values(), bounds, target)
                desk.say(f"{name}: out of {', '.join(used)}")


def _land_without_tile(deepest: Boundaries, corners: Sequence[tuple[int, int]]) -> str:
    """Which areas reach into tiles that no return period has, in words; "" for none."""
    areas = np.array(deepest.geometries)
    found = []
    for top, left in corners:
        box = shapely.box(left, top - TILE, left + TILE, top)
        inside = [deepest.place_codes[n] for n in np.flatnonzero(shapely.area(shapely.intersection(areas, box)))]
        if inside:
            shown = ", ".join(inside[:3]) + (" ..." if len(inside) > 3 else "")
            found.append(f"{corner_name((top, left))} with land of {counted(len(inside), 'area')} ({shown})")
    return f"the source has no flood hazard tile {', nor '.join(found)}: dry in every map" if found else ""


def _copy(source: Path, target: Path) -> None:
    with open_raster(source, "population raster"):
        pass  # a damaged one never gets into the static data
    with whole(target) as partial:
        shutil.copyfile(source, partial)


class _Desk:
    """Knows which files of the folder are ours."""

    def __init__(self, folder: Path, say: Say, *, refresh: bool) -> None:
        self.folder = folder
        self.say = say
        self.written: list[str] = []
        self._refresh = refresh

    def needs(self, name: str) -> bool:
        """Whether a file is to be fetched."""
        file = self.folder / name
        if not file.is_file():
            return True
        known = _fetched(self.folder).get(name)
        return self._refresh and known is not None and known.get("sha256") == sha256(file)

    def fetched(self, name: str) -> bool:
        """Whether a file was fetched by us."""
        return name in _fetched(self.folder)

    @contextmanager
    def file(self, name: str, origin: str, doubt: str = "") -> Iterator[Path | None]:
        """Where to write a file to, None where it stays; afterwards it is recorded as fetched, with any `doubt`."""
        if not self.needs(name):
            why = "is there" if not self._refresh else "was not fetched as it is: it stays"
            self.say(f"{name}: {why}")
            yield None
            return
        yield self.folder / name
        entry = {"from": origin, "sha256": sha256(self.folder / name)} | ({"doubt": doubt} if doubt else {})
        _record(self.folder, name, entry)
        self.written.append(name)
        self.say(f"{name}: fetched from {origin}")


def _fetched(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """What the folder's record says of files that were fetched, by name."""
    return read_note(folder / RECORD)


def _record(folder: Path, name: str, entry: Mapping[str, str]) -> None:
    content = {**_fetched(folder), name: entry}
    write_text(folder / RECORD, json.dumps(content, indent=1, sort_keys=True) + "\n")


def doubts(folder: Path) -> list[str]:
    """What was doubtful when the files that are there were fetched, each once."""
    return list(dict.fromkeys(str(entry["doubt"]) for entry in _fetched(folder).values() if entry.get("doubt")))


def still_missing(country: FloodCountry, folder: Path) -> list[str]:
    """What a person has yet to bring, in words."""
    missing = inputs.missing_files(folder, inputs.static_files(folder, country, no_river=inputs.has_no_river(folder)))
    words = []
    for name in missing:
        if name == inputs.MAPPING:
            words.append(f"{name}: which station floods which area; `prepare {country.iso3} --propose-mapping` helps")
        else:
            words.append(name)
    if inputs.mapping_file(folder).name == inputs.PROPOSED:
        words.append(f"{inputs.MAPPING}: {inputs.PROPOSED} is a proposal; look through it and rename it")
    return words
