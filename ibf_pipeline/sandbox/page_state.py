"""What the page shows of a country and hazard on a day, or in a block of six hours if the hazard has those.

The one of the newest upload is shown as the portal has it (processed events, triggers set by people). An earlier one
is read back from the rows that were uploaded for it; the real service moves those to an archive at midnight.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ibf_pipeline.sandbox.backend import Backend
from ibf_pipeline.sandbox.disasters import Disaster
from ibf_pipeline.sandbox.events import activation_log, active_events, first_flagged, flags_at, urgency
from ibf_pipeline.sandbox.mail import kept_mails, shown_name
from ibf_pipeline.sandbox.page_assets import asset_layers, shown_lines, shown_points, shown_stations
from ibf_pipeline.sandbox.process import (
    ForecastArea,
    LastUpload,
    country_disaster,
    default_level,
    forecast_areas,
    last_upload,
    uploaded_event_names,
)
from ibf_pipeline.sandbox.store import SandboxStore, number
from ibf_pipeline.sandbox.timestamps import api_timestamp, parse_js_date, period_start
from ibf_pipeline.sandbox.typhoon import tracks_of_period
from ibf_pipeline.sandbox.vocabulary import ALERT_LEVELS, MAIL_CLOCKS, WITH_TIME_ZONE, alert_level


def countries_with_days(store: SandboxStore) -> list[dict[str, Any]]:
    """Countries with the days (or blocks: ``2026-11-20T06:00``) for which something was uploaded, newest first."""
    found = store.rows(
        "SELECT c.iso3, c.name, z.zone, d.disaster, d.levels, d.default_level AS defaultLevel FROM country AS c"
        " JOIN country_disaster AS d ON d.iso3 = c.iso3 LEFT JOIN clock AS z ON z.iso3 = c.iso3"
        " ORDER BY c.name, d.disaster"
    )
    days: dict[tuple[str, str], dict[str, None]] = {}  # in order, each once
    hours = "SELECT DISTINCT iso3, disaster, substr(moment, 1, 13) AS hour FROM exposure ORDER BY hour DESC"
    for row in store.rows(hours):
        disaster = store.disasters[row["disaster"]]
        days.setdefault((row["iso3"], row["disaster"]), {})[_day(disaster, f"{row['hour']}:00:00.000Z")] = None
    return [
        {
            **row,
            **_clock(row["iso3"], row["zone"], next(iter(days.get((row["iso3"], row["disaster"]), ())), 0)),
            "blocks": store.disasters[row["disaster"]].period == "six-hours",
            "layers": asset_layers(store.disasters[row["disaster"]]),
            "measure": store.disasters[row["disaster"]].measure,
            "share": store.disasters[row["disaster"]].exposure_is_share,
            "tracks": store.disasters[row["disaster"]].has_tracks,
            "raster": store.disasters[row["disaster"]].raster_name.replace("_", " ").capitalize(),
            "levels": json.loads(row["levels"]),
            "days": list(days.get((row["iso3"], row["disaster"]), ())),
        }
        for row in found
    ]


def _clock(iso3: str, seeded: str | None, newest: str | int) -> dict[str, str]:
    """The zone of a country's clocks, and its name on the newest day; a zone without one is named by its offset."""
    zone = WITH_TIME_ZONE.get(iso3) or seeded or "UTC"
    at = parse_js_date(newest).astimezone(ZoneInfo(zone))
    word = MAIL_CLOCKS[iso3][0] if iso3 in MAIL_CLOCKS else at.tzname() or zone
    return {"zone": zone, "zoneWord": word if word.isalpha() else f"UTC{word}"}


def _day(disaster: Disaster, moment: str) -> str:
    """What the page offers to choose from: a day, or the start of a block of six hours."""
    return period_start(disaster.period, moment)[:16] if disaster.period == "six-hours" else moment[:10]


def _end_of_day(disaster: Disaster, moment: str) -> str:
    start = parse_js_date(_day(disaster, moment))
    return api_timestamp(start + timedelta(hours=6 if disaster.period == "six-hours" else 24))


def select_day(store: SandboxStore, iso3: str, disaster: str, day: str | None) -> LastUpload | None:
    """The newest upload, or the last one of an earlier day or block: its rows end there."""
    newest = last_upload(store, iso3, disaster)
    hazard = store.disasters[disaster]
    if newest is None or not day or day == _day(hazard, newest.moment):
        return newest
    start = api_timestamp(parse_js_date(day))
    found = store.row(
        "SELECT MAX(moment) AS moment FROM exposure WHERE iso3 = :iso3 AND disaster = :disaster"
        " AND moment >= :start AND moment < :end",
        iso3=iso3,
        disaster=disaster,
        start=start,
        end=_end_of_day(hazard, start),
    )
    if found is None or found["moment"] is None:
        return None
    moment = found["moment"]
    return replace(newest, moment=moment, cutoff=period_start(hazard.period, moment), until=moment)


