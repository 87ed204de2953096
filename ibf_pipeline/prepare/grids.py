"""Rasters of a country brought onto one grid: that of its flood maps. Block by block, never a whole raster at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.io import DatasetReader
from rasterio.warp import reproject
from rasterio.windows import Window
from rioxarray.exceptions import NoDataInBounds

from ibf_pipeline.errors import InputInvalid, turned_into
from ibf_pipeline.io.writing import write_failed, writing
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.tiles import (
    BLOCK,
    GDAL_CACHE_MIB,
    as_array,
    new_raster,
    open_raster,
    profile,
    read_block,
    windows,
)
from ibf_pipeline.prepare.values import Values, require_declared_nodata

TOTAL_TOLERANCE: Final = 0.005
"""share of all people that may be lost when a population raster is brought onto the grid"""
DENSEST_PEOPLE: Final = 1_000_000.0
"""people in a square kilometre; the densest quarters of cities reach a tenth of it"""
_KM_A_DEGREE: Final = 111.32
Bounds = tuple[float, float, float, float]
"""west, south, east, north in degrees"""


def require_same_grid(file: Path, dataset: DatasetReader, grid: DatasetReader, what: str = "flood map") -> None:
    """InputInvalid where a raster differs from the country's grid in CRS, origin, cell, size or bands, or is scaled."""
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
    """InputInvalid where a raster is not north-up in EPSG:4326."""
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
    """InputInvalid where a raster of degrees goes on beyond 180 by more than a cell: no area lies there.

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
    """InputInvalid where a raster has several bands, or values to be multiplied or shifted: they are taken as is."""
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


def require_counts(values: Values, source: Path, most: float, what: str) -> None:
    """InputInvalid where a raster of counts, read to its end, holds an undeclared nodata value, or more than can be.

    `most`: people that a cell can hold, as from `most_people_a_cell`.
    """
    require_declared_nodata(values, source, what, depths=False)
    if values.greatest > most:
        raise InputInvalid(
            f"{values.greatest:g} people in one cell",
            where=source,
            expected=f"people a cell, at most {most:,.0f} in a cell of this size",
            remedy="declare the nodata value (gdal_edit -a_nodata), or convert it to people a cell",
        )


def most_people_a_cell(raster: DatasetReader) -> float:
    """What no cell of a population raster can hold, from DENSEST_PEOPLE.

    Infinite without a coordinate system, and for cells of less than a square metre: these are degrees called metres.
    """
    if raster.crs is None:
        return float("inf")
    km = _KM_A_DEGREE if raster.crs.is_geographic else raster.crs.linear_units_factor[1] / 1000
    square_km = abs(raster.transform.determinant) * km**2
    return DENSEST_PEOPLE * square_km if square_km > 1e-6 else float("inf")


def cells_inside(raster: DatasetReader, bounds: Bounds) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows and columns of a raster reach into a box of degrees; all where its cells are not degrees."""
    transform = raster.transform
    if raster.crs is None or raster.crs.to_epsg() != 4326 or transform.b or transform.d:
        return np.ones(raster.height, dtype=bool), np.ones(raster.width, dtype=bool)
    west, south, east, north = bounds
    across, down = 1e-6 * abs(transform.a), 1e-6 * abs(transform.e)  # a border on the edge of a cell does not reach it
    with as_array(raster) as cells:
        try:
            inside = cells.rio.clip_box(
                west + across, south + down, east - across, north - down, allow_one_dimensional_raster=True
            )
        except NoDataInBounds:
            return np.zeros(raster.height, dtype=bool), np.zeros(raster.width, dtype=bool)
        return np.isin(cells.y, inside.y), np.isin(cells.x, inside.x)


def outside_as_zero(
    block: np.ndarray, window: Window, inside: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
) -> None:
    """Set to 0, in place, what `cells_inside` leaves out of a block."""
    block[~inside[0][window.row_off : window.row_off + window.height], :] = 0
    block[:, ~inside[1][window.col_off : window.col_off + window.width]] = 0


