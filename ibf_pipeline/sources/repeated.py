"""Members that are those of the day before under today's dates (pure)."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.discharge.part import TRICKLE
from ibf_pipeline.errors import InputInvalid

_FEWEST: Final = 4
"""values of a member that must tell something"""


def repeated_members(today: xr.DataArray, yesterday: xr.DataArray) -> tuple[int, ...]:
    """Numbers of the members whose values are yesterday's, on every lead time or on every day that both have.

    Both (member, lead_time, station) m3/s; yesterday's lead time k+1 is the day of today's lead time k.

    Rule: a member starts from another state every day, so it never agrees with yesterday's in every value. Only those
    values tell something that are more than a trickle (1 m3/s) and differ among today's members: beds that recede
    without rain do so alike in every member, and rounded to the same numbers on every day.
    """
    members = [number for number in today["member"].values if number in yesterday["member"].values]
    stations = [code for code in today["station"].values if code in yesterday["station"].values]
    if len(members) < 2 or not stations:
        return ()
    now, before = (each.sel(member=members, station=stations).values for each in (today, yesterday))
    days = min(now.shape[1], before.shape[1])
    filled = np.where(np.isfinite(now), now, 0)
    differ = np.where(np.isfinite(now), now, np.inf).min(axis=0) < filled.max(axis=0)
    repeated = np.zeros(len(members), dtype=bool)
    for one, other, tells in (
        (now[:, :days], before[:, :days], differ[:days]),
        (now[:, : days - 1], before[:, 1:days], differ[: days - 1]),
    ):
        both = np.isfinite(one) & np.isfinite(other)
        told = both & (np.maximum(one, other) >= TRICKLE) & tells
        equal = (~both | (one == other)).all(axis=(1, 2))
        repeated |= equal & (told.sum(axis=(1, 2)) >= _FEWEST)
    return tuple(int(number) for number, is_old in zip(members, repeated, strict=True) if is_old)


def without_repeated(today: xr.DataArray, yesterday: xr.DataArray, where: object) -> tuple[xr.DataArray, str]:
    """Today's forecast, members that repeat yesterday's being NaN, and what is to be said of them.

    Raises InputInvalid where more than half of the members do: this is yesterday's forecast.
    """
    members = repeated_members(today, yesterday)
    if not members:
        return today, ""
    listed = ", ".join(f"{member:02d}" for member in members)
    before = yesterday.attrs["issue_date"]
    if 2 * len(members) > today.sizes["member"]:
        raise InputInvalid(
            f"{len(members)} of {today.sizes['member']} members hold the values of the forecast of {before} ({listed})",
            where=where,
            expected=f"a forecast of {today.attrs['issue_date']}",
            remedy="an old forecast was delivered under new dates: fetch it again, or take another source",
        )
    return today.where(~today["member"].isin(members)), (
        f"members that repeat the forecast of {before} count as missing: {listed}"
    )
