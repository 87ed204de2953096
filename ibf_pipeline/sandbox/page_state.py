"""What the page shows of a country on a day.

The day of the newest upload is shown as the portal has it (processed events, triggers set by people). An earlier day
is read back from the rows that were uploaded for it; the real service moves those to an archive at midnight.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ibf_pipeline.sandbox.backend import RASTER_FOLDER, Backend
from ibf_pipeline.sandbox.events import activation_log, active_events, first_flagged, flags_at, number
from ibf_pipeline.sandbox.mail import kept_mails, shown_name
from ibf_pipeline.sandbox.moments import moment_text, parse_moment, period_start
from ibf_pipeline.sandbox.process import (
    ForecastArea,
    LastUpload,
    default_level,
    event_names,
    forecast_areas,
    last_upload,
)
from ibf_pipeline.sandbox.stations import current_values
from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.vocabulary import ALERT_LEVELS, alert_level, lead_time_number

_LEAD_TIMES = tuple(f"{n}-day" for n in range(8))


@dataclass(frozen=True, slots=True)
class Selection:
    """Country, disaster and the uploads of the chosen day."""

    iso3: str
    disaster: str
    last: LastUpload
    newest: bool


def countries(store: Store) -> list[dict[str, Any]]:
    """Countries with the days for which something was uploaded, newest first."""
    found = store.rows(
        "SELECT c.iso3, c.name, d.disaster, d.levels, d.default_level FROM country AS c"
        " JOIN country_disaster AS d ON d.iso3 = c.iso3 ORDER BY c.name, d.disaster"
    )
    days: dict[tuple[str, str], list[str]] = {}
    for row in store.rows("SELECT DISTINCT iso3, disaster, day FROM exposure ORDER BY day DESC"):
        days.setdefault((row["iso3"], row["disaster"]), []).append(row["day"][:10])
    return [
        {
            "iso3": row["iso3"],
            "name": row["name"],
            "disaster": row["disaster"],
            "levels": json.loads(row["levels"]),
            "defaultLevel": row["default_level"],
            "days": days.get((row["iso3"], row["disaster"]), []),
        }
        for row in found
    ]


def select_day(store: Store, iso3: str, disaster: str, day: str | None) -> Selection | None:
    newest = last_upload(store, iso3, disaster)
    if newest is None:
        return None
    if not day or day == newest.moment[:10]:
        return Selection(iso3, disaster, newest, newest=True)
    start = parse_moment(day)
    found = store.row(
        "SELECT MAX(moment) AS moment FROM exposure WHERE iso3 = ? AND disaster = ? AND moment >= ? AND moment < ?",
        iso3,
        disaster,
        moment_text(start),
        moment_text(start + timedelta(days=1)),
    )
    if found is None or found["moment"] is None:
        return None
    moment = found["moment"]
    return Selection(iso3, disaster, LastUpload(moment, period_start(disaster, moment), moment), newest=False)


def page_state(backend: Backend, iso3: str, disaster: str, day: str | None) -> dict[str, Any]:
    with backend.store.transaction() as store:
        selection = select_day(store, iso3, disaster, day)
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
            "extents": _extents(backend, iso3),
            "stations": _stations(store, iso3, selection),
        }
        if selection is None:
            return {**state, "moment": None, "newest": True, "unprocessed": 0, "events": [], "areas": {}}
        events = _portal_events(store, selection) if selection.newest else _earlier_events(store, selection)
        return {
            **state,
            "moment": selection.last.moment,
            "newest": selection.newest,
            "unprocessed": _unprocessed(store, selection, {event["name"] for event in events}),
            "events": events,
            "areas": _areas(store, selection, events),
        }


def _portal_events(store: Store, selection: Selection) -> list[dict[str, Any]]:
    events = []
    for event in active_events(store, selection.iso3, selection.disaster):
        counted = store.row(
            "SELECT COUNT(*) AS areas, SUM(e.exposure) AS people FROM event_area AS e"
            " JOIN admin_area AS a ON a.place_code = e.place_code"
            " WHERE a.iso3 = ? AND e.disaster = ? AND e.event = ? AND e.closed = 0",
            selection.iso3,
            selection.disaster,
            event.name,
        )
        events.append(
            {
                "name": event.name,
                "shown": shown_name(event.name),
                "level": event.level,
                "firstLeadTime": event.first_lead_time,
                "firstTriggerLeadTime": event.first_trigger_lead_time,
                "firstIssued": event.first_issued,
                "setBy": event.user_trigger_name if event.user_trigger else None,
                "people": number((counted["people"] if counted else 0) or 0),
                "areas": counted["areas"] if counted else 0,
            }
        )
    return events


def _earlier_events(store: Store, selection: Selection) -> list[dict[str, Any]]:
    iso3, disaster, last = selection.iso3, selection.disaster, selection.last
    level = default_level(store, iso3, disaster)
    events = []
    for name in event_names(store, iso3, disaster, last):
        areas = [] if name is None else forecast_areas(store, iso3, disaster, level, last, name)
        if not areas:
            continue
        flags = flags_at(store, iso3, disaster, name, last)
        events.append(
            {
                "name": name,
                "shown": shown_name(name or ""),
                "level": min((_level(area) for area in areas), key=ALERT_LEVELS.index),
                "firstLeadTime": first_flagged(flags, ""),
                "firstTriggerLeadTime": first_flagged(flags, "-forecastTrigger"),
                "firstIssued": _first_issued(store, selection, name or ""),
                "setBy": None,
                "people": number(sum(area.exposure or 0 for area in areas)),
                "areas": len(areas),
            }
        )
    return sorted(
        events,
        key=lambda e: (lead_time_number(str(e["firstLeadTime"] or "0-day")), ALERT_LEVELS.index(str(e["level"]))),
    )


def _first_issued(store: Store, selection: Selection, event: str) -> str | None:
    found = store.row(
        "SELECT MIN(e.first_issued) AS first FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
        " WHERE a.iso3 = ? AND e.disaster = ? AND e.event = ? AND e.first_issued <= ? AND e.end_date >= ?",
        selection.iso3,
        selection.disaster,
        event,
        selection.last.moment,
        selection.last.moment,
    )
    return None if found is None else found["first"]


def _level(area: ForecastArea) -> str:
    return alert_level(area.severity, area.trigger, None)


def _areas(store: Store, selection: Selection, events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Place code to the events that cover it, at every level; a trigger set by a person counts at its own level."""
    iso3, disaster, last = selection.iso3, selection.disaster, selection.last
    raised = {
        (row["place_code"], row["event"])
        for row in store.rows(
            "SELECT place_code, event FROM event_area WHERE closed = 0 AND user_trigger = 1 AND disaster = ?", disaster
        )
    }
    covered: dict[str, list[dict[str, Any]]] = {}
    for level in _levels(store, iso3, disaster):
        for event in events:
            for area in forecast_areas(store, iso3, disaster, level, last, event["name"]):
                by_person = selection.newest and (area.place_code, event["name"]) in raised
                covered.setdefault(area.place_code, []).append(
                    {
                        "event": event["shown"],
                        "level": "trigger" if by_person else _level(area),
                        "people": number(area.exposure),
                    }
                )
    return covered


