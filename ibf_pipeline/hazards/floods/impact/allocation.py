"""Which event has which area: every area above the deepest level belongs to one event (docs/design/floods.md, rule 6).

The server joins areas of the national map without the event's name: an area in two events is drawn with the wrong
class and its people are counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.hazards.floods.findings import FloodEvent


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
    given: Mapping[str, tuple[tuple[str, str], ...]]
    """event -> (area of it, the event that has it instead)"""


def precedence(event: FloodEvent) -> tuple[int, int, int, str]:
    """Sort key of events: the higher class first, then the earlier lead time, then more people."""
    return -ALERT_CLASSES.index(event.alert_class), event.lead_time, -event.people, event.name


def allocate(events: Sequence[FloodEvent], parent_of: Callable[[str], str], *, keep_at_least_one: bool) -> Allocation:
    """Give every area of a level to one event.

    A shared area goes to the event of the highest class, then the earlier lead time, then more people, with the area's
    whole affected population.

    Parameters
    ----------
    events
        With their areas of the deepest level alone.
    parent_of
        Place code of the deepest level -> place code on this level.
    keep_at_least_one
        Whether an event that would lose all its areas keeps them, with its own part of the people, so that the level
        still adds up; for the default level.

    Returns
    -------
    Allocation
        Which event has which area, what is kept in spite of another event, and what was given away.

    References
    ----------
    docs/design/floods.md, rule 6
    """
    own: dict[str, dict[str, list[tuple[str, str]]]] = {}
    areas_of: dict[str, set[str]] = {}
    for event in sorted(events, key=precedence):
        for deepest in event.areas:
            area = parent_of(deepest.place_code)
            own.setdefault(area, {}).setdefault(event.name, []).append((event.name, deepest.place_code))
            areas_of.setdefault(event.name, set()).add(area)
    owner = {area: next(iter(sharing)) for area, sharing in own.items()}
    holders = set(owner.values())
    kept = {name: tuple(sorted(areas)) for name, areas in areas_of.items() if keep_at_least_one and name not in holders}
    shares = []
    for area, sharing in sorted(own.items()):
        counted = [part for name, parts in sharing.items() if name not in kept for part in parts]
        shares.append(Share(owner[area], area, tuple(counted)))
        shares += [Share(name, area, tuple(parts)) for name, parts in sharing.items() if name in kept]
    given = {
        name: lost
        for name, areas in areas_of.items()
        if name not in kept and (lost := tuple((area, owner[area]) for area in sorted(areas) if owner[area] != name))
    }
    return Allocation(tuple(shares), kept, given)
