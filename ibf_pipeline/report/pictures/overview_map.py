"""Map of the whole country on one day: areas by alert class, stations, extents of all events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shapely import Point
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.wording import class_text, day_text
from ibf_pipeline.hazards.floods.findings import FloodFindings, StationFound
from ibf_pipeline.report.pictures.colours import (
    BORDER,
    CLASS_COLOURS,
    CLASS_HATCHES,
    CLASS_MARKERS,
    INK,
    LAND,
    MUTED,
)
from ibf_pipeline.report.pictures.figure import draw_box, fitted, new_figure, pixel_axes, png, write, write_line
from ibf_pipeline.report.pictures.fonts import drawable, shortened
from ibf_pipeline.report.pictures.map_frame import (
    Labels,
    View,
    draw_water,
    label_point,
    map_axes,
    scale_bar,
    view_of,
    water_sample,
)
from ibf_pipeline.report.pictures.outlines import MapLayers, Outlines, draw_areas
from ibf_pipeline.report.pictures.water import read_water

WIDTH, HEIGHT = 1200, 1240
_LEFT, _TOP, _ACROSS, _DOWN = 20, 122, 1160, 860
_NAMED_BESIDE = 4
"""areas whose names stand beside them at most; more lines would hide the map"""


def overview_map(found: FloodFindings, layers: MapLayers, extents: Sequence[Path] = ()) -> bytes:
    """The country's day as PNG. `extents`: the rasters whose water is drawn, those of the events' lead times."""
    return png(overview_figure(found, layers, extents))


def overview_figure(found: FloodFindings, layers: MapLayers, extents: Sequence[Path] = ()) -> Figure:
    """The map as a figure."""
    figure = new_figure(WIDTH, HEIGHT)
    name = drawable(found.country_name, found.country)
    title = marked(f"{found.headline} · {name}", exercise=found.exercise)
    write_line(figure, 24, 42, title, 40, WIDTH - 48, va="center", weight="bold")
    text = f"river floods, forecast of {day_text(found.issue_date)}, 0 to 7 days ahead"
    write_line(figure, 24, 92, text, 28, WIDTH - 48, va="center", color=MUTED)
    view = _view(found, layers)
    axes = map_axes(figure, _LEFT, _TOP, _ACROSS, _DOWN, view)
    draw_areas(axes, [layers.country], facecolor=LAND, edgecolor="none", zorder=1)
    outlines = layers.levels[found.default_admin_level]
    classes = area_classes(found)
    for alert_class in ALERT_CLASSES[1:]:
        shapes = [outlines.shapes[c] for c, k in classes.items() if k == alert_class and c in outlines.shapes]
        draw_areas(axes, shapes, linewidth=0, zorder=2, **_filled(alert_class))
    waters = [read_water(extent, view.bounds, (_DOWN, _ACROSS)) for extent in extents]
    shows_water = draw_water(axes, [water for water in waters if water], _flooded(found, layers), zorder=6)
    draw_areas(axes, outlines.shapes.values(), facecolor="none", edgecolor=BORDER, linewidth=0.9, zorder=7)
    draw_areas(axes, [layers.country], facecolor="none", edgecolor=INK, linewidth=2.4, zorder=8)
    labels = Labels(figure, axes)
    labels.block(scale_bar(axes, view, 28, layers.country))
    _stations(axes, found, labels, view)
    _area_names(labels, axes, found, outlines, view)
    _legend(figure, found, set(classes.values()) | {event.alert_class for event in found.events}, shows_water)
    return figure


def _area_names(labels: Labels, axes: Axes, found: FloodFindings, outlines: Outlines, view: View) -> None:
    """Names of alerted areas inside them; the first triggers' ones beside them with a line where there is no room."""
    classes, beside = area_classes(found), 0
    step = (view.north - view.south) * 44 / _DOWN
    for code in by_weight(found, classes):
        shape = outlines.shapes.get(code)
        point = label_point(shape, view) if shape is not None else None
        if shape is None or point is None:
            continue
        name = shortened(drawable(outlines.names[code], code), 20)
        places = [(point[0], point[1] + away * step) for away in (0, -1, 1, -2, 2)]
        if any(shape.contains(Point(place)) and labels.put(*place, name, 26, style="italic") for place in places):
            continue
        if classes[code] == "max" and beside < _NAMED_BESIDE:
            beside += _name_beside(labels, axes, view, point, name)


def _name_beside(labels: Labels, axes: Axes, view: View, point: tuple[float, float], name: str) -> bool:
    """A name in the nearest free place around an area, with a line to it."""
    for pixels in (90, 130, 180, 240):
        for angle in range(0, 360, 30):
            x = point[0] + math.cos(math.radians(angle)) * pixels / _ACROSS * (view.east - view.west)
            y = point[1] + math.sin(math.radians(angle)) * pixels / _DOWN * (view.north - view.south)
            if labels.put(x, y, name, 26, style="italic"):
                axes.plot([point[0], x], [point[1], y], color=INK, linewidth=1.2, zorder=13)
                return True
    return False


