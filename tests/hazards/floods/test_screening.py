"""Which members of an ensemble, and which of their days, may be used."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.screening import (
    days_before_water,
    leave_out_days_without_water,
    leave_out_members_without_water,
)
from ibf_pipeline.sources.completeness import completeness
from tests.worlds.countries.square_country import square_config, square_discharge, square_layers


def ensemble(*members: list[list[float]]) -> xr.DataArray:
    """Members as rows of stations by lead time."""
    values = np.array(members, dtype=float).transpose(0, 2, 1)
    return xr.DataArray(values, dims=("member", "lead_time", "station"), coords={"member": range(len(members))})


def test_an_empty_member_is_left_out_where_the_others_start_with_water() -> None:
    left, numbers = leave_out_members_without_water(ensemble([[15, 6], [0, 0]], [[0, 0], [0, 0]], [[4, 9], [0, 1]]))
    assert numbers == (1,)
    assert left.isnull().sum("lead_time").sum("station").values.tolist() == [0, 4, 0]


def test_a_dry_river_that_some_members_see_filled_later_stays_as_it_is() -> None:
    """On the first day all are dry: rain in some members only is a forecast, and no damage."""
    left, numbers = leave_out_members_without_water(ensemble([[0, 6]], [[0, 0]], [[0, 0]]))
    assert (numbers, int(left.isnull().sum())) == ((), 0)


def test_perennial_rivers_tell_of_most_members_that_they_are_empty() -> None:
    """One member of three has water, 2 and 1 m3/s or more on every day; a wadi ends below 1, or a quarter."""
    dry = [[0] * 3] * 2
    assert leave_out_members_without_water(ensemble([[2, 4, 2], [1, 1, 5]], dry, dry))[1] == (1, 2)
    for wadi in ([[4, 9, 0.9], [1, 1, 5]], [[40, 20, 9], [1, 1, 1]]):
        assert leave_out_members_without_water(ensemble(wadi, dry, dry))[1] == ()


def test_a_brook_in_most_members_is_no_river_that_all_start_with() -> None:
    assert leave_out_members_without_water(ensemble([[5, 6, 0]], [[4, 0, 0]], [[0, 0, 0]]))[1] == ()


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
    """They start so in one member of three; where all are dry on the day before, they are wadis."""
    assert lost_days([[1, 0], [1, 0], [1, 0]]) == {1: (0,)}
    assert lost_days([[0.5, 0, 1]] * 3, [[0.5, 1, 1]] * 3, [[0.5, 1, 1]] * 3) == {1: (0,)}
    assert lost_days(*[[[0, 0, 1]] * 3] * 3) == {}


def test_three_wadis_fill_in_most_members() -> None:
    """A storm on 3-day in 40 of 51 members, and rain on the first day in 15 of them."""
    dry = [[0.0] * 8] * 3
    storm = [[0, 0, 0, 800, 300, 20, 2, 0.5], [0, 0, 0, 400, 50, 5, 1, 0.5], [0, 0, 0, 320, 30, 3, 1, 0.5]]
    first = [[40, 350, 8, 0, 0, 0, 0, 0], [20, 20, 0.9, 0, 0, 0, 0, 0], [5, 5, 0.2, 0, 0, 0, 0, 0]]
    for wet, times in ((storm, 40), (first, 15)):
        members = [wet] * times + [dry] * (51 - times)
        assert leave_out_members_without_water(ensemble(*members))[1] == ()
        assert lost_days(*members) == {}


@pytest.mark.parametrize(
    ("wet", "rain", "lead_time", "triggers"),
    [
        (40, [[0] * 3] * 3 + [[800, 400, 320], [300, 50, 30], [20, 5, 3], [2, 1, 1], [0.5] * 3], 3, True),
        (15, [[40, 20, 5], [350, 20, 5], [8, 0.9, 0.2], *[[0] * 3] * 5], 1, False),
    ],
    ids=["a storm on 3-day", "rain on the first day"],
)
def test_the_dry_members_of_wadis_count(wet: int, rain: list[list[float]], lead_time: int, triggers: bool) -> None:
    """Above 300 m3/s, once in 5 years: 40 / 51 = 0.78 and 15 / 51 = 0.29 of the members; 0.6 are needed."""
    layers = square_layers(3)
    cube = square_discharge(layers, date(2026, 2, 15), {})
    cube.values[:] = 0
    cube.values[:wet] = rain
    found = find(cube, layers, square_config())
    station = found.station("S01")
    assert (found.members_missing, found.doubts, station.members) == ((), (), (51,) * 8)
    assert station.above["5"][lead_time] == wet
    assert [event.trigger for event in found.events if event.station_code == "S01"] == [True] * triggers


def test_all_members_that_fill_on_one_day_are_a_doubt() -> None:
    """A storm that every member has, or files whose first days were lost; one member without it is a forecast."""
    filled, dry = [[0, 0, 30, 9]] * 3, [[0, 0, 0, 0]] * 3
    assert days_before_water(ensemble(filled, filled, [[np.nan] * 4] * 3)) == [1]
    assert days_before_water(ensemble(filled, filled, dry)) == []
    layers = square_layers(3)
    cube = square_discharge(layers, date(2026, 2, 15), {})
    cube.values[:, :2] = 0
    found = find(cube, layers, square_config())
    assert found.doubts == (
        "all members are 0 m3/s at every station on 1-day, and have water at three or more the day after: wadis that a "
        "storm fills, or days that were lost",
    )


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
