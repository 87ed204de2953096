"""Map polygons, totals and values of areas, with the joins that the service makes, not those that one would expect.

IBF API 0.335, checked on a running instance. In the national view rows and event areas are joined by place alone,
**without the event name**: an area that two events share takes on the level of both. Totals add up every admin
level and every country that has an event of that name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ibf_pipeline.sandbox.events import active_events, at_highest_level
from ibf_pipeline.sandbox.process import LastUpload, forecast_areas, last_upload
from ibf_pipeline.sandbox.responses import collection, feature, server_error
from ibf_pipeline.sandbox.store import SandboxStore, number
from ibf_pipeline.sandbox.uploads import as_real
from ibf_pipeline.sandbox.vocabulary import (
    ALERT_THRESHOLD,
    COMPUTED_TRIGGER,
    FORECAST_SEVERITY,
    FORECAST_TRIGGER,
    SHOW_ADMIN_AREA,
)

# What the question narrows down: areas by their parent and by those to show (without any, all), rows by the rest.
_OF_AREAS = (
    "(:parent IS NULL OR a.parent_code = :parent)"
    " AND (:shown = '[]' OR a.place_code IN (SELECT value FROM json_each(:shown)))"
)
_OF_ROWS = "(:lead_time IS NULL OR x.lead_time = :lead_time) AND (:event IS NULL OR x.event = :event)"


@dataclass(frozen=True, slots=True)
class MapQuery:
    """What a map or table is asked for."""

    iso3: str
    disaster: str
    level: int
    event: str | None = None
    lead_time: str | None = None
    parent: str | None = None

    def named(self, last: LastUpload | None = None, shown: Sequence[str] = ()) -> dict[str, Any]:
        """For the database, where an empty text asks for everything."""
        narrowed = {"event": self.event or None, "lead_time": self.lead_time or None, "parent": self.parent or None}
        return asdict(self) | narrowed | {"cutoff": last and last.cutoff, "shown": json.dumps(shown)}


def boundaries(store: SandboxStore, iso3: str, level: int) -> dict[str, Any]:
    """All areas of a level with lower-case properties; unknown country or level: no features."""
    parent = f", parent_name AS adm{level - 1}_en, parent_code AS adm{level - 1}_pcode" if level > 1 else ""
    found = store.records(
        f"SELECT name AS adm{level}_en, place_code AS adm{level}_pcode{parent}, geometry FROM admin_area"  # noqa: S608
        " WHERE iso3 = :iso3 AND level = :level ORDER BY rowid",
        iso3=iso3,
        level=level,
    )
    return collection([feature(area, json.loads(area.pop("geometry"))) for area in found])


def raw_boundaries(store: SandboxStore, iso3: str) -> list[dict[str, Any]]:
    """admin-areas/raw of the described server, gone since 0.292.2."""
    found = store.records(
        "SELECT iso3 AS countryCodeISO3, name, place_code AS placeCode, parent_code AS placeCodeParent,"
        " level AS adminLevel, geometry AS geom FROM admin_area WHERE iso3 = :iso3 ORDER BY level, rowid",
        iso3=iso3,
    )
    return [area | {"geom": json.loads(area["geom"])} for area in found]


def event_polygons(store: SandboxStore, view: MapQuery) -> dict[str, Any]:
    """Polygons of the areas with main-exposure rows in the period; the national view merges them by event."""
    with store.transaction():
        last = last_upload(store, view.iso3, view.disaster)
        if last is None:
            return collection([])
        shown = _places_shown(store, view, last)
        if view.event and not shown and store.disasters[view.disaster].only_triggered_areas:
            return collection([])  # no area of this level is on alert
        areas = at_highest_level(_map_areas(store, view, last, shown))
    for area in areas:
        area["geom"] = json.loads(area["geom"])
    if store.disasters[view.disaster].one_shape_an_event and not view.event:
        merged = _merge_by_event(areas, store.disasters[view.disaster].main_exposure)
        if merged:
            return collection(merged)
    return collection([feature(area, area.pop("geom")) for area in areas])


def _places_shown(store: SandboxStore, view: MapQuery, last: LastUpload) -> list[str]:
    """Places to show, none for all: those on alert, or of some hazards those that the period marks for it."""
    if store.disasters[view.disaster].only_triggered_areas:
        return [area.place_code for area in forecast_areas(store, last, view.level, view.event or None)]
    found = store.rows(
        "SELECT x.place_code FROM exposure AS x WHERE x.iso3 = :iso3 AND x.disaster = :disaster AND x.level = :level"  # noqa: S608
        f" AND x.moment >= :cutoff AND x.indicator = :indicator AND x.value = 1 AND {_OF_ROWS}",
        **view.named(last),
        indicator=SHOW_ADMIN_AREA,
    )
    return [row["place_code"] for row in found]


def _map_areas(store: SandboxStore, view: MapQuery, last: LastUpload, shown: list[str]) -> list[dict[str, Any]]:
    indicator = store.disasters[view.disaster].main_exposure
    return store.records(
        "SELECT a.place_code AS placeCode, a.name, a.level AS adminLevel, a.geometry AS geom,"  # noqa: S608
        " a.iso3 AS countryCodeISO3, e.severity AS forecastSeverity, e.trigger AS forecastTrigger,"
        f" e.user_trigger AS userTrigger, x.value AS {indicator}, x.lead_time AS leadTime, x.day AS date,"
        " a.parent_name AS nameParent, a.parent_code AS placeCodeParent, x.event AS eventName,"
        " alert_level(e.severity, e.trigger, e.user_trigger) AS alertLevel"
        " FROM admin_area AS a JOIN exposure AS x ON x.place_code = a.place_code"
        " LEFT JOIN event_area AS e ON e.place_code = a.place_code AND e.closed = 0 AND e.disaster = :disaster"
        " WHERE a.iso3 = :iso3 AND a.level = :level AND x.moment >= :cutoff AND x.disaster = :disaster"
        f" AND x.indicator = :indicator AND {_OF_AREAS} AND {_OF_ROWS}"
        " ORDER BY x.lead_time DESC, a.place_code, x.id, e.number",
        **view.named(last, shown),
        indicator=indicator,
    )


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
                **({} if name is None else {"name": name}),  # rows without event draw a ghost, which has none
                "eventName": name,
                "countryCodeISO3": area["countryCodeISO3"],
                indicator: area[indicator] or 0,
                "alertLevel": area["alertLevel"],
            }
    return [feature(m, _union(shapes[name])) for name, m in merged.items() if m["alertLevel"] != "none"]


def _union(geometries: list[dict[str, Any]]) -> dict[str, Any]:
    if len(geometries) == 1:
        return geometries[0]
    from shapely import make_valid, union_all
    from shapely.geometry import mapping, shape

    return dict(mapping(union_all([make_valid(shape(g)) for g in geometries])))


def aggregates(store: SandboxStore, view: MapQuery) -> list[dict[str, Any]]:
    """National: totals of each event. With an event: static and dynamic values area by area."""
    with store.transaction():
        last = last_upload(store, view.iso3, view.disaster)
        if store.disasters[view.disaster].one_shape_an_event and not view.event:
            events = active_events(store, view.iso3, view.disaster)
            return [
                {"placeCode": event["eventName"], "indicator": indicator, "value": number(value)}
                for event in events
                if last is not None
                for indicator, value in _event_totals(store, last, event["eventName"]).items()
            ]
        shown = [] if last is None else _places_shown(store, view, last)
        return _static_values(store, view, shown) + ([] if last is None else _area_values(store, view, last, shown))


def _event_totals(store: SandboxStore, last: LastUpload, event: str) -> dict[str, float | None]:
    """Sums over all rows of that event name since the cutoff: every level, every country. Alerts: the maximum."""
    found = store.rows(
        "SELECT indicator, SUM(value) AS total, MAX(value) AS highest FROM exposure"
        " WHERE moment >= :cutoff AND disaster = :disaster AND event = :event GROUP BY indicator ORDER BY indicator",
        **asdict(last),
        event=event,
    )
    highest = (ALERT_THRESHOLD, FORECAST_SEVERITY, FORECAST_TRIGGER)
    return {row["indicator"]: row["highest"] if row["indicator"] in highest else as_real(row["total"]) for row in found}


def _static_values(store: SandboxStore, view: MapQuery, shown: list[str]) -> list[dict[str, Any]]:
    return store.records(
        "SELECT place_code AS placeCode, parent_code AS placeCodeParent,"  # noqa: S608
        " IIF(population IS NULL, NULL, 'populationTotal') AS indicator, population AS value FROM admin_area AS a"
        f" WHERE iso3 = :iso3 AND level = :level AND {_OF_AREAS} ORDER BY rowid",
        **view.named(shown=shown),
    )


def _area_values(store: SandboxStore, view: MapQuery, last: LastUpload, shown: list[str]) -> list[dict[str, Any]]:
    records = store.records(
        "SELECT a.place_code AS placeCode, a.parent_code AS placeCodeParent, x.indicator, x.value,"  # noqa: S608
        " e.severity AS forecastSeverity, e.trigger AS forecastTrigger, e.user_trigger AS userTrigger,"
        " NULL AS eventName, alert_level(e.severity, e.trigger, e.user_trigger) AS alertLevel"
        " FROM admin_area AS a JOIN exposure AS x ON x.place_code = a.place_code"
        " LEFT JOIN event_area AS e ON e.place_code = a.place_code AND e.closed = 0 AND e.disaster = :disaster"
        " WHERE a.iso3 = :iso3 AND a.level = :level AND x.disaster = :disaster AND x.moment >= :cutoff"
        f" AND {_OF_AREAS} AND {_OF_ROWS} ORDER BY x.id",
        **view.named(last, shown),
    )
    return [{k: v for k, v in record.items() if k != "eventName"} for record in at_highest_level(records)]


def dynamic_values(store: SandboxStore, view: MapQuery, indicator: str) -> list[dict[str, Any]]:
    """Values of one indicator and level in the period; without event name the totals of each event instead."""
    with store.transaction():
        last = last_upload(store, view.iso3, view.disaster)
        if last is None:
            return []
        hazard = store.disasters[view.disaster]
        if hazard.one_shape_an_event and not view.event:
            events = active_events(store, view.iso3, view.disaster)
            if events or not hazard.values_without_event:
                return [_event_value(store, last, event, indicator) for event in events]
        if indicator == COMPUTED_TRIGGER:
            areas = forecast_areas(store, last, view.level, view.event)
            return [{"value": int(area.trigger), "placeCode": area.place_code} for area in areas]
        return store.records(
            "SELECT x.value, x.place_code AS placeCode FROM exposure AS x WHERE x.iso3 = :iso3"  # noqa: S608
            " AND x.disaster = :disaster AND x.indicator = :indicator AND x.level = :level AND x.moment >= :cutoff"
            f" AND {_OF_ROWS} ORDER BY x.day DESC, x.id",
            **view.named(last),
            indicator=indicator,
        )


def _event_value(store: SandboxStore, last: LastUpload, event: dict[str, Any], indicator: str) -> dict[str, Any]:
    totals = _event_totals(store, last, event["eventName"])
    if indicator == COMPUTED_TRIGGER:
        value: float | None = totals.get(ALERT_THRESHOLD, float(event["alertLevel"] == "trigger"))
    elif indicator in totals:
        value = totals[indicator]
    else:
        raise server_error()  # the service takes the value of an indicator that it did not find
    return {"placeCode": event["eventName"], "value": number(value)}
