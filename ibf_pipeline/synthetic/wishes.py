"""Wish lists: what an operator wants an ensemble to say, one character per station and lead time of the horizon.

`G5220=---wTTTT G5230=------ww:med G5075=wwwww---:min` reads: station G5220 warns on lead time 3 and is as
high as a trigger on lead times 4 to 7; and so on. `-` no class, `w` warning, `T` trigger.
`:min`, `:med` or `:max` names the class of the warning days; without it they are of the highest warning
class that the country's rule has. `@50` asks the highest trigger day to reach the 50-year threshold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.errors import InputInvalid

QUIET, WARNING, TRIGGER = "-", "w", "T"

_SHAPE = "STATION=DAYS[:min|med|max][@RETURN_PERIOD], for example G5230=------ww:med"
_SUFFIX = re.compile(r"(?P<sign>[:@])(?P<value>[^:@]*)")


class WishInvalid(InputInvalid):
    """A wish list that cannot be read, or that the country cannot fulfil: bad usage."""

    exit_code = 2

    def __init__(self, found: str, *, where: object = None, expected: str = "", remedy: str = "") -> None:
        remedy = remedy or "correct the wish, and run the exercise again"
        super().__init__(found, where=where, expected=expected, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Wish:
    """What one station's ensemble shall say on each lead time."""

    station: str
    days: str
    """one of `-`, `w`, `T` for each lead time"""
    warning_class: str | None = None
    """class of the warning days; None is the highest warning class that the rule has"""
    peak_return_period: float | None = None
    """years; reached on the middle trigger day; None is the trigger's own return period"""

    def lead_times(self, kind: str) -> list[int]:
        """The lead times (days) on which this kind of day is wanted."""
        return [lead for lead, day in enumerate(self.days) if day == kind]

    @property
    def peak_lead_time(self) -> int | None:
        """The middle one of the trigger days, None without any."""
        triggers = self.lead_times(TRIGGER)
        return triggers[len(triggers) // 2] if triggers else None


def split_wishes(text: str, wish: re.Pattern[str], where: str, shape: str) -> Iterator[re.Match[str]]:
    """The wishes of a text one after the other; WishInvalid for what is none."""
    place = 0
    while text[place:].strip():
        match = wish.match(text, place)
        if match is None:
            raise WishInvalid(f"`{text[place:].strip()}` is not a wish", where=where, expected=shape)
        yield match
        place = match.end()


def parse_wishes(text: str, lead_times: int = len(LEAD_TIMES)) -> dict[str, Wish]:
    """Wishes by station code, in the order in which they are written; `lead_times`: how many, 0-day counted.

    Raises InputInvalid for a wrong length, an unknown character or class and a station named twice.
    """
    wishes: dict[str, Wish] = {}
    for word in text.split():
        wish = _parse_wish(word, lead_times)
        if wish.station in wishes:
            raise WishInvalid(
                f"station {wish.station} is named twice", where=f"wish list, {word}", remedy="keep one of the two"
            )
        wishes[wish.station] = wish
    return wishes


def _parse_wish(word: str, lead_times: int) -> Wish:
    station, sign, rest = word.partition("=")
    if not sign or not station:
        raise WishInvalid(f"`{word}` is not a wish", where="wish list", expected=_SHAPE)
    days = re.split("[:@]", rest, maxsplit=1)[0]
    unknown = sorted(set(days) - {QUIET, WARNING, TRIGGER})
    if unknown:
        raise WishInvalid(
            f"unknown character {', '.join(unknown)} in `{days}`",
            where=f"wish list, station {station}",
            expected="- (no class), w (warning) or T (trigger) for each lead time",
        )
    if len(days) != lead_times:
        raise WishInvalid(
            f"`{days}` has {len(days)} characters",
            where=f"wish list, station {station}",
            expected=f"{lead_times}, one for each lead time 0..{lead_times - 1}",
        )
    warning_class: str | None = None
    peak: float | None = None
    suffixes = list(_SUFFIX.finditer(rest[len(days) :]))
    if len({suffix["sign"] for suffix in suffixes}) < len(suffixes):
        raise WishInvalid(f"`{word}` asks twice for the same", where="wish list", expected=_SHAPE)
    for suffix in suffixes:
        if suffix["sign"] == ":":
            warning_class = _parse_class(suffix["value"], station)
        else:
            peak = _parse_return_period(suffix["value"], station)
    if peak is not None and TRIGGER not in days:
        raise WishInvalid(
            f"@{peak:g} is asked without a trigger day", where=f"wish list, station {station}", expected=_SHAPE
        )
    return Wish(station, days, warning_class, peak)


def _parse_class(name: str, station: str) -> str:
    if name not in ALERT_CLASSES[1:]:
        raise WishInvalid(
            f"unknown class `{name}`",
            where=f"wish list, station {station}",
            expected=", ".join(ALERT_CLASSES[1:]),
        )
    return name


def _parse_return_period(text: str, station: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise WishInvalid(
            f"`{text}` is not a return period",
            where=f"wish list, station {station}",
            expected="years, for example @50",
        ) from None
