"""What the portal shows of events: the list, their areas, their lead times, the log of activations.

IBF API 0.335, checked on a running instance. Only rows that are open and were refreshed on the day of the newest
upload count as active.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ibf_pipeline.sandbox.early_actions import actions_with_status
from ibf_pipeline.sandbox.process import LastUpload, default_level, forecast_areas, last_upload
from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.typhoon import typhoon_properties
from ibf_pipeline.sandbox.vocabulary import ALERT_LEVELS, PORTAL_LEAD_TIMES, alert_level, lead_time_number


def active_events(store: SandboxStore, iso3: str, disaster: str) -> list[dict[str, Any]]:
    """The active events as the API writes them, with the values of their open areas (worst severity, earliest issue,
    any trigger); by first lead time, then level."""
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        if last is None:
            return []
        events = store.records(
            "SELECT :iso3 AS countryCodeISO3, e.event AS eventName, MIN(e.first_issued) AS firstIssuedDate,"
            " MAX(e.end_date) AS endDate, MAX(e.severity) AS forecastSeverity, MAX(e.trigger) AS forecastTrigger,"
            " MAX(e.user_trigger) AS userTrigger, MAX(e.user_trigger_date) AS userTriggerDate,"
            " MAX(e.user_trigger_name) AS userTriggerName, :disaster AS disasterType"
            " FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
            " WHERE a.iso3 = :iso3 AND e.disaster = :disaster AND e.closed = 0 AND e.end_date >= :day"
            " GROUP BY e.event ORDER BY e.event",
            **asdict(last),
            day=last.day,
        )
        for event in events:
            event |= _of_areas(store, last, event)
    if len(events) > 1 and any(event["firstLeadTime"] is None for event in events):
        raise server_error()  # the service's own sort breaks on an event without any flagged lead time
    return sorted(events, key=lambda event: urgency(event["firstLeadTime"], event["alertLevel"]))


def events_of_all(store: SandboxStore, iso3: str, disaster: str) -> list[dict[str, Any]]:
    """The active events of a country and hazard; an empty text asks for all: of those one that fails is enough."""
    setups = store.rows(
        "SELECT iso3, disaster FROM country_disaster WHERE :iso3 IN ('', iso3) AND :disaster IN ('', disaster)"
        " ORDER BY iso3, disaster",
        iso3=iso3,
        disaster=disaster,
    )
    return [event for setup in setups for event in active_events(store, setup["iso3"], setup["disaster"])]


def urgency(first_lead_time: str | None, level: str) -> tuple[int, int]:
    """Events are listed by first lead time, then level."""
    return lead_time_number(first_lead_time or "0-day"), ALERT_LEVELS.index(level)


def _of_areas(store: SandboxStore, last: LastUpload, event: Mapping[str, Any]) -> dict[str, Any]:
    iso3, disaster, name = last.iso3, last.disaster, event["eventName"]
    flags = flags_at(store, last, name)
    first = first_flagged(flags, "")
    by_person = event["userTrigger"]
    return {
        "alertAreas": alert_areas(store, iso3, disaster, default_level(store, iso3, disaster), name),
        "firstLeadTime": first,
        "firstTriggerLeadTime": first if by_person else first_flagged(flags, "-forecastTrigger"),
        "alertLevel": alert_level(event["forecastSeverity"], event["forecastTrigger"], by_person),
        "disasterSpecificProperties": typhoon_properties(store, iso3, name)
        if store.disasters[disaster].has_tracks
        else {},
    }


def first_flagged(flags: dict[str, str], suffix: str) -> str | None:
    """The smallest lead time whose flag of that suffix is set."""
    flagged = [lead_time for lead_time in PORTAL_LEAD_TIMES if flags.get(f"{lead_time}{suffix}") == "1"]
    return min(flagged, key=lead_time_number, default=None)


def lead_time_alerts(store: SandboxStore, iso3: str, disaster: str, event: str | None) -> dict[str, str]:
    """``{"date", "4-day": "1", "4-day-forecastTrigger": "0", ...}`` at exactly T; without event the maximum of all."""
    last = last_upload(store, iso3, disaster)
    return {} if last is None else flags_at(store, last, event)


def flags_at(store: SandboxStore, last: LastUpload, event: str | None) -> dict[str, str]:
    found = store.rows(
        "SELECT lead_time, day, MAX(alert) AS alert, MAX(trigger) AS trigger FROM lead_time_alert WHERE iso3 = :iso3"
        " AND disaster = :disaster AND moment = :moment AND (:event IS NULL OR event = :event) GROUP BY lead_time",
        **asdict(last),
        event=event or None,
    )
    if not found:
        return {}
    by_lead_time = {row["lead_time"]: row for row in found}
    answer = {"date": found[0]["day"]}
    for lead_time in PORTAL_LEAD_TIMES:
        if row := by_lead_time.get(lead_time):
            answer[lead_time] = str(row["alert"])
            answer[f"{lead_time}-forecastTrigger"] = str(row["trigger"])
    return answer


def alert_areas(store: SandboxStore, iso3: str, disaster: str, level: int, event: str | None) -> list[dict[str, Any]]:
    """Areas of open events. At the default level and above it only those of each event's highest level, most
    exposed first; below it every alerted area of that level."""
    last = last_upload(store, iso3, disaster)
    active = [] if last is None else forecast_areas(store, last, level, event)
    if level > default_level(store, iso3, disaster):
        return [] if last is None else _deeper_areas(store, last, [a.place_code for a in active], event)
    areas = store.records(
        "SELECT e.place_code AS placeCode, a.name, a.level AS adminLevel, e.event AS eventName,"
        " e.exposure AS mainExposureValue, e.severity AS forecastSeverity, e.trigger AS forecastTrigger,"
        " e.id AS eventPlaceCodeId, e.user_trigger AS userTrigger, e.first_issued AS firstIssuedDate,"
        " e.user_trigger_date AS userTriggerDate, e.user_trigger_name AS userTriggerName,"
        " a.parent_name AS nameParent, alert_level(e.severity, e.trigger, e.user_trigger) AS alertLevel"
        " FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
        " WHERE a.iso3 = :iso3 AND e.disaster = :disaster AND e.closed = 0 AND e.severity > 0"
        " AND (:event IS NULL OR e.event = :event) ORDER BY e.exposure IS NOT NULL, e.exposure DESC, e.number",
        iso3=iso3,
        disaster=disaster,
        event=event or None,
    )
    for area in areas:
        with_actions = active and area["alertLevel"] == "trigger" and store.disasters[disaster].early_actions
        place = area["placeCode"]
        area["eapActions"] = actions_with_status(store, disaster, place, event) if with_actions else []
    return sorted(at_highest_level(areas), key=lambda area: ALERT_LEVELS.index(area["alertLevel"]))


def _deeper_areas(
    store: SandboxStore, last: LastUpload, place_codes: list[str], event: str | None
) -> list[dict[str, Any]]:
    areas = store.records(
        "SELECT x.place_code AS placeCode, a.name, NULL AS nameParent, x.value AS mainExposureValue,"
        " NULL AS forecastSeverity, :name AS eventName, COALESCE(p.user_trigger, g.user_trigger) AS userTrigger,"
        " COALESCE(p.first_issued, g.first_issued) AS firstIssuedDate,"
        " COALESCE(p.user_trigger_date, g.user_trigger_date) AS userTriggerDate,"
        " COALESCE(p.user_trigger_name, g.user_trigger_name) AS userTriggerName, NULL AS eapActions,"
        " alert_level(NULL, NULL, COALESCE(p.user_trigger, g.user_trigger)) AS alertLevel"
        " FROM exposure AS x LEFT JOIN admin_area AS a ON a.place_code = x.place_code"
        " LEFT JOIN event_area AS p ON p.place_code = a.parent_code"
        " LEFT JOIN admin_area AS parent ON parent.place_code = a.parent_code"
        " LEFT JOIN event_area AS g ON g.place_code = parent.parent_code"
        " WHERE x.disaster = :disaster AND x.indicator = :indicator AND x.moment >= :cutoff"
        " AND x.place_code IN (SELECT value FROM json_each(:places)) AND (:event IS NULL OR x.event = :event)"
        " ORDER BY x.id",
        **asdict(last),
        indicator=store.disasters[last.disaster].main_exposure,
        places=json.dumps(place_codes),
        name=event,
        event=event or None,
    )
    highest = at_highest_level([area | {"eapActions": []} for area in areas])
    return [{key: value for key, value in area.items() if key != "eventName"} for area in highest]


def at_highest_level(areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep of each event only the areas of the highest level that occurs in it."""
    highest: dict[str, int] = {}
    for area in areas:
        name, rank = area["eventName"] or "unknown", ALERT_LEVELS.index(area["alertLevel"])
        highest[name] = min(rank, highest.get(name, rank))
    return [a for a in areas if ALERT_LEVELS.index(a["alertLevel"]) == highest[a["eventName"] or "unknown"]]


