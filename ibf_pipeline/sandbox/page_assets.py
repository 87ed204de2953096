"""What the page shows beside areas: stations, gauges, exposed points, roads and buildings.

Of thousands of water points only the exposed ones have a name and values in the state; where all of them are comes
once, as bare numbers.
"""

from __future__ import annotations

import json
from typing import Any

from ibf_pipeline.sandbox.disasters import Disaster
from ibf_pipeline.sandbox.lines import drawn_lines
from ibf_pipeline.sandbox.process import LastUpload
from ibf_pipeline.sandbox.stations import GLOFAS_STATIONS, PointValues, values_of_category
from ibf_pipeline.sandbox.store import SandboxStore

_GAUGES = "gauges"
_MOST_SHAPES = 20_000
"""roads or buildings of a category that the page draws; of more it says how many there are"""
_DEGREES = 5


def asset_layers(hazard: Disaster) -> list[str]:
    """Categories of points and lines beside stations with a forecast of their own."""
    return [category for category in hazard.point_layers if category != GLOFAS_STATIONS] + list(hazard.line_layers)


def shown_stations(
    store: SandboxStore, hazard: Disaster, iso3: str, last: LastUpload | None, until: str
) -> list[dict[str, Any]]:
    """Stations with a forecast of their own."""
    if GLOFAS_STATIONS not in hazard.point_layers:
        return []
    values = _values(store, GLOFAS_STATIONS, iso3, last, until)
    stations = [dict(row) for row in _rows(store, iso3, GLOFAS_STATIONS)]
    for station in stations:
        found = values.get(station.pop("id"))
        station["values"] = found and found.values
        del station["fid"]
    return sorted(stations, key=lambda station: station["code"])


def shown_points(
    store: SandboxStore, hazard: Disaster, iso3: str, last: LastUpload | None, until: str
) -> list[dict[str, Any]]:
    """Other points of the hazard that have values in the period, and every gauge."""
    points = []
    for category in asset_layers(hazard):
        values = _values(store, category, iso3, last, until)
        if not values and category != _GAUGES:
            continue
        for row in _rows(store, iso3, category):
            found = values.get(row["id"])
            if found is not None or category == _GAUGES:
                place = {key: row[key] for key in ("fid", "name", "lat", "lon")}
                about = {"values": found and found.values, "leadTime": found and found.lead_time}
                points.append({"category": category, **place, **about})
    return points


def _values(
    store: SandboxStore, category: str, iso3: str, last: LastUpload | None, until: str
) -> dict[str, PointValues]:
    return {} if last is None else values_of_category(store, category, iso3, last.cutoff, until)


def _rows(store: SandboxStore, iso3: str, category: str) -> list[Any]:
    sql = "SELECT id, fid, code, name, lat, lon FROM point WHERE iso3 = :iso3 AND category = :category ORDER BY rowid"
    return store.rows(sql, iso3=iso3, category=category)


def shown_lines(store: SandboxStore, hazard: Disaster, iso3: str) -> list[dict[str, Any]]:
    """Roads and buildings as the map draws them now: how many there are, the exposed ones by lead time, and those that
    the view has lost."""
    found = []
    for category in hazard.line_layers:
        sql = "SELECT fid FROM line WHERE iso3 = :iso3 AND category = :category ORDER BY fid"
        seeded = [row["fid"] for row in store.rows(sql, iso3=iso3, category=category)]
        if not seeded:
            continue
        exposed: dict[str, list[int]] = {}
        shown = set()
        for line in drawn_lines(store, category, iso3):
            shown.add(line.fid)
            if line.lead_time is not None:
                exposed.setdefault(line.lead_time, []).append(line.fid)
        lost = [fid for fid in seeded if fid not in shown]
        found.append({"category": category, "seeded": len(seeded), "exposed": exposed, "lost": lost})
    return found


def asset_positions(store: SandboxStore, hazard: Disaster | None, iso3: str) -> dict[str, Any]:
    """Where all points and lines of the hazard are: longitudes and latitudes in turn; of lines fid to its parts."""
    if hazard is None:
        return {"points": {}, "lines": {}}
    points = {}
    for category in hazard.point_layers:
        if category not in (GLOFAS_STATIONS, _GAUGES):
            rows = _rows(store, iso3, category)
            points[category] = [round(row[key], _DEGREES) for row in rows for key in ("lon", "lat")]
    return {
        "points": {category: flat for category, flat in points.items() if flat},
        "lines": {category: shapes for category in hazard.line_layers if (shapes := _shapes(store, iso3, category))},
    }


def _shapes(store: SandboxStore, iso3: str, category: str) -> dict[int, list[list[float]]]:
    """fid to flat coordinates of each part; nothing if the shapes are not known or too many."""
    sql = "SELECT fid, shape FROM line_shape WHERE iso3 = :iso3 AND category = :category LIMIT :most"
    rows = store.rows(sql, iso3=iso3, category=category, most=_MOST_SHAPES + 1)
    if not rows or len(rows) > _MOST_SHAPES:
        return {}
    import shapely  # slow to load, and only the page needs it
    from shapely.geometry import shape

    found: dict[int, list[list[float]]] = {}
    for row in rows:
        text = row["shape"]
        try:
            geometry = shape(json.loads(text)) if text.startswith("{") else shapely.from_wkt(text)
        except (ValueError, AttributeError, TypeError, shapely.errors.ShapelyError):
            continue  # a shape that cannot be read is not drawn
        found[row["fid"]] = [
            [round(value, _DEGREES) for pair in _line(part).coords for value in pair[:2]]
            for part in shapely.get_parts(geometry)
            if part.geom_type in ("LineString", "Polygon") and not part.is_empty
        ]
    return found


def _line(part: Any) -> Any:
    return part.exterior if part.geom_type == "Polygon" else part
