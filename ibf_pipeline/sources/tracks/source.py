"""What a source of cyclone tracks is: it answers with the storms of one forecast cycle, or says why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime


@dataclass(frozen=True, slots=True)
class TrackDelivery:
    """What a source gives of a cycle."""

    tracks: xr.Dataset
    """as `domain/tracks.py` says; without any storm only if the source proves that the cycle has none"""
    notes: tuple[str, ...] = ()
    """what of the cycle is not there, a sentence each"""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """where it was fetched from, its files with their hashes, and what proves that there is no cyclone; the manifest's
    """
    files: tuple[Path, ...] = ()
    """what was read, as it is kept; none if the cycle has no cyclone"""


class TrackSource(Protocol):
    """A way to obtain the tracks of a cycle."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    def cycle(self, issue_time: IssueTime) -> TrackDelivery:
        """The storms of the whole world in the forecast that began at `issue_time`.

        What was fetched before is not fetched again. No cyclone (TY2) is an answer only if the source shows
        that the cycle is finished and has no tracks; that a file is not found proves nothing.

        Raises InputMissing if the cycle is not there (yet), InputInvalid if it is and cannot be trusted (damaged,
        of another cycle, too few members), ServerRefused and ServerUnreachable if a service cannot be used.
        """
