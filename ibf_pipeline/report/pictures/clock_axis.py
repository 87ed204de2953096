"""Hours of a forecast on the clocks of a country: ticks, days and nights below a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ibf_pipeline.domain.wording import day_text
from ibf_pipeline.report.pictures.colours import BORDER, MUTED
from ibf_pipeline.report.pictures.figure import draw_box, draw_text, draw_text_line, pixel_axes

_STEPS: Final = ((75, 6), (150, 12))
"""hours in view up to which ticks are so many hours apart; 24 beyond"""
_DAY_WORDS: Final = 130
"""pixels that the name of a day takes"""


def hours_after(moment: datetime, issued: datetime) -> float:
    """Hours from one time to another."""
    return (moment - issued) / timedelta(hours=1)


def draw_clocks(
    figure: Figure,
    panels: Sequence[Axes],
    zone: tzinfo,
    issued: datetime,
    view: tuple[float, float],
    room: tuple[float, float, float],
) -> None:
    """Local hours below the last of some axes, the days below them, and which hours are night there.

    `view`: hours after `issued` (UTC) that all of them show; `room`: left, bottom and width of the last one, pixels
    from the figure's upper left corner.
    """
    (first, last), (left, bottom, across) = view, room
    step = next((hours for longest, hours in _STEPS if last - first <= longest), 24)
    ticks = [(hours_after(moment, issued), moment) for moment in local_hours(zone, issued, view, step)]
    for axes in panels:
        hours = [f"{moment.astimezone(zone):%H:%M}" if axes is panels[-1] else "" for _, moment in ticks]
        axes.set_xticks([place for place, _ in ticks], hours)
    strip = pixel_axes(figure, left, bottom + 26, across, 44)
    strip.set_xlim(first, last)
    for night in (each for each in local_hours(zone, issued, (first - 24, last), 6) if _hour(each, zone) == 18):
        begins = max(first, hours_after(night, issued))
        ends = min(last, hours_after(night, issued) + 12)
        if ends > begins:
            draw_box(strip, begins, 2, ends - begins, 9, facecolor="#3d4663", edgecolor="none")
    midnights = [each for each in local_hours(zone, issued, (first - 24, last + 24), 6) if _hour(each, zone) == 0]
    for begin, end in pairwise(midnights):
        start, stop = max(first, hours_after(begin, issued)), min(last, hours_after(end, issued))
        pixels = (stop - start) / (last - first) * across
        words = day_text(begin.astimezone(zone).date())
        if pixels > _DAY_WORDS:
            _day(strip, (start + stop) / 2, words)
        elif pixels > _DAY_WORDS / 2:
            _day(strip, (start + stop) / 2, f"{words[:3]} {words[-2:]}")
        if first < hours_after(begin, issued) < last:
            strip.plot([start, start], [0, 40], color=BORDER, linewidth=1.2)
    draw_text_line(figure, left + across + 14, bottom + 33, "night there", 13, 120, va="center", color=MUTED)


def _day(strip: Axes, x: float, words: str) -> None:
    draw_text(strip, x, 27, words, 14, ha="center", va="center", weight="bold")


def _hour(moment: datetime, zone: tzinfo) -> int:
    return moment.astimezone(zone).hour


def local_hours(zone: tzinfo, issued: datetime, view: tuple[float, float], step: int) -> Iterator[datetime]:
    """The times (UTC) in view at which clocks there show a multiple of `step` hours."""
    day = (issued + timedelta(hours=view[0])).astimezone(zone).date()
    last = issued + timedelta(hours=view[1])
    while True:
        for hour in range(0, 24, step):
            moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
            if moment > last:
                return
            if hours_after(moment, issued) >= view[0]:
                yield moment
        day += timedelta(days=1)
