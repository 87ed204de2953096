"""How a forecast built up: the last runs of one station under one another, on the same calendar days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.wording import WEEKDAYS, discharge_text
from ibf_pipeline.report.floods.discharge_axis import discharge_axis, highest
from ibf_pipeline.report.floods.run_data import StationRun
from ibf_pipeline.report.pictures.colours import CLASS_COLOURS, CLASS_INK, INK, MEDIAN, MUTED
from ibf_pipeline.report.pictures.figure import (
    axes_at,
    draw_box,
    draw_members,
    draw_stamp,
    draw_text,
    draw_text_line,
    font_points,
    new_figure,
)
from ibf_pipeline.report.pictures.fonts import titled

_WIDTH = 1000
_LEFT, _RIGHT, _TOP, _ROW, _GAP, _BOTTOM = 150, 120, 96, 96, 34, 30
_WORD = {"no": "", "min": "low", "med": "med", "max": "T"}
_LETTER = {"no": "", "min": "l", "med": "m", "max": "T"}
_ROOM_FOR_WORDS = 34
"""pixels of a day"""


def buildup(
    code: str,
    name: str,
    return_period: float,
    runs: Sequence[StationRun],
    *,
    exercise: bool = False,
    trial: str = "",
    lines: Sequence[str] = (),
) -> Figure:
    """The runs from oldest (top) to newest: range and middle of the members, median, threshold, class of each day.

    `lines`: as of `stamped`.
    """
    runs = sorted(runs, key=lambda run: run.issue_date)
    height = _TOP + len(runs) * (_ROW + _GAP) + _BOTTOM
    figure = new_figure(_WIDTH, height)
    first = runs[0].issue_date
    days = max((run.issue_date - first).days + run.discharge.shape[1] for run in runs)
    top = max(max(highest(run.discharge), run.threshold) for run in runs) * 1.08 or 1.0
    title = marked(f"How the forecast built up · {titled(name, code)}", exercise=exercise, trial=trial)
    draw_text_line(figure, 20, 16, title, 20, _WIDTH - 40, va="top", weight="bold")
    words = _WORD if (_WIDTH - _LEFT - _RIGHT) / days >= _ROOM_FOR_WORDS else _LETTER
    key = (
        f"light: all members, darker: 80 % of them, line: median; red line: {return_period:g}-year threshold "
        f"({discharge_text(runs[-1].threshold)} m³/s); T: trigger"
    )
    key += "; m, l: medium and low warning" if words is _LETTER else ""
    draw_stamp(figure, _LEFT + 12, _TOP + 30, lines, 15, _WIDTH - _LEFT - 40)
    draw_text_line(figure, 20, 46, key, 14, _WIDTH - 40, va="top", color=MUTED)
    for place, run in enumerate(runs):
        axes = axes_at(figure, _LEFT, _TOP + place * (_ROW + _GAP), _WIDTH - _LEFT - _RIGHT, _ROW)
        _row(axes, run, (run.issue_date - first).days, days, top, words)
        middle = 1 - (_TOP + place * (_ROW + _GAP) + _ROW / 2) / height
        issued = f"run of\n{WEEKDAYS[run.issue_date.weekday()]}\n{run.issue_date.isoformat()}"
        draw_text(figure, 16 / _WIDTH, middle, issued, 14, va="center", weight="bold", linespacing=1.25)
    _calendar(axes, first, days)
    return figure


def _row(axes: Axes, run: StationRun, start: int, days: int, top: float, words: Mapping[str, str]) -> None:
    axes.set(xlim=(-0.5, days - 0.5), ylim=(0, top))
    axes.set_xticks(range(days), [""] * days)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    discharge_axis(axes, 12)
    some = np.isfinite(run.discharge).any(axis=0)
    if some.any():
        x = start + np.flatnonzero(some)
        middle = draw_members(axes, x, run.discharge[:, some], np.full(len(x), True), (0.18, 0.32))
        axes.plot(x, middle, color=MEDIAN, linewidth=2.2, marker="o", markersize=4)
    axes.axhline(run.threshold, color=CLASS_COLOURS["max"], linewidth=1.8)
    room = 26 / _ROW * top
    for lead, name in enumerate(run.classes):
        style = {"facecolor": CLASS_COLOURS[name], "edgecolor": INK, "linewidth": 0.6, "clip_on": False}
        draw_box(axes, start + lead - 0.46, top * 1.02, 0.92, room * 0.7, **style)
        middle_of_box = start + lead, top * 1.02 + room * 0.34
        ink = CLASS_INK[name]
        draw_text(axes, *middle_of_box, words[name], 12, ha="center", va="center", color=ink, weight="bold")
    if not run.classes:
        draw_text(axes, start, top * 0.8, "blind: no usable forecast", 13, color=MUTED)


def _calendar(axes: Axes, first: date, days: int) -> None:
    step = max(1, -(-days // 9))  # room for nine dates
    for place in range(0, days, step):
        day = first + timedelta(days=place)
        axes.annotate(
            f"{WEEKDAYS[day.weekday()]}\n{day.isoformat()}",
            (place, 0),
            (0, -6),
            xycoords="data",
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=font_points(12),
            annotation_clip=False,
        )
