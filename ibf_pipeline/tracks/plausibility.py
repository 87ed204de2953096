"""Whether the numbers of a message can be those of a storm: a flipped bit in packed numbers leaves no other trace."""

from __future__ import annotations

from typing import Final

import numpy as np

from ibf_pipeline.domain.sphere import distance_km
from ibf_pipeline.errors import FileDamaged
from ibf_pipeline.tracks.storm_message import StormMessage

_RANGES: Final = {
    "lat": (-75.0, 75.0, "degrees of latitude"),
    "lon": (-180.0, 360.0, "degrees of longitude"),
    "pressure": (840.0, 1050.0, "hPa"),
    "wind": (0.0, 120.0, "m/s"),
    "wind_lat": (-80.0, 80.0, "degrees of latitude of the largest wind"),
    "wind_lon": (-180.0, 360.0, "degrees of longitude of the largest wind"),
    "radius": (0.0, 3000.0, "km of a wind radius"),
}
"""the deepest storm on record had 870 hPa, the strongest 96 m/s over a minute"""
_FASTEST_KMH: Final = 180.0
"""of a centre: between two steps no real forecast at hand moves faster than 93"""
_FURTHEST_KM: Final = 1500.0
"""from the centre to its largest wind, and from where the storm was seen to its analysis; 727 is seen"""
_LAST_STEP_H: Final = 384


def require_plausible(storm: StormMessage) -> None:
    """FileDamaged if a number cannot be: out of range, too fast, or of a member that has no centre there."""
    for name, (least, most, words) in _RANGES.items():
        values = getattr(storm, name)
        if (out := np.isfinite(values) & ((values < least) | (values > most))).any():
            raise _damaged(storm, f"{values[out][0]:g} {words}")
    steps = storm.step
    later = np.diff(steps, axis=1)
    if (later <= 0).any() or np.nanmax(steps) > _LAST_STEP_H or (np.isfinite(steps) & (steps % 1 != 0)).any():
        raise _damaged(storm, "steps that are not one behind the other in whole hours")
    centre = np.isfinite(storm.lat)
    if (centre != np.isfinite(storm.lon)).any() or (np.isfinite(storm.wind_lat) != np.isfinite(storm.wind_lon)).any():
        raise _damaged(storm, "a latitude without its longitude")
    for name in ("pressure", "wind", "wind_lat", "radius"):
        values = np.isfinite(getattr(storm, name)).reshape(*centre.shape, -1)
        if (values.any(axis=2) & ~centre).any():
            raise _damaged(storm, f"{name.partition('_')[0]} of a member that has no centre at that time")
    _require_near(storm)


def _require_near(storm: StormMessage) -> None:
    away = distance_km(storm.lat, storm.lon, storm.wind_lat, storm.wind_lon)
    seen = distance_km(storm.lat[:, 0], storm.lon[:, 0], *storm.observed)
    for km, words in ((away, "the largest wind of a member"), (seen, "the analysis of a member")):
        if (km > _FURTHEST_KM).any():
            raise _damaged(storm, f"{words} {np.nanmax(km):,.0f} km from the storm")
    for lat, lon, step in zip(storm.lat, storm.lon, storm.step, strict=True):
        have = np.flatnonzero(np.isfinite(lat))
        lat, lon, step = lat[have], lon[have], step[have]
        kmh = distance_km(lat[:-1], lon[:-1], lat[1:], lon[1:]) / np.diff(step)
        if (kmh > _FASTEST_KMH).any():
            raise _damaged(storm, f"a centre that moves at {kmh.max():,.0f} km/h")


def _damaged(storm: StormMessage, found: str) -> FileDamaged:
    return FileDamaged(
        f"storm {storm.identifier or 'without identifier'} has {found}",
        where=storm.file,
        expected="tracks as a forecast can have them",
        remedy="it is damaged: delete it and fetch it again; do not use it as it is",
    )
