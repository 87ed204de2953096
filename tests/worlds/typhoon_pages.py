"""Made-up storms for pages and files: every number is written down, nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import xarray as xr

from ibf_pipeline.domain.tracks import QUADRANTS, SPEEDS_MS

CYCLE = datetime(2021, 9, 10, tzinfo=UTC)
STEP_H = 6
LAST_H = 120
KINDS = {51: "control", 52: "high-resolution"}

Fixes = tuple[tuple[float, float, float], ...]
"""latitude, longitude (degrees) and wind (m/s), 6 hours from each other from the cycle on"""


def fixes(*places: tuple[float, ...], wind: float = 40) -> Fixes:
    """Places with a wind each, or one for all."""
    return tuple((place[0], place[1], place[2] if len(place) > 2 else wind) for place in places)


def tracks(
    storms: Mapping[str, tuple[str, Mapping[int, Fixes]]], members: Sequence[int] = (*range(1, 51), 51, 52)
) -> xr.Dataset:
    """Tracks as `domain/tracks.py` says: identifier -> name, and of some members the fixes."""
    steps = np.arange(0, LAST_H + 1, STEP_H)
    sizes = (len(storms), len(members), len(steps))
    lat, lon, wind = np.full((3, *sizes), np.nan)
    for number, (_, by_member) in enumerate(storms.values()):
        for member, places in by_member.items():
            for step, place in enumerate(places):
                row = (number, list(members).index(member), step)
                lat[row], lon[row], wind[row] = place
    dims = ("storm", "member", "time")
    seen = np.array([by_member.get(52, ((np.nan, np.nan, 0),))[0][:2] for _, by_member in storms.values()])
    seen = seen.reshape(-1, 2)
    return xr.Dataset(
        {
            "lat": (dims, lat),
            "lon": (dims, lon),
            "pressure": (dims, np.where(np.isnan(wind), np.nan, 960.0)),
            "wind": (dims, wind),
            "wind_lat": (dims, lat),
            "wind_lon": (dims, lon),
            "radius": ((*dims, "speed", "quadrant"), np.full((*sizes, 3, 4), np.nan)),
            "observed_lat": ("storm", seen[:, 0]),
            "observed_lon": ("storm", seen[:, 1]),
        },
        coords={
            "storm": np.array(list(storms), dtype=str),
            "name": ("storm", np.array([name for name, _ in storms.values()], dtype=str)),
            "member": np.array(members),
            "kind": ("member", np.array([KINDS.get(member, "perturbed") for member in members], dtype=str)),
            "time": np.datetime64(CYCLE.replace(tzinfo=None), "ns") + steps.astype("timedelta64[h]"),
            "step": ("time", steps),
            "speed": list(SPEEDS_MS),
            "quadrant": list(QUADRANTS),
        },
        attrs={
            "cycle": CYCLE.isoformat(),
            "perturbed": 50,
            "last_step_h": 240,
            "source": "made up for tests",
        },
    )