def write_on_grid(
    source: Path, grid_file: Path, target: Path, what: str, *, country: Bounds | None = None, people: bool = True
) -> float:
    """A raster of counts (people a cell) on the country's grid, its total kept; nodata and negatives are 0.

    A raster of another cell size, origin or coordinate system is distributed by the share of each cell that falls into
    the grid's cells. Cells of degrees outside `country`, its bounding box, are left out: nobody there is counted.
    Returns the total on the grid. Raises InputInvalid where more than TOTAL_TOLERANCE of it would be lost or made up,
    and where it holds an undeclared nodata value, or a cell of `people` more than can be (`require_counts`).
    """
    clean = target.with_suffix(".clean.tif")
    with open_raster(source, what) as counts, open_raster(grid_file, "flood map") as grid:
        if counts.crs is None:
            require_degrees(source, counts, what)
        require_within_180(source, counts, what)
        require_plain_band(source, counts, what)
        inside = None if country is None else cells_inside(counts, country)
        same = counts.crs == grid.crs and (counts.width, counts.height) == (grid.width, grid.height)
        same = same and counts.transform.almost_equals(grid.transform, 1e-9)
        direct = target if same else clean
        values = Values(int(inside[0].sum() * inside[1].sum()) if inside else counts.width * counts.height)
        total = 0.0
        with new_raster(direct, counts, "float32", nodata=None) as out:
            for window in windows(counts.width, counts.height):
                raw = read_block(counts, window, what)
                if not raw.any():
                    continue
                block = raw.astype(np.float64)
                block = np.where(np.isfinite(block) & (block > 0), block, 0)
                if inside is not None:
                    outside_as_zero(block, window, inside)
                total += float(block.sum())
                if block.any():
                    values.add(block)
                    out.write(block, window)
        require_counts(values, source, most_people_a_cell(counts) if people else float("inf"), what)
        if total <= 0:
            raise InputInvalid(
                f"the {what} has no value above 0 in the country",
                where=source,
                expected="counts, e.g. people a cell",
                remedy="fetch it again, that of this country",
            )
        if same:
            return total
        _warp(clean, grid, target, what, source)
    clean.unlink()
    kept = _total(target)
    if abs(kept / total - 1) > TOTAL_TOLERANCE:
        raise InputInvalid(
            f"the {what} adds up to {total:,.0f}, on the grid of the flood maps to {kept:,.0f}",
            where=source,
            expected=f"a difference of at most {TOTAL_TOLERANCE:.1%}",
            remedy="extend the flood maps to wherever the country has people, or check that neither raster is shifted",
        )
    return kept


def _warp(clean: Path, grid: DatasetReader, target: Path, what: str, source: Path) -> None:
    """Sum a raster of counts into the cells of the grid."""
    with writing(target):
        out = rasterio.open(target, "w", **profile(grid, "float32"))
    with (
        turned_into(
            InputInvalid,
            f"the {what} cannot be brought onto the grid of the flood maps ({{}})",
            where=source,
            expected="a raster that covers the country, in a coordinate system that leads back to degrees",
            remedy="bring it onto their grid yourself (gdalwarp -r sum)",
        ),
        rasterio.open(clean) as cleaned,
        out,
    ):
        reproject(
            rasterio.band(cleaned, 1),
            rasterio.band(out, 1),
            resampling=Resampling.sum,
            warp_mem_limit=GDAL_CACHE_MIB,
        )


def _total(file: Path) -> float:
    try:
        with rasterio.open(file) as dataset:
            blocks = windows(dataset.width, dataset.height)
            return sum(float(dataset.read(1, window=window).sum(dtype=np.float64)) for window in blocks)
    except RasterioError:
        raise write_failed(file, "it does not read back; is the disk full?") from None


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
                rows += [(window.row_off // BLOCK, window.col_off // BLOCK, int(number) - 1) for number in wet[wet > 0]]
    return [np.array(rows, dtype=np.int32).reshape(-1, 3) for rows in found]