def _levels(store: Store, iso3: str, disaster: str) -> list[int]:
    row = store.row("SELECT levels FROM country_disaster WHERE iso3 = ? AND disaster = ?", iso3, disaster)
    return [] if row is None else json.loads(row["levels"])


def _unprocessed(store: Store, selection: Selection, shown: set[str]) -> int:
    """Uploaded events that events/process has not made visible yet."""
    if not selection.newest:
        return 0
    iso3, disaster, last = selection.iso3, selection.disaster, selection.last
    level = default_level(store, iso3, disaster)
    names = [name for name in event_names(store, iso3, disaster, last) if name and name not in shown]
    return sum(bool(forecast_areas(store, iso3, disaster, level, last, name)) for name in names)


def _stations(store: Store, iso3: str, selection: Selection | None) -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "lat": row["lat"],
            "lon": row["lon"],
            "values": None
            if selection is None
            else current_values(store, row["id"], selection.last.cutoff, _end_of_day(selection)),
        }
        for row in store.rows("SELECT * FROM point WHERE iso3 = ? AND category = 'glofas_stations' ORDER BY code", iso3)
    ]


def _end_of_day(selection: Selection) -> str:
    return "9999" if selection.newest else moment_text(parse_moment(selection.last.day) + timedelta(days=1))


def _extents(backend: Backend, iso3: str) -> list[str]:
    """Lead times with an uploaded extent; only the latest file of each is there, whatever the day."""
    folder = backend.folder / RASTER_FOLDER / "flood_extents"
    return [lead_time for lead_time in _LEAD_TIMES if (folder / f"flood_extent_{lead_time}_{iso3}.tif").is_file()]
