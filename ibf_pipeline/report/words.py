"""Names and places as the sentences of a report have them, for any hazard (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.hazards.known import profile_of

_NAMED = 5


def subject_text(found: Findings, key: str) -> str:
    """`Mill bridge (G1)`; what has no name is called by its key."""
    name = found.named(key)
    return f"{name} ({key})" if name else key


def further_indicators(found: Findings) -> tuple[str, ...]:
    """What is published for areas beside people and their share."""
    profile = profile_of(found)
    return tuple(name for name in found.indicators if name not in (profile.people_indicator, profile.share_indicator))


def area_names(found: Findings, events: Sequence[Event]) -> list[str]:
    """Names of the default-level areas of events, those with most people first."""
    people: dict[str, int] = {}
    names: dict[str, str] = {}
    for event in events:
        for area in event.alerted_areas_of(found.default_admin_level):
            people[area.place_code] = people.get(area.place_code, 0) + area.people
            names[area.place_code] = area.name or area.place_code
    return [names[code] for code in sorted(people, key=lambda code: (-people[code], code))]


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """`A, B and C`; `A, B, C, D, E and 12 more`."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}" if names else ""
