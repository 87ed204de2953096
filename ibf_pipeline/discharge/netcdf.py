"""GloFAS netCDF files: one member a file (FTP product) or a member dimension (EWDS)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.discharge import names
from ibf_pipeline.discharge.file_discharge import FieldKey, FileDischarge, ReadWindow, StationCells, lead_time_steps
from ibf_pipeline.discharge.version import version_in_attributes
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.netcdf import netcdf_file

_MEMBER_FILE = re.compile(r"dis_(\d{2,3})_(\d{8})00(?:_\w+)?\.nc$", re.IGNORECASE)
_SECONDS = {"hours": 3600, "hour": 3600, "h": 3600, "days": 86400, "day": 86400, "seconds": 1}
"""units of a time since the run"""


def read_netcdf(file: Path, cells: StationCells, issue_date: date, lead_times: int) -> FileDischarge:
    with netcdf_file(file) as data:
        require_netcdf4(data, file)
        variable = data[names.find_variable(data.variables, file)]
        names.check_unit(getattr(variable, "units", None), file)
        axis = {role: names.find_coordinate(role, variable.dimensions, file) for role in ("lat", "lon")}
        axis["time"] = _time_axis(variable, file)
        member_axis = next((name for name in names.COORDINATES["member"] if name in variable.dimensions), None)
        _require_coordinates(data, [axis["lat"], axis["lon"], *([member_axis] if member_axis else [])], file)
        extra = set(variable.dimensions) - {*axis.values(), member_axis}
        if any(variable.shape[variable.dimensions.index(name)] != 1 for name in extra):
            raise InputInvalid(
                f"unknown dimensions {sorted(extra)}",
                where=file,
                expected="time, lat, lon and member",
                remedy="check that this is a GloFAS river discharge file",
            )
        steps = lead_time_steps(stamps_of(data, axis["time"], file), issue_date, file, lead_times)
        _require_run(data, axis["time"], issue_date, file)
        count = 1 if member_axis is None else variable.shape[variable.dimensions.index(member_axis)]
        lat, lon = (np.asarray(data[axis[role]][:]) for role in ("lat", "lon"))
        window = ReadWindow.of(lat, lon, cells, file, count)
        members = _members(data, member_axis, file, issue_date)
        roles = {
            axis["time"]: slice(steps.min(), steps.max() + 1),
            axis["lat"]: window.rows,
            axis["lon"]: window.columns,
        }
        read = variable[tuple(roles.get(name, slice(None)) for name in variable.dimensions)].astype(np.float32)
        days = xr.DataArray(np.ma.filled(read, np.nan), dims=variable.dimensions).isel(dict.fromkeys(extra, 0))
        if member_axis is None:
            days = days.expand_dims("member")
        order = (member_axis or "member", axis["time"], axis["lat"], axis["lon"])
        block = days.transpose(*order).values[:, steps - steps.min()]
        values = window.sample(block, file)
        fields = tuple(tuple(FieldKey.of(field) for field in member) for member in block)
        version = version_in_attributes({name: data.getncattr(name) for name in data.ncattrs()}, file)
    return FileDischarge(members, values, window.outside, fields, version)


def _require_coordinates(data: Any, dimensions: Sequence[str], file: Path) -> None:
    without = [name for name in dimensions if name not in data.variables]
    if without:
        raise InputInvalid(
            f"the dimension {without[0]} has no coordinate: nothing says what its positions stand for",
            where=file,
            expected="a variable of the same name, such as number with 0 for the control",
            remedy="the tool that made the file left it out: take the file as the service delivers it",
        )


def _time_axis(variable: Any, file: Path) -> str:
    """The dimension of the days; an EWDS file may have the run itself as a `time` of length 1 beside `step`."""
    lengths = dict(zip(variable.dimensions, variable.shape, strict=True))
    days = [name for name in names.COORDINATES["time"] if lengths.get(name, 1) != 1]
    return names.find_coordinate("time", days or variable.dimensions, file)


def require_netcdf4(data: Any, file: Path) -> None:
    """InputInvalid for a classic netCDF file: if one was cut off, the library reads 0 m3/s and says nothing."""
    if not data.data_model.startswith("NETCDF4"):
        raise InputInvalid(
            f"a classic netCDF file ({data.data_model})",
            where=file,
            expected="netCDF-4, as the GloFAS product is: of a classic file nobody can tell whether its end is missing",
            remedy="fetch the original, or convert a file that is surely whole with nccopy -k nc4",
        )


def stamps_of(data: Any, name: str, file: Path) -> npt.NDArray[np.datetime64]:
    """Valid times in days; EWDS netCDF keeps `forecast_period`, `time` or `step` as dimension and the stamps in
    `valid_time`, or the run in `forecast_reference_time` and the hours or days since then in the dimension.
    """
    for candidate in ("valid_time", name):
        if candidate in data.variables and " since " in str(getattr(data[candidate], "units", "")):
            return _moments(data[candidate])
    run, seconds = _run_of(data, name), _SECONDS.get(str(getattr(data.variables.get(name), "units", "")))
    if run is not None and seconds is not None:
        periods = np.ma.filled(data[name][:].astype(float), np.nan)
        return run + (seconds * periods).astype("timedelta64[s]")
    raise InputInvalid(
        f"the coordinate {name} says no dates",
        where=file,
        expected="days or hours since a date",
        remedy="check that this is a GloFAS river discharge file",
    )


def _moments(variable: Any) -> npt.NDArray[np.datetime64]:
    numbers = np.ravel(np.ma.filled(variable[:], np.nan))
    moments: Any = netCDF4.num2date(numbers, variable.units, getattr(variable, "calendar", "standard"))
    return np.array([f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in moments], dtype="datetime64[s]")


def _run_of(data: Any, days: str) -> np.datetime64 | None:
    """When the run began, where a file says it: in the one value of `forecast_reference_time`, or of a `time` that is
    not the dimension of the days.
    """
    for name in ("forecast_reference_time", "time"):
        run = data.variables.get(name)
        if run is not None and name != days and run.size == 1 and " since " in str(getattr(run, "units", "")):
            return np.datetime64(_moments(run)[0], "s")
    return None


def _require_run(data: Any, days: str, issue_date: date, file: Path) -> None:
    """InputInvalid if a file's statement of its run contradicts the days that it is about."""
    run = _run_of(data, days)
    if run is not None and run != np.datetime64(issue_date, "s"):
        raise InputInvalid(
            f"its days are those of the run of {issue_date}, and it names the run of {str(run)[:13]}h",
            where=file,
            expected=f"the run of {issue_date} 00 UTC, whatever tells it",
            remedy="find out of which run it is; fetch it again as the service delivers it",
        )


