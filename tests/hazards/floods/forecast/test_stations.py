"""Station values, blind and suspect stations (design section 5, rules 11 and 12)."""

from typing import Literal

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.found import StationValues
from ibf_pipeline.domain.rule import exact
from ibf_pipeline.hazards.floods.forecast.events import Timing
from ibf_pipeline.hazards.floods.forecast.probabilities import exceedance
from ibf_pipeline.hazards.floods.forecast.stations import blind_reason, rounded_away, station_values, suspect_reason


def values(
    days: list[list[float]],
    event: Timing | None,
    level: Literal["trigger-probability", "mean"] = "trigger-probability",
    *,
    trigger: float = 50.0,
    dtype: str = "float64",
) -> StationValues:
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
    return station_values(discharge, counts, thresholds, event, return_period=5.0, probability=exact(0.6), level=level)


def test_values_of_an_event_are_those_of_its_lead_time() -> None:
    found = values([[1, 1, 1, 1, 1], [10, 20, 55, 60, 70]], Timing(1, 1, "max"))
    assert found == StationValues(1, 55, 5, 50, "max")


@pytest.mark.parametrize("trigger", [50.1, 50.2, 50.3, 50.4, 50.5, 50.6, 50.7])
def test_a_level_on_the_trigger_level_is_sent_as_it(trigger: float) -> None:
    """As GloFAS gives it, in 32 bits: the portal must not show 50.21 against 50.2."""
    found = values([[trigger] * 5], None, trigger=trigger, dtype="float32")
    assert (found.forecast_level, found.trigger_level, found.forecast_return_period) == (trigger, trigger, 2)


def test_the_mean_can_be_asked_for_and_lies_where_it_lies() -> None:
    """The mean of 10, 10, 51, 51, 51 is 34.6, below the threshold of 50 that 60 % of the members exceed."""
    assert values([[10, 10, 51, 51, 51]], Timing(0, 0, "max"), "mean").forecast_level == 34.6
    assert values([[10, 10, 51, 51, 51]], Timing(0, 0, "max")).forecast_level == 51


def test_a_quiet_station_is_sent_as_7_day_with_its_highest_day() -> None:
    found = values([[1, 1, 1, 1, 1], [30, 30, 30, 51, 52], [9, 9, 9, 9, 51]], None)
    assert found == StationValues(7, 30, 2, 50, "no")


def test_below_the_smallest_threshold_the_return_period_is_zero() -> None:
    assert values([[1, 2, 3, 4, 5]], None).forecast_return_period == 0


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


def members(*by_lead_time: int) -> xr.DataArray:
    return xr.DataArray(list(by_lead_time), dims="lead_time", coords={"lead_time": range(len(by_lead_time))})


def test_a_station_with_too_few_members_on_one_day_is_blind() -> None:
    assert blind_reason(members(51, 34, 51), 34, outside=False, river=True) is None
    assert blind_reason(members(51, 33, 51), 34, outside=False, river=True) == "33 valid members on 1-day, 34 needed"


def test_a_station_outside_the_grid_or_off_the_river_is_blind() -> None:
    assert blind_reason(members(51), 34, outside=True, river=True) == "outside the grid of the forecast"
    assert blind_reason(members(51), 34, outside=False, river=False) == "on a cell that is no river"


def test_a_practically_dry_station_is_suspect() -> None:
    dry = xr.DataArray([[0.05], [0.1]], dims=("member", "lead_time"))
    assert suspect_reason(dry, 2.4, 0.05) is not None  # 0.1 of 2.4 is 4 %
    assert suspect_reason(dry, 1.9, 0.05) is None  # 0.1 of 1.9 is 5.3 %
