"""A gauge that is blocked reads as a dry day: said where another instrument has measured a lot there."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.rain.hourly_rain import HourlyRain
from ibf_pipeline.sources.rain.quality_control import silent


def measured(origin: str, *areas: float, hours: int = 24, missing: int = 0) -> HourlyRain:
    """So many mm in each hour, by area; the first hours are missing."""
    values = np.tile(np.array(areas, dtype=np.float32), (1, hours, 1))
    values[:, :missing] = np.nan
    time = np.datetime64("2026-02-15T06", "ns") - np.arange(hours)[::-1] * np.timedelta64(1, "h")
    codes = [f"A{number}" for number in range(1, len(areas) + 1)]
    coords = {"member": [0], "time": time, "area": codes, "step_hours": ("time", np.ones(hours))}
    return HourlyRain(origin, xr.DataArray(values, dims=("member", "time", "area"), coords=coords))


def test_a_gauge_without_rain_where_the_satellite_has_a_lot() -> None:
    """24 hours of 2.5 mm are 60 mm; A2 is dry for both."""
    (doubt,) = silent([measured("gauge K1", 0, 0), measured("IMERG Late", 2.5, 0), measured("IMERG Early", 3, 0)])
    assert doubt == (
        "gauge K1 measured no rain in 1 area where IMERG Late has a lot, such as 60 mm in 24 hours in A1: it may be "
        "blocked"
    )


@pytest.mark.parametrize(
    "series",
    [
        [measured("gauge K1", 0), measured("IMERG Late", 2)],  # 48 mm
        [measured("gauge K1", 0.1), measured("IMERG Late", 9)],  # it measures
        [measured("gauge K1", 0, missing=1), measured("IMERG Late", 9)],  # 23 hours
        [measured("gauge K1", 9), measured("IMERG Late", 0)],  # satellites miss local rain
    ],
)
def test_what_local_rain_explains_is_no_doubt(series: list[HourlyRain]) -> None:
    assert list(silent(series)) == []