def _members(data: Any, axis: str | None, file: Path, issue_date: date) -> tuple[int, ...]:
    if axis is not None:
        return tuple(int(number) for number in data[axis][:])
    single = next((data[name] for name in names.COORDINATES["member"] if name in data.variables), None)
    number = None if single is None or single.size != 1 else int(np.ravel(single[...])[0])
    named = _MEMBER_FILE.search(file.name)
    if named is None:
        if number is not None:
            return (number,)
        raise InputInvalid(
            "neither a coordinate `number` nor a file name that tells the member",
            where=file,
            expected="`number`, 0 being the control, or dis_<member>_<YYYYMMDD>00.nc",
            remedy="keep the names of the FTP product, or the coordinates of the EWDS",
        )
    if named.group(2) != f"{issue_date:%Y%m%d}":
        raise InputInvalid(
            f"a file of {named.group(2)}",
            where=file,
            expected=f"the issue date {issue_date}",
            remedy="remove it, or put it into the folder of its own day",
        )
    if number not in (None, int(named.group(1))):
        raise InputInvalid(
            f"its name says member {int(named.group(1))}, and it is member {number}",
            where=file,
            expected="one number for a member, whatever tells it",
            remedy="find out which of the two is right; fetch it again as the service delivers it",
        )
    return (int(named.group(1)),)
