"""Cutting the countries out of a global member: the lead times and cells that they need, in the same layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.discharge import names
from ibf_pipeline.discharge.file_discharge import check_axes, check_values, lead_time_steps, lead_times_covered
from ibf_pipeline.discharge.netcdf import require_netcdf4, stamps_of
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import atomic_path, write_errors
from ibf_pipeline.io.netcdf import netcdf_file
from ibf_pipeline.sources.lat_lon_box import LatLonBox

_LARGEST_CHUNK_CACHE: Final = 256 * 1024 * 1024
"""bytes: a real global day of one member is 86 MB"""


@dataclass(frozen=True, slots=True)
class Subset:
    """What a country needs of a member."""

    area: LatLonBox
    lead_times: int = len(LEAD_TIMES)
    """0-day counted"""


def cut_member(file: Path, issue_date: date, targets: Mapping[Path, Subset]) -> None:
    """Write one small netCDF for each country: its lead times, its area's cells, values and attributes as they are.

    Each target appears under its name only when it is whole. An area outside the file gets the nearest cells, and a
    country that looks further than the file all lead times that there are: the reader then says what is missing, and
    the other countries have what they need.

    Raises InputInvalid if the file is damaged, classic netCDF, of another day, variable, unit or grid, or holds no
    usable value in any area: one such member is left out, and not found by the reader of a whole ensemble. WriteFailed
    if the disk is full.
    """
    damaged = errors_as(
        InputInvalid,
        "the file cannot be read: {}",
        where=file,
        expected="a whole netCDF file",
        remedy="it is damaged or was cut off: fetch it again",
    )
    with damaged, netcdf_file(file) as data:
        require_netcdf4(data, file)
        _cut(data, file, issue_date, targets)


def _cut(data: Any, file: Path, issue_date: date, targets: Mapping[Path, Subset]) -> None:
    variable = data[names.find_variable(data.variables, file)]
    names.check_unit(getattr(variable, "units", None), file)
    variable.set_auto_maskandscale(False)
    axis = {role: names.find_coordinate(role, variable.dimensions, file) for role in ("lat", "lon", "time")}
    if variable.dimensions != (axis["time"], axis["lat"], axis["lon"]):
        raise InputInvalid(
            f"dimensions {', '.join(variable.dimensions)}",
            where=file,
            expected="time, latitude, longitude",
            remedy="check that this is one member of the GloFAS product",
        )
    stamps = stamps_of(data, axis["time"], file)
    there = max(len(LEAD_TIMES), lead_times_covered(stamps, issue_date))
    kept = {target: min(cut.lead_times, there) for target, cut in targets.items()}
    steps = lead_time_steps(stamps, issue_date, file, max(kept.values(), default=len(LEAD_TIMES)))
    lat, lon = np.asarray(data[axis["lat"]][:], dtype=float), np.asarray(data[axis["lon"]][:], dtype=float)
    check_axes(lat, lon, file)
    windows = {
        target: (cells_within(lat, cut.area.south, cut.area.north), columns_within(lon, cut.area))
        for target, cut in targets.items()
    }
    _keep_chunks(variable)
    blocks = {
        target: np.empty((kept[target], rows.stop - rows.start, columns.stop - columns.start), variable.dtype)
        for target, (rows, columns) in windows.items()
    }
    for number, step in enumerate(steps):  # a chunk is a whole day of the globe: unpacked once for all countries
        for target, (rows, columns) in windows.items():
            if number < kept[target]:
                blocks[target][number] = variable[int(step), rows, columns]
    with ExitStack() as stack:
        partials = {target: stack.enter_context(atomic_path(target)) for target in windows}
        for target, (rows, columns) in windows.items():
            part = {"time": steps[: kept[target]], "lat": rows, "lon": columns}
            with write_errors(target):
                write_part(partials[target], data, variable, axis, part, blocks[target])
        _require_values([*partials.values()], variable.name, file)


def _require_values(cuts: Sequence[Path], name: str, file: Path) -> None:
    """What a reader will see: no discharge beyond any river's, and some value of 0 or more in at least one area."""
    usable = False
    for cut in cuts:
        with netcdf_file(cut) as data:
            values = np.ma.filled(data[name][:].astype(np.float32), np.nan)
        check_values(values, file)
        usable = usable or bool((values >= 0).any())
    if not usable:
        raise InputInvalid(
            "every discharge is negative or missing",
            where=file,
            expected="values of 0 m3/s or more",
            remedy="the file is damaged: fetch it again",
        )


def cells_within(axis: npt.NDArray[np.float64], low: float, high: float) -> slice:
    """Positions of the cell centres from low to high (degrees); the nearest one if there is none."""
    inside = np.flatnonzero((axis >= low) & (axis <= high))
    if not len(inside):
        inside = np.array([int(np.argmin(np.abs(axis - (low + high) / 2)))])
    return slice(int(inside.min()), int(inside.max()) + 1)


def columns_within(lon: npt.NDArray[np.float64], area: LatLonBox) -> slice:
    """As `cells_within`, on an axis of -180..180 or 0..360 degrees."""
    turn = 360.0 * np.rint((lon.mean() - (area.west + area.east) / 2) / 360.0)
    return cells_within(lon, area.west + turn, area.east + turn)


def _keep_chunks(variable: Any) -> None:
    chunks = variable.chunking()
    if isinstance(chunks, list):
        size = int(np.prod(chunks)) * variable.dtype.itemsize
        if size <= _LARGEST_CHUNK_CACHE:
            variable.set_var_chunk_cache(size=2 * size)


def write_part(
    file: Path, data: Any, variable: Any, axis: Mapping[str, str], part: Mapping[str, Any], block: npt.NDArray[Any]
) -> None:
    """Write a part of a netCDF file, its attributes as they are: `part` says by role which of each `axis`."""
    with netcdf_file(file, "w") as out:
        out.setncatts({name: data.getncattr(name) for name in data.ncattrs()})
        for role, name in axis.items():
            values = data[name][part[role]]
            out.createDimension(name, len(values))
            coordinate = out.createVariable(name, data[name].dtype, (name,))
            coordinate.setncatts({key: data[name].getncattr(key) for key in data[name].ncattrs() if key[0] != "_"})
            coordinate[:] = values
        attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
        copy = out.createVariable(
            variable.name,
            variable.dtype,
            variable.dimensions,
            fill_value=attributes.pop("_FillValue", None),
            zlib=True,
            complevel=4,
            chunksizes=block.shape,
        )
        copy.set_auto_maskandscale(False)
        copy.setncatts(attributes)
        copy[:] = block
