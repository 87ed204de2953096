"""GloFAS files of one issue date to one cube of discharge (member, lead_time, station)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.discharge import names
from ibf_pipeline.discharge.cells import CENTRE_TOLERANCE, GLOFAS_CELL, indices_in
from ibf_pipeline.discharge.version import version_in_attributes
from ibf_pipeline.errors import IbfError, InputInvalid
from ibf_pipeline.forecast.rule import LEAD_TIMES

LARGEST_DISCHARGE: Final = 1e6
"""m3/s; five times the Amazon: larger numbers are damage, not water"""
_MEMBER_FILE = re.compile(r"dis_(\d{2,3})_(\d{8})00(?:_\w+)?\.nc$")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StationCells:
    """Stations and the centre of the GloFAS cell each one was given by `prepare`."""

    codes: tuple[str, ...]
    lat: npt.NDArray[np.float64]
    """(station,) degrees north"""
    lon: npt.NDArray[np.float64]
    """(station,) degrees east, -180..180"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one file holds for the stations."""

    members: tuple[int, ...]
    values: Floats
    """(member, lead_time, station) m3/s; NaN where missing or outside the grid"""
    outside: npt.NDArray[np.bool_]
    """(station,) true where the file's grid does not reach the station"""
    version: str | None = None
    process_ids: tuple[int, ...] = field(default=())


def read_cube(
    files: Sequence[Path], cells: StationCells, issue_date: date, *, source: str = "", version: str | None = None
) -> xr.DataArray:
    """Discharge of an ensemble at the stations' cells.

    `files`: netCDF (one or more members each) or GRIB2 (control and perturbed); `version`: the GloFAS version that the
    source declares, used where the files state none.

    Returns float32 m3/s, dims (member, lead_time, station), coordinates member (0 = control), lead_time (days; 0 is the
    mean of the issue date), station (code), outside (station, bool); attrs units, source, glofas_version,
    glofas_process_ids, issue_date.

    Raises InputInvalid where a file is damaged, of another day, area, grid, variable or unit, or members repeat.
    Source: GloFAS stamps the END of the 24 h mean, so the lead time is stamp - 1 day - issue date.
    """
    parts = [_read_part(file, cells, issue_date) for file in files]
    if not parts:
        raise InputInvalid("no file to read", expected="netCDF or GRIB2 files of one issue date")
    members = [member for part in parts for member in part.members]
    twice = sorted({member for member in members if members.count(member) > 1})
    if twice:
        raise InputInvalid(
            f"member {twice[0]} is there more than once",
            where=files[0].parent,
            expected="every member once",
            remedy="remove the files of the other run",
        )
    stated = sorted({part.version for part in parts if part.version is not None})
    if len(stated) > 1:
        raise InputInvalid(
            f"files of GloFAS versions {' and '.join(stated)} lie together", where=files[0].parent, expected="one run"
        )
    order = np.argsort(members)
    values = np.concatenate([part.values for part in parts])[order]
    outside = np.logical_or.reduce([part.outside for part in parts])
    process_ids = sorted({process for part in parts for process in part.process_ids})
    return xr.DataArray(
        values,
        dims=("member", "lead_time", "station"),
        coords={
            "member": np.asarray(members)[order],
            "lead_time": list(LEAD_TIMES),
            "station": list(cells.codes),
            "outside": ("station", outside),
        },
        name="discharge",
        attrs={
            "units": "m3 s-1",
            "long_name": "mean river discharge of the day",
            "source": source,
            "glofas_version": stated[0] if stated else (version or ""),
            "glofas_process_ids": process_ids,
            "issue_date": issue_date.isoformat(),
        },
    )


def _read_part(file: Path, cells: StationCells, issue_date: date) -> Part:
    if not file.is_file() or file.stat().st_size == 0:
        raise InputInvalid(
            "the file is empty" if file.is_file() else "the file is not there",
            where=file,
            expected="a GloFAS forecast file",
            remedy="delete it and fetch it again",
        )
    reader: Callable[[Path, StationCells, date], Part] = _read_netcdf if file.suffix == ".nc" else _read_grib
    try:
        return reader(file, cells, issue_date)
    except IbfError:
        raise
    except Exception as error:  # what a damaged file makes of the C libraries is not limited to a few types
        raise InputInvalid(
            f"the file cannot be read: {' '.join(str(error).split()) or type(error).__name__}",
            where=file,
            expected="a whole netCDF file" if file.suffix == ".nc" else "a whole GRIB2 file",
            remedy="it is damaged or was cut off: delete it and fetch it again",
        ) from error


