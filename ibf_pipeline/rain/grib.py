"""Precipitation in GRIB2 files: every field says itself which time its amount fell in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import eccodes
import numpy as np

from ibf_pipeline.discharge.grib import decoded
from ibf_pipeline.discharge.grib_messages import read_grib_messages
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.rain.declaration import RainDeclaration, unit_of
from ibf_pipeline.rain.fields import FileFields, Moment, RainField, millimetres
from ibf_pipeline.rain.grid import Bounds, GridSubset, cut_out

_VARIABLE: Final = "tp"
"""total precipitation; ecCodes calls APCP of GFS so, too"""
_MISSING: Final = -1e30
_OVER_A_SPAN: Final = ("accum", "avg")
_SCANNING: Final = ("iScansNegatively", "jPointsAreConsecutive", "alternativeRowScanning")
_GRID: Final = (
    "Ni",
    "Nj",
    "latitudeOfFirstGridPointInDegrees",
    "latitudeOfLastGridPointInDegrees",
    "longitudeOfFirstGridPointInDegrees",
    "longitudeOfLastGridPointInDegrees",
)


def read_grib(file: Path, reads: RainDeclaration, bounds: Bounds) -> FileFields:
    """The precipitation fields of a GRIB2 file, cut to `bounds`; fields of other variables are passed over.

    Raises InputInvalid if there is none, fields are of several runs or grids, or one is of another unit.
    """
    wanted = reads.variable or _VARIABLE
    fields: list[RainField] = []
    grids: dict[tuple[Any, ...], GridSubset] = {}
    cycles: set[Moment] = set()
    seen: set[str] = set()
    for content in read_grib_messages(file):
        with decoded(content) as message:
            name = str(eccodes.codes_get(message, "shortName"))
            seen.add(name)
            if name != wanted:
                continue
            key = tuple(eccodes.codes_get(message, each) for each in _GRID)
            grids[key] = cut = grids.get(key) or _cut(message, key, bounds, file)
            cycles.add(_moment(message, "dataDate", "dataTime"))
            fields.append(_field(message, cut, reads, file))
    if len(grids) != 1 or len(cycles) != 1:
        raise InputInvalid(
            f"no {wanted} among {', '.join(sorted(seen)) or 'no message'}" if not grids else "several runs or grids",
            where=file,
            expected="fields of precipitation, of one run on one grid",
            remedy="order total precipitation, or declare its shortName as `variable` of the source",
        )
    (cut,), (cycle,) = grids.values(), cycles
    return FileFields(fields, cut.grid, cycle)


def _cut(message: int, grid: tuple[Any, ...], bounds: Bounds, file: Path) -> GridSubset:
    width, height, first_lat, last_lat, first_lon, last_lon = grid
    kind = eccodes.codes_get(message, "gridType")
    if kind != "regular_ll" or any(eccodes.codes_get(message, each) for each in _SCANNING):
        raise InputInvalid(
            f"a {kind} grid, or one that is scanned in another order",
            where=file,
            expected="a regular grid in degrees, rows from west to east",
            remedy="order the product in regular latitude and longitude",
        )
    last_lon += 360.0 if last_lon < first_lon else 0.0
    lat, lon = np.linspace(first_lat, last_lat, height), np.linspace(first_lon, last_lon, width)
    return cut_out(lat, lon, bounds, file, None)


def _field(message: int, cut: GridSubset, reads: RainDeclaration, file: Path) -> RainField:
    unit = unit_of(eccodes.codes_get(message, "units"), reads, file)
    eccodes.codes_set(message, "missingValue", _MISSING)
    height, width = eccodes.codes_get(message, "Nj"), eccodes.codes_get(message, "Ni")
    raw = cut.of(eccodes.codes_get_values(message).reshape(height, width))
    values = millimetres(np.where(raw == _MISSING, np.nan, raw), unit, reads)
    cycle, end = _moment(message, "dataDate", "dataTime"), _moment(message, "validityDate", "validityTime")
    span = None
    if eccodes.codes_get(message, "stepType") in _OVER_A_SPAN:
        eccodes.codes_set(message, "stepUnits", "m")
        start, end = (
            cycle + np.timedelta64(eccodes.codes_get(message, each, int), "m") for each in ("startStep", "endStep")
        )
        span = (start, end)
    number = "perturbationNumber"
    member = int(eccodes.codes_get(message, number)) if eccodes.codes_is_defined(message, number) else 0
    return RainField(member, end, span, values, unit.is_rate, file)


def _moment(message: int, date: str, time: str) -> Moment:
    day, clock = f"{eccodes.codes_get(message, date):08d}", eccodes.codes_get(message, time)
    return np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock // 100:02d}:{clock % 100:02d}", "m")
