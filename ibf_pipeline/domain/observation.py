"""What radar passes saw of an event: looks, verdict, areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class ObservedArea:
    """An area of an event: observed and forecast."""

    admin_level: int
    place_code: str
    name: str
    area_km2: float
    observed_km2: float
    """seen by a pass, permanent water among it"""
    flooded_km2: float
    people_observed: int
    """people who live in flooded cells"""
    people_forecast: int
    """people affected as the day's run published them"""


MISSES: Final = "Misses cannot be seen here: only places with an alert are looked at."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the passes say about an event."""

    kind: Literal["hit", "false alarm", "undecided"]
    reason: str


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days (UTC), both included."""

    first: date
    last: date

    def contain(self, moment: datetime) -> bool:
        """Whether a time lies on one of them."""
        return self.first <= moment.astimezone(UTC).date() <= self.last


ObservationSource = Literal["flood map", "open water"]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an event: a scene, or the flood maps that a catalogue had, and what they say on their own."""

    source: ObservationSource
    first_day: date
    last_day: date
    """days (UTC) on which a pass can say something about the event, both included"""
    passes: tuple[datetime, ...]
    """when the radar passed (UTC)"""
    products: tuple[str, ...]
    method: str
    """the rule with its numbers"""
    verdict: Verdict
    areas: tuple[ObservedArea, ...]

    @property
    def on_the_days(self) -> bool:
        """Whether some pass lies on the event's days."""
        return any(DayRange(self.first_day, self.last_day).contain(moment) for moment in self.passes)

    @property
    def people(self) -> int:
        """In flooded cells of the event's areas."""
        return sum(area.people_observed for area in deepest_of(self.areas))


@dataclass(frozen=True, slots=True)
class EventObservation:
    """One event and what all looks at it say together; each of them stays listed."""

    country: str
    issue_date: date
    event: str
    verdict: Verdict
    default_admin_level: int
    areas: tuple[ObservedArea, ...]
    """all looks together: a cell is flooded where some pass saw water"""
    looks: tuple[Look, ...]
    """earliest pass first"""

    @property
    def first_day(self) -> date:
        """First day (UTC) that was looked at."""
        return min(look.first_day for look in self.looks)

    @property
    def last_day(self) -> date:
        """Last day (UTC) that was looked at."""
        return max(look.last_day for look in self.looks)

    @property
    def methods(self) -> list[str]:
        """The rules of the looks, each once."""
        return list(dict.fromkeys(look.method for look in self.looks))

    def areas_of(self, admin_level: int) -> list[ObservedArea]:
        """The areas of one level."""
        return [area for area in self.areas if area.admin_level == admin_level]

    @property
    def people(self) -> tuple[int, int]:
        """(in flooded cells as observed, affected as forecast)."""
        deepest = deepest_of(self.areas)
        return sum(area.people_observed for area in deepest), sum(area.people_forecast for area in deepest)


def deepest_of(areas: Sequence[ObservedArea]) -> list[ObservedArea]:
    """The areas of the deepest level."""
    level = max((area.admin_level for area in areas), default=0)
    return [area for area in areas if area.admin_level == level]


def flooded_km2(areas: Sequence[ObservedArea]) -> float:
    """km2 inside the event's areas."""
    return sum(area.flooded_km2 for area in deepest_of(areas))


def observed_share(areas: Sequence[ObservedArea]) -> float:
    """0..1, the share of the event's area that some pass saw; 0 of areas without size."""
    whole = sum(area.area_km2 for area in deepest_of(areas))
    return sum(area.observed_km2 for area in deepest_of(areas)) / whole if whole else 0.0


def passes_of(look: Look) -> list[str]:
    """When the radar passed, for people (UTC)."""
    return [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" for moment in look.passes] or ["none"]
