"""Runs of a model from an archive as a source of rain: the newest whole one leads, others fill the hours before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.hourly_rain import HourlyRain
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.fallback import PASSED_OVER
from ibf_pipeline.sources.rain.areal_rain import rain_of_files
from ibf_pipeline.sources.rain.cycles import cycle_times
from ibf_pipeline.sources.rain.source import RainAreas, RainDelivery, Role

EVERY: Final = timedelta(hours=6)
"""from one run to the next"""


@dataclass(frozen=True, slots=True)
class Run:
    """What is wanted of a run."""

    origin: str
    """for people: GFS"""
    files: Sequence[Path]
    """where it is kept"""
    fetch: Callable[[], object]
    """brings those of `files` that are not there; InputMissing if the run is not whole"""


RunFactory = Callable[[datetime, datetime, Path], Run]
"""of the run that began at a time (UTC), up to another one, kept in a folder"""


@dataclass(frozen=True, slots=True)
class RunsRain:
    """Runs of one model, their precipitation kept in the cache."""

    name: str
    title: str
    """of the model, for people"""
    address: str
    """of the archive"""
    cache: InputCache
    leading: RunFactory
    filling: RunFactory
    """of a run that gives hours before the issue time alone"""
    oldest_h: int
    """hours before the issue time at which the leading run may have begun"""
    role: Role = field(default="forecast", init=False)

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """The run that leads, and the first hours of those of which nothing newer is known, back to `first`.

        Raises what the archive said of the newest run if none is whole.
        """
        now, notes = issue_time.start, []
        errors: list[IbfError] = []
        leads: HourlyRain | None = None
        began = now
        for began in cycle_times(now, now - timedelta(hours=self.oldest_h), EVERY):
            try:
                leads = self._read(self.leading, began, last, areas, only_kept=_is_away(errors))
                break
            except PASSED_OVER as error:
                errors.append(error)
                notes.append(f"{self.name}: {self.title} of {began:%Y-%m-%d %H} UTC does not lead: {error.found}")
        if leads is None:
            raise errors[0]
        series = [leads]
        for at in cycle_times(now - timedelta(hours=1), first - EVERY + timedelta(hours=1), EVERY):
            if at != began:
                try:
                    series.append(self._read(self.filling, at, at + EVERY, areas, only_kept=_is_away(errors)))
                except PASSED_OVER as error:
                    errors.append(error)
                    notes.append(f"{self.name}: {self.title} of {at:%Y-%m-%d %H} UTC fills no hours: {error.found}")
        return RainDelivery(
            tuple(series), tuple(notes), {"archive": self.address, "cycles": [each.label for each in series]}
        )

    def _read(
        self, wanted: RunFactory, began: datetime, last: datetime, areas: RainAreas, *, only_kept: bool
    ) -> HourlyRain:
        """A run's rain up to `last`; what cannot be read is deleted, to be fetched anew next time."""
        with self.cache.held(self.name, began.date()) as folder:
            run = wanted(began, last, folder)
            if only_kept and not all(file.is_file() for file in run.files):
                raise InputMissing(
                    "it was not fetched before, and the archive cannot be reached",
                    where=folder,
                    expected="an archive that answers",
                    remedy="run again later",
                )
            run.fetch()
            try:
                return rain_of_files(run.files, RainDeclaration(), areas, run.origin, cycle=began)
            except InputInvalid as error:
                for file in [file for file in run.files if str(file) == error.where] or run.files:
                    file.unlink(missing_ok=True)
                raise


def _is_away(errors: Sequence[IbfError]) -> bool:
    """Whether the archive is asked no more: one run that could not be had may have been a line that broke."""
    return sum(isinstance(error, ServerUnreachable) for error in errors) > 1
