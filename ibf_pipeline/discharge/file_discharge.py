"""What one forecast file holds for the stations, and what every file must satisfy: its days and its grid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.discharge.cells import CENTRE_TOLERANCE, GLOFAS_CELL, indices_in
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.errors import InputInvalid

LARGEST_DISCHARGE: Final = 1e6
"""m3/s; five times the Amazon: larger numbers are damage, not water"""
_AROUND: Final = 40
"""cells, 2 degrees: what is read around the stations, so that members can be told apart where a station's bed is dry"""
TRICKLE: Final = 1.0
"""m3/s; beds that carry less in every cell recede alike in every member, as wadis do between two rains"""
MANY_CELLS: Final = 200
"""cells of 5 km that carry more than a trickle: so many never hold the same water, to the last digit, on two days, not
even rounded to a quarter of a m3/s; fewer may, as where a lake's outflow is all that flows in a dry country"""
_WHOLE: Final = 1_000_000
"""cells, of all members of a file: as many are read whole, 32 MB in 8 days; a country has 20,000 to 200,000"""

TOO_SHORT: Final = "lower `horizon` in the country's file, or choose a source that goes further"
"""what to do where a forecast ends before the country's horizon"""

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StationCells:
    """Stations and the centre of the GloFAS cell each one was given by `prepare`."""

    codes: tuple[str, ...]
    lat: npt.NDArray[np.float64]
    """(station,) degrees north"""
    lon: npt.NDArray[np.float64]
    """(station,) degrees east, -180..180"""


@dataclass(frozen=True, slots=True)
class FieldKey:
    """What tells a field of a member's day from others."""

    digest: bytes = b""
    """of its water; nothing if no cell holds more than a trickle"""
    wet: int = 0
    """cells that do"""

    @classmethod
    def of(cls, block: Floats32) -> FieldKey:
        """`block`: (row, column) m3/s. Members of a dry country may be equal: without rain nothing tells them apart."""
        water = np.where(block > 0, block, np.float32(0))
        wet = int((water >= TRICKLE).sum())
        return cls(hashlib.blake2b(water.tobytes(), digest_size=16).digest(), wet) if wet else cls()


@dataclass(frozen=True, slots=True)
class FileDischarge:
    """What one file holds for the stations."""

    members: tuple[int, ...]
    values: Floats32
    """(member, lead_time, station) m3/s; NaN where missing or outside the grid"""
    outside: npt.NDArray[np.bool_]
    """(station,) true if the file's grid does not reach the station"""
    fields: tuple[tuple[FieldKey, ...], ...]
    """(member, lead_time) of the whole fields that were read"""
    version: str | None = None
    process_ids: tuple[int, ...] = field(default=())
    """GRIB generating processes of the fields"""
    background_ids: tuple[int, ...] = field(default=())
    """GRIB background processes of the fields"""


