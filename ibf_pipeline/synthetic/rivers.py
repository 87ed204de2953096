"""Invented rivers: winding lines that grow downstream, the GloFAS cells they fill, the distance to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ibf_pipeline.discharge.cells import Grid

FAR = np.float32(1e9)
"""distance given to places that no river reaches"""

_SAMPLE = 0.004
"""degrees between the points at which a river is looked at"""


@dataclass(frozen=True, slots=True)
class River:
    """A river from its source to its mouth."""

    name: str
    points: NDArray[np.float64]
    """(point, 2) longitude and latitude in degrees"""
    valley: tuple[float, float]
    """half width of the valley floor in degrees at the source and at the mouth"""

    def samples(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Dense points (sample, 2) along the river, and the share of its length at each."""
        length = np.hypot(*np.diff(self.points, axis=0).T).sum()
        shares = np.linspace(0.0, 1.0, int(length / _SAMPLE) + 2)
        along = shares_along(self.points)
        return np.column_stack([np.interp(shares, along, self.points[:, axis]) for axis in (0, 1)]), shares


def winding(
    points: Sequence[tuple[float, float] | NDArray[np.float64]], rng: np.random.Generator, *, sway: float = 0.16
) -> NDArray[np.float64]:
    """A natural looking line (point, 2) through the given points, by moving midpoints sideways.

    `sway` is the sideways shift as a share of the distance between neighbours.
    """
    line = np.asarray(points, dtype=float)
    while np.hypot(*np.diff(line, axis=0).T).max() > 2 * _SAMPLE:
        step = np.diff(line, axis=0)
        sideways = np.column_stack([-step[:, 1], step[:, 0]])
        middle = line[:-1] + step / 2 + sideways * (sway * (2 * rng.random(len(step)) - 1))[:, np.newaxis]
        finer = np.empty((2 * len(line) - 1, 2))
        finer[0::2], finer[1::2] = line, middle
        line = finer
    return line


def river_tree(
    name: str,
    outlet: tuple[float, float],
    points: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    valley: tuple[float, float],
) -> list[River]:
    """Rivers that gather the given points (point, 2) at the outlet: the shortest tree, one river for each branch.

    Points are joined nearest first, so branches grow from the outlet outwards and are narrower the more branches lie
    between. `valley` (half width, degrees) is that of the sources and of the outlet.
    """
    reached, depth = [np.asarray(outlet, dtype=float)], [0]
    waiting = list(points)
    branches: list[tuple[NDArray[np.float64], NDArray[np.float64], int]] = []
    while waiting:
        distance = np.hypot(*(np.array(waiting)[:, np.newaxis] - np.array(reached)[np.newaxis]).transpose(2, 0, 1))
        new, old = np.unravel_index(int(np.argmin(distance)), distance.shape)
        point = waiting.pop(int(new))
        branches.append((point, reached[old], depth[old] + 1))
        reached.append(point)
        depth.append(depth[old] + 1)
    deepest = max(depth)
    rivers = []
    for number, (start, end, step) in enumerate(branches, start=1):
        source, mouth = np.interp([1 - step / deepest, 1 - (step - 1) / deepest], (0, 1), valley)
        rivers.append(River(f"{name} {number}", winding([start, end], rng), (float(source), float(mouth))))
    return rivers


def valley_distance(rivers: Iterable[River], grid: Grid, rows: slice) -> NDArray[np.float32]:
    """Distance (row, column) to the nearest river as a share of its valley's half width; FAR beyond the valley."""
    nearest = np.full((rows.stop - rows.start, grid.width), FAR, dtype=np.float32)
    lon = grid.left + grid.cell * (np.arange(grid.width) + 0.5)
    lat = grid.top - grid.cell * (np.arange(rows.start, rows.stop) + 0.5)
    for river in rivers:
        points, shares = river.samples()
        widths = np.interp(shares, (0.0, 1.0), river.valley)
        for start, end, width in zip(points[:-1], points[1:], widths[1:], strict=True):
            _note_segment(nearest, lon, lat, start, end, float(width))
    return nearest


def _note_segment(
    nearest: NDArray[np.float32],
    lon: NDArray[np.floating],
    lat: NDArray[np.floating],
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    width: float,
) -> None:
    west, east = min(start[0], end[0]) - width, max(start[0], end[0]) + width
    south, north = min(start[1], end[1]) - width, max(start[1], end[1]) + width
    if north < lat[-1] or south > lat[0]:
        return
    columns = slice(int(np.searchsorted(lon, west)), int(np.searchsorted(lon, east)))
    rows = slice(int(np.searchsorted(-lat, -north)), int(np.searchsorted(-lat, -south)))
    x, y = lon[columns][np.newaxis, :] - start[0], lat[rows][:, np.newaxis] - start[1]
    dx, dy = float(end[0] - start[0]), float(end[1] - start[1])
    share = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-18), 0.0, 1.0)
    distance = (np.hypot(x - share * dx, y - share * dy) / width).astype(np.float32)
    distance[distance > 1] = FAR
    window = nearest[rows, columns]
    np.minimum(window, distance, out=window)


def shares_along(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share (0..1) of a line's length at each of its points (point, 2)."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    return length / length[-1]
