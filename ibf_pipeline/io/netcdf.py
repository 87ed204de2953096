"""netCDF files, read and written by one thread at a time: two at once crash the process in the libraries below."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import netCDF4
import xarray as xr

FILE_LIBRARIES: Final = threading.RLock()
"""held while netCDF or GRIB files are read or written; by a thread as often as it likes"""


@contextmanager
def open_netcdf(file: Path) -> Iterator[xr.Dataset]:
    """A netCDF-4 file as xarray sees it. What is used after the block has to be loaded within it.

    Raises
    ------
    OSError, RuntimeError, ValueError
        What xarray and netCDF4 raise if the file is damaged.
    """
    with FILE_LIBRARIES, xr.open_dataset(file, engine="netcdf4") as data:
        yield data


def write_netcdf(data: xr.Dataset, file: Path, encoding: Mapping[str, Any] | None = None) -> None:
    """Write a netCDF-4 file.

    Parameters
    ----------
    data : xarray.Dataset
        What is written.
    file : Path
        Its folder has to be there.
    encoding : mapping, optional
        Variable -> encoding, as xarray takes it.
    """
    with FILE_LIBRARIES:
        data.to_netcdf(file, engine="netcdf4", encoding=encoding)


@contextmanager
def netcdf_file(file: Path, mode: Literal["r", "w"] = "r") -> Iterator[netCDF4.Dataset]:
    """A netCDF file of any kind, as the library below xarray sees it; written as netCDF-4."""
    with FILE_LIBRARIES, netCDF4.Dataset(file, mode) as data:
        yield data
