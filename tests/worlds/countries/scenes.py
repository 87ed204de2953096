"""Radar scenes and flood maps over the tiny country, with water where a test wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

WET, LAND = 10**-2.5, 10**-1.2
"""linear VH: -25 dB and -12 dB"""


def write_scene(file: Path, values: np.ndarray, *, cell: float = 0.01, west: float = 10.0, **changes: Any) -> Path:
    """A raster whose top-left corner is (west E, 1 N)."""
    profile = {
        "driver": "GTiff", "width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": "float32",
        "crs": "EPSG:4326", "transform": from_origin(west, 1.0, cell, cell), "nodata": 0, **changes,
    }  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(file, "w", **profile) as out:
        out.write(values.astype(profile["dtype"]), 1)
    return file


def flooded_top(rows: int, *, fine: int = 1) -> np.ndarray:
    """VH over all 10 x 20 cells of the country, each split fine x fine, the top rows under water."""
    values = np.full((10 * fine, 20 * fine), LAND)
    values[: rows * fine] = WET
    return values
