"""What a portal shows of each hazard. A further hazard adds its row here, or its days are not checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings


@dataclass(frozen=True, slots=True)
class PointExpected:
    """A point on the portal's map with the values that it must show."""

    category: str
    code: str
    values: dict[str, float | str]
    """by key; the server keeps them as text"""


@dataclass(frozen=True, slots=True, order=True)
class TrackPointExpected:
    """A point of a storm's track."""

    moment: datetime
    """UTC"""
    lat: float
    lon: float
    """degrees, four digits"""
    windspeed: int
    """km/h"""
    category: str
    landfall: bool
    closest: bool


@dataclass(frozen=True, slots=True)
class TrackExpected:
    """The track of an event, its points in any order."""

    event: str
    points: tuple[TrackPointExpected, ...]


def _people(area: EventArea) -> float:
    return area.people


_HOUSES: Final = "houses_affected"


def _houses(area: EventArea) -> float:
    """Their share in an area, 0..1."""
    return area.further[_HOUSES]


def _no_points(found: object) -> Iterator[PointExpected]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Facts:
    """One hazard on an IBF server, as it was seen on version 0.335."""

    disaster_type: str
    unit: str
    """of lead times, as the API spells them: `4-day`"""
    last_lead_time: int
    """the portal shows none that is later"""
    people: str
    """indicator by which events and areas are counted"""
    words: Mapping[str, str]
    """category of points -> one of them, for people"""
    points: Callable[[Any], Iterator[PointExpected]]
    """(findings of that hazard)"""
    exposed: tuple[str, ...] = ()
    """categories whose points are exposed, or have no value at all"""
    zeros_warn: bool = False
    """whether servers of before 0.284 take an area of a warning without an alert for a warned one"""
    amount: Callable[[EventArea], float] = _people
    """of that indicator in an area"""
    counted: str = "people"
    """what it counts, in words behind the number"""
    close: float = 0.5
    """amounts that differ by no more are the same"""
    number: str = ",.0f"
    """how it is written"""
    tracks: Callable[[Any], Iterator[TrackExpected]] | None = None
    """(findings of that hazard); None: it has none"""

    def amount_text(self, amount: float) -> str:
        """`12,345 people`, `0.53 of houses`."""
        return f"{amount:{self.number}} {self.counted}"


def _stations(findings: FloodFindings) -> Iterator[PointExpected]:
    """Four values of every station that the forecast can tell of; a blind one is in no upload."""
    for station in findings.stations:
        if station.values is not None:
            values: dict[str, float | str] = {
                "forecastLevel": station.values.forecast_level,
                "forecastReturnPeriod": station.values.forecast_return_period,
                "triggerLevel": station.values.trigger_level,
                "eapAlertClass": station.values.alert_class,
            }
            yield PointExpected("glofas_stations", station.code, values)


_EXPOSED: Final = ("schools", "health_sites", "waterpoints")
EXPOSED_VALUES: Final[Mapping[str, float | str]] = {"exposure": "true"}
"""of a point that a flood reaches"""


def _assets_and_gauges(findings: FlashFloodFindings) -> Iterator[PointExpected]:
    """Every point that the flood of an event reaches; the water levels of every gauge that has one, and no others."""
    reached = {
        (exposed.category, fid): None
        for event in findings.events
        for exposed in event.exposed
        if exposed.category in _EXPOSED
        for fid in exposed.fids
    }
    for category, fid in reached:
        yield PointExpected(category, fid, dict(EXPOSED_VALUES))
    for gauge in findings.gauges:
        values = {
            "water-level": gauge.level,
            "water-level-reference": gauge.reference,
            "water-level-previous": gauge.previous,
            "water-level-alert-level": gauge.alert_level,
        }
        yield PointExpected("gauges", gauge.fid, {key: value for key, value in values.items() if value is not None})


def _tracks(findings: TyphoonFindings) -> Iterator[TrackExpected]:
    """Of every event that is shown, as they are sent."""
    for event in findings.publishable_events:
        points = (
            TrackPointExpected(
                point.moment.replace(microsecond=0), round(point.lat, 4), round(point.lon, 4), point.wind_kmh,
                point.category, point.landfall, point.closest,
            )
            for point in event.track
        )  # fmt: skip
        yield TrackExpected(event.name, tuple(sorted(points)))


_ASSET_WORDS: Final = {
    "schools": "school", "health_sites": "health site", "waterpoints": "water point", "gauges": "gauge",
}  # fmt: skip
FACTS: Final[dict[str, Facts]] = {
    "floods": Facts("floods", "day", 7, "population_affected", {"glofas_stations": "station"}, _stations),
    "flash-floods": Facts(
        "flash-floods", "hour", 48, "population_affected", _ASSET_WORDS, _assets_and_gauges, _EXPOSED, zeros_warn=True
    ),
    "typhoon": Facts(
        "typhoon",
        "hour",
        168,
        _HOUSES,
        {},
        _no_points,
        zeros_warn=True,
        amount=_houses,
        counted="of houses",
        close=1e-6,
        number="g",
        tracks=_tracks,
    ),
}
"""name of a hazard -> what its portal shows"""
