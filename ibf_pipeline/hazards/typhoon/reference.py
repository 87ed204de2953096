"""The member that stands for a storm if one track is shown (rule 8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.sphere import Floats, distance_km, wrap_longitude

_WORDS = {"high-resolution": "high-resolution run", "control": "control run"}


@dataclass(frozen=True, slots=True)
class Reference:
    """The member whose track is shown, and what it is in words."""

    member: int
    words: str
    line: xr.Dataset
    """(time) its fixes alone: `lat`, `lon`, and the other variables of one member; at least one"""


def reference_of(storm: xr.Dataset) -> Reference | None:
    """The high-resolution run, else the control run, else the member nearest the ensemble median track (rule 8).

    A run stands for a storm that it has at two times or more, so that there is a track.

    Parameters
    ----------
    storm
        Dims (member, time).

    Returns
    -------
    Reference or None
        None if no member has the storm at all.
    """
    storm = storm.transpose("member", "time", ...)
    fixes = storm["lat"].notnull().sum("time").values
    if not fixes.any():
        return None
    for kind, words in _WORDS.items():
        own = np.flatnonzero((storm["kind"].values == kind) & (fixes > 1))
        if len(own):
            return _reference(storm, int(own[0]), words)
    place = _nearest_the_median(storm, fixes)
    member = int(storm["member"].values[place])
    kind = str(storm["kind"].values[place])
    return _reference(storm, place, _WORDS.get(kind, f"member {member}, nearest the ensemble's median track"))


def median_track(storm: xr.Dataset) -> tuple[Floats, Floats]:
    """The median of the members that have the storm at a time.

    Parameters
    ----------
    storm
        Dims (member, time).

    Returns
    -------
    lat, lon : numpy.ndarray
        (time,) degrees; NaN if no member has the storm then.
    """
    storm = storm.transpose("member", "time", ...)
    lat, lon = storm["lat"].values, storm["lon"].values
    there = np.isfinite(lon)
    if not there.any():
        nothing = np.full(lat.shape[1], np.nan)
        return nothing, nothing.copy()
    start = lon[there][0]
    beside = wrap_longitude(lon, float(start))
    middles = [_middle(lat), _middle(beside)]
    return middles[0], wrap_longitude(middles[1])


def _middle(values: Floats) -> Floats:
    found = np.full(values.shape[1], np.nan)
    some = np.isfinite(values).any(axis=0)
    found[some] = np.nanmedian(values[:, some], axis=0)
    return found


def _nearest_the_median(storm: xr.Dataset, fixes: npt.NDArray[np.int_]) -> int:
    """By the mean distance over its fixes; of members that have it at least half as long as the longest."""
    lat, lon = median_track(storm)
    km = distance_km(storm["lat"].values, storm["lon"].values, lat, lon)
    mean = np.full(len(fixes), np.inf)
    long = fixes * 2 >= fixes.max()
    mean[long] = np.nanmean(km[long], axis=1)
    members = storm["member"].values
    return min(range(len(fixes)), key=lambda place: (round(float(mean[place]), 6), int(members[place])))


def _reference(storm: xr.Dataset, place: int, words: str) -> Reference:
    line = storm.isel(member=place)
    return Reference(int(line["member"]), words, line.isel(time=np.flatnonzero(np.isfinite(line["lat"].values))))
