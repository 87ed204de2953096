"""Forecasts of Open-Meteo's flood API, for trying only: members at the stations' cells, of an unknown run and version.

What cannot be known is held against what can: the cell that was answered against ours, the series against that of the
day before, and the service's own archive against the thresholds (`archive_misfits`, when the day is found).
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.discharge.reader import StationCells
from ibf_pipeline.domain.trial import TRIAL
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.runs.findings import CubeStations, read_forecast, write_cube
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.duplicate_members import all_members_alike, stale_forecast
from ibf_pipeline.sources.open_meteo_archive import Archive, ArchiveCell
from ibf_pipeline.sources.open_meteo_service import FloodService, PointSeries, at_once, is_ours
from ibf_pipeline.sources.past_runs import read_kept_forecast
from ibf_pipeline.sources.progress import made_progress
from ibf_pipeline.sources.shared_days import RAW
from ibf_pipeline.sources.source import ForecastFiles

log = logging.getLogger(__name__)

_FILE: Final = "stations.nc"
_STAMPED_AFTER: Final = timedelta(days=1)
"""the service dates a daily mean by its end, as GloFAS does: by its public source the run's first day has the date of
the day after, so 0-day of an issue date is its next date"""
_TOGETHER: Final = timedelta(minutes=30)
"""answers further apart may be of different runs; an incomplete ensemble is not asked for again before"""
_CREDIT: Final = (
    "discharge by Open-Meteo.com (CC BY 4.0, non-commercial use), made with GloFAS of the Copernicus Emergency "
    "Management Service"
)


@dataclass(frozen=True, slots=True)
class OpenMeteoSource:
    """The service, for one country."""

    name: str
    service: FloodService
    cache: InputCache
    country: str
    cells: StationCells
    lead_times: int
    """that the country looks at, 0-day counted"""
    expected: int
    """members of a whole ensemble"""
    archive: Archive
    now: Callable[[], datetime]

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The stations' members; what was fetched of the day before is not asked for again once it is whole.

        Raises InputMissing if the run of the day before is still served, InputInvalid if its series was moved by
        a day, if all members are alike, or if the day is past: the service keeps no forecasts.
        """
        self.cache.touch(self.name, issue_date)
        with self.cache.held(self.name, issue_date, self.country):
            if not self.has_whole(issue_date) and not self._is_recent(self._file(issue_date), issue_date):
                self._obtain(issue_date)
        origin = {"service": self.service.url, "trial": TRIAL}
        return ForecastFiles(self.name, (self._file(issue_date),), None, origin, at_stations=True)

    def has_whole(self, issue_date: date) -> bool:
        """Whether every member was fetched already, for the stations of today."""
        cube = self._kept(issue_date)
        return cube is not None and cube.sizes["member"] >= self.expected

    def forget(self, issue_date: date) -> None:
        """Ask for everything of a day anew."""
        with self.cache.held(self.name, issue_date, self.country):
            self._file(issue_date).unlink(missing_ok=True)
            shutil.rmtree(self._parts(issue_date), ignore_errors=True)

    def _file(self, issue_date: date) -> Path:
        return self.cache.day(self.name, issue_date) / self.country / _FILE

    def _parts(self, issue_date: date) -> Path:
        return self.cache.day(self.name, issue_date) / f"{RAW}-{self.country}"

    def _kept(self, issue_date: date) -> xr.DataArray | None:
        try:
            return read_kept_forecast(self._file(issue_date), self.cells, issue_date, self.lead_times)
        except InputInvalid:
            return None

    def _is_recent(self, file: Path, issue_date: date) -> bool:
        return self._kept(issue_date) is not None and self._age(file) < _TOGETHER

    def _age(self, file: Path) -> timedelta:
        return timedelta(seconds=self.now().timestamp() - file.stat().st_mtime)

    def _obtain(self, issue_date: date) -> None:
        self._require_current(issue_date)
        served = list(self._served(issue_date))
        cube = _cube(served, self.cells, issue_date, self.lead_times)
        before = self._day_before(issue_date)
        try:
            self._require_another_run(cube, before)
        except (InputMissing, InputInvalid):
            shutil.rmtree(self._parts(issue_date), ignore_errors=True)  # the next look asks again
            raise
        maxima = self.archive.maxima(self.service, self._cells)
        notes = [f"{cube.sizes['member']} members; {_CREDIT}", *_other_cells(served, self.cells)]
        if before is None:
            notes.append("no forecast of the day before was kept: a service that stands still could not be told")
        cube = cube.assign_coords(archive_maximum=("station", np.array(maxima, dtype=float)))
        cube = cube.assign_attrs(source=self.name, trial=TRIAL, trial_notes="\n".join(notes))
        places = CubeStations(self.cells.codes, self.cells.lat, self.cells.lon)
        write_cube(cube, places, f"Trial: discharge by Open-Meteo for {self.country}", self._file(issue_date))
        shutil.rmtree(self._parts(issue_date), ignore_errors=True)

    @property
    def _cells(self) -> list[ArchiveCell]:
        return list(zip(self.cells.lat.tolist(), self.cells.lon.tolist(), strict=True))

    def _require_current(self, issue_date: date) -> None:
        """The service gives one forecast, the newest: it is the one of today, or of yesterday soon after midnight."""
        behind = self.now().date() - issue_date
        if behind < timedelta(0):
            raise InputMissing(
                f"{issue_date} has not begun", where=self.service.url, expected="today", remedy="run again on that day"
            )
        if behind > timedelta(days=1):
            raise InputInvalid(
                f"the service keeps no forecasts, and {issue_date} is {behind.days} days ago",
                where=self.service.url,
                expected="today, or yesterday",
                remedy="take another source for past days; what was run is there with `kind: run`",
            )

    def _served(self, issue_date: date) -> Iterator[PointSeries]:
        """The answers for the stations in their order, few requests for many; each is kept until all are there."""
        first = issue_date + _STAMPED_AFTER
        last = first + timedelta(days=self.lead_times - 1)
        most, cells = at_once(first, last, ensemble=True), self._cells
        groups = [cells[start : start + most] for start in range(0, len(cells), most)]
        for number, group in enumerate(groups, 1):
            file = self._parts(issue_date) / f"part_{_digest(group, last)}.json"
            kept = _read_part(file) if file.is_file() and self._age(file) < _TOGETHER else None
            if kept is None:
                kept = self.service.ask(group, first, last, ensemble=True)
                parts = [asdict(one) | {"values": one.values.tolist()} for one in kept]
                write_text(file, json.dumps({"served": parts}))
            made_progress(number, len(groups))
            yield from kept

    def _day_before(self, issue_date: date) -> xr.DataArray | None:
        file = self._file(issue_date - timedelta(days=1))
        try:
            return read_forecast(file) if file.is_file() else None
        except InputInvalid:
            return None

    def _require_another_run(self, cube: xr.DataArray, before: xr.DataArray | None) -> None:
        still = None if before is None else stale_forecast(cube, before)
        if still == "the same run":
            raise InputMissing(
                "the service still gives the forecast of the day before: every day that both have is equal",
                where=self.service.url,
                expected="a newer run",
                remedy="run again in some hours; if it stays, the service stands still: take another source",
            )
        if still is not None or all_members_alike(cube):
            found = "the series of the day before, moved by a day" if still else "the same values in every member"
            raise InputInvalid(
                f"the service gives {found}: this is not a forecast of {cube.attrs['issue_date']}",
                where=self.service.url,
                expected="members of a run of their own",
                remedy="run again tomorrow, or take another source: what it gives now says nothing of the coming days",
            )


