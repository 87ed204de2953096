"""What a portal shows of the events of a day on a country's default level (pure).

Its national map joins areas without the events' names, so an area that several events have is sent with one of them
if possible: its people are that event's there, whatever the forecast counts for each. If both have it, the map
draws it in the colour of the higher one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ibf_pipeline.domain.findings import Event, EventArea
from ibf_pipeline.domain.wording import alert_text, number_text, people_text, people_words, some

_MOST = 3
"""areas that a sentence names"""


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as the portal shows it."""

    event: Event
    areas: tuple[EventArea, ...]
    """alerted areas of the default level"""
    elsewhere: tuple[tuple[str, str], ...]
    """(name of an area of its own, the event that it is shown with instead); `no event` if that one is not shown"""
    higher: tuple[tuple[str, Event], ...]
    """(name of one of its areas, the higher event that has it too and whose colour the national map takes)"""

    @property
    def people(self) -> int:
        """On the map, and in a mail."""
        return sum(area.people for area in self.areas)

    @property
    def people_note(self) -> str:
        """Where the forecast counts other people, both numbers in a sentence; else empty."""
        if self.people == self.event.people:
            return ""
        given = some([f"{area} is shown with {other}" for area, other in self.elsewhere], _MOST)
        given = given or "areas that several events have are shown whole with one of them"
        return (
            f"the portal shows {number_text(self.people)} people for event {self.event.name}, the forecast has "
            f"{people_text(self.event.people, known=self.event.people_known)}: {given}"
        )

    @property
    def map_notes(self) -> list[str]:
        """A sentence for each higher event in whose colour its areas are drawn."""
        notes = []
        for other in dict.fromkeys(other.name for _, other in self.higher):
            areas = some([area for area, event in self.higher if event.name == other], _MOST)
            event = next(event for _, event in self.higher if event.name == other)
            drawn = "mixes the two up" if _class(event) == _class(self.event) else f"draws it as {_class(event)}"
            both = f"{_words(self.event)} and {_words(event)} both have {areas}"
            notes.append(f"{both}: the portal's national map {drawn}")
        return notes


def event_views(events: Iterable[Event], default_admin_level: int) -> list[EventView]:
    """Every event that the portal shows, the highest first.

    Parameters
    ----------
    events
        As in findings, highest first; those that cannot be published are left out.
    default_admin_level
        The level whose areas the portal's national map draws.

    Returns
    -------
    list of EventView
        Each with its alerted areas of that level, and with those that another event has too.
    """
    first: dict[str, Event] = {}
    shown = []
    for event in (event for event in events if event.publishable):
        areas = tuple(event.alerted_areas_of(default_admin_level))
        higher = tuple((_named(area), first[area.place_code]) for area in areas if area.place_code in first)
        first |= {area.place_code: event for area in areas if area.place_code not in first}
        shown.append((event, areas, higher))
    names = {area.place_code: _named(area) for _, areas, _ in shown for area in areas}
    return [EventView(event, areas, tuple(_elsewhere(event, names, first)), higher) for event, areas, higher in shown]


def _elsewhere(event: Event, names: Mapping[str, str], first: Mapping[str, Event]) -> Iterator[tuple[str, str]]:
    """Areas that went to another event, which an operator may have withdrawn since. `first`: place code -> the highest
    event that is shown there.
    """
    for code, _ in event.given_areas:
        yield names.get(code, code), first[code].name if code in first else "no event"


def portal_notes(events: Iterable[Event], default_admin_level: int) -> list[str]:
    """The sentences of all events: people and colours that the portal shows otherwise than the forecast has them."""
    shown = event_views(events, default_admin_level)
    return [note for view in shown for note in (view.people_note, *view.map_notes) if note]


def _class(event: Event) -> str:
    return alert_text(event.alert_class, trigger=event.trigger)


def _words(event: Event) -> str:
    return f"event {event.name} ({_class(event)}, {people_words(event.people, known=event.people_known)})"


def _named(area: EventArea) -> str:
    return area.name or area.place_code
