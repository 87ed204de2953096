"""What a portal shows of each hazard. Whoever brings another hazard adds its row here, or its days are not checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ibf_pipeline.hazards.floods.findings import FloodFindings


@dataclass(frozen=True, slots=True)
class PointExpected:
    """A point on the portal's map with the values that it must show."""

    category: str
    code: str
    values: dict[str, float | str]
    """by key; the server keeps them as text"""


@dataclass(frozen=True, slots=True)
class Facts:
    """One hazard on the server of today (IBF API 0.335)."""

    disaster_type: str
    unit: str
    """of lead times, as the API spells them: `4-day`"""
    last_lead_time: int
    """the portal shows none that is later"""
    people: str
    """indicator by which events and areas are counted"""
    word: str
    """a point, for people"""
    points: Callable[[Any], Iterator[PointExpected]]
    """(findings of that hazard)"""


def _stations(found: FloodFindings) -> Iterator[PointExpected]:
    """Four values of every station that the forecast can tell of; a blind one is in no upload."""
    for station in found.stations:
        if station.values is not None:
            values: dict[str, float | str] = {
                "forecastLevel": station.values.forecast_level,
                "forecastReturnPeriod": station.values.forecast_return_period,
                "triggerLevel": station.values.trigger_level,
                "eapAlertClass": station.values.alert_class,
            }
            yield PointExpected("glofas_stations", station.code, values)


FACTS: Final[dict[str, Facts]] = {
    "floods": Facts("floods", "day", 7, "population_affected", "station", _stations),
}
"""name of a hazard -> what its portal shows"""