def _read_netcdf(file: Path, cells: StationCells, issue_date: date) -> Part:
    with netCDF4.Dataset(file) as data:
        variable = data[names.find_variable(data.variables, file)]
        names.check_unit(getattr(variable, "units", None), file)
        axis = {role: names.find(role, variable.dimensions, file) for role in ("lat", "lon", "time")}
        member_axis = next((name for name in names.COORDINATES["member"] if name in variable.dimensions), None)
        extra = set(variable.dimensions) - {*axis.values(), member_axis}
        if any(variable.shape[variable.dimensions.index(name)] != 1 for name in extra):
            raise InputInvalid(f"unknown dimensions {sorted(extra)}", where=file, expected="time, lat, lon and member")
        steps = _steps(_netcdf_stamps(data, axis["time"], file), issue_date, file)
        window = _Window.of(np.asarray(data[axis["lat"]][:]), np.asarray(data[axis["lon"]][:]), cells, file)
        members = _netcdf_members(data, member_axis, file, issue_date)
        roles = {
            axis["time"]: slice(steps.min(), steps.max() + 1),
            axis["lat"]: window.rows,
            axis["lon"]: window.columns,
        }
        block = np.ma.filled(
            variable[tuple(roles.get(name, slice(None)) for name in variable.dimensions)].astype(np.float32), np.nan
        )
        kept = [name for name in variable.dimensions if name not in extra]
        block = block.reshape(
            [n for n, name in zip(block.shape, variable.dimensions, strict=True) if name not in extra]
        )
        order = [name for name in (member_axis, axis["time"], axis["lat"], axis["lon"]) if name is not None]
        block = np.transpose(block, [kept.index(name) for name in order])
        if member_axis is None:
            block = block[np.newaxis]
        values = window.sample(block[:, steps - steps.min()], file)
        version = version_in_attributes({name: data.getncattr(name) for name in data.ncattrs()})
    return Part(members, values, window.outside, version)


def _netcdf_stamps(data: Any, name: str, file: Path) -> npt.NDArray[np.datetime64]:
    """Valid times in days; EWDS netCDF keeps `time` or `step` as dimension and the stamps in `valid_time`."""
    for candidate in ("valid_time", name):
        if candidate in data.variables and " since " in str(getattr(data[candidate], "units", "")):
            variable = data[candidate]
            numbers = np.ravel(np.ma.filled(variable[:], np.nan))
            moments: Any = netCDF4.num2date(numbers, variable.units, getattr(variable, "calendar", "standard"))
            return np.array([f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in moments], dtype="datetime64[s]")
    raise InputInvalid(f"the coordinate {name} says no dates", where=file, expected="days or hours since a date")


def _netcdf_members(data: Any, axis: str | None, file: Path, issue_date: date) -> tuple[int, ...]:
    if axis is not None:
        return tuple(int(number) for number in data[axis][:])
    named = _MEMBER_FILE.search(file.name)
    if named is None:
        raise InputInvalid(
            "neither a member dimension nor a file name that tells the member",
            where=file,
            expected="dis_<member>_<YYYYMMDD>00.nc",
            remedy="keep the names of the FTP product",
        )
    if named.group(2) != f"{issue_date:%Y%m%d}":
        raise InputInvalid(f"a file of {named.group(2)}", where=file, expected=f"the issue date {issue_date}")
    return (int(named.group(1)),)


def _read_grib(file: Path, cells: StationCells, issue_date: date) -> Part:
    import cfgrib  # loads the GRIB library: only where a GRIB file is read

    parts: list[Part] = []
    for data_type in ("cf", "pf"):
        chosen = {"filter_by_keys": {"dataType": data_type}, "read_keys": ["generatingProcessIdentifier"]}
        datasets = cfgrib.open_datasets(str(file), backend_kwargs={"indexpath": "", **chosen})  # no .idx beside inputs
        parts += [_grib_part(data, file, cells, issue_date) for data in datasets]
    if not parts:
        raise InputInvalid("no control or perturbed forecast", where=file, expected="GRIB dataType cf and pf")
    if sorted({part.outside.tobytes() for part in parts})[1:]:
        raise InputInvalid("members on different grids", where=file, expected="one grid")
    return Part(
        tuple(member for part in parts for member in part.members),
        np.concatenate([part.values for part in parts]),
        parts[0].outside,
        process_ids=tuple(sorted({process for part in parts for process in part.process_ids})),
    )


