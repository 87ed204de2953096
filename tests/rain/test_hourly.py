"""Steps to hours, and what is written as sums, buckets or rates gives the same hours."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.grid import RainGrid
from ibf_pipeline.rain.hourly_rain import HourlyRain, hourly_rain
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.rain.steps import GriddedRain
from ibf_pipeline.rain.weights import AreaSteps, area_steps, weigh
from tests.rain.written import BOUNDS, CYCLE, flat, grib, hour, netcdf

nan = float("nan")


def of(steps: list[tuple[int, int, float]]) -> HourlyRain:
    """Steps of one area as (first minute, last minute, mm), after the cycle."""
    starts, ends = (np.array([CYCLE + np.timedelta64(step[side], "m") for step in steps]) for side in (0, 1))
    amount = np.array([[[step[2]] for step in steps]], dtype=np.float32)
    return hourly_rain(AreaSteps(("A",), (0,), starts, ends, amount, CYCLE), "GFS")


def mm(rain: HourlyRain) -> list[float]:
    return [float(each) for each in rain.rain.values[0, :, 0]]


def test_a_step_of_3_hours_falls_evenly_within_it() -> None:
    rain = of([(0, 180, 6), (180, 360, 0)])
    assert mm(rain) == [2, 2, 2, 0, 0, 0]
    assert rain.rain["time"].values[0] == np.datetime64("2026-02-15T07:00", "ns"), "the hour from 06 to 07 ends at 07"
    assert rain.rain["step_hours"].values.tolist() == [3] * 6
    assert rain.label == "GFS 2026-02-15T06"


def test_quarters_of_an_hour_are_added_up_and_a_missing_one_makes_the_hour_missing() -> None:
    rain = of([(0, 15, 1), (15, 30, 2), (30, 45, 3), (45, 60, 4), (60, 75, 1), (75, 90, 1), (105, 120, 1)])
    assert mm(rain) == pytest.approx([10, nan], nan_ok=True)
    assert rain.rain["step_hours"].values.tolist() == [0.25, 0.25]


def test_missing_steps_are_missing_hours_never_dry() -> None:
    """F5: a step without a value, and a hole between two steps."""
    rain = of([(0, 60, 1), (60, 120, nan), (180, 240, 2)])
    assert mm(rain) == pytest.approx([1, nan, nan, 2], nan_ok=True)


def test_steps_that_go_over_the_full_hour() -> None:
    """90 minutes of 3 mm: 2 in the first hour, 1 in the half of the second that follows."""
    assert mm(of([(0, 90, 3), (90, 180, 6)])) == pytest.approx([2, 1 + 2, 4])


def test_an_hour_that_has_begun_is_no_hour() -> None:
    """F7: from 06:30 on there is no rain of the hour that ends at 07."""
    assert mm(of([(30, 60, 5), (60, 120, 1)])) == pytest.approx([nan, 1], nan_ok=True)


def ways(folder: Path, rain: np.ndarray) -> dict[str, GriddedRain]:
    """The same hourly rain as files of every kind, read."""
    ends = range(1, len(rain) + 1)
    total, since = np.cumsum(rain), [sum(rain[(end - 1) // 6 * 6 : end]) for end in ends]

    def written(name: str, stamps: Sequence[float], values: Sequence[float], unit: str = "mm") -> list[Path]:
        return [netcdf(folder / name, stamps, np.stack([flat(mm) for mm in values]), unit=unit)]

    buckets = [(f"{(end - 1) // 6 * 6}-{end}", flat(mm)) for end, mm in zip(ends, since, strict=True)]
    return {
        "from start": read_rain(written("start", ends, total), RainDeclaration(amounts="from-start"), BOUNDS, CYCLE),
        "buckets": read_rain(
            written("bucket", ends, since), RainDeclaration(amounts="buckets", bucket_hours=6), BOUNDS, CYCLE
        ),
        "steps": read_rain(
            written("step", range(len(rain)), rain), RainDeclaration(amounts="step", stamp="start"), BOUNDS
        ),
        "rates": read_rain(written("rate", ends, rain / 3600, "kg m-2 s-1"), RainDeclaration(stamp="end"), BOUNDS),
        "buckets of GRIB": read_rain([grib(folder / "grib", buckets)], RainDeclaration(), BOUNDS),
    }


WEIGHTS = weigh(RainGrid(33.0, -10.0, 0.5, 0.5, 4, 3), ["A"], [shapely.box(33.4, -10.9, 34.1, -10.4)])


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(tenths=st.lists(st.integers(0, 400), min_size=8, max_size=8))
def test_sums_buckets_steps_and_rates_of_the_same_rain_give_the_same_hours(tenths: list[int]) -> None:
    rain = np.array(tenths) / 10
    with tempfile.TemporaryDirectory() as folder:
        for way, read in ways(Path(folder), rain).items():
            series = hourly_rain(area_steps(read, WEIGHTS), way).rain
            assert series["time"].values[0] == hour(1).astype("datetime64[ns]")
            np.testing.assert_allclose(series.values[0, :, 0], rain, atol=0.01, err_msg=way)
