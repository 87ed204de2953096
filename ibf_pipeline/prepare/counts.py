"""Rasters of counts (people a cell) read to their end, cut to the country and brought onto the grid of its flood maps.

`check` and `prepare` read a raster with the same functions, so that what one refuses the other does not take.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import reproject, transform, transform_bounds
from rasterio.windows import Window
from rioxarray.exceptions import NoDataInBounds

from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import write_errors, write_failed
from ibf_pipeline.prepare.count_statistics import CountStatistics, CountTally
from ibf_pipeline.prepare.grids import Bounds, require_degrees, require_plain_band, require_within_180
from ibf_pipeline.prepare.raster_blocks import (
    GDAL_CACHE_MIB,
    BlockWriter,
    as_array,
    new_raster,
    open_raster,
    raster_profile,
    read_data,
    windows,
)
from ibf_pipeline.prepare.values import Values, how_often, require_declared_nodata

_DEGREES: Final = "EPSG:4326"
_TOTAL_TOLERANCE: Final = 0.005
"""share of all people that may be lost when a population raster is brought onto the grid"""
_DENSEST_PEOPLE: Final = 1_000_000.0
"""people in a square kilometre; the densest quarters of cities reach a tenth of it"""
_KM_A_DEGREE: Final = 111.32


def require_counts(values: Values, source: Path, most: float, what: str) -> None:
    """InputInvalid if a raster of counts, read to its end, holds an undeclared nodata value, or more than can be.

    `most`: people that a cell can hold, as from `most_people_a_cell`.
    """
    require_declared_nodata(values, source, what, depths=False)
    if values.greatest > most:
        raise InputInvalid(
            f"{values.greatest:g} people in one cell",
            where=source,
            expected=f"people a cell, at most {most:,.0f} in a cell of this size",
            remedy="declare the nodata value (`rio edit-info --nodata NUMBER FILE`), or convert it to people a cell",
        )


def most_people_a_cell(raster: DatasetReader) -> float:
    """What no cell of a population raster can hold, from DENSEST_PEOPLE.

    Infinite without a coordinate system, and for cells of less than a square metre: these are degrees called metres.
    """
    if raster.crs is None:
        return float("inf")
    km = _KM_A_DEGREE if raster.crs.is_geographic else raster.crs.linear_units_factor[1] / 1000
    square_km = abs(raster.transform.determinant) * km**2
    return _DENSEST_PEOPLE * square_km if square_km > 1e-6 else float("inf")


@dataclass(frozen=True, slots=True)
class CountryClip:
    """Which cells of a raster count for a country: by rows and columns, and where cells are not degrees one by one."""

    rows: npt.NDArray[np.float64]
    """share of each row that lies in the country's box"""
    columns: npt.NDArray[np.float64]
    of: DatasetReader
    country: Bounds
    is_axis_aligned: bool
    """whether rows and columns are all there is to say"""

    @property
    def cells(self) -> int:
        """How many there are, about."""
        return int(np.count_nonzero(self.rows)) * int(np.count_nonzero(self.columns))

    def apply(self, block: npt.NDArray[np.float64], window: Window) -> tuple[float, float]:
        """Set to 0, in place, what lies outside; returns the total, and that by the shares of cells."""
        rows = self.rows[window.row_off : window.row_off + window.height]
        columns = self.columns[window.col_off : window.col_off + window.width]
        block[rows <= 0, :] = 0
        block[:, columns <= 0] = 0
        if not self.is_axis_aligned and block.any():
            self._drop_outside(block, window)
        total = float(block.sum())
        return total, float(rows @ block @ columns) if self.is_axis_aligned else total

    def _drop_outside(self, block: npt.NDArray[np.float64], window: Window) -> None:
        """By the centres of cells, if a block does not lie inside as a whole."""
        west, south, east, north = self.country
        box = box_in(rasterio.windows.bounds(window, self.of.transform), self.of.crs, _DEGREES)
        if box is not None and box[0] >= west and box[1] >= south and box[2] <= east and box[3] <= north:
            return
        rows, columns = np.nonzero(block)
        x, y = rasterio.transform.xy(self.of.transform, window.row_off + rows, window.col_off + columns)
        lon, lat = (np.array(values) for values in transform(self.of.crs, _DEGREES, x, y))
        outside = ~((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))  # if a centre is nowhere, too
        block[rows[outside], columns[outside]] = 0


