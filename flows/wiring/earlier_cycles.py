"""Tracks of cycles before a run's own: as their runs kept them, else from the sources."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import xarray as xr

from flows.wiring.day import Day, run_folder
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.hazards.typhoon.selection import HORIZON_H
from ibf_pipeline.runs.typhoon import TRACKS, read_tracks_kept
from ibf_pipeline.sources.fallback import PASSED_OVER
from ibf_pipeline.sources.tracks.source import TrackSource

log = logging.getLogger("ibf_pipeline.flows")

_BEFORE: Final = (6, 12)
"""hours back: which cycle may be the second one without a storm (TY2)"""
_LONG: Final = (6, 18)
"""hours before a short cycle at which long ones began (TY4)"""


@dataclass(slots=True)
class EarlierCycles:
    """Cycles before that of a run. None of them stops it: what is not available stands in `notes`."""

    day: Day
    sources: Sequence[TrackSource]
    notes: list[str] = field(default_factory=list)
    _known: dict[IssueTime, xr.Dataset | None] = field(default_factory=dict)

    def before(self, tracks: xr.Dataset, shown: TyphoonFindings | None) -> xr.Dataset | None:
        """The newest valid cycle of those 6 and 12 hours earlier, where an open storm is missing from this one.

        `shown`: what people were shown last. A storm that only has another identifier now may be taken for missing:
        whoever judges knows it by its place.
        """
        here = {str(code) for code in tracks["storm"].values}
        ahead = [each for each in (shown.events if shown is not None else ()) if each.state != "passed"]
        gone = [each.name for each in ahead if each.identifier not in here]
        if not gone:
            return None
        found = self._first(_BEFORE)
        if found is None:
            self.notes.append(f"{', '.join(gone)}: no cycle of the 12 hours before can be had to compare with")
        return found

    def long(self, tracks: xr.Dataset, shown: TyphoonFindings | None) -> xr.Dataset | None:
        """The last cycle that reaches the last lead time of portals where this one does not."""
        last_step_h, begins = int(tracks.attrs["last_step_h"]), self.day.exercise and shown is None
        if last_step_h >= HORIZON_H or begins:
            return None
        found = self._first(_LONG, at_least_h=HORIZON_H)
        if found is None and not self.day.exercise:
            self.notes.append(
                f"storms are seen to {last_step_h} hours ahead: no cycle of the 18 hours before can be had that "
                f"reaches {HORIZON_H}"
            )
        return found

    def _first(self, hours_back: Sequence[int], at_least_h: int = 0) -> xr.Dataset | None:
        start, profile = self.day.issue_time.start, self.day.profile
        asked = (self._tracks(profile.issue_time(start - timedelta(hours=hours))) for hours in hours_back)
        return next((each for each in asked if each is not None and each.attrs["last_step_h"] >= at_least_h), None)

    def _tracks(self, issue_time: IssueTime) -> xr.Dataset | None:
        if issue_time not in self._known:
            kept = self._kept(issue_time)
            self._known[issue_time] = self._from_sources(issue_time) if kept is None else kept
        return self._known[issue_time]

    def _kept(self, issue_time: IssueTime) -> xr.Dataset | None:
        country = self.day.country
        run = run_folder(self.day.configuration, RunId(country.iso3, country.hazard, issue_time))
        if not run.is_whole:
            return None
        try:
            return read_tracks_kept(run.file(TRACKS).parent)
        except (InputInvalid, InputMissing) as error:
            log.warning("%s: the tracks that the run of %s kept are not used: %s", country.iso3, issue_time, error)
            return None

    def _from_sources(self, issue_time: IssueTime) -> xr.Dataset | None:
        for source in self.sources:
            try:
                return source.cycle(issue_time).tracks
            except PASSED_OVER as error:
                log.info("source %s has no tracks of %s: %s", source.name, issue_time, error)
        return None