_LOG_COLUMNS = {
    "countryCodeISO3": "a.iso3",
    "disasterType": "e.disaster",
    "eventName": "COALESCE(e.event, 'no name')",
    "placeCode": "e.place_code",
    "name": "a.name",
    "firstIssuedDate": "e.first_issued",
    "closed": "e.closed",
    "endDate": "IIF(e.closed, e.end_date, NULL)",
    "exposureIndicator": "NULL",
    "exposureValue": "e.exposure",
    "alertLevel": "alert_level(e.severity, e.trigger, e.user_trigger)",
    "userTrigger": "e.user_trigger",
    "userTriggerDate": "e.user_trigger_date",
    "databaseId": "e.id",
}


def activation_log(store: SandboxStore, iso3: str | None, disaster: str | None) -> list[dict[str, Any]]:
    """Every event area ever, closed ones and those of lower level included; newest first.

    An empty log is **not** an empty list: the service answers with one entry of nulls, of level "none", that does not
    say whether it is closed.
    """
    entries = store.records(
        f"SELECT {', '.join(f'{column} AS {name}' for name, column in _LOG_COLUMNS.items())}"  # noqa: S608
        " FROM event_area AS e LEFT JOIN admin_area AS a ON a.place_code = e.place_code"
        " WHERE e.severity > 0 AND (NOT :both OR e.disaster = :disaster AND a.iso3 = :iso3)"
        " ORDER BY e.first_issued DESC, a.iso3, e.disaster, e.place_code",
        both=bool(iso3 and disaster),
        iso3=iso3,
        disaster=disaster,
    )
    for entry in entries:
        entry["exposureIndicator"] = store.disasters[entry["disasterType"]].main_exposure
    return entries or [dict.fromkeys(name for name in _LOG_COLUMNS if name != "closed") | {"alertLevel": "none"}]
