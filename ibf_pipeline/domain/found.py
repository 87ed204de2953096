"""What a day found, independent of any target: the one table that planners, report, exports and artifacts read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

FORMAT = 1
"""Version of events.json."""


@dataclass(frozen=True, slots=True)
class EventArea:
    """An area of an event and what is affected there."""

    admin_level: int
    place_code: str
    name: str
    people: int
    """people where the water is at least the minimum depth"""
    share: float
    """0..1 of the area's population"""
    further: dict[str, int]
    """other exposure layers, by indicator"""


@dataclass(frozen=True, slots=True)
class Event:
    """An alerted station: its name, lead time, class, areas, people and extent."""

    name: str
    station_code: str
    alert_class: str
    trigger: bool
    lead_time: int
    """days"""
    first_trigger: int | None
    """days"""
    flags: str
    """one character a lead time, day-exact: T trigger, w warning, - neither"""
    return_period: float
    """years, of extent and people; 0 where there is none"""
    flood_map: float | None
    """return period of the flood map used, None where no map is"""
    people: int
    areas: tuple[EventArea, ...]
    """empty where the station has no areas: such an event cannot be published"""
    shared_areas_kept: tuple[str, ...] = ()
    """default-level areas that another event has too, kept because none would be left"""

    @property
    def publishable(self) -> bool:
        """Whether there is any area to publish it for."""
        return bool(self.areas)

    def areas_of(self, admin_level: int) -> list[EventArea]:
        """Its areas of one level."""
        return [area for area in self.areas if area.admin_level == admin_level]


@dataclass(frozen=True, slots=True)
class StationValues:
    """The four station values of the IBF API, at one lead time."""

    lead_time: int
    """days; the one that the values are sent for"""
    forecast_level: float
    """m3/s"""
    forecast_return_period: float
    """years, 0 below the smallest"""
    trigger_level: float
    """m3/s"""
    alert_class: str


@dataclass(frozen=True, slots=True)
class StationFound:
    """What the forecast says of a station."""

    code: str
    name: str
    lat: float
    lon: float
    condition: Literal["fine", "suspect", "blind"]
    reason: str
    """why it is suspect or blind, in words"""
    event_name: str
    flags: str
    classes: tuple[str, ...]
    """alert class of every lead time; empty for a blind station"""
    values: StationValues | None
    """None for a blind station: it is in no call"""
    members: tuple[int, ...]
    """members present, by lead time"""
    above: dict[str, tuple[int, ...]]
    """members above the threshold of each return period, by lead time"""
    thresholds: dict[str, float]
    """m3/s by return period"""


@dataclass(frozen=True, slots=True)
class ExtentFound:
    """The flood extent of a lead time."""

    lead_time: int
    file_name: str
    events: tuple[str, ...]
    """names of the events that trigger on it; none: the raster is 0 everywhere"""


@dataclass(frozen=True, slots=True)
class RuleApplied:
    """The country's rule in words and numbers, so that a decision can be explained weeks later."""

    class_rule: str
    classes: dict[str, tuple[float, float]]
    """class -> (return period in years, probability 0..1)"""
    trigger_return_period: float
    trigger_probability: float
    trigger_lead_time_limit: int
    minimum_depth: float
    """metres"""
    below_smallest_map: str
    thresholds_version: str


@dataclass(frozen=True, slots=True)
class Found:
    """One country, one issue date: everything that was found."""

    country: str
    country_name: str
    issue_date: date
    admin_levels: tuple[int, ...]
    default_admin_level: int
    rule: RuleApplied
    indicators: tuple[str, ...]
    """exposure indicators that are published for areas, the main one first"""
    percentage: bool
    """whether the share of people affected is published too"""
    source: str
    glofas_version: str
    members_expected: int
    members_missing: tuple[int, ...]
    events: tuple[Event, ...]
    """highest class first, then the earlier lead time"""
    stations: tuple[StationFound, ...]
    extents: tuple[ExtentFound, ...]
    notes: tuple[str, ...] = ()
    """what a reader of the report must know: repairs, doubts, settings that decided something"""
    disaster_type: str = "floods"
    exercise: bool = False
    withdrawn: tuple[Event, ...] = ()
    """events that a person took back: the forecast has them and nothing publishes them"""
    format: int = FORMAT

    @property
    def publishable_events(self) -> list[Event]:
        """Events that have areas."""
        return [event for event in self.events if event.publishable]

    @property
    def unpublishable_events(self) -> list[Event]:
        """Events whose station has no areas: they alert and the portal cannot show it."""
        return [event for event in self.events if not event.publishable]

    def station(self, code: str) -> StationFound:
        """A station by its code."""
        return next(station for station in self.stations if station.code == code)

    def with_condition(self, condition: str) -> list[StationFound]:
        """The stations that are fine, suspect or blind."""
        return [station for station in self.stations if station.condition == condition]

    @property
    def headline(self) -> str:
        """`2 triggers, 1 warning` or `no alert`; `1 trigger, 1 withdrawn`."""
        triggers = sum(event.trigger for event in self.events)
        warnings = len(self.events) - triggers
        parts = [
            f"{number} {word}{'s' if number > 1 else ''}"
            for number, word in ((triggers, "trigger"), (warnings, "warning"))
            if number
        ]
        taken_back = [f"{len(self.withdrawn)} withdrawn"] if self.withdrawn else []
        return ", ".join([*(parts or ["no alert"]), *taken_back])
