"""What becomes of a district before it is an event: of this block's rain, of an earlier block, and both together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, Later, State
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS

QUIET = "-" * len(FLASH_FLOODS.lead_times)
"""flags of a district where nothing exceeds"""


@dataclass(frozen=True, slots=True)
class Row:
    """An area of a district with its numbers."""

    area: EventArea
    scenario: str | None
    cause: Cause | None
    """None where it is not alerted"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An alert of a district."""

    trigger: bool
    starts: datetime
    flags: str
    probability: float
    rows: Mapping[str, Row]
    state: State = "forecast"
    high_from: datetime | None = None
    exceeded: datetime | None = None
    measured: datetime | None = None
    later: tuple[Later, ...] = ()

    @property
    def lead_time(self) -> int:
        """The one that is sent: the first of a trigger, without one the first of a warning."""
        return FLASH_FLOODS.lead_times[self.flags.index("T" if self.trigger else "w")]

    @property
    def people(self) -> int:
        """In its alerted areas."""
        return sum(row.area.people for row in self.rows.values() if row.area.alerted)


def rows_of(event: FlashFloodEvent) -> dict[str, Row]:
    """The areas of an earlier event as they were."""
    causes = {cause.place_code: cause for cause in event.causes}
    return {
        area.place_code: Row(area, event.scenarios.get(area.place_code), causes.get(area.place_code))
        for area in event.areas
    }


def alerted_names(rows: Mapping[str, Row]) -> tuple[str, ...]:
    """Names of the alerted areas, most people first; the code of one without a name."""
    areas = sorted((row.area for row in rows.values() if row.area.alerted), key=lambda a: (-a.people, a.place_code))
    return tuple(area.name or area.place_code for area in areas)


def larger_rows(one: Mapping[str, Row], other: Mapping[str, Row]) -> dict[str, Row]:
    """The larger numbers of each area of `one` (rule 11); the flood that is drawn is that of the more people."""
    return {code: _larger(row, other[code]) if code in other else row for code, row in one.items()}


def _larger(one: Row, other: Row) -> Row:
    more, less = (one, other) if _size(one) >= _size(other) else (other, one)
    names = {**one.area.further, **other.area.further}
    further = {name: max(row.area.further.get(name, 0) for row in (one, other)) for name in names}
    area = replace(more.area, further=further, alerted=one.area.alerted or other.area.alerted)
    return Row(area, more.scenario or less.scenario, more.cause or less.cause)


def _size(row: Row) -> tuple[bool, int]:
    return row.area.alerted, row.area.people


def merged_flags(one: str, other: str) -> str:
    """The higher mark of each lead time."""
    return "".join(max(pair, key="-wT".index) for pair in zip(one, other, strict=True))


def together(earlier: Outcome, now: Outcome | None, rows: Mapping[str, Row]) -> Outcome:
    """What an earlier block left, with what this one's rain says.

    `rows`: numbers of this block that may stand beside it, of all areas of the district. Flags are of both, so nothing
    new is hidden; what comes after the lead time that is sent is told in words as well (rule 11).
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
    next_one = Later(now.lead_time, now.starts, now.trigger, now.people, alerted_names(now.rows))
    follows = () if decides is now else (next_one,)
    return replace(merged, starts=decides.starts, state=decides.state, later=(*follows, *now.later))
