"""`prepare`: the static data of a country to `prepared/<ISO3>/`, whole or not at all."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from ibf_pipeline.config import Country
from ibf_pipeline.country import POPULATION_AFFECTED, Area
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.grids import bounded_gdal, open_raster, require_degrees, wet_blocks, write_depth, write_labels
from ibf_pipeline.prepare.grids import write_on_grid as _write_on_grid
from ibf_pipeline.prepare.stamp import is_current, stamp_inputs, write_stamp
from ibf_pipeline.prepare.stations import read_mapping, read_stations, read_thresholds
from ibf_pipeline.prepare.tables import exposure_table, parent_totals

log = logging.getLogger(__name__)

OUTLINE_TOLERANCE = 0.003
"""degrees; pictures need no more"""


def static_files(folder: Path, country: Country) -> list[Path]:
    """Every file of the static data that `prepare` reads."""
    files = [folder / "admin_areas" / f"adm{level}.geojson" for level in country.admin_levels]
    files += [folder / name for name in ("stations.csv", "thresholds.json", "station_admin_mapping.csv")]
    files += [folder / "population.tif", *flood_map_files(folder, country).values()]
    files += [folder / layer.raster for layer in country.people.further_layers]
    if country.flood_maps.permanent_water:
        files.append(folder / country.flood_maps.permanent_water)
    return files


def flood_map_files(folder: Path, country: Country) -> dict[float, Path]:
    """The flood map of every listed return period."""
    return {
        period: folder / "flood_maps" / f"flood_map_{country.iso3}_RP{period:g}.tif"
        for period in country.flood_maps.return_periods
    }


def settings_of(country: Country) -> dict[str, Any]:
    """The settings that decide what prepared layers look like."""
    return {
        "iso3": country.iso3,
        "admin_levels": list(country.admin_levels),
        "return_periods": list(country.flood_maps.return_periods),
        "minimum_depth": country.flood_maps.minimum_depth,
        "permanent_water": country.flood_maps.permanent_water,
        "further_layers": [layer.model_dump() for layer in country.people.further_layers],
        "needed_return_periods": sorted(_needed_return_periods(country)),
    }


def _needed_return_periods(country: Country) -> set[float]:
    return {country.trigger.return_period, *(limit.return_period for limit in country.rule.classes.values())}


def prepare(country: Country, static: Path, prepared: Path) -> bool:
    """Build a country's prepared layers where they are missing or out of date; true where something was built.

    Raises InputMissing or InputInvalid with the file and the remedy; an older prepared folder is left as it was.
    """
    files = static_files(static, country)
    missing = [file for file in files if not file.is_file()]
    if missing:
        names = ", ".join(file.relative_to(static).as_posix() for file in missing)
        raise InputMissing(
            f"static data of {country.iso3} are missing: {names}",
            where=static,
            expected="the files named in the README under static data",
            remedy="add them, or correct what the country's configuration lists",
        )
    settings = settings_of(country)
    if is_current(prepared / "stamp.json", static, files, settings):
        log.info("%s: prepared layers are up to date", country.iso3)
        return False
    partial = prepared.with_name(prepared.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with bounded_gdal():
        _build(country, static, partial)
    write_stamp(partial / "stamp.json", stamp_inputs(static, files), settings)
    old = prepared.with_name(prepared.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if prepared.exists():
        prepared.rename(old)
    partial.rename(prepared)
    shutil.rmtree(old, ignore_errors=True)
    return True


def _build(country: Country, static: Path, target: Path) -> None:
    log.info("%s: reading boundaries, stations, thresholds and mapping", country.iso3)
    boundaries = read_boundaries(static / "admin_areas", country.admin_levels)
    deepest = boundaries[country.deepest_admin_level]
    stations = read_stations(static / "stations.csv")
    thresholds = read_thresholds(static / "thresholds.json", stations, _needed_return_periods(country))
    mapping, findings = read_mapping(static / "station_admin_mapping.csv", stations, deepest.place_codes)
    findings += [finding for level in boundaries.values() for finding in level.findings]
    outside = [s.code for s in stations if not _near(s.lat, s.lon, deepest)]
    if len(outside) == len(stations):
        raise InputInvalid(
            "every station lies outside the country",
            where=static / "stations.csv",
            expected="lat and lon in degrees, inside the boundaries",
            remedy="check that lat and lon are not exchanged",
        )
    findings += [f"station {code} lies outside the country's boundaries" for code in outside]

    maps = flood_map_files(static, country)
    grid = next(iter(maps.values()))
    with open_raster(grid, "flood map") as dataset:
        require_degrees(grid, dataset, "flood map")
    water = static / country.flood_maps.permanent_water if country.flood_maps.permanent_water else None
    depths = {}
    for period, file in maps.items():
        log.info("%s: flood map of %g years", country.iso3, period)
        depths[period] = target / f"depth_RP{period:g}.tif"
        write_depth(file, grid, depths[period], country.flood_maps.minimum_depth, water)
    log.info("%s: people and other exposure on the grid of the flood maps", country.iso3)
    layers = {POPULATION_AFFECTED: target / "population.tif"}
    _write_on_grid(static / "population.tif", grid, layers[POPULATION_AFFECTED], "population raster")
    for layer in country.people.further_layers:
        layers[layer.indicator] = target / f"exposure_{layer.indicator}.tif"
        _write_on_grid(static / layer.raster, grid, layers[layer.indicator], f"raster of {layer.indicator}")
    log.info("%s: people by area and return period", country.iso3)
    counts = exposure_table(layers, depths, deepest, target / "scratch.tif")
    population = counts["total"].sel(indicator=POPULATION_AFFECTED).values
    if population.sum() <= 0:
        raise InputInvalid(
            "nobody lives inside the boundaries",
            where=static / "population.tif",
            expected="people a cell inside the country",
            remedy="check that raster and boundaries are of the same country",
        )
    log.info("%s: area grid and wet blocks", country.iso3)
    write_labels(deepest, grid, target / "areas.tif")
    np.save(target / "wet_blocks.npy", wet_blocks(target / "areas.tif", list(depths.values())))
    for file in layers.values():
        file.unlink()
    _write_outlines(boundaries, target)
    tables = xr.Dataset({"thresholds": thresholds, "exposure": counts["exposure"]})
    tables.to_netcdf(target / "tables.nc", engine="netcdf4")
    content = {
        "iso3": country.iso3,
        "areas": [asdict(area) for area in _areas(boundaries, population)],
        "stations": [asdict(station) for station in stations],
        "mapping": mapping,
        "return_periods": list(depths),
        "findings": findings,
    }
    (target / "country.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _near(lat: float, lon: float, deepest: Boundaries) -> bool:
    """Whether a point lies in the country or within one GloFAS cell of it."""
    return bool((shapely.distance(shapely.Point(lon, lat), np.array(deepest.geometries)) <= 0.05).any())


def _areas(boundaries: dict[int, Boundaries], population: np.ndarray) -> list[Area]:
    areas: list[Area] = []
    levels = sorted(boundaries, reverse=True)
    totals = dict(zip(boundaries[levels[0]].place_codes, population.tolist(), strict=True))
    for level in levels:
        layer = boundaries[level]
        values = [totals.get(code, 0.0) for code in layer.place_codes]
        areas += [
            Area(code, name, level, parent, value)
            for code, name, parent, value in zip(layer.place_codes, layer.names, layer.parents, values, strict=True)
        ]
        totals = parent_totals(values, layer.parents)
    return areas


def _write_outlines(boundaries: dict[int, Boundaries], target: Path) -> None:
    """Simplified areas for pictures, neighbours still touching each other."""
    for level, layer in boundaries.items():
        frame = gpd.GeoDataFrame(
            {"place_code": layer.place_codes, "name": layer.names},
            geometry=list(shapely.coverage_simplify(np.array(layer.geometries), OUTLINE_TOLERANCE)),
            crs=4326,
        )
        frame.to_file(target / f"outlines_adm{level}.geojson", driver="GeoJSON", COORDINATE_PRECISION=5)