def page_state(backend: Backend, iso3: str, disaster: str, day: str | None) -> dict[str, Any]:
    with backend.store.transaction() as store:
        hazard = store.disasters[disaster]
        last = select_day(store, iso3, disaster, day)
        until = _values_until(hazard, last) if last else ""
        mails = [
            {
                "at": mail.at,
                "moment": mail.moment,
                "subject": mail.subject,
                "recipients": mail.recipients,
                "events": [shown_name(name) for name in mail.event_names],
                "html": mail.html,
            }
            for mail in kept_mails(store, iso3)
            if mail.disaster_type == disaster
        ]
        state: dict[str, Any] = {
            "mails": mails[::-1],
            "log": [entry for entry in activation_log(store, iso3, disaster) if entry["databaseId"]],
            "extents": _extents(backend, hazard, iso3),
            "stations": shown_stations(store, hazard, iso3, last, until),
            "points": shown_points(store, hazard, iso3, last, until),
            "lines": shown_lines(store, hazard, iso3),
            "tracks": tracks_of_period(store, last, until) if hazard.has_tracks and last else [],
        }
        if last is None:
            return {**state, "moment": None, "newest": True, "unprocessed": 0, "events": [], "areas": {}}
        events = _portal_events(store, last) if last.is_newest else _earlier_events(store, last)
        return {
            **state,
            "moment": last.moment,
            "newest": last.is_newest,
            "unprocessed": _unprocessed(store, last, {event["name"] for event in events}),
            "events": events,
            "areas": _areas(store, last, events),
        }


def _portal_events(store: SandboxStore, last: LastUpload) -> list[dict[str, Any]]:
    events = []
    total = "MAX" if store.disasters[last.disaster].exposure_is_share else "SUM"
    for event in active_events(store, last.iso3, last.disaster):
        counted = store.records(
            f"SELECT COUNT(*) AS areas, COALESCE({total}(e.exposure), 0) AS people FROM event_area AS e"  # noqa: S608
            " JOIN admin_area AS a ON a.place_code = e.place_code"
            " WHERE a.iso3 = :iso3 AND e.disaster = :disaster AND e.event = :event AND e.closed = 0",
            **asdict(last),
            event=event["eventName"],
        )[0]
        events.append(
            {
                "name": event["eventName"],
                "shown": shown_name(event["eventName"]),
                "level": event["alertLevel"],
                "firstLeadTime": event["firstLeadTime"],
                "firstTriggerLeadTime": event["firstTriggerLeadTime"],
                "firstIssued": event["firstIssuedDate"],
                "setBy": event["userTriggerName"] if event["userTrigger"] else None,
                "people": counted["people"],
                "areas": counted["areas"],
            }
        )
    return events


def _earlier_events(store: SandboxStore, last: LastUpload) -> list[dict[str, Any]]:
    level = default_level(store, last.iso3, last.disaster)
    total = max if store.disasters[last.disaster].exposure_is_share else sum
    events = []
    for name in uploaded_event_names(store, last):
        areas = [] if name is None else forecast_areas(store, last, level, name)
        if not areas:
            continue
        flags = flags_at(store, last, name)
        first_issued = store.row(
            "SELECT MIN(e.first_issued) AS day FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
            " WHERE a.iso3 = :iso3 AND e.disaster = :disaster AND e.event = :event"
            " AND :moment BETWEEN e.first_issued AND e.end_date",
            **asdict(last),
            event=name,
        )
        events.append(
            {
                "name": name,
                "shown": shown_name(name or ""),
                "level": min((_level(area) for area in areas), key=ALERT_LEVELS.index),
                "firstLeadTime": first_flagged(flags, ""),
                "firstTriggerLeadTime": first_flagged(flags, "-forecastTrigger"),
                "firstIssued": first_issued and first_issued["day"],
                "setBy": None,
                "people": number(total(area.exposure or 0 for area in areas)),
                "areas": len(areas),
            }
        )
    return sorted(events, key=lambda event: urgency(event["firstLeadTime"], event["level"]))


def _level(area: ForecastArea) -> str:
    return alert_level(area.severity, area.trigger, None)


def _areas(store: SandboxStore, last: LastUpload, events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Place code to the events that cover it, at every level; a trigger set by hand counts at its own level."""
    raised = {
        (row["place_code"], row["event"])
        for row in store.rows(
            "SELECT place_code, event FROM event_area WHERE closed = 0 AND user_trigger = 1 AND disaster = :disaster",
            disaster=last.disaster,
        )
    }
    setup = country_disaster(store, last.iso3, last.disaster)
    covered: dict[str, list[dict[str, Any]]] = {}
    for level in json.loads(setup["levels"]) if setup else ():
        for event in events:
            for area in forecast_areas(store, last, level, event["name"]):
                by_person = last.is_newest and (area.place_code, event["name"]) in raised
                covered.setdefault(area.place_code, []).append(
                    {
                        "event": event["shown"],
                        "level": "trigger" if by_person else _level(area),
                        "people": number(area.exposure),
                    }
                )
    return covered


def _unprocessed(store: SandboxStore, last: LastUpload, shown: set[str]) -> int:
    """Uploaded events that events/process has not made visible yet."""
    if not last.is_newest:
        return 0
    level = default_level(store, last.iso3, last.disaster)
    names = [name for name in uploaded_event_names(store, last) if name and name not in shown]
    return sum(bool(forecast_areas(store, last, level, name)) for name in names)


def _values_until(hazard: Disaster, last: LastUpload) -> str:
    return last.until if last.is_newest else _end_of_day(hazard, last.moment)


def _extents(backend: Backend, hazard: Disaster, iso3: str) -> list[str]:
    """Lead times with an uploaded extent; only the latest file of each is there, whatever the day."""
    if hazard.raster_folder is None:
        return []
    folder = backend.raster_folder(hazard.raster_folder)
    return [lead_time for lead_time in hazard.lead_times if (folder / hazard.raster(iso3, lead_time)).is_file()]
