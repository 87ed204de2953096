"""What only floods send to the IBF API: four values of every GloFAS station, and what is asked of the server for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ibf_pipeline.domain.exercise import PREFIX
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound, StationValues
from ibf_pipeline.publish.call import Call
from ibf_pipeline.targets.ibf.bodies import POINT_DATA, Bodies
from ibf_pipeline.targets.portal import STATION_CATEGORY
from ibf_pipeline.targets.problems import Problem


def station_of_event(findings: FloodFindings, event: FloodEvent, bodies: Bodies) -> Iterator[Call]:
    """The four calls with the values of the station that an event is about, one per key of `_STATION_VALUES`."""
    yield from _stations([findings.station(event.station_code)], "station of the event", bodies, event.name)


def other_stations(findings: FloodFindings, bodies: Bodies) -> Iterator[Call]:
    """The calls for alerted stations without areas, then those for all quiet stations together.

    A station whose event the portal cannot show yet is quiet as well: within the portal's lead times nothing is
    expected there.
    """
    for event in findings.unpublishable_events:
        yield from _stations([findings.station(event.station_code)], "alerted station without areas", bodies)
    alerted = {event.station_code for event in findings.events if not event.beyond_portal}
    quiet = [station for station in findings.stations if station.code not in alerted]
    yield from _stations(quiet, "all other stations", bodies)


def unfit_stations(findings: FloodFindings, points: Mapping[str, Mapping[str, str] | None]) -> Iterator[Problem]:
    """Stations that the server does not know (left out), and event names that it spells otherwise (they block).

    Parameters
    ----------
    findings : FloodFindings
        Of the day.
    points : mapping
        Category -> code -> name of the points that the server has; None if it does not tell.
    """
    known = points.get(STATION_CATEGORY)
    if known is None:
        return
    unknown = sorted(station.code for station in findings.stations if station.code not in known)
    if unknown:
        listed = ", ".join(unknown)
        yield Problem(f"the server does not know the stations {listed}: left out of the calls", blocks=False)
    for station in findings.stations:
        name = known.get(station.code)
        own = station.event_name.removeprefix(PREFIX) if findings.exercise else station.event_name
        if own not in (station.code, name) and name is not None:
            yield Problem(
                f"event name {station.event_name!r} of station {station.code} is {name!r} on the server: take over its "
                "spelling in stations.csv"
            )


def _stations(stations: Iterable[StationFound], step: str, bodies: Bodies, event: str | None = None) -> Iterator[Call]:
    """Four calls, one a key. Blind stations and those that the server does not know are in none."""
    sent = [
        (station, station.values)
        for station in stations
        if station.values is not None and bodies.order.sends(STATION_CATEGORY, station.code)
    ]
    if not sent:
        return
    lead_time = bodies.profile.lead_time_name(sent[0][1].lead_time)
    for key, value_of in _STATION_VALUES.items():
        body = {
            **bodies.head,
            "pointDataCategory": STATION_CATEGORY,
            "key": key,
            "leadTime": lead_time,
            "dynamicPointData": [{"fid": station.code, "value": value_of(values)} for station, values in sent],
        }
        yield Call(0, f"{step}: {key}", "POST", POINT_DATA, body=body, event=event)


def _plain(value: float) -> float:
    """Whole numbers without a decimal point: the server stores station values as text."""
    return int(value) if value == int(value) else value


_STATION_VALUES: Mapping[str, Callable[[StationValues], float | str]] = {
    "forecastLevel": lambda values: _plain(values.forecast_level),
    "forecastReturnPeriod": lambda values: _plain(values.forecast_return_period),
    "triggerLevel": lambda values: _plain(values.trigger_level),
    "eapAlertClass": lambda values: values.alert_class,
}
"""key of a station's call -> its value"""
