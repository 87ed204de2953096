"""Rain of a district's worst area, hour by hour, and its running sum against the library's floods, on local clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.local_time import clock_name, clock_text, local_text
from ibf_pipeline.domain.wording import counted, day_text
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.report.flash_floods import styles
from ibf_pipeline.report.flash_floods.area_rain import HOUR_KINDS, AreaRain, rain_of_area
from ibf_pipeline.report.flash_floods.earlier_numbers import has_earlier_numbers
from ibf_pipeline.report.pictures.clock_axis import draw_clocks, hours_after
from ibf_pipeline.report.pictures.colours import CLASS_COLOURS, INK, MEDIAN, MEMBER, MUTED, drawn_class
from ibf_pipeline.report.pictures.figure import (
    axes_at,
    draw_box,
    draw_members,
    draw_stamp,
    draw_text,
    draw_text_line,
    fitted,
    font_points,
    new_figure,
    spread_heights,
    text_width,
)
from ibf_pipeline.report.pictures.fonts import drawable
from ibf_pipeline.report.pictures.picture_stamp import stamp_lines

WIDTH, HEIGHT = 1000, 740
_LEFT, _ACROSS, _RIGHT = 76, 734, 190
_TOP, _BARS, _GAP, _SUMS = 136, 196, 14, 216
_BEFORE: Final = 12
"""hours before the issue time that are shown at least"""
_FURTHEST: Final = 30
"""and at most: what began sooner is named at the edge"""
_ROW: Final = 19
"""pixels of a line of words above the picture"""


def hyetograph(
    findings: FlashFloodFindings, event: FlashFloodEvent, rain: xr.DataArray, before: FlashFloodFindings | None = None
) -> Figure:
    """The area with most people of an event.

    `rain`: as `domain/flash_flood_layers.py` says, with that area; `before`: what the last block found.
    """
    cause, issued = event.causes[0], findings.issue_time.start
    area = rain_of_area(rain, cause.place_code, issued)
    begun = (hours_after(moment, issued) - 2 for moment in (cause.rains_from, event.starts))
    first = min(hour for hour in (-_BEFORE, *begun) if hour >= -_FURTHEST)
    view = max(first, hours_after(area.ends[0], issued) - 1), min(48.0, hours_after(area.ends[-1], issued))
    of_then = has_earlier_numbers(event, cause, rain, before)
    figure = new_figure(WIDTH, HEIGHT)
    bars = axes_at(figure, _LEFT, _TOP, _ACROSS, _BARS)
    sums = axes_at(figure, _LEFT, _TOP + _BARS + _GAP, _ACROSS, _SUMS)
    _title(figure, findings, event, cause, of_then=of_then)
    _bars(bars, area, issued, view)
    _sums(figure, sums, findings, cause, area, view)
    _decided(sums, findings, cause, of_then=of_then)
    for axes in (bars, sums):
        _ground(axes, findings, area, view)
    _moments(figure, (bars, sums), findings, event, view)
    draw_clocks(figure, (bars, sums), findings.zone, issued, view, (_LEFT, _TOP + _BARS + _GAP + _SUMS, _ACROSS))
    _key(figure, findings, area, of_then=of_then)
    return figure


def _title(
    figure: Figure, findings: FlashFloodFindings, event: FlashFloodEvent, cause: Cause, *, of_then: bool
) -> None:
    named = f"{drawable(event.district, 'district')}: rain in {drawable(cause.name, cause.place_code)}"
    title = marked(named, exercise=findings.exercise, trial=findings.trial)
    draw_text_line(figure, 20, 14, title, 24, WIDTH - 40, va="top", weight="bold")
    others = len(event.causes)
    worst = f"most people of {counted(others, 'alerted area')} · " if others > 1 else ""
    members = "one run" if findings.one_run else counted(findings.members, "member")
    block = f"block of {day_text(findings.issue_time.day)} {findings.issue_time.hour:02d} UTC"
    then = "numbers of an earlier block · " if of_then else ""
    catchment = " · the mean of its catchment decided" if cause.of_catchment else ""
    text = f"{then}{worst}{block} · {members} · clock times {_zone_name(findings)}{catchment}"
    draw_text_line(figure, 20, 46, text, 15, WIDTH - 40, va="top", color=MUTED)
    draw_stamp(figure, _LEFT, _TOP + _BARS + _GAP + _SUMS + 78, stamp_lines(findings, [event.key]), 14, _ACROSS)


def _zone_name(findings: FlashFloodFindings) -> str:
    name = clock_name(findings.issue_time.start, findings.zone)
    return findings.time_zone if name == findings.time_zone else f"{name} ({findings.time_zone})"


def _bars(axes: Axes, area: AreaRain, issued: datetime, view: tuple[float, float]) -> None:
    """Each hour in the colour of its source; of members the median, with a line from a tenth to nine tenths of them."""
    places = np.array([hours_after(end, issued) for end in area.ends])
    known = np.isfinite(area.amount).all(axis=0)
    low, middle, high = np.zeros((3, len(places)))
    low[known], middle[known], high[known] = np.quantile(area.amount[:, known], (0.1, 0.5, 0.9), axis=0)
    for kind in HOUR_KINDS:
        here = known & np.array([each == kind for each in area.kinds])
        axes.bar(places[here] - 0.5, middle[here], width=0.92, linewidth=0.6, zorder=3, **styles.RAIN_STYLES[kind])
    if len(area.amount) > 1:
        axes.vlines(places[known] - 0.5, low[known], high[known], color=MEDIAN, linewidth=1.3, zorder=4)
    seen = (places > view[0]) & (places <= view[1])
    axes.set(xlim=view, ylim=(0, max(float(high[seen].max(initial=0)) * 1.15, 2.0)))
    axes.set_ylabel("mm in the hour", fontsize=font_points(14))


def _sums(
    figure: Figure,
    axes: Axes,
    findings: FlashFloodFindings,
    cause: Cause,
    area: AreaRain,
    view: tuple[float, float],
) -> None:
    """The running sum of the duration that decided, and the floods of the library that stand for so much rain."""
    issued = findings.issue_time.start
    places, sums = np.array([hours_after(end, issued) for end in area.ends]), area.sums(cause.duration_h)
    known = np.isfinite(sums).all(axis=0)
    if len(sums) > 1:
        middle = draw_members(axes, places, sums, known, (0.22, 0.35), zorder=3)
    else:
        middle = np.where(known, sums[0], np.nan)
    axes.plot(places, middle, color=MEDIAN, linewidth=2.6, zorder=5)
    seen = sums[:, (places > view[0]) & (places <= view[1])]
    top = max(np.nanmax(seen, initial=0.0), cause.amount_mm, 5.0) * 1.15
    axes.set(xlim=view, ylim=(0, top))
    axes.set_ylabel(f"mm in {counted(cause.duration_h, 'hour')}", fontsize=font_points(14))
    _steps(figure, axes, findings, cause, view[1])


def _decided(axes: Axes, findings: FlashFloodFindings, cause: Cause, *, of_then: bool) -> None:
    """The sum that decided, hollow if this block's rain is another."""
    peak = hours_after(cause.peaks, findings.issue_time.start)
    axes.plot([peak], [cause.amount_mm], zorder=7, **(styles.DOT_OF_THEN if of_then else styles.DOT))


