"""Storms whose events have municipalities in common (rule 12)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ibf_pipeline.hazards.typhoon.event_areas import houses_of
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent


def resolve_shared_areas(events: Sequence[TyphoonEvent]) -> tuple[TyphoonEvent, ...]:
    """The events as they are sent if storms share municipalities (rule 12).

    Both keep them: lists, mails and each event by itself are right, and only the portal's maps mix them up, which
    `shared_with` lets notices say. One exception: an area that a storm has passed yields to a storm still to come that
    alerts it, and is not sent with the storm that has passed: a row of severity 0 would be drawn a second time. **No
    trigger changes by that**: an area that is a trigger yields only to one that is a trigger there as well, and only as
    long as its own event keeps some trigger area. A passed warning that has yielded all its areas is over.
    """
    yielded = [_yielding(event, events) for event in events]
    left = [event for event in yielded if any(area.alerted for area in event.areas)]
    return tuple(replace(event, shared_with=_shares(event, left)) for event in left)


def _yielding(event: TyphoonEvent, events: Iterable[TyphoonEvent]) -> TyphoonEvent:
    kept = passed_areas(event)
    others = [other for other in events if other.storm != event.storm]
    alerted = {code for other in others for code in _codes(other) - passed_areas(other)}
    triggers = {code for other in others for code in _triggers(other) - passed_areas(other)}
    own = _triggers(event)
    gives = (kept & alerted) - own
    if own - (kept & triggers):
        gives |= own & kept & triggers
    if not gives:
        return event
    areas = tuple(area for area in event.areas if area.place_code not in gives)
    people = sum(area.people for area in areas if area.alerted)
    low, high = houses_of(event.impacts, {area.place_code for area in areas if area.alerted})
    return replace(event, areas=areas, people=people, houses_low=low, houses_high=high)


def passed_areas(event: TyphoonEvent) -> frozenset[str]:
    """Place codes of the areas that a storm has passed."""
    return frozenset(each.place_code for each in event.impacts if each.passed_at is not None)


def _codes(event: TyphoonEvent) -> frozenset[str]:
    return frozenset(area.place_code for area in event.areas if area.alerted)


def _triggers(event: TyphoonEvent) -> frozenset[str]:
    return frozenset(area.place_code for area in event.areas if area.alerted and area.trigger)


def _shares(event: TyphoonEvent, events: Collection[TyphoonEvent]) -> tuple[str, ...]:
    codes = _codes(event)
    return tuple(sorted(other.name for other in events if other.storm != event.storm and codes & _codes(other)))
