"""Which event has which area: every area above the deepest level belongs to one event (design section 5, rule 6).

The server joins areas of the national map without the event's name: an area in two events is drawn with the wrong
class and its people are counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """An event's claim on areas."""

    event: str
    rank: int
    """of its alert class; higher wins"""
    lead_time: int
    """days; earlier wins"""
    people: int
    """affected in the whole event; more wins"""
    deepest_areas: tuple[str, ...]
    """place codes of the mapping file"""


@dataclass(frozen=True, slots=True)
class Share:
    """An area given to an event, and the deepest-level areas whose exposure counts there."""

    event: str
    place_code: str
    counts: tuple[tuple[str, str], ...]
    """(event, deepest place code): whose people are summed for this row"""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The areas of every event on one level."""

    shares: tuple[Share, ...]
    kept: Mapping[str, tuple[str, ...]]
    """event -> areas that it keeps although another event has them, because it would have none left"""


def allocate(claims: Sequence[Claim], parent_of: Callable[[str], str], *, keep_at_least_one: bool) -> Allocation:
    """Give every area of a level to one event.

    `parent_of`: deepest place code -> place code on this level. A shared area goes to the event of the highest class,
    then the earlier lead time, then more people, with the area's whole affected population. With `keep_at_least_one`
    (the default level) an event that would lose all its areas keeps them, with its own part of the people, so that
    the level still adds up.
    """
    order = sorted(claims, key=lambda claim: (-claim.rank, claim.lead_time, -claim.people, claim.event))
    own: dict[str, dict[str, list[tuple[str, str]]]] = {}
    areas_of: dict[str, set[str]] = {}
    for claim in order:
        for deepest in claim.deepest_areas:
            area = parent_of(deepest)
            own.setdefault(area, {}).setdefault(claim.event, []).append((claim.event, deepest))
            areas_of.setdefault(claim.event, set()).add(area)
    owner = {area: next(iter(events)) for area, events in own.items()}
    holders = set(owner.values())
    kept = {
        event: tuple(sorted(areas)) for event, areas in areas_of.items() if keep_at_least_one and event not in holders
    }
    shares = []
    for area, events in sorted(own.items()):
        counted = [part for event, parts in events.items() if event not in kept for part in parts]
        shares.append(Share(owner[area], area, tuple(counted)))
        shares += [Share(event, area, tuple(parts)) for event, parts in events.items() if event in kept]
    return Allocation(tuple(shares), kept)