def _steps(figure: Figure, axes: Axes, findings: FlashFloodFindings, cause: Cause, right: float) -> None:
    """Lines at the amounts of the library, the one that decided in bold, named at the right."""
    top = axes.get_ylim()[1]
    library = [each for each in findings.rule.library if each.duration_h == cause.duration_h and each.amount_mm <= top]
    shown = sorted(library, key=lambda each: each.amount_mm)
    heights = spread_heights([each.amount_mm for each in shown], top * 18 / _SUMS, top)
    pixel = (axes.get_xlim()[1] - axes.get_xlim()[0]) / _ACROSS
    for scenario, height in zip(shown, heights, strict=True):
        decided = scenario.name == cause.scenario
        colour, weight = (CLASS_COLOURS["max"], "bold") if decided else (INK, "normal")
        style: dict[str, Any] = {"color": colour, "linewidth": 2.0 if decided else 0.9, "linestyle": (0, (6, 3))}
        axes.axhline(scenario.amount_mm, zorder=4, **style)
        words = fitted(figure, f"{scenario.name}, rank {scenario.rank}", 13, _RIGHT - 26, weight=weight)
        axes.annotate(
            words,
            (right, scenario.amount_mm),
            (right + 14 * pixel, height),
            fontsize=font_points(13),
            color=colour,
            weight=weight,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0},
        )


