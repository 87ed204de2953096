"""What remains of an earlier block's alert: it ends only if something says so (rules 1, 6 and 15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.hazards.flash_floods.district_alert import QUIET, DistrictAlert, earlier_rows, merged_flags
from ibf_pipeline.hazards.flash_floods.districts import District
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.flash_floods.sums import MEASURED


@dataclass(frozen=True, slots=True)
class ClearingEvidence:
    """What a block can say against an earlier one."""

    district: District
    may_clear: bool
    """whether the forecast is new enough to take anything back"""
    tail_h: int
    may_close: bool = False
    """whether an operator accepted that what cannot be seen is closed"""

    def takes_back(self, cause: Cause, moment: datetime, duration: int) -> bool:
        """Whether an exceedance of an earlier block is gone.

        Ahead: if the same sum is whole now, and resolved if it was then; this block's own alert says what there is
        instead (rules 1 and 15: a partial sum never clears). Passed: only if moreover at least 90 % of its rain was
        measured, and it is not over the limit (rule 6: a burst between two runs must not vanish).

        Parameters
        ----------
        cause
            Of the earlier event.
        moment
            End of the sum, UTC.
        duration
            Of the sum, hours.
        """
        assessed = self.district.assessed
        column = assessed.areas.index(cause.place_code)
        place, sums = assessed.place(moment), assessed.sums.get(duration)
        if place is None or sums is None or not sums.whole[place, column]:
            return self.may_close
        if cause.resolved and not sums.resolved[place, column]:
            return self.may_close
        if not self.may_clear:
            return False
        if assessed.window.lead_time(moment) > 0:
            return True
        needed = members_needed(self.district.probability.warning, assessed.members)
        over = int(np.count_nonzero(assessed.exceeds[:, place, column])) >= needed
        return bool(sums.observed[place, column] >= MEASURED) and not over


def tail_alert(event: FlashFloodEvent, evidence: ClearingEvidence) -> DistrictAlert | None:
    """A trigger that was at 0-hour stays there for `tail_h` hours from its last exceedance there (rule 11).

    Warnings have no tail. The numbers are those that the event had; the larger of them and this block's are sent.

    Returns
    -------
    DistrictAlert or None
        None if the event was never a trigger at 0-hour, if that time is over at this block's issue time, or if
        forecasts alone had brought it there and measurements say now that nothing fell (rule 6).
    """
    issued = evidence.district.assessed.window.issue_time.start
    if event.exceeded is None or issued >= event.exceeded + timedelta(hours=evidence.tail_h):
        return None
    if event.measured is None and _is_refuted(event, event.exceeded, evidence):
        return None
    return DistrictAlert(
        trigger=True,
        high_from=event.high_from,
        starts=event.starts,
        flags="T" + QUIET[1:],
        probability=event.probability,
        rows=earlier_rows(event),
        state="tail",
        exceeded=event.exceeded,
        measured=event.measured,
    )


def _is_refuted(event: FlashFloodEvent, exceeded: datetime, evidence: ClearingEvidence) -> bool:
    """Whether all that brought a trigger to 0-hour is taken back. Not if the numbers of an area are of a flood that
    began later than that: nobody can look up any more what was there before.
    """
    own = {area.place_code for area in evidence.district.areas}
    causes = [cause for cause in event.causes if cause.place_code in own]
    return all(
        cause.starts <= exceeded
        and evidence.takes_back(cause, cause.starts, cause.start_duration_h)
        and evidence.takes_back(cause, cause.peaks, cause.duration_h)
        for cause in causes
    )


def kept_alert(event: FlashFloodEvent, evidence: ClearingEvidence) -> DistrictAlert | None:
    """The part of an earlier alert that is not taken back, with its numbers as they were (rules 6, 9 and 15).

    A start that has passed meanwhile is 0-hour. There a trigger is kept for as long as a tail, unless it is taken back
    later; a warning for one block. One that has come within the limit is a trigger if a trigger's share of the members
    exceeds by then, and its numbers are of hours inside the limit.

    Returns
    -------
    DistrictAlert or None
        None if all of it is taken back.
    """
    window = evidence.district.assessed.window
    marks: dict[datetime, str] = {}
    codes = set()
    for cause in event.causes:
        for moment in _pending(event, cause, evidence):
            codes.add(cause.place_code)
            is_trigger = _is_high(event, moment) and all(map(window.triggers_at, (moment, cause.peaks)))
            marks[moment] = "T" if is_trigger else marks.get(moment, "w")
    if not marks:
        return None
    highest = max(marks.values(), key="wT".index)
    flags = QUIET
    for moment, mark in marks.items():
        place = FLASH_FLOODS.lead_times.index(window.lead_time(moment))
        flags = merged_flags(flags, QUIET[:place] + mark + QUIET[place + 1 :])
    return DistrictAlert(
        trigger=highest == "T",
        starts=min(moment for moment, mark in marks.items() if mark == highest),
        flags=flags,
        probability=event.probability,
        rows={code: row for code, row in earlier_rows(event).items() if code in codes},
        state="kept",
        high_from=event.high_from,
    )


def _pending(event: FlashFloodEvent, cause: Cause, evidence: ClearingEvidence) -> Iterator[datetime]:
    """The times of an area's exceedance that stand: of its first hour, and of its worst; none before the alert's own
    start, if a member exceeded sooner.
    """
    window = evidence.district.assessed.window
    if cause.place_code not in {area.place_code for area in evidence.district.areas}:
        return  # no longer of the district
    for exceeded, duration in ((cause.starts, cause.start_duration_h), (cause.peaks, cause.duration_h)):
        moment = max(exceeded, event.starts)
        if window.hour(moment) <= window.looked_at_to and not _is_high(event, moment):
            continue
        if window.issue_time.start >= moment + timedelta(hours=evidence.tail_h):
            continue
        if not evidence.takes_back(cause, moment, duration):
            yield moment


def _is_high(event: FlashFloodEvent, moment: datetime) -> bool:
    """Whether a trigger's share of the members had exceeded by a time."""
    return event.high_from is not None and moment >= event.high_from
