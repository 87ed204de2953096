"""Open-Meteo's flood API against its stand-in: what is asked, taken, kept and refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ibf_pipeline.config import sources as settings
from ibf_pipeline.discharge.reader import StationCells
from ibf_pipeline.domain.trial import TRIAL
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.open_meteo import OpenMeteoSource
from ibf_pipeline.sources.open_meteo_archive import Archive, median_maximum
from ibf_pipeline.sources.open_meteo_service import FloodService, Pace, asked_point, call_cost
from ibf_pipeline.sources.past_runs import read_files
from tests.worlds.services.open_meteo import CUT, MINUTELY, FloodApi, River
from tests.worlds.services.scripted_server import Says

ISSUE = date(2026, 2, 15)
PLACES = {"G1": (0.97, 10.02), "G2": (0.97, 10.12)}
CELLS = StationCells(("G1", "G2"), np.array([0.975, 0.975]), np.array([10.025, 10.125]))


@dataclass
class Time:
    """A clock that sleeping moves on."""

    now: datetime = datetime(2026, 2, 15, 18, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def meteo() -> Iterator[FloodApi]:
    with FloodApi() as meteo:
        serve(meteo)
        yield meteo


@pytest.fixture
def time() -> Time:
    return Time()


def serve(meteo: FloodApi, run: date = ISSUE, members: int = 51, base: float = 30.0, maximum: float = 20.0) -> None:
    """A run of both rivers: members rise apart from each other."""
    for number, place in enumerate(PLACES.values()):
        rise = np.add.outer(np.arange(members) * 0.5, np.arange(12) * (1.0 + number)) + base + (run - ISSUE).days * 0.3
        meteo.put(*place, River(run, rise, maximum))


def source(
    meteo: FloodApi, root: Path, time: Time, cells: StationCells = CELLS, years: tuple[int, int] = (2002, 2021)
) -> OpenMeteoSource:
    retry_policy = RetryPolicy(5, 2, sleep=time.sleep, clock=lambda: time.now.timestamp())
    cache = InputCache(root / "fetched")
    return OpenMeteoSource(
        "meteo",
        FloodService(meteo.url, retry_policy, 1e6),
        cache,
        "XTY",
        cells,
        8,
        51,
        Archive(root / "archive.json", years, timedelta(days=7), lambda: time.now),
        lambda: time.now,
    )


def fetched(one: OpenMeteoSource, issue_date: date = ISSUE):
    return read_files(one.fetch(issue_date), one.cells, issue_date, one.lead_times)


def test_members_at_the_stations_on_the_lead_times_of_the_issue_date(
    meteo: FloodApi, tmp_path: Path, time: Time
) -> None:
    cube = fetched(source(meteo, tmp_path, time))
    assert (cube.dims, cube.shape) == (("member", "lead_time", "station"), (51, 8, 2))
    assert cube["member"].values.tolist() == list(range(51))
    assert cube.sel(member=0, station="G1").values.tolist() == [30, 31, 32, 33, 34, 35, 36, 37]
    assert cube.sel(member=50, station="G2").values.tolist() == [55, 57, 59, 61, 63, 65, 67, 69]
    assert cube["archive_maximum"].values.tolist() == [20, 20]
    assert (cube.attrs["trial"], cube.attrs["source"]) == (TRIAL, "meteo")
    assert "51 members; discharge by Open-Meteo.com (CC BY 4.0" in cube.attrs["trial_notes"]
    assert "service answers with" not in cube.attrs["trial_notes"], "both cells are ours"
    forecast, archive = meteo.asked
    assert forecast["latitude"] == ["0.9625,0.9625"], "two stations, one request"
    assert (forecast["start_date"], forecast["end_date"]) == (["2026-02-16"], ["2026-02-23"])
    assert (archive["start_date"], archive["end_date"]) == (["2002-01-01"], ["2021-12-31"])
    assert "ensemble" not in archive


def test_our_cell_is_asked_for_whichever_way_cells_are_named(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    """By its public source cells are named by their corners, by its documentation by their centres."""
    meteo.named_by_centre = True
    cube = fetched(source(meteo, tmp_path, time))
    assert cube.sel(member=0, lead_time=0, station="G1").item() == 30
    assert "service answers with" not in cube.attrs["trial_notes"]


def test_a_cell_that_is_not_ours_is_named(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    row, column = meteo.put(*PLACES["G2"], River(ISSUE, np.ones((51, 12)), 20))
    meteo.snaps[(row, column)] = (row, column + 1)
    notes = fetched(source(meteo, tmp_path, time)).attrs["trial_notes"].splitlines()
    assert [line.split(":")[0] for line in notes if "service answers with" in line] == ["station G2"]
    assert "its cell at 0.950, 10.150 and not with the station's at 0.975, 10.125" in " ".join(notes)


def test_what_is_whole_is_not_asked_for_again(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    one = source(meteo, tmp_path, time)
    fetched(one)
    assert (len(meteo.asked), one.has_whole(ISSUE), one.has_whole(date(2026, 2, 14))) == (2, True, False)
    time.now += timedelta(days=3)
    fetched(one)
    assert len(meteo.asked) == 2, "nor days later"
    one.forget(ISSUE)
    time.now -= timedelta(days=3)
    fetched(one)
    assert len(meteo.asked) == 3, "the archive is believed for a week"
    time.now += timedelta(days=1)
    serve(meteo, ISSUE + timedelta(days=1))
    fetched(one, ISSUE + timedelta(days=1))
    assert len(meteo.asked) == 4


def test_the_archive_is_asked_again_after_its_time(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    one = source(meteo, tmp_path, time)
    cells = [(0.975, 10.025), (0.975, 10.125)]
    assert one.archive.maxima(one.service, cells) == [20, 20]
    serve(meteo, maximum=45.0)
    time.now += timedelta(days=6.9)
    assert one.archive.maxima(one.service, cells) == [20, 20]
    time.now += timedelta(days=0.2)
    assert one.archive.maxima(one.service, cells) == [45, 45]
    one.archive.file.write_text("{damaged")
    assert one.archive.maxima(one.service, cells) == [45, 45]
    assert len(meteo.asked) == 3
    assert set(json.loads(one.archive.file.read_text())) == {f"0.975 {lon} 2002-2021" for lon in ("10.025", "10.125")}


def test_fewer_members_are_taken_and_asked_for_again_later(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    serve(meteo, members=30)
    one = source(meteo, tmp_path, time)
    cube = fetched(one)
    assert (cube.sizes["member"], one.has_whole(ISSUE)) == (30, False)
    assert "30 members" in cube.attrs["trial_notes"]
    fetched(one)
    assert len(meteo.asked) == 2, "not within half an hour"
    serve(meteo, members=51)
    old = time.now.timestamp() - 31 * 60
    os.utime(one.fetch(ISSUE).files[0], (old, old))
    assert fetched(one).sizes["member"] == 51


def test_values_that_are_not_there_are_missing_and_no_zeros(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    rise = np.add.outer(np.arange(51), np.arange(12)) + 5.0
    rise[3, :] = np.nan
    rise[4, 2] = np.nan
    meteo.put(*PLACES["G1"], River(ISSUE, rise, 20))
    cube = fetched(source(meteo, tmp_path, time)).sel(station="G1")
    assert cube.isnull().sum("lead_time").values.tolist() == [0, 0, 0, 8, 1, *[0] * 46]


def test_one_station_is_an_object_and_no_list(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    alone = StationCells(("G2",), CELLS.lat[1:], CELLS.lon[1:])
    assert fetched(source(meteo, tmp_path, time, alone)).shape == (51, 8, 1)


def test_many_stations_are_few_requests_and_a_run_goes_on_where_one_stopped(
    meteo: FloodApi, tmp_path: Path, time: Time
) -> None:
    number = 60
    lat, lon = np.full(number, 0.975), 10.025 + 0.05 * np.arange(number)
    for place in lon:
        meteo.put(0.975, place, River(ISSUE, np.add.outer(np.arange(51), np.arange(12)) + place, 20))
    cells = StationCells(tuple(f"S{n:02d}" for n in range(number)), lat, lon)
    many = source(meteo, tmp_path, time, cells, (2012, 2021))
    meteo.faults.extend([None, Says(500, "down"), Says(500, "down")])
    with pytest.raises(ServerUnreachable):
        many.fetch(ISSUE)
    meteo.asked.clear()
    assert fetched(many).sizes["station"] == number
    first, *others = meteo.asked
    assert len(first["latitude"][0].split(",")) == 11, "the second of two: the first one was kept"
    assert not any("ensemble" in query for query in others)
    assert len(others) == 7, "ten years of nine stations a request"


def test_the_pace_is_the_services_own_count_of_calls(time: Time) -> None:
    assert call_cost(10, ISSUE, ISSUE + timedelta(days=7), ensemble=True) == pytest.approx(51)
    assert call_cost(2, date(2002, 1, 1), date(2021, 12, 31), ensemble=False) == pytest.approx(104.4, abs=0.1)
    pace = Pace(300, RetryPolicy(sleep=time.sleep, clock=lambda: time.now.timestamp()))
    for calls in (150, 75, 1):
        pace.wait(calls)
    assert time.slept == pytest.approx([30, 15])


def test_a_refusal_says_the_services_reason(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    meteo.faults.append(Says(400, {"error": True, "reason": "Latitude must be in range of -90 to 90°. Given: 95.0."}))
    with pytest.raises(ServerRefused, match="Latitude must be in range"):
        source(meteo, tmp_path, time).fetch(ISSUE)
    one = source(meteo, tmp_path, time)
    with pytest.raises(ServerRefused, match="out of allowed range from 1984"):
        one.service.ask([(0.975, 10.025)], date(1980, 1, 1), date(1980, 1, 2))


def test_too_much_is_one_clear_error_after_a_few_tries(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    meteo.faults.extend([MINUTELY])
    one = source(meteo, tmp_path, time)
    fetched(one)
    one.forget(ISSUE)
    meteo.faults.extend([MINUTELY] * 2)
    with pytest.raises(ServerUnreachable) as refused:
        one.fetch(ISSUE)
    assert "429" in refused.value.found
    assert "Minutely API request limit exceeded" in refused.value.found
    assert "the next hour" in refused.value.remedy


def test_a_body_that_was_cut_off_is_asked_for_again(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    meteo.faults.append(CUT)
    assert fetched(source(meteo, tmp_path, time)).shape == (51, 8, 2)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<html>maintenance</html>", IbfError),
        ({"daily": {"time": []}}, InputInvalid),
        ([{"latitude": 1}] * 2, InputInvalid),
        ([1, 2], InputInvalid),
        ([], InputInvalid),
    ],
)
def test_an_answer_of_another_form_is_refused(
    meteo: FloodApi, tmp_path: Path, time: Time, body: object, kind: type[IbfError]
) -> None:
    meteo.faults.extend([Says(200, body)] * 2)
    one = source(meteo, tmp_path, time)
    with pytest.raises(kind):
        one.fetch(ISSUE)
    assert not one.has_whole(ISSUE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda place: place["daily_units"].update(river_discharge="ft³/s"), "not in m3/s"),
        (lambda place: place["daily"].update(time=place["daily"]["time"][1:]), "the days"),
        (lambda place: place["daily"].update(river_discharge=[1.0]), "members of different lengths"),
        (lambda place: place["daily"].update(river_discharge=[2e6] * 8), "a discharge of 2e"),
    ],
)
def test_other_units_days_and_impossible_values_are_refused(
    meteo: FloodApi, tmp_path: Path, time: Time, change, words: str
) -> None:
    one = source(meteo, tmp_path, time)
    query = {"latitude": ["0.9625,0.9625"], "longitude": ["10.0125,10.1125"], "daily": ["river_discharge"]}
    query |= {"start_date": ["2026-02-16"], "end_date": ["2026-02-23"]}
    _, places = meteo.answer_to(query)
    change(places[0])
    meteo.faults.append(Says(200, places))
    with pytest.raises(InputInvalid, match=words):
        one.fetch(ISSUE)


def test_yesterdays_forecast_is_none_of_today(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    one = source(meteo, tmp_path, time)
    fetched(one)
    tomorrow = ISSUE + timedelta(days=1)
    time.now += timedelta(days=1)
    with pytest.raises(InputMissing, match="still gives the forecast of the day before"):
        one.fetch(tomorrow)
    for river in meteo.rivers.values():
        river.run = tomorrow
    with pytest.raises(InputInvalid, match="moved by a day"):
        one.fetch(tomorrow)
    serve(meteo, tomorrow)
    cube = fetched(one, tomorrow)
    assert "stands still could not be told" not in cube.attrs["trial_notes"]


def test_without_a_forecast_of_the_day_before_the_notes_say_so(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    assert "stands still could not be told" in fetched(source(meteo, tmp_path, time)).attrs["trial_notes"]


def test_members_that_are_all_alike_are_no_ensemble(meteo: FloodApi, tmp_path: Path, time: Time) -> None:
    for place in PLACES.values():
        meteo.put(*place, River(ISSUE, np.tile(np.arange(12) + 5.0, (51, 1)), 20))
    with pytest.raises(InputInvalid, match="the same values in every member"):
        source(meteo, tmp_path, time).fetch(ISSUE)


@pytest.mark.parametrize(("days", "kind"), [(-1, InputMissing), (2, InputInvalid)])
def test_only_the_newest_forecast_is_there(
    meteo: FloodApi, tmp_path: Path, time: Time, days: int, kind: type[IbfError]
) -> None:
    with pytest.raises(kind):
        source(meteo, tmp_path, time).fetch(ISSUE - timedelta(days=days))
    assert meteo.asked == []


def test_the_median_of_annual_maxima_needs_ten_whole_years() -> None:
    first, values = date(2002, 1, 1), np.full(3653, 1, dtype=np.float32)
    days = np.datetime64(first) + np.arange(values.size)
    for year in range(10):
        values[days == np.datetime64(f"{2002 + year}-07-01")] = 10 + year
    assert median_maximum(values, first) == 14.5
    values[:40] = np.nan
    assert np.isnan(median_maximum(values, first)), "the first year may lack its flood"
    assert np.isnan(median_maximum(values[:1000], first))


def test_asked_is_a_quarter_of_a_cell_beside_the_centre() -> None:
    assert (asked_point(0.975), asked_point(-12.325)) == (0.9625, -12.3375)


def test_a_version_cannot_be_declared_for_it() -> None:
    settings.OpenMeteoSection(kind="open-meteo")
    with pytest.raises(ValidationError, match="does not say which GloFAS version"):
        settings.OpenMeteoSection(kind="open-meteo", glofas_version="4")
    with pytest.raises(ValidationError, match="fewer than 10 years"):
        settings.OpenMeteoSection(kind="open-meteo", archive_years=(2015, 2021))
