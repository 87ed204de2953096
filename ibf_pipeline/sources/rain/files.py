"""Gridded rain in files of any product: forecasts and nowcasts run by run, observations by hour or day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from ibf_pipeline.discharge.file_format import format_of
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import utc_text
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.hourly_rain import HourlyRain
from ibf_pipeline.sources.archives import unpacked
from ibf_pipeline.sources.fallback import PASSED_OVER
from ibf_pipeline.sources.file_locations import FileLocation, permission_errors, resolve_pattern
from ibf_pipeline.sources.rain.areal_rain import observed_rain, rain_of_files
from ibf_pipeline.sources.rain.cycles import clip_until, cycle_times, first_gap, floored
from ibf_pipeline.sources.rain.source import RainAreas, RainDelivery, Role

_Got = TypeVar("_Got")
_DAY: Final = timedelta(days=1)
_NOWCASTS: Final = timedelta(hours=12)
"""before the issue time: runs of a radar that began earlier tell nothing that a forecast does not"""


@dataclass(frozen=True, slots=True)
class FilesRain:
    """A source of gridded rain in files."""

    name: str
    role: Role
    origin: str
    """name for people, such as COSMO"""
    place: FileLocation
    pattern: str
    """of strftime, below the place"""
    every: timedelta
    """from one run, or hour or day of observations, to the next"""
    whole: timedelta
    """of a forecast: to which a whole run reaches"""
    oldest_h: int
    """hours before the issue time that the leading run may have begun"""
    reads: RainDeclaration

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """As `RainSource` says."""
        given = {"observed": self._observed, "nowcast": self._nowcasts, "forecast": self._forecasts}[self.role]
        return given(issue_time.start, areas, first, last)

    def _observed(self, now: datetime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """All files of the time asked for, and of one step more on either side, as their hours are unknown."""
        moments = list(cycle_times(last + self.every, first - self.every, self.every))
        found, notes = self._collected(moments, lambda at: _gridded(self.place, at, self.pattern))
        files = sorted({file for each in found.values() for file in each})
        rain, left_out = observed_rain(files, self.reads, areas, self.origin)
        return RainDelivery((rain,), (*notes, *left_out), {"place": self.place.address, "files": len(files)})

    def _nowcasts(self, now: datetime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """Every run of late: each knows a little more than the one before it."""
        moments = list(cycle_times(now, max(first, now - _NOWCASTS) - self.every, self.every))
        found, notes = self._collected(moments, lambda at: self._run(at, areas))
        return self._given(found, notes)

    def _collected(
        self, moments: Sequence[datetime], get: Callable[[datetime], _Got]
    ) -> tuple[dict[datetime, _Got], list[str]]:
        """What there is of each moment, newest first, and a note of each that could not be read; what is not there
        needs none. A place that refuses or is unreachable is asked no more. Raises if there is nothing at all."""
        found: dict[datetime, _Got] = {}
        notes: list[str] = []
        for at in moments:
            try:
                found[at] = get(at)
            except InputMissing:
                continue
            except (InputInvalid, ServerRefused, ServerUnreachable) as error:
                is_away = not isinstance(error, InputInvalid)
                if is_away and not found:
                    raise
                before = " and before" if is_away else ""
                notes.append(f"{self.name}: {self.origin} of {utc_text(at)}{before} is left out: {error.found}")
                if is_away:
                    break
        if not found:
            raise InputMissing(
                "; ".join([f"no {self.origin} of {utc_text(moments[-1])} to {utc_text(moments[0])}", *notes]),
                where=self.place.address,
                expected=f"files named {self.pattern}",
                remedy="run again when they have been delivered, or correct root or url, and files, of the source",
            )
        return found, notes

    def _forecasts(self, now: datetime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """The newest whole run leads; of others the hours up to now stay, for what nobody observed."""
        newest, oldest = floored(now, self.every), now - timedelta(hours=self.oldest_h)
        series: dict[datetime, HourlyRain] = {}
        notes: list[str] = []
        failed: list[IbfError] = []
        leads = False
        for at in cycle_times(now, min(first, oldest) - max(self.every, _DAY), self.every):
            if (leads or at < oldest) and any(began <= first for began in series):
                break
            try:
                found = self._run(at, areas)
            except PASSED_OVER as error:
                failed.append(error)
                if at == newest or not isinstance(error, InputMissing):
                    remedy = f" ({error.remedy})" if error.remedy and not isinstance(error, InputMissing) else ""
                    notes.append(f"{self.name}: {self.origin} of {utc_text(at)} is not used: {error.found}{remedy}")
                if isinstance(error, ServerRefused | ServerUnreachable):
                    break
                continue
            gap = first_gap(found, at, min(at + self.whole, last))
            if gap is not None and at >= oldest and not leads:
                notes.append(
                    f"{self.name}: {self.origin} of {utc_text(at)} is not whole and does not lead: the hour to "
                    f"{utc_text(gap)} is missing"
                )
            is_leading = gap is None and at >= oldest and not leads
            leads |= is_leading
            series[at] = found if is_leading else clip_until(found, now)
        if not series:
            raise _stopped(failed[0], notes)
        spoiled = next((each for each in failed[:1] if isinstance(each, InputInvalid) and newest not in series), None)
        return replace(self._given(series, notes), spoiled=None if leads else spoiled)

    def _run(self, at: datetime, areas: RainAreas) -> HourlyRain:
        return rain_of_files(_gridded(self.place, at, self.pattern), self.reads, areas, self.origin, cycle=at)

    def _given(self, series: dict[datetime, HourlyRain], notes: list[str]) -> RainDelivery:
        origin = {"place": self.place.address, "runs": [f"{at:%Y-%m-%dT%H:%M}" for at in series]}
        return RainDelivery(tuple(series.values()), tuple(notes), origin)


def _gridded(place: FileLocation, at: datetime, pattern: str) -> list[Path]:
    """GRIB and netCDF files of a moment, those of archives too; what is neither is passed over.

    InputMissing if there are none (yet).
    """
    where = f"{place.address}/{'/'.join(resolve_pattern(at, pattern))}"
    found = place.files(at, pattern)
    with permission_errors(where):
        kinds = {file: format_of(file) for file in found if file.stat().st_size}
    loose = [file for file, kind in kinds.items() if kind in ("grib", "netcdf")]
    archives = [file for file, kind in kinds.items() if kind == "archive"]
    if archives:
        with place.cache.held(place.name, at.date()) as kept:
            loose += unpacked(archives, loose, kept)[0]
    if not loose:
        others = f"; there is {found[0].name}, which is none or empty" if found else ""
        raise InputMissing(
            f"no rain of {at:%Y-%m-%d %H:%M} UTC" + others,
            where=where,
            expected="GRIB2, netCDF or HDF5 files, or an archive that holds them",
            remedy="run again when it has been delivered, or correct root or url, and files, of the source",
        )
    return loose


def _stopped(newest: IbfError, notes: Sequence[str]) -> IbfError:
    """What became of the newest run; if that may still come, with what is wrong with those before it."""
    if not isinstance(newest, InputMissing) or not notes[1:]:
        return newest
    found = "; ".join([newest.found, *notes[1:]])
    return InputMissing(found, where=newest.where, expected=newest.expected, remedy=newest.remedy)
