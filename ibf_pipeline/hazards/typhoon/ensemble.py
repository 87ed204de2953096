"""How many members a cycle has, and whether its file is whole (rule 3)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.errors import InputInvalid


def without_doubled_run(tracks: xr.Dataset) -> xr.Dataset:
    """The cycle without its high-resolution run where that is the control run once more (rule 3; C8 3).

    From cycle 50r1 of the model on both are one run: it counts once. They are one where every storm has the same
    centres, winds and pressures of both. `tracks`: as `domain/tracks.py` says.
    """
    kinds = tracks["kind"].values
    control, high = np.flatnonzero(kinds == "control"), np.flatnonzero(kinds == "high-resolution")
    if not len(control) or not len(high) or not bool(tracks["lat"].isel(member=high).notnull().any()):
        return tracks
    same = (
        np.array_equal(tracks[name].isel(member=high).values, tracks[name].isel(member=control).values, equal_nan=True)
        for name in ("lat", "lon", "wind", "pressure")
    )
    return tracks.isel(member=np.flatnonzero(kinds != "high-resolution")) if all(same) else tracks


def members_of(tracks: xr.Dataset, country: TyphoonCountry) -> int:
    """The denominator of every probability (rule 3; C8 3): members of the cycle, with this storm or without.

    The configured perturbed members, and the control and the high-resolution run where any message of the cycle has
    them. A disturbance that comes with 2 members is in 2 of 52. `tracks`: without a doubled run.
    """
    there = tracks["lat"].notnull().any(("storm", "time")).values
    kinds = tracks["kind"].values
    single = sum(bool((there & (kinds == kind)).any()) for kind in ("control", "high-resolution"))
    return max(country.members, int((kinds == "perturbed").sum())) + single


def require_whole(tracks: xr.Dataset, fewest: int) -> None:
    """Refuse a file that lost members (rule 3; C8 3): judged by the file, at storms that were seen and last.

    Every member has those; disturbances, and storms that dissolve within a day, have few from the start and say
    nothing. Raises InputInvalid where the storm of the most members has fewer than `fewest`.
    """
    counts = lasting(tracks)
    if counts and max(counts.values()) < fewest:
        storm = max(counts, key=lambda each: counts[each])
        raise InputInvalid(
            f"only {counts[storm]} members have storm {storm}, which was seen at the cycle time and lasts",
            where=f"tracks of {cycle_of(tracks):%Y-%m-%d %H} UTC",
            expected=f"at least {fewest} members of such a storm (fewest_members)",
            remedy="fetch the cycle's files again, or wait for the next cycle",
        )


def lasting(tracks: xr.Dataset) -> dict[str, int]:
    """Members of each storm that was seen at the cycle time and that at least half of them still have a day on."""
    there = tracks["lat"].transpose("storm", "member", "time").notnull().values
    counts = there.any(axis=2).sum(axis=1)
    day_on = there[:, :, tracks["step"].values >= 24].any(axis=2).sum(axis=1)
    lasts = np.isfinite(tracks["observed_lat"].values) & (day_on * 2 >= counts) & (counts > 0)
    return {str(storm): int(n) for storm, n, own in zip(tracks["storm"].values, counts, lasts, strict=True) if own}
