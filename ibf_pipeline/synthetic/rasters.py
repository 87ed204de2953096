"""Writing generated rasters block by block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rasterio
from rasterio.transform import from_origin

from ibf_pipeline.discharge.cells import Grid


def arcsecond_grid(west: float, south: float, east: float, north: float, cell_arcsec: int = 3) -> Grid:
    """The raster grid whose cell edges are multiples of the cell size and which covers these bounds (degrees)."""
    per_degree = 3600 / cell_arcsec
    left, right = int(west * per_degree // 1), int(-(-east * per_degree // 1))
    bottom, top = int(south * per_degree // 1), int(-(-north * per_degree // 1))
    return Grid(left / per_degree, top / per_degree, 1 / per_degree, right - left, top - bottom)


def create_raster(path: Path, grid: Grid, nodata: float) -> Any:
    """A new float32 GeoTIFF to write to: EPSG:4326, tiled, DEFLATE, tiles of nodata alone take no space."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype="float32",
        count=1,
        width=grid.width,
        height=grid.height,
        crs="EPSG:4326",
        transform=from_origin(grid.left, grid.top, grid.cell, grid.cell),
        nodata=nodata,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="DEFLATE",
        predictor=3,
        sparse_ok=True,
    )
