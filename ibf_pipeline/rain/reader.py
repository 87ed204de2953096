"""Rain files of any source to the amounts of its steps, on the cells that a country needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ibf_pipeline.discharge.file_format import format_of
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.fields import FileFields, Moment, amounts_of
from ibf_pipeline.rain.grid import Bounds
from ibf_pipeline.rain.netcdf import read_netcdf
from ibf_pipeline.rain.steps import GriddedRain, in_steps


def read_rain(
    files: Sequence[Path],
    reads: RainDeclaration,
    bounds: Bounds,
    cycle: Moment | None = None,
    *,
    observed: bool = False,
) -> GriddedRain:
    """The rain in files of one source: GRIB2, netCDF or HDF5, whatever their names are.

    Parameters
    ----------
    files
        Archives are unpacked before (`sources.archives`).
    reads
        What the source declares; it must agree with what the files say.
    bounds
        Of the country, degrees.
    cycle
        Of a forecast, as whoever fetched the files knows it.
    observed
        Whether they are observations, whose files may each be a run of its own.

    Raises
    ------
    InputInvalid
        If a file is damaged, of another run, grid or unit, or nothing says what its numbers are.
    """
    if not files:
        raise InputInvalid(
            "no file to read", where="rain", expected="GRIB2, netCDF or HDF5 files", remedy="fetch the rain"
        )
    parts = [_read_part(file, reads, bounds, cycle) for file in files]
    grids = {part.grid for part in parts}
    cycles = set() if observed else {part.cycle for part in parts if part.cycle is not None}
    if len(grids) > 1 or len(cycles) > 1:
        raise InputInvalid(
            f"files of {'several grids' if len(grids) > 1 else ' and '.join(str(each) for each in sorted(cycles))}",
            where=files[0].parent,
            expected="files of one grid and, of a forecast, of one run",
            remedy="remove those of the other one",
        )
    run = next(iter(cycles), None)
    amounts = amounts_of([field for part in parts for field in part.fields], reads, run)
    if not amounts:
        raise InputInvalid(
            "nothing but the start of the run", where=files[0], expected="rain of some time", remedy="fetch more steps"
        )
    return in_steps(amounts, parts[0].grid, run)


def _read_part(file: Path, reads: RainDeclaration, bounds: Bounds, cycle: Moment | None) -> FileFields:
    kind = format_of(file) if file.is_file() and file.stat().st_size else None
    if kind not in ("grib", "netcdf"):
        raise InputInvalid(
            "this is an archive" if kind == "archive" else "the file is empty, not there or of an unknown kind",
            where=file,
            expected="a GRIB2, netCDF or HDF5 file",
            remedy="have it unpacked by its source" if kind == "archive" else "fetch it again",
        )
    with errors_as(
        InputInvalid,
        "the file cannot be read: {}",
        where=file,
        expected="a whole GRIB2, netCDF or HDF5 file",
        remedy="it is damaged or was cut off: delete it and fetch it again",
    ):
        if kind == "netcdf":
            return read_netcdf(file, reads, bounds, cycle)
        from ibf_pipeline.rain.grib import read_grib  # loads the GRIB library: only where a GRIB file is read

        part = read_grib(file, reads, bounds)
        if cycle is not None and part.cycle != cycle:
            raise InputInvalid(
                f"the run of {part.cycle} UTC", where=file, expected=f"the run of {cycle} UTC", remedy="fetch that one"
            )
        return part
