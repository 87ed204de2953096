"""Where a flood extent is wet, in about as many cells as a picture has pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from ibf_pipeline.prepare.raster_blocks import bounded_gdal

_STRIP_CELLS = 4_000_000
RIM, STRIPE = 5, 14
"""pixels: breadth of the solid rim of wide water, and from stripe to stripe inside it"""
_EDGE = 3


@dataclass(frozen=True, slots=True)
class Water:
    """Wet cells of a part of a raster."""

    wet: np.ndarray
    """(row, column) bool, north up"""
    bounds: tuple[float, float, float, float]
    """west, south, east, north, degrees"""


def read_water(file: Path, bounds: tuple[float, float, float, float], most: tuple[int, int]) -> Water | None:
    """The wet cells inside bounds (west, south, east, north), at most (rows, columns) of them.

    A picture cell is wet where any raster cell in it is: a narrow river does not vanish. None if the raster does
    not reach the bounds. Read strip by strip.
    """
    with bounded_gdal(), rasterio.open(file) as raster:
        window = _window(raster, bounds)
        if window is None:
            return None
        rows, columns = min(int(window.height), most[0]), min(int(window.width), most[1])
        row_edges = np.linspace(0, window.height, rows, endpoint=False).astype(int)
        column_edges = np.linspace(0, window.width, columns, endpoint=False).astype(int)
        wet = np.zeros((rows, columns), dtype=bool)
        rows_at_once = max(1, int(_STRIP_CELLS * rows / (window.height * window.width)))
        for first in range(0, rows, rows_at_once):
            last = min(first + rows_at_once, rows)
            top = int(row_edges[first])
            bottom = int(row_edges[last]) if last < rows else int(window.height)
            part = Window(window.col_off, window.row_off + top, window.width, bottom - top)
            depth = raster.read(1, window=part) > 0
            if depth.any():
                by_row = np.logical_or.reduceat(depth, row_edges[first:last] - top, axis=0)
                wet[first:last] = np.logical_or.reduceat(by_row, column_edges, axis=1)
        west, south, east, north = raster.window_bounds(window)
        return Water(wet, (west, south, east, north))


def on_pixels(waters: Sequence[Water], bounds: tuple[float, float, float, float], shape: tuple[int, int]) -> np.ndarray:
    """Which pixels (row, column; north up) of a picture of some bounds are wet in any of the waters.

    A pixel is wet where it touches a wet cell.
    """
    west, south, east, north = bounds
    wet = np.zeros(shape, dtype=bool)
    for water in waters:
        left, bottom, right, top = water.bounds
        rows, columns = water.wet.shape
        high = (north - np.linspace(0, north - south, shape[0] + 1) - top) / (bottom - top) * rows
        across = (west + np.linspace(0, east - west, shape[1] + 1) - left) / (right - left) * columns
        counts = np.zeros((rows + 1, columns + 1), dtype=np.int64)
        np.cumsum(np.cumsum(water.wet, axis=0), axis=1, out=counts[1:, 1:])
        (r0, r1), (c0, c1) = _cells(high, rows), _cells(across, columns)
        inside = counts[np.ix_(r1, c1)] - counts[np.ix_(r0, c1)] - counts[np.ix_(r1, c0)] + counts[np.ix_(r0, c0)]
        wet |= inside > 0
    return wet


def edge_and_body(wet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wet pixels as they are drawn: a thin edge around them, and their body.

    Narrow water is solid; wide water has a solid rim and stripes inside, between which the colour below is seen.
    """
    edge = _grown(wet, _EDGE) & ~wet
    inner = ~_grown(~wet, RIM)
    down, across = np.ogrid[: wet.shape[0], : wet.shape[1]]
    return edge, wet & ~(inner & ((down + across) % STRIPE < STRIPE / 2))


def _cells(edges: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last (exclusive) cell that each pixel touches, from the pixels' edges in cells."""
    first = np.clip(np.floor(edges[:-1] + 1e-6), 0, count).astype(int)
    last = np.clip(np.ceil(edges[1:] - 1e-6), 0, count).astype(int)
    return first, np.maximum(first, last)


def _grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    for _ in range(pixels):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        grown[:, 1:] |= mask[:, :-1]
        grown[:, :-1] |= mask[:, 1:]
        mask = grown
    return mask


def _window(raster: rasterio.DatasetReader, bounds: tuple[float, float, float, float]) -> Window | None:
    west, south, east, north = bounds
    grid = raster.transform  # north up, as every extent of the pipeline
    left, right = (west - grid.c) / grid.a, (east - grid.c) / grid.a
    top, bottom = (north - grid.f) / grid.e, (south - grid.f) / grid.e
    first_column, first_row = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    last_column, last_row = min(raster.width, int(np.ceil(right))), min(raster.height, int(np.ceil(bottom)))
    if last_column <= first_column or last_row <= first_row:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)
