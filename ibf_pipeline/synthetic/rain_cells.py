"""Where the rain of a district falls on a grid, so that the exact means of its areas are what is wished."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers
from ibf_pipeline.domain.sphere import Floats
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.rain.grid import RainGrid
from ibf_pipeline.rain.weights import AreaWeights, weigh
from ibf_pipeline.synthetic.hyetographs import areas_that_count

_CELLS: Final = (0.1, 0.05, 0.025, 0.0125)
"""degrees; the first of them is taken in which every district can have its own rain"""
_NEAR: Final = 0.01
"""of the wished rain: so much more or less an area of a district may have"""
_ROUNDS: Final = 400
_MOST_IN_A_CELL: Final = 2.0
"""times the district's rain"""


@dataclass(frozen=True, slots=True)
class Patterns:
    """A grid over all areas, and where on it the rain of each wished district falls."""

    grid: RainGrid
    weights: AreaWeights
    """of the areas that the rules look at"""
    shares: Mapping[str, npt.NDArray[np.float32]]
    """district -> (row, column) times its rain"""


def patterns_of(ground: Mapping[str, BaseGeometry], layers: FlashFloodLayers, wished: Sequence[str]) -> Patterns:
    """The coarsest grid on which each wished district has its rain and no other district has any of it.

    `ground`: outlines of all areas by place code, EPSG:4326. Every area of a wished district has at least its rain, and
    at most a hundredth more. InputInvalid if areas of two districts lie too close together for the finest grid.
    """
    codes = areas_that_count(layers)
    for cell in _CELLS:
        grid = grid_over(list(ground.values()), cell)
        weights = weigh(grid, codes, [ground[code] for code in codes])
        shares = {name: _pattern(name, weights, layers.districts, grid) for name in wished}
        if all(share is not None for share in shares.values()):
            return Patterns(grid, weights, {name: share for name, share in shares.items() if share is not None})
    lacking = next(name for name, share in shares.items() if share is None)
    raise InputInvalid(
        f"the areas of {lacking} are too small, or too close to other districts, for cells of {_CELLS[-1]:g} degrees",
        where="generated rain",
        expected="areas that can have rain of their own",
        remedy="wish for another district",
    )


def grid_over(ground: Sequence[BaseGeometry], cell: float) -> RainGrid:
    """Cells over all areas and one more around; edges are multiples of the cell (degrees)."""
    west, south, east, north = shapely.total_bounds([each for each in ground if not each.is_empty]).tolist()
    left, right = math.floor(west / cell) - 1, math.ceil(east / cell) + 1
    bottom, top = math.floor(south / cell) - 1, math.ceil(north / cell) + 1
    return RainGrid(round(left * cell, 6), round(top * cell, 6), cell, cell, right - left, top - bottom)


def _pattern(
    district: str, weights: AreaWeights, districts: Mapping[str, Sequence[str]], grid: RainGrid
) -> npt.NDArray[np.float32] | None:
    """Rain in the cells that touch the district, none elsewhere; None if the means of areas cannot be met."""
    row = {code: number for number, code in enumerate(weights.areas)}
    inside = [row[code] for code in districts[district]]
    others = [row[code] for name, codes in districts.items() if name != district for code in codes]
    parts = {number: slice(weights.begins[number], weights.begins[number + 1]) for number in (*inside, *others)}
    cells = np.unique(np.concatenate([weights.cells[parts[number]] for number in inside]))
    matrix = np.zeros((len(parts), len(cells)))
    for place, part in enumerate(parts.values()):
        near = np.isin(weights.cells[part], cells)
        matrix[place, np.searchsorted(cells, weights.cells[part][near])] = weights.shares[part][near]
    wanted = np.zeros(len(parts))
    wanted[: len(inside)] = 1.0
    values = _solved(matrix, wanted)
    means = matrix @ values
    least = float(means[: len(inside)].min())
    if least <= 0 or np.abs(means / least - wanted).max() > _NEAR or values.max() > _MOST_IN_A_CELL * least:
        return None
    field = np.zeros(grid.height * grid.width, dtype=np.float32)
    field[cells] = values / least
    return field.reshape(grid.height, grid.width)


def _solved(matrix: Floats, wanted: Floats) -> Floats:
    """Values of cells, none below 0, whose means are as close to the wanted ones as can be; close to 1 besides.

    Source: simultaneous iterative reconstruction (Andersen and Kak 1984, doi 10.1016/0161-7346(84)90008-7).
    """
    of_area, of_cell = matrix.sum(axis=1), matrix.sum(axis=0)
    values = np.ones(matrix.shape[1])
    for _ in range(_ROUNDS):
        error = (wanted - matrix @ values) / np.where(of_area > 0, of_area, 1.0)
        values = np.maximum(0.0, values + (matrix.T @ error) / of_cell)
    return values
