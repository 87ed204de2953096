"""Names and places as the sentences of a report have them, for any hazard (pure)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.wording import people_words
from ibf_pipeline.hazards.registry import profile_of

_NAMED = 5


def subject_text(findings: Findings, key: str) -> str:
    """`Mill bridge (G1)`; what has no name is `station G1`, or as events of it are called if there are no lists of
    its like.
    """
    name, profile = findings.named(key), profile_of(findings)
    if profile.subject_list is None and not name:
        events = {event.key: event.name for event in (*findings.withdrawn, *findings.events)}
        return events.get(key) or {of: called for called, of in findings.known.items()}.get(key, key)
    return f"{name} ({key})" if name else f"{profile.subject} {key}"


def event_text(findings: Findings, name: str, key: str) -> str:
    """An event in a sentence: `G1 (Mill bridge)`; without a name for people `station G1`, or `Na (station G1)` if
    the event itself is called otherwise.
    """
    named = findings.named(key)
    if named or profile_of(findings).subject_list is None:
        return f"{name} ({named})" if named else name
    return subject_text(findings, key) if name == key else f"{name} ({subject_text(findings, key)})"


def further_indicators(findings: Findings) -> tuple[str, ...]:
    """What is published for areas beside people and their share."""
    profile = profile_of(findings)
    return tuple(
        name for name in findings.indicators if name not in (profile.people_indicator, profile.share_indicator)
    )


def area_names(findings: Findings, events: Sequence[Event]) -> list[str]:
    """Names of the default-level areas of events, those with most people first."""
    people: dict[str, int] = {}
    names: dict[str, str] = {}
    for event in events:
        for area in event.alerted_areas_of(findings.default_admin_level):
            people[area.place_code] = people.get(area.place_code, 0) + area.people
            names[area.place_code] = area.name or area.place_code
    return [names[code] for code in sorted(people, key=lambda code: (-people[code], code))]


def alert_people_text(events: Sequence[Event]) -> str:
    """People of events together: `12,345 people`, `at least 12,345 people`."""
    return people_words(sum(event.people for event in events), known=all(event.people_known for event in events))


def isolated(name: str) -> str:
    """A name, one that is read from right to left between marks that keep numbers behind it in their place."""
    leftward = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"\u2068{name}\u2069" if leftward else name


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """`A, B and C`; `A, B, C, D, E and 12 more`."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}" if names else ""
