"""A country of any size in cells, written block by block: what a large raster costs can be measured with it.

A square of `side` x `side` deepest areas in rows of level-1 areas. Rivers run from west to east in gentle waves, each
through the middle of a row of areas; towns lie on a regular pattern. Numbers follow from the cell size alone, so that
countries of different sizes are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.synthetic.rasters import create_raster
from tests.worlds.countries import static_files
from tests.worlds.countries.square_country import FLOOD_MAPS, THRESHOLDS, square_config

WEST, NORTH = 20.0, 10.0
"""degrees, the corner of every country"""
_CELL: Final = 3 / 3600
_STRIP: Final = 256
"""rows and columns written at a time"""
_WIDTHS: Final = {10.0: 6, 20.0: 8, 50.0: 10, 75.0: 12, 100.0: 14, 200.0: 17, 500.0: 20}
"""cells, half the width of the water at each return period"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the country is and how full."""

    cells: int
    """of its rasters, about"""
    side: int = 39
    """deepest areas along an edge"""
    rivers: int | None = None
    """how many rows of areas have a river; all of them where none is given"""
    towns_every: int = 64
    """cells from town to town; each has 16 x 16 cells with 2 people each"""

    @property
    def grid(self) -> Grid:
        """The raster grid, square, as many cells an area as fit."""
        edge = max(1, round(self.cells**0.5 / self.side)) * self.side
        return Grid(WEST, NORTH, _CELL, edge, edge)


def large_config(iso3: str, **changes: object) -> FloodCountry:
    """The country's configuration, with Uganda's rule."""
    return square_config(iso3=iso3, name=f"Large country {iso3}", **changes)


def write_large_country(folder: Path, iso3: str, size: Size) -> Path:
    """Write the static folder and return it."""
    grid = size.grid
    span = grid.width // size.side
    codes = [[f"{iso3}{row:02d}{column:02d}" for column in range(size.side)] for row in range(size.side)]
    boxes = [[_box(grid, row * span, column * span, span) for column in range(size.side)] for row in range(size.side)]
    upper = [
        (_attributes(1, f"{iso3}{row:02d}"), static_files.multi(shapely.union_all(boxes[row])))
        for row in range(size.side)
    ]
    lower = [
        ({**_attributes(2, codes[row][column]), **_attributes(1, f"{iso3}{row:02d}")}, static_files.multi(box))
        for row in range(size.side)
        for column, box in enumerate(boxes[row])
    ]
    static_files.write_geojson(folder / "admin_areas" / "adm1.geojson", upper)
    static_files.write_geojson(folder / "admin_areas" / "adm2.geojson", lower)
    rows = _river_rows(size)
    stations = [(f"G{row:03d}", row, size.side // 2) for row in rows]
    table = []
    for code, row, column in stations:
        centre = boxes[row][column].centroid
        table.append((code, f"River {row}", round(centre.y, 5), round(centre.x, 5), code))
    static_files.write_table(folder / "stations.csv", ("stationCode", "stationName", "lat", "lon", "fid"), table)
    entries = [static_files.threshold_entry(code, name, lat, lon, {}, THRESHOLDS) for code, name, lat, lon, _ in table]
    static_files.write_json(folder / "thresholds.json", entries)
    station_of = {code: f"G{row:03d}" if row in rows else None for row in range(size.side) for code in codes[row]}
    static_files.write_mapping(folder / "station_admin_mapping.csv", station_of)
    _write_rasters(folder, iso3, size)
    return folder


def _river_rows(size: Size) -> list[int]:
    return list(range(size.side)) if size.rivers is None else list(range(0, size.side, size.side // size.rivers))


def _box(grid: Grid, row: int, column: int, span: int) -> shapely.Polygon:
    left, top = grid.left + column * grid.cell, grid.top - row * grid.cell
    return shapely.box(left, top - span * grid.cell, left + span * grid.cell, top)


def _attributes(level: int, code: str) -> dict[str, str]:
    return {f"ADM{level}_PCODE": code, f"ADM{level}_EN": f"Area {code}"}


def _write_rasters(folder: Path, iso3: str, size: Size) -> None:
    grid = size.grid
    with create_raster(folder / "population.tif", grid, -99999.0) as out:
        for window, rows, columns in _blocks(grid):
            town = (rows % size.towns_every < 16)[:, None] & (columns % size.towns_every < 16)[None, :]
            if town.any():
                out.write(np.where(town, 2.0, 0.0).astype(np.float32), 1, window=window)
    for period in FLOOD_MAPS:
        with create_raster(folder / "flood_maps" / f"flood_map_{iso3}_RP{period:g}.tif", grid, 0.0) as out:
            for window, rows, columns in _blocks(grid):
                depth = _depth(size, rows, columns, _WIDTHS[period])
                if depth.any():
                    out.write(depth, 1, window=window)


def _depth(size: Size, rows: NDArray[np.int64], columns: NDArray[np.int64], width: int) -> NDArray[np.float32]:
    """Metres: deepest in the middle of each river, 0 from `width` cells on."""
    span = size.grid.width // size.side
    wave = span / 4 * np.sin(columns * (2 * np.pi / 2000))
    middles = [row * span + span / 2 for row in _river_rows(size)]
    near = [middle for middle in middles if rows[0] - span < middle < rows[-1] + span]
    depth = np.zeros((len(rows), len(columns)), dtype=np.float32)
    for middle in near:
        distance = np.abs(rows[:, None] - middle - wave[None, :])
        depth = np.maximum(depth, np.clip((width - distance) / width, 0, 1).astype(np.float32) * 3)
    return np.round(depth, 2)


def _blocks(grid: Grid) -> Iterator[tuple[Window, NDArray[np.int64], NDArray[np.int64]]]:
    for top in range(0, grid.height, _STRIP):
        for left in range(0, grid.width, _STRIP):
            height, width = min(_STRIP, grid.height - top), min(_STRIP, grid.width - left)
            yield Window(left, top, width, height), np.arange(top, top + height), np.arange(left, left + width)
