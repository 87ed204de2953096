"""Lead times beyond those that the portal shows: which event a station has, and what is sent for the station."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.rule import ClassLimit, FloodRule, exact
from ibf_pipeline.hazards.floods.findings import StationValues
from ibf_pipeline.hazards.floods.forecast.classes import classify
from ibf_pipeline.hazards.floods.forecast.events import flags, timing
from ibf_pipeline.hazards.floods.forecast.probabilities import exceedance
from ibf_pipeline.hazards.floods.forecast.stations import station_values

LETTERS = {"-": 0, "i": 1, "e": 2, "T": 3}
"""no class, min, med, trigger"""


def alert(days: str) -> tuple[int, bool, int, bool]:
    """Rank, trigger, lead time and whether it lies beyond the portal's lead times, of a station's days."""
    ranks = np.array([[LETTERS[day]] for day in days])
    found = timing(ranks, ranks == 3)
    return int(found.rank[0]), bool(found.triggered[0]), int(found.lead_time[0]), bool(found.beyond_portal[0])


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # 01234567 89.
        ("-----------", (0, False, 0, False)),
        ("--iiTT-----", (3, True, 4, False)),
        ("-----eeT--T", (3, True, 7, False)),
        ("---------T-", (3, True, 9, True)),
        ("--------ie-", (2, False, 8, True)),
        ("--------i-T", (3, True, 10, True)),
        ("-----i---T-", (1, False, 5, False)),
        ("-----i--ee-", (1, False, 5, False)),
        ("-------T", (3, True, 7, False)),
    ],
)
def test_an_event_is_of_the_portals_lead_times_where_it_has_any_class_there(
    days: str, expected: tuple[int, bool, int, bool]
) -> None:
    """A warning from 5-day with a trigger on 9-day is a warning; what comes later makes no class and no lead time."""
    assert alert(days) == expected


def test_a_trigger_may_stand_on_any_lead_time_up_to_the_limit() -> None:
    """Four of five members above 50 m3/s on every day from 8-day on, the limit being 9 days."""
    rule = FloodRule("disable", {}, ClassLimit(5.0, exact(0.6)), 9)
    discharge = np.full((5, 11, 1), 10.0)
    discharge[:4, 8:] = 60
    counts = exceedance(*cubes(discharge))
    classes = classify(counts, rule)
    assert flags(classes["alert_class"].values, classes["trigger"].values) == ["--------TT-"]


def cubes(discharge: np.ndarray) -> tuple[xr.DataArray, xr.DataArray]:
    """The cube and the thresholds 20 (2 years) and 50 m3/s (5 years)."""
    cube = xr.DataArray(
        discharge,
        dims=("member", "lead_time", "station"),
        coords={"lead_time": range(discharge.shape[1]), "station": ["G1"]},
    )
    thresholds = xr.DataArray(
        [[20.0, 50.0]], dims=("station", "return_period"), coords={"station": ["G1"], "return_period": [2.0, 5.0]}
    )
    return cube, thresholds


def test_a_station_whose_event_lies_beyond_is_sent_as_a_quiet_one() -> None:
    """Two of five members are above 50 m3/s on 3-day, the most within 7-day; all five on 9-day, which is not sent.

    The third largest value, that 60 % of the members reach, is 30 m3/s on 3-day: above the 2-year threshold.
    """
    discharge = np.full((5, 11, 1), 10.0)
    discharge[:, 3, 0] = [90, 80, 30, 10, 10]
    discharge[:, 9, 0] = 100
    cube, thresholds = cubes(discharge)
    ranks = np.zeros((11, 1), dtype=int)
    ranks[9] = 3
    (found,) = station_values(
        cube,
        exceedance(cube, thresholds),
        thresholds,
        timing(ranks, ranks == 3),
        [None],
        trigger=ClassLimit(5.0, exact(0.6)),
        level="trigger-probability",
    )
    assert found == StationValues(7, 30, 2, 50, "no")
