"""The country of squares as static files: prepared, it has the numbers of `square_country`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.synthetic.rasters import create_raster
from tests.worlds.countries import static_files
from tests.worlds.countries.square_country import (
    COUNTRY,
    FLOOD_MAPS,
    PEOPLE,
    ROW,
    SIDE,
    THRESHOLDS,
    area_code,
    corner,
    square_layers,
)

_CELLS = 20
"""raster cells along the side of a deepest area"""
_DEPTH = 1.0
"""metres, wherever a flood map is wet"""


def write_square_country(
    folder: Path, stations: int, names: Sequence[str] = (), area_names: Sequence[str] = ()
) -> Path:
    """Write the static folder and return it.

    Of the 20 x 20 raster cells of a deepest area, each with 2.5 people, the k-th flood map wets the first 2 k columns:
    100 k people.
    """
    layers = square_layers(stations, names, area_names)
    boxes = [shapely.box(*corner(n), corner(n)[0] + SIDE, corner(n)[1] + SIDE) for n in range(stations)]
    deepest = [layers.areas[area_code(n)] for n in range(stations)]
    lower = [
        ({**_attributes(2, area.place_code, area.name), **_attributes(1, str(area.parent), "")}, box)
        for area, box in zip(deepest, map(static_files.multi, boxes), strict=True)
    ]
    upper = [
        (_attributes(1, area.place_code, area.name), static_files.multi(shapely.union_all(boxes[row : row + ROW])))
        for row, area in zip(range(0, stations, ROW), layers.level(1), strict=True)
    ]
    static_files.write_geojson(folder / "admin_areas" / "adm1.geojson", upper)
    static_files.write_geojson(folder / "admin_areas" / "adm2.geojson", lower)
    rows = [(s.code, s.name, s.lat, s.lon, s.code) for s in layers.stations]
    static_files.write_table(folder / "stations.csv", ("stationCode", "stationName", "lat", "lon", "fid"), rows)
    mapping: dict[str, str | None] = {codes[0]: station for station, codes in layers.mapping.items()}
    static_files.write_mapping(folder / "station_admin_mapping.csv", mapping)
    entries = [
        static_files.threshold_entry(s.code, s.name, s.lat, s.lon, {2: layers.mapping[s.code]}, THRESHOLDS)
        for s in layers.stations
    ]
    static_files.write_json(folder / "thresholds.json", entries)
    _rasters(folder, stations)
    return folder


def _attributes(level: int, code: str, name: str) -> dict[str, str]:
    return {f"ADM{level}_PCODE": code, f"ADM{level}_EN": name or code}


def _rasters(folder: Path, stations: int) -> None:
    rows, columns = -(-stations // ROW), min(stations, ROW)
    west, south = corner(0)
    cell = SIDE / _CELLS
    grid = Grid(west, south + rows * SIDE, cell, columns * _CELLS, rows * _CELLS)
    people = np.full((grid.height, grid.width), PEOPLE / _CELLS**2, dtype=np.float32)
    with create_raster(folder / "population.tif", grid, -99999.0) as out:
        out.write(people, 1)
    for place, period in enumerate(FLOOD_MAPS, 1):
        depth = np.where(np.arange(grid.width) % _CELLS < 2 * place, _DEPTH, 0).astype(np.float32)
        with create_raster(folder / "flood_maps" / f"flood_map_{COUNTRY}_RP{period:g}.tif", grid, -9999.0) as out:
            out.write(np.broadcast_to(depth, people.shape), 1)
