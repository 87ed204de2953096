"""Whether a forecast is the one of the day before, with series made by hand."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ibf_pipeline.sources.standing_still import all_members_alike, standing_still


def cube(members: list[list[float]], stations: str = "A") -> xr.DataArray:
    """Members as rows of days, the same at every station."""
    values = np.repeat(np.array(members, dtype=np.float32)[:, :, np.newaxis], len(stations), axis=2)
    coords = {"member": range(len(members)), "lead_time": range(values.shape[1]), "station": list(stations)}
    return xr.DataArray(values, dims=("member", "lead_time", "station"), coords=coords)


BEFORE = [[50, 60, 70, 65, 55], [50, 61, 75, 70, 60], [50, 58, 66, 60, 52]]


def test_a_new_run_is_another_forecast() -> None:
    assert (
        standing_still(cube([[59, 71, 66, 54, 50], [59, 77, 72, 61, 55], [59, 64, 60, 53, 49]]), cube(BEFORE)) is None
    )


def test_the_same_run_has_the_same_values_on_the_same_days_and_one_day_more() -> None:
    assert standing_still(cube([[*row[1:], 40.0] for row in BEFORE]), cube(BEFORE)) == "the same run"


def test_yesterdays_series_under_todays_dates_was_moved_by_a_day() -> None:
    assert standing_still(cube(BEFORE), cube(BEFORE)) == "moved by a day"


def test_members_that_stand_still_beside_a_new_control_are_told() -> None:
    moved = [[59, 71, 66, 54, 50], *BEFORE[1:]]
    assert standing_still(cube(moved), cube(BEFORE)) == "moved by a day"
    one_alike = [[59, 71, 66, 54, 50], [59, 77, 72, 61, 55], BEFORE[2]]
    assert standing_still(cube(one_alike), cube(BEFORE)) is None


def test_dry_beds_and_missing_values_tell_nothing() -> None:
    dry = [[0.0] * 5, [0.3] * 5, [float("nan")] * 5]
    assert standing_still(cube(dry), cube(dry)) is None
    assert not all_members_alike(cube(dry))


def test_only_what_both_have_is_compared() -> None:
    longer = [[*row, 9.0, 8.0] for row in BEFORE]
    assert standing_still(cube(BEFORE, "BA"), cube(longer, "A")) == "moved by a day"
    assert standing_still(cube(BEFORE, "B"), cube(BEFORE, "A")) is None, "no station in common"


def test_one_member_under_many_numbers() -> None:
    assert all_members_alike(cube([BEFORE[0]] * 3))
    assert not all_members_alike(cube(BEFORE))
    assert not all_members_alike(cube(BEFORE[:1]))
