"""`fetch-static`: everything that a country's `static_sources` name, into its static folder; people's files stay."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import Station
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, InputInvalid, InputMissing, ServerRefused
from ibf_pipeline.io.atomic_files import atomic_path, write_text
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.fetch_records import read_fetch_records, write_fetch_record
from ibf_pipeline.prepare.parents import parents_csv
from ibf_pipeline.prepare.raster_blocks import open_raster
from ibf_pipeline.prepare.raster_files import sidecars_of
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.static.cod_ab import CodAb
from ibf_pipeline.static.editions import TILE, edition_doubts
from ibf_pipeline.static.fetch_job import FetchJob, Say
from ibf_pipeline.static.flood_maps import corner_name, country_tiles, obtain_flood_map
from ibf_pipeline.static.mapping import mapping_csv, propose_mapping
from ibf_pipeline.static.origin import OriginFolder
from ibf_pipeline.static.portal import boundaries_of, levels_differ, stations_of
from ibf_pipeline.static.reporting_points import SMALLEST, listed_points, proposed_points, stations_csv
from ibf_pipeline.static.threshold_grids import ThresholdGrids
from ibf_pipeline.static.thresholds import grid_file, sample_thresholds, write_thresholds
from ibf_pipeline.targets.portal import STATION_CATEGORY, Portal

_COD_AB_LICENCE: Final = "licence CC BY-IGO, as COD-AB are"
_GLOFAS_LICENCE: Final = "licence of the CEMS-FLOODS datasets: name Copernicus as the source"
_JRC_LICENCE: Final = "licence CC BY 4.0, European Commission, JRC"
_WORLDPOP_LICENCE: Final = "licence CC BY 4.0, WorldPop"


@dataclass(frozen=True, slots=True)
class Origins:
    """The places of a country's static sources, opened; None for those that are not configured."""

    flood_maps: OriginFolder | None = None
    population: tuple[OriginFolder, str] | None = None
    """the folder and the name of the file in it"""
    thresholds: ThresholdGrids | None = None
    boundaries: CodAb | None = None
    stations: tuple[OriginFolder, str] | None = None
    """the folder and the name of the list in it"""

    def arrived(self) -> int:
        """Bytes that were fetched so far."""
        files = [place for place, _ in filter(None, (self.population, self.stations))]
        others = (self.flood_maps, self.thresholds, self.boundaries, *files)
        return sum(place.arrived for place in others if place is not None)


def fetch_static(
    country: CountryHazard, folder: Path, places: Origins, portal: Portal | None, say: Say, *, refresh: bool = False
) -> list[str]:
    """Fetch what is missing; with `refresh` also what was fetched before. Names of the files that were written.

    Of other hazards than floods it is what they share: the boundaries, and the people of each cell.

    A file that was not fetched by us, or was changed since, is never replaced. `say` gets a line about every file
    and what each part cost. A part that cannot be had stops only those that need it.
    Raises ConfigError if the server's levels are others, and what the sources raise, after all parts were tried.
    """
    job = FetchJob(folder, say, refresh=refresh, arrived=places.arrived)
    job.run_part("boundaries", lambda: _boundaries(country, places, portal, job))
    if not isinstance(country, FloodCountry):
        job.run_part("population", lambda: _population(places.population, job))
        job.raise_failures()
        return job.written
    job.run_part("stations", lambda: _stations(country, places, portal, job), after=("boundaries",))
    if inputs.has_no_river(folder):
        say(f"{inputs.STATIONS}: {inputs.NO_RIVER}, so that nothing else is needed")
        job.raise_failures()
        return job.written
    job.run_part("thresholds", lambda: _thresholds(country, places.thresholds, job), after=("boundaries", "stations"))
    job.run_part("flood maps", lambda: _flood_maps(country, places.flood_maps, job), after=("boundaries",))
    job.run_part("population", lambda: _population(places.population, job))
    job.raise_failures()
    return job.written


