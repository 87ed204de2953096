"""Hydrograph of a station: every member and the median against the thresholds, class and count of each day below."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.wording import WEEKDAYS, discharge_text, percent_text
from ibf_pipeline.hazards.floods.evidence import evidence, limit_of
from ibf_pipeline.hazards.floods.findings import FloodFindings, StationFound
from ibf_pipeline.report.floods.discharge_axis import discharge_axis, highest
from ibf_pipeline.report.pictures.colours import CLASS_COLOURS, CLASS_INK, INK, MEDIAN, MEMBER, MUTED
from ibf_pipeline.report.pictures.figure import (
    axes_at,
    draw_box,
    draw_stamp,
    draw_text,
    draw_text_line,
    font_points,
    new_figure,
    pixel_axes,
    spread_heights,
)
from ibf_pipeline.report.pictures.fonts import titled
from ibf_pipeline.report.pictures.picture_stamp import stamp_lines

WIDTH, HEIGHT = 1000, 640
_LEFT, _RIGHT, _TOP, _PLOT = 92, 200, 106, 330
_OF_TRIGGER: dict[str, Any] = {"color": CLASS_COLOURS["max"], "linewidth": 2.2, "linestyle": "-"}
_OF_OTHERS: dict[str, Any] = {"color": INK, "linewidth": 1.0, "linestyle": (0, (6, 3))}
"""how the thresholds of the trigger and the others are drawn"""
_CLASS = {"no": "–", "min": "low", "med": "medium", "max": "TRIGGER"}
_SHORT = {"no": "–", "min": "low", "med": "med", "max": "T"}
_ROOMY, _NARROW = 85, 46
"""pixels of a day: from the first on its words are written out; with the second they are short, and none is narrower"""


def hydrograph(findings: FloodFindings, station: StationFound, discharge: np.ndarray) -> Figure:
    """The forecast of one station.

    `discharge`: (member, lead_time) m3/s of that station, NaN if a value is missing. A blind station has its values
    drawn and no classes.
    """
    across = max(WIDTH - _LEFT - _RIGHT, _NARROW * len(findings.lead_times))
    figure = new_figure(_LEFT + across + _RIGHT, HEIGHT)
    axes = axes_at(figure, _LEFT, _TOP, across, _PLOT)
    _title(figure, findings, station)
    top = _scale(axes, findings, station, discharge)
    _limit(axes, findings, top)
    _members(axes, findings.lead_times, discharge)
    _thresholds(axes, findings, station, top)
    _frame(axes, findings.lead_times)
    _strip(figure, findings, station, across)
    _key(figure)
    return figure


def _title(figure: Figure, findings: FloodFindings, station: StationFound) -> None:
    title = marked(titled(station.shown_name, station.code), exercise=findings.exercise, trial=findings.trial)
    draw_text_line(figure, 20, 20, title, 24, WIDTH - 40, va="top", weight="bold")
    issued = f"forecast of {WEEKDAYS[findings.issue_date.weekday()]} {findings.issue_date.isoformat()}, 00 UTC"
    present = f"{max(station.members)} of {findings.members_expected} members"
    text = f"{issued} · GloFAS {findings.glofas_version} · {present} · discharge in m³/s, daily means"
    draw_stamp(figure, _LEFT, _TOP - 14, stamp_lines(findings, [station.code]), 14, WIDTH - _LEFT - 40)
    draw_text_line(figure, 20, 52, text, 15, WIDTH - 40, va="top", color=MUTED)


def _scale(axes: Axes, findings: FloodFindings, station: StationFound, discharge: np.ndarray) -> float:
    """Range of the discharge axis, so that the members and the trigger's threshold are both seen."""
    trigger = station.thresholds[f"{findings.rule.trigger_return_period:g}"]
    top = max(highest(discharge), trigger) * 1.08 or 1.0
    axes.set(xlim=(-0.5, len(findings.lead_times) - 0.5), ylim=(0, top))
    return top


def _limit(axes: Axes, findings: FloodFindings, top: float) -> None:
    limit, last = findings.rule.trigger_lead_time_limit, findings.lead_times[-1]
    if limit >= last:
        return
    draw_box(axes, limit + 0.5, 0, last - limit, top, facecolor="#ececea", edgecolor="none", zorder=0)
    axes.axvline(limit + 0.5, color=INK, linewidth=1.4, linestyle=(0, (4, 3)), zorder=1)
    draw_text(
        axes, last + 0.5, top * 1.015, "beyond the trigger lead time limit", 13, va="bottom", ha="right", color=MUTED
    )


