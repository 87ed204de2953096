"""Tracks that were made up for one cycle: those of an exercise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.sources.tracks.source import TrackDelivery


@dataclass(frozen=True, slots=True)
class ScenarioTracks:
    """A source that has one cycle and no other: what came before it is what its own runs kept."""

    name: str
    tracks: xr.Dataset
    """as `domain/tracks.py` says; no storm if none is wished for"""
    files: tuple[Path, ...] = ()
    """that they were read from"""

    def cycle(self, issue_time: IssueTime) -> TrackDelivery:
        """As `TrackSource` says."""
        if cycle_of(self.tracks) != issue_time.start:
            raise InputMissing(
                f"tracks were made up for {cycle_of(self.tracks):%Y-%m-%d %H} UTC alone",
                where=self.name,
                expected=f"those of {issue_time.words}",
                remedy="run the exercise of that cycle",
            )
        return TrackDelivery(self.tracks, origin={"made up": True}, files=self.files)
