"""GloFAS files of one issue date to one cube of discharge (member, lead_time, station)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import xarray as xr

from ibf_pipeline.discharge.file_discharge import LARGEST_DISCHARGE, MANY_CELLS, FieldKey, FileDischarge, StationCells
from ibf_pipeline.discharge.file_format import format_of, is_set_aside
from ibf_pipeline.discharge.netcdf import read_netcdf
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import FileDamaged, InputInvalid, errors_as

__all__ = ["LARGEST_DISCHARGE", "StationCells", "find_files", "members_missing", "read_cube"]


def read_cube(
    files: Sequence[Path],
    cells: StationCells,
    issue_date: date,
    *,
    source: str = "",
    version: str | None = None,
    lead_times: int = len(LEAD_TIMES),
    fewest: int | None = None,
) -> xr.DataArray:
    """Discharge of an ensemble at the stations' cells.

    Parameters
    ----------
    files
        netCDF (one or more members each) or GRIB2 (control and perturbed).
    cells
        Stations and the centre of the GloFAS cell of each.
    issue_date
        Of the forecast, UTC.
    source
        Its name, for errors and attributes.
    version
        GloFAS version that the source declares, used if the files state none.
    lead_times
        How many are read, 0-day counted; files may hold more.
    fewest
        Members that suffice: damaged netCDF files are left out as if they were not there yet. None: a damaged file is
        refused.

    Returns
    -------
    xarray.DataArray
        float32 m3/s, dims (member, lead_time, station), coordinates member (0 = control), lead_time (days; 0 is the
        mean of the issue date), station (code), outside (station, bool); attrs units, source, glofas_version,
        glofas_version_declared, glofas_process_ids, glofas_background_ids, issue_date, left_out (file name -> why).
        Members that hold the same field as one before them are NaN; attrs `copies` has their numbers if there are any.

    Raises
    ------
    InputInvalid
        If a file is damaged, lacks a lead time, is of another day, area, grid, variable or unit, or members repeat by
        their number, most of them by their values, or a member's days do.

    Notes
    -----
    GloFAS stamps the END of the 24 h mean, so the lead time is stamp - 1 day - issue date.
    """
    read, damaged = _read_parts(files, cells, issue_date, lead_times, fewest)
    for file, part in read.items():
        _require_different_days(part, file)
    parts = list(read.values())
    if not parts:
        raise InputInvalid(
            "no file to read",
            where=source or "forecast",
            expected="netCDF or GRIB2 files of one issue date",
            remedy="fetch the forecast",
        )
    members = [member for part in parts for member in part.members]
    twice = sorted({member for member in members if members.count(member) > 1})
    if twice:
        raise InputInvalid(
            f"member {twice[0]} is there more than once",
            where=files[0].parent,
            expected="every member once",
            remedy="remove the files of the other run",
        )
    copies = _copies(parts, files[0].parent)
    stated = sorted({part.version for part in parts if part.version is not None})
    if len(stated) > 1:
        raise InputInvalid(
            f"files of GloFAS versions {' and '.join(stated)} lie together",
            where=files[0].parent,
            expected="one run",
            remedy="remove the files of the other one",
        )
    order = np.argsort(members)
    values = np.concatenate([part.values for part in parts])[order]
    values[np.isin(np.asarray(members)[order], copies)] = np.nan
    outside = np.logical_or.reduce([part.outside for part in parts])
    return xr.DataArray(
        values,
        dims=("member", "lead_time", "station"),
        coords={
            "member": np.asarray(members)[order],
            "lead_time": list(range(lead_times)),
            "station": list(cells.codes),
            "outside": ("station", outside),
        },
        name="discharge",
        attrs={
            "units": "m3 s-1",
            "long_name": "mean river discharge of the day",
            "source": source,
            "glofas_version": stated[0] if stated else (version or ""),
            "glofas_version_declared": version or "",
            "glofas_process_ids": sorted({process for part in parts for process in part.process_ids}),
            "glofas_background_ids": sorted({process for part in parts for process in part.background_ids}),
            "issue_date": issue_date.isoformat(),
            **({"copies": copies} if copies else {}),
            "left_out": {file.name: error.found for file, error in damaged.items()},
        },
    )


def _copies(parts: Sequence[FileDischarge], where: Path) -> list[int]:
    """Members that are one before them: equal on the whole field that was read, on every day.

    Members start from the same rivers and part with the weather, somewhere in the country, or within 2 degrees of the
    stations where a file is larger. Fields with nothing but a trickle tell nothing. Raises InputInvalid if more than
    half of the members are copies.
    """
    first: dict[tuple[FieldKey, ...], int] = {}
    same: dict[int, list[int]] = {}
    for member, field in sorted(each for part in parts for each in zip(part.members, part.fields, strict=True)):
        if any(day.wet for day in field) and first.setdefault(field, member) != member:
            same.setdefault(first[field], []).append(member)
    copies = [member for others in same.values() for member in others]
    if 2 * len(copies) > sum(len(part.members) for part in parts):
        listed = (f"{counted(len(them), 'other')} ({', '.join(map(str, them))})" for them in same.values())
        groups = " and ".join(f"member {one} and {others}" for one, others in zip(same, listed, strict=True))
        raise InputInvalid(
            f"{groups} hold the same field on every day",
            where=where,
            expected="members that differ from each other on some day, in some cell",
            remedy="one member was written under several numbers: fetch the forecast again",
        )
    return sorted(copies)


def _require_different_days(part: FileDischarge, file: Path) -> None:
    """InputInvalid if a member holds the same field on two days, with more than a trickle in 200 cells or more.

    Rivers rise and recede everywhere at once only where somebody wrote a day twice. Source of the number: `MANY_CELLS`.
    """
    for member, field in zip(part.members, part.fields, strict=True):
        first: dict[FieldKey, int] = {}
        for lead_time, day in enumerate(field):
            if day.wet >= MANY_CELLS and first.setdefault(day, lead_time) != lead_time:
                raise InputInvalid(
                    f"member {member} holds the same field on {first[day]}-day and on {lead_time}-day",
                    where=file,
                    expected="fields that differ from day to day, in some cell",
                    remedy="a day was written under two dates: fetch the forecast again",
                )


def _read_parts(
    files: Sequence[Path], cells: StationCells, issue_date: date, lead_times: int, fewest: int | None
) -> tuple[dict[Path, FileDischarge], dict[Path, FileDamaged]]:
    """What files hold, and those that are left out; FileDamaged of the first one if the others do not suffice.

    A GRIB file is never left out: it holds half of an ensemble or all of it.
    """
    read: dict[Path, FileDischarge] = {}
    damaged: dict[Path, FileDamaged] = {}
    for file in files:
        try:
            read[file] = _read_part(file, cells, issue_date, lead_times)
        except FileDamaged as error:
            if fewest is None or format_of(file) == "grib":
                raise
            damaged[file] = error
    if damaged and len({member for part in read.values() for member in part.members}) < (fewest or 1):
        raise next(iter(damaged.values()))
    return read, damaged


def _read_part(file: Path, cells: StationCells, issue_date: date, lead_times: int) -> FileDischarge:
    if not file.is_file() or file.stat().st_size == 0:
        kind = FileDamaged if file.is_file() else InputInvalid
        raise kind(
            "the file is empty" if file.is_file() else "this is a folder" if file.is_dir() else "the file is not there",
            where=file,
            expected="a GloFAS forecast file",
            remedy="remove it and fetch it again" if file.exists() else "fetch the forecast again",
        )
    is_netcdf = format_of(file) == "netcdf"
    with errors_as(
        FileDamaged,
        "the file cannot be read: {}",
        where=file,
        expected="a whole netCDF file" if is_netcdf else "a whole GRIB2 file",
        remedy="it is damaged or was cut off: delete it and fetch it again",
    ):
        if is_netcdf:
            return read_netcdf(file, cells, issue_date, lead_times)
        from ibf_pipeline.discharge.grib import read_grib  # loads the GRIB library: only where a GRIB file is read

        return read_grib(file, cells, issue_date, lead_times)


def find_files(folder: Path) -> list[Path]:
    """The forecast files of one day's folder: GRIB2 if there is any, else netCDF; in the order of their names."""
    kinds = {file: format_of(file) for file in sorted(folder.glob("*")) if not is_set_aside(file)}
    gribs, members = ([file for file, kind in kinds.items() if kind == wanted] for wanted in ("grib", "netcdf"))
    return gribs or members


def members_missing(present: Iterable[int], expected: int) -> list[int]:
    """Member numbers 0..expected-1 that are not there."""
    return sorted(set(range(expected)) - set(present))
