"""Sources deliver as many lead times as each country looks at: cuts, orders, completeness and kept runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import netCDF4
import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.stations import cells_of_stations, read_stations
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.completeness import completeness
from ibf_pipeline.sources.ewds import EwdsSource
from ibf_pipeline.sources.ewds_service import EwdsService, Queue
from ibf_pipeline.sources.members import MemberSource
from ibf_pipeline.sources.object_store import open_folder
from ibf_pipeline.sources.past_runs import read_files, read_kept_forecast
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS, areas, cells_of, require_whole, write_members
from tests.worlds.countries.tiny_day import ISSUE as TINY_ISSUE
from tests.worlds.countries.tiny_day import TinyDay
from tests.worlds.services.ewds import DATASET, KEY, running


def archive(tmp_path: Path, country: str = "AAA", **lead_times: int) -> MemberSource:
    folder = open_folder(f"file://{tmp_path / 'served'}", RetryPolicy(5), members=MEMBERS)
    tries = RetryPolicy(attempts=1, sleep=lambda seconds: None)
    return MemberSource(
        "archive", folder, InputCache(tmp_path / "cache"), country, areas(), MEMBERS, "4", 3, tries,
        lead_times=lead_times,
    )  # fmt: skip


def days_in(file: Path) -> int:
    with netCDF4.Dataset(file) as data:
        return int(data["dis"].shape[0])


def test_every_country_gets_a_cut_of_its_own_horizon(tmp_path: Path) -> None:
    write_members(tmp_path / "served", days=12)
    short, long = archive(tmp_path, BBB=11).fetch(ISSUE), archive(tmp_path, "BBB", BBB=11).fetch(ISSUE)
    require_whole(short, "AAA")
    require_whole(long, "BBB", days=11)
    assert [{days_in(file) for file in files.files} for files in (short, long)] == [{8}, {11}]
    assert "lead_times" not in short.origin["delivered"][short.files[0].name], "as files ever were"
    assert long.origin["delivered"][long.files[0].name]["lead_times"] == 11


def test_a_horizon_that_was_raised_is_fetched_again_and_a_lowered_one_is_not(tmp_path: Path) -> None:
    served = write_members(tmp_path / "served", days=12)
    archive(tmp_path).fetch(ISSUE)
    assert not archive(tmp_path, AAA=10).has_whole(ISSUE)
    require_whole(archive(tmp_path, AAA=10).fetch(ISSUE), "AAA", days=10)
    shutil.rmtree(served)
    require_whole(archive(tmp_path, AAA=9).fetch(ISSUE), "AAA", days=9)


def test_files_that_are_too_short_for_one_country_serve_the_others(tmp_path: Path) -> None:
    """Files of 10 days. They are not fetched again and again for the country that looks further: it is told once."""
    served = write_members(tmp_path / "served", days=10)
    files = archive(tmp_path, "BBB", BBB=13).fetch(ISSUE)
    require_whole(archive(tmp_path, BBB=13).fetch(ISSUE), "AAA")
    assert archive(tmp_path, "BBB", BBB=13).has_whole(ISSUE)
    with pytest.raises(InputInvalid, match="lead times 10-day, 11-day, 12-day are missing") as caught:
        read_files(files, cells_of("BBB"), ISSUE, 13)
    assert "lower `horizon`" in str(caught.value.remedy)
    shutil.rmtree(served)
    require_whole(archive(tmp_path, "BBB", BBB=13).fetch(ISSUE), "BBB", days=10)


def test_an_order_names_the_hours_of_all_days_and_what_lacks_some_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service delivers 8 days whatever is ordered."""
    from ibf_pipeline.sources import ewds_request

    members = {"control_forecast": 1, "ensemble_perturbed_forecasts": MEMBERS - 1}
    monkeypatch.setattr(ewds_request, "MEMBERS_OF", members)
    with running() as service:
        client = EwdsService(
            service.url, DATASET, lambda: KEY, RetryPolicy(5, 1, lambda seconds: None), Queue(0.01, 600, 30)
        )
        cache = InputCache(tmp_path / "cache")
        usual = EwdsSource("ewds", client, cache, "AAA", areas()["AAA"], None, 8, check=False)
        require_whole(usual.fetch(ISSUE), "AAA")
        longer = EwdsSource("ewds", client, cache, "AAA", areas()["AAA"], None, 11, check=False, lead_times=11)
        assert not longer.has_whole(ISSUE)
        with pytest.raises(InputInvalid, match="lead times 8-day, 9-day, 10-day are missing"):
            longer.fetch(ISSUE)
        assert service.orders[-1]["leadtime_hour"] == [str(24 * day) for day in range(1, 12)], "and at once"
        require_whole(usual.fetch(ISSUE), "AAA")
        assert len(service.orders) == 2, "what was there serves as before"


def test_completeness_is_counted_on_every_lead_time(tiny_day: TinyDay) -> None:  # noqa: F811
    cube = tiny_day.ensemble("", lead_times=11)
    cube[3:, 9] = float("nan")
    found = completeness(cube, 10)
    assert found.by_lead_time == (10,) * 9 + (3, 10)
    assert (found.fewest, str(found)) == (3, "10 of 10 members (3 on 9-day)")


def test_a_run_that_kept_fewer_lead_times_is_no_longer_forecast(tiny_day: TinyDay) -> None:  # noqa: F811
    assert tiny_day.flow(publish=False).is_completed()
    cells = cells_of_stations(read_stations(tiny_day.static / "stations.csv"))
    file = tiny_day.run_folder.path / "forecast.nc"
    with pytest.raises(InputInvalid) as caught:
        read_kept_forecast(file, cells, TINY_ISSUE, 11)
    error = caught.value
    assert error.found == "the run looked at 8 lead times, 0-day to 7-day, and kept no others"
    assert (error.where, error.expected) == (str(file), "lead times 0-day to 10-day")
    assert error.remedy == (
        "lower `horizon` in the country's file, or choose a source that goes further, such as the raw files"
    )
    tiny_day.configure(sources=["kept"], horizon=10)
    settings = tiny_day.config / "settings.yaml"
    settings.write_text(settings.read_text().replace("sources:\n", "sources:\n  kept: {kind: run}\n"))
    assert "kept no others" in str(tiny_day.flow(publish=False).message)


def test_a_longer_run_keeps_all_of_it_and_serves_a_shorter_horizon(tiny_day: TinyDay) -> None:  # noqa: F811
    tiny_day.configure(horizon=10)
    tiny_day.write_forecast("G1=---------TT", lead_times=11)
    assert tiny_day.flow(publish=False).is_completed()
    cells = cells_of_stations(read_stations(tiny_day.static / "stations.csv"))
    file = tiny_day.run_folder.path / "forecast.nc"
    assert read_kept_forecast(file, cells, TINY_ISSUE, 11)["lead_time"].values.tolist() == list(range(11))
    assert read_kept_forecast(file, cells, TINY_ISSUE)["lead_time"].values.tolist() == list(range(8))
