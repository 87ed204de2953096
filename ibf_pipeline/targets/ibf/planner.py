"""The plan for the IBF API: the ordered calls that make a correct portal (pure).

Order and meaning are those of the API description ("API for pipelines") with what was checked on a running server: one
identical `date` in every call, zeros only without events, one closing call. What only one hazard sends is its part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.targets.ibf.bodies import Bodies, PlanParameters
from ibf_pipeline.targets.ibf.capabilities import Capabilities
from ibf_pipeline.targets.ibf.plan_parts import plan_part_of

RASTER_PATH = "/admin-area-dynamic-data/raster/{disaster_type}"
_MAP_IMAGE = "/event/event-map-image/{country}/{disaster_type}/{event}"
PROCESS = "/events/process"
SILENT_END = "end without notification"


def plan_calls(findings: Findings, order: PlanParameters, capabilities: Capabilities) -> list[Call]:
    """The ordered calls of a revision, numbered from 1.

    Returns
    -------
    list of Call
        In this order:

        1. if an earlier upload of the period is replaced: what removes its rows;
        2. for each event, level by level: exposure, then the alert indicators; the flags of all lead times; what the
           hazard adds; a map image if the server takes one;
        3. on servers with a separate closing call: that call, which closes ended events;
        4. what the hazard sends once (other stations, exposed points and lines), and a raster per lead time;
        5. without events: 0 for every area, level and indicator, and the closing call again;
        6. the preview, which processes the rows into events and mails nobody, if the server has one;
        7. the call of kind `end`, the only one that notifies. Without notifications it is silenced or left out.

        Every JSON body carries the same `date`; all calls but the last may be repeated.

    Raises
    ------
    InputInvalid
        If the raster of a lead time is missing, the server lacks an admin level, or an event is at a lead time that
        no portal can show.

    References
    ----------
    The API description, "API for pipelines"; docs/design/publication.md, P7; docs/publishing.md, "Call by call".
    """
    profile, bodies = profile_of(findings), Bodies(findings, order)
    wanted = profile.lead_times if profile.raster else ()
    missing = [profile.lead_time_name(lead_time) for lead_time in wanted if lead_time not in order.extents]
    if missing:
        raise InputInvalid(
            f"no {profile.short} extent for {', '.join(missing)}", expected="a raster for every lead time"
        )
    calls = _calls(findings, order, bodies, capabilities)
    return [replace(call, number=number) for number, call in enumerate(calls, 1)]


def _calls(findings: Findings, order: PlanParameters, bodies: Bodies, capabilities: Capabilities) -> Iterator[Call]:
    events, part = findings.publishable_events, plan_part_of(findings)
    if order.wipe:
        yield from part.before_replacing(findings, bodies)
        replaced = (*bodies.indicators, *capabilities.alert_indicators) if events else ()  # else by the zeros
        yield from _wipe(findings, bodies, (*replaced, *capabilities.other_alert_indicators))
    for event in events:
        yield from _exposure(findings, event, bodies, capabilities)
        yield from part.before_lead_times(findings, event, bodies)
        yield _lead_times(findings, event, bodies, capabilities)
        yield from part.after_lead_times(findings, event, bodies)
        if capabilities.map_image and event.name in order.map_images:
            yield _map_image(findings, event, order.map_images[event.name])
    if capabilities.close_path and (events or capabilities.closes_before_zeros):
        yield _closing(capabilities.close_path, "close old events", bodies)
    yield from part.after_events(findings, bodies)
    for lead_time in bodies.profile.lead_times if bodies.profile.raster else ():
        path = RASTER_PATH.format(disaster_type=bodies.profile.disaster_type)
        step = f"flood extent {bodies.profile.lead_time_name(lead_time)}"
        yield Call(0, step, "POST", path, file=order.extents[lead_time])
    if not events:
        yield from _zeros(findings, order, bodies, capabilities)
        if capabilities.close_path:
            yield _closing(capabilities.close_path, "close old events after the zeros", bodies)
    if capabilities.preview_parameter:
        query = {capabilities.preview_parameter: "true"}
        yield Call(0, "close and preview", "POST", PROCESS, query, bodies.head, kind="preview")
    yield from _end(order, bodies, capabilities)


def _exposure(findings: Findings, event: Event, bodies: Bodies, capabilities: Capabilities) -> Iterator[Call]:
    """Level by level, the exposure first and the alert indicators last."""
    lead_time = bodies.profile.shown(event.lead_time)
    if lead_time is None:
        raise InputInvalid(
            f"event {event.name} is at {bodies.profile.lead_time_name(event.lead_time)}, which no portal can show",
            expected=f"at most {bodies.profile.lead_time_name(bodies.profile.lead_times[-1])}",
        )
    for level in findings.admin_levels:
        areas = event.areas_of(level)
        if not areas:
            continue  # all of its areas of this level are another event's
        for indicator in bodies.indicators:
            amounts = ((area.place_code, bodies.amount(indicator, area)) for area in areas)
            known = [(code, amount) for code, amount in amounts if amount is not None]
            if known:  # an empty list would take rows away
                yield bodies.exposure(level, indicator, lead_time, event.name, known)
        first = sorted(areas, key=lambda area: not _triggers(event, area))
        for indicator, usual in capabilities.alert_indicators.items():
            amount_of = plan_part_of(findings).amounts.get(indicator, usual)
            codes = [(area.place_code, amount_of(_as_in(event, area))) for area in first]
            codes.sort(key=lambda each: -each[1])  # by the first one a server may tell whether the event is a trigger
            yield bodies.exposure(level, indicator, lead_time, event.name, codes)


def _as_in(event: Event, area: EventArea) -> Event | None:
    """An event as it is in one of its areas; None if nothing is expected there."""
    if not area.alerted:
        return None
    return event if area.trigger is None else replace(event, trigger=area.trigger)


def _triggers(event: Event, area: EventArea) -> bool:
    there = _as_in(event, area)
    return there is not None and there.trigger


def _lead_times(findings: Findings, event: Event, bodies: Bodies, capabilities: Capabilities) -> Call:
    """All lead times of the portal with both flags: a missing trigger flag would be stored as true.

    What the forecast says between two of them stands at the earlier one.
    """
    shown: dict[int | None, str] = {}
    for lead_time, flag in zip(findings.lead_times, event.flags, strict=True):
        at = bodies.profile.shown(lead_time)
        shown[at] = shown.get(at, "") + flag
    listed = [
        {
            "leadTime": bodies.profile.lead_time_name(lead_time),
            capabilities.alert_field: bool(shown.get(lead_time, "").strip("-")),
            capabilities.trigger_field: "T" in shown.get(lead_time, ""),
        }
        for lead_time in bodies.profile.lead_times
    ]
    body = {**bodies.head, "eventName": event.name, capabilities.lead_time_list: listed}
    return Call(0, "alerts per lead time", "POST", capabilities.lead_time_path, body=body, event=event.name)


def _map_image(findings: Findings, event: Event, image: FileBody) -> Call:
    path = _MAP_IMAGE.format(
        country=quote(findings.country, safe=""),
        disaster_type=quote(profile_of(findings).disaster_type, safe=""),
        event=quote(event.name, safe=""),
    )
    return Call(0, "map image", "POST", path, file=image, event=event.name)


def _zeros(findings: Findings, order: PlanParameters, bodies: Bodies, capabilities: Capabilities) -> Iterator[Call]:
    """No alert: every area of the server is 0, on every level, for every indicator."""
    for level in findings.admin_levels:
        codes = order.place_codes.get(level)
        if not codes:
            raise InputInvalid(f"the server has no areas of admin level {level}", expected="areas to send zeros for")
        for indicator in (*bodies.indicators, *capabilities.alert_indicators):
            zeros = [(code, 0) for code in codes]
            yield bodies.exposure(level, indicator, bodies.profile.no_alert_lead_time, None, zeros, "no alert")


def _wipe(findings: Findings, bodies: Bodies, indicators: Iterable[str]) -> Iterator[Call]:
    """An empty list without an event's name deletes the period's rows of every event and inserts nothing.

    The rows of the earlier upload may be of the other version of the API: the server makes events of them if an event
    has none of its own version.
    """
    for level in findings.admin_levels:
        for indicator in indicators:
            lead_time = bodies.profile.no_alert_lead_time
            yield bodies.exposure(level, indicator, lead_time, None, [], "wipe the earlier upload")


def _closing(path: str, step: str, bodies: Bodies) -> Call:
    return Call(0, step, "POST", path, body=bodies.head)


def _end(order: PlanParameters, bodies: Bodies, capabilities: Capabilities) -> Iterator[Call]:
    """The one call that notifies. Without notifications it is silenced if the server can be, else left out."""
    if order.notify:
        yield Call(0, "notify", "POST", capabilities.end_path, body=bodies.head, kind="end")
    elif capabilities.silent_parameter:
        query = {capabilities.silent_parameter: "true"}
        yield Call(0, SILENT_END, "POST", capabilities.end_path, query, bodies.head)
    elif capabilities.close_path:
        yield _closing(capabilities.close_path, SILENT_END, bodies)
