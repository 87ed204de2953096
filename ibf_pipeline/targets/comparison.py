"""A day of ours beside what a portal shows of the same day: for shadow runs beside another pipeline (pure).

Events are compared by station, since two pipelines may name them differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ibf_pipeline.domain.found import Event, Found
from ibf_pipeline.domain.lead_times import lead_time_name

Verdict = Literal["agrees", "differs", "only here", "only there"]
_WARNINGS = {"max": "warning", "med": "warning-medium", "min": "warning-low"}
"""alert class of an event without a trigger -> the portal's alert level"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as a portal shows it."""

    name: str
    alert_level: str
    """trigger, warning, warning-medium or warning-low"""
    first_lead_time: str | None
    """of any class, e.g. 3-day"""
    first_trigger: str | None
    people: Mapping[str, int]
    """place code on the country's default level -> people affected"""


@dataclass(frozen=True, slots=True)
class Compared:
    """One event, here and there."""

    event: str
    """our name, or the portal's where only it has the event"""
    verdict: Verdict
    here: str
    there: str
    differences: tuple[str, ...] = ()


def alert_level(event: Event) -> str:
    """The portal's word for an event of ours: trigger, warning, warning-medium or warning-low."""
    return "trigger" if event.trigger else _WARNINGS[event.alert_class]


def as_shown(event: Event, default_admin_level: int) -> Shown:
    """An event of ours as the portal would show it.

    The portal's first lead time is that of any class: a trigger's own may be a later one.
    """
    first = next(day for day, flag in enumerate(event.flags) if flag != "-")
    return Shown(
        event.name,
        alert_level(event),
        lead_time_name(first),
        None if event.first_trigger is None else lead_time_name(event.first_trigger),
        {area.place_code: area.people for area in event.areas_of(default_admin_level)},
    )


def compare(found: Found, there: Sequence[Shown], station_of: Mapping[str, str]) -> list[Compared]:
    """Every event of either side, ours first. `station_of`: the portal's event name -> station code, where known."""
    theirs = {station_of.get(event.name, event.name): event for event in there}
    rows = []
    for event in found.publishable_events:
        own = as_shown(event, found.default_admin_level)
        other = theirs.pop(event.station_code, None)
        if other is None:
            rows.append(Compared(own.name, "only here", _words(own), ""))
            continue
        differences = tuple(_differences(own, other))
        verdict: Verdict = "differs" if differences else "agrees"
        rows.append(Compared(own.name, verdict, _words(own), _words(other), differences))
    return [*rows, *(Compared(other.name, "only there", "", _words(other)) for other in theirs.values())]


def _differences(own: Shown, other: Shown) -> Iterable[str]:
    if own.alert_level != other.alert_level:
        yield f"{own.alert_level}, there {other.alert_level}"
    for what, mine, theirs in (
        ("first lead time", own.first_lead_time, other.first_lead_time),
        ("first trigger", own.first_trigger, other.first_trigger),
    ):
        if mine != theirs:
            yield f"{what} {mine or 'none'}, there {theirs or 'none'}"
    for what, codes in (
        ("only here", sorted(set(own.people) - set(other.people))),
        ("only there", sorted(set(other.people) - set(own.people))),
    ):
        if codes:
            yield f"areas {what}: {', '.join(codes[:5])}" + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")
    people, there = sum(own.people.values()), sum(other.people.values())
    if people != there:
        yield f"people {people:,}, there {there:,}"


def _words(event: Shown) -> str:
    trigger = f", first trigger {event.first_trigger}" if event.first_trigger else ""
    return (
        f"{event.alert_level}, from {event.first_lead_time or 'no lead time'}{trigger}; "
        f"{sum(event.people.values()):,} people in {len(event.people)} areas"
    )