def _flooded(found: FloodFindings, layers: MapLayers) -> list[BaseGeometry]:
    """The deepest areas of the triggers: water elsewhere belongs to no event of the map."""
    shapes = layers.levels[found.admin_levels[-1]].shapes
    codes = {area.place_code for e in found.events if e.trigger for area in e.areas_of(found.admin_levels[-1])}
    return [shapes[code] for code in sorted(codes) if code in shapes]


def by_weight(found: FloodFindings, classes: dict[str, str]) -> list[str]:
    """Place codes of the alerted areas: the highest class first, then those with most people."""
    people: dict[str, int] = {}
    for event in found.events:
        for area in event.areas_of(found.default_admin_level):
            people[area.place_code] = people.get(area.place_code, 0) + area.people
    return sorted(classes, key=lambda code: (-ALERT_CLASSES.index(classes[code]), -people[code], code))


def area_classes(found: FloodFindings) -> dict[str, str]:
    """The highest class of every default-level area that an event has."""
    classes: dict[str, str] = {}
    for event in reversed(found.events):  # the highest class comes first and is written last
        classes.update({area.place_code: event.alert_class for area in event.areas_of(found.default_admin_level)})
    return classes


def _view(found: FloodFindings, layers: MapLayers) -> View:
    bounds = None if layers.country.is_empty else layers.country.bounds
    if bounds is None:
        lons, lats = [s.lon for s in found.stations], [s.lat for s in found.stations]
        bounds = (min(lons), min(lats), max(lons), max(lats))
    return view_of(bounds, _ACROSS, _DOWN, 0.05)


def _stations(axes: Axes, found: FloodFindings, labels: Labels, view: View) -> None:
    alerted = {event.station_code: event.alert_class for event in found.events}
    seen = [station for station in found.stations if view.holds(station.lon, station.lat)]
    seen.sort(key=lambda s: -ALERT_CLASSES.index(alerted.get(s.code, "no")))
    for station in seen:
        _marker(axes, station.lon, station.lat, _kind(station, alerted), zorder=14)
        labels.block_around(station.lon, station.lat, 13)
    for station in seen:
        kind = _kind(station, alerted)
        if kind == "no":
            continue
        up, right = (view.north - view.south) * 20 / _DOWN, (view.east - view.west) * 20 / _ACROSS
        words = station.code + (" (blind)" if kind == "blind" else "")
        places = (
            (0, up, "center", "bottom"),
            (0, -up, "center", "top"),
            (right, 0, "left", "center"),
            (-right, 0, "right", "center"),
        )
        any(
            labels.put(station.lon + x, station.lat + y, words, 28, ha=across, va=anchor, weight="bold")
            for x, y, across, anchor in places
        )


def _kind(station: StationFound, alerted: dict[str, str]) -> str:
    return "blind" if station.condition == "blind" else alerted.get(station.code, "no")


def _filled(alert_class: str) -> dict[str, Any]:
    return {"facecolor": CLASS_COLOURS[alert_class], "edgecolor": "#5a4a3a", "hatch": CLASS_HATCHES[alert_class]}


def _marker(axes: Axes, x: float, y: float, kind: str, **options: Any) -> None:
    edge = {"markeredgecolor": INK, "markeredgewidth": 1.6, **options}
    if kind == "blind":
        axes.plot(x, y, marker="X", markersize=15, color="white", **edge)
        return
    size, marker = 9 if kind == "no" else 15, CLASS_MARKERS[kind]
    if kind != "no":  # so that it is seen on an area of its own class
        axes.plot(x, y, marker=marker, markersize=size + 5, color="white", markeredgecolor="white", **options)
    axes.plot(x, y, marker=marker, markersize=size, color=CLASS_COLOURS[kind], **edge)


def _legend(figure: Figure, found: FloodFindings, shown: set[str], shows_water: bool) -> None:
    axes = pixel_axes(figure, _LEFT, _TOP + _DOWN + 14, _ACROSS, 210)
    y = 26
    for place, name in enumerate(name for name in ("max", "med", "min") if name in shown):
        x = place * 350
        draw_box(axes, x, y - 16, 46, 32, **_filled(name))
        _marker(axes, x + 74, y, name, clip_on=False)
        write(axes, x + 96, y, class_text(name), 28, va="center")
    y += 50 if shown else 0
    _marker(axes, 23, y, "no", clip_on=False)
    write(axes, 60, y, "station without alert", 28, va="center")
    if found.with_condition("blind"):
        _marker(axes, 424, y, "blind", clip_on=False)
        write(axes, 446, y, "blind station: no forecast, no all clear", 28, va="center")
    y += 50
    if shows_water:
        water_sample(axes, 0, y - 16, 46, 32)
        text = f"flood extent of the triggers, {found.rule.minimum_depth:g} m or deeper"
        write(axes, 60, y, text, 28, va="center")
        y += 46
    text = (
        f"areas of admin level {found.default_admin_level}; GloFAS {found.glofas_version}; a forecast, no observation"
    )
    write(axes, 0, y, fitted(figure, text, 23, _ACROSS), 23, va="center", color=MUTED)
