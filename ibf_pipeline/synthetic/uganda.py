"""Stand-ins for the rasters of Uganda: invented rivers, flood maps and population on the real boundaries.

Boundaries, stations, thresholds, mapping and population totals are taken as they are from a folder of the caller;
nothing of it is kept in this repository. The rasters are plausible in form and size and true in their totals per
area, nothing else: they must never be shown as information about Uganda.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.csv_rows import read_rows
from ibf_pipeline.prepare.stations import NO_STATION
from ibf_pipeline.synthetic.flood_depth import write_flood_maps
from ibf_pipeline.synthetic.rasters import arcsecond_grid
from ibf_pipeline.synthetic.rivers import River, river_tree
from ibf_pipeline.synthetic.settlement import write_population

COUNTRY = "UGA"
_LEVELS = (2, 3, 4)
_DEEPEST = _LEVELS[-1]

_TAKEN_OVER = {
    **{f"UGA_adm{level}.json": f"admin_areas/adm{level}.geojson" for level in _LEVELS},
    "glofas_stations_UGA.csv": "stations.csv",
    "UGA_station_thresholds.json": "thresholds.json",
    "UGA_station_district_mapping.csv": "station_admin_mapping.csv",
    "population_UGA.csv": "population_totals.csv",
}
_TOTALS = "population_UGA.csv"
_AREAS_PER_DISTRICT = 4
"""mapped areas of each level-2 area that a station's rivers pass through"""
_VALLEY = (0.020, 0.032)
"""degrees, half width at the sources and at the station"""
_GDAL_CACHE_MIB = 64


@dataclass(frozen=True, slots=True)
class DeepestArea:
    """A level-4 area of Uganda."""

    code: str
    district: str
    """place code of its level-2 area"""
    station: str | None
    people: float
    geometry: Any
    """shapely polygon, valid, degrees"""


def make_uganda(source: Path, target: Path, *, cell_arcsec: int = 3, seed: int = 0) -> Path:
    """Write the static folder of Uganda and return it.

    `source` holds the boundary, station, threshold, mapping and population files; `cell_arcsec` 3 gives the real
    cell size, 15 or 30 smaller rasters for quick tests. Raises InputMissing if `source` lacks a file.
    """
    source, target = Path(source), Path(target)
    missing = [name for name in _TAKEN_OVER if not (source / name).is_file()]
    if missing:
        raise InputMissing(
            f"{', '.join(missing)} not found",
            where=source,
            expected="the test data of Uganda",
            remedy="see docs/a-run.md, Demos",
        )
    for name, new_name in _TAKEN_OVER.items():
        (target / new_name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / new_name)
    areas = read_areas(source)
    rivers = uganda_rivers(source, areas, seed=seed)
    geometries = [area.geometry for area in areas]
    totals = np.array([area.people for area in areas])
    west, south, east, north = shapely.total_bounds(geometries).tolist()
    grid = arcsecond_grid(west, south, east, north, cell_arcsec)
    with rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE_MIB):
        write_flood_maps(target / "flood_maps", COUNTRY, rivers, grid, seed=seed)
        write_population(target / "population.tif", geometries, totals, rivers, grid, seed=seed)
    return target


def read_areas(source: Path) -> list[DeepestArea]:
    """The level-4 areas in the order of the boundary file, with their people and stations."""
    totals = read_rows(source / _TOTALS, ("adminLevel", "placeCode", "value"))
    people = {row["placeCode"]: float(row["value"]) for row in totals if row["adminLevel"] == str(_DEEPEST)}
    mapping = read_rows(source / "UGA_station_district_mapping.csv", ("placeCode", "glofasStation"))
    station_of = {row["placeCode"]: row["glofasStation"] for row in mapping}
    boundaries = json.loads((source / f"UGA_adm{_DEEPEST}.json").read_text(encoding="utf-8"))
    areas = []
    for feature in boundaries["features"]:
        code = feature["properties"][f"ADM{_DEEPEST}_PCODE"]
        if code not in people:
            raise InputInvalid(f"area {code} has no population total", where=source / _TOTALS, expected="every area")
        station = station_of.get(code, NO_STATION)
        areas.append(
            DeepestArea(
                code=code,
                district=feature["properties"]["ADM2_PCODE"],
                station=None if station == NO_STATION else station,
                people=people[code],
                geometry=shapely.make_valid(shape(feature["geometry"])),
            )
        )
    return areas


def uganda_rivers(source: Path, areas: Sequence[DeepestArea], *, seed: int = 0) -> tuple[River, ...]:
    """Invented rivers that gather at each station from all level-2 areas mapped to it."""
    rivers: list[River] = []
    for number, (code, place) in enumerate(_stations(source).items()):
        points = _points_to_reach([area for area in areas if area.station == code])
        rng = np.random.default_rng([seed, number])
        rivers += river_tree(code, place, points, rng, valley=_VALLEY)
    return tuple(rivers)


def _points_to_reach(areas: Sequence[DeepestArea]) -> NDArray[np.float64]:
    """A point inside each of the most peopled areas of every level-2 area, (point, 2) degrees."""
    districts: Mapping[str, list[DeepestArea]] = defaultdict(list)
    for area in areas:
        districts[area.district].append(area)
    chosen: list[BaseGeometry] = []
    for members in districts.values():
        members.sort(key=lambda area: (-area.people, area.code))
        chosen += [area.geometry.representative_point() for area in members[:_AREAS_PER_DISTRICT]]
    return np.array([[point.x, point.y] for point in chosen]).reshape(-1, 2)


def _stations(source: Path) -> dict[str, tuple[float, float]]:
    """Longitude and latitude by station code."""
    rows = read_rows(source / "glofas_stations_UGA.csv", ("stationCode", "lat", "lon"))
    return {row["stationCode"]: (float(row["lon"]), float(row["lat"])) for row in rows}
