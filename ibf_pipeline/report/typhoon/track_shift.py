"""How a storm's track shifted since the last run, in words (pure)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from ibf_pipeline.domain.sphere import wrap_longitude
from ibf_pipeline.domain.wording import counted, number_text
from ibf_pipeline.hazards.typhoon.findings import TrackPoint, TyphoonEvent

_WINDS: Final = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_SMALL_KM: Final = 10
"""below which a direction says nothing: fixes are given in tenths of a degree"""


def shift_text(event: TyphoonEvent, before: TyphoonEvent | None) -> str:
    """`its track has shifted 45 km to the north-west since the last run, and is there 3 hours later`; empty if
    there is nothing to compare with.
    """
    if event.shift_km is None or event.state == "passed":
        return ""
    later = round(event.shift_h or 0)
    when = f"{counted(abs(later), 'hour')} {'later' if later > 0 else 'earlier'}" if later else "at the same hour"
    if event.shift_km < _SMALL_KM:
        return f"its track is where the last run had it, {when}"
    towards = direction(event, before) if before is not None else ""
    to = f" to the {towards}" if towards else ""
    return f"its track has shifted {number_text(event.shift_km)} km{to} since the last run, and is there {when}"


def direction(event: TyphoonEvent, before: TyphoonEvent) -> str:
    """Towards which the centre has moved, of eight, at the time that it is at land now; empty if the last track does
    not reach so far.
    """
    moment = event.landfall.reference_at
    now, then = track_position(event.track, moment), track_position(before.track, moment)
    if now is None or then is None:
        return ""
    east = wrap_longitude(now[0] - then[0]) * math.cos(math.radians(now[1]))
    return _WINDS[round(math.degrees(math.atan2(east, now[1] - then[1])) / 45) % 8]


def track_position(track: Sequence[TrackPoint], moment: datetime) -> tuple[float, float] | None:
    """Longitude and latitude of the centre, degrees, between the points around a time; None before and after all."""
    for point, following in pairwise(track):
        if point.moment <= moment <= following.moment and point.moment < following.moment:
            share = (moment - point.moment) / (following.moment - point.moment)
            lon = point.lon + share * wrap_longitude(following.lon - point.lon)
            return wrap_longitude(lon), point.lat + share * (following.lat - point.lat)
    return next(((point.lon, point.lat) for point in track if point.moment == moment), None)
