"""Which members of an ensemble may be used."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ibf_pipeline.usable import leave_out_members_without_water


def ensemble(*members: list[list[float]]) -> xr.DataArray:
    """Members as rows of stations by lead time."""
    values = np.array(members, dtype=float).transpose(0, 2, 1)
    return xr.DataArray(values, dims=("member", "lead_time", "station"), coords={"member": range(len(members))})


def test_an_empty_member_is_left_out_where_the_others_start_with_water() -> None:
    left, numbers = leave_out_members_without_water(ensemble([[5, 6], [0, 0]], [[0, 0], [0, 0]], [[4, 9], [0, 1]]))
    assert numbers == (1,)
    assert left.isnull().sum("lead_time").sum("station").values.tolist() == [0, 4, 0]


def test_a_dry_river_that_some_members_see_filled_later_stays_as_it_is() -> None:
    """On the first day all are dry: rain in some members only is a forecast, and no damage."""
    left, numbers = leave_out_members_without_water(ensemble([[0, 6]], [[0, 0]], [[0, 0]]))
    assert (numbers, int(left.isnull().sum())) == ((), 0)


def test_missing_values_are_no_zeros() -> None:
    left, numbers = leave_out_members_without_water(ensemble([[5, 6]], [[np.nan, np.nan]]))
    assert (numbers, int(left.isnull().sum())) == ((), 2)
