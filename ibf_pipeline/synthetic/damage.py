"""Ways to spoil or vary a raw forecast file on purpose, one small function each, for tests of the readers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import netCDF4
import numpy as np


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


def rename_variable(file: Path, name: str) -> None:
    """Call the discharge something else."""
    with netCDF4.Dataset(file, "a") as data:
        data.renameVariable("dis", name)


def set_unit(file: Path, unit: str) -> None:
    """State another unit; the numbers stay."""
    with netCDF4.Dataset(file, "a") as data:
        data["dis"].units = unit


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