def _cube(served: Sequence[PointSeries], cells: StationCells, issue_date: date, lead_times: int) -> xr.DataArray:
    """(member, lead_time, station) m3/s as `read_cube` gives it; NaN where a point lacks a member."""
    members = sorted({member for one in served for member in one.members})
    values = np.full((len(members), lead_times, len(served)), np.nan, dtype=np.float32)
    for station, one in enumerate(served):
        values[[members.index(member) for member in one.members], :, station] = one.values
    return xr.DataArray(
        values,
        dims=("member", "lead_time", "station"),
        coords={
            "member": members,
            "lead_time": list(range(lead_times)),
            "station": list(cells.codes),
            "outside": ("station", np.zeros(len(served), dtype=bool)),
        },
        name="discharge",
        attrs={"issue_date": issue_date.isoformat()},
    )


def _other_cells(served: Sequence[PointSeries], cells: StationCells) -> Iterator[str]:
    """The stations for which the service has taken another cell than ours, in words."""
    for code, lat, lon, one in zip(cells.codes, cells.lat.tolist(), cells.lon.tolist(), served, strict=True):
        if not is_ours(lat, lon, one):
            yield (
                f"station {code}: the service answers with its cell at {one.lat:.3f}, {one.lon:.3f} and not with the "
                f"station's at {lat:.3f}, {lon:.3f}; what follows is of that cell"
            )


def _read_part(file: Path) -> list[PointSeries] | None:
    """What was answered before; None if it cannot be read."""
    try:
        return [
            PointSeries(one["lat"], one["lon"], tuple(one["members"]), np.array(one["values"], dtype=np.float32))
            for one in read_json_or_empty(file)["served"]
        ]
    except (KeyError, TypeError, ValueError):
        return None


def _digest(group: Sequence[ArchiveCell], last: date) -> str:
    return hashlib.sha256(json.dumps([group, last.isoformat()]).encode()).hexdigest()[:12]
