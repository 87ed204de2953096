"""GFS as a source of rain: the newest whole cycle leads, older ones fill the hours before it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.io.http import Client
from ibf_pipeline.rain.assembled import AHEAD
from ibf_pipeline.rain.hourly import HourlyRain
from ibf_pipeline.rain.reads import Reads
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.order import PASSED_OVER
from ibf_pipeline.sources.rain.cycles import backwards
from ibf_pipeline.sources.rain.gfs import fetch_gfs, gfs_file, gfs_hours
from ibf_pipeline.sources.rain.read import rain_of_files
from ibf_pipeline.sources.rain.source import RainAreas, RainGiven, Role

log = logging.getLogger(__name__)

_EVERY: Final = timedelta(hours=6)
"""between two cycles"""


@dataclass(frozen=True, slots=True)
class GfsRain:
    """GFS of a public archive, its messages of precipitation kept in the cache."""

    name: str
    client: Client
    cache: InputCache
    step_h: int
    """between the hours that are fetched: 1, 3 or 6"""
    oldest_h: int
    """hours before the issue time that the leading cycle may have begun"""
    role: Role = field(default="forecast", init=False)

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainGiven:
        """The cycle that leads, and the first hours of those of which nothing newer is known, back to `first`.

        A leading cycle is fetched as far as a later block may need it, so that it can lead that one too while the
        archive is away. Raises what the archive said of the newest cycle where none is whole.
        """
        now, notes = issue_time.start, []
        errors: list[IbfError] = []
        leads: HourlyRain | None = None
        began = now
        for began in backwards(now, now - timedelta(hours=self.oldest_h), _EVERY):
            try:
                hours = gfs_hours(AHEAD + self.oldest_h, self.step_h)
                leads = self._cycle(began, hours, areas, only_kept=_is_away(errors))
                break
            except PASSED_OVER as error:
                errors.append(error)
                notes.append(f"{self.name}: GFS of {began:%Y-%m-%d %H} UTC does not lead: {error.found}")
        if leads is None:
            raise errors[0]
        series = [leads]
        for cycle in backwards(now - timedelta(hours=1), first - _EVERY + timedelta(hours=1), _EVERY):
            if cycle != began:
                try:
                    series.append(self._cycle(cycle, gfs_hours(6, self.step_h), areas, only_kept=_is_away(errors)))
                except PASSED_OVER as error:
                    errors.append(error)
                    notes.append(f"{self.name}: GFS of {cycle:%Y-%m-%d %H} UTC fills no hours: {error.found}")
        return RainGiven(
            tuple(series), tuple(notes), {"archive": self.client.server.base, "cycles": [each.label for each in series]}
        )

    def _cycle(self, began: datetime, hours: Sequence[int], areas: RainAreas, *, only_kept: bool) -> HourlyRain:
        """A cycle's rain up to the last of `hours`; what cannot be read is deleted, to be fetched anew next time."""
        with self.cache.held(self.name, began.date()) as folder:
            lacking = [hour for hour in hours if not gfs_file(folder, began, hour).is_file()]
            if only_kept and lacking:
                raise InputMissing(
                    "it was not fetched before, and the archive cannot be reached",
                    where=folder,
                    expected="an archive that answers",
                    remedy="run again later",
                )
            if lacking:  # the last hour is published last: where it is not there, nothing is fetched in vain
                fetch_gfs(self.client, began, lacking[-1:], folder)
            files = fetch_gfs(self.client, began, hours, folder)
            try:
                return rain_of_files(files, Reads(), areas, "GFS", cycle=began)
            except InputInvalid:
                for file in files:
                    file.unlink(missing_ok=True)
                raise


def _is_away(errors: Sequence[IbfError]) -> bool:
    """Whether the archive is asked no more: one cycle that could not be had may have been a line that broke."""
    return sum(isinstance(error, ServerUnreachable) for error in errors) > 1
