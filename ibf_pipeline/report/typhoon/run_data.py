"""What a cycle of typhoon keeps beside its events: its tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.report.earlier_runs import EarlierRun
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.typhoon import TRACKS, read_tracks_kept


@dataclass(frozen=True, slots=True)
class TyphoonRunData:
    """Beside the events of a cycle."""

    tracks: xr.Dataset | None = None
    """as `domain/tracks.py` says; None if a cycle kept none"""
    before: TyphoonFindings | None = None
    """of the last cycle, which changes are counted from"""

    def event_before(self, event: TyphoonEvent) -> TyphoonEvent | None:
        """The same storm as the last cycle had it."""
        events = self.before.events if self.before is not None else ()
        return next((each for each in events if each.key == event.key), None)

    def members_of(self, event: TyphoonEvent) -> xr.Dataset | None:
        """The storm's tracks, (member, time), those members alone that have it; None if they are not of this cycle.

        A storm that is carried is one of an earlier cycle, whose tracks lie with that one.
        """
        if self.tracks is None or event.state != "forecast" or event.identifier not in self.tracks["storm"].values:
            return None
        storm = self.tracks.sel(storm=event.identifier)
        return storm.sel(member=storm["lat"].notnull().any("time"))


def read_run_data(
    findings: TyphoonFindings, folder: Path, run: RunFolder, earlier: Sequence[EarlierRun]
) -> TyphoonRunData:
    """What is kept with a cycle's findings; InputInvalid if it is damaged."""
    tracks = read_tracks_kept(folder) if (folder / TRACKS).is_file() else None
    before = earlier[0].found if earlier and isinstance(earlier[0].found, TyphoonFindings) else None
    return TyphoonRunData(tracks, before)
