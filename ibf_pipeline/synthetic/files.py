"""Raw forecast files in the layout of the GloFAS FTP product: one netCDF file per member.

Verified on a real member: dims (time, lat descending, lon), cell centres, `dis` in m3/s with `_FillValue` -9999,
stamps at the END of each day, and nothing that tells the member, the issue date or the version but the file's name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ibf_pipeline.discharge.cells import GLOFAS_CELL, Grid
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.netcdf import netcdf_file
from ibf_pipeline.synthetic.ensemble import RESOLUTION

_FILL_VALUE = -9999.0
_FTP_STEPS = 10
"""days in a written file, or those of the cube if it has more; real ones carry 30"""

_RECESSION = 0.9
"""of the day before, on the days after the last lead time of the cube"""


def write_ftp_members(
    folder: Path,
    issue_date: date,
    cube: xr.DataArray,
    cells: Mapping[str, tuple[int, int]],
    grid: Grid,
    *,
    background: NDArray[np.floating] | None = None,
    members: Iterable[int] | None = None,
) -> Path:
    """Write `<folder>/<YYYYMMDD>/dis_<NN>_<YYYYMMDD>00.nc` and return the day's folder.

    `cube` (member, lead_time, station) in m3/s; `cells` station -> (row, column) in `grid`; `background` and
    `members` as in `discharge_fields` and the cube's member numbers (all by default).
    """
    day = Path(folder) / f"{issue_date:%Y%m%d}"
    day.mkdir(parents=True, exist_ok=True)
    wanted = cube["member"].values.tolist() if members is None else list(members)
    for member in wanted:
        steps = max(_FTP_STEPS, cube.sizes["lead_time"])
        fields = discharge_fields(cube, member, cells, grid, background=background, steps=steps)
        _write_member(day / f"dis_{member:02d}_{issue_date:%Y%m%d}00.nc", issue_date, fields, grid)
    return day


def discharge_fields(
    cube: xr.DataArray,
    member: int,
    cells: Mapping[str, tuple[int, int]],
    grid: Grid,
    *,
    background: NDArray[np.floating] | None = None,
    steps: int,
) -> NDArray[np.float32]:
    """One member's discharge (step, row, column), m3/s rounded to 0.1, NaN outside.

    `background` (row, column) is the discharge of the cells without a station: NaN for sea and outside, 0 off the
    rivers (0 everywhere by default); each member and day varies it a little, but keeps 0 and NaN.
    """
    check_cells(cube, cells, grid)
    base = np.zeros((grid.height, grid.width)) if background is None else np.asarray(background, dtype=float)
    rng = np.random.default_rng([7, member])
    swing = np.exp(0.15 * rng.standard_normal() + 0.05 * np.cumsum(rng.standard_normal(steps)))
    fields = base[np.newaxis] * swing[:, np.newaxis, np.newaxis]
    values = cube.sel(member=member).transpose("lead_time", "station").values.astype(float)
    later = [values[-1] * _RECESSION**day for day in range(1, steps - len(values) + 1)]
    series = np.concatenate([values, *(row[np.newaxis] for row in later)])[:steps]
    for index, station in enumerate(cube["station"].values):
        row, column = cells[str(station)]
        fields[:, row, column] = series[:, index]
    return (np.round(fields / RESOLUTION) * RESOLUTION).astype(np.float32)


def check_cells(cube: xr.DataArray, cells: Mapping[str, tuple[int, int]], grid: Grid) -> None:
    """Raise InputInvalid if a station has no cell, one outside the grid, or shares its cell."""
    taken: dict[tuple[int, int], str] = {}
    for station in map(str, cube["station"].values):
        if station not in cells:
            raise InputInvalid(f"station {station} has no cell", where="cells", expected="(row, column) in the grid")
        row, column = cells[station]
        if not (0 <= row < grid.height and 0 <= column < grid.width):
            raise InputInvalid(
                f"station {station} is in row {row}, column {column}",
                where="cells",
                expected=f"0..{grid.height - 1} and 0..{grid.width - 1}",
            )
        if (row, column) in taken:
            raise InputInvalid(
                f"stations {taken[row, column]} and {station} share the cell in row {row}, column {column}",
                where="cells",
                expected="a cell for each station, or both would carry the same discharge",
            )
        taken[row, column] = station


def centres(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell centres in degrees: latitudes (row,) descending, longitudes (column,) ascending."""
    lat = grid.top - grid.cell * (np.arange(grid.height) + 0.5)
    lon = grid.left + grid.cell * (np.arange(grid.width) + 0.5)
    return np.round(lat, 6), np.round(lon, 6)


def glofas_window(west: float, south: float, east: float, north: float, margin: int = 1) -> Grid:
    """The GloFAS cells that cover these bounds (degrees), with some cells around them."""
    cell = GLOFAS_CELL
    left, right = math.floor(west / cell) - margin, math.ceil(east / cell) + margin
    bottom, top = math.floor(south / cell) - margin, math.ceil(north / cell) + margin
    return Grid(round(left * cell, 6), round(top * cell, 6), cell, right - left, top - bottom)


def _write_member(path: Path, issue_date: date, fields: NDArray[np.float32], grid: Grid) -> None:
    lat, lon = centres(grid)
    with netcdf_file(path, "w") as data:
        data.setncatts({"Conventions": "CF-1.6", "source": "generated discharge, no real forecast"})
        for name, length in (("time", len(fields)), ("lat", grid.height), ("lon", grid.width)):
            data.createDimension(name, length)
        discharge = data.createVariable(
            "dis", "f4", ("time", "lat", "lon"), fill_value=np.float32(_FILL_VALUE), zlib=True, complevel=4
        )
        discharge.setncatts({"long_name": "ChanQAvg", "standard_name": "DischargeMaps", "units": "m3/s"})
        discharge[:] = np.where(np.isnan(fields), np.float32(_FILL_VALUE), fields)
        for name, axis, values, units in (
            ("lon", "X", lon, "degrees_east"),
            ("lat", "Y", lat, "degrees_north"),
        ):
            variable = data.createVariable(name, "f8", (name,))
            long_name = "longitude" if axis == "X" else "latitude"
            variable.setncatts({"standard_name": long_name, "long_name": long_name, "units": units, "axis": axis})
            variable[:] = values
        stamp = data.createVariable("time", "f8", ("time",))
        first = issue_date + timedelta(days=1)
        stamp.setncatts(
            {"standard_name": "time", "units": f"days since {first:%Y-%m-%d}", "calendar": "proleptic_gregorian"}
        )
        stamp[:] = np.arange(len(fields))
