"""Storms that move west along a parallel at an even pace, as ensembles that a person can follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.tracks import QUADRANTS, SPEEDS_MS
from tests.worlds.track_data import dataset

PERTURBED: Final = 50
MEMBERS: Final = np.arange(1, PERTURBED + 3)
"""50 perturbed, 51 the control, 52 the high-resolution run"""
DEGREES_AN_HOUR: Final = 0.2
"""westwards; at 15 N about 21 km/h"""
GALE_KM: Final = 200.0
_ALONE: Final = 0.02
"""degrees that the high-resolution run is north of the control, so that it is another run"""


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm: where it is when, and how sure that is."""

    identifier: str
    name: str
    lat: float
    lon: float
    """at the moment `at`"""
    at: datetime
    wind: float
    """m/s"""
    spread: float = 1.0
    """degrees of latitude by which the outermost members are off the middle, 72 hours ahead and later"""
    members: int = PERTURBED
    """the first so many perturbed ones have it; fewer than all: neither do the single runs, and nobody has seen it"""
    lasts_h: float = 1000
    """hours after `at`, until it is no storm any more"""

    def seen(self, **changes: object) -> Storm:
        """The same as another cycle has it."""
        return replace(self, **changes)  # type: ignore[arg-type]


def cycle(issue_time: IssueTime, storms: Sequence[Storm]) -> xr.Dataset:
    """The tracks of a cycle as `domain/tracks.py` says."""
    start = issue_time.start
    last = 240 if issue_time.hour in (0, 12) else 144
    steps = np.arange(0, last + 1, 6)
    ordered = sorted(storms, key=lambda storm: storm.identifier)
    shape = (len(ordered), len(MEMBERS), len(steps))
    fields = {name: np.full(shape, np.nan) for name in ("lat", "lon", "pressure", "wind")}
    observed = np.full((2, len(ordered)), np.nan)
    radius = np.full((*shape, len(SPEEDS_MS), len(QUADRANTS)), np.nan)
    for number, storm in enumerate(ordered):
        after = steps + (start - storm.at) / timedelta(hours=1)
        lon = storm.lon - DEGREES_AN_HOUR * after
        there = np.zeros(shape[1:], dtype=bool)
        there[: storm.members] = True
        is_seen = storm.members == PERTURBED
        there[PERTURBED:] = is_seen
        there[:, 0] &= is_seen
        there &= after <= storm.lasts_h
        shift = np.r_[np.linspace(-1, 1, storm.members), np.zeros(len(MEMBERS) - storm.members)]
        off = shift[:, np.newaxis] * storm.spread * np.minimum(steps, 72) / 72
        off[-1] += _ALONE
        values = {"lat": storm.lat + off, "lon": lon, "wind": storm.wind, "pressure": pressure(storm.wind)}
        for name, value in values.items():
            fields[name][number] = np.where(there, value, np.nan)
        radius[number, :, :, 0] = np.where(there, GALE_KM, np.nan)[..., np.newaxis]
        observed[:, number] = (storm.lat, lon[0]) if is_seen else np.nan
    listed = [float(len(MEMBERS) if each.members == PERTURBED else each.members) for each in ordered]
    names = {storm.identifier: storm.name for storm in ordered}
    return dataset(start, names, MEMBERS.tolist(), steps, fields, observed, last_h=last, radius=radius, listed=listed)


def pressure(wind: float) -> float:
    """hPa, by Atkinson and Holliday (1977), and a little more, so that the stated wind is the larger one."""
    return 1010 - 0.8 * float((wind / 0.514444 / 6.7) ** (1 / 0.644))
