"""Ways to spoil or vary a raw forecast file on purpose, one small function each, for tests of the readers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import netCDF4
import numpy as np

ClassicLayout = Literal["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


def leave_out_members(day_folder: Path, members: Iterable[int]) -> None:
    """Delete the files of these members."""
    for member in members:
        for file in day_folder.glob(f"dis_{member:02d}_*.nc"):
            file.unlink()


def blank_lead_time(file: Path, lead_time: int) -> None:
    """Make one day of a member missing everywhere."""
    with netCDF4.Dataset(file, "a") as data:
        data["dis"][lead_time] = np.ma.masked


def shift_days(file: Path, days: int) -> None:
    """Move all stamps by some days, as if the file were of another run; its name stays."""
    with netCDF4.Dataset(file, "a") as data:
        first = date.fromisoformat(data["time"].units.removeprefix("days since "))
        data["time"].units = f"days since {first + timedelta(days=days)}"


def unround(files: Iterable[Path]) -> None:
    """Give the generated numbers, which have one decimal, as many digits as a model's."""
    for file in files:
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][:] = data["dis"][:] * np.float32(1.00037)


def rename_variable(file: Path, name: str) -> None:
    """Call the discharge something else."""
    with netCDF4.Dataset(file, "a") as data:
        data.renameVariable("dis", name)


def set_unit(file: Path, unit: str) -> None:
    """State another unit; the numbers stay."""
    with netCDF4.Dataset(file, "a") as data:
        data["dis"].units = unit


def make_classic(file: Path, layout: ClassicLayout = "NETCDF3_CLASSIC") -> None:
    """Write a member's file again in a classic netCDF layout, its end where that layout has it."""
    old = file.with_suffix(".old")
    file.rename(old)
    with netCDF4.Dataset(old) as data, netCDF4.Dataset(file, "w", format=layout) as out:
        out.setncatts({name: data.getncattr(name) for name in data.ncattrs()})
        for name, dimension in data.dimensions.items():
            out.createDimension(name, len(dimension))
        for name, variable in data.variables.items():
            attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
            fill = attributes.pop("_FillValue", None)
            copy = out.createVariable(name, variable.dtype, variable.dimensions, fill_value=fill)
            copy.setncatts(attributes)
            copy[:] = variable[:]
    old.unlink()


def truncate(file: Path, size: int) -> None:
    """Cut the file off after `size` bytes; 0 leaves an empty file, as a broken download does."""
    with file.open("r+b") as stream:
        stream.truncate(size)


def turn_longitudes(file: Path) -> None:
    """Count longitudes 360 degrees further."""
    with netCDF4.Dataset(file, "a") as data:
        data["lon"][:] = data["lon"][:] + 360.0


def flip_latitudes(file: Path) -> None:
    """Order latitudes from south to north, the discharge with them: the same forecast, another layout."""
    with netCDF4.Dataset(file, "a") as data:
        data["lat"][:] = data["lat"][::-1]
        data["dis"][:] = data["dis"][:, ::-1, :]
