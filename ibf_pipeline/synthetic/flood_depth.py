"""Invented flood maps: depth where the river's stage at a return period lies above the valley floor.

The height of a place above the river grows with its distance to it, unevenly; the stage grows with the
return period. Maps of larger return periods are therefore deeper and wider than, and contain, the smaller ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.synthetic.noise import row_blocks, smooth_noise
from ibf_pipeline.synthetic.rasters import create_raster
from ibf_pipeline.synthetic.rivers import FAR, River, valley_distance

_FLOOD_MAP_RETURN_PERIODS = (10, 20, 50, 75, 100, 200, 500)
"""years, those of the JRC global flood hazard maps"""
DRY = -9999.0
"""nodata of the maps; dry land is nodata, as in the JRC maps"""

_SLOPE = 6.0
"""metres above the river at the edge of the valley, on average"""
_LEAST_DEPTH = 0.02
"""metres"""


def river_stage(return_period: float) -> float:
    """Metres of water above the ordinary river: 1.3 m at 10 years, 3.7 m at 500 years."""
    return 0.6 * math.log(return_period) - 0.08


def height_above_river(rivers: Sequence[River], grid: Grid, rows: slice, seed: int) -> NDArray[np.float32]:
    """Metres (row, column) above the nearest river; FAR outside the valleys."""
    distance = valley_distance(rivers, grid, rows)
    near = distance < FAR
    if not near.any():
        return distance
    uneven = 0.15 + 2.6 * smooth_noise(grid, rows, 0.05, seed) ** 2 + 0.6 * smooth_noise(grid, rows, 0.009, seed + 1)
    return np.where(near, _SLOPE * distance**1.3 * uneven, FAR)


def write_flood_maps(
    folder: Path,
    country: str,
    rivers: Sequence[River],
    grid: Grid,
    *,
    seed: int = 0,
    return_periods: Sequence[int] = _FLOOD_MAP_RETURN_PERIODS,
) -> list[Path]:
    """Write `flood_map_<country>_RP<rp>.tif` (float32 metres, rounded to cm) for each return period in years."""
    paths = [folder / f"flood_map_{country}_RP{return_period}.tif" for return_period in return_periods]
    with ExitStack() as stack:
        rasters = [stack.enter_context(create_raster(path, grid, DRY)) for path in paths]
        for rows in row_blocks(grid):
            height = height_above_river(rivers, grid, rows, seed)
            if not (height < FAR).any():
                continue
            for raster, return_period in zip(rasters, return_periods, strict=True):
                depth = np.round(river_stage(return_period) - height, 2)
                depth[depth < _LEAST_DEPTH] = DRY
                raster.write(depth, 1, window=Window(0, rows.start, grid.width, rows.stop - rows.start))
    return paths
