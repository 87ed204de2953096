"""Wishes for rain: in which district a flash flood shall begin, when, and of how much rain.

`Karonga=@30h:150mm/24h Blantyre City=@0h` reads: the first hour in which an area of Karonga is over its limit ends 30
hours after the issue time, and 150 mm fall there in 24 hours; Blantyre City is over it in the hour that ends at the
issue time, by the least flood of the library that reaches too many people. Other districts stay dry.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ibf_pipeline.domain.names import same_name
from ibf_pipeline.synthetic.wishes import WishInvalid, split_wishes

_FIRST_HOUR: Final = -5
_LAST_HOUR: Final = 48
"""the hours that a block looks at by themselves, after its issue time: rule 6 of flash floods"""
_MOST_MM: Final = 2000.0
_MOST_MM_IN_AN_HOUR: Final = 200.0
"""on average of the wish; what falls in a cell is more, and the reader takes no more than 500"""

_SHAPE: Final = "DISTRICT=@HOURh[:MMmm/HOURSh], for example Karonga=@30h:150mm/24h"
_WISH: Final = re.compile(r"\s*(?P<district>[^=]*?)\s*=\s*(?P<rest>\S*)")
_REST: Final = re.compile(r"@(?P<at>[+-]?\d+)h(?::(?P<mm>\d+(?:\.\d+)?)mm/(?P<hours>\d+)h)?")


class UnknownDistrict(WishInvalid):
    """A wish as it should be, for a district that the country does not have."""


@dataclass(frozen=True, slots=True)
class RainWish:
    """A flash flood that somebody wants to see."""

    district: str
    at_h: int
    """hours after the issue time: the end of the first hour in which an area of the district is over its limit"""
    amount_mm: float | None = None
    """None, together with `over_h`: what the least flood needs that reaches too many people"""
    over_h: int | None = None


def parse_rain_wishes(text: str, districts: Collection[str] | None = None) -> tuple[RainWish, ...]:
    """The wishes of a text in their order. `districts`: the country's names, if they are known already.

    Raises WishInvalid for what is not a wish, an unknown district, one that is named twice, and hours or amounts out of
    range.
    """
    wishes = [_wish(each["district"], each["rest"]) for each in split_wishes(text, _WISH, "wishes for rain", _SHAPE)]
    wishes = wishes if districts is None else [known_district(wish, districts) for wish in wishes]
    for number, wish in enumerate(wishes):
        if same_name(wish.district) in {same_name(other.district) for other in wishes[:number]}:
            raise WishInvalid(f"{wish.district} is named twice", where="wishes for rain", remedy="keep one of the two")
    return tuple(wishes)


def known_district(wish: RainWish, districts: Collection[str]) -> RainWish:
    """The wish with the district's name as it is configured; UnknownDistrict if there is none of that name."""
    found = [name for name in districts if same_name(name) == same_name(wish.district)]
    if not found:
        raise UnknownDistrict(
            f"there is no district {wish.district!r}",
            where="wishes for rain",
            expected="one of " + ", ".join(districts),
        )
    return RainWish(found[0], wish.at_h, wish.amount_mm, wish.over_h)


def _wish(district: str, rest: str) -> RainWish:
    match = _REST.fullmatch(rest)
    where = f"wish for rain in {district or '?'}"
    if match is None or not district:
        raise WishInvalid(f"`{district}={rest}` is not a wish", where="wishes for rain", expected=_SHAPE)
    at_h = int(match["at"])
    if not _FIRST_HOUR <= at_h <= _LAST_HOUR:
        raise WishInvalid(
            f"hour {at_h}", where=where, expected=f"{_FIRST_HOUR} to {_LAST_HOUR} hours after the issue time"
        )
    if match["mm"] is None:
        return RainWish(district, at_h)
    amount_mm, over_h = float(match["mm"]), int(match["hours"])
    if not 1 <= over_h <= _LAST_HOUR:
        raise WishInvalid(f"rain of {over_h} hours", where=where, expected=f"1 to {_LAST_HOUR} hours")
    most = min(_MOST_MM, _MOST_MM_IN_AN_HOUR * over_h)
    if not 0 < amount_mm <= most:
        raise WishInvalid(
            f"{amount_mm:g} mm in {over_h} h",
            where=where,
            expected=f"more than 0 and at most {most:g} mm: {_MOST_MM_IN_AN_HOUR:g} an hour, {_MOST_MM:g} in all",
        )
    return RainWish(district, at_h, amount_mm, over_h)