def lead_time_steps(
    stamps: npt.NDArray[np.datetime64], issue_date: date, file: Path, lead_times: int = len(LEAD_TIMES)
) -> npt.NDArray[np.int64]:
    """Positions of the first `lead_times` lead times (0-day counted) among END-of-day stamps.

    InputInvalid if one is missing or of another run: a forecast that ends before the country's horizon is never
    taken for a shorter one.
    """
    hours = _hours(stamps, issue_date)
    if len(hours) == 0 or hours.min() != 24:  # an earlier run reaches into our days too: only its first stamp tells
        raise InputInvalid(
            f"the file covers {_span(stamps)}",
            where=file,
            expected=f"daily means of the run of {issue_date}, the first one stamped 24 h later",
            remedy="fetch the file of this issue date",
        )
    wanted = [24 * (lead_time + 1) for lead_time in range(lead_times)]
    missing = [hour // 24 - 1 for hour in wanted if hour not in hours]
    if missing:
        is_short = hours.max() < wanted[-1] and missing[0] > LEAD_TIMES[-1]
        raise InputInvalid(
            f"lead times {', '.join(f'{day}-day' for day in missing)} are missing; the file covers {_span(stamps)}",
            where=file,
            expected=f"lead times 0-day to {lead_times - 1}-day",
            remedy=TOO_SHORT if is_short else "fetch the file again with all lead times",
        )
    if len(set(hours.tolist())) < len(hours):
        raise InputInvalid(
            "two steps carry the same date", where=file, expected="one step a day", remedy="fetch the file again"
        )
    return np.array([int(np.flatnonzero(hours == hour)[0]) for hour in wanted])


def lead_times_covered(stamps: npt.NDArray[np.datetime64], issue_date: date) -> int:
    """How many lead times (0-day counted) END-of-day stamps cover without a gap."""
    hours = set(_hours(stamps, issue_date).tolist())
    return next(number for number in count() if 24 * (number + 1) not in hours)


def _hours(stamps: npt.NDArray[np.datetime64], issue_date: date) -> npt.NDArray[np.float64]:
    """Hours since the beginning of the run."""
    hours: npt.NDArray[np.float64] = (stamps - np.datetime64(issue_date, "s")) / np.timedelta64(1, "h")
    return hours


def _span(stamps: npt.NDArray[np.datetime64]) -> str:
    return f"{str(stamps.min())[:13]}h to {str(stamps.max())[:13]}h" if len(stamps) else "no time"


def check_values(values: npt.NDArray[Any], file: Path) -> None:
    """InputInvalid if a discharge (m3/s, NaN where missing) is larger than any river's."""
    if (values > LARGEST_DISCHARGE).any():
        raise InputInvalid(
            f"a discharge of {np.nanmax(values):g} m3/s",
            where=file,
            expected=f"0 to {LARGEST_DISCHARGE:g} m3/s",
            remedy="the file is damaged: fetch it again",
        )


def check_axes(lat: npt.NDArray[Any], lon: npt.NDArray[Any], file: Path) -> None:
    """InputInvalid if the cell centres (degrees) are not evenly spaced as those of GloFAS v4 are."""
    for name, axis in (("latitude", lat.astype(float)), ("longitude", lon.astype(float))):
        steps = np.diff(axis)
        even = axis.ndim == 1 and axis.size > 0 and bool(np.isfinite(axis).all())
        cell = abs(float(np.median(steps))) if even and steps.size else GLOFAS_CELL
        apart = np.abs(steps - np.sign(np.median(steps) if steps.size else 1) * cell) > CENTRE_TOLERANCE
        if name == "longitude" and even and apart.sum() == 1 and np.ptp(axis) > 180:
            raise InputInvalid(
                f"the longitudes jump from {axis[:-1][apart][0]:g} to {axis[1:][apart][0]:g} degrees",
                where=file,
                expected="one axis from west to east, counted on beyond 180, such as 177 to 183",
                remedy="it was cut across 180 degrees, or sorted there: fetch the area with longitudes beyond 180",
            )
        even = even and not apart.any()
        if not even or abs(cell - GLOFAS_CELL) > CENTRE_TOLERANCE:
            raise InputInvalid(
                f"cells of {cell:g} degrees {name}" if even else f"the {name}s are not evenly spaced",
                where=file,
                expected=f"{GLOFAS_CELL} degrees (GloFAS v4)",
                remedy="use the operational GloFAS v4 grid",
            )


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """The rows and columns of a file that are read: all of a country, the stations and `_AROUND` of a larger file."""

    rows: slice
    columns: slice
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    outside: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, lat: npt.NDArray[Any], lon: npt.NDArray[Any], cells: StationCells, file: Path, members: int = 1
    ) -> ReadWindow:
        """`members`: how many are read at once."""
        lat, lon = lat.astype(float), lon.astype(float)
        check_axes(lat, lon, file)
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
        if lat.size * lon.size * members <= _WHOLE:
            return cls(slice(0, lat.size), slice(0, lon.size), row, column, outside)
        inside = ~outside
        rows = slice(max(0, int(row[inside].min()) - _AROUND), min(lat.size, int(row[inside].max()) + 1 + _AROUND))
        columns = slice(
            max(0, int(column[inside].min()) - _AROUND), min(lon.size, int(column[inside].max()) + 1 + _AROUND)
        )
        return cls(rows, columns, row - rows.start, column - columns.start, outside)

    def sample(self, block: Floats32, file: Path) -> Floats32:
        """(member, lead_time, row, column) of the window to (member, lead_time, station), NaN outside the grid."""
        row, column = np.where(self.outside, 0, self.row), np.where(self.outside, 0, self.column)
        values = np.where(self.outside, np.float32(np.nan), block[:, :, row, column])
        check_values(values, file)
        return np.where(values >= 0, values, np.float32(np.nan)).astype(np.float32)
