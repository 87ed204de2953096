"""Findings of a flood day: its events are alerted GloFAS stations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from ibf_pipeline.domain.findings import Event, Findings, UnreliablePlace
from ibf_pipeline.domain.lead_times import LEAD_TIMES, QUIET_LEAD_TIME
from ibf_pipeline.domain.names import is_name
from ibf_pipeline.hazards.floods.evidence import high_beyond_limit
from ibf_pipeline.hazards.floods.profile import FLOODS


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodEvent(Event):
    """An alerted station."""

    station_code: str
    return_period: float
    """years, of extent and people; 0 where there is none"""
    flood_map: float | None
    """return period of the flood map used, None if no map is"""
    shared_areas_kept: tuple[str, ...] = ()
    """default-level areas that another event has too, kept because none would be left"""
    shared_areas_given: tuple[tuple[str, str], ...] = ()
    """(place code, event): default-level areas that are shown with another event, which has them too"""

    @property
    def key(self) -> str:
        """Its station, whatever the event is called."""
        return self.station_code

    @property
    def given_areas(self) -> Sequence[tuple[str, str]]:
        """(place code, event) of areas that went to another one."""
        return self.shared_areas_given

    @property
    def is_estimated(self) -> bool:
        """Whether people are estimated with a flood map."""
        return self.flood_map is not None

    @property
    def size(self) -> tuple[float, ...]:
        """Return period, then people."""
        return self.return_period, self.people

    @property
    def beyond_portal(self) -> bool:
        """Whether its lead time is later than those of the portal, which it only is without any class on these."""
        return self.lead_time > FLOODS.lead_times[-1]


@dataclass(frozen=True, slots=True)
class StationValues:
    """The four station values of the IBF API, at one of the portal's lead times.

    Those of a station whose event lies beyond them are the values of a quiet one.
    """

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
    """The forecast at one station."""

    code: str
    name: str
    lat: float
    lon: float
    condition: Literal["fine", "suspect", "blind"]
    reason: str
    """why it is suspect or blind, in words"""
    event_name: str
    flags: str
    """for all lead times of the forecast"""
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

    @property
    def shown_name(self) -> str:
        """Its name for people; empty if the list of stations has none, whatever stands there instead."""
        return self.name if is_name(self.name) else ""

    @property
    def called(self) -> str:
        """`G1 (Mill bridge)`; the code alone if it has no name."""
        return f"{self.code} ({self.shown_name})" if self.shown_name else self.code


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodFindings(Findings):
    """One country, one issue date."""

    hazard: str = FLOODS.name
    lead_times: tuple[int, ...] = LEAD_TIMES
    events: tuple[FloodEvent, ...]
    withdrawn: tuple[FloodEvent, ...] = ()
    rule: RuleApplied
    glofas_version: str
    members_expected: int
    members_missing: tuple[int, ...]
    stations: tuple[StationFound, ...]

    def station(self, code: str) -> StationFound:
        """A station by its code."""
        return next(station for station in self.stations if station.code == code)

    def with_condition(self, condition: str) -> list[StationFound]:
        """The stations that are fine, suspect or blind."""
        return [station for station in self.stations if station.condition == condition]

    @property
    def unseen(self) -> Sequence[UnreliablePlace]:
        """Blind stations, then suspect ones."""
        return [
            UnreliablePlace(
                station.code,
                station.event_name,
                station.called if station.shown_name else f"station {station.code}",
                condition,
                station.reason,
            )
            for condition in ("blind", "suspect")
            for station in self.with_condition(condition)
        ]

    @property
    def known(self) -> Mapping[str, str]:
        """The event names of all stations."""
        return {station.event_name: station.code for station in self.stations}

    @property
    def other_names(self) -> Mapping[str, str]:
        """Codes of stations, and names that only one station has."""
        times = Counter(station.name for station in self.stations)
        named = {s.name: s.code for s in self.stations if s.name and times[s.name] == 1}
        return {**named, **{station.code: station.code for station in self.stations}}

    def named(self, key: str) -> str:
        """The station's name, if it has one."""
        return next((station.shown_name for station in self.stations if station.code == key), "")

    def listed_name(self, key: str) -> str:
        """What the list of stations says."""
        return next((station.name for station in self.stations if station.code == key), "")

    @property
    def trigger_limit(self) -> int:
        """Days, of the country's rule."""
        return self.rule.trigger_lead_time_limit

    def place(self, key: str) -> tuple[float, float] | None:
        """Of the station."""
        return next(((station.lon, station.lat) for station in self.stations if station.code == key), None)

    def beyond_limit(self, key: str) -> Sequence[int]:
        """Lead times after the trigger lead time limit that are as high as a trigger."""
        station = next((station for station in self.stations if station.code == key), None)
        return [each.lead_time for each in high_beyond_limit(self, station)] if station is not None else []

    def without(self, names: Collection[str]) -> Self:
        """The same without some of its events, whose stations are quiet then."""
        codes = {event.station_code for event in self.events if event.name in names}

        def quiet(station: StationFound) -> StationFound:
            if station.code not in codes or station.values is None:
                return station
            return replace(station, values=replace(station.values, lead_time=QUIET_LEAD_TIME, alert_class="no"))

        left = Findings.without(self, names)
        return replace(left, stations=tuple(quiet(station) for station in self.stations)) if codes else left
