"""What the frame says if a hazard has no words of its own (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.pictures.map_words import CountryWords, EventWords
from ibf_pipeline.report.words import alert_people_text, area_names, listed


def people_affected(findings: Findings, events: Sequence[Event]) -> str:
    """How many people the events may affect, and where."""
    people = alert_people_text(events)
    return f"{people[0].upper()}{people[1:]} may be affected, in {listed(area_names(findings, events))}."


def people_unknown(where: str) -> str:
    """What is said of areas of triggers if people were not estimated."""
    return f"People are not estimated in {where}."


def event_words(findings: Findings, event: Event) -> EventWords:
    """Words of the map of an event."""
    profile = profile_of(findings)
    if not event.areas:
        people = f"no areas are mapped to this {profile.subject}: the portal cannot show the alert"
    else:
        people = "may be affected" if event.is_estimated else "people are not estimated"
    drawn = profile.raster is not None and event.trigger and event.is_estimated and event.areas
    return EventWords(
        people, f"{profile.short} extent" if drawn else "", profile.subject, (f"Source: {findings.source}.",)
    )


def country_words(findings: Findings) -> CountryWords:
    """Words of the map of the country."""
    return CountryWords(f"{profile_of(findings).short} extent of the triggers", findings.source)


def nothing(*_: Any) -> tuple[()]:
    """Of a hazard that adds nothing."""
    return ()