def _grib_part(data: xr.Dataset, file: Path, cells: StationCells, issue_date: date) -> Part:
    variable = data[names.find_variable([str(name) for name in data.data_vars], file)]
    names.check_unit(variable.attrs.get("units"), file)
    lat = names.find("lat", [str(dim) for dim in variable.dims], file)
    lon = names.find("lon", [str(dim) for dim in variable.dims], file)
    stamps = np.ravel(data["valid_time"].values).astype("datetime64[s]")
    steps = _steps(stamps, issue_date, file)
    window = _Window.of(data[lat].values, data[lon].values, cells, file)
    for name in ("number", "step"):
        if name not in variable.dims:
            variable = variable.expand_dims(name)
    block = variable.transpose("number", "step", lat, lon)[:, steps, window.rows, window.columns].values
    process = variable.attrs.get("GRIB_generatingProcessIdentifier")
    return Part(
        tuple(int(number) for number in np.ravel(variable["number"].values)),
        window.sample(block.astype(np.float32), file),
        window.outside,
        process_ids=() if process is None else (int(process),),
    )


def _steps(stamps: npt.NDArray[np.datetime64], issue_date: date, file: Path) -> npt.NDArray[np.int64]:
    """Positions of lead times 0..7 among END-of-day stamps; InputInvalid where one is missing."""
    hours = (stamps - np.datetime64(issue_date, "s")) / np.timedelta64(1, "h")
    if len(hours) == 0 or hours.max() < 24 or hours.min() > 24:
        raise InputInvalid(
            f"the file covers {_span(stamps)}",
            where=file,
            expected=f"daily means of the run of {issue_date}, the first one stamped 24 h later",
            remedy="fetch the file of this issue date",
        )
    wanted = [24 * (lead_time + 1) for lead_time in LEAD_TIMES]
    missing = [f"{hour // 24 - 1}-day" for hour in wanted if hour not in hours]
    if missing:
        raise InputInvalid(
            f"lead times {', '.join(missing)} are missing; the file covers {_span(stamps)}",
            where=file,
            expected="lead times 0-day to 7-day",
            remedy="fetch the file again with all lead times",
        )
    return np.array([int(np.flatnonzero(hours == hour)[0]) for hour in wanted])


def _span(stamps: npt.NDArray[np.datetime64]) -> str:
    return f"{str(stamps.min())[:13]}h to {str(stamps.max())[:13]}h" if len(stamps) else "no time"


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows and columns of a file that hold the stations, so that a global file is not read whole."""

    rows: slice
    columns: slice
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    outside: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, lat: npt.NDArray[Any], lon: npt.NDArray[Any], cells: StationCells, file: Path) -> _Window:
        lat, lon = lat.astype(float), lon.astype(float)
        for name, axis in (("latitude", lat), ("longitude", lon)):
            spacing = np.abs(np.diff(axis))
            if (
                axis.ndim != 1
                or not np.isfinite(axis).all()
                or (np.abs(spacing - GLOFAS_CELL) > CENTRE_TOLERANCE).any()
            ):
                raise InputInvalid(
                    f"cells of {np.median(spacing):g} degrees {name}" if spacing.size else f"no {name} axis",
                    where=file,
                    expected=f"{GLOFAS_CELL} degrees (GloFAS v4)",
                    remedy="use the operational GloFAS v4 grid",
                )
        turn = 360.0 * np.rint((lon.mean() - cells.lon) / 360.0)
        row, column = indices_in(lat, cells.lat), indices_in(lon, cells.lon + turn)
        outside = (row < 0) | (column < 0)
        if outside.all():
            raise InputInvalid(
                f"the file covers latitude {lat.min():g}..{lat.max():g}, longitude {lon.min():g}..{lon.max():g}: "
                f"none of the {len(outside)} stations",
                where=file,
                expected="the country's stations",
                remedy="fetch the area of this country",
            )
        inside = ~outside
        rows = slice(int(row[inside].min()), int(row[inside].max()) + 1)
        columns = slice(int(column[inside].min()), int(column[inside].max()) + 1)
        return cls(rows, columns, row - rows.start, column - columns.start, outside)

    def sample(self, block: Floats, file: Path) -> Floats:
        """(member, lead_time, row, column) of the window to (member, lead_time, station), NaN outside the grid."""
        row, column = np.where(self.outside, 0, self.row), np.where(self.outside, 0, self.column)
        values = np.where(self.outside, np.float32(np.nan), block[:, :, row, column])
        if (values > LARGEST_DISCHARGE).any():
            raise InputInvalid(
                f"a discharge of {np.nanmax(values):g} m3/s",
                where=file,
                expected=f"0 to {LARGEST_DISCHARGE:g} m3/s",
                remedy="the file is damaged: fetch it again",
            )
        return np.where(values >= 0, values, np.float32(np.nan)).astype(np.float32)


def find_files(folder: Path) -> list[Path]:
    """The forecast files of one day's folder: GRIB2 where there is any, else netCDF; in the order of their names."""
    for pattern in ("*.grib2", "*.grib", "*.nc"):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    return []


def members_missing(present: Iterable[int], expected: int) -> list[int]:
    """Member numbers 0..expected-1 that are not there."""
    return sorted(set(range(expected)) - set(present))
