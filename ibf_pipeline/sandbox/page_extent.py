"""An uploaded flood extent as a transparent picture for the page's map."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from PIL import Image
from rasterio.windows import Window

_LONGEST_SIDE = 900
_DEEP_METRES = 3.0
# Depth from shallow to deep, light to dark blue: told apart by brightness alone, and from the warm alert colours.
_SHALLOW, _DEEP = np.array([115, 190, 240]), np.array([8, 48, 107])


def extent_picture(path: Path) -> dict[str, Any]:
    """Bounds in degrees, whether anything is wet, and the picture; or the reason why there is none."""
    try:
        stat = path.stat()
        return _picture(path, stat.st_mtime_ns, stat.st_size)
    except FileNotFoundError:
        return {"problem": "no extent was uploaded for this lead time"}
    except (rasterio.errors.RasterioError, OSError, ValueError) as error:
        return {"problem": f"the uploaded file is not a raster that can be shown ({type(error).__name__})"}


@lru_cache(maxsize=32)
def _picture(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    with rasterio.open(path) as raster:
        step = max(1, -(-max(raster.width, raster.height) // _LONGEST_SIDE))
        depth = _largest(raster, step)
        bounds = dict(zip(("west", "south", "east", "north"), raster.bounds, strict=True))
    # The last row and column of blocks may reach beyond the raster; the picture is placed by its own size.
    bounds["east"] = bounds["west"] + (bounds["east"] - bounds["west"]) * depth.shape[1] * step / raster.width
    bounds["south"] = bounds["north"] - (bounds["north"] - bounds["south"]) * depth.shape[0] * step / raster.height
    return {"bounds": bounds, "wet": bool((depth > 0).any()), "picture": _png(depth)}


def _largest(raster: Any, step: int) -> np.ndarray:
    """The greatest depth of each block of ``step`` x ``step`` cells, read strip by strip."""
    rows, columns = -(-raster.height // step), -(-raster.width // step)
    out = np.zeros((rows, columns), np.float32)
    for row in range(rows):
        height = min(step, raster.height - row * step)
        strip = raster.read(1, window=Window(0, row * step, raster.width, height)).astype(np.float32)
        wet = np.where(np.isfinite(strip) & (strip > 0), strip, 0)
        if raster.nodata is not None:
            wet[strip == raster.nodata] = 0
        wide = np.zeros((columns * step,), np.float32)
        wide[: raster.width] = wet.max(axis=0)
        out[row] = wide.reshape(columns, step).max(axis=1)
    return out


def _png(depth: np.ndarray) -> str:
    share = np.clip(depth / _DEEP_METRES, 0, 1)[:, :, None]
    colour = _SHALLOW + share * (_DEEP - _SHALLOW)
    alpha = np.where(depth > 0, 235, 0)[:, :, None]
    pixels = np.concatenate([colour, alpha], axis=2).astype(np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return base64.b64encode(png.getvalue()).decode()
