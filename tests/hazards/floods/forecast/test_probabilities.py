"""Counting members: strictly above, exact shares, no float traps."""

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from ibf_pipeline.domain.rule import exact, members_needed
from ibf_pipeline.hazards.floods.forecast.probabilities import (
    exceedance,
    largest_return_period,
    level_of_share,
    meets_probability,
)


def cube(values: list[float]) -> xr.DataArray:
    """One station on one lead time."""
    return xr.DataArray(
        np.array(values, dtype=float).reshape(-1, 1, 1),
        dims=("member", "lead_time", "station"),
        coords={"lead_time": [0], "station": ["G1"]},
    )


def thresholds(**by_period: float) -> xr.DataArray:
    periods = [float(name[1:].replace("_", ".")) for name in by_period]
    return xr.DataArray(
        [list(by_period.values())],
        dims=("station", "return_period"),
        coords={"station": ["G1"], "return_period": periods},
    )


def test_a_member_on_the_threshold_does_not_exceed_it() -> None:
    counts = exceedance(cube([99, 100, 101]), thresholds(p5=100))
    assert counts["above"].item() == 1
    assert counts["members"].item() == 3


@pytest.mark.parametrize("threshold", [50.1, 50.2, 50.3, 50.4, 50.5, 50.6, 50.7])
def test_what_equals_its_threshold_is_not_above_it_in_32_bits(threshold: float) -> None:
    """GloFAS gives 32 bits: 50.2 is 50.2000007 there, and 50.1 is 50.0999985."""
    above = float(np.nextafter(np.float32(threshold), np.float32(99)))
    below = float(np.nextafter(np.float32(threshold), np.float32(0)))
    counts = exceedance(cube([threshold, threshold, above, below]).astype("float32"), thresholds(p5=threshold))
    assert counts["above"].item() == 1


def test_missing_members_are_in_neither_count() -> None:
    counts = exceedance(cube([200, np.nan, 50, np.nan]), thresholds(p5=100))
    assert (counts["above"].item(), counts["members"].item()) == (1, 2)


@pytest.mark.parametrize(
    ("probability", "members", "needed"),
    [(0.6, 50, 30), (0.6, 51, 31), (0.55, 100, 55), (0.7, 10, 7), (0.1, 30, 3), (0.85, 51, 44), (1.0, 51, 51)],
)
def test_the_share_is_counted_exactly(probability: float, members: int, needed: int) -> None:
    """0.55 * 100 is 55.00000000000001 in floats, whose ceiling would ask for 56 members."""
    assert members_needed(exact(probability), xr.DataArray(members)).item() == needed


def test_thirty_of_fifty_reach_sixty_percent_and_thirty_of_fiftyone_do_not() -> None:
    fifty = exceedance(cube([200] * 30 + [50] * 20), thresholds(p5=100))
    fiftyone = exceedance(cube([200] * 30 + [50] * 21), thresholds(p5=100))
    assert meets_probability(fifty, 5, exact(0.6)).item()
    assert not meets_probability(fiftyone, 5, exact(0.6)).item()


def test_no_member_never_reaches_anything() -> None:
    counts = exceedance(cube([np.nan, np.nan]), thresholds(p5=100))
    assert not meets_probability(counts, 5, exact(0.6)).item()
    assert largest_return_period(counts, exact(0.6)).item() == 0


def test_largest_return_period_is_the_largest_reached_with_the_probability() -> None:
    counts = exceedance(cube([10, 30, 30, 30, 60]), thresholds(p1_5=5, p2=20, p5=50))
    assert largest_return_period(counts, exact(0.8)).item() == 2  # 4 of 5 above 20, 1 of 5 above 50
    assert largest_return_period(counts, exact(0.2)).item() == 5
    assert largest_return_period(counts, exact(1.0)).item() == 1.5


def test_level_of_a_share_is_the_kth_largest_member() -> None:
    # 60 % of 5 members are 3: the third largest of 10, 20, 30, 40, 50 is 30
    assert level_of_share(cube([50, 10, 40, 20, 30]), exact(0.6)).item() == 30


def test_level_of_a_share_leaves_missing_members_out() -> None:
    # 60 % of the 2 present are 2: the second largest of 10, 40 is 10
    assert level_of_share(cube([np.nan, 10, np.nan, 40]), exact(0.6)).item() == 10
    assert np.isnan(level_of_share(cube([np.nan]), exact(0.6)).item())


@given(
    st.lists(st.floats(0, 1000, width=32), min_size=1, max_size=60),
    st.integers(1, 100),
    st.floats(0, 1000, width=32),
)
def test_the_level_lies_above_the_threshold_exactly_when_the_rule_is_met(
    values: list[float], percent: int, threshold: float
) -> None:
    probability = Fraction(percent, 100)
    counts = exceedance(cube(values), thresholds(p5=threshold))
    met = sum(value > threshold for value in values) * 100 >= percent * len(values)
    assert meets_probability(counts, 5, probability).item() == met
    assert (level_of_share(cube(values), probability).item() > threshold) == met
