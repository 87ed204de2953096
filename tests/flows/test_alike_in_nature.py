"""Members that nature makes alike are members."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import xarray as xr

from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.sources.duplicate_members import ALL_AGREE
from ibf_pipeline.synthetic.files import write_ftp_members
from tests.bad_input.conftest import day as tiny_day  # noqa: F401
from tests.worlds.countries.tiny_day import GRID, ISSUE, TinyDay


def write(day: TinyDay, issue: date, upper: np.ndarray, lower: np.ndarray) -> None:
    folder = day.root / "forecasts" / f"{issue:%Y%m%d}"
    for file in folder.glob("*"):
        file.unlink()
    values = np.stack([upper, lower], axis=2)
    coords = {"member": range(len(upper)), "lead_time": list(LEAD_TIMES), "station": ["G1", "G2"]}
    cube = xr.DataArray(values, coords, ("member", "lead_time", "station"))
    background = np.full((GRID.height, GRID.width), 3.0)
    write_ftp_members(day.root / "forecasts", issue, cube, day.cells, GRID, background=background)


def test_a_wave_that_is_in_the_river(tiny_day: TinyDay) -> None:  # noqa: F811
    """A flood wave comes down the one river of the country, and no member has rain: a certain trigger, and a doubt."""
    day = tiny_day
    grows = 1 + 1e-4 * np.random.default_rng(1).standard_normal((10, 1)) * np.arange(8) / 7
    wave = np.array([30, 48, 75, 120, 130, 118, 100, 80]) * grows
    write(day, ISSUE, wave, np.tile([20, 22, 33, 52, 83, 110, 122, 110.0], (10, 1)))
    state = day.flow(publish=False)
    assert state.is_completed(), state.message
    found = day.run_folder.findings()
    assert found.members_missing == ()
    assert [event.trigger for event in found.publishable_events] == [True, True]
    assert found.doubts == (f"source folder: {ALL_AGREE}",)


def test_dry_members_of_two_days(tiny_day: TinyDay) -> None:  # noqa: F811
    """Half of the members have rain on 4-day, half are as dry as yesterday: 50 %, and 60 % are needed."""
    day = tiny_day
    level = 6.0 * 0.985 ** np.arange(9)

    def run(start: int, wet: list[int]) -> tuple[np.ndarray, np.ndarray]:
        upper = np.tile(level[start : start + 8] if start else level[:8], (10, 1))
        for member in wet:
            upper[member, 3:] += [30, 80 + member, 70 + member, 40, 20]
        return upper, np.round(upper * 0 + 3.0, 1)

    write(day, ISSUE - timedelta(days=1), *run(0, [9]))
    state = day.flow(publish=False, issue_date=ISSUE - timedelta(days=1))
    assert state.is_completed(), state.message
    write(day, ISSUE, *run(1, [0, 1, 2, 3, 4]))
    state = day.flow(publish=False)
    assert state.is_completed(), state.message
    found = day.run_folder.findings()
    assert not found.members_missing
    assert not found.publishable_events
