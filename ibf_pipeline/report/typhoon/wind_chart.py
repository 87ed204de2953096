"""Largest wind of a storm in the members by time, against the bounds of categories, on local clocks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ibf_pipeline.domain.exercise import marked
from ibf_pipeline.domain.local_time import clock_name, local_text
from ibf_pipeline.domain.tracks import MS_TO_KMH, datetime_of
from ibf_pipeline.domain.wording import counted, day_text
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.track_points import BOUNDS_KMH
from ibf_pipeline.hazards.typhoon.wording import AVERAGED, CATEGORIES, SEEN
from ibf_pipeline.report.pictures.clock_axis import draw_clocks, hours_after
from ibf_pipeline.report.pictures.colours import BORDER, INK, MEDIAN, MEMBER, MUTED
from ibf_pipeline.report.pictures.figure import (
    axes_at,
    draw_members,
    draw_stamp,
    draw_text,
    draw_text_line,
    fitted,
    font_points,
    new_figure,
    text_width,
)
from ibf_pipeline.report.pictures.fonts import drawable
from ibf_pipeline.report.pictures.picture_stamp import stamp_lines

WIDTH, HEIGHT = 1000, 620
_LEFT, _TOP, _ACROSS, _DOWN, _RIGHT = 76, 118, 714, 330, 210
_FEW: Final = 5
"""members up to which each is a line: a band of so few would look like knowledge"""
_AFTER: Final = 36
"""hours after the storm is at land that are shown"""
_ISSUED: Final[dict[str, Any]] = {"color": MUTED, "linewidth": 1.6, "linestyle": (0, (2, 2))}


def wind_chart(findings: TyphoonFindings, event: TyphoonEvent, members: xr.Dataset) -> Figure:
    """The picture of a storm. `members`: its tracks, (member, time), those members alone that have it."""
    issued = findings.issue_time.start
    times = [datetime_of(time) for time in members["time"].values]
    hours = np.array([hours_after(time, issued) for time in times])
    wind = members["wind"].transpose("member", "time").values * MS_TO_KMH
    last = min(hours[-1], max(48.0, hours_after(event.landfall.reference_at, issued) + _AFTER))
    view = (-3.0, float(last))
    figure = new_figure(WIDTH, HEIGHT)
    axes = axes_at(figure, _LEFT, _TOP, _ACROSS, _DOWN)
    _title(figure, findings, event, len(wind))
    _band(axes, hours, wind)
    ahead = [point for point in event.track if not point.past]
    places = [hours_after(point.moment, issued) for point in ahead]
    axes.plot(places, [point.wind_kmh for point in ahead], color=INK, linewidth=2.6, marker="o", markersize=5, zorder=6)
    largest = max([np.nanmax(wind, initial=0.0), *(point.wind_kmh for point in ahead)])
    axes.set(xlim=view, ylim=(0, max(largest * 1.12, 70.0)))
    axes.set_ylabel(f"km/h ({AVERAGED})", fontsize=font_points(14))
    axes.tick_params(labelsize=font_points(13))
    axes.spines[["top", "right"]].set_visible(False)
    _categories(figure, axes)
    _moments(figure, axes, findings, event, view)
    draw_clocks(figure, [axes], findings.zone, issued, view, (_LEFT, _TOP + _DOWN, _ACROSS))
    _key(figure, len(wind))
    draw_stamp(figure, _LEFT, HEIGHT - 34, stamp_lines(findings, [event.key]), 14, _ACROSS)
    return figure


def _title(figure: Figure, findings: TyphoonFindings, event: TyphoonEvent, members: int) -> None:
    title = marked(
        f"{drawable(event.name, event.identifier)}: largest wind", exercise=findings.exercise, trial=findings.trial
    )
    draw_text_line(figure, 20, 14, title, 24, WIDTH - 40, va="top", weight="bold")
    cycle = f"cycle of {day_text(findings.issue_time.day)} {findings.issue_time.hour:02d} UTC"
    clocks = clock_name(findings.issue_time.start, findings.zone)
    text = f"{cycle} · {members} of {counted(findings.members, 'member')} have the storm · clock times {clocks}"
    draw_text_line(figure, 20, 46, text, 15, WIDTH - 40, va="top", color=MUTED)


def _band(axes: Axes, hours: np.ndarray, wind: np.ndarray) -> None:
    """From the least to the largest member and from 10 to 90 % of them with their median; few of them as lines."""
    if len(wind) <= _FEW:
        axes.plot(hours, wind.T, color=MEMBER, linewidth=1.2, zorder=4)
        return
    known = np.isfinite(wind).sum(axis=0) > _FEW
    middle = draw_members(axes, hours, wind, known, (0.2, 0.35), zorder=3)
    axes.plot(hours, middle, color=MEDIAN, linewidth=2.0, linestyle=(0, (4, 2)), zorder=5)


def _categories(figure: Figure, axes: Axes) -> None:
    """Lines at the bounds of categories, named at the right above the line that they begin at."""
    top = axes.get_ylim()[1]
    for bound, category in BOUNDS_KMH:
        if bound < top:
            axes.axhline(bound, color=BORDER, linewidth=1.0, linestyle=(0, (6, 3)), zorder=2)
            words = fitted(figure, f"{CATEGORIES[category]}, {bound}", 13, _RIGHT - 14)
            down = _TOP + _DOWN * (1 - bound / top)
            draw_text_line(figure, _LEFT + _ACROSS + 8, down, words, 13, _RIGHT - 14, va="center", color=MUTED)


def _moments(
    figure: Figure, axes: Axes, findings: TyphoonFindings, event: TyphoonEvent, view: tuple[float, float]
) -> None:
    """Cycle and landfall or nearest point, each with a line of words above the picture."""
    landfall = event.landfall
    word = {"landfall": f"{SEEN}: landfall", "close-pass": f"{SEEN}: nearest"}.get(landfall.approach, "nearest to land")
    moments = (
        (findings.cycle, f"cycle {local_text(findings.cycle, findings.zone)}", _ISSUED, MUTED),
        (landfall.reference_at, f"{word} {local_text(landfall.reference_at, findings.zone)}",
         {"color": INK, "linewidth": 1.8}, INK),
    )  # fmt: skip
    for row, (moment, words, style, ink) in enumerate(moments):
        place, y = hours_after(moment, findings.issue_time.start), _TOP - 32 + row * 19
        if not view[0] <= place <= view[1]:
            draw_text_line(
                figure, _LEFT, y, f"← {words}" if place < view[0] else f"{words} →", 14, _ACROSS, va="center"
            )
            continue
        axes.axvline(place, zorder=4, **style)
        x = _LEFT + (place - view[0]) / (view[1] - view[0]) * _ACROSS + 5
        x = min(x, WIDTH - 16 - text_width(figure, words, 14))
        draw_text(figure, x / WIDTH, 1 - y / HEIGHT, words, 14, va="center", color=ink)


def _key(figure: Figure, members: int) -> None:
    reference = Line2D([], [], color=INK, linewidth=2.6, marker="o", markersize=5, label="reference, as published")
    if members <= _FEW:
        handles: list[Any] = [reference, Line2D([], [], color=MEMBER, linewidth=1.2, label="members, as forecast")]
    else:
        handles = [
            reference,
            Line2D([], [], color=MEDIAN, linewidth=2.0, linestyle=(0, (4, 2)), label="median of members, as forecast"),
            Patch(color=MEMBER, alpha=0.5, label="10 to 90 %"),
            Patch(color=MEMBER, alpha=0.2, label="all of them"),
        ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.06, 48 / HEIGHT), ncols=4, frameon=False,
        fontsize=font_points(14),
    )  # fmt: skip
