"""Findings of a run, independent of hazard and target: the one table that planners, report and artifacts read.

What belongs to one hazard alone (stations and members, gauges, tracks) is in its own kind of findings, below `hazards`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal, Protocol, Self, TypeVar

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.trial import trial_words
from ibf_pipeline.domain.wording import moment_text

EVENTS_FORMAT = 2
"""Version of events.json."""
NO_ALERT: Final = "no alert"
"""how the headline of findings without an event begins"""


@dataclass(frozen=True, slots=True)
class EventArea:
    """An area of an event and what is affected there."""

    admin_level: int
    place_code: str
    name: str
    people: int
    """people affected"""
    share: float | None
    """0..1 of the area's population; None if that is not known"""
    further: dict[str, int | float]
    """further indicators by name"""
    alerted: bool = True
    """false if it is sent with its numbers though nothing is expected there"""
    trigger: bool | None = None
    """whether it is a trigger; None: as its event is"""
    people_known: bool = True
    """false if the country's data do not cover all of it: so many people at least"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is alerted: its name, lead time, class, areas and people."""

    name: str
    alert_class: str
    trigger: bool
    lead_time: int
    """in the hazard's unit"""
    first_trigger: int | None
    """lead time; None for a warning"""
    flags: str
    """one character for each of the findings' lead times, exact for each: T trigger, w warning, - neither"""
    people: int
    areas: tuple[EventArea, ...]
    """empty if there are none: such an event cannot be published"""

    @property
    def key(self) -> str:
        """What it is about, whatever it is called: by this an event is known from run to run."""
        return self.name

    @property
    def is_estimated(self) -> bool:
        """Whether people and the other amounts of its areas were estimated; else they are 0 and mean nothing."""
        return True

    @property
    def people_known(self) -> bool:
        """False if the country's data do not cover all of its deepest areas: so many people at least."""
        deepest = max((area.admin_level for area in self.areas), default=0)
        return all(area.people_known for area in self.areas_of(deepest))

    @property
    def given_areas(self) -> Sequence[tuple[str, str]]:
        """(place code, event): areas of the default level that are shown with another event, which has them too."""
        return ()

    @property
    def size(self) -> tuple[float, ...]:
        """By what a larger event is told from a smaller one of the same class."""
        return (self.people,)

    @property
    def exact_start(self) -> date | None:
        """When it begins, if that is known better than by its lead time."""
        return None

    @property
    def beyond_portal(self) -> bool:
        """Whether its lead time lies beyond those that the portal can show: it cannot be published yet."""
        return False

    @property
    def publishable(self) -> bool:
        """Whether there is any area to publish it for, and a portal can show its lead time."""
        return bool(self.areas) and not self.beyond_portal

    def areas_of(self, admin_level: int) -> list[EventArea]:
        """Its areas of one level."""
        return [area for area in self.areas if area.admin_level == admin_level]

    def alerted_areas_of(self, admin_level: int) -> list[EventArea]:
        """Those of them in which something is expected."""
        return [area for area in self.areas_of(admin_level) if area.alerted]


_EventT_co = TypeVar("_EventT_co", bound=Event, covariant=True)


class _WithEvents(Protocol[_EventT_co]):
    """Findings, by the kind of their events."""

    @property
    def events(self) -> tuple[_EventT_co, ...]: ...


@dataclass(frozen=True, slots=True)
class ExtentFound:
    """The extent of a lead time."""

    lead_time: int
    file_name: str
    events: tuple[str, ...]
    """names of the events that trigger on it; none: the raster is 0 everywhere"""


