"""Map of the whole country on one day: areas by alert class, stations, extents of all events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ibf_pipeline.forecast.rule import ALERT_CLASSES
from ibf_pipeline.found import Found, StationFound
from ibf_pipeline.pictures.colours import (
    BORDER,
    CLASS_COLOURS,
    CLASS_HATCHES,
    CLASS_MARKERS,
    INK,
    LAND,
    MUTED,
    WATER,
)
from ibf_pipeline.pictures.figure import axes_at, fitted, new_figure, png, write
from ibf_pipeline.pictures.fonts import drawable, shortened
from ibf_pipeline.pictures.map_frame import Labels, View, draw_water, label_point, map_axes, scale_bar, view_of
from ibf_pipeline.pictures.outlines import MapLayers, draw_areas
from ibf_pipeline.pictures.water import read_water
from ibf_pipeline.wording import class_text, day_text

WIDTH, HEIGHT = 1200, 1240
_LEFT, _TOP, _ACROSS, _DOWN = 20, 122, 1160, 860


def overview_map(found: Found, layers: MapLayers, extents: Sequence[Path] = ()) -> bytes:
    """The country's day as PNG. `extents`: the rasters whose water is drawn, those of the events' lead times."""
    return png(overview_figure(found, layers, extents))


def overview_figure(found: Found, layers: MapLayers, extents: Sequence[Path] = ()) -> Figure:
    """The map as a figure."""
    figure = new_figure(WIDTH, HEIGHT)
    name = drawable(found.country_name, found.country)
    title = ("EXERCISE · " if found.exercise else "") + f"{found.headline} · {name}"
    line = fitted(figure, title, 40, WIDTH - 48, weight="bold")
    write(figure, 24 / WIDTH, 1 - 42 / HEIGHT, line, 40, va="center", weight="bold")
    text = f"river floods, forecast of {day_text(found.issue_date)}, 0 to 7 days ahead"
    write(figure, 24 / WIDTH, 1 - 92 / HEIGHT, fitted(figure, text, 28, WIDTH - 48), 28, va="center", color=MUTED)
    view = _view(found, layers)
    axes = map_axes(figure, _LEFT, _TOP, _ACROSS, _DOWN, view)
    draw_areas(axes, [layers.country], facecolor=LAND, edgecolor="none", zorder=1)
    outlines = layers.levels[found.default_admin_level]
    classes = area_classes(found)
    for alert_class in ALERT_CLASSES[1:]:
        shapes = [outlines.shapes[c] for c, k in classes.items() if k == alert_class and c in outlines.shapes]
        draw_areas(
            axes, shapes, facecolor=CLASS_COLOURS[alert_class], edgecolor="#5a4a3a", linewidth=0,
            hatch=CLASS_HATCHES[alert_class], zorder=2,
        )  # fmt: skip
    for extent in extents:
        draw_water(axes, read_water(extent, view.bounds, (_DOWN, _ACROSS)), [layers.country], zorder=6)
    draw_areas(axes, outlines.shapes.values(), facecolor="none", edgecolor=BORDER, linewidth=0.9, zorder=7)
    draw_areas(axes, [layers.country], facecolor="none", edgecolor=INK, linewidth=2.4, zorder=8)
    labels = Labels(figure, axes)
    labels.block(scale_bar(axes, view, 24))
    _stations(axes, found, labels, view)
    for code, shape in outlines.shapes.items():
        point = label_point(shape, view)
        if point is not None and code in classes:
            labels.put(*point, shortened(drawable(outlines.names[code], code), 20), 21, style="italic")
    _legend(figure, found, bool(extents))
    return figure


def area_classes(found: Found) -> dict[str, str]:
    """The highest class of every default-level area that an event has."""
    classes: dict[str, str] = {}
    for event in reversed(found.events):  # the highest class comes first and is written last
        classes.update({area.place_code: event.alert_class for area in event.areas_of(found.default_admin_level)})
    return classes


def _view(found: Found, layers: MapLayers) -> View:
    bounds = None if layers.country.is_empty else layers.country.bounds
    if bounds is None:
        lons, lats = [s.lon for s in found.stations], [s.lat for s in found.stations]
        bounds = (min(lons), min(lats), max(lons), max(lats))
    return view_of(bounds, _ACROSS, _DOWN, 0.05)


def _stations(axes: Axes, found: Found, labels: Labels, view: View) -> None:
    alerted = {event.station_code: event.alert_class for event in found.events}
    order = sorted(found.stations, key=lambda s: -ALERT_CLASSES.index(alerted.get(s.code, "no")))
    for station in order:
        if not (view.west <= station.lon <= view.east and view.south <= station.lat <= view.north):
            continue
        _marker(axes, station.lon, station.lat, _kind(station, alerted), zorder=14)
        labels.block_around(station.lon, station.lat, 13)
    for station in order:
        kind = _kind(station, alerted)
        if kind == "no" or not (view.west <= station.lon <= view.east and view.south <= station.lat <= view.north):
            continue
        away = (view.north - view.south) * 20 / _DOWN
        words = station.code + (" (blind)" if kind == "blind" else "")
        for shift, anchor in ((away, "bottom"), (-away, "top")):
            if labels.put(station.lon, station.lat + shift, words, 22, va=anchor, weight="bold"):
                break


def _kind(station: StationFound, alerted: dict[str, str]) -> str:
    return "blind" if station.condition == "blind" else alerted.get(station.code, "no")


def _marker(axes: Axes, x: float, y: float, kind: str, **options: Any) -> None:
    if kind == "blind":
        axes.plot(x, y, marker="X", markersize=15, color="white", markeredgecolor=INK, markeredgewidth=1.6, **options)
        return
    size = 9 if kind == "no" else 15
    axes.plot(
        x, y, marker=CLASS_MARKERS[kind], markersize=size, color=CLASS_COLOURS[kind], markeredgecolor=INK,
        markeredgewidth=1.6, **options,
    )  # fmt: skip


def _legend(figure: Figure, found: Found, shows_water: bool) -> None:
    axes = axes_at(figure, _LEFT, _TOP + _DOWN + 14, _ACROSS, 210)
    axes.set_xlim(0, _ACROSS)
    axes.set_ylim(210, 0)
    axes.axis("off")
    y = 26
    used = [name for name in ("max", "med", "min") if name == "max" or name in found.rule.classes]
    for place, name in enumerate(used):
        x = place * 350
        axes.add_patch(
            Rectangle(
                (x, y - 16), 46, 32, facecolor=CLASS_COLOURS[name], edgecolor="#5a4a3a", hatch=CLASS_HATCHES[name]
            )
        )
        _marker(axes, x + 74, y, name, clip_on=False)
        write(axes, x + 96, y, class_text(name), 25, va="center")
    y += 50
    _marker(axes, 23, y, "no", clip_on=False)
    write(axes, 60, y, "station without alert", 25, va="center")
    if found.with_condition("blind"):
        _marker(axes, 374, y, "blind", clip_on=False)
        write(axes, 396, y, "blind station: no forecast, no all clear", 25, va="center")
    y += 50
    if shows_water:
        axes.add_patch(Rectangle((0, y - 16), 46, 32, facecolor=WATER, alpha=0.85, edgecolor=INK, linewidth=1))
        text = f"flood extent of the triggers, {found.rule.minimum_depth:g} m or deeper"
        write(axes, 60, y, text, 25, va="center")
    y += 46
    text = (
        f"areas of admin level {found.default_admin_level}; GloFAS {found.glofas_version}; a forecast, no observation"
    )
    write(axes, 0, y, fitted(figure, text, 23, _ACROSS), 23, va="center", color=MUTED)
