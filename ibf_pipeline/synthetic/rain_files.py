"""Rain as netCDF on a regular grid that says all of itself (CF): steps by their bounds, the run, the unit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.io.netcdf import netcdf_file
from ibf_pipeline.rain.grid import RainGrid

_EPOCH: Final = "minutes since 1970-01-01 00:00:00"


def write_rain_file(
    path: Path,
    grid: RainGrid,
    starts: npt.NDArray[np.datetime64],
    step_minutes: int,
    mm: npt.NDArray[np.float32],
    *,
    cycle: datetime | None = None,
    member: int | None = None,
) -> Path:
    """Write `mm` (step, row, column), what fell in steps of so many minutes that begin at `starts` (UTC).

    `cycle`: of a forecast; `member`: its number in an ensemble.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    begins = starts.astype("datetime64[m]").astype(np.int64)
    with netcdf_file(path, "w") as data:
        data.setncatts({"Conventions": "CF-1.8", "source": "generated rain, no real observation or forecast"})
        for name, length in (("time", len(starts)), ("bnds", 2), ("lat", grid.height), ("lon", grid.width)):
            data.createDimension(name, length)
        dims: tuple[str, ...] = ("time", "lat", "lon")
        if member is not None:
            data.createDimension("member", 1)
            dims = ("member", *dims)
            data.createVariable("member", "i4", ("member",))[:] = member
        _axis(data, "lat", "degrees_north", grid.top - grid.dy * (np.arange(grid.height) + 0.5))
        _axis(data, "lon", "degrees_east", grid.left + grid.dx * (np.arange(grid.width) + 0.5))
        _axis(data, "time", _EPOCH, begins + step_minutes).setncatts({"calendar": "standard", "bounds": "time_bnds"})
        data.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.stack([begins, begins + step_minutes], axis=1)
        if cycle is not None:
            run = data.createVariable("forecast_reference_time", "f8")
            run.setncatts({"units": _EPOCH, "standard_name": "forecast_reference_time"})
            run[...] = cycle.timestamp() / 60
        rain = data.createVariable(
            "rainfall_amount", "f4", dims, fill_value=np.float32(-9999), zlib=True, complevel=4, chunksizes=None
        )
        rain.setncatts({"standard_name": "rainfall_amount", "units": "kg m-2", "cell_methods": "time: sum"})
        rain[:] = mm if member is None else mm[np.newaxis]
    return path


def _axis(data: Any, name: str, units: str, values: npt.NDArray[Any]) -> Any:
    variable = data.createVariable(name, "f8", (name,))
    variable.units = units
    variable[:] = np.round(values, 6)
    return variable
