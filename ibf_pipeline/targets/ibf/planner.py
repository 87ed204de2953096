"""The plan for the IBF API: the ordered calls that make a correct portal (pure).

Order and meaning are those of the API description ("API for pipelines", floods) with what was checked on a running
server: one identical `date` in every call, zeros only without events, one closing call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ibf_pipeline.domain.found import Event, EventArea, Found, StationFound, StationValues
from ibf_pipeline.domain.lead_times import LEAD_TIMES, lead_time_name
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.targets.ibf.capabilities import Capabilities
from ibf_pipeline.targets.ibf.moment import date_of_calls

EXPOSURE = "/admin-area-dynamic-data/exposure"
STATION_DATA = "/point-data/dynamic"
RASTER = "/admin-area-dynamic-data/raster/{disaster_type}"
MAP_IMAGE = "/event/event-map-image/{country}/{disaster_type}/{event}"
PROCESS = "/events/process"
NO_ALERT_LEAD_TIME = 1
"""days: what the server itself writes for a flood country without events"""
SILENT_END = "end without notification"


@dataclass(frozen=True, slots=True)
class Order:
    """What a revision is to be published with."""

    moment: datetime
    """the one `date` of every call: issue date plus revision"""
    place_codes: Mapping[int, Sequence[str]]
    """admin level -> every area that the server has"""
    extents: Mapping[int, FileBody]
    """lead time -> raster, all of them"""
    stations: Collection[str] | None = None
    """station codes that the server knows; None: not asked"""
    map_images: Mapping[str, FileBody] = field(default_factory=dict)
    """event name -> picture"""
    notify: bool = True
    wipe: bool = False
    """an earlier upload of the same period is replaced: remove the rows of its events first"""


def plan_calls(found: Found, order: Order, capabilities: Capabilities) -> list[Call]:
    """The ordered calls of a revision.

    Raises InputInvalid where a raster of a lead time is not there or the server lacks an admin level.
    """
    missing = [lead_time_name(lead_time) for lead_time in LEAD_TIMES if lead_time not in order.extents]
    if missing:
        raise InputInvalid(f"no flood extent for {', '.join(missing)}", expected="a raster for every lead time")
    return [
        replace(call, number=number)
        for number, call in enumerate(_calls(found, order, _Bodies(found, order), capabilities), 1)
    ]


def _calls(found: Found, order: Order, bodies: _Bodies, capabilities: Capabilities) -> Iterator[Call]:
    events = found.publishable_events
    if order.wipe:
        replaced = (*bodies.exposure_indicators, *capabilities.alert_indicators) if events else ()  # else by the zeros
        yield from _wipe(found, bodies, (*replaced, *capabilities.other_alert_indicators))
    for event in events:
        yield from _exposure(found, event, bodies, capabilities)
        yield _lead_times(event, bodies, capabilities)
        yield from _stations([found.station(event.station_code)], "station of the event", order, bodies, event.name)
        if capabilities.map_image and event.name in order.map_images:
            yield _map_image(found, event, order.map_images[event.name])
    if capabilities.close_path and (events or capabilities.closes_before_zeros):
        yield _closing(capabilities.close_path, "close old events", bodies)
    for event in found.unpublishable_events:
        yield from _stations([found.station(event.station_code)], "alerted station without areas", order, bodies)
    alerted = {event.station_code for event in found.events}
    quiet = [station for station in found.stations if station.code not in alerted]
    yield from _stations(quiet, "all other stations", order, bodies)
    for lead_time in LEAD_TIMES:
        path = RASTER.format(disaster_type=found.disaster_type)
        step = f"flood extent {lead_time_name(lead_time)}"
        yield Call(0, step, "POST", path, file=order.extents[lead_time])
    if not events:
        yield from _zeros(found, order, bodies, capabilities)
        if capabilities.close_path:
            yield _closing(capabilities.close_path, "close old events after the zeros", bodies)
    if capabilities.preview_parameter:
        query = {capabilities.preview_parameter: "true"}
        yield Call(0, "close and preview", "POST", PROCESS, query, bodies.head, kind="preview")
    yield from _end(order, bodies, capabilities)


def _exposure(found: Found, event: Event, bodies: _Bodies, capabilities: Capabilities) -> Iterator[Call]:
    """Level by level, the exposure first and the alert indicators last."""
    for level in found.admin_levels:
        areas = event.areas_of(level)
        if not areas:
            continue  # all of its areas of this level are another event's
        for indicator in bodies.exposure_indicators:
            amounts = [(area.place_code, bodies.amount(indicator, area)) for area in areas]
            yield bodies.exposure(level, indicator, event.lead_time, event.name, amounts)
        for indicator, amount_of in capabilities.alert_indicators.items():
            amount = amount_of(event)
            codes = [(area.place_code, amount) for area in areas]
            yield bodies.exposure(level, indicator, event.lead_time, event.name, codes)


def _lead_times(event: Event, bodies: _Bodies, capabilities: Capabilities) -> Call:
    """All lead times with both flags: a missing trigger flag would be stored as true."""
    days = [
        {
            "leadTime": lead_time_name(lead_time),
            capabilities.alert_field: flag != "-",
            capabilities.trigger_field: flag == "T",
        }
        for lead_time, flag in zip(LEAD_TIMES, event.flags, strict=True)
    ]
    body = {**bodies.head, "eventName": event.name, capabilities.lead_time_list: days}
    return Call(0, "alerts per lead time", "POST", capabilities.lead_time_path, body=body, event=event.name)


def _stations(
    stations: Iterable[StationFound], step: str, order: Order, bodies: _Bodies, event: str | None = None
) -> Iterator[Call]:
    """Four calls, one a key. Blind stations and those that the server does not know are in none."""
    sent = [
        (station, station.values)
        for station in stations
        if station.values is not None and (order.stations is None or station.code in order.stations)
    ]
    if not sent:
        return
    lead_time = lead_time_name(sent[0][1].lead_time)
    for key, value_of in STATION_VALUES.items():
        body = {
            **bodies.head,
            "pointDataCategory": "glofas_stations",
            "key": key,
            "leadTime": lead_time,
            "dynamicPointData": [{"fid": station.code, "value": value_of(values)} for station, values in sent],
        }
        yield Call(0, f"{step}: {key}", "POST", STATION_DATA, body=body, event=event)


def _map_image(found: Found, event: Event, image: FileBody) -> Call:
    path = MAP_IMAGE.format(
        country=quote(found.country, safe=""),
        disaster_type=quote(found.disaster_type, safe=""),
        event=quote(event.name, safe=""),
    )
    return Call(0, "map image", "POST", path, file=image, event=event.name)


def _zeros(found: Found, order: Order, bodies: _Bodies, capabilities: Capabilities) -> Iterator[Call]:
    """No alert: every area of the server is 0, on every level, for every indicator."""
    for level in found.admin_levels:
        codes = order.place_codes.get(level)
        if not codes:
            raise InputInvalid(f"the server has no areas of admin level {level}", expected="areas to send zeros for")
        for indicator in (*bodies.exposure_indicators, *capabilities.alert_indicators):
            yield bodies.exposure(level, indicator, NO_ALERT_LEAD_TIME, None, [(code, 0) for code in codes], "no alert")


def _wipe(found: Found, bodies: _Bodies, indicators: Iterable[str]) -> Iterator[Call]:
    """An empty list without an event's name deletes the period's rows of every event and inserts nothing.

    The rows of the earlier upload may be of the other generation: the server makes events of them where an event has
    none of its own generation.
    """
    for level in found.admin_levels:
        for indicator in indicators:
            yield bodies.exposure(level, indicator, NO_ALERT_LEAD_TIME, None, [], "wipe the earlier upload")


def _closing(path: str, step: str, bodies: _Bodies) -> Call:
    return Call(0, step, "POST", path, body=bodies.head)


def _end(order: Order, bodies: _Bodies, capabilities: Capabilities) -> Iterator[Call]:
    """The one call that notifies. Without notifications it is silenced where the server can be, else left out."""
    if order.notify:
        yield Call(0, "notify", "POST", capabilities.end_path, body=bodies.head, kind="end")
    elif capabilities.silent_parameter:
        query = {capabilities.silent_parameter: "true"}
        yield Call(0, SILENT_END, "POST", capabilities.end_path, query, bodies.head)
    elif capabilities.close_path:
        yield _closing(capabilities.close_path, SILENT_END, bodies)


class _Bodies:
    """Bodies of the JSON calls, all with the same head."""

    def __init__(self, found: Found, order: Order) -> None:
        self.head: dict[str, Any] = {
            "countryCodeISO3": found.country,
            "disasterType": found.disaster_type,
            "date": date_of_calls(order.moment),
        }
        main, *further = found.indicators
        self.exposure_indicators = (main, *((f"{main}_percentage",) if found.percentage else ()), *further)
        self._main = main

    def amount(self, indicator: str, area: EventArea) -> float:
        """People, their share of the population (0..1) or another layer's count."""
        if indicator == self._main:
            return area.people
        return area.share if indicator == f"{self._main}_percentage" else area.further[indicator]

    def exposure(
        self,
        level: int,
        indicator: str,
        lead_time: int,
        event: str | None,
        amounts: Sequence[tuple[str, float]],
        step: str = "exposure",
    ) -> Call:
        """One upload of one indicator on one level."""
        body = {
            **self.head,
            "adminLevel": level,
            "leadTime": lead_time_name(lead_time),
            "dynamicIndicator": indicator,
            "eventName": event,
            "exposurePlaceCodes": [{"placeCode": code, "amount": amount} for code, amount in amounts],
        }
        return Call(0, f"{step}, level {level}, {indicator}", "POST", EXPOSURE, body=body, event=event)


def _plain(value: float) -> float:
    """Whole numbers without a decimal point: the server stores station values as text."""
    return int(value) if value == int(value) else value


STATION_VALUES: Mapping[str, Callable[[StationValues], float | str]] = {
    "forecastLevel": lambda values: _plain(values.forecast_level),
    "forecastReturnPeriod": lambda values: _plain(values.forecast_return_period),
    "triggerLevel": lambda values: _plain(values.trigger_level),
    "eapAlertClass": lambda values: values.alert_class,
}
"""key of a station's call -> its value"""
