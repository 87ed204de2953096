"""Which GloFAS cell a station lies in: decided once, with one convention, for thresholds and forecasts alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

GLOFAS_CELL: Final = 0.05
"""degrees; cell edges are multiples of it, counted from 90 N and 180 W (GloFAS v4)"""
_EDGE_TOLERANCE: Final = 1e-6
"""in cells: coordinates are decimal fractions, so a point meant to be on an edge can fall 1e-12 short of it"""
CENTRE_TOLERANCE: Final = 1e-3
"""degrees a file's cell centres may differ from the nominal ones (float32 coordinates)"""


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular north-up grid in degrees (EPSG:4326)."""

    left: float
    top: float
    cell: float
    width: int
    height: int


GLOBAL_GRID: Final = Grid(left=-180.0, top=90.0, cell=GLOFAS_CELL, width=7200, height=3600)


def locate(lat: float, lon: float, grid: Grid) -> tuple[int, int]:
    """Row and column of the cell that contains a point, as GDAL samples.

    A point on an edge belongs to the cell south or east of it. The result can lie outside the grid.

    >>> locate(0.05, 30.0, GLOBAL_GRID), locate(0.051, 29.999, GLOBAL_GRID)
    ((1799, 4200), (1798, 4199))
    """
    row = np.floor((grid.top - lat) / grid.cell + _EDGE_TOLERANCE)
    column = np.floor((lon - grid.left) / grid.cell + _EDGE_TOLERANCE)
    return int(row), int(column)


def cell_centre(lat: float, lon: float) -> tuple[float, float]:
    """Centre (lat, lon in degrees, lon in -180..180) of the global GloFAS cell that contains a point.

    >>> cell_centre(1.23, 32.51), cell_centre(0.0, 190.0)
    ((1.225, 32.525), (-0.025, -169.975))
    """
    row, column = locate(lat, (lon + 180.0) % 360.0 - 180.0, GLOBAL_GRID)
    return (
        round(GLOBAL_GRID.top - (row + 0.5) * GLOFAS_CELL, 6),
        round(GLOBAL_GRID.left + (column + 0.5) * GLOFAS_CELL, 6),
    )


def indices_in(axis: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Position of each cell centre on a file's coordinate axis, ascending or descending; -1 if it is not there.

    `axis`: (n,) degrees, evenly spaced; `centres`: (station,) degrees.

    >>> indices_in(np.array([1.075, 1.025, 0.975]), np.array([1.025, 5.025])).tolist()
    [1, -1]
    """
    step = (axis[-1] - axis[0]) / (len(axis) - 1) if len(axis) > 1 else GLOFAS_CELL
    position = np.rint((centres - axis[0]) / step).astype(np.int64)
    inside = (position >= 0) & (position < len(axis))
    near = np.zeros_like(inside)
    near[inside] = np.abs(axis[position[inside]] - centres[inside]) <= CENTRE_TOLERANCE
    return np.where(near, position, -1)
