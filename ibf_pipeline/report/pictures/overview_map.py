"""Map of the whole country in one run: areas by alert class, places, extents of all events."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shapely import Point
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.domain.wording import alert_text
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.pictures.colours import (
    BLIND,
    BORDER,
    CLASS_COLOURS,
    CLASS_HATCHES,
    CLASS_MARKERS,
    INK,
    LAND,
    MUTED,
    drawn_class,
)
from ibf_pipeline.report.pictures.figure import (
    draw_box,
    draw_stamp,
    draw_text,
    draw_text_line,
    fitted,
    new_figure,
    pixel_axes,
    png,
)
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
from ibf_pipeline.report.pictures.map_words import CountryWords
from ibf_pipeline.report.pictures.marks import draw_marks, marks_legend
from ibf_pipeline.report.pictures.outlines import MapLayers, Outlines, draw_areas
from ibf_pipeline.report.pictures.picture_stamp import stamp_lines
from ibf_pipeline.report.pictures.water import read_water
from ibf_pipeline.report.times import issued, span

WIDTH, HEIGHT = 1200, 1240
_LEFT, _TOP, _ACROSS, _DOWN = 20, 122, 1160, 860
_BESIDE = (_LEFT + _ACROSS, HEIGHT - 24)
"""where the scale bar ends if the country fills the map"""
_NAMED_BESIDE = 4
"""areas whose names stand beside them at most; more lines would hide the map"""


@dataclass(frozen=True, slots=True)
class Mark:
    """The place of what an event is about, or would be."""

    key: str
    x: float
    y: float
    """degrees"""
    kind: str
    """an alert class, or `blind`"""


def overview_map(findings: Findings, layers: MapLayers, extents: Sequence[Path], words: CountryWords) -> bytes:
    """The country as PNG. `extents`: the rasters whose water is drawn, those of the events' lead times."""
    return png(overview_figure(findings, layers, extents, words))


def overview_figure(findings: Findings, layers: MapLayers, extents: Sequence[Path], words: CountryWords) -> Figure:
    """The map as a figure."""
    figure = new_figure(WIDTH, HEIGHT)
    name = drawable(findings.country_name, findings.country)
    title = marked(f"{findings.counts} · {name}", exercise=findings.exercise, trial=findings.trial)
    draw_text_line(figure, 24, 42, title, 40, WIDTH - 48, va="center", weight="bold")
    profile = profile_of(findings)
    text = f"{profile.noun}s, forecast of {findings.moment_words(issued(findings))}"
    text += f", {span(findings)} {profile.unit}s ahead"
    draw_text_line(figure, 24, 92, text, 28, WIDTH - 48, va="center", color=MUTED)
    draw_stamp(
        figure, _LEFT + 16, _TOP + 26, stamp_lines(findings, {event.key for event in findings.events}), 26, _ACROSS - 32
    )
    marks = _marks_of(findings)
    view = _view(marks, layers)
    axes = map_axes(figure, _LEFT, _TOP, _ACROSS, _DOWN, view)
    draw_areas(axes, [layers.country], facecolor=LAND, edgecolor="none", zorder=1)
    outlines = layers.levels[findings.default_admin_level]
    classes = area_classes(findings)
    for alert_class in ALERT_CLASSES[1:]:
        shapes = [outlines.shapes[c] for c, k in classes.items() if k == alert_class and c in outlines.shapes]
        draw_areas(axes, shapes, linewidth=0, zorder=2, **_filled(alert_class))
    waters = [read_water(extent, view.bounds, (_DOWN, _ACROSS)) for extent in extents]
    shows_water = draw_water(axes, [water for water in waters if water], _triggered(findings, layers), zorder=6)
    unseen = [shape for code, shape in outlines.shapes.items() if code in words.blind]
    draw_areas(axes, unseen, linewidth=0, zorder=3, **BLIND)
    draw_areas(axes, outlines.shapes.values(), facecolor="none", edgecolor=BORDER, linewidth=0.9, zorder=7)
    draw_areas(axes, [layers.country], facecolor="none", edgecolor=INK, linewidth=2.4, zorder=8)
    labels = Labels(figure, axes)
    labels.block(scale_bar(axes, view, 28, layers.country, _BESIDE))
    draw_marks(axes, labels, words.marks, view)
    _marks(axes, marks, labels, view)
    _districts(axes, labels, outlines, words, view)
    _area_names(labels, axes, findings, outlines, view)
    shown = {_drawn(event): alert_text(event.alert_class, trigger=event.trigger) for event in findings.events}
    if "med" in area_classes(findings).values():  # areas of a trigger that are warned alone
        shown.setdefault("med", alert_text("max", trigger=False))
    _legend(figure, findings, shown, words, marks, shows_water=shows_water)
    return figure


def _area_names(labels: Labels, axes: Axes, findings: Findings, outlines: Outlines, view: View) -> None:
    """Names of alerted areas inside them; the first triggers' ones beside them with a line if there is no room."""
    classes, beside = area_classes(findings), 0
    step = (view.north - view.south) * 44 / _DOWN
    for code in by_weight(findings, classes):
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


def _districts(axes: Axes, labels: Labels, outlines: Outlines, words: CountryWords, view: View) -> None:
    """Outlines and names of what has several areas."""
    for name, codes in words.districts.items():
        shape = shapely.union_all([outlines.shapes[code] for code in codes if code in outlines.shapes])
        draw_areas(axes, [shape], facecolor="none", edgecolor=INK, linewidth=2.0, zorder=8)
        point = label_point(shape, view)
        is_area = len(codes) == 1 and outlines.names.get(codes[0]) == name  # its area's label says it
        if point is not None and not is_area:
            labels.put(*point, shortened(drawable(name, codes[0]), 24), 28, weight="bold")


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


