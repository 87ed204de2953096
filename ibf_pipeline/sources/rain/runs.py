"""Runs of a model from an archive as a source of rain: the newest whole one leads, older ones fill the hours before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.rain.hourly import HourlyRain
from ibf_pipeline.rain.reads import Reads
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.order import PASSED_OVER
from ibf_pipeline.sources.rain.read import rain_of_files
from ibf_pipeline.sources.rain.source import RainAreas, RainGiven, Role

_EVERY: Final = timedelta(hours=6)
"""from one run to the next"""


@dataclass(frozen=True, slots=True)
class Run:
    """What is wanted of a run."""

    title: str
    """for people: GFS"""
    files: Sequence[Path]
    """where it is kept"""
    fetch: Callable[[], object]
    """brings those of `files` that are not there; InputMissing where the run is not whole"""


Wanted = Callable[[datetime, datetime, Path], Run]
"""the run that began at a time (UTC), up to another one, kept in a folder"""


@dataclass(frozen=True, slots=True)
class RunsRain:
    """Runs of one model."""

    name: str
    address: str
    """of the archive"""
    cache: InputCache
    leading: Wanted
    filling: Wanted
    """of a run that gives hours before the issue time alone"""
    oldest_h: int
    """hours before the issue time at which the leading run may have begun"""
    role: Role = field(default="forecast", init=False)

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainGiven:
        """The run that leads, and the first hours of the runs before it, back to `first`.

        Raises what the archive said of the newest run where none is whole.
        """
        newest = issue_time.start - timedelta(hours=issue_time.start.hour % 6)
        errors: dict[datetime, IbfError] = {}
        leads: HourlyRain | None = None
        began = newest
        for began in _backwards(newest, newest - timedelta(hours=self.oldest_h)):
            leads = self._tried(self.leading, began, last, areas, errors)
            if leads is not None:
                break
        if leads is None:
            raise errors[newest]
        notes = [f"{self.name}: the run of {at:%Y-%m-%d %H} UTC does not lead: {errors[at].found}" for at in errors]
        series, not_leading = [leads], set(errors)
        for at in _backwards(began - _EVERY, first - _EVERY + timedelta(minutes=1)):
            fills = self._tried(self.filling, at, at + _EVERY, areas, errors)
            series += [] if fills is None else [fills]
        notes += [
            f"{self.name}: the run of {at:%Y-%m-%d %H} UTC fills no hours: {errors[at].found}"
            for at in errors
            if at not in not_leading
        ]
        origin = {"archive": self.address, "runs": [each.label for each in series]}
        return RainGiven(tuple(series), tuple(notes), origin)

    def _tried(
        self, wanted: Wanted, began: datetime, last: datetime, areas: RainAreas, errors: dict[datetime, IbfError]
    ) -> HourlyRain | None:
        """A run up to `last`; None, and its error, where it cannot be had. An archive that is away is left alone."""
        is_away = any(isinstance(error, ServerUnreachable) for error in errors.values())
        try:
            with self.cache.held(self.name, began.date()) as folder:
                return _read(wanted(began, last, folder), began, areas, is_away=is_away)
        except PASSED_OVER as error:
            errors[began] = error
            return None


def _backwards(newest: datetime, oldest: datetime) -> Iterator[datetime]:
    while newest >= oldest:
        yield newest
        newest -= _EVERY


def _read(run: Run, began: datetime, areas: RainAreas, *, is_away: bool) -> HourlyRain:
    """A file that cannot be read is deleted, all of them where they do not fit together, to be fetched anew next time."""
    if is_away and not all(file.is_file() for file in run.files):
        raise InputMissing(
            "it was not fetched before, and the archive cannot be reached",
            where=run.files[0].parent,
            expected="an archive that answers",
            remedy="run again later",
        )
    run.fetch()
    try:
        return rain_of_files(run.files, Reads(), areas, run.title, cycle=began)
    except InputInvalid as error:
        for file in [file for file in run.files if str(file) == error.where] or run.files:
            file.unlink(missing_ok=True)
        raise
