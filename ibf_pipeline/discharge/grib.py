"""GloFAS GRIB2 files (EWDS): control and perturbed members, one message a member and day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import eccodes
import numpy as np
import numpy.typing as npt

from ibf_pipeline.discharge import names
from ibf_pipeline.discharge.file_discharge import (
    FieldKey,
    FileDischarge,
    Floats32,
    ReadWindow,
    StationCells,
    lead_time_steps,
)
from ibf_pipeline.discharge.grib_messages import read_grib_messages
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.errors import InputInvalid

_MISSING: Final = -1.0
"""what a missing value is decoded to; discharge is never negative"""
_SCANNING = ("iScansNegatively", "jPointsAreConsecutive", "alternativeRowScanning")
_PROCESSES: Final = ("generatingProcessIdentifier", "backgroundProcess")
"""what tells the model that made a field"""
_GRID = (
    "gridType",
    "Ni",
    "Nj",
    "latitudeOfFirstGridPointInDegrees",
    "latitudeOfLastGridPointInDegrees",
    "longitudeOfFirstGridPointInDegrees",
    "longitudeOfLastGridPointInDegrees",
    *_SCANNING,
)

_Key = tuple[int, np.datetime64]
"""member, and end of the day that a field is about"""
_Grid = tuple[Any, ...]
"""values of `_GRID`"""


def read_grib(file: Path, cells: StationCells, issue_date: date, lead_times: int = len(LEAD_TIMES)) -> FileDischarge:
    """The stations' discharge in a GRIB2 file, on the first `lead_times` lead times (0-day counted).

    Messages of other variables are passed over. A member without a message for a day is missing on that day.
    Raises InputInvalid if the file is cut off, of another run, grid or unit, holds a field twice, or lacks
    a lead time.
    """
    fields: dict[_Key, tuple[Floats32, FieldKey]] = {}
    ids: dict[str, set[int]] = {process: set() for process in _PROCESSES}
    window: ReadWindow | None = None
    for message, key, grid in _fields(file, issue_date):
        window = window or _window(grid, cells, file)
        fields[key] = _sample(message, window, file)
        for process in _PROCESSES:
            ids[process].add(int(eccodes.codes_get(message, process)))
    stamps = np.unique(np.array([stamp for _, stamp in fields], dtype="datetime64[s]"))
    steps = lead_time_steps(stamps, issue_date, file, lead_times)
    assert window is not None  # noqa: S101 - there is a discharge field, so its grid was read
    process_ids, background_ids = (tuple(sorted(ids[process])) for process in _PROCESSES)
    part = _part(fields, window, stamps[steps])
    return replace(part, process_ids=process_ids, background_ids=background_ids)


def check_grib(file: Path, issue_date: date) -> int:
    """Number of discharge fields of a GRIB2 file that is what it should be, without a look at its values.

    Raises InputInvalid if the file is cut off, empty, of another run, variable, grid or unit, holds a field twice or
    lacks a lead time that every country needs.
    """
    stamps = [stamp for _, (_, stamp), _ in _fields(file, issue_date)]
    lead_time_steps(np.unique(np.array(stamps, dtype="datetime64[s]")), issue_date, file)
    return len(stamps)


def _fields(file: Path, issue_date: date) -> Iterator[tuple[int, _Key, _Grid]]:
    """Every discharge field, open while it is looked at: of the right run and unit, on one grid, each once.

    Raises InputInvalid if one is not, and at the end if there was none.
    """
    known: set[_Key] = set()
    first: _Grid | None = None
    seen: set[str] = set()
    for content in read_grib_messages(file):
        with decoded(content) as message:
            name = str(eccodes.codes_get(message, "shortName"))
            seen.add(name)
            if name not in names.VARIABLES:
                continue
            names.check_unit(eccodes.codes_get(message, "units"), file)
            _require_run(message, issue_date, file)
            grid = tuple(eccodes.codes_get(message, key) for key in _GRID)
            first = first or grid
            if grid != first:
                raise InputInvalid(
                    "fields on different grids", where=file, expected="one grid", remedy="fetch it again"
                )
            key = (_member(message, file), _stamp(message))
            if key in known:
                raise InputInvalid(
                    f"member {key[0]} has two fields for the day that ends {str(key[1])[:13]}h",
                    where=file,
                    expected="every member once",
                    remedy="remove what was appended, or fetch the file again",
                )
            known.add(key)
            yield message, key, grid
    names.find_variable(seen, file)


@contextmanager
def decoded(content: bytes) -> Iterator[int]:
    message = eccodes.codes_new_from_message(content)
    try:
        yield message
    finally:
        eccodes.codes_release(message)


def _require_run(message: int, issue_date: date, file: Path) -> None:
    day, hour = eccodes.codes_get(message, "dataDate"), eccodes.codes_get(message, "dataTime")
    if day != int(f"{issue_date:%Y%m%d}") or hour != 0:
        raise InputInvalid(
            f"a field of the run of {day} {hour:04d} UTC",
            where=file,
            expected=f"the run of {issue_date} 00 UTC",
            remedy="fetch the file of this issue date",
        )


def _member(message: int, file: Path) -> int:
    """0 is the control; a control without an ensemble template carries no number.

    InputInvalid if a field says that it is the control and carries the number of another member.
    """
    if not eccodes.codes_is_defined(message, "perturbationNumber"):
        return 0
    number = int(eccodes.codes_get(message, "perturbationNumber"))
    if number and eccodes.codes_get(message, "dataType") == "cf":
        raise InputInvalid(
            f"a field says that it is the control, and that it is member {number}",
            where=file,
            expected="one number for a member, 0 for the control",
            remedy="the file was changed: fetch it as the service delivers it",
        )
    return number


def _stamp(message: int) -> np.datetime64:
    day, time = f"{eccodes.codes_get(message, 'validityDate'):08d}", eccodes.codes_get(message, "validityTime")
    return np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}T{time // 100:02d}:{time % 100:02d}", "s")


def _window(grid: _Grid, cells: StationCells, file: Path) -> ReadWindow:
    kind, width, height, north, south, west, east, *scanning = grid
    if kind != "regular_ll" or any(scanning):
        raise InputInvalid(
            f"a {kind} grid" + (" scanned in another order" if any(scanning) else ""),
            where=file,
            expected="a regular grid in degrees, rows from west to east",
            remedy="order the file in regular latitude and longitude",
        )
    east += 360.0 if east < west else 0.0
    return ReadWindow.of(np.linspace(north, south, height), np.linspace(west, east, width), cells, file)


def _sample(message: int, window: ReadWindow, file: Path) -> tuple[Floats32, FieldKey]:
    """(station,) m3/s of one field, and what tells the field from others."""
    eccodes.codes_set(message, "missingValue", _MISSING)
    field: npt.NDArray[np.float64] = eccodes.codes_get_values(message)
    field = field.reshape(eccodes.codes_get(message, "Nj"), eccodes.codes_get(message, "Ni"))
    block = field[window.rows, window.columns].astype(np.float32)
    return window.sample(block[np.newaxis, np.newaxis], file)[0, 0], FieldKey.of(block)


def _part(
    fields: dict[_Key, tuple[Floats32, FieldKey]],
    window: ReadWindow,
    wanted: npt.NDArray[np.datetime64],
) -> FileDischarge:
    """`wanted`: (lead_time,) ends of the days that are read."""
    members = sorted({member for member, _ in fields})
    values = np.full((len(members), len(wanted), len(window.outside)), np.nan, dtype=np.float32)
    keys = [[FieldKey()] * len(wanted) for _ in members]
    for row, member in enumerate(members):
        for lead_time, stamp in enumerate(wanted):
            if (member, stamp) in fields:
                values[row, lead_time], keys[row][lead_time] = fields[member, stamp]
    whole_fields = tuple(tuple(member) for member in keys)
    return FileDischarge(tuple(members), values, window.outside, whole_fields)
