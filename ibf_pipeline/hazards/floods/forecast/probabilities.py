"""How many members exceed each threshold, and whether that is enough: exact counting, no float traps."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import xarray as xr

from ibf_pipeline.domain.rule import members_needed


def exceedance(discharge: xr.DataArray, thresholds: xr.DataArray) -> xr.Dataset:
    """Members above each return-period threshold.

    `discharge`: (member, lead_time, station) m3/s, NaN where a member is missing; `thresholds`: (station,
    return_period) m3/s.

    Returns `above` (return_period, lead_time, station), members with discharge STRICTLY above the threshold, and
    `members` (lead_time, station), members present. Both sides are compared in the forecast's own precision: GloFAS
    gives 32 bits, in which 50.2 is 50.2000007, and what equals its threshold is not above it.
    Source: likelihood = count(member > threshold) / number of members present (production rule).
    """
    above = (
        (discharge > as_precise(thresholds, discharge)).sum("member").transpose("return_period", "lead_time", "station")
    )
    members = discharge.notnull().sum("member").transpose("lead_time", "station")
    return xr.Dataset({"above": above, "members": members})


def as_precise(thresholds: xr.DataArray, discharge: xr.DataArray) -> xr.DataArray:
    """Thresholds in the floating-point precision of the discharge that they are compared with."""
    return thresholds.astype(discharge.dtype) if np.issubdtype(discharge.dtype, np.floating) else thresholds


def reached(counts: xr.Dataset, return_period: float, probability: Fraction) -> xr.DataArray:
    """(lead_time, station): P(discharge > threshold of `return_period`) >= `probability`; false with no members."""
    above = counts["above"].sel(return_period=return_period, drop=True)
    return (counts["members"] > 0) & (above >= members_needed(probability, counts["members"]))


def largest_return_period(counts: xr.Dataset, probability: Fraction) -> xr.DataArray:
    """(lead_time, station) years: the largest return period reached with `probability`, 0 where none is."""
    enough = (counts["members"] > 0) & (counts["above"] >= members_needed(probability, counts["members"]))
    return (enough * counts["return_period"]).max("return_period")


def level_of_share(discharge: xr.DataArray, probability: Fraction) -> xr.DataArray:
    """The discharge (m3/s) that the share `probability` of the members reaches.

    `discharge`: dims member and any others, which are those of the result. It is the k-th largest member value with
    k = ceil(probability * members), so it lies strictly above a threshold exactly where at least that share of the
    members does. NaN with no members.
    """
    discharge = discharge.transpose("member", ...)
    values = -np.sort(-discharge.values, axis=0)  # NaN sorts last
    members = discharge.notnull().sum("member")
    place = np.maximum(members_needed(probability, members).values - 1, 0)
    level = np.take_along_axis(values, place[np.newaxis], axis=0)[0]
    return members.copy(data=np.where(members.values > 0, level, np.nan)).astype(float)