def _ground(axes: Axes, findings: FlashFloodFindings, area: AreaRain, view: tuple[float, float]) -> None:
    """What lies beyond a trigger's reach, and hours whose rain is missing."""
    limit, top = float(findings.rule.warning_from_h), axes.get_ylim()[1]
    if limit < view[1]:
        draw_box(axes, limit, 0, view[1] - limit, top, zorder=0, **styles.OUTSIDE_AREA)
    for end, amounts in zip(area.ends, area.amount.T, strict=True):
        place = hours_after(end, findings.issue_time.start)
        if np.isnan(amounts).any() and view[0] < place <= view[1]:
            draw_box(axes, place - 1, 0, 1, top, zorder=1, **styles.NO_DATA)
    axes.tick_params(labelsize=font_points(13))
    axes.spines[["top", "right"]].set_visible(False)


def _moments(
    figure: Figure,
    both: tuple[Axes, Axes],
    findings: FlashFloodFindings,
    event: FlashFloodEvent,
    view: tuple[float, float],
) -> None:
    """Issue time, start and worst hour as lines through both plots, each with a line of words of its own above."""
    colour = CLASS_COLOURS[drawn_class(event.alert_class, trigger=event.trigger)]
    issued, peak = findings.issue_time.start, event.causes[0].peaks
    same = peak == event.starts
    moments = [
        (issued, f"block of {issued:%H} UTC, {clock_text(issued, findings.zone)}", styles.ISSUE, MUTED),
        (event.starts, f"start{' and worst hour' if same else ''} {local_text(event.starts, findings.zone)}",
         {"color": colour, "linewidth": 2.4}, INK),
    ]  # fmt: skip
    if not same:
        moments.append((peak, f"worst hour {local_text(peak, findings.zone)}", {"color": colour, **styles.WORST}, INK))
    for row, (moment, words, style, ink) in enumerate(moments):
        place = hours_after(moment, issued)
        if not view[0] <= place <= view[1]:
            edge = f"← {words}" if place < view[0] else f"{words} →"
            draw_text(figure, _LEFT / WIDTH, 1 - (_TOP - 58 + row * _ROW) / HEIGHT, edge, 14, va="center", color=ink)
            continue
        for axes in both:
            axes.axvline(place, zorder=6, **style)
        x = _LEFT + (place - view[0]) / (view[1] - view[0]) * _ACROSS
        y, wide = _TOP - 58 + row * _ROW, text_width(figure, words, 14)
        x = min(x + 5, WIDTH - 16 - wide)
        draw_text(figure, x / WIDTH, 1 - y / HEIGHT, words, 14, va="center", color=ink)


def _key(figure: Figure, findings: FlashFloodFindings, area: AreaRain, *, of_then: bool) -> None:
    is_ensemble = len(area.amount) > 1
    handles: list[Any] = [
        Patch(label=f"{kind}: {', '.join(area.origins[kind][-2:])}", **styles.RAIN_STYLES[kind])
        for kind in HOUR_KINDS
        if kind in area.origins
    ]
    handles.append(
        Line2D([], [], color=MEDIAN, linewidth=2.6, label="median of sums" if is_ensemble else "running sum")
    )
    if is_ensemble:
        handles.append(Patch(color=MEMBER, alpha=0.5, label="members: all, and 10 to 90 %"))
    if of_then:
        handles.append(Line2D([], [], linestyle="none", label="sum of an earlier block", **styles.DOT_OF_THEN))
    if not np.isfinite(area.amount).all():
        handles.append(Patch(label="rain missing", **styles.NO_DATA))
    handles.append(Patch(label=f"from {findings.rule.warning_from_h} hours on: warnings only", **styles.OUTSIDE_AREA))
    figure.legend(
        handles=handles,
        loc="lower left",
        ncols=3,
        frameon=False,
        fontsize=font_points(14),
        bbox_to_anchor=(_LEFT / WIDTH - 0.01, 2 / HEIGHT),
    )