def clip_to_country(raster: DatasetReader, country: Bounds) -> CountryClip:
    """What counts of a raster for a country, by its bounding box in degrees."""
    grid = raster.transform
    straight = not (grid.b or grid.d)
    if raster.crs is not None and raster.crs.to_epsg() == 4326 and straight:
        inside = cells_inside(raster, country)
        west, south, east, north = country
        rows = _shares(grid.f + grid.e * np.arange(raster.height + 1), south, north)
        columns = _shares(grid.c + grid.a * np.arange(raster.width + 1), west, east)
        return CountryClip(
            np.where(inside[0], rows, 0), np.where(inside[1], columns, 0), raster, country, is_axis_aligned=True
        )
    rows, columns = np.ones(raster.height), np.ones(raster.width)
    box = box_in(country, _DEGREES, raster.crs) if straight and raster.crs is not None else None
    if box is not None:
        rows = _shares(grid.f + grid.e * np.arange(raster.height + 1), box[1], box[3])
        columns = _shares(grid.c + grid.a * np.arange(raster.width + 1), box[0], box[2])
    return CountryClip(rows, columns, raster, country, is_axis_aligned=False)


def _shares(edges: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    """Of each cell between two edges, the share that lies from `low` to `high`."""
    ends = np.clip(edges, low, high)
    return np.abs(np.diff(ends)) / np.abs(np.diff(edges))


def box_in(bounds: Bounds, given: object, wanted: object) -> Bounds | None:
    """A box of one coordinate system in those of another; None if it has no place there."""
    try:
        box: Bounds = transform_bounds(given, wanted, *bounds)
    except Exception:  # GDAL's own error classes are not public: a corner that lies nowhere on Earth
        return None
    return box if np.isfinite(box).all() else None


def cells_inside(raster: DatasetReader, bounds: Bounds) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows and columns of a raster reach into a box of degrees; all if its cells are not degrees."""
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


def read_counts(
    source: Path, what: str, country: Bounds, *, people: bool = True, out: BlockWriter | None = None
) -> CountStatistics:
    """Read a raster of counts to its end; `out` gets what of it lies in the country, nodata and negatives as 0.

    `country`: its bounding box; what does not reach into it is left out: nobody there is counted.
    Raises InputInvalid if it holds an undeclared nodata value, or a cell of `people` more than can be
    (`require_counts`), or nobody.
    """
    seen = CountTally()
    found = seen.counts
    with open_raster(source, what) as counts:
        if counts.crs is None:
            require_degrees(source, counts, what)
        require_within_180(source, counts, what)
        require_plain_band(source, counts, what)
        cut = clip_to_country(counts, country)
        values = Values(max(cut.cells, 1))
        for window in windows(counts.width, counts.height):
            raw, has_data = read_data(counts, window, what)
            seen.add(raw, has_data, window)
            if not raw.any():
                continue
            block = np.where(has_data, raw, 0).astype(np.float64)
            reaching, inside = cut.apply(block, window)
            found.reaching += reaching
            found.inside += inside
            if reaching:
                values.add(block)
                if out is not None:
                    out.write(block, window)
        require_counts(values, source, most_people_a_cell(counts) if people else float("inf"), what)
        found.data = seen.bounds(counts)
    repeated = values.doubtful()
    found.repeated = "" if repeated is None else how_often(values, repeated)
    if found.reaching <= 0:
        raise InputInvalid(
            f"the {what} has no value above 0 in the country",
            where=source,
            expected="counts, e.g. people a cell",
            remedy="fetch it again, that of this country",
        )
    return found


def write_on_grid(
    source: Path, grid_file: Path, target: Path, what: str, *, country: Bounds, people: bool = True
) -> CountStatistics:
    """A raster of counts on the country's grid, its total in the country kept.

    A raster of another cell size, origin or coordinate system is distributed by the share of each cell that falls into
    the grid's cells. Raises InputInvalid as `read_counts`, and if more than TOTAL_TOLERANCE of the total would be
    lost or made up: the total in the country's box at least, that of all cells that reach into it at most.
    """
    clean = target.with_suffix(".clean.tif")
    with open_raster(source, what) as counts, open_raster(grid_file, "flood map") as grid:
        same = counts.crs == grid.crs and (counts.width, counts.height) == (grid.width, grid.height)
        same = same and counts.transform.almost_equals(grid.transform, 1e-9)
        with new_raster(target if same else clean, counts, "float32", nodata=None) as out:
            found = read_counts(source, what, country, people=people, out=out)
        if same:
            return found
        _warp(clean, grid, target, what, source)
    clean.unlink()
    kept = _total(target)
    if not found.inside * (1 - _TOTAL_TOLERANCE) <= kept <= found.reaching * (1 + _TOTAL_TOLERANCE):
        raise InputInvalid(
            f"the {what} adds up to {found.inside:,.0f}, on the grid of the flood maps to {kept:,.0f}",
            where=source,
            expected=f"a difference of at most {_TOTAL_TOLERANCE:.1%}",
            remedy="extend the flood maps to wherever the country has people, or check that neither raster is shifted",
        )
    return found


def _warp(clean: Path, grid: DatasetReader, target: Path, what: str, source: Path) -> None:
    """Sum a raster of counts into the cells of the grid."""
    with write_errors(target):
        out = rasterio.open(target, "w", **raster_profile(grid, "float32"))
    with (
        errors_as(
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
