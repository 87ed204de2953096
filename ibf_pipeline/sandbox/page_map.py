"""Outlines for the page's map: simplified, on a plane whose x is shortened by the latitude."""

from __future__ import annotations

import json
import math
from typing import Any

import shapely
from shapely.geometry import shape

from ibf_pipeline.sandbox.store import SandboxStore

_WIDTH = 1000.0
_DETAIL = 1500.0
"""The longer side of the country is divided into that many steps; finer turns of a line are left out."""


def outlines(store: SandboxStore, iso3: str, level: int) -> dict[str, Any]:
    """SVG paths of a level's areas, and the frame that turns degrees into the same plane."""
    rows = store.rows(
        "SELECT * FROM admin_area WHERE iso3 = :iso3 AND level = :level ORDER BY place_code", iso3=iso3, level=level
    )
    if not rows:
        return {"frame": None, "areas": []}
    shapes = [shapely.make_valid(shape(json.loads(row["geometry"]))) for row in rows]
    west, south, east, north = shapely.total_bounds(shapes)
    step = max(east - west, north - south) / _DETAIL
    simple = [g if not s.is_empty else s for s, g in zip(shapes, _simplified(shapes, step), strict=True)]
    shrink = math.cos(math.radians((south + north) / 2))
    scale = _WIDTH / max((east - west) * shrink, north - south, 1e-9)
    frame = {"west": west, "north": north, "x": scale * shrink, "y": scale}
    frame |= {"width": (east - west) * scale * shrink, "height": (north - south) * scale}
    areas = [
        {
            "code": row["place_code"],
            "name": row["name"],
            "parent": row["parent_name"],
            "path": _path(geometry, frame),
        }
        for row, geometry in zip(rows, simple, strict=True)
    ]
    return {"frame": frame, "areas": areas}


def _simplified(shapes: list[Any], step: float) -> list[Any]:
    """Neighbours keep one common border; if the areas overlap each is simplified alone."""
    if shapely.coverage_is_valid(shapes):
        return list(shapely.coverage_simplify(shapes, step))
    return list(shapely.simplify(shapes, step, preserve_topology=True))


def _path(geometry: Any, frame: dict[str, float]) -> str:
    parts = []
    for polygon in shapely.get_parts(geometry):
        if polygon.geom_type != "Polygon":
            continue
        for ring in (polygon.exterior, *polygon.interiors):
            points = [
                f"{(x - frame['west']) * frame['x']:.1f},{(frame['north'] - y) * frame['y']:.1f}"
                for x, y in ring.coords[:-1]
            ]
            parts.append(f"M{'L'.join(points)}Z")
    return "".join(parts)
