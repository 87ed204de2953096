"""How many members a cycle has, and whether its file is whole (rule 3)."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.errors import InputInvalid

_LAST_DIGIT: Final = {"lat": 0.011, "lon": 0.011, "wind": 0.11, "pressure": 0.11}
"""degrees, m/s and hPa: what packing may make of one number in two files"""


def without_doubled_run(tracks: xr.Dataset) -> xr.Dataset:
    """The cycle without its high-resolution run if that is the control run once more (rule 3).

    From cycle 50r1 of the model on both are one run: it counts once. They are one if every storm has the same centres,
    winds and pressures in both at the same times, to the last digit of a message.

    Parameters
    ----------
    tracks
        As `domain/tracks.py` describes.
    """
    kinds = tracks["kind"].values
    control, high = np.flatnonzero(kinds == "control"), np.flatnonzero(kinds == "high-resolution")
    if not len(control) or not len(high) or not bool(tracks["lat"].isel(member=high).notnull().any()):
        return tracks
    same = (
        np.allclose(
            tracks[name].isel(member=high).values,
            tracks[name].isel(member=control).values,
            rtol=0,
            atol=last_digit,
            equal_nan=True,
        )
        for name, last_digit in _LAST_DIGIT.items()
    )
    return tracks.isel(member=np.flatnonzero(kinds != "high-resolution")) if all(same) else tracks


def members_of(tracks: xr.Dataset, country: TyphoonCountry) -> int:
    """The denominator of every probability: members of the cycle, with this storm or without (rule 3).

    The configured perturbed members, and the control and the high-resolution run if any message of the cycle has them.
    A disturbance that comes with 2 members is in 2 of 52.

    Parameters
    ----------
    tracks
        Without a doubled run.
    country
        The country's configuration: `members`, the perturbed ones.
    """
    there = tracks["lat"].notnull().any(("storm", "time")).values
    kinds = tracks["kind"].values
    single = sum(bool((there & (kinds == kind)).any()) for kind in ("control", "high-resolution"))
    return max(country.members, int((kinds == "perturbed").sum())) + single


def require_whole(tracks: xr.Dataset, fewest: int) -> None:
    """Refuse a file that lost members, judged by the storms that were seen at the cycle time (rule 3).

    The message of such a storm lists all members, also those that do not have it: a weak storm that half of them have
    is whole, wherever it is. Disturbances are listed with the members that have them, and say nothing.

    Parameters
    ----------
    tracks
        As `domain/tracks.py` describes.
    fewest
        Members that one such storm has to list.

    Raises
    ------
    InputInvalid
        If the storm with the most listed members has fewer than `fewest`.
    """
    listed = tracks["listed"].where(np.isfinite(tracks["observed_lat"]))
    if bool(listed.notnull().any()) and int(listed.max()) < fewest:
        storm = str(tracks["storm"].values[int(np.nanargmax(listed.values))])
        raise InputInvalid(
            f"only {int(listed.max())} members are listed of storm {storm}, which was seen at the cycle time",
            where=f"tracks of {cycle_of(tracks):%Y-%m-%d %H} UTC",
            expected=f"at least {fewest} members of such a storm (fewest_members), with it or without",
            remedy="fetch the cycle's files again, or wait for the next cycle",
        )


def lasting(tracks: xr.Dataset) -> dict[str, int]:
    """Storms that were seen at the cycle time and that half of the members which have them still have after a day.

    Parameters
    ----------
    tracks
        As `domain/tracks.py` describes.

    Returns
    -------
    dict
        Storm -> number of members that have it at any time.
    """
    there = tracks["lat"].transpose("storm", "member", "time").notnull().values
    counts = there.any(axis=2).sum(axis=1)
    day_on = there[:, :, tracks["step"].values >= 24].any(axis=2).sum(axis=1)
    lasts = np.isfinite(tracks["observed_lat"].values) & (day_on * 2 >= counts) & (counts > 0)
    return {str(storm): int(n) for storm, n, own in zip(tracks["storm"].values, counts, lasts, strict=True) if own}
