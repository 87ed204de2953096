"""The alert of a district before it is an event: from this block's rain, from an earlier block, and both combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, LaterAlert, State
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS

QUIET = "-" * len(FLASH_FLOODS.lead_times)
"""flags of a district in which nothing exceeds"""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An area of a district with its numbers."""

    area: EventArea
    scenario: str | None
    cause: Cause | None
    """None if it is not alerted"""


@dataclass(frozen=True, slots=True)
class DistrictAlert:
    """An alert of a district."""

    trigger: bool
    starts: datetime
    flags: str
    probability: float
    rows: Mapping[str, AlertRow]
    state: State = "forecast"
    high_from: datetime | None = None
    exceeded: datetime | None = None
    measured: datetime | None = None
    later: tuple[LaterAlert, ...] = ()

    @property
    def lead_time(self) -> int:
        """The one that is sent: the first of a trigger, without one the first of a warning."""
        return FLASH_FLOODS.lead_times[self.flags.index("T" if self.trigger else "w")]

    @property
    def people(self) -> int:
        """In its alerted areas."""
        return sum(row.area.people for row in self.rows.values() if row.area.alerted)


def earlier_rows(event: FlashFloodEvent) -> dict[str, AlertRow]:
    """The areas of an earlier event as they were."""
    causes = {cause.place_code: cause for cause in event.causes}
    return {
        area.place_code: AlertRow(area, event.scenarios.get(area.place_code), causes.get(area.place_code))
        for area in event.areas
    }


def alerted_names(rows: Mapping[str, AlertRow]) -> tuple[str, ...]:
    """Names of the alerted areas, most people first; the code of one without a name."""
    areas = sorted((row.area for row in rows.values() if row.area.alerted), key=lambda a: (-a.people, a.place_code))
    return tuple(area.name or area.place_code for area in areas)


def larger_rows(one: Mapping[str, AlertRow], other: Mapping[str, AlertRow]) -> dict[str, AlertRow]:
    """The larger numbers of each area of `one` (rule 11); the scenario is that of the row with more people."""
    return {code: _larger(row, other[code]) if code in other else row for code, row in one.items()}


def _larger(one: AlertRow, other: AlertRow) -> AlertRow:
    more, less = (one, other) if _size(one) >= _size(other) else (other, one)
    names = {**one.area.further, **other.area.further}
    further = {name: max(row.area.further.get(name, 0) for row in (one, other)) for name in names}
    area = replace(more.area, further=further, alerted=one.area.alerted or other.area.alerted)
    return AlertRow(area, more.scenario or less.scenario, more.cause or less.cause)


def _size(row: AlertRow) -> tuple[bool, int]:
    return row.area.alerted, row.area.people


def merged_flags(one: str, other: str) -> str:
    """The higher mark of each lead time.

    >>> merged_flags("--wT-", "w-Tw-")
    'w-TT-'
    """
    return "".join(max(pair, key="-wT".index) for pair in zip(one, other, strict=True))


def combine_alerts(earlier: DistrictAlert, now: DistrictAlert | None, rows: Mapping[str, AlertRow]) -> DistrictAlert:
    """Combine what an earlier block left with what this one's rain says.

    Flags are of both, so nothing new is hidden; what comes after the lead time that is sent is in `later` as well (rule
    11).

    Parameters
    ----------
    earlier
        A kept alert or a tail.
    now
        This block's alert; None if its rain gives none.
    rows
        Numbers of this block that may stand beside it, of all areas of the district.

    Returns
    -------
    DistrictAlert
        A trigger if either is; the larger numbers of each area.
    """
    merged = replace(earlier, rows=larger_rows(rows, earlier.rows))
    if now is None:
        return merged
    pairs = (earlier.high_from, now.high_from), (earlier.exceeded, now.exceeded), (earlier.measured, now.measured)
    high, exceeded, measured = ([moment for moment in pair if moment is not None] for pair in pairs)
    merged = replace(
        merged,
        trigger=earlier.trigger or now.trigger,
        flags=merged_flags(earlier.flags, now.flags),
        probability=max(earlier.probability, now.probability),
        high_from=min(high, default=None),
        exceeded=max(exceeded, default=None),
        measured=max(measured, default=None),
    )
    decides = now if (now.trigger, -now.lead_time) >= (earlier.trigger, -earlier.lead_time) else earlier
    next_one = LaterAlert(now.lead_time, now.starts, now.trigger, now.people, alerted_names(now.rows))
    follows = () if decides is now else (next_one,)
    starts = min(earlier.starts, now.starts) if _goes_on(earlier, now) else decides.starts
    return replace(merged, starts=starts, state=decides.state, later=(*follows, *now.later))


def _goes_on(earlier: DistrictAlert, now: DistrictAlert) -> bool:
    """Whether what exceeds now at 0-hour is what an earlier block saw begin: a block looks back on a few hours only."""
    if earlier.exceeded is None or not now.trigger or now.lead_time > 0:
        return False
    return now.starts <= earlier.exceeded + timedelta(hours=1)
