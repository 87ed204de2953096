"""What the portal shows of events: the list, their areas, their lead times, the log of activations.

IBF API 0.335, checked on a running instance. Only rows that are open and were refreshed on the day of the newest
upload count as active.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from ibf_pipeline.sandbox.answers import server_error
from ibf_pipeline.sandbox.early_actions import actions_with_status
from ibf_pipeline.sandbox.process import LastUpload, default_level, forecast_areas, last_upload
from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.typhoon import typhoon_properties
from ibf_pipeline.sandbox.vocabulary import ALERT_LEVELS, LEAD_TIMES, MAIN_EXPOSURE, alert_level, lead_time_number


@dataclass(frozen=True, slots=True)
class Event:
    """An active event with the values of its open areas: worst severity, earliest issue, any trigger."""

    name: str
    first_issued: str
    end_date: str
    severity: float
    trigger: bool
    user_trigger: bool
    user_trigger_date: str | None
    user_trigger_name: str | None
    first_lead_time: str | None
    first_trigger_lead_time: str | None
    level: str
    areas: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)

    def as_json(self, iso3: str, disaster: str) -> dict[str, Any]:
        return {
            "countryCodeISO3": iso3,
            "eventName": self.name,
            "firstIssuedDate": self.first_issued,
            "endDate": self.end_date,
            "forecastSeverity": number(self.severity),
            "forecastTrigger": self.trigger,
            "userTrigger": self.user_trigger,
            "userTriggerDate": self.user_trigger_date,
            "userTriggerName": self.user_trigger_name,
            "disasterType": disaster,
            "alertAreas": self.areas,
            "firstLeadTime": self.first_lead_time,
            "firstTriggerLeadTime": self.first_trigger_lead_time,
            "alertLevel": self.level,
            "disasterSpecificProperties": self.properties,
        }


def number(value: float | None) -> float | int | None:
    """JSON knows one kind of number: 1.0 is written 1."""
    return int(value) if value is not None and float(value).is_integer() else value


def active_events(store: Store, iso3: str, disaster: str) -> list[Event]:
    """The active events, by first lead time, then level."""
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        if last is None:
            return []
        found = store.rows(
            "SELECT e.event, MIN(e.first_issued) AS first_issued, MAX(e.end_date) AS end_date,"
            " MAX(e.severity) AS severity, MAX(e.trigger) AS trigger, MAX(e.user_trigger) AS user_trigger,"
            " MAX(e.user_trigger_date) AS user_trigger_date, MAX(e.user_trigger_name) AS user_trigger_name"
            " FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
            " WHERE a.iso3 = ? AND e.disaster = ? AND e.closed = 0 AND e.end_date >= ?"
            " GROUP BY e.event ORDER BY e.event",
            iso3,
            disaster,
            last.day,
        )
        events = [_event(store, iso3, disaster, row) for row in found]
    if len(events) > 1 and any(event.first_lead_time is None for event in events):
        raise server_error()  # the service's own sort breaks on an event without any flagged lead time
    return sorted(
        events,
        key=lambda e: (lead_time_number(e.first_lead_time) if e.first_lead_time else 0, ALERT_LEVELS.index(e.level)),
    )


def _event(store: Store, iso3: str, disaster: str, row: sqlite3.Row) -> Event:
    flags = lead_time_alerts(store, iso3, disaster, row["event"])
    first = first_flagged(flags, "")
    return Event(
        name=row["event"],
        first_issued=row["first_issued"],
        end_date=row["end_date"],
        severity=row["severity"],
        trigger=bool(row["trigger"]),
        user_trigger=bool(row["user_trigger"]),
        user_trigger_date=row["user_trigger_date"],
        user_trigger_name=row["user_trigger_name"],
        first_lead_time=first,
        first_trigger_lead_time=first if row["user_trigger"] else first_flagged(flags, "-forecastTrigger"),
        level=alert_level(row["severity"], row["trigger"], row["user_trigger"]),
        areas=alert_areas(store, iso3, disaster, default_level(store, iso3, disaster), row["event"]),
        properties=typhoon_properties(store, iso3, row["event"]) if disaster == "typhoon" else {},
    )


def first_flagged(flags: dict[str, str], suffix: str) -> str | None:
    """The smallest lead time whose flag of that suffix is set."""
    flagged = [lead_time for lead_time in LEAD_TIMES if flags.get(f"{lead_time}{suffix}") == "1"]
    return min(flagged, key=lead_time_number, default=None)


def lead_time_alerts(store: Store, iso3: str, disaster: str, event: str | None) -> dict[str, str]:
    """``{"date", "4-day": "1", "4-day-forecastTrigger": "0", ...}`` at exactly T; without event the maximum of all."""
    last = last_upload(store, iso3, disaster)
    return {} if last is None else flags_at(store, iso3, disaster, event, last)


def flags_at(store: Store, iso3: str, disaster: str, event: str | None, last: LastUpload) -> dict[str, str]:
    only_event = "" if not event else " AND event = ?"
    found = store.rows(
        "SELECT lead_time, day, MAX(alert) AS alert, MAX(trigger) AS trigger FROM lead_time_alert"  # noqa: S608
        f" WHERE iso3 = ? AND disaster = ? AND moment = ?{only_event} GROUP BY lead_time",
        iso3,
        disaster,
        last.moment,
        *((event,) if event else ()),
    )
    if not found:
        return {}
    by_lead_time = {row["lead_time"]: row for row in found}
    answer = {"date": found[0]["day"]}
    for lead_time in LEAD_TIMES:
        if row := by_lead_time.get(lead_time):
            answer[lead_time] = str(row["alert"])
            answer[f"{lead_time}-forecastTrigger"] = str(row["trigger"])
    return answer


def alert_areas(store: Store, iso3: str, disaster: str, level: int, event: str | None) -> list[dict[str, Any]]:
    """Areas of open events. At the default level and above it only those of each event's highest level, most
    exposed first; below it every alerted area of that level."""
    last = last_upload(store, iso3, disaster)
    active = [] if last is None else forecast_areas(store, iso3, disaster, level, last, event)
    if level > default_level(store, iso3, disaster):
        return [] if last is None else _deeper_areas(store, disaster, [a.place_code for a in active], event, last)
    only_event = "" if not event else " AND e.event = ?"
    found = store.rows(
        "SELECT e.*, a.name, a.level AS admin_level, a.parent_name FROM event_area AS e"  # noqa: S608
        " JOIN admin_area AS a ON a.place_code = e.place_code WHERE a.iso3 = ? AND e.disaster = ? AND e.closed = 0"
        f" AND e.severity > 0{only_event} ORDER BY e.exposure IS NOT NULL, e.exposure DESC, e.number",
        iso3,
        disaster,
        *((event,) if event else ()),
    )
    areas = [_area_json(store, iso3, disaster, row, event, bool(active)) for row in found]
    return sorted(at_highest_level(areas), key=lambda area: ALERT_LEVELS.index(area["alertLevel"]))


def _area_json(
    store: Store, iso3: str, disaster: str, row: sqlite3.Row, event: str | None, anything_active: bool
) -> dict[str, Any]:
    level = alert_level(row["severity"], row["trigger"], row["user_trigger"])
    with_actions = anything_active and level == "trigger"
    return {
        "placeCode": row["place_code"],
        "name": row["name"],
        "adminLevel": row["admin_level"],
        "eventName": row["event"],
        "mainExposureValue": number(row["exposure"]),
        "forecastSeverity": number(row["severity"]),
        "forecastTrigger": bool(row["trigger"]),
        "eventPlaceCodeId": row["id"],
        "userTrigger": bool(row["user_trigger"]),
        "firstIssuedDate": row["first_issued"],
        "userTriggerDate": row["user_trigger_date"],
        "userTriggerName": row["user_trigger_name"],
        "nameParent": row["parent_name"],
        "alertLevel": level,
        "eapActions": actions_with_status(store, disaster, row["place_code"], event) if with_actions else [],
    }


def _deeper_areas(
    store: Store, disaster: str, place_codes: list[str], event: str | None, last: LastUpload
) -> list[dict[str, Any]]:
    only_event = "" if not event else " AND x.event = ?"
    found = store.rows(
        "SELECT x.place_code, a.name, a.level AS admin_level, x.value,"  # noqa: S608
        " COALESCE(p.first_issued, g.first_issued) AS first_issued,"
        " COALESCE(p.user_trigger, g.user_trigger) AS user_trigger,"
        " COALESCE(p.user_trigger_date, g.user_trigger_date) AS user_trigger_date,"
        " COALESCE(p.user_trigger_name, g.user_trigger_name) AS user_trigger_name"
        " FROM exposure AS x LEFT JOIN admin_area AS a ON a.place_code = x.place_code"
        " LEFT JOIN event_area AS p ON p.place_code = a.parent_code"
        " LEFT JOIN admin_area AS parent ON parent.place_code = a.parent_code"
        " LEFT JOIN event_area AS g ON g.place_code = parent.parent_code"
        " WHERE x.disaster = ? AND x.indicator = ? AND x.moment >= ?"
        f" AND x.place_code IN ({', '.join('?' * len(place_codes))}){only_event} ORDER BY x.id",
        disaster,
        MAIN_EXPOSURE[disaster],
        last.cutoff,
        *place_codes,
        *((event,) if event else ()),
    )
    areas = [
        {
            "placeCode": row["place_code"],
            "name": row["name"],
            "nameParent": None,
            "mainExposureValue": number(row["value"]),
            "forecastSeverity": None,
            "eventName": event,
            "userTrigger": None if row["user_trigger"] is None else bool(row["user_trigger"]),
            "firstIssuedDate": row["first_issued"],
            "userTriggerDate": row["user_trigger_date"],
            "userTriggerName": row["user_trigger_name"],
            "eapActions": [],
            "alertLevel": alert_level(None, None, row["user_trigger"]),
        }
        for row in found
    ]
    return at_highest_level(areas)


def at_highest_level(areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep of each event only the areas of the highest level that occurs in it."""
    highest: dict[str, int] = {}
    for area in areas:
        name, rank = area["eventName"] or "unknown", ALERT_LEVELS.index(area["alertLevel"])
        highest[name] = min(rank, highest.get(name, rank))
    return [a for a in areas if ALERT_LEVELS.index(a["alertLevel"]) == highest[a["eventName"] or "unknown"]]