def write_proposal(country: FloodCountry, folder: Path) -> tuple[Path, int, int]:
    """Write the proposed mapping beside the static data: the file, areas with a station, areas in all.

    Raises ForbiddenByRule if an earlier proposal is there that was edited since.
    """
    boundaries = read_boundaries(folder / "admin_areas", country.admin_levels)[country.deepest_admin_level]
    stations = read_stations(folder / inputs.STATIONS)
    maps = inputs.flood_map_files(folder, country)
    proposed = propose_mapping(stations, boundaries, maps[max(maps)], country.flood_maps.minimum_depth)
    text = mapping_csv(boundaries, proposed)
    file, known = folder / inputs.PROPOSED, read_fetch_records(folder).get(inputs.PROPOSED, {})
    if file.is_file() and known.get("sha256") != sha256(file) and file.read_text("utf-8", "replace") != text:
        raise ForbiddenByRule(
            "this proposal was changed since it was written",
            where=file,
            expected="no proposal, or one as it was written: corrections by hand are never replaced",
            remedy=f"rename it to {inputs.MAPPING} to confirm it; for a new proposal move it away first",
        )
    write_text(file, text)
    write_fetch_record(
        folder, inputs.PROPOSED, {"from": f"prepare {country.iso3} --propose-mapping", "sha256": sha256(file)}
    )
    return file, len(proposed), len(boundaries.place_codes)


def _boundaries(country: CountryHazard, places: Origins, portal: Portal | None, job: FetchJob) -> None:
    """The areas of every level, and if none names its parent, the parents that were derived."""
    files = {
        level: file.relative_to(job.folder).as_posix()
        for level, file in inputs.boundary_files(job.folder, country).items()
    }
    if portal is not None:
        _require_levels(country, portal)
        for level, name in files.items():
            if job.should_fetch(name):
                write_text(job.folder / name, boundaries_of(portal, country.iso3, level))
                job.record_fetched(name, portal.address_of_areas(country.iso3, level))
    elif places.boundaries is not None:
        for level, name in files.items():
            if job.should_fetch(name):
                left_out = places.boundaries.write_level(level, job.folder / name)
                job.record_fetched(name, places.boundaries.where, left_out, _COD_AB_LICENCE)
                if left_out:
                    job.say(f"CHECK: {left_out}")
    _parents(country, job)


def _require_levels(country: CountryHazard, portal: Portal) -> None:
    differing = levels_differ(portal, country.iso3, country.admin_levels, country.default_admin_level)
    if differing:
        raise ConfigError(
            f"the server has {differing}",
            where=f"countries/{country.iso3}.yaml",
            expected="the levels of the server",
            remedy="write these two lines there",
        )


def _stations(country: FloodCountry, places: Origins, portal: Portal | None, job: FetchJob) -> None:
    if portal is not None:
        if job.should_fetch(inputs.STATIONS):
            write_text(job.folder / inputs.STATIONS, stations_of(portal, country.iso3))
            job.record_fetched(inputs.STATIONS, portal.address_of_points(country.iso3, STATION_CATEGORY))
    elif (places.stations or country.static_sources.propose_stations) and job.should_fetch(inputs.STATIONS):
        found, origin, doubt = _points(country, places, job)
        write_text(job.folder / inputs.STATIONS, stations_csv(found))
        job.record_fetched(inputs.STATIONS, origin, doubt, _GLOFAS_LICENCE)
        if doubt:
            job.say(f"CHECK: {doubt}")


def _points(country: FloodCountry, places: Origins, job: FetchJob) -> tuple[tuple[Station, ...], str, str]:
    """Stations if no portal gives any, where they are from, and what is doubtful about them."""
    levels = read_boundaries(job.folder / "admin_areas", country.admin_levels)
    grids = places.thresholds if country.static_sources.propose_stations else None
    listed: tuple[Station, ...] = ()
    origin = ""
    if places.stations is not None:
        place, name = places.stations
        origin = f"{place.where}/{name}"
        listed = listed_points(place.file(name), origin, levels[country.deepest_admin_level])
    if listed:
        return listed, origin, ""
    if grids is None:
        raise InputInvalid(
            "no station of the list lies in the country",
            where=origin,
            expected="GloFAS reporting points of the country, in degrees",
            remedy="take another list, or set static_sources.propose_stations to true in the country's file",
        )
    period = min(country.static_sources.threshold_periods)
    grid = grid_file(grids, period, country.thresholds_version.split(".")[0])
    proposed = proposed_points(grid, levels[country.default_admin_level])
    said = f"{counted(len(proposed), 'station')} proposed on large rivers by a rule that knows no gauges"
    none = f"no cell of the country carries {SMALLEST:g} m3/s in {period:g} years: no stations"
    return proposed, f"the largest rivers of {grids.where}/{grid.name}", said if proposed else none


def _parents(country: CountryHazard, job: FetchJob) -> None:
    """Write the parents that had to be derived, for people to read and correct; nothing if all are given."""
    areas = inputs.boundary_files(job.folder, country).values()
    if not job.must_fetch(inputs.PARENT_FILE) or not all(file.is_file() for file in areas):
        return
    levels = read_boundaries(job.folder / "admin_areas", country.admin_levels, with_parent_file=False)
    rows = [
        (code, level, str(parent), how, share)
        for level, layer in levels.items()
        for code, parent, how, share in zip(layer.place_codes, layer.parents, layer.how, layer.inside, strict=False)
        if how != "given"
    ]
    if rows:
        write_text(job.folder / inputs.PARENT_FILE, parents_csv(rows))
        job.record_fetched(inputs.PARENT_FILE, "the boundaries")


