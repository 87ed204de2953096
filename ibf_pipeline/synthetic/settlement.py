"""Invented population rasters whose sums per area are given: people live in villages and along rivers.

People are put only into cells that lie wholly inside one area, so the exact-fraction sum of each area is its total.
Areas too small to hold such a cell are served by `tiny_areas`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.synthetic.noise import row_blocks, smooth_noise, white_noise
from ibf_pipeline.synthetic.rasters import create_raster
from ibf_pipeline.synthetic.rivers import FAR, River, valley_distance
from ibf_pipeline.synthetic.tiny_areas import place_tiny_areas

UNSETTLED = -99999.0
"""nodata of WorldPop; cells without people are nodata, as in its constrained rasters"""

_VILLAGE = 0.72
"""village noise above this is settled: about 3 % of the land"""
_RIVERSIDE = 0.12
"""share of the valley cells that are settled"""
_FARMSTEADS = 0.01
"""share of all cells that are settled, wherever they are"""
_CELL = 1 / 1200
"""degrees, 3 arc-seconds"""
_CROWDED = 120.0
"""persons per settled cell of 3 arc-seconds; an area with more is a town, settled everywhere"""
_TOWN_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where people live, in relative numbers; absolute ones follow from each area's total."""

    areas: Sequence[BaseGeometry]
    rivers: Sequence[River]
    grid: Grid
    seed: int

    def labels(self, rows: slice) -> NDArray[np.int32]:
        """1-based number (row, column) of the area that wholly contains each cell, 0 for none."""
        grid = self.grid
        top, bottom = grid.top - rows.start * grid.cell, grid.top - rows.stop * grid.cell
        strip = shapely.box(grid.left, bottom, grid.left + grid.width * grid.cell, top)
        touching = [n for n, area in enumerate(self.areas, start=1) if area is not None and area.intersects(strip)]
        shape = (rows.stop - rows.start, grid.width)
        if not touching:
            return np.zeros(shape, dtype=np.int32)
        transform = from_origin(grid.left, top, grid.cell, grid.cell)
        labels = rasterize(
            [(self.areas[n - 1], n) for n in touching], out_shape=shape, transform=transform, dtype="int32"
        )
        rasterize(
            [(self.areas[n - 1].boundary, 0) for n in touching], out=labels, transform=transform, all_touched=True
        )
        return np.asarray(labels, dtype=np.int32)

    def weights(self, rows: slice) -> NDArray[np.float32]:
        """Relative number of people (row, column), 0 where nobody lives."""
        chance = white_noise(self.grid, rows, self.seed)
        village = 0.25 * smooth_noise(self.grid, rows, 0.09, self.seed + 1)
        village += 0.45 * smooth_noise(self.grid, rows, 0.013, self.seed + 2)
        village += 0.30 * smooth_noise(self.grid, rows, 0.007, self.seed + 3)
        riverside = (valley_distance(self.rivers, self.grid, rows) < FAR) & (chance < _RIVERSIDE)
        density = np.exp(8.0 * np.clip(village - _VILLAGE, -0.15, 0.3)) * (0.3 + chance)
        settled = (village > _VILLAGE) | riverside | (chance < _FARMSTEADS)
        return np.where(settled, density, 0.0).astype(np.float32)


def write_population(
    path: Path,
    areas: Sequence[BaseGeometry],
    totals: NDArray[np.float64],
    rivers: Sequence[River],
    grid: Grid,
    *,
    seed: int = 0,
) -> Path:
    """Write persons per cell (float32, fractional) so that each area (area,) holds its total of people."""
    settlement = Settlement(areas, rivers, grid, seed)
    count = len(areas) + 1
    weight, settled, room = np.zeros(count), np.zeros(count), np.zeros(count)
    for rows in row_blocks(grid):
        labels, weights = settlement.labels(rows).ravel(), settlement.weights(rows).ravel()
        weight += np.bincount(labels, weights, minlength=count)
        settled += np.bincount(labels, weights > 0, minlength=count)
        room += np.bincount(labels, minlength=count)
    tiny, left = place_tiny_areas(areas, totals, room[1:] == 0, grid)
    town = np.concatenate([[False], left > settled[1:] * _CROWDED * (grid.cell / _CELL) ** 2])
    weight += town * room * _TOWN_WEIGHT
    share = np.zeros(count)
    np.divide(left, weight[1:], where=weight[1:] > 0, out=share[1:])
    with create_raster(path, grid, UNSETTLED) as raster:
        for rows in row_blocks(grid):
            labels = settlement.labels(rows)
            weights = settlement.weights(rows)
            weights[town[labels]] += np.float32(_TOWN_WEIGHT)
            people = (weights * share[labels]).astype(np.float32)
            people[labels == 0] = 0.0
            for (row, column), persons in tiny.items():
                if rows.start <= row < rows.stop:
                    people[row - rows.start, column] += persons
            people[people <= 0] = UNSETTLED
            raster.write(people, 1, window=Window(0, rows.start, grid.width, rows.stop - rows.start))
    return path
