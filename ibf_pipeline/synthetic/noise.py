"""Smooth random fields on a raster, computed block by block: the same place has the same value in any block."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ibf_pipeline.discharge.cells import Grid

_BLOCK_ROWS = 256
"""rows computed and written at a time; a multiple of the tile height"""


def row_blocks(grid: Grid) -> Iterator[slice]:
    """The raster's rows in blocks from north to south."""
    for start in range(0, grid.height, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, grid.height))


def smooth_noise(grid: Grid, rows: slice, scale: float, seed: int) -> NDArray[np.float32]:
    """Values 0..1 (row, column) that change over about `scale` degrees; independent of the cell size."""
    nodes_down = math.ceil(grid.height * grid.cell / scale) + 2
    nodes_across = math.ceil(grid.width * grid.cell / scale) + 2
    nodes = np.random.default_rng(seed).random((nodes_down, nodes_across), dtype=np.float32)
    down, down_share = _positions(np.arange(rows.start, rows.stop), grid.cell / scale)
    across, across_share = _positions(np.arange(grid.width), grid.cell / scale)
    lines = nodes[down] * (1 - down_share)[:, np.newaxis] + nodes[down + 1] * down_share[:, np.newaxis]
    steps = np.diff(lines, axis=1)
    values: NDArray[np.float32] = lines[:, across] + steps[:, across] * across_share
    return values


def white_noise(grid: Grid, rows: slice, seed: int) -> NDArray[np.float32]:
    """Values 0..1 (row, column), one by one independent; reproducible for the blocks of `row_blocks`."""
    rng = np.random.default_rng([seed, rows.start])
    return rng.random((rows.stop - rows.start, grid.width), dtype=np.float32)


def _positions(cells: NDArray[np.int64], step: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    place = (cells + 0.5) * step
    node = np.floor(place).astype(np.int64)
    share = (place - node).astype(np.float32)
    return node, share * share * (3 - 2 * share)
