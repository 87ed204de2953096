"""Map polygons, totals and values of areas, with the joins that the service makes, not those that one would expect.

IBF API 0.335, checked on a running instance. In the national view rows and event areas are joined by place alone,
**without the event name**: an area that two events share takes on the level of both. Totals add up every admin
level and every country that has an event of that name.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from ibf_pipeline.sandbox.answers import server_error
from ibf_pipeline.sandbox.events import active_events, at_highest_level, lead_time_alerts, number
from ibf_pipeline.sandbox.process import LastUpload, forecast_areas, last_upload
from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.uploads import as_real
from ibf_pipeline.sandbox.vocabulary import (
    ALERT_THRESHOLD,
    COMPUTED_TRIGGER,
    FORECAST_SEVERITY,
    FORECAST_TRIGGER,
    LEAD_TIMES,
    MAIN_EXPOSURE,
    alert_level,
)

# Disasters whose national view shows one polygon an event instead of its areas.
_BY_EVENT = ("floods", "flash-floods")


@dataclass(frozen=True, slots=True)
class View:
    """What a map or table is asked for."""

    iso3: str
    disaster: str
    level: int
    event: str | None = None
    lead_time: str | None = None
    parent: str | None = None


def boundaries(store: Store, iso3: str, level: int) -> dict[str, Any]:
    """All areas of a level with lower-case properties; unknown country or level: no features."""
    features = []
    for row in store.rows("SELECT * FROM admin_area WHERE iso3 = ? AND level = ? ORDER BY rowid", iso3, level):
        properties = {f"adm{level}_en": row["name"], f"adm{level}_pcode": row["place_code"]}
        if level > 1:
            properties |= {f"adm{level - 1}_en": row["parent_name"], f"adm{level - 1}_pcode": row["parent_code"]}
        features.append(_feature(properties, json.loads(row["geometry"])))
    return _collection(features)


def raw_boundaries(store: Store, iso3: str) -> list[dict[str, Any]]:
    """admin-areas/raw of the described server, gone since 0.292.2."""
    return [
        {
            "countryCodeISO3": iso3,
            "name": row["name"],
            "placeCode": row["place_code"],
            "placeCodeParent": row["parent_code"],
            "adminLevel": row["level"],
            "geom": json.loads(row["geometry"]),
        }
        for row in store.rows("SELECT * FROM admin_area WHERE iso3 = ? ORDER BY level, rowid", iso3)
    ]


def event_map(store: Store, view: View) -> dict[str, Any]:
    """Polygons of the areas with main-exposure rows in the period; the national view merges them by event."""
    with store.transaction():
        last = last_upload(store, view.iso3, view.disaster)
        if last is None:
            return _collection([])
        shown = _places_on_alert(store, view, last)
        if view.event and not shown:
            return _collection([])  # the event's rows sit on a lead time without a flag
        rows = _map_rows(store, view, last, shown)
    areas = at_highest_level([_map_area(row, view.disaster) for row in rows])
    if view.disaster in _BY_EVENT and not view.event:
        merged = _merge_by_event(areas, MAIN_EXPOSURE[view.disaster])
        if merged:
            return _collection(merged)
    return _collection([_feature({k: v for k, v in a.items() if k != "geom"}, a["geom"]) for a in areas])


def _places_on_alert(store: Store, view: View, last: LastUpload) -> list[str]:
    """Places to show: those on alert, where the asked lead time (any, when none is asked) carries a flag.

    For a named event the rows' own lead time must be flagged: otherwise its map is empty.
    """
    flags = lead_time_alerts(store, view.iso3, view.disaster, view.event)
    flagged = {lead_time for lead_time in LEAD_TIMES if flags.get(lead_time) == "1"}
    if not flagged or (view.lead_time and view.lead_time not in flagged):
        return []
    areas = forecast_areas(store, view.iso3, view.disaster, view.level, last, view.event)
    return [area.place_code for area in areas if not view.event or area.lead_time in flagged]


def _map_rows(store: Store, view: View, last: LastUpload, shown: list[str]) -> list[sqlite3.Row]:
    wanted, values = _filters(view, shown)
    return store.rows(
        "SELECT a.iso3, a.place_code, a.name, a.level, a.geometry, a.parent_code, a.parent_name, e.severity, e.trigger,"  # noqa: S608
        " e.user_trigger, x.value, x.lead_time, x.day, x.event FROM admin_area AS a"
        " JOIN exposure AS x ON x.place_code = a.place_code"
        " LEFT JOIN event_area AS e ON e.place_code = a.place_code AND e.closed = 0 AND e.disaster = ?"
        " WHERE a.iso3 = ? AND a.level = ? AND x.moment >= ? AND x.disaster = ? AND x.indicator = ?"
        f"{wanted} ORDER BY x.lead_time DESC, a.place_code, x.id, e.number",
        view.disaster,
        view.iso3,
        view.level,
        last.cutoff,
        view.disaster,
        MAIN_EXPOSURE[view.disaster],
        *values,
    )


def _filters(view: View, shown: list[str]) -> tuple[str, list[Any]]:
    wanted, values = "", list[Any]()
    for column, value in (("a.parent_code", view.parent), ("x.lead_time", view.lead_time), ("x.event", view.event)):
        if value:
            wanted += f" AND {column} = ?"
            values.append(value)
    if shown:
        wanted += " AND a.place_code IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(shown))
    return wanted, values


def _map_area(row: sqlite3.Row, disaster: str) -> dict[str, Any]:
    return {
        "placeCode": row["place_code"],
        "name": row["name"],
        "adminLevel": row["level"],
        "geom": json.loads(row["geometry"]),
        "countryCodeISO3": row["iso3"],
        "forecastSeverity": number(row["severity"]),
        "forecastTrigger": None if row["trigger"] is None else bool(row["trigger"]),
        "userTrigger": None if row["user_trigger"] is None else bool(row["user_trigger"]),
        MAIN_EXPOSURE[disaster]: number(row["value"]),
        "leadTime": row["lead_time"],
        "date": row["day"],
        "nameParent": row["parent_name"],
        "placeCodeParent": row["parent_code"],
        "eventName": row["event"],
        "alertLevel": alert_level(row["severity"], row["trigger"], row["user_trigger"]),
    }


def _merge_by_event(areas: list[dict[str, Any]], indicator: str) -> list[dict[str, Any]]:
    """One polygon an event; the value is the plain sum over the joined rows, doubles included."""
    merged: dict[str | None, dict[str, Any]] = {}
    shapes: dict[str | None, list[dict[str, Any]]] = {}
    for area in areas:
        name = area["eventName"]
        shapes.setdefault(name, []).append(area["geom"])
        if name in merged:
            merged[name][indicator] += area[indicator] or 0
        else:
            merged[name] = {
                "placeCode": name,
                "name": name,
                "eventName": name,
                "countryCodeISO3": area["countryCodeISO3"],
                indicator: area[indicator] or 0,
                "alertLevel": area["alertLevel"],
            }
    return [_feature(m, _union(shapes[name])) for name, m in merged.items() if m["alertLevel"] != "none"]


def _union(geometries: list[dict[str, Any]]) -> dict[str, Any]:
    if len(geometries) == 1:
        return geometries[0]
    from shapely import make_valid, union_all
    from shapely.geometry import mapping, shape

    return dict(mapping(union_all([make_valid(shape(g)) for g in geometries])))


def aggregates(store: Store, view: View) -> list[dict[str, Any]]:
    """National: totals of each event. With an event: static and dynamic values area by area."""
    with store.transaction():
        last = last_upload(store, view.iso3, view.disaster)
        if view.disaster in _BY_EVENT and not view.event:
            events = active_events(store, view.iso3, view.disaster)
            return [
                {"placeCode": event.name, "indicator": indicator, "value": number(value)}
                for event in events
                if last is not None
                for indicator, value in _event_totals(store, view.disaster, event.name, last).items()
            ]
        shown = [] if last is None else _places_on_alert(store, view, last)
        return _static_values(store, view, shown) + ([] if last is None else _area_values(store, view, last, shown))


def _event_totals(store: Store, disaster: str, event: str, last: LastUpload) -> dict[str, float | None]:
    """Sums over all rows of that event name since the cutoff: every level, every country. Alerts: the maximum."""
    found = store.rows(
        "SELECT indicator, SUM(value) AS total, MAX(value) AS highest FROM exposure"
        " WHERE moment >= ? AND disaster = ? AND event = ? GROUP BY indicator ORDER BY indicator",
        last.cutoff,
        disaster,
        event,
    )
    highest = (ALERT_THRESHOLD, FORECAST_SEVERITY, FORECAST_TRIGGER)
    return {row["indicator"]: row["highest"] if row["indicator"] in highest else as_real(row["total"]) for row in found}


def _static_values(store: Store, view: View, shown: list[str]) -> list[dict[str, Any]]:
    wanted, values = _filters(View(view.iso3, view.disaster, view.level, parent=view.parent), shown)
    found = store.rows(
        "SELECT place_code, parent_code, population FROM admin_area AS a"  # noqa: S608
        f" WHERE iso3 = ? AND level = ?{wanted} ORDER BY rowid",
        view.iso3,
        view.level,
        *values,
    )
    return [
        {
            "placeCode": row["place_code"],
            "placeCodeParent": row["parent_code"],
            "indicator": None if row["population"] is None else "populationTotal",
            "value": number(row["population"]),
        }
        for row in found
    ]


def _area_values(store: Store, view: View, last: LastUpload, shown: list[str]) -> list[dict[str, Any]]:
    wanted, values = _filters(view, shown)
    found = store.rows(
        "SELECT a.place_code, a.parent_code, x.indicator, x.value, e.severity, e.trigger, e.user_trigger"  # noqa: S608
        " FROM admin_area AS a JOIN exposure AS x ON x.place_code = a.place_code"
        " LEFT JOIN event_area AS e ON e.place_code = a.place_code AND e.closed = 0 AND e.disaster = ?"
        f" WHERE a.iso3 = ? AND a.level = ? AND x.disaster = ? AND x.moment >= ?{wanted} ORDER BY x.id",
        view.disaster,
        view.iso3,
        view.level,
        view.disaster,
        last.cutoff,
        *values,
    )
    records = [
        {
            "placeCode": row["place_code"],
            "placeCodeParent": row["parent_code"],
            "indicator": row["indicator"],
            "value": number(row["value"]),
            "forecastSeverity": number(row["severity"]),
            "forecastTrigger": None if row["trigger"] is None else bool(row["trigger"]),
            "userTrigger": None if row["user_trigger"] is None else bool(row["user_trigger"]),
            "eventName": None,
            "alertLevel": alert_level(row["severity"], row["trigger"], row["user_trigger"]),
        }
        for row in found
    ]
    return [{k: v for k, v in record.items() if k != "eventName"} for record in at_highest_level(records)]


def dynamic_values(store: Store, view: View, indicator: str) -> list[dict[str, Any]]:
    """Values of one indicator and level in the period; without event name the totals of each event instead."""
    with store.transaction():
        last = last_upload(store, view.iso3, view.disaster)
        if last is None:
            return []
        if view.disaster in _BY_EVENT and not view.event:
            events = active_events(store, view.iso3, view.disaster)
            if events:
                return [
                    _event_value(store, view.disaster, event.name, event.level, indicator, last) for event in events
                ]
        if indicator == COMPUTED_TRIGGER:
            areas = forecast_areas(store, view.iso3, view.disaster, view.level, last, view.event)
            return [{"value": int(area.trigger), "placeCode": area.place_code} for area in areas]
        wanted, values = _filters(View("", "", 0, event=view.event, lead_time=view.lead_time), [])
        found = store.rows(
            "SELECT x.value, x.place_code FROM exposure AS x WHERE x.iso3 = ? AND x.disaster = ? AND x.indicator = ?"  # noqa: S608
            f" AND x.level = ? AND x.moment >= ?{wanted} ORDER BY x.day DESC, x.id",
            view.iso3,
            view.disaster,
            indicator,
            view.level,
            last.cutoff,
            *values,
        )
        return [{"value": number(row["value"]), "placeCode": row["place_code"]} for row in found]


def _event_value(
    store: Store, disaster: str, event: str, level: str, indicator: str, last: LastUpload
) -> dict[str, Any]:
    totals = _event_totals(store, disaster, event, last)
    if indicator == COMPUTED_TRIGGER:
        value: float | None = totals.get(ALERT_THRESHOLD, float(level == "trigger"))
    elif indicator in totals:
        value = totals[indicator]
    else:
        raise server_error()  # the service takes the value of an indicator that it did not find
    return {"placeCode": event, "value": number(value)}


def _feature(properties: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}
