"""Whether a service that names no run gives yesterday's forecast for today's (pure)."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.discharge.part import TRICKLE

Still = Literal["the same run", "moved by a day"]
_FEWEST: Final = 4
"""values of a member that must be there to compare"""


def standing_still(today: xr.DataArray, yesterday: xr.DataArray) -> Still | None:
    """How a forecast is the one of the day before; None where it is another one, or where nothing tells.

    Both (member, lead_time, station) m3/s; yesterday's lead time k+1 is the day of today's lead time k.

    Rule: two runs never agree in every value. A member is that of the same run where its values of the same days are
    equal, and was moved by a day where those of the same lead times are; it is the whole forecast where most members
    are. Compared are the members and stations that both have, where there is more than a trickle (1 m3/s): dry beds are
    equal on every day. Public reports of the service know members that stood still for days beside a fresh control.
    """
    members = [number for number in today["member"].values if number in yesterday["member"].values]
    stations = [code for code in today["station"].values if code in yesterday["station"].values]
    now, before = (each.sel(member=members, station=stations).values for each in (today, yesterday))
    days = min(now.shape[1], before.shape[1])
    if _most_equal(now[:, : days - 1], before[:, 1:days]):
        return "the same run"
    return "moved by a day" if _most_equal(now[:, :days], before[:, :days]) else None


def all_members_alike(discharge: xr.DataArray) -> bool:
    """Whether most members hold the control's values wherever there is more than a trickle: it was copied."""
    values = discharge.values
    return len(values) > 1 and _most_equal(np.broadcast_to(values[:1], values[1:].shape), values[1:])


def _most_equal(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> bool:
    """Whether more than half of the members (first axis) that can be compared are equal in every value."""
    both = np.isfinite(one) & np.isfinite(other) & (np.maximum(one, other) >= TRICKLE)
    told = both.sum(axis=(1, 2)) >= _FEWEST
    equal = told & (~both | (one == other)).all(axis=(1, 2))
    return 2 * int(equal.sum()) > int(told.sum())
