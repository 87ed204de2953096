"""Two countries on one small globe: discharge that tells its member, day and station, so that every number is known."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import xarray as xr

from ibf_pipeline.discharge.cells import GLOFAS_CELL, Grid
from ibf_pipeline.discharge.reader import StationCells, read_cube
from ibf_pipeline.sources import ForecastFiles
from ibf_pipeline.sources.lat_lon_box import LatLonBox, box_around
from ibf_pipeline.synthetic.files import write_ftp_members
from tests.worlds.countries.ewds_grib import write_ewds_grib
from tests.worlds.session_cache import kept

ISSUE = date(2026, 2, 15)
GRID = Grid(left=30.0, top=6.0, cell=GLOFAS_CELL, width=120, height=80)
"""30..36 E, 2..6 N"""
PLACES = {"A1": (10, 10), "A2": (14, 20), "B1": (60, 100)}
STATIONS = {"AAA": ("A1", "A2"), "BBB": ("B1",)}
MEMBERS = 6


def discharge(member: int, lead_time: int, station: str) -> float:
    """m3/s: the thousands tell the station, the hundreds the day, the rest the member."""
    return 1000.0 * (1 + list(PLACES).index(station)) + 100.0 * lead_time + member


def cube(members: int = MEMBERS, days: int = 8) -> xr.DataArray:
    values = [[[discharge(m, day, code) for code in PLACES] for day in range(days)] for m in range(members)]
    return xr.DataArray(
        np.array(values, dtype=np.float32),
        dims=("member", "lead_time", "station"),
        coords={"member": range(members), "lead_time": range(days), "station": list(PLACES)},
    )


def cells_of(country: str) -> StationCells:
    codes = STATIONS[country]
    lat = [GRID.top - GRID.cell * (PLACES[code][0] + 0.5) for code in codes]
    lon = [GRID.left + GRID.cell * (PLACES[code][1] + 0.5) for code in codes]
    return StationCells(codes, np.round(lat, 6), np.round(lon, 6))


def areas(margin: float = 0.1) -> dict[str, LatLonBox]:
    return {country: box_around(cells_of(country), margin) for country in STATIONS}


def write_members(
    root: Path, issue_date: date = ISSUE, members: Iterable[int] | None = None, grid: Grid = GRID, days: int = 8
) -> Path:
    """`<root>/<YYYYMMDD>/dis_NN_...nc`: files of the whole small globe, made once in a session and copied."""
    chosen = list(range(MEMBERS) if members is None else members)
    asked = sha256(repr((chosen, grid, days)).encode()).hexdigest()[:16]

    def make(folder: Path) -> None:
        write_ftp_members(folder, issue_date, cube(days=days), PLACES, grid, members=chosen)

    made = kept(f"globe-{issue_date:%Y%m%d}-{asked}", make)
    day = f"{issue_date:%Y%m%d}"
    return Path(shutil.copytree(made / day, root / day, copy_function=shutil.copy, dirs_exist_ok=True))


def write_grib(
    file: Path, issue_date: date = ISSUE, members: Iterable[int] | None = None, days: int = 8, **more: int
) -> Path:
    """One GRIB2 file of the whole small globe."""
    return write_ewds_grib(file, issue_date, cube(days=days), PLACES, GRID, members=members, **more)


def require_whole(files: ForecastFiles, country: str, members: Iterable[int] = range(MEMBERS), days: int = 8) -> None:
    """The files hold exactly these members, each with its own numbers on every day."""
    read = read_cube(files.files, cells_of(country), ISSUE, version="4", lead_times=days)
    assert read["member"].values.tolist() == list(members)
    wanted = [[[discharge(m, day, code) for code in STATIONS[country]] for day in range(days)] for m in members]
    np.testing.assert_allclose(read.values, wanted, atol=0.06)
