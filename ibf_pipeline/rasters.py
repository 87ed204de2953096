"""Flood extents of a day written block by block: only blocks that hold water are read and written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from ibf_pipeline.impact.extents import WetAreas
from ibf_pipeline.prepare.grids import BLOCK, bounded_gdal, profile
from ibf_pipeline.prepare.store import ExtentTiles


def write_extent(wet: WetAreas, tiles: ExtentTiles, file: Path) -> int:
    """Write the extent of one lead time; returns the number of wet cells.

    float32 metres, EPSG:4326, nodata 0, tiled, DEFLATE, on the country's grid; inside every area of `wet` the depth of
    that return period's map, 0 everywhere else. Blocks without water are left out of the file (they read as 0).
    The file appears under its name only when it is whole.
    """
    periods = list(tiles.depths)
    number_of = {code: number for number, code in enumerate(tiles.place_codes)}
    position = np.full(len(tiles.place_codes) + 1, -1)  # by cell value; 0 is outside the country
    for code, period in wet.items():
        position[number_of[code] + 1] = periods.index(period)
    wanted = tiles.wet[position[tiles.wet[:, 2] + 1] == tiles.wet[:, 3]] if len(tiles.wet) else tiles.wet
    partial = file.with_suffix(".part")
    cells = 0
    with (
        bounded_gdal(),
        rasterio.open(tiles.areas) as areas,
        rasterio.open(partial, "w", **profile(areas, "float32")) as out,
    ):
        for row, column in np.unique(wanted[:, :2], axis=0):
            here = wanted[(wanted[:, 0] == row) & (wanted[:, 1] == column)]
            window = _window(int(row), int(column), areas.width, areas.height)
            place = position[areas.read(1, window=window)]
            block = np.zeros(place.shape, dtype=np.float32)
            for period in np.unique(here[:, 3]):
                with rasterio.open(tiles.depths[periods[int(period)]]) as depth:
                    block = np.where(place == period, depth.read(1, window=window), block)
            cells += int(np.count_nonzero(block))
            out.write(block, 1, window=window)
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    partial.replace(file)
    return cells


def _window(row: int, column: int, width: int, height: int) -> Window:
    left, top = column * BLOCK, row * BLOCK
    return Window(left, top, min(BLOCK, width - left), min(BLOCK, height - top))
