"""The largest rain of 24 hours, and rain beside the tracks of storms."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.typhoon.proximity import hours_near
from ibf_pipeline.rain.daily_rain import largest_of_24h
from ibf_pipeline.rain.hourly_rain import HourlyRain
from ibf_pipeline.sources.rain.source import RainAreas, RainDelivery
from ibf_pipeline.sources.rain.storm import rain_of_storm

CYCLE = IssueTime.parse("2021-09-10T00")
AREAS = RainAreas(("A1", "A2"), (120, 14, 122, 16), "", lambda: (), Path("weights"))


def rain(hours: dict[int, float], number: int = 48, members: int = 2) -> xr.DataArray:
    """Hours after the cycle -> mm in area A1, of every second member twice as much; A2 stays dry."""
    amount = np.zeros((members, number, 2))
    for hour, mm in hours.items():
        amount[0::2, hour - 1, 0], amount[1::2, hour - 1, 0] = mm, 2 * mm
    times = np.datetime64("2021-09-10T00", "ns") + np.arange(1, number + 1) * np.timedelta64(1, "h")
    coordinates = {"member": range(members), "time": times, "area": ["A1", "A2"]}
    return xr.DataArray(amount, coords=coordinates, dims=("member", "time", "area"))


def test_a_day_begins_at_any_hour_and_members_are_averaged() -> None:
    series = rain({10: 20, 33: 30, 34: 5})
    assert largest_of_24h(series) == {"A1": (50 + 100) / 2, "A2": 0.0}, "hours 10 to 33 in a row; hour 34 is too late"


def test_a_missing_hour_is_not_dry() -> None:
    series = rain({10: 20, 30: 7})
    series[:, 24, 0] = np.nan
    assert largest_of_24h(series)["A1"] == 30, "hours 1 to 24"
    series[:, 5, 0] = np.nan
    assert "A1" not in largest_of_24h(series)
    assert largest_of_24h(rain({}, number=23)) == {}


class Model:
    """A source of rain with one cycle, or none."""

    role = "forecast"

    def __init__(self, name: str, series: xr.DataArray | None) -> None:
        self.name, self.series = name, series

    def hours(self, *_: object) -> RainDelivery:
        if self.series is None:
            raise InputMissing("there is none")
        return RainDelivery((HourlyRain("Model", self.series, np.datetime64(CYCLE.start.replace(tzinfo=None), "m")),))


def moment(hour: int) -> datetime:
    return datetime.fromtimestamp(CYCLE.start.timestamp() + 3600 * hour, UTC)


def test_rain_of_a_storm_is_that_of_its_hours_from_the_first_source_that_has_it() -> None:
    series = rain({2: 500, 30: 40}, members=1)
    sources: Any = [Model("far", None), Model("near", series)]
    found = rain_of_storm(sources, CYCLE, AREAS, moment(12), moment(48), 12)
    assert (found.largest, found.not_seen) == ({"A1": 40.0, "A2": 0.0}, ()), "before hour 12 it is not the storm's"
    assert found.origin["label"] == "Model 2021-09-10T00"


def test_rain_that_fails_or_ends_early_is_said_and_raises_nothing() -> None:
    none = rain_of_storm([Model("far", None)], CYCLE, AREAS, moment(12), moment(48), 12)
    assert (none.largest, none.not_seen) == (None, ("rain: far: there is none",))
    short = rain_of_storm([Model("near", rain({30: 40}))], CYCLE, AREAS, moment(12), moment(60), 12)
    assert short.not_seen == ("rain after 2021-09-12 00:00 UTC: Model 2021-09-10T00 ends there",)
    late = rain_of_storm([Model("near", rain({30: 40}))], CYCLE, AREAS, moment(40), moment(70), 12)
    assert late.not_seen == ("rain: near: no cycle reaches far enough",)


def test_hours_of_a_storm_are_those_in_which_any_member_is_near() -> None:
    times = np.datetime64("2021-09-10T00", "ns") + np.arange(0, 49, 6) * np.timedelta64(1, "h")
    lon = np.array([[150 - 2.5 * step for step in range(9)], [160.0] * 9])
    tracks = xr.Dataset(
        {"lat": (("storm", "member", "time"), np.full((1, 2, 9), 15.0)), "lon": (("storm", "member", "time"), [lon])},
        coords={"storm": ["21W"], "member": [1, 2], "time": times},
        attrs={"cycle": "2021-09-10T00:00:00+00:00"},
    )
    assert hours_near(tracks, (120, 14, 122, 16)) is None, "at 48 hours it is at 130 E: 8 degrees away"
    assert hours_near(tracks, (120, 14, 126, 16)) == (moment(48), moment(72)), "131 E is within 5 degrees"
