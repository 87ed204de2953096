"""Whether the archive of a source of unknown version fits the thresholds, with numbers made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.hazards.floods.forecast.archive import archive_misfits


def misfits(*maxima: float, limit: float = 100.0, period: float = 2.0) -> list[str | None]:
    stations = [f"G{number}" for number in range(len(maxima))]
    thresholds = xr.DataArray(
        np.tile([limit, 3 * limit], (len(maxima), 1)),
        dims=("station", "return_period"),
        coords={"station": stations, "return_period": [period, 5.0]},
    )
    return archive_misfits(xr.DataArray(list(maxima), dims="station", coords={"station": stations}), thresholds)


@pytest.mark.parametrize("maximum", [70.0, 100.0, 140.0])
def test_it_fits_from_seven_tenths_to_fourteen_tenths(maximum: float) -> None:
    assert misfits(maximum) == [None]


@pytest.mark.parametrize(
    ("maximum", "ratio"), [(69.9, "0.7 times"), (140.1, "1.4 times"), (230.0, "2.3 times"), (43.0, "0.43 times")]
)
def test_it_does_not_fit_beyond(maximum: float, ratio: str) -> None:
    (reason,) = misfits(maximum)
    assert reason is not None
    assert f"is {ratio} the 2-year threshold of 100 m3/s (0.7 to 1.4 times fits)" in reason
    assert "another model version or another cell" in reason


def test_each_station_has_its_own_reason() -> None:
    first, second, third = misfits(100, 250, float("nan"))
    assert first is None
    assert second is not None
    assert "250 m3/s, is 2.5 times" in second
    assert third is not None
    assert "too few years" in third


def test_nothing_fits_where_there_is_nothing_to_hold_it_against() -> None:
    assert misfits(100, period=1.5) == ["no 2-year threshold to hold the source's archive against"]
    (reason,) = misfits(3, limit=0)
    assert reason is not None
    assert "not to be compared" in reason
