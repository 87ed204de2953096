"""Map of a storm's track, 1200 pixels wide: members, reference with local times, past, land and alerted areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.local_time import clock_name
from ibf_pipeline.domain.sphere import wrap_longitude
from ibf_pipeline.domain.wording import alert_text, counted, day_text
from ibf_pipeline.hazards.typhoon.findings import TrackPoint, TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.wording import AVERAGED, CATEGORIES, SEEN, chance_text
from ibf_pipeline.report.pictures.colours import (
    BORDER,
    CLASS_COLOURS,
    CLASS_HATCHES,
    INK,
    LAND,
    MEMBER,
    MUTED,
    drawn_class,
)
from ibf_pipeline.report.pictures.figure import draw_box, draw_stamp, draw_text, draw_text_line, new_figure, pixel_axes
from ibf_pipeline.report.pictures.fonts import drawable
from ibf_pipeline.report.pictures.map_frame import Labels, View, map_axes, scale_bar, view_of
from ibf_pipeline.report.pictures.outlines import MapLayers, draw_areas
from ibf_pipeline.report.pictures.picture_stamp import stamp_lines
from ibf_pipeline.report.typhoon.words import begins

WIDTH, HEIGHT = 1200, 1330
_LEFT, _TOP, _ACROSS, _DOWN = 20, 166, 1160, 940
_BESIDE: Final = (_LEFT + _ACROSS, _TOP + _DOWN + 24)
"""where the scale bar ends if areas and track fill the map"""
_AROUND: Final = 4.0
"""degrees around land that a map shows of the track at most, beside its point at land"""
_LEAST: Final = 3.0
"""degrees that it shows at least"""
_PAST: Final[dict[str, Any]] = {"color": MUTED, "linewidth": 2.4, "linestyle": (0, (2, 2))}
_SIDES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1))


def track_map(
    findings: TyphoonFindings, event: TyphoonEvent, layers: MapLayers, members: xr.Dataset | None = None
) -> Figure:
    """The map of a storm. `members`: its tracks, (member, time), those members alone that have it; None if they are
    not at hand; `layers`: as `joined` has them. Longitudes are those around the country, so that 180 degrees are no
    edge.
    """
    land = layers.country
    middle = _at_land(event).lon if land.is_empty else (land.bounds[0] + land.bounds[2]) / 2
    areas = _areas(findings, event, layers)
    shown = [shape for shapes in areas.values() for shape in shapes]
    view = _view(event, shown, middle)
    figure = new_figure(WIDTH, HEIGHT)
    _title(figure, findings, event)
    axes = map_axes(figure, _LEFT, _TOP, _ACROSS, _DOWN, view)
    draw_areas(axes, [land], facecolor=LAND, edgecolor="none", zorder=1)
    for kind, shapes in areas.items():
        style: dict[str, Any] = {"facecolor": CLASS_COLOURS[kind], "hatch": CLASS_HATCHES[kind], "alpha": 0.75}
        draw_areas(axes, shapes, edgecolor="#5a4a3a", linewidth=0.3, zorder=2, **style)
    draw_areas(axes, [land], facecolor="none", edgecolor=INK, linewidth=1.6, zorder=3)
    if members is not None:
        _members(axes, members, middle)
    labels = Labels(figure, axes)
    words = stamp_lines(findings, [event.key])
    labels.block(_stamp_room(axes, len(words)))
    labels.block(scale_bar(axes, view, 26, shapely.union_all([*shown, _line(event, middle)]), _BESIDE))
    _reference(axes, labels, findings, event, view, middle)
    _legend(figure, findings, event, areas, 0 if members is None else members.sizes["member"])
    draw_stamp(figure, _LEFT + 16, _TOP + 26, words, 24, _ACROSS - 32)
    return figure


def _stamp_room(axes: Axes, lines: int) -> Bbox:
    """What the words across the map take of its upper left corner, display coordinates."""
    box = axes.get_window_extent()
    return Bbox.from_extents(box.x0, box.y1 - 12 - 38 * lines, box.x0 + 0.6 * box.width, box.y1)


def _at_land(event: TyphoonEvent) -> TrackPoint:
    """Its landfall or nearest point; else that of its strongest wind."""
    marked_ones = [point for point in event.track if point.landfall or point.closest]
    return marked_ones[0] if marked_ones else max(event.track, key=lambda point: point.wind_kmh)


def _areas(findings: TyphoonFindings, event: TyphoonEvent, layers: MapLayers) -> dict[str, list[BaseGeometry]]:
    """Its alerted areas by the class whose colour they have."""
    outlines = layers.levels[findings.default_admin_level].shapes
    areas: dict[str, list[BaseGeometry]] = {}
    for area in event.alerted_areas_of(findings.default_admin_level):
        if area.place_code in outlines:
            areas.setdefault(_kind(event, area), []).append(outlines[area.place_code])
    return areas


def _kind(event: TyphoonEvent, area: EventArea) -> str:
    return drawn_class(event.alert_class, trigger=event.trigger if area.trigger is None else area.trigger)


def _view(event: TyphoonEvent, shown: Sequence[BaseGeometry], middle: float) -> View:
    """Areas and the storm at land, and what is near them of its track."""
    there = _at_land(event)
    at_land = shapely.Point(wrap_longitude(there.lon, middle), there.lat)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds([*shown, at_land]))
    inside = shapely.box(west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND)
    places = [(wrap_longitude(point.lon, middle), point.lat) for point in event.track]
    seen = [place for place in places if inside.contains(shapely.Point(place))]
    xs, ys = [west, east, *(x for x, _ in seen)], [south, north, *(y for _, y in seen)]
    pads = [max(0.0, (_LEAST - (max(each) - min(each))) / 2) for each in (xs, ys)]
    bounds = (min(xs) - pads[0], min(ys) - pads[1], max(xs) + pads[0], max(ys) + pads[1])
    return view_of(bounds, _ACROSS, _DOWN, 0.07)


def _line(event: TyphoonEvent, middle: float) -> BaseGeometry:
    places = [(wrap_longitude(point.lon, middle), point.lat) for point in event.track]
    return shapely.LineString(places) if len(places) > 1 else shapely.Point(places[0])


def _members(axes: Axes, members: xr.Dataset, middle: float) -> None:
    """Each member as a thin line, broken where it has no storm; a single fix as a point."""
    lon, lat = (members[name].transpose("member", "time").values for name in ("lon", "lat"))
    paths: np.ndarray = np.stack([wrap_longitude(lon, middle), lat], axis=-1)
    axes.add_collection(LineCollection(list(paths), colors=MEMBER, linewidths=0.9, alpha=0.6, zorder=5), autolim=False)
    for path in paths:
        known = path[np.isfinite(path[:, 1])]
        if len(known) == 1:
            axes.plot(*known[0], marker=".", markersize=5, color=MEMBER, zorder=5)


def _reference(
    axes: Axes, labels: Labels, findings: TyphoonFindings, event: TyphoonEvent, view: View, middle: float
) -> None:
    """The track that is published: past dashed, the rest thick, its points with local time, category and wind."""
    places = {point.moment: (wrap_longitude(point.lon, middle), point.lat) for point in event.track}
    past = [places[point.moment] for point in event.track if point.past]
    ahead = [places[point.moment] for point in event.track if not point.past]
    if past:
        axes.plot(*np.transpose([*past, *ahead[:1]]), zorder=7, **_PAST)
    if ahead:
        axes.plot(*np.transpose(ahead), color="white", linewidth=6.5, zorder=7)
        axes.plot(*np.transpose(ahead), color=INK, linewidth=4, zorder=8)
    special = [point for point in event.track if point.landfall or point.closest]
    for point in (*special, *(point for point in event.track if point not in special)):
        if view.holds(*places[point.moment]):
            _point(axes, labels, findings, point, places[point.moment], view)


def _point(
    axes: Axes, labels: Labels, findings: TyphoonFindings, point: TrackPoint, place: tuple[float, float], view: View
) -> None:
    is_special = point.landfall or point.closest
    marker: dict[str, Any] = {"marker": "X", "markersize": 19} if is_special else {"marker": "o", "markersize": 10}
    fill = "white" if point.past else CLASS_COLOURS["min"] if is_special else INK
    axes.plot(*place, color=fill, markeredgecolor=INK if is_special or point.past else "white", markeredgewidth=1.6,
              zorder=10, **marker)  # fmt: skip
    labels.block_around(*place, 11)
    local = point.moment.astimezone(findings.zone)
    when = f"{day_text(local.date())[:3]} {local.day} {local:%H:%M}"
    if point.past:
        _beside(labels, place, view, when, 19, color=MUTED)
    else:
        words = f"{when}\n{point.category} {point.wind_kmh}"
        _beside(labels, place, view, words, 24 if is_special else 20, weight="bold" if is_special else "normal")


def _beside(labels: Labels, place: tuple[float, float], view: View, words: str, pixels: float, **options: Any) -> bool:
    """Words at the side of a place if there is room."""
    up, right = (view.north - view.south) * 18 / _DOWN, (view.east - view.west) * 18 / _ACROSS
    return any(
        labels.put(
            place[0] + x * right, place[1] + y * up, words, pixels,
            ha={1: "left", -1: "right", 0: "center"}[x], va={1: "bottom", -1: "top", 0: "center"}[y], **options,
        )
        for x, y in _SIDES
    )  # fmt: skip


def _title(figure: Figure, findings: TyphoonFindings, event: TyphoonEvent) -> None:
    name = drawable(event.name, event.identifier)
    title = marked(f"Track of {name} · {drawable(findings.country_name, findings.country)}", exercise=findings.exercise,
                   trial=findings.trial)  # fmt: skip
    draw_text_line(figure, 24, 40, title, 38, WIDTH - 48, va="center", weight="bold")
    draw_text_line(figure, 24, 90, begins(findings, event), 26, WIDTH - 48, va="center")
    cycle = f"cycle of {day_text(findings.issue_time.day)} {findings.issue_time.hour:02d} UTC"
    clocks = clock_name(findings.issue_time.start, findings.zone)
    chance = "" if event.state == "passed" else f"{chance_text(event, findings.cycle)} · "
    text = f"{chance}{cycle} · clock times {clocks} · winds in km/h, {AVERAGED}s"
    draw_text_line(figure, 24, 132, text, 21, WIDTH - 48, va="center", color=MUTED)


def _legend(
    figure: Figure,
    findings: TyphoonFindings,
    event: TyphoonEvent,
    areas: dict[str, list[BaseGeometry]],
    members: int,
) -> None:
    axes = pixel_axes(figure, _LEFT, _TOP + _DOWN + 10, _ACROSS, 210)
    y = 26
    if any(not point.past for point in event.track):
        axes.plot([2, 40], [y, y], color=INK, linewidth=4)
        axes.plot([21], [y], color=INK, marker="o", markersize=10, markeredgecolor="white")
        draw_text(axes, 52, y, f"reference: {event.reference}", 23, va="center")
    if any(point.past for point in event.track):
        axes.plot([572, 610], [y, y], **_PAST)
        draw_text(axes, 622, y, "where it was", 23, va="center")
    y += 38
    if members:
        axes.plot([2, 40], [y, y], color=MEMBER, linewidth=1.4)
        text = f"{members} of {counted(findings.members, 'member')}"
        draw_text(axes, 52, y, text, 23, va="center")
    x = 392
    for kind in areas:
        draw_box(axes, x, y - 15, 40, 30, facecolor=CLASS_COLOURS[kind], hatch=CLASS_HATCHES[kind], edgecolor=BORDER)
        text = f"areas of the {alert_text('max', trigger=kind == 'max')}"
        draw_text(axes, x + 52, y, text, 23, va="center")
        x += 320
    y += 38
    there = _at_land(event)
    if there.landfall or there.closest:
        axes.plot([21], [y], marker="X", markersize=16, color=CLASS_COLOURS["min"], markeredgecolor=INK)
        draw_text(axes, 52, y, SEEN if there.landfall else "nearest to land", 23, va="center")
    words = "; ".join(f"{short} {words}" for short, words in CATEGORIES.items())
    draw_text_line(figure, _LEFT, _TOP + _DOWN + 10 + y + 36, words, 20, _ACROSS, va="center", color=MUTED)
    source = f"Tracks: {findings.source}. A forecast, not an observation."
    draw_text_line(figure, _LEFT, HEIGHT - 22, source, 21, _ACROSS, va="center", color=MUTED)
