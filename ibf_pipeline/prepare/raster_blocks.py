"""Rasters read and written block by block: never a whole raster in memory, never a damaged one taken for whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
import rioxarray
import xarray as xr
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import atomic_path, write_errors, write_failed

BLOCK_CELLS: Final = 512
"""cells; width and height of the tiles of every raster that we write"""
GDAL_CACHE_MIB: Final = 64
"""GDAL's own block cache follows the machine's memory unless it is limited"""


@contextmanager
def bounded_gdal() -> Iterator[None]:
    """GDAL with a small cache."""
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_MIB):
        yield


def windows(width: int, height: int) -> Iterator[Window]:
    """The blocks of a raster, row by row."""
    for row in range(0, height, BLOCK_CELLS):
        for column in range(0, width, BLOCK_CELLS):
            yield Window(column, row, min(BLOCK_CELLS, width - column), min(BLOCK_CELLS, height - row))


def raster_profile(like: DatasetReader | DatasetWriter, dtype: str) -> dict[str, Any]:
    """A tiled, compressed, sparse GeoTIFF on the grid of another raster, nodata 0."""
    return {
        "driver": "GTiff",
        "width": like.width,
        "height": like.height,
        "count": 1,
        "dtype": dtype,
        "crs": like.crs,
        "transform": like.transform,
        "nodata": 0,
        "tiled": True,
        "blockxsize": BLOCK_CELLS,
        "blockysize": BLOCK_CELLS,
        "compress": "deflate",
        "predictor": 3 if dtype.startswith("float") else 2,
        "SPARSE_OK": True,
        "BIGTIFF": "IF_SAFER",
    }


@contextmanager
def open_raster(file: Path, what: str) -> Iterator[DatasetReader]:
    """A raster open for reading, with the pipeline's own errors; read it with `read_block` or `as_array`."""
    if not file.is_file():
        raise InputInvalid(
            f"there is no {what}",
            where=file,
            expected="a GeoTIFF",
            remedy="add the file to the country's static data",
        )
    try:
        dataset = rasterio.open(file)
    except RasterioError as error:
        raise InputInvalid(
            f"the {what} cannot be read ({_first_line(error)})",
            where=file,
            expected="a whole GeoTIFF",
            remedy="it is damaged, empty or something else: fetch it again",
        ) from None
    with dataset:
        yield dataset


def read_block(dataset: DatasetReader, window: Window, what: str) -> npt.NDArray[Any]:
    """The first band in a window, nodata as 0; InputInvalid, naming the file, if it is damaged."""
    try:
        if dataset.nodata == 0 and MaskFlags.per_dataset not in dataset.mask_flag_enums[0]:
            return np.asarray(dataset.read(1, window=window))  # nothing to replace, and no mask to make
        block: npt.NDArray[Any] = dataset.read(1, window=window, masked=True).filled(0)
    except RasterioError as error:
        raise _damaged(dataset.name, what, error) from None
    return block


def read_data(dataset: DatasetReader, window: Window, what: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The same, and which of its cells have data: a number of at least 0 that is not nodata."""
    if dataset.nodata == 0:
        block = read_block(dataset, window, what)
        return block, (block > 0) & (block < np.inf)
    try:
        masked = dataset.read(1, window=window, masked=True)
    except RasterioError as error:
        raise _damaged(dataset.name, what, error) from None
    block = masked.filled(0)
    return block, ~np.ma.getmaskarray(masked) & (block >= 0) & (block < np.inf)


@contextmanager
def as_array(dataset: DatasetReader) -> Iterator[xr.DataArray]:
    """The first band of an open raster as an array (y, x) with its coordinates, nodata as NaN; nothing is read yet.

    Cut a part out of it and read that with `read_part`. Not for every block of a country: `read_block` makes no mask
    if nodata is 0. Nor for another grid: `.rio.reproject` holds the rasters of both in memory, GDAL warps from file
    to file in bounded memory.
    """
    name = dataset.subdatasets[0] if dataset.subdatasets else dataset.name  # a file of several pages: its first
    bands: Any = rioxarray.open_rasterio(name, masked=True, cache=False, lock=False)
    with bands:
        yield bands[0]


def read_part(part: xr.DataArray, what: str) -> npt.NDArray[np.floating]:
    """The values of a part of `as_array`; InputInvalid, naming the file, if it is damaged."""
    try:
        return np.asarray(part.values)
    except RasterioError as error:
        raise _damaged(part.encoding["source"], what, error) from None


def _damaged(file: str, what: str, error: RasterioError) -> InputInvalid:
    return InputInvalid(
        f"the {what} is damaged ({_first_line(error)})",
        where=file,
        expected="a whole GeoTIFF",
        remedy="fetch it again",
    )


def _first_line(error: Exception) -> str:
    cause = error.__cause__ if error.__cause__ is not None else error
    return " ".join(str(cause).split()) or type(error).__name__


class BlockWriter:
    """Writes blocks of a raster and remembers them, so that they can be compared with what is on disk."""

    def __init__(self, dataset: DatasetWriter, file: Path) -> None:
        self._dataset = dataset
        self._file = file
        self._dtype = dataset.dtypes[0]
        self._written: list[tuple[int, Window, int]] = []

    def write(self, block: npt.NDArray[Any], window: Window, band: int = 1) -> None:
        """Write one block; WriteFailed if the disk is full."""
        block = np.ascontiguousarray(block, dtype=self._dtype)
        with write_errors(self._file):
            self._dataset.write(block, band, window=window)
        self._written.append((band, window, zlib.crc32(block.data)))

    def require_same(self, written: Path) -> None:
        """Read every block back from where it was written; WriteFailed if one differs."""
        try:
            with rasterio.open(written) as dataset:
                same = all(
                    zlib.crc32(np.ascontiguousarray(dataset.read(band, window=window)).data) == checksum
                    for band, window, checksum in self._written
                )
        except RasterioError:
            same = False
        if not same:
            raise write_failed(self._file, "it does not read back as it was written; is the disk full?")


@contextmanager
def new_raster(file: Path, like: DatasetReader | DatasetWriter, dtype: str, **more: Any) -> Iterator[BlockWriter]:
    """A raster as in `profile`, written block by block, that appears under its name only when it is whole.

    It is read back at the end: GDAL keeps blocks until it closes a file, and says nothing if they do not fit on
    the disk then.
    """
    with atomic_path(file) as partial:
        with rasterio.open(partial, "w", **{**raster_profile(like, dtype), **more}) as dataset:
            writer = BlockWriter(dataset, file)
            yield writer
        writer.require_same(partial)
