"""Map of an event, 1200 pixels wide: areas by people affected, extent, place. Legible in a mail on a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.domain.wording import TRIGGER_WORDS, alert_text, people_text, people_words
from ibf_pipeline.report.pictures.colours import (
    BLIND,
    BORDER,
    CLASS_COLOURS,
    CLASS_INK,
    INK,
    LAND,
    MUTED,
    PEOPLE_COLOURS,
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
    text_width,
    wrapped,
)
from ibf_pipeline.report.pictures.fonts import drawable, font_note, shortened, titled
from ibf_pipeline.report.pictures.map_frame import (
    Labels,
    View,
    draw_water,
    label_point,
    locator,
    map_axes,
    scale_bar,
    view_of,
    water_sample,
)
from ibf_pipeline.report.pictures.map_words import EventWords, MapMarks
from ibf_pipeline.report.pictures.marks import draw_marks, marks_legend
from ibf_pipeline.report.pictures.outlines import MapLayers, draw_areas
from ibf_pipeline.report.pictures.picture_stamp import stamp_lines
from ibf_pipeline.report.pictures.water import Water, read_water
from ibf_pipeline.report.times import begins, issued

WIDTH, HEIGHT = 1200, 1560
_LEFT, _TOP, _ACROSS, _DOWN = 20, 240, 1160, 830
_LEGEND_TOP = _TOP + _DOWN + 22
_BESIDE = (_LEFT + _ACROSS, _LEGEND_TOP + 20)
"""where the scale bar ends if an event fills the map"""
_PEOPLE_STEPS = (1, 100, 1_000, 10_000)
"""where the colours of people affected change"""
_STEP_WORDS = ("0", "1–99", "100–999", "1,000–9,999", "10,000 or more")
_LABELLED = 6
_PLACE: dict[str, Any] = {"marker": "^", "markersize": 17, "color": INK, "markeredgecolor": "white"}


def event_map(
    findings: Findings,
    event: Event,
    layers: MapLayers,
    extent: Path | None,
    words: EventWords,
    marks: Sequence[MapMarks] = (),
) -> bytes:
    """The map of an event as PNG.

    `extent`: raster of the event's lead time (`found.extent(event.lead_time)`), None for none.
    """
    return png(event_figure(findings, event, layers, extent, words, marks))


def event_figure(
    findings: Findings,
    event: Event,
    layers: MapLayers,
    extent: Path | None,
    words: EventWords,
    marks: Sequence[MapMarks] = (),
) -> Figure:
    """The map as a figure."""
    place = findings.place(event.key)
    deepest = findings.admin_levels[-1]
    areas = {area.place_code: area for area in event.areas_of(deepest)}
    view = _view(layers, deepest, areas, place)
    figure = new_figure(WIDTH, HEIGHT)
    _header(figure, findings, event, words)
    axes = map_axes(figure, _LEFT, _TOP, _ACROSS, _DOWN, view)
    shows_people = event.is_estimated and bool(event.areas)
    _areas(axes, layers, deepest, areas, shows_people, shade_of(event))
    unseen = [shape for code, shape in layers.levels[deepest].shapes.items() if code in words.blind]
    draw_areas(axes, unseen, linewidth=0, zorder=3, **BLIND)
    water = None
    own = [layers.levels[deepest].shapes[code] for code in areas if code in layers.levels[deepest].shapes]
    if extent is not None and words.extent:
        water = read_water(extent, view.bounds, (_DOWN, _ACROSS))
    draw_water(axes, [water] if water else [], own, zorder=6)
    alerted = [area.place_code for area in areas.values() if area.alerted]
    _borders(axes, findings, layers, [s for code, s in layers.levels[deepest].shapes.items() if code in alerted])
    labels = Labels(figure, axes)
    labels.block(scale_bar(axes, view, 28, shapely.union_all(own) if own else layers.country, _BESIDE))
    draw_marks(axes, labels, marks, view)
    _mark(labels, axes, event, view, place)
    _labels(labels, findings, event, layers, areas, view, words.blind)
    _legend(figure, findings, event, water, words, marks)
    if own:  # else the map itself shows the whole country
        locator(figure, layers.country, view, WIDTH - 300, _LEGEND_TOP + 100, 280, 214)
    _footer(figure, words.footer, font_note([findings.named(event.key), *(area.name for area in areas.values())]))
    return figure


def _view(layers: MapLayers, deepest: int, areas: dict[str, EventArea], place: tuple[float, float] | None) -> View:
    own = layers.levels[deepest].bounds(areas)
    if place is None:
        return view_of(own or layers.country.bounds, _ACROSS, _DOWN)
    x, y = place
    west, south, east, north = own or ((x, y, x, y) if layers.country.is_empty else layers.country.bounds)
    reach = 0.75 * max(east - west, north - south, 0.2)
    is_near = west - reach <= x <= east + reach and south - reach <= y <= north + reach
    if own is None or is_near:  # else the place is too far away to be shown
        west, south, east, north = min(west, x), min(south, y), max(east, x), max(north, y)
    return view_of((west, south, east, north), _ACROSS, _DOWN)


def shade_of(event: Event) -> str:
    """The class whose colour an event has."""
    return drawn_class(event.alert_class, trigger=event.trigger)


def _header(figure: Figure, findings: Findings, event: Event, said: EventWords) -> None:
    band = pixel_axes(figure, 0, 0, WIDTH, 76)
    draw_box(band, 0, 0, WIDTH, 76, facecolor=CLASS_COLOURS[shade_of(event)], edgecolor="none")
    words = TRIGGER_WORDS if event.trigger else alert_text(event.alert_class, trigger=False)
    head = marked(f"{words[0].upper()}{words[1:]}", exercise=findings.exercise, trial=findings.trial)
    ink = CLASS_INK[shade_of(event)]
    draw_text(
        band, 24, 40, fitted(figure, head, 42, WIDTH - 48, weight="bold"), 42, va="center", color=ink, weight="bold"
    )
    dates = f"{said.begins or begins(findings, event)} · forecast of {findings.moment_words(issued(findings))}"
    title = drawable(said.title, event.key) if said.title else titled(findings.named(event.key), event.key)
    draw_text_line(figure, 24, 110, title, 36, WIDTH - 48, va="center", weight="bold")
    pixels = 29 if text_width(figure, dates, 29) <= WIDTH - 48 else 24  # hours and moments take more room than days
    draw_text_line(figure, 24, 156, dates, pixels, WIDTH - 48, va="center")
    draw_stamp(figure, _LEFT + 16, _TOP + 26, stamp_lines(findings, [event.key]), 26, _ACROSS - 32)
    number = ""
    if event.is_estimated and event.areas:
        number = people_words(event.people, known=event.people_known)
    left = 24.0
    if number:
        draw_text(figure, left / WIDTH, 1 - 206 / HEIGHT, number, 44, va="center", weight="bold")
        left += text_width(figure, number, 44, weight="bold") + 14
    words = f"{said.people} · {drawable(findings.country_name, findings.country)}"
    draw_text_line(figure, left, 206, words, 26, WIDTH - 24 - left, va="center", color=INK if number else MUTED)


def _areas(
    axes: Axes, layers: MapLayers, deepest: int, areas: dict[str, EventArea], shows_people: bool, alert_class: str
) -> None:
    draw_areas(axes, [layers.country], facecolor=LAND, edgecolor="none", zorder=1)
    outlines = layers.levels[deepest]
    for colour, codes in _by_colour(areas, shows_people, alert_class):
        shapes = [outlines.shapes[code] for code in codes if code in outlines.shapes]
        draw_areas(axes, shapes, facecolor=colour, edgecolor="none", zorder=2)
    draw_areas(axes, outlines.shapes.values(), facecolor="none", edgecolor=BORDER, linewidth=0.6, zorder=7)


def _by_colour(areas: dict[str, EventArea], shows_people: bool, alert_class: str) -> Iterator[tuple[str, list[str]]]:
    if not shows_people:
        yield CLASS_COLOURS[alert_class], list(areas)
        return
    for step, colour in enumerate(PEOPLE_COLOURS):
        yield colour, [code for code, area in areas.items() if people_step(area.people) == step]


def people_step(people: int) -> int:
    """Which of the five colours stands for a number of people."""
    return sum(people >= step for step in _PEOPLE_STEPS)


def _borders(axes: Axes, findings: Findings, layers: MapLayers, own: list[BaseGeometry]) -> None:
    upper = layers.levels[findings.default_admin_level].shapes.values()
    draw_areas(axes, upper, facecolor="none", edgecolor="#6d6d66", linewidth=1.8, zorder=8)
    draw_areas(axes, own, facecolor="none", edgecolor=INK, linewidth=1.3, zorder=9)
    draw_areas(axes, [layers.country], facecolor="none", edgecolor=INK, linewidth=2.6, zorder=10)


def _mark(labels: Labels, axes: Axes, event: Event, view: View, place: tuple[float, float] | None) -> None:
    """The place of what the event is about, with its key."""
    if place is None or not view.holds(*place):
        return
    x, y = place
    axes.plot(x, y, markeredgewidth=2, zorder=14, linestyle="none", **_PLACE)
    shift = (view.north - view.south) * 30 / _DOWN
    labels.block_around(x, y, 20)
    labels.put(x, y + shift, event.key, 31, always=True, va="bottom", weight="bold")


def _labels(
    labels: Labels,
    findings: Findings,
    event: Event,
    layers: MapLayers,
    areas: dict[str, EventArea],
    view: View,
    blind: frozenset[str],
) -> None:
    outlines = layers.levels[findings.admin_levels[-1]]
    largest = sorted(areas.values(), key=lambda area: (-area.people, area.place_code))
    if not event.is_estimated and len(largest) > _LABELLED:
        largest = []  # without people none of them matters more than the others
    step = (view.north - view.south) * 74 / _DOWN
    done = set[str]()
    for area in largest:
        point = label_point(outlines.shapes[area.place_code], view) if area.place_code in outlines.shapes else None
        if point is None or len(done) == _LABELLED:
            continue
        text = shortened(drawable(area.name, area.place_code), 22)
        if area.place_code in blind and not area.alerted:
            text += "\nblind"
        elif event.is_estimated:
            text += f"\n{people_text(area.people, known=area.people_known)}"
        if any(labels.put(point[0], point[1] + away, text, 30, weight="bold") for away in (0, -step, step)):
            done.add(area.place_code)
    upper = layers.levels[findings.default_admin_level]
    for code, shape in upper.shapes.items():
        point = label_point(shape, view)
        if point is not None and code not in done:
            name = shortened(drawable(upper.names[code], code), 22)
            labels.put(*point, name, 26, color=MUTED, style="italic")


def _legend(
    figure: Figure, findings: Findings, event: Event, water: Water | None, words: EventWords, marks: Sequence[MapMarks]
) -> None:
    axes = pixel_axes(figure, _LEFT, _LEGEND_TOP, 1160, 300)
    y = 20
    if event.is_estimated and event.areas:
        draw_text(axes, 0, y, "people affected in an area", 27, va="center", weight="bold")
        for colour, step, left in zip(PEOPLE_COLOURS, _STEP_WORDS, (0, 92, 232, 410, 638), strict=True):
            draw_box(axes, left, y + 26, 40, 32, facecolor=colour, edgecolor=INK, linewidth=1)
            draw_text(axes, left + 48, y + 43, step, 24, va="center")
        y += 98
    elif event.areas:
        draw_box(axes, 0, y - 16, 40, 32, facecolor=CLASS_COLOURS[shade_of(event)], edgecolor=INK, linewidth=1)
        draw_text(axes, 52, y, f"areas of the {alert_text(event.alert_class, trigger=event.trigger)}", 26, va="center")
        y += 48
    if words.extent:
        water_sample(axes, 0, y - 16, 46, 32)
        text = words.extent if water is not None else f"{words.extent} (not drawn: no raster)"
        draw_text(axes, 52, y, fitted(figure, text, 26, 800), 26, va="center")
        y += 48
    if findings.place(event.key) is not None:
        axes.plot(20, y, clip_on=False, **_PLACE)
        draw_text(axes, 52, y, words.subject, 26, va="center")
        y += 48
    axes.plot([2, 40], [y, y], color="#6d6d66", linewidth=2.4)
    draw_text(axes, 52, y, f"borders of admin level {findings.default_admin_level}", 26, va="center")
    if words.blind:
        draw_box(axes, 384, y - 16, 36, 32, **BLIND)  # left of the small map of the country
        draw_text(axes, 428, y, "blind: nothing is known, no all clear", 24, va="center")
    marks_legend(figure, axes, marks, y + 46)


def _footer(figure: Figure, sentences: Sequence[str], note: str) -> None:
    parts = [*sentences, "A forecast, not an observation."]
    if note:
        parts.append(f"Note: {note}.")
    lines = wrapped(figure, " ".join(parts), 23, WIDTH - 48, 4)
    for place, line in enumerate(lines):
        draw_text(figure, 24 / WIDTH, (HEIGHT - 1440 - place * 32) / HEIGHT, line, 23, va="center", color=MUTED)
