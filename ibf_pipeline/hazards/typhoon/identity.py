"""Which storm is which from cycle to cycle, whatever it is called (rule 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.domain.sphere import distance_km, wrap_longitude
from ibf_pipeline.domain.tracks import cycle_of, datetime_of
from ibf_pipeline.hazards.typhoon.findings import Fix, StormFound, TyphoonFindings
from ibf_pipeline.hazards.typhoon.reference import median_track

_SAME_KM: Final = 300.0
"""from where the last cycle forecast it; further away is another storm"""
_FIRST_REUSED: Final = 70
"""numbers from here on are of disturbances, and are given again within days"""
_SOUTH: Final = "SP"
"""letters of basins whose season begins in July"""
_IDENTIFIER: Final = re.compile(r"(\d+)([A-Z])")


@dataclass(frozen=True, slots=True)
class Identity:
    """A storm as our records know it."""

    key: str
    previous: StormFound | None
    """as the last published findings had it; None if it is new"""


def identify(tracks: xr.Dataset, findings: TyphoonFindings | None) -> Mapping[str, Identity]:
    """Who each storm of a cycle is (rule 1).

    A storm of the last findings: by its number within one season, else by its place, at most 300 km from where those
    forecast it for the first time that both speak of. Numbers from 70 on are given again and say nothing: of them only
    the place counts. A rename, or the number of a disturbance that gets one, so keeps the identity; two numbers below
    70 are two storms, however near. Each old storm is matched at most once, the surest and nearest pair first; the
    order of storms and members changes nothing.

    Parameters
    ----------
    tracks
        As `domain/tracks.py` describes.
    findings
        The findings that were published last; None if there are none.

    Returns
    -------
    Mapping
        Identifier in this cycle -> identity.
    """
    before = findings.storms if findings is not None else ()
    pairs = []
    for identifier in map(str, tracks["storm"].values):
        where = _places(tracks.sel(storm=identifier))
        for old in before:
            if identifier != old.identifier and _is_numbered(identifier) and _is_numbered(old.identifier):
                continue
            km = _apart_km(where, (*old.past, *old.fixes))
            by_number = _same_number(identifier, old, season_of(identifier, cycle_of(tracks)))
            if by_number or (km is not None and km <= _SAME_KM):
                pairs.append((not by_number, np.inf if km is None else round(km, 3), old.storm, identifier, old))
    known: dict[str, Identity] = {}
    taken: set[str] = set()
    for *_, key, identifier, old in sorted(pairs, key=lambda pair: pair[:4]):
        if identifier not in known and key not in taken:
            known[identifier] = Identity(key, old)
            taken.add(key)
    new = (each for each in map(str, tracks["storm"].values) if each not in known)
    return known | {each: Identity(new_key(each, cycle_of(tracks)), None) for each in new}


def season_of(identifier: str, cycle: datetime) -> int:
    """The year that a storm's number counts in; in southern basins the one in which the season ends.

    >>> season_of("21W", datetime(2026, 12, 1)), season_of("03S", datetime(2026, 12, 1))
    (2026, 2027)
    """
    return cycle.year + (identifier[-1:] in _SOUTH and cycle.month >= 7)


def new_key(identifier: str, cycle: datetime) -> str:
    """Identity of a new storm; of a number that is given again with month, day and hour of the cycle.

    >>> new_key("21W", datetime(2021, 9, 10)), new_key("70W", datetime(2021, 9, 10))
    ('2021-21W', '2021-70W-091000')
    """
    key = f"{season_of(identifier, cycle)}-{identifier}"
    return key if _is_numbered(identifier) else f"{key}-{cycle:%m%d%H}"


def _is_numbered(identifier: str) -> bool:
    match = _IDENTIFIER.fullmatch(identifier)
    return match is not None and int(match[1]) < _FIRST_REUSED


def _same_number(identifier: str, old: StormFound, season: int) -> bool:
    if identifier != old.identifier or not _is_numbered(identifier):
        return False
    return old.storm.startswith(f"{season}-")


def _places(storm: xr.Dataset) -> list[tuple[datetime, float, float]]:
    """Times and places of its middle; at the cycle time where it was seen."""
    lat, lon = median_track(storm)
    times = map(datetime_of, storm["time"].values)
    places = {moment: (float(y), float(x)) for moment, y, x in zip(times, lat, lon, strict=True)}
    if np.isfinite(float(storm["observed_lat"])):
        places[cycle_of(storm)] = float(storm["observed_lat"]), float(storm["observed_lon"])
    return [(moment, *place) for moment, place in sorted(places.items()) if np.isfinite(place[0])]


def _apart_km(places: list[tuple[datetime, float, float]], fixes: tuple[Fix, ...]) -> float | None:
    """At the first time that both have; None if there is none."""
    if not fixes:
        return None
    at = np.array([fix.moment.timestamp() for fix in fixes])
    for moment, lat, lon in places:
        if at[0] <= moment.timestamp() <= at[-1]:
            return float(distance_km(lat, lon, *place_at(fixes, moment)))
    return None


def place_at(fixes: tuple[Fix, ...], moment: datetime) -> tuple[float, float]:
    """Latitude and longitude between two fixes, evenly; before the first and after the last one, that of the end."""
    at = [fix.moment.timestamp() for fix in fixes]
    lon = np.array([fix.lon for fix in fixes])
    x = float(np.interp(moment.timestamp(), at, wrap_longitude(lon, float(lon[0]))))
    return float(np.interp(moment.timestamp(), at, [fix.lat for fix in fixes])), wrap_longitude(x)