def activation_log(store: Store, iso3: str | None, disaster: str | None) -> list[dict[str, Any]]:
    """Every event area ever, closed ones and those of lower level included; newest first.

    An empty log is **not** an empty list: the service answers with one entry of nulls.
    """
    both = bool(iso3 and disaster)
    found = store.rows(
        "SELECT e.*, a.iso3, a.name FROM event_area AS e LEFT JOIN admin_area AS a ON a.place_code = e.place_code"  # noqa: S608
        f" WHERE e.severity > 0{' AND e.disaster = ? AND a.iso3 = ?' if both else ''}"
        " ORDER BY e.first_issued DESC, a.iso3, e.disaster, e.place_code",
        *((disaster, iso3) if both else ()),
    )
    entries = [
        {
            "countryCodeISO3": row["iso3"],
            "disasterType": row["disaster"],
            "eventName": row["event"] or "no name",
            "placeCode": row["place_code"],
            "name": row["name"],
            "firstIssuedDate": row["first_issued"],
            "closed": bool(row["closed"]),
            "endDate": row["end_date"] if row["closed"] else None,
            "exposureIndicator": MAIN_EXPOSURE[row["disaster"]],
            "exposureValue": number(row["exposure"]),
            "alertLevel": alert_level(row["severity"], row["trigger"], row["user_trigger"]),
            "userTrigger": bool(row["user_trigger"]),
            "userTriggerDate": row["user_trigger_date"],
            "databaseId": row["id"],
        }
        for row in found
    ]
    return entries or [dict.fromkeys(_LOG_FIELDS)]


_LOG_FIELDS = (
    "countryCodeISO3",
    "disasterType",
    "eventName",
    "placeCode",
    "name",
    "firstIssuedDate",
    "closed",
    "endDate",
    "exposureIndicator",
    "exposureValue",
    "alertLevel",
    "userTrigger",
    "userTriggerDate",
    "databaseId",
)
