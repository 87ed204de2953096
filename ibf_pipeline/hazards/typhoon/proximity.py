"""When storms are near a country: the hours whose rain is theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import xarray as xr

from ibf_pipeline.domain.tracks import cycle_of, datetime_of

_REACH_DEGREES: Final = 5.0
"""about 500 km: to which the rain bands of a large storm reach"""
_LEAST: Final = timedelta(hours=24)


def hours_near(
    tracks: xr.Dataset, bounds: tuple[float, float, float, float], furthest_h: int = 168
) -> tuple[datetime, datetime] | None:
    """From when to when the centre of any storm in any member is near a country, at least 24 hours.

    Parameters
    ----------
    tracks
        As `domain/tracks.py` describes.
    bounds
        West, south, east, north of the country, degrees; 5 degrees around it are near.
    furthest_h
        Hours after the cycle that are looked at.

    Returns
    -------
    tuple of datetime or None
        UTC; None if no storm is near.
    """
    west, south, east, north = bounds
    lat, lon = tracks["lat"], tracks["lon"]
    near = (
        (lat >= south - _REACH_DEGREES)
        & (lat <= north + _REACH_DEGREES)
        & (lon >= west - _REACH_DEGREES)
        & (lon <= east + _REACH_DEGREES)
    ).any(("storm", "member"))
    begin, furthest = cycle_of(tracks), cycle_of(tracks) + timedelta(hours=furthest_h)
    moments = [each for each in map(datetime_of, tracks["time"].values[near.values]) if begin <= each <= furthest]
    if not moments:
        return None
    first, last = min(moments), max(moments)
    return first, max(last, first + _LEAST)
