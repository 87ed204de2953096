"""Rasters of a country brought onto one grid: that of its flood maps. Block by block, never a whole raster at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.io import DatasetReader

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.raster_blocks import (
    BLOCK_CELLS,
    new_raster,
    open_raster,
    windows,
)

Bounds = tuple[float, float, float, float]
"""west, south, east, north in degrees"""


def require_same_grid(file: Path, dataset: DatasetReader, grid: DatasetReader, what: str = "flood map") -> None:
    """InputInvalid if a raster differs from the country's grid in CRS, origin, cell, size or bands, or is scaled."""
    require_degrees(file, dataset, what)
    require_plain_band(file, dataset, what)
    offset = max(abs(a - b) for a, b in zip(dataset.transform[:6], grid.transform[:6], strict=True))
    if (dataset.width, dataset.height) != (grid.width, grid.height) or offset > 0.01 * abs(grid.transform.a):
        raise InputInvalid(
            f"the {what} is on another grid ({_grid_words(dataset)})",
            where=file,
            expected=f"the grid of the country's first flood map ({_grid_words(grid)})",
            remedy="bring all of them onto one grid (gdalwarp -te ... -ts ...)",
        )


def require_degrees(file: Path, dataset: DatasetReader, what: str) -> None:
    """InputInvalid if a raster is not north-up in EPSG:4326."""
    if dataset.crs is None or dataset.crs.to_epsg() != 4326:
        raise InputInvalid(
            f"the {what} is in {dataset.crs.to_string() if dataset.crs else 'no named coordinate system'}",
            where=file,
            expected="EPSG:4326",
            remedy="reproject it (gdalwarp -t_srs EPSG:4326)",
        )
    if dataset.transform.b or dataset.transform.d or dataset.transform.e >= 0 or dataset.transform.a <= 0:
        raise InputInvalid(
            f"the {what} is rotated or upside down",
            where=file,
            expected="a north-up raster",
            remedy="write it again with gdalwarp",
        )
    require_within_180(file, dataset, what)


def require_within_180(file: Path, dataset: DatasetReader, what: str) -> None:
    """InputInvalid if a raster of degrees goes on beyond 180 by more than a cell: no area lies there.

    Areas are cut at 180 degrees (RFC 7946, 3.1.9), so those of a country on both sides lie from -180 on.
    """
    west, _, east, _ = dataset.bounds
    cell = abs(dataset.transform.a)
    if dataset.crs.to_epsg() == 4326 and (west < -180 - cell or east > 180 + cell):
        raise InputInvalid(
            f"the {what} reaches from {west:g} to {east:g} degrees",
            where=file,
            expected="degrees from -180 to 180, as those of the boundaries",
            remedy="write it again between -180 and 180 (gdalwarp -te -180 SOUTH 180 NORTH)",
        )


def grid_of(file: Path) -> list[float]:
    """The grid of a flood map: columns, rows and the six numbers of its transform; north-up degrees, else an error."""
    with open_raster(file, "flood map") as dataset:
        require_degrees(file, dataset, "flood map")
        return [dataset.width, dataset.height, *dataset.transform[:6]]


def _grid_words(dataset: DatasetReader) -> str:
    return (
        f"{dataset.width} x {dataset.height} cells of {dataset.transform.a:.8g} degrees from "
        f"({dataset.transform.c:.6f}, {dataset.transform.f:.6f})"
    )


def require_plain_band(file: Path, dataset: DatasetReader, what: str) -> None:
    """InputInvalid if a raster has several bands, or values to be multiplied or shifted: they are taken as is."""
    if dataset.count != 1:
        raise InputInvalid(
            f"the {what} has {dataset.count} bands",
            where=file,
            expected="one band",
            remedy="write a raster of the one that is meant (gdal_translate -b 1)",
        )
    if (dataset.scales[0], dataset.offsets[0]) != (1.0, 0.0):
        raise InputInvalid(
            f"the {what} declares scale {dataset.scales[0]:g} and offset {dataset.offsets[0]:g}",
            where=file,
            expected="values that are taken as they are: scale 1, offset 0",
            remedy="write it unscaled (gdal_translate -unscale -ot Float32)",
        )


def write_labels(boundaries: Boundaries, grid_file: Path, target: Path) -> None:
    """Area number + 1 of the deepest level in every cell (by the cell's centre), 0 outside the country."""
    tree = shapely.STRtree(boundaries.ground)
    dtype = "uint16" if len(boundaries.ground) < 65535 else "uint32"
    with open_raster(grid_file, "flood map") as grid, new_raster(target, grid, dtype) as out:
        for window in windows(grid.width, grid.height):
            box = shapely.box(*rasterio.windows.bounds(window, grid.transform))
            hits = np.sort(tree.query(box, predicate="intersects"))
            if len(hits):
                block = rasterize(
                    [(boundaries.ground[hit], int(hit) + 1) for hit in hits],
                    out_shape=(window.height, window.width),
                    transform=rasterio.windows.transform(window, grid.transform),
                    dtype=dtype,
                )
                if block.any():
                    out.write(block, window)


def wet_blocks(labels: Path, depths: Sequence[Path]) -> list[np.ndarray]:
    """Which area has water in which block, for every flood map.

    Returns an array (n, 3) of integers for each: block row, block column, area number.
    """
    found: list[list[tuple[int, int, int]]] = [[] for _ in depths]
    with ExitStack() as stack:
        areas = stack.enter_context(rasterio.open(labels))
        datasets = [stack.enter_context(rasterio.open(file)) for file in depths]
        for window in windows(areas.width, areas.height):
            label = areas.read(1, window=window)
            if not label.any():
                continue
            for rows, depth in zip(found, datasets, strict=True):
                wet = np.unique(label[depth.read(1, window=window) > 0])
                block = window.row_off // BLOCK_CELLS, window.col_off // BLOCK_CELLS
                rows += [(*block, int(number) - 1) for number in wet[wet > 0]]
    return [np.array(rows, dtype=np.int32).reshape(-1, 3) for rows in found]
