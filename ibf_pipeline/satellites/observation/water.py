"""Water in a radar scene or in somebody's flood map, as cells on the country's grid.

All rules here are cell by cell and block by block. Their result is indicative: a fixed threshold takes wet sand, smooth
roads and radar shadow for water, and does not see water under trees, between houses or roughened by wind.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.warp import reproject

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.grids import require_same_grid
from ibf_pipeline.prepare.raster_blocks import (
    GDAL_CACHE_MIB,
    as_array,
    bounded_gdal,
    open_raster,
    raster_profile,
    read_part,
    windows,
)
from ibf_pipeline.satellites.hook.settings import OpenWater

NOT_OBSERVED: Final = 0
_DRY: Final = 1
FLOODED: Final = 2
PERMANENT: Final = 3
"""values of `observed.tif`; permanent water is neither dry nor flooded"""
_HIDDEN: Final = 255
_NO_CLASS: Final = 100
"""classes of flood maps are numbered from 0 on; this and more stands for no value, or is the one of flooded cells"""


def open_water(levels: np.ndarray, rule: OpenWater) -> np.ndarray:
    """True where VH backscatter (dB) is below the threshold, which is open water.

    Smooth water reflects the radar's pulse away from it, so that it looks darker than land; a fixed threshold on VH is
    the simplest form of the method (e.g. Twele et al. 2016, Int. J. Remote Sensing 37(13), who choose it scene by
    scene).
    """
    return levels < rule.threshold_decibel


def decibel(values: np.ndarray, rule: OpenWater) -> np.ndarray:
    """Backscatter in dB; NaN where nothing was measured (nodata, 0 or less in linear units, below the noise floor).

    Linear values are turned into dB by 10 log10.
    """
    levels = values.astype(np.float64)
    if rule.unit == "linear":
        levels = 10 * np.log10(np.where(levels > 0, levels, np.nan))
    return np.where(levels >= rule.noise_floor_decibel, levels, np.nan)


def write_scene_water(scene: Path, rule: OpenWater, target: Path) -> None:
    """1 where a VH raster shows open water, 0 where not, 255 where nothing was measured; on the scene's own grid."""
    what = "VH backscatter"
    with (
        bounded_gdal(),
        open_raster(scene, what) as vh,
        as_array(vh) as values,
        rasterio.open(target, "w", **_mask(vh)) as out,
    ):
        if vh.crs is None:
            raise InputInvalid("the VH raster has no coordinate system", where=scene, expected="a geocoded product")
        if rule.unit == "linear" and _looks_like_decibel(vh):
            raise InputInvalid(
                "the VH raster has negative values",
                where=scene,
                expected="linear backscatter, all above 0",
                remedy="set observation.open_water.unit to decibel in destine.yaml",
            )
        for window in windows(vh.width, vh.height):
            levels = decibel(read_part(values[window.toslices()], what), rule)
            water = np.where(np.isnan(levels), _HIDDEN, open_water(levels, rule))
            out.write(water.astype(np.uint8), 1, window=window)


def write_map_water(flood_map: Path, flooded_value: float, target: Path) -> None:
    """1 where a flood map says flooded, 0 where not, 255 where it holds no data; on the map's own grid.

    What stands for `no value` often is not declared so (255 beside 0 and 1): NaN, what is below 0 and what is not the
    number of a class are no data too, unless that is the value of a flooded cell. Nothing there was seen to be dry.
    """
    with bounded_gdal(), open_raster(flood_map, "flood map") as data, rasterio.open(target, "w", **_mask(data)) as out:
        for window in windows(data.width, data.height):
            block = data.read(1, window=window, masked=True)
            raw = block.filled(0)
            flooded = raw == flooded_value
            unseen = np.isnan(raw) | (raw < 0) | (raw >= _NO_CLASS)
            values = np.where(np.ma.getmaskarray(block) | (unseen & ~flooded), _HIDDEN, flooded)
            out.write(values.astype(np.uint8), 1, window=window)


def write_observed(
    masks: Sequence[Path], areas: Path, permanent_water: Path | None, cell_share: float, target: Path
) -> None:
    """NOT_OBSERVED, DRY, FLOODED or PERMANENT for every cell of the country's grid.

    A cell was observed if its centre was; it is flooded if at least `cell_share` of its observed part is water in
    some pass, else dry. Permanent water is what the country's own layer says.
    """
    scratch = target.with_suffix(".share.tif")
    with (
        bounded_gdal(),
        rasterio.open(areas) as grid,
        rasterio.open(target, "w+", **raster_profile(grid, "uint8")) as out,
    ):
        for mask in masks:
            _share_on_grid(mask, areas, scratch)
            with rasterio.open(scratch) as share:
                for window in windows(grid.width, grid.height):
                    block = share.read(1, window=window)
                    status = np.where(block < 0, NOT_OBSERVED, np.where(block >= cell_share, FLOODED, _DRY))
                    if status.any():
                        kept = np.maximum(out.read(1, window=window), status.astype(np.uint8))
                        out.write(kept, 1, window=window)
            scratch.unlink()
        if permanent_water is not None:
            with open_raster(permanent_water, "permanent water") as water:
                require_same_grid(permanent_water, water, grid)
                for window in windows(grid.width, grid.height):
                    block = out.read(1, window=window)
                    block[(water.read(1, window=window, masked=True).filled(0) > 0) & (block != NOT_OBSERVED)] = (
                        PERMANENT
                    )
                    if block.any():
                        out.write(block, 1, window=window)


def _share_on_grid(mask: Path, areas: Path, target: Path) -> None:
    """Share of water in the observed part of every cell, 0..1, and -1 where its centre was not observed.

    GDAL's average counts a sliver of a scene's edge as a whole observation; the centre decides instead.
    """
    with rasterio.open(areas) as grid:
        share, centre = (
            {**raster_profile(grid, "float32"), "nodata": -1},
            {**raster_profile(grid, "uint8"), "nodata": _HIDDEN},
        )
    centres = target.with_suffix(".centre.tif")
    _warp(mask, target, share, Resampling.average)
    _warp(mask, centres, centre, Resampling.nearest)
    with rasterio.open(target, "r+") as out, rasterio.open(centres) as seen:
        for window in windows(out.width, out.height):
            block = out.read(1, window=window)
            block[seen.read(1, window=window) == _HIDDEN] = -1
            out.write(block, 1, window=window)
    centres.unlink()


def _warp(mask: Path, target: Path, grid: dict[str, Any], resampling: Resampling) -> None:
    """From file to file: a scene has more cells than fit into memory, and warped in blocks it gives other shares."""
    with rasterio.open(mask) as source, rasterio.open(target, "w+", **{**grid, "SPARSE_OK": False}) as out:
        reproject(
            rasterio.band(source, 1),
            rasterio.band(out, 1),
            resampling=resampling,
            src_nodata=_HIDDEN,
            dst_nodata=grid["nodata"],
            warp_mem_limit=GDAL_CACHE_MIB,
        )


def _mask(like: rasterio.io.DatasetReader) -> dict[str, object]:
    return {**raster_profile(like, "uint8"), "nodata": _HIDDEN, "SPARSE_OK": False}


def _looks_like_decibel(scene: rasterio.io.DatasetReader) -> bool:
    """Whether most measured values of a thinned-out scene are negative, as backscatter in dB is."""
    step = max(1, max(scene.width, scene.height) // 512)
    sample = scene.read(1, masked=True, out_shape=(max(1, scene.height // step), max(1, scene.width // step)))
    values = sample.compressed()
    return bool(len(values)) and float(np.mean(values < 0)) > 0.5