def _thresholds(country: FloodCountry, place: ThresholdGrids | None, job: FetchJob) -> None:
    sets = {inputs.THRESHOLDS: country.thresholds_version}
    sets |= {each.file: each.version for each in country.later_thresholds}
    for name, version in sets.items():
        if place is not None and job.must_fetch(name):
            _threshold_set(country, place, job, name, version)


def _threshold_set(country: FloodCountry, place: ThresholdGrids, job: FetchJob, name: str, version: str) -> None:
    stations = read_stations(job.folder / inputs.STATIONS)
    periods = sorted({*country.static_sources.threshold_periods, *inputs.needed_return_periods(country)})
    tables, beside = sample_thresholds(place, stations, periods, version.split(".")[0])
    write_thresholds(job.folder / name, stations, tables)
    for station in beside:
        job.say(f"station {station}: the river may flow through that cell; look at it on a map")
    job.record_fetched(name, place.where, licence=_GLOFAS_LICENCE)


def _flood_maps(country: FloodCountry, place: OriginFolder | None, job: FetchJob) -> None:
    if place is None:
        return
    wanted = {
        period: file.relative_to(job.folder).as_posix()
        for period, file in inputs.flood_map_files(job.folder, country).items()
    }
    if not any(job.must_fetch(name) for name in wanted.values()):
        return
    ours = [period for period, name in wanted.items() if job.must_fetch(name) or job.was_fetched(name)]
    deepest = read_boundaries(job.folder / "admin_areas", country.admin_levels)[country.deepest_admin_level]
    west, south, east, north = shapely.total_bounds(deepest.geometries).tolist()
    bounds = (west, south, east, north)
    tiles = country_tiles(place, ours, bounds)
    dry = _land_without_tile(deepest, tiles.without)
    if dry:
        job.say(f"CHECK: {dry}")
    for period, name in wanted.items():
        if job.should_fetch(name):
            used = obtain_flood_map(place, period, tiles.names[period].values(), bounds, job.folder / name)
            editions = edition_doubts(job.folder / name, tiles.names[period])
            job.record_fetched(
                name, f"{place.where}/RP{period:g}", "; ".join(filter(None, (dry, *editions))), _JRC_LICENCE
            )
            for doubt in editions:
                job.say(f"CHECK: {name}: {doubt}")
            job.say(f"{name}: out of {', '.join(used)}")


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


def _population(source: tuple[OriginFolder, str] | None, job: FetchJob) -> None:
    if source is None:
        return
    place, name = source
    if not job.should_fetch(inputs.POPULATION):
        return
    target = job.folder / inputs.POPULATION
    file = place.file(name)
    _fetch_sidecars(place, name)
    with open_raster(file, "population raster") as raster:  # a damaged one never gets into the static data
        if raster.driver == "VRT":
            raise InputInvalid(
                "a virtual raster, whose parts lie elsewhere",
                where=f"{place.where}/{name}",
                expected="one file with everything in it",
                remedy="write it as one file (gdal_translate) and name that",
            )
    with atomic_path(target) as partial:
        shutil.copyfile(file, partial)
    for here, there in zip(sidecars_of(target.name), sidecars_of(file.name), strict=True):
        target.with_name(here).unlink(missing_ok=True)
        if file.with_name(there).is_file():
            shutil.copyfile(file.with_name(there), target.with_name(here))
    job.record_fetched(inputs.POPULATION, f"{place.where}/{name}", licence=_WORLDPOP_LICENCE)


def _fetch_sidecars(place: OriginFolder, name: str) -> None:
    """Have beside a fetched raster what lies beside it there: nodata and masks that are declared in a file of their
    own."""
    for beside in sidecars_of(name):
        try:
            place.file(beside)
        except (InputMissing, ServerRefused):  # stores that may not be listed refuse what is not there
            if place.is_remote:
                place.drop_copy(beside)


def still_missing(country: CountryHazard, folder: Path) -> list[str]:
    """What an operator has yet to bring, in words."""
    if not isinstance(country, FloodCountry):
        shared = [*inputs.boundary_files(folder, country).values(), folder / inputs.POPULATION]
        return inputs.missing_files(folder, shared)
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
