"""Which members of an ensemble, and which of their days, may be used."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ibf_pipeline.hazards.floods.screening import leave_out_days_without_water, leave_out_members_without_water
from ibf_pipeline.sources.completeness import completeness


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


def lost_days(*members: list[list[float]]) -> dict[int, tuple[int, ...]]:
    """The days left out, which must be exactly those that are NaN afterwards and were not before."""
    before = ensemble(*members)
    left, days = leave_out_days_without_water(before)
    lost = (left.isnull() & before.notnull()).any("station").values
    assert {day: tuple(np.flatnonzero(lost[:, day])) for day in range(lost.shape[1]) if lost[:, day].any()} == days
    return days


def test_rivers_that_stop_overnight_are_missing_until_they_flow_again() -> None:
    """Two stations that together carry 10 m3/s, and nothing at either on the next two days."""
    assert lost_days([[4, 0, 0, 7], [6, 0, 0, 0]], [[4, 5, 5, 5], [6, 6, 6, 6]]) == {1: (0,), 2: (0,)}
    assert lost_days([[10, 0]]) == {1: (0,)}


def test_three_rivers_stop_and_start_as_little_at_once_as_one_large_one() -> None:
    assert lost_days([[1, 0], [1, 0], [1, 0]]) == {1: (0,)}
    assert lost_days([[0, 0, 1], [0, 0, 1], [0, 0, 1]]) == {0: (0,), 1: (0,)}


def test_rivers_dry_out_by_way_of_a_trickle() -> None:
    assert lost_days([[9, 0, 0, 0]]) == {}
    assert lost_days([[40, 5, 0.5, 0], [40, 4, 0, 0], [40, 4, 0.2, 0]]) == {}


def test_two_wadis_fill_out_of_nothing() -> None:
    assert lost_days([[0, 0, 60], [0, 0, 30]]) == {}


def test_members_start_from_the_same_rivers() -> None:
    """Only the second member is damaged: a member that is dry at first and then fills has no others to agree with."""
    assert lost_days([[10, 12, 14]], [[0, 0, 14]]) == {0: (1,), 1: (1,)}
    assert lost_days([[2, 12, 14]], [[0, 0, 14]]) == {}


def test_one_dry_station_beside_others_with_water_stays() -> None:
    assert lost_days([[50, 0, 0], [5, 4, 3]]) == {}


def test_missing_values_beside_zeros_change_nothing() -> None:
    """What is missing stays so, unnamed, and makes the zeros after it no likelier."""
    assert lost_days([[50, np.nan, 0]]) == {2: (0,)}
    assert lost_days([[50, 0, 0], [np.nan, np.nan, 0]]) == {1: (0,), 2: (0,)}
    assert lost_days([[5, np.nan, 0]]) == {}


def test_a_forecast_with_such_a_day_is_not_whole() -> None:
    counted = completeness(ensemble([[10, 11, 12]], [[10, 0, 0]], [[0, 0, 0]]), 3)
    assert (counted.present, counted.by_lead_time) == ((0, 1), (2, 1, 1))
