"""Rain files as services deliver them, small enough to be added up by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import eccodes
import netCDF4
import numpy as np

LAT = np.array([-10.25, -10.75, -11.25])
LON = np.array([33.25, 33.75, 34.25, 34.75])
BOUNDS = (33.1, -11.4, 34.9, -10.1)
SHAPE = (len(LAT), len(LON))
CYCLE = np.datetime64("2026-02-15T06:00", "m")
MM_IN_TP = 228228
"""paramId of tp in kg m-2, as GFS has it; 228 is that of ECMWF, in m"""


def flat(mm: float) -> np.ndarray:
    """The same rain everywhere."""
    return np.full(SHAPE, float(mm))


def hour(number: int) -> np.datetime64:
    """`number` hours after the cycle."""
    return CYCLE + np.timedelta64(60 * number, "m")


def grib(
    file: Path,
    fields: Sequence[tuple[str, np.ndarray]],
    *,
    cycle: np.datetime64 = CYCLE,
    param: int = MM_IN_TP,
    member: int | None = None,
    lat: np.ndarray = LAT,
    lon: np.ndarray = LON,
    keys: Mapping[str, Any] | None = None,
) -> Path:
    """Append messages to a GRIB2 file: (stepRange such as "0-6", field of rows from north to south)."""
    where = (tuple(map(float, lat)), tuple(map(float, lon)))
    pattern = _pattern(np.datetime64(cycle, "m"), param, member is not None, *where)
    with file.open("ab") as out:
        for step, field in fields:
            message = eccodes.codes_clone(pattern)
            settings = {
                **({} if member is None else {"perturbationNumber": member}),
                "stepRange": step,
                **(keys or {}),
            }
            for key, value in settings.items():
                eccodes.codes_set(message, key, value)
            if np.isnan(field).any():
                eccodes.codes_set(message, "bitmapPresent", 1)
                eccodes.codes_set(message, "missingValue", 9999.0)
            eccodes.codes_set_values(message, np.where(np.isnan(field), 9999.0, field).ravel())
            eccodes.codes_write(message, out)
            eccodes.codes_release(message)
    return file


@cache
def _pattern(cycle: np.datetime64, param: int, ensemble: bool, lat: tuple[float, ...], lon: tuple[float, ...]) -> int:
    """A message that fields are copies of: setting the keys that they share takes ten times as long as a copy."""
    message: int = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    settings = {
        "dataDate": int(str(cycle)[:10].replace("-", "")),
        "dataTime": int(str(cycle)[11:].replace(":", "")),
        "productDefinitionTemplateNumber": 11 if ensemble else 8,
        "paramId": param,
        "Ni": len(lon),
        "Nj": len(lat),
        "latitudeOfFirstGridPointInDegrees": lat[0],
        "latitudeOfLastGridPointInDegrees": lat[-1],
        "longitudeOfFirstGridPointInDegrees": lon[0] % 360,
        "longitudeOfLastGridPointInDegrees": lon[-1] % 360,
        "iDirectionIncrementInDegrees": 0.5,
        "jDirectionIncrementInDegrees": 0.5,
        "jScansPositively": int(lat[0] < lat[-1]),
        "bitsPerValue": 24,
    }
    for key, value in settings.items():
        eccodes.codes_set(message, key, value)
    return message


def netcdf(
    file: Path,
    hours: Sequence[float],
    fields: np.ndarray,
    *,
    variable: str = "tp",
    unit: str | None = "mm",
    bounds: Sequence[tuple[float, float]] | None = None,
    run: bool = False,
    lat: np.ndarray = LAT,
    lon: np.ndarray = LON,
    names: tuple[str, str] = ("lat", "lon"),
    attributes: Mapping[str, Any] | None = None,
    fill: float | None = None,
    version: str = "NETCDF4",
    records: bool = False,
) -> Path:
    """`fields` (time, lat, lon) or (member, time, lat, lon) stamped `hours` after the cycle; `bounds` in hours, too."""
    since = f"hours since {CYCLE}:00".replace("T", " ")
    with netCDF4.Dataset(file, "w", format=version) as data:
        dimensions = ("number", "time", *names)[-fields.ndim :]
        for name, size in zip(dimensions, fields.shape, strict=True):
            data.createDimension(name, None if records and name == "time" else size)
        for name, axis in zip(names, (lat, lon), strict=True):
            data.createVariable(name, "f4", (name,))[:] = axis
        time = data.createVariable("time", "f8", ("time",))
        time.units, time[:] = since, hours
        if fields.ndim == 4:
            data.createVariable("number", "i4", ("number",))[:] = range(fields.shape[0])
        if bounds is not None:
            data.createDimension("nv", 2)
            time.bounds = "time_bnds"
            data.createVariable("time_bnds", "f8", ("time", "nv"))[:] = bounds
        if run:
            reference = data.createVariable("forecast_reference_time", "f8", ())
            reference.units, reference[...] = since, 0
        rain = data.createVariable(variable, "f4", dimensions, fill_value=fill)
        rain.setncatts(({} if unit is None else {"units": unit}) | dict(attributes or {}))
        rain[:] = np.ma.masked_invalid(fields) if fill is not None else fields
    return file


def imerg(folder: Path, start: np.datetime64, rate: np.ndarray, variable: str = "precipitation") -> Path:
    """Half an hour of IMERG V07: `rate` (lat from south to north, lon) mm/hr, NaN where nobody saw anything."""
    file = (
        folder / f"3B-HHR-L.MS.MRG.3IMERG.{str(start)[:10].replace('-', '')}-S{str(start)[11:].replace(':', '')}00.HDF5"
    )
    seconds = int((start - np.datetime64("1980-01-06T00:00", "m")) / np.timedelta64(1, "s"))
    with netCDF4.Dataset(file, "w") as data:
        grid = data.createGroup("Grid")
        for name, axis in (("lon", LON), ("lat", LAT[::-1])):
            grid.createDimension(name, len(axis))
            grid.createVariable(name, "f4", (name,))[:] = axis
        grid.createDimension("time", 1)
        grid.createDimension("nv", 2)
        time = grid.createVariable("time", "i4", ("time",))
        time.units, time.calendar, time.bounds = "seconds since 1980-01-06 00:00:00 UTC", "julian", "time_bnds"
        time[:] = seconds
        grid.createVariable("time_bnds", "i4", ("time", "nv"))[:] = [seconds, seconds + 1799]
        rain = grid.createVariable(variable, "f4", ("time", "lon", "lat"), fill_value=-9999.9)
        rain.setncattr("units" if variable == "precipitation" else "Units", "mm/hr")
        rain[:] = np.ma.masked_invalid(rate.T[np.newaxis])
    return file
