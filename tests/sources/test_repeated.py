"""Members of the day before under today's dates, told without a false alarm in a dry season."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.sources.repeated import repeated_members

DAYS = 8


def cube(values: np.ndarray) -> xr.DataArray:
    """(member, lead_time, station)."""
    names = [f"G{number}" for number in range(values.shape[2])]
    coords = {"member": range(len(values)), "lead_time": range(values.shape[1]), "station": names}
    return xr.DataArray(values.astype(np.float32), coords, ("member", "lead_time", "station"))


def rivers(seed: int, members: int = 5, stations: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).uniform(20, 900, (members, DAYS, stations))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), old=st.sets(st.integers(0, 4)), moved=st.booleans())
def test_exactly_the_old_members_are_told(seed: int, old: set[int], moved: bool) -> None:
    """`moved`: yesterday's series under today's dates; else the same run, cut by its first day."""
    yesterday, today = rivers(seed), rivers(seed + 5000)
    for member in old:
        today[member] = yesterday[member] if moved else np.roll(yesterday[member], -1, axis=0)
    assert repeated_members(cube(today), cube(yesterday)) == tuple(sorted(old))


@settings(max_examples=25, deadline=None)
@given(flow=st.sampled_from([0.0, 0.4, 3.0, 250.0]), step=st.sampled_from([0.0, 0.5]), stations=st.integers(1, 4))
def test_beds_that_recede_alike_on_both_days_are_no_repetition(flow: float, step: float, stations: int) -> None:
    """No rain: every member recedes alike, today as forecast yesterday, to the last rounded digit."""
    recession = np.maximum(flow - step * np.arange(DAYS + 1), 0)
    series = np.broadcast_to(recession[np.newaxis, :, np.newaxis], (5, DAYS + 1, stations))
    assert repeated_members(cube(series[:, 1:]), cube(series[:, :-1])) == ()
    assert repeated_members(cube(series[:, :-1]), cube(series[:, :-1])) == ()


def test_rain_at_one_station_tells_of_the_dry_ones_too() -> None:
    yesterday, today = rivers(1), rivers(2)
    yesterday[:, :, 1] = today[:, :, 1] = 0.0
    today[3] = yesterday[3]
    assert repeated_members(cube(today), cube(yesterday)) == (3,)
