"""Members that say nothing of their own, told without a false alarm in a dry season."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.sources.duplicate_members import (
    ALL_AGREE,
    all_agree,
    all_members_alike,
    copied_members,
    is_rounded,
    own_members,
    repeated_members,
    stale_forecast,
)

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
    still = "moved by a day" if moved else "the same run"
    assert repeated_members(cube(today), cube(yesterday)) == ({still: tuple(sorted(old))} if old else {})


@settings(max_examples=25, deadline=None)
@given(flow=st.sampled_from([0.0, 0.4, 3.0, 250.0]), step=st.sampled_from([0.0, 0.5]), stations=st.integers(1, 4))
def test_beds_that_recede_alike_on_both_days_are_no_repetition(flow: float, step: float, stations: int) -> None:
    """No rain: every member recedes alike, today as forecast yesterday, to the last rounded digit."""
    recession = np.maximum(flow - step * np.arange(DAYS + 1), 0)
    series = np.broadcast_to(recession[np.newaxis, :, np.newaxis], (5, DAYS + 1, stations))
    assert repeated_members(cube(series[:, 1:]), cube(series[:, :-1])) == {}
    assert repeated_members(cube(series[:, :-1]), cube(series[:, :-1])) == {}


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    step=st.sampled_from([0.03125, 0.25, 1.0]),
    recession=st.sampled_from([1.0, 0.998, 0.985]),
    wet=st.integers(0, 12),
)
def test_members_without_rain_on_both_days_are_members(seed: int, step: float, recession: float, wet: int) -> None:
    """A dry season, packed: some members have late rain, others each day and more of it today; the rest recede."""
    rng = np.random.default_rng(seed)
    flow = np.array([12.0, 40.0, 5.0]) * recession ** np.arange(DAYS + 1)[:, np.newaxis]
    both = []
    for start, least in ((0, 5), (1, 50)):
        values = np.tile(flow[start : start + DAYS], (20, 1, 1))
        for member in rng.choice(20, wet, replace=False):
            values[member, rng.integers(2, 5) :] += rng.uniform(least, least + 40)
        both.append(cube(np.round(values / step) * step).assign_attrs(issue_date=f"2026-02-1{start + 4}"))
    assert repeated_members(both[1], both[0]) == {}


def test_rain_at_one_station_tells_of_the_dry_ones_too() -> None:
    yesterday, today = rivers(1), rivers(2)
    yesterday[:, :, 1] = today[:, :, 1] = 0.0
    today[3] = yesterday[3]
    assert repeated_members(cube(today), cube(yesterday)) == {"moved by a day": (3,)}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), copies=st.dictionaries(st.integers(1, 4), st.just(0), max_size=2))
def test_members_that_are_copies_count_as_missing_and_are_named(seed: int, copies: dict[int, int]) -> None:
    today = rivers(seed, stations=3)
    for member, original in copies.items():
        today[member] = today[original]
    assert copied_members(cube(today)) == copies
    own, said = own_members(cube(today), None, "in")
    assert own["member"].values[own.isnull().all(["lead_time", "station"])].tolist() == sorted(copies)
    listed = ", ".join(f"{member:02d}" for member in sorted(copies))
    assert said == (f"members that copy another one count as missing: {listed}" if copies else "")


def test_one_member_at_all_stations_is_refused() -> None:
    """Written under five numbers."""
    today = cube(rivers(1, 1).repeat(5, axis=0)).assign_attrs(issue_date="2026-02-15")
    with pytest.raises(InputInvalid, match="4 of 5 members hold the values of another one at every station"):
        own_members(today, None, "in")


@pytest.mark.parametrize("noise", [1e-6, 1e-4, 3e-4])
def test_one_member_that_was_changed_a_little_is_a_doubt(noise: float) -> None:
    """As members without rain are while a wave comes down the rivers: nothing tells one from the other."""
    changed = 1 + noise * np.random.default_rng(3).uniform(-1, 1, (5, DAYS, 2))
    today = cube(rivers(1, 1).repeat(5, axis=0) * changed)
    own, said = own_members(today, None, "in")
    assert (said, int(own.isnull().sum())) == (ALL_AGREE, 0)


@pytest.mark.parametrize(
    ("step", "least"), [(0.001, 0), (0.01, 0), (0.1, 0), (1.0, 0), (2**-8, 0), (0.25, 0), (2**-8, 0.00123), (0.25, 0.3)]
)
def test_equal_members_in_rounded_values_are_a_doubt(step: float, least: float) -> None:
    """`least`: what GRIB adds its steps to."""
    today = cube(np.round(rivers(1, 1).repeat(5, axis=0) / step) * step + least)
    assert is_rounded(today.values)
    assert copied_members(today) == {}
    assert own_members(today, None, "in")[1] == ALL_AGREE


@pytest.mark.parametrize("step", [0.1, 0.25])
def test_equal_members_in_rounded_values_are_copies_where_several_rivers_rise(step: float) -> None:
    """Three stations: on two, one wave may be on its way."""
    today = cube(np.round(rivers(1, 1, stations=3).repeat(5, axis=0) / step) * step)
    assert is_rounded(today.values)
    assert copied_members(today) == {1: 0, 2: 0, 3: 0, 4: 0}
    assert copied_members(today.isel(station=[0, 1])) == {}


def test_values_that_nobody_rounded() -> None:
    for seed in range(20):
        assert not is_rounded(cube(rivers(seed, 1, 1)).values)
        assert not is_rounded(cube(rivers(seed)).values)
    assert not is_rounded(cube(np.full((5, DAYS, 1), 3.0)).values), "no river"


def test_members_that_part_by_more_than_a_thousandth_agree_no_longer() -> None:
    """300 m3/s; 0.29 more in one member is within a thousandth and 0.01."""
    wave = np.outer([100, 150, 225, 300, 250, 200, 150, 100], [1.0])[np.newaxis].repeat(3, axis=0)
    wave[2, 3] += 0.29
    assert all_agree(cube(wave))
    wave[2, 3] += 0.03
    assert not all_agree(cube(wave))
    assert not all_agree(cube(wave[:1])), "one member alone"


def test_three_stations_of_a_river_in_one_day_are_one_rise() -> None:
    """A wave reaches three stations within a day; it rises on two days, and then rain on a third one tells."""
    wave = np.outer([50, 60, 70, 69, 68, 67, 66, 65], [2**0.5, 3**0.5, 5**0.5])[np.newaxis].repeat(5, axis=0)
    assert copied_members(cube(wave)) == {}
    wave[:, 6] += 9 * 2**0.5
    assert copied_members(cube(wave)) == {1: 0, 2: 0, 3: 0, 4: 0}


def test_copies_that_the_reader_found_are_named_with_the_others() -> None:
    today = rivers(1)
    today[3], today[4] = today[0], np.nan
    _, said = own_members(cube(today).assign_attrs(copies=[4]), None, "in")
    assert said == "members that copy another one count as missing: 03, 04"


def test_a_copy_with_the_same_days_missing_is_a_copy() -> None:
    today = rivers(1, 1).repeat(2, axis=0)
    today[:, 7] = np.nan
    assert copied_members(cube(today)) == {1: 0}
    today[1, 0, 0] = np.nan
    assert copied_members(cube(today)) == {}


def test_members_that_differ_by_little_everywhere_are_several() -> None:
    """3,000 m3/s and 1 more for each member: a third of a thousandth on every day, as one start makes it."""
    today = 3000 + 200.0 * np.arange(DAYS)[:, np.newaxis] + np.arange(5)[:, np.newaxis, np.newaxis]
    assert copied_members(cube(today)) == {}


@pytest.mark.parametrize(
    "bed",
    [
        [0.0] * DAYS,
        [250.0] * DAYS,
        [250.0 - day for day in range(DAYS)],
        [2.0 + day for day in range(DAYS)],
        [50, 60, 70, 69, 68, 67, 66, 65],
        [900 * 1.03**day for day in range(DAYS)],
    ],
    ids=[
        "dry",
        "constant",
        "receding",
        "a brook that rises",
        "a wave that was on its way",
        "a slow wave of a long river",
    ],
)
def test_low_flow_is_no_copy(bed: list[float]) -> None:
    """No rain, or so little that it is lost where a file rounds: every member may well have the same."""
    assert copied_members(cube(np.outer(bed, [1.0])[np.newaxis].repeat(5, axis=0))) == {}


def series(members: list[list[float]], stations: str = "A") -> xr.DataArray:
    """Members as rows of days, the same at every station."""
    values = np.repeat(np.array(members, dtype=np.float32)[:, :, np.newaxis], len(stations), axis=2)
    coords = {"member": range(len(members)), "lead_time": range(values.shape[1]), "station": list(stations)}
    return xr.DataArray(values, dims=("member", "lead_time", "station"), coords=coords)


BEFORE = [[50, 60, 70, 65, 55], [50, 61, 75, 70, 60], [50, 58, 66, 60, 52]]


def test_a_new_run_is_another_forecast() -> None:
    assert (
        stale_forecast(series([[59, 71, 66, 54, 50], [59, 77, 72, 61, 55], [59, 64, 60, 53, 49]]), series(BEFORE))
        is None
    )


def test_the_same_run_has_the_same_values_on_the_same_days_and_one_day_more() -> None:
    assert stale_forecast(series([[*row[1:], 40.0] for row in BEFORE]), series(BEFORE)) == "the same run"


def test_yesterdays_series_under_todays_dates_was_moved_by_a_day() -> None:
    assert stale_forecast(series(BEFORE), series(BEFORE)) == "moved by a day"


def test_members_that_stand_still_beside_a_new_control_are_told() -> None:
    moved = [[59, 71, 66, 54, 50], *BEFORE[1:]]
    assert stale_forecast(series(moved), series(BEFORE)) == "moved by a day"
    one_alike = [[59, 71, 66, 54, 50], [59, 77, 72, 61, 55], BEFORE[2]]
    assert stale_forecast(series(one_alike), series(BEFORE)) is None


def test_dry_beds_and_missing_values_tell_nothing() -> None:
    dry = [[0.0] * 5, [0.3] * 5, [float("nan")] * 5]
    assert stale_forecast(series(dry), series(dry)) is None
    assert not all_members_alike(series(dry))


def test_only_what_both_have_is_compared() -> None:
    longer = [[*row, 9.0, 8.0] for row in BEFORE]
    assert stale_forecast(series(BEFORE, "BA"), series(longer, "A")) == "moved by a day"
    assert stale_forecast(series(BEFORE, "B"), series(BEFORE, "A")) is None, "no station in common"


def test_one_member_under_many_numbers() -> None:
    rain = [50, 60, 70, 65, 90]
    assert all_members_alike(series([rain] * 3))
    assert not all_members_alike(series([rain, rain, BEFORE[1]])), "half of them"
    assert not all_members_alike(series([np.round(5 * 0.985 ** np.arange(8), 2).tolist()] * 51)), "a recession"
    assert not all_members_alike(series(BEFORE))
    assert not all_members_alike(series(BEFORE[:1]))
