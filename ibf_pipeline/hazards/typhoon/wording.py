"""A storm in words that report, notices and pictures share: clock times of the country, 10-minute winds (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from ibf_pipeline.domain.local_time import local_text
from ibf_pipeline.domain.wording import counted, number_text, percent_text
from ibf_pipeline.hazards.typhoon.findings import (
    Category,
    ProvinceFound,
    TimeSpread,
    TrackPoint,
    TriggerJudged,
    TyphoonEvent,
)

AVERAGED: Final = "10-minute mean"
"""of every wind that people read"""
_GALE: Final = f"gale (34 kt, 63 km/h, {AVERAGED})"
CATEGORIES: Final[dict[Category, str]] = {
    "TD": "tropical depression",
    "TS": "tropical storm",
    "STS": "severe tropical storm",
    "TY": "typhoon",
    "STY": "super typhoon",
}
SEEN: Final = "direct hit or close pass"
"""of storms that the portal shows with a landfall: whether the centre crosses the coast matters to nobody (rule 9)"""
_LIKELY: Final = 0.5
"""share of the ensemble from which gale is told without saying of how many members"""
HOUSES_CAVEAT: Final = (
    "the share of value that wind takes, by a weak and a strong published curve, mean over the members; not a number "
    "of destroyed houses"
)
"""what numbers of houses are"""


def wind_text(kmh: int) -> str:
    """`162 km/h (10-minute mean)`."""
    return f"{kmh} km/h ({AVERAGED})"


def left_text(moment: datetime, published: datetime) -> str:
    """Time left until a time, in words.

    >>> published = datetime(2026, 2, 15, 8)
    >>> [left_text(published + timedelta(hours=hours), published) for hours in (21.9, 0.5, -0.5, -1)]
    ['in 21 hours', 'within the hour', 'just now', '1 hour ago']
    """
    hours = (moment - published) / timedelta(hours=1)
    if hours <= 0:
        return f"{counted(int(-hours), 'hour')} ago" if hours <= -1 else "just now"
    return f"in {counted(int(hours), 'hour')}" if hours >= 1 else "within the hour"


def spread_text(spread: TimeSpread, zone: tzinfo) -> str:
    """`Fri 2021-09-10 20:00 PST to Sat 2021-09-11 07:00 PST (10 to 90 %), middle Sat 2021-09-11 02:00 PST`."""
    if spread.early == spread.late:
        return local_text(spread.middle, zone)
    early, middle, late = (local_text(each, zone) for each in (spread.early, spread.middle, spread.late))
    return f"{early} to {late} (10 to 90 %), middle {middle}"


def approach_text(event: TyphoonEvent, published: datetime, zone: tzinfo) -> str:
    """What the reference does at land and when, with the hours left (rules 8 and 9).

    `direct hit or close pass: landfall Sat 2021-09-11 05:00 PST, in 13 hours`

    Parameters
    ----------
    event
        With its landfall.
    published
        From which the hours left are counted.
    zone
        Of the times in the text.
    """
    landfall = event.landfall
    at = f"{local_text(landfall.reference_at, zone)}, {left_text(landfall.reference_at, published)}"
    away = f"{number_text(landfall.reference_km)} km from land"
    match landfall.approach:
        case "landfall":
            return f"{SEEN}: landfall {at}"
        case "close-pass":
            return f"{SEEN}: nearest {at}, {away}"
        case "passes":
            return f"passes by: nearest {at}, {away}"
        case "not-yet":
            return f"nearest at the end of the forecast, {at}, {away}: a landfall cannot be told yet"


def short_approach(event: TyphoonEvent, published: datetime, zone: tzinfo) -> str:
    """The same for a title: `close pass Sat 2021-09-11 05:00 PST, in 13 hours`."""
    landfall = event.landfall
    word = {"landfall": "landfall", "close-pass": "close pass"}.get(landfall.approach, "nearest to land")
    return f"{word} {local_text(landfall.reference_at, zone)}, {left_text(landfall.reference_at, published)}"


def landfall_text(event: TyphoonEvent, zone: tzinfo, cycle: datetime) -> str:
    """`P(landfall) 33 % of the ensemble, first crossing ... (10 to 90 %)`."""
    landfall = event.landfall
    when = f", first crossing {spread_text(landfall.when, zone)}" if landfall.when is not None else ""
    return f"{chance_text(event, cycle)} of the ensemble{when}"


def chance_text(event: TyphoonEvent, cycle: datetime) -> str:
    """`P(landfall) 33 %`; of a storm that has been at land, that of what is still ahead of it: tracks begin with their
    cycle.
    """
    ahead = " from this cycle on" if event.landfall.reference_at <= cycle else ""
    return f"P(landfall{ahead}) {percent_text(event.landfall.probability)}"


def point_now(event: TyphoonEvent, moment: datetime) -> TrackPoint | None:
    """The last point of its track that is not later than a time; the first one if all are; None without any."""
    earlier = [point for point in event.track if point.moment <= moment]
    return earlier[-1] if earlier else next(iter(event.track), None)


def point_at_land(event: TyphoonEvent) -> TrackPoint | None:
    """The first landfall of its track, else its point nearest to land."""
    marked = (point for point in event.track if point.landfall or point.closest)
    return next(marked, None)


def category_text(point: TrackPoint) -> str:
    """`typhoon, 162 km/h (10-minute mean)`."""
    return f"{CATEGORIES[point.category]}, {wind_text(point.wind_kmh)}"


def verdict(judged: TriggerJudged) -> str:
    """Whether an alternative of the triggers is met, and makes one."""
    if judged.met:
        return "met" if judged.counts else "met and makes no trigger"
    return "met before the storm passed" if judged.areas else "not met"


def deadline_text(judged: TriggerJudged, published: datetime, zone: tzinfo) -> str:
    """`; it can be met until Sat 2021-09-11 02:00 PST, in 10 hours`, of one that is not met and has an end."""
    if judged.met or judged.deadline is None:
        return ""
    at = local_text(judged.deadline, zone)
    if judged.deadline <= published:
        return f"; its deadline has passed, {at}"
    return f"; it can be met until {at}, {left_text(judged.deadline, published)}"


def houses_text(low: float | None, high: float | None) -> str:
    """`120 to 3,400`; one number if both are the same; `not counted` if nobody knows how many there are."""
    if low is None or high is None:
        return "not counted"
    both = tuple(dict.fromkeys(number_text(each) for each in (low, high)))
    return " to ".join(both)


def first_gale(provinces: Iterable[ProvinceFound]) -> ProvinceFound | None:
    """The province ahead of the storm in which gale begins first, by a tenth of the members that have it there.

    Of those in which at least half of the ensemble has gale, if there are any: few members reach far.
    """
    ahead = [(each.gale_onset, each) for each in provinces if each.gale_onset is not None and not each.passed]
    likely = [pair for pair in ahead if pair[0].share >= _LIKELY]
    return min(likely or ahead, key=lambda pair: (pair[0].early, pair[1].name), default=(None, None))[1]


def action_text(event: TyphoonEvent, published: datetime, zone: tzinfo) -> str:
    """Until when anything can be done outdoors: gale ends it, not the centre (rule 9); empty if none is expected."""
    first = first_gale(event.provinces)
    if first is None or first.gale_onset is None:
        return ""
    onset, share = first.gale_onset.early, first.gale_onset.share
    many = f" ({percent_text(share)} of the members)" if share < _LIKELY else ""
    place, begins = f"{first.name}{many}", local_text(onset, zone)
    head = f"Work outdoors ends with {_GALE}, not with the centre:"
    if onset <= published:
        return f"{head} it may have begun in {place}, expected there from {begins}."
    sooner = int((event.landfall.reference_at - onset) / timedelta(hours=1))
    there = "at land" if event.landfall.approach in ("landfall", "close-pass") else "nearest to land"
    before = f", {counted(sooner, 'hour')} before the centre is {there}" if sooner >= 1 else ""
    return f"{head} first in {place}, from {begins}, {left_text(onset, published)}{before}."
