"""Storms with an open event that a cycle does not have (rule 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import xarray as xr

from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.identity import Identity, identify
from ibf_pipeline.hazards.typhoon.selection import forecast_storms

Fate = Literal["unseen", "passed", "over", "accepted"]
"""unseen: silence, which closes nothing; passed: it goes on as what it leaves; over: two valid cycles are without it;
accepted: an operator closes it"""
_CYCLES: Final = (timedelta(hours=6), timedelta(hours=12))
"""by how much the cycle before is older, that this one may close with"""
REASONS: Final[Mapping[Fate, str]] = {
    "unseen": "",
    "passed": "this cycle's tracks do not have it any more; areas that it has passed keep their numbers",
    "over": "two valid cycles in a row are without it",
    "accepted": "it is missing from this cycle's tracks, and an operator accepted that it is closed",
}

NONE_LEFT: Final = "this cycle's tracks do not have it any more, and no area keeps numbers of it"
"""of a storm that has passed once the time is over for which its areas kept them"""


def fate_of(
    event: TyphoonEvent,
    now: datetime,
    previous_tracks: xr.Dataset | None,
    findings: TyphoonFindings,
    accepted: Collection[str],
    *,
    went_by: bool,
) -> Fate:
    """What becomes of an open event whose storm is missing from a cycle (rule 2).

    An absence is not an all clear: the first one closes nothing and stops the run. The second valid cycle in a row
    without it, 6 or 12 hours after the first, ends it; so does an operator. A storm that has passed all its alerted
    areas, and left something in any, needs no file any more: it goes on as that (rule 11).

    Parameters
    ----------
    event
        The open event.
    now
        Time of this cycle, UTC.
    previous_tracks
        Tracks of the cycle before; None if there is none.
    findings
        The findings that were published last.
    accepted
        Events, by name or storm, that an operator closes.
    went_by
        Whether the storm had passed its areas by `now`, as the last findings forecast it.
    """
    if {event.storm, event.name} & set(accepted):
        return "accepted"
    begun = event.landfall.reference_at <= now
    if event.state == "passed" or (begun and went_by):
        return "passed"
    return "over" if _was_missing(event.storm, now, previous_tracks, findings) else "unseen"


def missing_from(findings: TyphoonFindings, here: Mapping[str, Identity]) -> tuple[TyphoonEvent, ...]:
    """Open events whose storm is none of this cycle's (rule 2)."""
    known = {identity.key for identity in here.values()}
    return tuple(event for event in findings.events if event.storm not in known)


def _was_missing(storm: str, now: datetime, previous_tracks: xr.Dataset | None, findings: TyphoonFindings) -> bool:
    """Whether the cycle before is a valid one that did not have it either."""
    if previous_tracks is None or now - cycle_of(previous_tracks) not in _CYCLES:
        return False
    return storm not in {identity.key for identity in identify(forecast_storms(previous_tracks), findings).values()}
