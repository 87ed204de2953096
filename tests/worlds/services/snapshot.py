"""The dynamic state in a form that two servers can be compared by: no ids, no moments of receipt."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.sandbox.backend import RASTER_FOLDER

_ROWS = {
    "exposure": "SELECT iso3, disaster, indicator, level, event, place_code, lead_time, day, moment, received, value"
    " FROM exposure",
    "lead_time_alerts": "SELECT iso3, disaster, event, lead_time, day, moment, received, alert, trigger"
    " FROM lead_time_alert",
    "event_areas": "SELECT disaster, event, place_code, severity, trigger, exposure, first_issued, end_date, closed,"
    " user_trigger, user_trigger_name FROM event_area",
    "point_values": "SELECT p.iso3, p.category, p.fid, v.key, v.lead_time, v.moment, v.received, v.value"
    " FROM point_value AS v JOIN point AS p ON p.id = v.point_id",
    "early_actions": "SELECT e.event, s.place_code, s.action, s.checked FROM early_action_status AS s"
    " LEFT JOIN event_area AS e ON e.id = s.event_area_id",
    "exposed_lines": "SELECT iso3, category, fid, lead_time, moment FROM line_status",
    "typhoon_tracks": "SELECT iso3, event, lead_time, moment, point FROM typhoon_track",
}


def snapshot(sandbox: Sandbox) -> dict[str, Any]:
    """Rows in one order, images and rasters by hash. A row stamped with its moment of receipt shows none."""
    backend = sandbox._backend
    with backend.store.transaction() as store:
        state: dict[str, Any] = {
            name: sorted((_without_receipt(dict(row)) for row in store.rows(sql)), key=_order)
            for name, sql in _ROWS.items()
        }
        state["map_images"] = {
            f"{row['iso3']}/{row['disaster']}/{row['event']}": hashlib.sha256(row["image"]).hexdigest()
            for row in store.rows("SELECT * FROM map_image ORDER BY iso3, disaster, event")
        }
    root = backend.folder / RASTER_FOLDER
    state["rasters"] = {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    return state


def extent_file(sandbox: Sandbox, name: str) -> Path:
    """Where an uploaded flood extent of that name lies."""
    return sandbox._backend.raster_folder("flood_extents") / name


def _without_receipt(row: dict[str, Any]) -> dict[str, Any]:
    if row.pop("received", 0):
        row |= {name: None for name in ("moment", "day") if name in row}
    return row


def _order(row: dict[str, Any]) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in row.values()]
