"""Rules 1 to 3: rolling sums, what is missing, what a source's steps hide, and what runs down from upstream."""

from __future__ import annotations

import numpy as np
import pytest

from ibf_pipeline.errors import ConfigError, InputInvalid
from ibf_pipeline.hazards.flash_floods.catchments import catchment_weights, upstream
from ibf_pipeline.hazards.flash_floods.sums import rolling, series_of, sums_of, worse
from tests.worlds.countries.two_valleys import AREAS, FIRST, rain

HOUR_0 = -FIRST


def test_a_sum_is_of_the_hours_up_to_and_with_its_own() -> None:
    values = np.array([[1.0], [2.0], [4.0], [8.0]])
    assert rolling(values, 1).ravel().tolist() == [1, 2, 4, 8]
    assert rolling(values, 3).ravel().tolist() == [1, 3, 7, 14]
    assert rolling(values, 9).ravel().tolist() == [1, 3, 7, 15]


def test_a_missing_hour_makes_a_lower_bound_and_is_not_dry() -> None:
    series = series_of(rain({"A1": {1: 30, 2: 40}}, missing={"A1": [3]}))
    four = sums_of(series, 4)
    assert four.amount[0, HOUR_0 + 3 : HOUR_0 + 7, 0].tolist() == [70, 70, 40, 0]
    assert four.whole[HOUR_0 + 2 : HOUR_0 + 8, 0].tolist() == [True, False, False, False, False, True]
    assert four.whole[HOUR_0 + 3, 1], "A2 misses nothing"
    assert not four.sure[HOUR_0 + 3, 0]


def test_sums_that_reach_back_before_the_series_are_lower_bounds() -> None:
    day = sums_of(series_of(rain({})), 24)
    assert day.whole[:24, 0].tolist() == [False] * 23 + [True]


def test_an_hour_that_half_of_the_members_miss_is_missing() -> None:
    cube = rain([{"A1": {1: 5}}, {}])
    cube[1, HOUR_0 + 2, 0] = np.nan
    series = series_of(cube)
    assert (len(series.amount), series.left_out) == (2, 0)
    assert not sums_of(series, 1).whole[HOUR_0 + 2, 0]


def test_members_that_miss_what_most_have_are_left_out() -> None:
    """One has no value at all, one ends early: the other four count, and their sums are whole."""
    cube = rain([{"A1": {1: 5}}, {}, {}, {}, {}, {}])
    cube[4] = np.nan
    cube[5, HOUR_0 + 20 :] = np.nan
    series = series_of(cube)
    assert (len(series.amount), series.left_out) == (4, 2)
    assert sums_of(series, 1).whole.all()


def test_members_are_not_left_out_where_only_few_are_whole() -> None:
    cube = rain([{}, {}, {}])
    cube[1, HOUR_0 + 2] = np.nan
    cube[2, HOUR_0 + 3] = np.nan
    series = series_of(cube)
    assert (len(series.amount), series.left_out) == (3, 0)
    assert sums_of(series, 1).whole[HOUR_0 + 1 : HOUR_0 + 5, 0].tolist() == [True, False, False, True]


def test_steps_longer_than_a_duration_do_not_resolve_it() -> None:
    series = series_of(rain({}, step=3))
    one, four = sums_of(series, 1), sums_of(series, 4)
    assert one.resolved[HOUR_0 - 1 : HOUR_0 + 3, 0].tolist() == [True, True, False, False]
    assert four.resolved.all()
    two = sums_of(series, 2)
    assert two.resolved[HOUR_0 : HOUR_0 + 2, 0].tolist() == [True, False], "a sum with one such hour is not resolved"


def test_the_share_that_was_measured() -> None:
    four = sums_of(series_of(rain({}, observed_to=1)), 4)
    assert four.observed[HOUR_0 + 1 : HOUR_0 + 6, 0].tolist() == [1, 0.75, 0.5, 0.25, 0]


def test_no_rain_at_all_stops_the_run() -> None:
    cube = rain({})
    cube[:] = np.nan
    with pytest.raises(InputInvalid, match="no rain of any hour and area is there"):
        series_of(cube)


def test_hours_that_are_left_out_are_refused() -> None:
    cube = rain({})
    with pytest.raises(InputInvalid, match="the hours of the rain have gaps"):
        series_of(cube.isel(time=[0, 1, 3]))


def test_upstream_is_the_mean_by_size_and_the_worse_of_both_counts() -> None:
    """A1's catchment: 30 km2 of U1 and 10 km2 of itself. 40 mm on U1 are 30 mm there, A1's own 20 mm add 5."""
    own = series_of(rain({"U1": {1: 40}, "A1": {1: 20}}))
    mean = upstream(own, catchment_weights({"A1": {"U1": 30, "A1": 10}}, AREAS))
    assert mean.amount[0, HOUR_0 + 1].tolist() == [35, 0, 0, 40], "areas that declare none are their own"
    both = worse(sums_of(own, 1), sums_of(mean, 1))
    assert both.amount[0, HOUR_0 + 1].tolist() == [35, 0, 0, 40]


def test_a_plain_mean_never_hides_an_areas_own_rain() -> None:
    """100 mm on one of twenty equal areas are 5 mm as a mean; the area itself still counts with 100."""
    names = [f"T{number}" for number in range(20)]
    own = series_of(rain({"A1": {1: 100}})).amount[:, :, :1]
    cube = rain({"A1": {1: 100}}).isel(area=[0] + [1] * 19).assign_coords(area=names)
    series = series_of(cube)
    mean = upstream(series, catchment_weights({"T0": dict.fromkeys(names, 1.0)}, names))
    assert (own[0, HOUR_0 + 1, 0], mean.amount[0, HOUR_0 + 1, 0]) == (100, 5)
    assert worse(sums_of(series, 1), sums_of(mean, 1)).amount[0, HOUR_0 + 1, 0] == 100


def test_a_catchment_with_a_missing_hour_is_a_lower_bound() -> None:
    own = series_of(rain({"A1": {1: 20}}, missing={"U1": [1]}))
    mean = upstream(own, catchment_weights({"A1": {"U1": 30, "A1": 10}}, AREAS))
    both = worse(sums_of(own, 1), sums_of(mean, 1))
    assert mean.amount[0, HOUR_0 + 1, 0] == 5
    assert both.amount[0, HOUR_0 + 1, 0] == 20
    assert both.whole[HOUR_0 : HOUR_0 + 3, 0].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("sizes", "found"), [({"X9": 1}, "has X9"), ({"U1": 0}, "has areas without a size"), ({}, "has areas without a")]
)
def test_a_catchment_that_cannot_be(sizes: dict[str, float], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        catchment_weights({"A1": sizes}, AREAS)
