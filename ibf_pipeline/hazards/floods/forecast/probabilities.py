"""How many members exceed each threshold, and whether that is enough: exact counting, no float traps."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import xarray as xr

from ibf_pipeline.domain.rule import members_needed


def exceedance(discharge: xr.DataArray, thresholds: xr.DataArray) -> xr.Dataset:
    """Members above each return-period threshold.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s, NaN where a member is missing.
    thresholds
        (station, return_period) m3/s.

    Returns
    -------
    xarray.Dataset
        `above` (return_period, lead_time, station), members with discharge STRICTLY above the threshold; `members`
        (lead_time, station), members present.

    Notes
    -----
    Both sides are compared in the forecast's own precision: GloFAS gives 32 bits, in which 50.2 is 50.2000007, and what
    equals its threshold is not above it. The probability is `above` / `members`.

    Examples
    --------
    >>> discharge = xr.DataArray([[[50.2]], [[50.3]], [[np.nan]]], dims=("member", "lead_time", "station"))
    >>> thresholds = xr.DataArray([[50.2]], {"return_period": [5.0]}, ("station", "return_period"))
    >>> counts = exceedance(discharge.astype("float32"), thresholds)
    >>> int(counts["above"].item()), int(counts["members"].item())
    (1, 2)

    References
    ----------
    docs/design/floods.md, rule 1
    """
    above = (
        (discharge > as_precise(thresholds, discharge)).sum("member").transpose("return_period", "lead_time", "station")
    )
    members = discharge.notnull().sum("member").transpose("lead_time", "station")
    return xr.Dataset({"above": above, "members": members})


def as_precise(thresholds: xr.DataArray, discharge: xr.DataArray) -> xr.DataArray:
    """Thresholds in the floating-point precision of the discharge that they are compared with."""
    return thresholds.astype(discharge.dtype) if np.issubdtype(discharge.dtype, np.floating) else thresholds


def meets_probability(counts: xr.Dataset, return_period: float, probability: Fraction) -> xr.DataArray:
    """Whether P(discharge > threshold of `return_period`) >= `probability`; false with no members.

    Parameters
    ----------
    counts
        `above` (return_period, lead_time, station) and `members` (lead_time, station), as of `exceedance`.
    return_period
        Years, one of the dataset's.
    probability
        0..1, of the members.

    Returns
    -------
    xarray.DataArray
        (lead_time, station) bool.
    """
    above = counts["above"].sel(return_period=return_period, drop=True)
    return (counts["members"] > 0) & (above >= members_needed(probability, counts["members"]))


def largest_return_period(counts: xr.Dataset, probability: Fraction) -> xr.DataArray:
    """The largest return period that is reached with a probability.

    Parameters
    ----------
    counts
        `above` (return_period, lead_time, station) and `members` (lead_time, station), as of `exceedance`.
    probability
        0..1, of the members.

    Returns
    -------
    xarray.DataArray
        (lead_time, station) years; 0 if none is reached.
    """
    enough = (counts["members"] > 0) & (counts["above"] >= members_needed(probability, counts["members"]))
    return (enough * counts["return_period"]).max("return_period")


def level_of_share(discharge: xr.DataArray, probability: Fraction) -> xr.DataArray:
    """The discharge (m3/s) that the share `probability` of the members reaches.

    Parameters
    ----------
    discharge
        m3/s; dims member and any others; NaN where a member is missing.
    probability
        0..1.

    Returns
    -------
    xarray.DataArray
        m3/s, the other dims: the k-th largest member value with k = ceil(probability * members), so it lies strictly
        above a threshold exactly when at least that share of the members does. NaN with no members.

    Examples
    --------
    >>> members = xr.DataArray([10.0, 40.0, 30.0, 20.0, np.nan], dims="member")
    >>> float(level_of_share(members, Fraction(1, 2)))
    30.0
    """
    discharge = discharge.transpose("member", ...)
    values = -np.sort(-discharge.values, axis=0)  # NaN sorts last
    members = discharge.notnull().sum("member")
    place = np.maximum(members_needed(probability, members).values - 1, 0)
    level = np.take_along_axis(values, place[np.newaxis], axis=0)[0]
    return members.copy(data=np.where(members.values > 0, level, np.nan)).astype(float)
