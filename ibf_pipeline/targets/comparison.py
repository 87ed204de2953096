"""A day of ours beside what a portal shows of the same day: for shadow runs beside another pipeline (pure).

Events are compared by what they are about, since two pipelines may name them differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.hazards.registry import profile_of

Agreement = Literal["agrees", "differs", "only here", "only there"]
_WARNINGS = {"max": "warning", "med": "warning-medium", "min": "warning-low"}
"""alert class of an event without a trigger -> the portal's alert level"""


@dataclass(frozen=True, slots=True)
class PortalEvent:
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
class EventComparison:
    """One event, here and there."""

    event: str
    """our name, or the portal's if only it has the event"""
    verdict: Agreement
    here: str
    there: str
    differences: tuple[str, ...] = ()


def alert_level(event: Event) -> str:
    """The portal's word for an event of ours: trigger, warning, warning-medium or warning-low."""
    return "trigger" if event.trigger else _WARNINGS[event.alert_class]


def as_shown(findings: Findings, event: Event) -> PortalEvent:
    """An event of ours as the portal would show it.

    Its `first_lead_time` is the first one of any class; `first_trigger` may be a later one. `people` has the alerted
    areas of the country's default admin level.
    """
    name = profile_of(findings).lead_time_name
    first = next(lead for lead, flag in zip(findings.lead_times, event.flags, strict=True) if flag != "-")
    return PortalEvent(
        event.name,
        alert_level(event),
        name(first),
        None if event.first_trigger is None else name(event.first_trigger),
        {area.place_code: area.people for area in event.areas_of(findings.default_admin_level) if area.alerted},
    )


def compare_events(
    findings: Findings, there: Sequence[PortalEvent], key_of: Mapping[str, str]
) -> list[EventComparison]:
    """Every event of either side: ours in their order, then those that only the portal has.

    Parameters
    ----------
    findings : Findings
        Of the day.
    there : sequence of PortalEvent
        What the portal shows.
    key_of : mapping
        The portal's event name -> key of what the event is about, as far as known. Events with the same key are
        compared; a name without a key stands for itself.

    Returns
    -------
    list of EventComparison
        `agrees` needs the same alert level, first lead time, first trigger, areas and sum of people.
    """
    theirs = {key_of.get(event.name, event.name): event for event in there}
    rows = []
    for event in findings.publishable_events:
        own = as_shown(findings, event)
        other = theirs.pop(event.key, None)
        if other is None:
            rows.append(EventComparison(own.name, "only here", _words(own), ""))
            continue
        differences = tuple(_differences(own, other))
        verdict: Agreement = "differs" if differences else "agrees"
        rows.append(EventComparison(own.name, verdict, _words(own), _words(other), differences))
    return [*rows, *(EventComparison(other.name, "only there", "", _words(other)) for other in theirs.values())]


def _differences(own: PortalEvent, other: PortalEvent) -> Iterable[str]:
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


def _words(event: PortalEvent) -> str:
    trigger = f", first trigger {event.first_trigger}" if event.first_trigger else ""
    return (
        f"{event.alert_level}, from {event.first_lead_time or 'no lead time'}{trigger}; "
        f"{sum(event.people.values()):,} people in {len(event.people)} areas"
    )