def _triggered(findings: Findings, layers: MapLayers) -> list[BaseGeometry]:
    """The deepest areas of the triggers: water elsewhere belongs to no event of the map."""
    shapes = layers.levels[findings.admin_levels[-1]].shapes
    codes = {
        area.place_code for e in findings.events if e.trigger for area in e.alerted_areas_of(findings.admin_levels[-1])
    }
    return [shapes[code] for code in sorted(codes) if code in shapes]


def by_weight(findings: Findings, classes: dict[str, str]) -> list[str]:
    """Place codes of the alerted areas: the highest class first, then those with most people."""
    people: dict[str, int] = {}
    for event in findings.events:
        for area in event.alerted_areas_of(findings.default_admin_level):
            people[area.place_code] = people.get(area.place_code, 0) + area.people
    return sorted(classes, key=lambda code: (-ALERT_CLASSES.index(classes[code]), -people[code], code))


def area_classes(findings: Findings) -> dict[str, str]:
    """The highest class of every default-level area that an event has; of a trigger some areas may be warned alone."""
    classes: dict[str, str] = {}
    for event in findings.events:
        for area in event.alerted_areas_of(findings.default_admin_level):
            other = classes.get(area.place_code, "no")
            classes[area.place_code] = max(_drawn(event, area), other, key=ALERT_CLASSES.index)
    return classes


def _drawn(event: Event, area: EventArea | None = None) -> str:
    trigger = event.trigger if area is None or area.trigger is None else area.trigger
    return drawn_class(event.alert_class, trigger=trigger)


def _view(marks: Sequence[Mark], layers: MapLayers) -> View:
    bounds = None if layers.country.is_empty else layers.country.bounds
    if bounds is None:
        lons, lats = [mark.x for mark in marks], [mark.y for mark in marks]
        bounds = (min(lons), min(lats), max(lons), max(lats))
    return view_of(bounds, _ACROSS, _DOWN, 0.05)


def _marks_of(findings: Findings) -> list[Mark]:
    """Everything that has a place of its own, alerted or not."""
    alerted = {event.key: _drawn(event) for event in findings.events}
    blind = {each.key for each in findings.unseen if each.condition == "blind"}
    places = {key: findings.place(key) for key in findings.known.values()}
    return [
        Mark(key, *place, "blind" if key in blind else alerted.get(key, "no"))
        for key, place in places.items()
        if place is not None
    ]


def _marks(axes: Axes, marks: Sequence[Mark], labels: Labels, view: View) -> None:
    seen = [mark for mark in marks if view.holds(mark.x, mark.y)]
    seen.sort(key=lambda mark: -ALERT_CLASSES.index("no" if mark.kind == "blind" else mark.kind))
    for mark in seen:
        _marker(axes, mark.x, mark.y, mark.kind, zorder=14)
        labels.block_around(mark.x, mark.y, 13)
    for mark in seen:
        if mark.kind == "no":
            continue
        up, right = (view.north - view.south) * 20 / _DOWN, (view.east - view.west) * 20 / _ACROSS
        words = mark.key + (" (blind)" if mark.kind == "blind" else "")
        places = (
            (0, up, "center", "bottom"),
            (0, -up, "center", "top"),
            (right, 0, "left", "center"),
            (-right, 0, "right", "center"),
        )
        any(
            labels.put(mark.x + x, mark.y + y, words, 28, ha=across, va=anchor, weight="bold")
            for x, y, across, anchor in places
        )


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


def _legend(
    figure: Figure,
    findings: Findings,
    shown: Mapping[str, str],
    words: CountryWords,
    marks: Sequence[Mark],
    *,
    shows_water: bool,
) -> None:
    axes, subject = pixel_axes(figure, _LEFT, _TOP + _DOWN + 14, _ACROSS, 210), profile_of(findings).subject
    y = 26
    for place, name in enumerate(name for name in ("max", "med", "min") if name in shown):
        x = place * 350
        draw_box(axes, x, y - 16, 46, 32, **_filled(name))
        if marks:
            _marker(axes, x + 74, y, name, clip_on=False)
        draw_text(axes, x + (96 if marks else 60), y, shown[name], 28, va="center")
    if words.blind:
        draw_box(axes, len(shown) * 350, y - 16, 46, 32, **BLIND)
        draw_text(axes, len(shown) * 350 + 60, y, "blind: nothing is known, no all clear", 28, va="center")
    y += 50 if shown or words.blind else 0
    if marks:
        _marker(axes, 23, y, "no", clip_on=False)
        draw_text(axes, 60, y, f"{subject} without alert", 28, va="center")
        if any(mark.kind == "blind" for mark in marks):
            _marker(axes, 424, y, "blind", clip_on=False)
            draw_text(axes, 446, y, f"blind {subject}: no forecast, no all clear", 28, va="center")
        y += 50
    if shows_water:
        water_sample(axes, 0, y - 16, 46, 32)
        draw_text(axes, 60, y, words.extent, 28, va="center")
        y += 46
    if words.marks:
        marks_legend(figure, axes, words.marks, y, columns=4)
        y += 46
    text = f"areas of admin level {findings.default_admin_level}; {words.source}; a forecast, no observation"
    draw_text(axes, 0, y, fitted(figure, text, 23, _ACROSS), 23, va="center", color=MUTED)
