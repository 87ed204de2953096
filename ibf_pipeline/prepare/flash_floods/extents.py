"""Floods of the library on the national grid, which the rasters of extents have (rule 12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import rasterio
import shapely
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.cover import COVERED
from ibf_pipeline.prepare.depths import DepthFacts
from ibf_pipeline.prepare.raster_blocks import BLOCK_CELLS, new_raster, open_raster, windows

_NAMED: Final = 5


def write_coarse(depth: Path, labels: Path, target: Path) -> None:
    """Depths (metres, 0 where dry) on the grid of `labels`, in blocks where these have an area.

    A cell has the greatest depth of all cells of the library that reach into it: a flood that is narrower than a cell
    does not vanish.
    """
    with open_raster(labels, "area grid") as areas, open_raster(depth, "flood of the library") as fine:
        on_grid = {"crs": areas.crs, "transform": areas.transform, "width": areas.width, "height": areas.height}
        with (
            WarpedVRT(fine, **on_grid, resampling=Resampling.max, src_nodata=0, nodata=0) as coarse,
            new_raster(target, areas, "float32") as out,
        ):
            for window in _overlapping(areas, fine):
                if areas.read(1, window=window).any():
                    block = coarse.read(1, window=window)
                    if block.any():
                        out.write(block, window)


def _overlapping(areas: DatasetReader, fine: DatasetReader) -> Iterator[Window]:
    """Blocks of the area grid that the library reaches into."""
    west, south, east, north = fine.bounds
    for window in windows(areas.width, areas.height):
        left, bottom, right, top = rasterio.windows.bounds(window, areas.transform)
        if left < east and right > west and bottom < north and top > south:
            yield window


def dry_areas(areas: Boundaries, depths: Sequence[tuple[Path, DepthFacts]], minimum_depth: float) -> list[str]:
    """Place codes of areas in which no flood of the library has water, however much it rains.

    `depths`: rasters on the library's grid with what was found in each.
    """
    pending = {code: own for code, own in zip(areas.place_codes, areas.ground, strict=True) if not own.is_empty}
    for file, facts in depths:
        if not pending:
            break
        with open_raster(file, "flood of the library") as raster:
            for block in facts.blocks:
                pending = _still_dry(pending, raster, block.row, block.column, minimum_depth)
    return list(pending)


def _still_dry(
    pending: dict[str, shapely.Polygon], raster: DatasetReader, row: int, column: int, minimum_depth: float
) -> dict[str, shapely.Polygon]:
    left, top = column * BLOCK_CELLS, row * BLOCK_CELLS
    window = Window(left, top, min(BLOCK_CELLS, raster.width - left), min(BLOCK_CELLS, raster.height - top))
    box = shapely.box(*rasterio.windows.bounds(window, raster.transform))
    near = {code: own for code, own in pending.items() if own.intersects(box)}
    if not near:
        return pending
    wet = raster.read(1, window=window, masked=True).filled(0) >= np.float32(minimum_depth)
    place = rasterio.windows.transform(window, raster.transform)
    found = {
        code
        for code, own in near.items()
        if wet[rasterize([own], wet.shape, transform=place, all_touched=True).astype(bool)].any()
    }
    return {code: own for code, own in pending.items() if code not in found}


def cover_doubt(raster: Path, areas: Boundaries) -> tuple[list[str], str]:
    """Areas that the library ends inside of, by the share that it has, and what runs say of them ("" for none).

    Rule: it covers an area from COVERED of its ground on, as a raster of people does.
    """
    with open_raster(raster, "flood of the library") as library:
        box = shapely.box(*library.bounds)
    ground = np.array(areas.ground)
    sizes = shapely.area(ground)
    shares = shapely.area(shapely.intersection(ground, box)) / np.where(sizes > 0, sizes, 1)
    named = [
        f"{code}: {share:.0%} covered"
        for code, share in zip(areas.place_codes, np.where(sizes > 0, shares, 1).tolist(), strict=True)
        if share < COVERED
    ]
    words = f"the library ends inside {counted(len(named), 'area')} ({some(named, _NAMED)})"
    return named, f"{words}: no flood is known beyond its edge" if named else ""
