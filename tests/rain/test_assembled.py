"""One series for a block: observed, gap, forecast, each hour with its origin (rules 1 and 2 of flash floods)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.rain.assembly import assemble
from ibf_pipeline.rain.hourly_rain import HourlyRain

ISSUE = IssueTime(date(2026, 2, 15), 6)
NOW = np.datetime64("2026-02-15T06", "h")
nan = float("nan")


def rain(
    origin: str, first: int, last: int, mm: float, *, cycle: int | None = None, areas: str = "AB", members: int = 1,
    step: float = 1,
) -> HourlyRain:  # fmt: skip
    """The same amount in every hour that ends `first` to `last` hours after the issue time; member n has n times it."""
    times = (NOW + np.arange(first, last + 1)).astype("datetime64[ns]")
    amount = np.ones((members, len(times), len(areas))) * mm * np.arange(1, members + 1)[:, None, None]
    coords = {"member": range(members), "time": times, "area": list(areas), "step_hours": ("time", [step] * len(times))}
    array = xr.DataArray(amount.astype(np.float32), dims=("member", "time", "area"), coords=coords, name="rain")
    return HourlyRain(origin, array, None if cycle is None else (NOW + cycle).astype("datetime64[m]"))


def at(found: xr.DataArray, hour: int, area: str = "A") -> tuple[float, str, bool]:
    """mm of the first member, origin and whether it was observed, of the hour that ends `hour` after the issue time."""
    one = found.sel(time=(NOW + hour).astype("datetime64[ns]"), area=area)
    place = int(one["origin"])
    return float(one[0]), found.attrs["origins"][place] if place >= 0 else "", bool(one["observed"])


GFS = rain("GFS", 1, 60, 6, cycle=0, step=3)


def test_observed_then_the_gap_by_the_shortest_lead_then_the_forecast() -> None:
    late, early = rain("IMERG Late", -60, -12, 1), rain("IMERG Early", -60, -4, 2)
    older, oldest = rain("GFS", -5, 60, 4, cycle=-6), rain("GFS", -11, 60, 5, cycle=-12)
    found = assemble(ISSUE, ["A", "B"], [late, early], [oldest, GFS, older])
    assert at(found, -12) == (1, "IMERG Late", True)
    assert at(found, -11) == (2, "IMERG Early", True)
    assert at(found, -4) == (2, "IMERG Early", True)
    assert at(found, -3) == (4, "GFS 2026-02-15T00", False), "of two cycles the newer one has the shorter lead"
    assert at(found, 0) == (4, "GFS 2026-02-15T00", False)
    assert at(found, 1) == (6, "GFS 2026-02-15T06", False)


def test_the_range_the_labels_and_the_attributes() -> None:
    found = assemble(ISSUE, ["B", "A"], [], [GFS])
    assert found.name == "rain"
    assert found.dims == ("member", "time", "area")
    assert found.dtype == np.float32
    assert found["area"].values.tolist() == ["B", "A"]
    hours = (found["time"].values - NOW.astype("datetime64[ns]")) // np.timedelta64(1, "h")
    assert hours.tolist() == list(range(-53, 61)), "48 h before the last block, and as far as the forecast goes"
    assert np.isnan(found.sel(time=found["time"].values[:54]).values).all()
    assert found["origin"].values[0].tolist() == [-1, -1]
    assert np.isnan(found["step_hours"].values[0]).all()
    assert found["step_hours"].values[-1].tolist() == [3, 3]
    assert found.attrs == {
        "issue_time": "2026-02-15T06",
        "cycle": "2026-02-15T06:00",
        "origins": ("GFS 2026-02-15T06",),
        "members": "one run",
    }
    short = assemble(ISSUE, ["A"], [], [rain("GFS", 1, 24, 6, cycle=0)], longest_h=2)
    assert short["time"].values[[0, -1]].tolist() == (NOW + np.array([-7, 48])).astype("datetime64[ns]").tolist()
    assert np.isnan(at(short, 25)[0]), "a forecast that ends early is missing, not dry"


def test_an_area_that_one_source_lacks_has_the_next_one() -> None:
    found = assemble(ISSUE, ["A", "B"], [rain("gauge K", -8, -1, 9, areas="A"), rain("IMERG Late", -8, -1, 1)], [GFS])
    assert (at(found, -2, "A"), at(found, -2, "B")) == ((9, "gauge K", True), (1, "IMERG Late", True))


def test_what_was_observed_after_the_issue_time_is_observed() -> None:
    assert at(assemble(ISSUE, ["A"], [rain("gauge K", -8, 2, 9)], [GFS]), 2) == (9, "gauge K", True)


def test_a_nowcast_goes_before_the_forecast_as_far_as_it_goes() -> None:
    nowcasts = [rain("radar", -5, 1, 7, cycle=-6, step=0.25), rain("radar", 0, 2, 8, cycle=-1, step=0.25)]
    found = assemble(ISSUE, ["A"], [rain("gauge K", -8, 0, 9)], [GFS], nowcasts=nowcasts)
    assert [at(found, hour)[0] for hour in range(4)] == [9, 8, 8, 6]
    assert at(found, 1) == (8, "radar 2026-02-15T05", False)
    assert found.attrs["cycle"] == "2026-02-15T06:00"


def test_a_late_cycle_is_replaced_by_the_last_one_of_at_most_12_hours() -> None:
    """Re-based: hours are counted from the issue time, and the attribute says which cycle they are of."""
    found = assemble(ISSUE, ["A"], [], [rain("GFS", -11, 48, 5, cycle=-12), rain("GFS", -29, 48, 7, cycle=-30)])
    assert found.attrs["cycle"] == "2026-02-14T18:00"
    assert at(found, 1) == (5, "GFS 2026-02-14T18", False)
    assert at(found, -12) == (7, "GFS 2026-02-14T00", False), "for the gap older ones do"


def test_the_preferred_source_leads_although_another_one_is_newer() -> None:
    cosmo = rain("COSMO", -5, 60, 3, cycle=-6)
    found = assemble(ISSUE, ["A"], [], [cosmo, GFS])
    assert at(found, 1) == (3, "COSMO 2026-02-15T00", False)
    assert at(assemble(ISSUE, ["A"], [], [GFS, cosmo]), 1) == (6, "GFS 2026-02-15T06", False)


def test_a_cycle_after_the_issue_time_is_not_known_yet() -> None:
    assert at(assemble(ISSUE, ["A"], [], [rain("GFS", 7, 60, 1, cycle=6), GFS]), 8)[0] == 6


def test_members_have_the_same_observations_and_their_own_forecast() -> None:
    gap = rain("GFS", -5, 60, 4, cycle=-6)
    found = assemble(ISSUE, ["A"], [rain("IMERG Late", -9, -6, 2)], [rain("ECMWF", 1, 60, 1, cycle=0, members=3), gap])
    assert found.attrs["members"] == "3 members"
    assert found.sel(area="A").isel(time=[52 - 4 - 3, 53, 54]).values.tolist() == [[2, 4, 1], [2, 4, 2], [2, 4, 3]]


@pytest.mark.parametrize(("lacking", "expected"), [(1, (3, "ECMWF 2026-02-15T00")), (2, (9, "GFS 2026-02-15T00"))])
def test_members_that_lack_an_hour_leave_it_to_the_others_or_to_the_next_source(
    lacking: int, expected: tuple[float, str]
) -> None:
    """Of 2, 4 and 6 mm the mean of those that are there; where most are not, the hour is another source's."""
    ensemble, gap = rain("ECMWF", -5, 60, 2, cycle=-6, members=3), rain("GFS", -5, 60, 9, cycle=-6)
    ensemble.rain[3 - lacking :, 2] = nan
    found = assemble(ISSUE, ["A"], [], [GFS, ensemble, gap])
    assert at(found, -3) == (*expected, False)
    assert at(found, -2) == (4, "ECMWF 2026-02-15T00", False)


@pytest.mark.parametrize(
    ("forecasts", "words"),
    [
        ([], "there is none"),
        ([rain("GFS", -17, 48, 5, cycle=-18)], "the newest is GFS 2026-02-14T12, 18 h old"),
        ([rain("GFS", 1, 48, nan, cycle=0)], "GFS 2026-02-15T06 has no rain after the issue time in any area"),
        ([rain("GFS", 1, 48, 5, cycle=0, areas="XY")], "has no rain after the issue time in any area"),
    ],
)
def test_without_a_forecast_nothing_is_published_and_people_are_told_what_the_portal_shows(
    forecasts: list[HourlyRain], words: str
) -> None:
    with pytest.raises(InputMissing, match=words) as raised:
        assemble(ISSUE, ["A"], [], forecasts, last_published=IssueTime(date(2026, 2, 15), 0))
    assert "the portal shows the state of 2026-02-15 00 UTC" in str(raised.value)
    with pytest.raises(InputMissing, match="nothing is published, nothing was published before; run"):
        assemble(ISSUE, ["A"], [], forecasts)
