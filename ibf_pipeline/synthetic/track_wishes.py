"""Wishes for tracks: which storm shall come where and when, how strong, and how sure the ensemble is of it.

`CHANTHU=landfall@48h:Cagayan:45ms:80km` reads: the centre of the high-resolution run crosses the coast of Cagayan 48
hours after the cycle, with a largest wind of 45 m/s then, and the members are 80 km from their mean, as a root mean
square. The place is a province, region or area of the country, or `18.3/122.2` (latitude/longitude). Also

    CHANTHU=pass@48h:Cagayan:45ms:80km:40kmoff   it comes no nearer to land than 40 km, off that place and in that hour,
                                                 a multiple of 6
    CHANTHU=seen@-6h:18.3/122.2:45ms:80km        the centre is there in that hour, be it land or sea
    70W=genesis@120h:Cagayan:25ms:200km          landfall of a storm that is not there yet, in two thirds of the members

An hour before the cycle is negative. `CHANTHU/21W` names the storm and its identifier; without one it gets one by its
name. A storm that has a number and no name yet is wished for by it alone: `21W=landfall@...`. Told again 6 hours later
with an hour that is 6 less, a wish gives the same storm, also under another name.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from ibf_pipeline.synthetic.wishes import WishInvalid, split_wishes

WishKind = Literal["landfall", "pass", "seen", "genesis"]

END: Final = "end"
"""the wishes of an exercise's last cycle: no storm"""
_FIRST_HOUR: Final = -72
_LAST_HOUR: Final = 240
_WINDS_MS: Final = (10.0, 90.0)
_MOST_KM: Final = 500.0
_DEFAULT_WIND_MS: Final = 40.0
_DEFAULT_SPREAD_KM: Final = 80.0
_DEFAULT_OFF_KM: Final = 40.0

_SHAPE: Final = "NAME=landfall@HOURSh:PLACE:WINDms:SPREADkm, for example CHANTHU=landfall@48h:Cagayan:45ms:80km"
_WISH: Final = re.compile(r"\s*(?P<name>[^=\s]*)=(?P<rest>.*?)(?=\s+[^=\s:]+=|\s*$)", re.DOTALL)
_NUMBER: Final = r"\d+(?:\.\d+)?"
_REST: Final = re.compile(
    rf"(?P<what>[a-z]+)@(?P<at>[+-]?\d+)h:(?P<place>[^:]*[^:\s][^:]*)"
    rf"(?::(?P<wind>{_NUMBER})ms)?(?::(?P<spread>{_NUMBER})km)?(?::(?P<off>{_NUMBER})kmoff)?\s*"
)
_IDENTIFIER: Final = re.compile(r"\d\d[A-Z]")
_NAME: Final = re.compile(r"[A-Z][A-Z'.\-]{0,9}", re.ASCII)
"""ten letters are what a message has room for"""
_FIRST_UNNUMBERED: Final = 70


@dataclass(frozen=True, slots=True)
class TrackWish:
    """A storm that somebody wants to see."""

    name: str
    """the identifier if it has no name yet"""
    identifier: str
    """as 21W"""
    what: WishKind
    at_h: int
    """hours after the cycle"""
    place: str
    """name or code of an area, province or region; or latitude/longitude"""
    wind_ms: float
    """largest 10-minute wind of the high-resolution run in that hour"""
    spread_km: float
    """root mean square distance of the members from their mean in that hour"""
    off_km: float | None = None
    """of a pass: nearest distance to land"""


def parse_track_wishes(text: str) -> tuple[TrackWish, ...]:
    """The wishes of a text in their order; none of an empty one and of `end`.

    Raises WishInvalid for what is not a wish, a storm that is named twice, and hours or amounts out of range.
    """
    if text.strip().lower() == END:
        return ()
    wishes: list[TrackWish] = []
    for match in split_wishes(text, _WISH, "wishes for tracks", _SHAPE):
        wish = _wish(match["name"].upper(), match["rest"])
        for other in wishes:
            if wish.name == other.name or wish.identifier == other.identifier:
                raise WishInvalid(
                    f"{wish.name} and {other.name} are both storm {wish.identifier}",
                    where="wishes for tracks",
                    remedy="keep one of the two, or write another identifier behind a name: CHANTHU/21W",
                )
        wishes.append(wish)
    return tuple(wishes)


def _wish(storm: str, rest: str) -> TrackWish:
    match = _REST.fullmatch(rest)
    if match is None or match["what"] not in get_args(WishKind):
        raise WishInvalid(
            f"`{storm}={rest}` is not a wish", where="wishes for tracks", expected=f"{_SHAPE}; or pass, seen, genesis"
        )
    what, where = cast("WishKind", match["what"]), f"wish for the track of {storm}"
    name, identifier = _names(storm, what)
    off_km = None if match["off"] is None else float(match["off"])
    if off_km is not None and what != "pass":
        raise WishInvalid(f"{match['off']}kmoff of a {what}", where=where, expected="kmoff of a pass alone")
    wish = TrackWish(
        name=name,
        identifier=identifier,
        what=what,
        at_h=int(match["at"]),
        place=match["place"].strip(),
        wind_ms=float(match["wind"] or _DEFAULT_WIND_MS),
        spread_km=float(match["spread"] or _DEFAULT_SPREAD_KM),
        off_km=(off_km if off_km is not None else _DEFAULT_OFF_KM) if what == "pass" else None,
    )
    _require_range(wish, where)
    if wish.what == "pass" and wish.at_h % 6:
        raise WishInvalid(
            f"a pass at hour {wish.at_h}", where=where, expected="a multiple of 6, a step of the forecast"
        )
    return wish


def _require_range(wish: TrackWish, where: str) -> None:
    first = 24 if wish.what == "genesis" else _FIRST_HOUR
    for value, least, most, words in (
        (wish.at_h, first, _LAST_HOUR, "hours after the cycle"),
        (wish.wind_ms, *_WINDS_MS, "m/s"),
        (wish.spread_km, 0, _MOST_KM, "km of spread"),
        (1 if wish.off_km is None else wish.off_km, 1, _MOST_KM, "km off land"),
    ):
        if not least <= value <= most:
            raise WishInvalid(f"{value:g} {words}", where=where, expected=f"{least:g} to {most:g} {words}")


def _names(storm: str, what: WishKind) -> tuple[str, str]:
    """Name and identifier."""
    name, _, identifier = storm.partition("/")
    if not identifier:
        numbered = _IDENTIFIER.fullmatch(name) is not None
        identifier = name if numbered else f"{zlib.crc32(name.encode()) % 49 + 1:02d}W"
    fits = name == identifier or _NAME.fullmatch(name)
    if not fits or _IDENTIFIER.fullmatch(identifier) is None:
        raise WishInvalid(
            f"a storm called {storm!r}",
            where="wishes for tracks",
            expected="a name of up to ten letters, an identifier of two digits and a letter, or CHANTHU/21W",
        )
    unnumbered = name == identifier and int(identifier[:2]) >= _FIRST_UNNUMBERED
    if what == "genesis" and not unnumbered:
        raise WishInvalid(
            f"genesis of {storm}",
            where="wishes for tracks",
            expected=f"a storm that is not there yet has no name: {_FIRST_UNNUMBERED}W to 99W",
        )
    return name, identifier