@dataclass(frozen=True, slots=True)
class UnreliablePlace:
    """Something that the forecast says nothing about (blind), or nothing that can be relied on (suspect)."""

    key: str
    """as of the event that it would be"""
    event_name: str
    words: str
    """`G1 (Mill bridge)`"""
    condition: Literal["suspect", "blind"]
    reason: str
    """in words"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All findings of one country, one hazard and one issue time."""

    country: str
    country_name: str
    hazard: str
    """name of its profile"""
    issue_time: IssueTime
    lead_times: tuple[int, ...]
    """of the forecast, in the hazard's unit; flags stand for these"""
    admin_levels: tuple[int, ...]
    default_admin_level: int
    indicators: tuple[str, ...]
    """exposure indicators that are published for areas, the main one first"""
    percentage: bool = False
    """whether the share of people affected is published too, after the main one"""
    source: str
    events: tuple[Event, ...]
    """highest class first, then the earlier lead time"""
    extents: tuple[ExtentFound, ...] = ()
    notes: tuple[str, ...] = ()
    """what a reader of the report must know: repairs, doubts, settings that decided something"""
    doubts: tuple[str, ...] = ()
    """those of the notes by which published numbers may be wrong: state, notices and report say them by themselves"""
    exercise: bool = False
    withdrawn: tuple[Event, ...] = ()
    """events that an operator withdrew: the forecast has them and nothing publishes them"""
    trial: str = ""
    """in words, if its source is for trying only: it stands on every page, and no such findings reach people"""
    format: int = field(default=EVENTS_FORMAT)

    @property
    def issue_date(self) -> date:
        """The day of its issue time, UTC."""
        return self.issue_time.day

    @property
    def publishable_events(self: _WithEvents[_EventT_co]) -> Sequence[_EventT_co]:
        """Events that a portal can show."""
        return [event for event in self.events if event.publishable]

    @property
    def unpublishable_events(self: _WithEvents[_EventT_co]) -> Sequence[_EventT_co]:
        """Events without areas: they alert and no portal can show it, whatever the day."""
        return [event for event in self.events if not event.publishable and not event.beyond_portal]

    @property
    def events_beyond_portal(self: _WithEvents[_EventT_co]) -> Sequence[_EventT_co]:
        """Events that no portal can show yet: the days to come bring them within its lead times."""
        return [event for event in self.events if event.beyond_portal]

    def triggers_beyond(self, event: Event, last: int) -> Sequence[int]:
        """The trigger lead times of an event after the `last` one that the portal can show."""
        flags = zip(self.lead_times, event.flags, strict=True)
        return [lead_time for lead_time, flag in flags if flag == "T" and lead_time > last]

    @property
    def unseen(self) -> Sequence[UnreliablePlace]:
        """What the forecast cannot speak about: silence about it is not an all clear."""
        return ()

    @property
    def unsafe_to_close(self) -> Sequence[UnreliablePlace]:
        """Those of them whose open event is not closed unless an operator accepts it."""
        return self.unseen

    @property
    def known(self) -> Mapping[str, str]:
        """Name of an event -> its key, of everything that this forecast speaks of, alerted or not."""
        return {event.name: event.key for event in self.events}

    @property
    def other_names(self) -> Mapping[str, str]:
        """Further names that an event may have been published under -> its key; exercises without their prefix."""
        return {}

    def named(self, key: str) -> str:
        """What a key is called beside its event's name, for people; empty if there is nothing to add."""
        return ""

    def listed_name(self, key: str) -> str:
        """The same as the data have it, also if that is not a name for people."""
        return self.named(key)

    def moment_words(self, moment: date) -> str:
        """A day, or a time (UTC) by the clocks that people are told it in; UTC if no others are known."""
        return moment_text(moment)

    @property
    def trigger_limit(self) -> int | None:
        """The last lead time at which a trigger can stand; None if there is no such limit."""
        return None

    def extent(self, lead_time: int) -> ExtentFound | None:
        """The extent of a lead time; None if it has none."""
        return next((extent for extent in self.extents if extent.lead_time == lead_time), None)

    def place(self, key: str) -> tuple[float, float] | None:
        """Longitude and latitude of what a key stands for, degrees; None if it has no place of its own."""
        return None

    def beyond_limit(self, key: str) -> Sequence[int]:
        """Lead times at which it is as high as a trigger and too late to be one."""
        return ()

    def without(self, names: Collection[str]) -> Self:
        """The same findings without some of the events, which an operator withdrew.

        Parameters
        ----------
        names
            Names of the events to leave out; names of no event change nothing.

        Returns
        -------
        Findings
            Of the same kind; the events stand in `withdrawn`, the extents do not name them, and a note says so.
        """
        gone = tuple(event for event in self.events if event.name in names)
        if not gone:
            return self
        extents = (replace(each, events=tuple(n for n in each.events if n not in names)) for each in self.extents)
        return replace(
            self,
            events=tuple(event for event in self.events if event not in gone),
            withdrawn=(*self.withdrawn, *gone),
            extents=tuple(extents),
            notes=(*self.notes, f"withdrawn by a person: {', '.join(event.name for event in gone)}"),
        )

    @property
    def headline(self) -> str:
        """What was counted; of a trial with the words that say so."""
        words = trial_words(self.trial, alerts=bool(self.events))
        return f"{self.counts} ({words})" if words else self.counts

    @property
    def counts(self) -> str:
        """`2 triggers, 1 warning` or `no alert`; `1 trigger, 1 withdrawn`."""
        triggers = sum(event.trigger for event in self.events)
        warnings = len(self.events) - triggers
        parts = [
            f"{number} {word}{'s' if number > 1 else ''}"
            for number, word in ((triggers, "trigger"), (warnings, "warning"))
            if number
        ]
        taken_back = [f"{len(self.withdrawn)} withdrawn"] if self.withdrawn else []
        return ", ".join([*(parts or [NO_ALERT]), *taken_back])
