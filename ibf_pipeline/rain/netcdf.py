"""Precipitation in netCDF and HDF5 files: regular grids, rotated ones, and IMERG with its group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import netCDF4
import numpy as np
import numpy.typing as npt

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.netcdf import netcdf_file
from ibf_pipeline.rain.classic_netcdf import bytes_missing
from ibf_pipeline.rain.declaration import RainDeclaration, contradiction, unit_of
from ibf_pipeline.rain.fields import FileFields, Moment, RainField, Span, millimetres
from ibf_pipeline.rain.grid import Bounds, GridSubset, Pole, cut_out

_VARIABLES: Final = (
    "precipitation", "precipitationCal", "tp", "apcp", "apcpsfc", "APCP_surface", "precip_accumulation", "pr", "prate",
    "rain", "rainfall", "rainfall_amount", "total_precipitation", "precipitation_amount", "RAIN_TOT", "TOT_PREC",
)  # fmt: skip
_LAT: Final = ("lat", "latitude", "rlat", "y")
_LON: Final = ("lon", "longitude", "rlon", "x")
_TIME: Final = ("valid_time", "step", "forecast_period", "lead_time", "time")
_MEMBER: Final = ("number", "member", "realization", "ensemble", "ensemble_member")
_ROTATED: Final = "rotated_latitude_longitude"


def read_netcdf(file: Path, reads: RainDeclaration, bounds: Bounds, run: Moment | None) -> FileFields:
    """The precipitation of a netCDF or HDF5 file, cut to `bounds`.

    `run`: when the run began, as whoever fetched the file knows it; InputInvalid if the file says another one.
    Steps come from the bounds of its times (CF) where there are any.
    """
    with netcdf_file(file) as data:
        _require_whole(data, file)
        group, variable = _variable(data, reads, file)
        lat, lon = (
            _dimension(names, variable, file, what) for names, what in ((_LAT, "latitude"), (_LON, "longitude"))
        )
        pole = _pole(group, variable, lat, reads, file)
        cut = cut_out(_axis(group, lat, file), _axis(group, lon, file), bounds, file, pole)
        time = _time_dimension(variable)
        stamps, spans, stated = _times(group, variable, time, file)
        if stated is not None and run is not None and stated != run:
            raise InputInvalid(
                f"the run of {stated} UTC", where=file, expected=f"the run of {run} UTC", remedy="fetch the right file"
            )
        numbered = next((name for name in _MEMBER if name in variable.dimensions), None)
        members = [0] if numbered is None else [int(number) for number in _axis(group, numbered, file)]
        unit = unit_of(_unit(variable), reads, file)
        values = millimetres(_values(variable, (numbered, time, lat, lon), cut, file), unit, reads)
    fields = [
        RainField(member, stamp, span, values[row, place], unit.is_rate, file)
        for row, member in enumerate(members)
        for place, (stamp, span) in enumerate(zip(stamps, spans, strict=True))
    ]
    return FileFields(fields, cut.grid, stated or run)


def _require_whole(data: Any, file: Path) -> None:
    """A classic file that was cut off is read as 0 mm without a word: missing rain would be dry."""
    lacking = 0 if data.data_model.startswith("NETCDF4") else bytes_missing(file)
    if lacking:
        raise InputInvalid(
            f"the last {lacking:,} bytes are missing",
            where=file,
            expected="a whole netCDF file",
            remedy="fetch it again",
        )


def _variable(data: Any, reads: RainDeclaration, file: Path) -> tuple[Any, Any]:
    """The group and the variable of the precipitation, in the root or in one of its groups."""
    wanted = _VARIABLES if reads.variable is None else (reads.variable,)
    groups = [data, *data.groups.values()]
    found = [(group, group[name]) for group in groups for name in wanted if name in group.variables]
    if len(found) != 1:
        there = [name for group in groups for name in group.variables]
        raise InputInvalid(
            f"{'no' if not found else 'more than one'} precipitation among {', '.join(there) or 'no variable'}",
            where=file,
            expected="one of " + ", ".join(wanted),
            remedy="declare which `variable` of the source it is",
        )
    return found[0]


def _dimension(names: Sequence[str], variable: Any, file: Path, what: str) -> str:
    for name in names:
        if name in variable.dimensions:
            return name
    raise InputInvalid(
        f"no {what} among the dimensions {', '.join(variable.dimensions)}",
        where=file,
        expected="one of " + ", ".join(names),
        remedy="check that this is a grid in degrees",
    )


def _unit(variable: Any) -> str:
    """ "" where there is none; NASA also writes `Units`."""
    return str(getattr(variable, "units", getattr(variable, "Units", "")))


def _axis(group: Any, name: str, file: Path) -> npt.NDArray[Any]:
    """Coordinates of a dimension, plain numbers; InputInvalid if they are none, or metres."""
    variable = group.variables.get(name)
    unit = "" if variable is None else _unit(variable)
    if variable is None or (name in ("x", "y") and not unit.startswith("degree")):
        raise InputInvalid(
            f"the dimension {name} " + ("has no coordinate" if variable is None else f"is in {unit or 'no unit'}"),
            where=file,
            expected="degrees, or the number of the member",
            remedy="take the product in degrees; projected grids have to be brought onto such a grid (cdo remapcon)",
        )
    return np.ma.filled(np.ma.asarray(variable[:], dtype=float), np.nan)


def _pole(group: Any, variable: Any, lat: str, reads: RainDeclaration, file: Path) -> Pole | None:
    """Of a rotated grid; InputInvalid if one is, and neither file nor source say where its pole lies.

    Source: CF conventions, grid mapping `rotated_latitude_longitude`.
    """
    mapping = group.variables.get(getattr(variable, "grid_mapping", ""))
    if getattr(mapping, "grid_mapping_name", "") == _ROTATED:
        if float(getattr(mapping, "north_pole_grid_longitude", 0.0)) == 0.0:
            told = float(mapping.grid_north_pole_latitude), float(mapping.grid_north_pole_longitude)
            if reads.north_pole not in (None, told):
                raise contradiction(f"the file says {told} and the source declares {reads.north_pole} as pole", file)
            return told
    elif reads.north_pole is not None or lat != "rlat":
        return reads.north_pole
    raise InputInvalid(
        "a rotated grid, and nothing says where its pole lies",
        where=file,
        expected=f"a grid mapping {_ROTATED}",
        remedy="declare `north_pole` for the source, from its documentation; [90, 180] is a grid that is not rotated",
    )


def _time_dimension(variable: Any) -> str | None:
    """That of the steps; a run may be a `time` of length 1 beside `step`."""
    lengths = dict(zip(variable.dimensions, variable.shape, strict=True))
    there = [name for name in _TIME if name in lengths]
    return next((name for name in there if lengths[name] != 1), there[0] if there else None)


def _times(
    group: Any, variable: Any, dimension: str | None, file: Path
) -> tuple[list[Moment], list[Span | None], Moment | None]:
    """Stamp and span of every step, and when the run began where the file says it."""
    run = next((_moments(group[name], file) for name in ("forecast_reference_time",) if name in group.variables), None)
    name = next((name for name in ("valid_time", dimension, "time") if name in group.variables), None)
    if name is None:
        raise InputInvalid(
            "the rain has no time", where=file, expected="a coordinate time", remedy="check that the file is whole"
        )
    coordinate = group[name]
    if " since " in _unit(coordinate):
        stamps = _moments(coordinate, file)
        if run is None and name == "valid_time" and "time" in group.variables and group["time"].size == 1:
            run = _moments(group["time"], file)
    else:
        run = run if run is not None or "time" not in group.variables else _moments(group["time"], file)
        stamps = _since(run, coordinate, file)
    spans: list[Span | None] = [None] * len(stamps)
    limits = group.variables.get(getattr(coordinate, "bounds", ""))
    if limits is not None and limits.shape == (len(stamps), 2):
        edges = _moments(limits, file, _unit(limits) or _unit(coordinate), coordinate).reshape(-1, 2)
        spans = [(start, end) for start, end in edges]
    if run is not None and run.size != 1:
        raise InputInvalid("several runs", where=file, expected="one run a file", remedy="fetch one run")
    return list(stamps), spans, None if run is None else run[0]


def _moments(variable: Any, file: Path, unit: str | None = None, of: Any = None) -> npt.NDArray[np.datetime64]:
    """UTC, to the nearest minute (IMERG ends its half hours at 29:59)."""
    unit, calendar = unit or _unit(variable), getattr(of or variable, "calendar", "standard")
    moments: Any = netCDF4.num2date(_numbers(variable), unit, calendar)
    exact = np.array([f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in moments], dtype="datetime64[s]")
    return (exact + np.timedelta64(30, "s")).astype("datetime64[m]")


def _numbers(variable: Any) -> npt.NDArray[np.float64]:
    """Plain numbers of a coordinate, in one dimension; NaN where missing."""
    plain: npt.NDArray[np.float64] = np.ma.filled(np.ma.asarray(variable[...], dtype=float), np.nan)
    return plain.ravel()


def _since(run: npt.NDArray[np.datetime64] | None, variable: Any, file: Path) -> npt.NDArray[np.datetime64]:
    unit = _unit(variable).lower()
    minutes = next((many for word, many in (("hour", 60), ("minute", 1), ("second", 1 / 60)) if word in unit), None)
    if run is None or minutes is None:
        raise InputInvalid(
            f"times in {unit or 'no unit'}" + (" after a run that nothing names" if run is None else ""),
            where=file,
            expected="hours since a date, or hours after forecast_reference_time",
            remedy="take the file as the service delivers it",
        )
    return run + np.rint(_numbers(variable) * minutes).astype("timedelta64[m]")


def _values(variable: Any, order: Sequence[str | None], cut: GridSubset, file: Path) -> npt.NDArray[Any]:
    """(member, time, row, column) of the dimensions `order`; only the rows and columns that are needed are read."""
    extra = {name for name, size in zip(variable.dimensions, variable.shape, strict=True) if name not in order}
    if any(variable.shape[variable.dimensions.index(name)] != 1 for name in extra):
        raise InputInvalid(
            f"unknown dimensions {', '.join(sorted(extra))}",
            where=file,
            expected="time, latitude, longitude and member",
            remedy="choose one level or quantile of the product",
        )
    row, column = int(cut.rows.min()), int(cut.columns.min())
    near = {order[2]: slice(row, int(cut.rows.max()) + 1), order[3]: slice(column, int(cut.columns.max()) + 1)}
    places = tuple(0 if name in extra else near.get(name, slice(None)) for name in variable.dimensions)
    raw = np.ma.filled(np.ma.asarray(variable[places], dtype=np.float32), np.nan)
    left = [name for name in variable.dimensions if name not in extra]
    block = raw.transpose([left.index(name) for name in order if name in left])
    for place, name in enumerate(order[:2]):
        block = block if name in left else np.expand_dims(block, place)
    return block[..., cut.rows - row, :][..., cut.columns - column]
