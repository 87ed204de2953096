"""Station values, blind and suspect stations (F11, F12)."""

from typing import Literal

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.rule import ClassLimit, exact
from ibf_pipeline.hazards.floods.findings import StationValues
from ibf_pipeline.hazards.floods.forecast.events import Timing
from ibf_pipeline.hazards.floods.forecast.probabilities import exceedance
from ibf_pipeline.hazards.floods.forecast.stations import blind_reasons, rounded_away, station_values, suspect_reasons

QUIET = Timing(np.array([0]), np.array([False]), np.array([0]), np.array([False]))


def triggered(lead_time: int) -> Timing:
    return Timing(np.array([3]), np.array([True]), np.array([lead_time]), np.array([False]))


def values(
    days: list[list[float]],
    event: Timing,
    level: Literal["trigger-probability", "mean"] = "trigger-probability",
    *,
    trigger: float = 50.0,
    dtype: str = "float64",
) -> StationValues | None:
    """Five members by lead time against thresholds 20 (2 years) and `trigger` (5 years), 60 % needed."""
    discharge = xr.DataArray(
        np.array(days, dtype=dtype).T[:, :, np.newaxis],
        dims=("member", "lead_time", "station"),
        coords={"lead_time": range(len(days)), "station": ["G1"]},
    )
    thresholds = xr.DataArray(
        [[20.0, trigger]],
        dims=("station", "return_period"),
        coords={"station": ["G1"], "return_period": [2.0, 5.0]},
    )
    counts = exceedance(discharge, thresholds)
    (found,) = station_values(
        discharge, counts, thresholds, event, [None], trigger=ClassLimit(5.0, exact(0.6)), level=level
    )
    return found


def test_values_of_an_event_are_those_of_its_lead_time() -> None:
    found = values([[1, 1, 1, 1, 1], [10, 20, 55, 60, 70]], triggered(1))
    assert found == StationValues(1, 55, 5, 50, "max")


@pytest.mark.parametrize("trigger", [50.1, 50.2, 50.3, 50.4, 50.5, 50.6, 50.7])
def test_a_level_on_the_trigger_level_is_sent_as_it(trigger: float) -> None:
    """As GloFAS gives it, in 32 bits: the portal must not show 50.21 against 50.2."""
    found = values([[trigger] * 5], QUIET, trigger=trigger, dtype="float32")
    assert found is not None
    assert (found.forecast_level, found.trigger_level, found.forecast_return_period) == (trigger, trigger, 2)


def test_the_mean_can_be_asked_for_and_lies_where_it_lies() -> None:
    """The mean of 10, 10, 51, 51, 51 is 34.6, below the threshold of 50 that 60 % of the members exceed."""
    assert values([[10, 10, 51, 51, 51]], triggered(0), "mean") == StationValues(0, 34.6, 5, 50, "max")
    assert values([[10, 10, 51, 51, 51]], triggered(0)) == StationValues(0, 51, 5, 50, "max")


def test_a_quiet_station_is_sent_as_7_day_with_its_highest_day() -> None:
    found = values([[1, 1, 1, 1, 1], [30, 30, 30, 51, 52], [9, 9, 9, 9, 51]], QUIET)
    assert found == StationValues(7, 30, 2, 50, "no")


def test_below_the_smallest_threshold_the_return_period_is_zero() -> None:
    assert values([[1, 2, 3, 4, 5]], QUIET) == StationValues(7, 3, 0, 50, "no")


@pytest.mark.parametrize(
    ("level", "limit", "rounded"),
    [
        (93.6875, 100, 93.69),
        (50.001, 50, 50.01),
        (49.999, 49.9995, 49.99),
        (50.0, 50.0, 50.0),
        (244.800003, 232.0, 244.8),
    ],
)
def test_rounding_never_crosses_the_trigger_level(level: float, limit: float, rounded: float) -> None:
    assert rounded_away(level, limit) == rounded
    assert (rounded > limit) == (level > limit)


def test_a_blind_station_has_no_values() -> None:
    dry = xr.DataArray(np.full((3, 1, 1), np.nan), dims=("member", "lead_time", "station"))
    thresholds = xr.DataArray([[50.0]], dims=("station", "return_period"), coords={"return_period": [5.0]})
    counts, trigger = exceedance(dry, thresholds), ClassLimit(5.0, exact(0.6))
    for level in ("trigger-probability", "mean"):
        assert station_values(dry, counts, thresholds, QUIET, ["blind"], trigger=trigger, level=level) == [None]


def test_a_station_with_too_few_members_on_one_day_is_blind() -> None:
    """Three stations by lead time; the second one has as few members on two days, of which the first is named."""
    members = xr.DataArray([[51, 51, 51], [34, 33, 0], [51, 33, 51]], dims=("lead_time", "station"))
    assert blind_reasons(members, 34, outside=[False] * 3, rivers=[True] * 3) == [
        None, "33 valid members on 1-day, 34 needed", "0 valid members on 1-day, 34 needed",
    ]  # fmt: skip


def test_a_station_outside_the_grid_or_off_the_river_is_blind() -> None:
    members = xr.DataArray([[51, 51, 0]], dims=("lead_time", "station"))
    assert blind_reasons(members, 34, outside=[True, False, True], rivers=[True, False, False]) == [
        "outside the grid of the forecast", "on a cell that is no river", "outside the grid of the forecast",
    ]  # fmt: skip


def test_a_practically_dry_station_is_suspect() -> None:
    """At most 0.1 m3/s at each: 4 % of 2.4 and 5.3 % of 1.9. Nothing is said where nothing is known."""
    dry = xr.DataArray([[[0.05, 0.05, np.nan]], [[0.1, 0.1, np.nan]]], dims=("member", "lead_time", "station"))
    thresholds = xr.DataArray([[2.4, 9], [1.9, 9], [1.9, 9]], dims=("station", "return_period"))
    assert suspect_reasons(dry, thresholds, 0.05) == [
        "practically dry: at most 0.1 m3/s against a smallest threshold of 2.4", None, None,
    ]  # fmt: skip


def test_thresholds_in_litres_are_suspected_by_what_the_ensemble_carries() -> None:
    """56 m3/s against a flood of 34.6 m3/s in litres; as much against 100 times less; water of a brook; a dry wadi."""
    water = xr.DataArray([[[50.0, 56.0, 9.9, 0.0]], [[56.0, 50.0, 9.0, 0.0]]], dims=("member", "lead_time", "station"))
    thresholds = xr.DataArray([[34570.7], [5599], [999], [34570.7]], dims=("station", "return_period"))
    for share in (0.05, 0):
        said = suspect_reasons(water, thresholds, share)
        assert said[0] == (
            "thresholds begin at 34,571 m3/s, 617 times the 56 m3/s that members carry at most on any day: are they "
            "litres per second, or another river's?"
        )
        assert [words and words.split(":")[0] for words in said[1:]] == ["practically dry" if share else None] * 3


def test_a_station_that_no_flood_can_be_so_high_at_is_suspect() -> None:
    """At least ten times the largest threshold in every member on every day: 91 against 9, and 90 against 9."""
    high = xr.DataArray([[[91.0, 90.0]], [[400.0, 400.0]]], dims=("member", "lead_time", "station"))
    thresholds = xr.DataArray([[2.4, 9], [2.4, 9]], dims=("station", "return_period"))
    assert suspect_reasons(high, thresholds, 0.05) == [
        "at least 91 m3/s in every member on every day, thresholds end at 9: another river's?", None,
    ]  # fmt: skip
