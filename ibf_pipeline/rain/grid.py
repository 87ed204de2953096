"""Grids of precipitation: evenly spaced cells in degrees, cut to what a country needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.errors import InputInvalid

Floats64 = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]
"""west, south, east, north in degrees, -180..180"""
Pole = tuple[float, float]
"""lat, lon in degrees of a rotated grid's north pole"""

_EVEN: Final = 0.02
"""in cells: how far the distance of two neighbours may differ from that of the others (float32 coordinates)"""


@dataclass(frozen=True, slots=True)
class RainGrid:
    """Cells from west to east and north to south; `left` and `top` are edges. Degrees, rotated if `pole` says so."""

    left: float
    top: float
    dx: float
    dy: float
    width: int
    height: int
    pole: Pole | None = None


@dataclass(frozen=True, slots=True)
class GridSubset:
    """Which rows and columns of a file's field make a grid."""

    rows: npt.NDArray[np.int64]
    """from north to south"""
    columns: npt.NDArray[np.int64]
    """from west to east; on a global grid they may go over its seam"""
    grid: RainGrid

    def of(self, field: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The part (..., row, column) of a whole field (..., lat, lon)."""
        return field[..., self.rows, :][..., self.columns]


def cut_out(
    lat: npt.NDArray[Any], lon: npt.NDArray[Any], bounds: Bounds, where: object, pole: Pole | None
) -> GridSubset:
    """The cells of a file that reach into `bounds`, and one more all around.

    `lat`, `lon`: (n,) centres of its rows and columns in either direction, longitudes -180..180 or 0..360; in rotated
    degrees with `pole`. Raises InputInvalid if they are not evenly spaced, or none of them is near.
    """
    pole = None if pole is None or (pole[0] == 90.0 and pole[1] % 360.0 == 180.0) else pole
    west, south, east, north = bounds if pole is None else _rotated_bounds(bounds, pole)
    middle = (west + east) / 2
    lat = lat.astype(float)
    lon = (lon.astype(float) - middle + 180.0) % 360.0 + middle - 180.0
    rows, columns = np.argsort(-lat, kind="stable"), np.argsort(lon, kind="stable")
    dy, dx = _cell(lat, "latitude", where), _cell(lon, "longitude", where)
    dy, dx = dy or dx, dx or dy
    rows = rows[(lat[rows] > south - 1.5 * dy) & (lat[rows] < north + 1.5 * dy)]
    across = lon[columns]
    if len(lon) * dx > 360.0 - dx:  # around the globe: a country on both sides of 180 degrees reaches over both ends
        columns, across = np.tile(columns, 3), np.concatenate([across - 360.0, across, across + 360.0])
    near = (across > west - 1.5 * dx) & (across < east + 1.5 * dx)
    columns, across = columns[near], across[near]
    if not (dy and len(rows) and len(columns)):
        raise InputInvalid(
            f"the grid of {len(lat)} x {len(lon)} cells from latitude {lat.min():g} to {lat.max():g} and longitude "
            f"{lon.min():g} to {lon.max():g} has none in the country",
            where=where,
            expected=f"latitude {south:g} to {north:g}, longitude {west:g} to {east:g}",
            remedy="fetch the area of this country",
        )
    for name, axis, cell in (("latitude", lat[rows], dy), ("longitude", across, dx)):
        if (np.abs(np.abs(np.diff(axis)) - cell) > _EVEN * cell).any():
            raise InputInvalid(
                f"the {name}s are not evenly spaced",
                where=where,
                expected="a regular grid in degrees",
                remedy="order the product on a regular grid, or bring it onto one (cdo remapcon)",
            )
    dy = (lat[rows[0]] - lat[rows[-1]]) / (len(rows) - 1) if len(rows) > 1 else dy
    dx = (across[-1] - across[0]) / (len(columns) - 1) if len(columns) > 1 else dx
    left, top, dx, dy = (round(float(each), 8) for each in (across[0] - dx / 2, lat[rows[0]] + dy / 2, dx, dy))
    grid = RainGrid(left, top, dx, dy, len(columns), len(rows), pole)
    return GridSubset(rows, columns, grid)


def _cell(axis: Floats64, name: str, where: object) -> float:
    """Distance of neighbours, 0 of a single one: the middle one, so that a seam does not count."""
    if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all():
        raise InputInvalid(
            f"the {name}s are {axis.ndim}-dimensional or have no value",
            where=where,
            expected="a regular grid in degrees, each row of one latitude and each column of one longitude",
            remedy="order the product on a regular grid, or bring it onto one (cdo remapcon)",
        )
    return float(np.median(np.diff(np.sort(axis)))) if axis.size > 1 else 0.0


def rotated(points: Floats64, pole: Pole) -> Floats64:
    """(n, 2) lon, lat in degrees to those of a rotated grid, lon -180..180.

    Source: COSMO documentation part I, section 3.3 (rotated spherical coordinates).
    """
    lat_pole, turn = np.radians(pole[0]), np.radians(points[:, 0] - pole[1])
    lat = np.radians(points[:, 1])
    sine = np.sin(lat) * np.sin(lat_pole) + np.cos(lat) * np.cos(lat_pole) * np.cos(turn)
    east = -np.sin(turn) * np.cos(lat)
    north = np.sin(lat) * np.cos(lat_pole) - np.cos(lat) * np.sin(lat_pole) * np.cos(turn)
    turned: Floats64 = np.degrees(np.column_stack([np.arctan2(east, north), np.arcsin(np.clip(sine, -1, 1))]))
    return turned


def _rotated_bounds(bounds: Bounds, pole: Pole) -> Bounds:
    west, south, east, north = bounds
    across, up = np.linspace(west, east, 50), np.linspace(south, north, 50)
    points = rotated(np.array([(x, y) for x in across for y in up]), pole)
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    return float(left), float(bottom), float(right), float(top)