def _members(axes: Axes, leads: tuple[int, ...], discharge: np.ndarray) -> None:
    lines = [np.column_stack([leads, member]) for member in discharge if np.isfinite(member).any()]
    axes.add_collection(LineCollection(lines, colors=MEMBER, linewidths=0.9, alpha=0.38, zorder=3))
    some = np.isfinite(discharge).any(axis=0)
    if some.any():
        days, median = np.array(leads)[some], np.nanmedian(discharge[:, some], axis=0)
        axes.plot(days, median, color=MEDIAN, linewidth=2.8, marker="o", markersize=6, zorder=5)


def _thresholds(axes: Axes, findings: FloodFindings, station: StationFound, top: float) -> None:
    """Lines at the thresholds in sight, named at the right; names that would overlap move apart."""
    trigger, right = findings.rule.trigger_return_period, len(findings.lead_times)
    shown = sorted((value, float(period)) for period, value in station.thresholds.items() if value <= top and value > 0)
    used = {period for period, _ in findings.rule.classes.values()} | {trigger}
    if len(shown) > 6:  # the rule's own and the highest ones; more would be a wall of lines
        shown = [item for place, item in enumerate(shown) if item[1] in used or place >= len(shown) - 2]
    heights = spread_heights([value for value, _ in shown], top * 20 / _PLOT, top)
    for (value, period), height in zip(shown, heights, strict=True):
        is_trigger = period == trigger
        style = _OF_TRIGGER if is_trigger else _OF_OTHERS
        axes.axhline(value, zorder=4, **style)
        name = f"{period:g}-year: {discharge_text(value)}" + (" (trigger)" if is_trigger else "")
        axes.annotate(
            name,
            (right - 0.5, value),
            (right - 0.36, height),
            fontsize=font_points(14),
            color=style["color"],
            va="center",
            weight="bold" if is_trigger else "normal",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style["color"], "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0},
        )


def _frame(axes: Axes, leads: tuple[int, ...]) -> None:
    axes.set_xticks(list(leads), ["" for _ in leads])
    discharge_axis(axes, 14)
    axes.set_ylabel("discharge (m³/s)", fontsize=font_points(15))


def _strip(figure: Figure, findings: FloodFindings, station: StationFound, across: int) -> None:
    """Below each day: lead time, date, class in colour and word, members above the trigger's threshold."""
    strip = pixel_axes(figure, _LEFT, _TOP + _PLOT + 6, across, 140)
    strip.set_xlim(-0.5, len(findings.lead_times) - 0.5)
    for lead in findings.lead_times:
        _day(strip, findings, station, lead, roomy=across / len(findings.lead_times) >= _ROOMY)
    needed = percent_text(findings.rule.trigger_probability)
    right = (_LEFT + across + 14) / (_LEFT + across + _RIGHT)
    if station.classes:
        draw_text(figure, right, 1 - (_TOP + _PLOT + 83) / HEIGHT, "class of the day", 13, va="center", color=MUTED)
        text = f"members above the\n{findings.rule.trigger_return_period:g}-year threshold,\n{needed} needed"
        draw_text(figure, right, 1 - (_TOP + _PLOT + 107) / HEIGHT, text, 13, va="top", color=MUTED, linespacing=1.2)
    else:
        text = f"no classes: the station is blind, {station.reason}"
        draw_text_line(figure, _LEFT, _TOP + _PLOT + 84, text, 14, 880, va="center")


def _day(strip: Axes, findings: FloodFindings, station: StationFound, lead: int, *, roomy: bool) -> None:
    """The words of a day; in short if there are many days."""
    day = findings.issue_date + timedelta(days=lead)
    date_text = day.isoformat()
    draw_text(strip, lead, 12, f"{lead}-day" if roomy else f"{lead}d", 14, ha="center", va="center", weight="bold")
    draw_text(strip, lead, 31, WEEKDAYS[day.weekday()], 13, ha="center", va="center")
    draw_text(strip, lead, 48, date_text if roomy else date_text[5:], 13, ha="center", va="center")
    if not station.classes:
        return
    name = station.classes[lead]
    draw_box(strip, lead - 0.46, 62, 0.92, 30, facecolor=CLASS_COLOURS[name], edgecolor=INK, linewidth=0.8)
    word = (_CLASS if roomy else _SHORT)[name]
    draw_text(strip, lead, 77, word, 14, ha="center", va="center", color=CLASS_INK[name], weight="bold")
    here = evidence(findings, station, lead, limit_of(findings.rule, "max"))
    draw_text(strip, lead, 110, f"{here.above}/{here.members}", 14 if roomy else 13, ha="center", va="center")


def _key(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=MEMBER, linewidth=1.2, alpha=0.6, label="a member"),
        Line2D([], [], color=MEDIAN, linewidth=2.8, marker="o", markersize=6, label="median of the members"),
        Line2D([], [], label="threshold of the trigger", **_OF_TRIGGER),
        Line2D([], [], label="other thresholds", **_OF_OTHERS),
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        frameon=False,
        fontsize=font_points(14),
        bbox_to_anchor=(0.5, 4 / HEIGHT),
    )
