"""People of areas that hold no whole raster cell: one shared cell each, so that exact-fraction sums still match."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.discharge.cells import Grid, locate
from ibf_pipeline.errors import InputInvalid


def place_tiny_areas(
    areas: Sequence[BaseGeometry], totals: NDArray[np.float64], tiny: NDArray[np.bool_], grid: Grid
) -> tuple[dict[tuple[int, int], float], NDArray[np.float64]]:
    """Persons by (row, column) for the tiny areas, and what is left of every area's total (area,) for its own cells.

    Each tiny area gets the free cell of which it covers most. The cell also lies in neighbours: with
    `C[a, c]` the share of cell c inside area a, the persons p solve `C[tiny] p = totals[tiny]`, and
    every other area gives up `C[a] p`, since an exact-fraction sum counts it there.
    Raises InputInvalid if that would ask for negative people.
    """
    left = totals.astype(float).copy()
    numbers = [int(n) for n in np.flatnonzero(tiny & (totals > 0))]
    left[tiny] = 0.0
    if not numbers:
        return {}, left
    cells: list[tuple[int, int]] = []
    for number in numbers:
        cells.append(_best_cell(areas[number], grid, taken=cells))
    boxes = [_box(cell, grid) for cell in cells]
    tree = shapely.STRtree(list(areas))
    cover = np.zeros((len(areas), len(cells)))
    for column, box in enumerate(boxes):
        for number in tree.query(box):
            cover[number, column] = areas[number].intersection(box).area / grid.cell**2
    persons = np.linalg.solve(cover[numbers], totals[numbers])
    left[~tiny] -= (cover @ persons)[~tiny]
    if persons.min() < 0 or left.min() < 0:
        raise InputInvalid(
            f"{len(numbers)} areas are too small for cells of {grid.cell * 3600:g} arc-seconds",
            where="population raster",
            expected="areas that hold their people without taking them from their neighbours",
            remedy="use smaller cells",
        )
    return dict(zip(cells, persons.tolist(), strict=True)), left


def _best_cell(area: BaseGeometry, grid: Grid, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    west, south, east, north = area.bounds
    (first_row, first_column), (last_row, last_column) = locate(north, west, grid), locate(south, east, grid)
    candidates = [
        (row, column)
        for row in range(first_row, last_row + 1)
        for column in range(first_column, last_column + 1)
        if (row, column) not in taken
    ]
    return max(candidates, key=lambda cell: area.intersection(_box(cell, grid)).area)


def _box(cell: tuple[int, int], grid: Grid) -> BaseGeometry:
    row, column = cell
    left, top = grid.left + column * grid.cell, grid.top - row * grid.cell
    return shapely.box(left, top - grid.cell, left + grid.cell, top)
