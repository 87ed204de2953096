"""Days with several sources, and past days again from what their runs kept, without raw files."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from ibf_pipeline.config.configuration import load
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.stations import cells_of_stations, read_stations
from ibf_pipeline.sources.past_runs import RunSource, read_kept_forecast
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries.tiny_day import ISSUE, TinyDay, edit_text

SOURCES = """sources:
  kept: {kind: run}
  ewds: {kind: ewds, url: 'http://127.0.0.1:9/api', attempts: 1, key_variable: NO_SUCH_KEY}
  ftp: {kind: ftp, host: 127.0.0.1, port: 9, user_variable: NO_SUCH_USER, attempts: 1}
"""


@pytest.fixture
def day(tiny_day: TinyDay) -> TinyDay:  # noqa: F811
    edit_text(tiny_day.config / "settings.yaml", "sources:\n", SOURCES)
    return tiny_day


def manifest(day: TinyDay) -> dict:
    return json.loads((day.run_folder.path / "manifest.json").read_text())


def run(day: TinyDay) -> bytes:
    state = day.flow(publish=False)
    assert state.is_completed(), state.message
    return (day.run_folder.path / "events.json").read_bytes()


def test_a_past_day_is_run_again_exactly_without_its_raw_files(day: TinyDay) -> None:
    first, kept = run(day), (day.run_folder.path / "forecast.nc").read_bytes()
    shutil.rmtree(day.root / "forecasts")
    day.configure(sources=["kept"])
    assert run(day) == first
    assert json.loads(first)["events"], "an event was there to be lost"
    assert manifest(day)["source"] == "kept"
    assert run(day) == first, "and once more from what the second run kept"
    assert (day.run_folder.path / "forecast.nc").stat().st_size == len(kept)


def test_a_day_with_missing_members_and_steps_too(day: TinyDay) -> None:
    from tests.worlds.countries import damage

    day.member(3).unlink()
    damage.blank_lead_time(day.member(5), 4)
    first = run(day)
    shutil.rmtree(day.root / "forecasts")
    day.configure(sources=["folder", "kept"])
    assert run(day) == first


def test_a_day_that_was_never_run_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no finished run of XTY for 2026-02-15"):
        RunSource("kept", tmp_path, "XTY").fetch(ISSUE)


def test_a_station_that_was_moved_or_added_is_not_made_up(day: TinyDay) -> None:
    run(day)
    file, stations = day.run_folder.path / "forecast.nc", day.static / "stations.csv"
    original = stations.read_text()
    stations.write_text(original.replace("0.97,10.02", "0.97,10.07"))
    with pytest.raises(InputInvalid, match="station G1 was at another place then"):
        read_kept_forecast(file, cells_of_stations(read_stations(stations)), ISSUE)
    stations.write_text(original + "G3,Lower,0.93,10.02,G3\n")
    with pytest.raises(InputInvalid, match="station G3 was not a station then"):
        read_kept_forecast(file, cells_of_stations(read_stations(stations)), ISSUE)
    stations.write_text(original.splitlines()[0] + "\n" + original.splitlines()[2] + "\n")
    fewer = read_kept_forecast(file, cells_of_stations(read_stations(stations)), ISSUE)
    assert fewer["station"].values.tolist() == ["G2"]
    with pytest.raises(InputInvalid, match="the forecast of 2026-02-15"):
        read_kept_forecast(file, cells_of_stations(read_stations(stations)), ISSUE.replace(day=16))


def test_sources_that_fail_are_passed_over_and_named_in_the_manifest(day: TinyDay) -> None:
    """One without its account, one without an answer, one that never ran: the folder is used."""
    day.configure(sources=["ewds", "ftp", "kept", "folder"])
    run(day)
    content = manifest(day)
    assert content["source"] == "folder"
    assert [text.split(":")[0] for text in content["obtained"]["passed_over"]] == ["ewds", "ftp", "kept"]
    assert "account of source ewds is not in the environment" in content["obtained"]["passed_over"][0]
    assert all(len(entry["sha256"]) == 64 for entry in content["inputs"])


def test_fewer_members_than_needed_are_a_reason_to_ask_the_next_source(day: TinyDay) -> None:
    edit_text(
        day.config / "settings.yaml",
        "sources:\n",
        "sources:\n  short: {kind: folder, root: short, glofas_version: '4'}\n",
    )
    shutil.copytree(day.root / "forecasts", day.root / "short")
    for number in range(5):
        (day.root / "short" / day.forecast.name / day.member(number).name).unlink()
    day.configure(sources=["short", "folder"])
    run(day)
    assert manifest(day)["obtained"]["passed_over"] == ["short: 5 of 10 ensemble members are there"]


def test_a_source_without_one_of_the_days_is_passed_over(day: TinyDay) -> None:
    """Every member is there, and none has the value of 4-day: no station could be judged."""
    from tests.worlds.countries import damage

    edit_text(
        day.config / "settings.yaml", "sources:\n", "sources:\n  gap: {kind: folder, root: gap, glofas_version: '4'}\n"
    )
    shutil.copytree(day.root / "forecasts", day.root / "gap")
    for file in (day.root / "gap" / day.forecast.name).glob("*.nc"):
        damage.blank_lead_time(file, 4)
    day.configure(sources=["gap", "folder"])
    run(day)
    content = manifest(day)
    assert content["source"] == "folder"
    assert content["obtained"]["passed_over"][0].startswith(
        "gap: no station has a usable forecast: G1 0 valid members on 4-day"
    )


def test_a_whole_ensemble_of_the_next_source_is_preferred_to_an_incomplete_one(day: TinyDay) -> None:
    edit_text(
        day.config / "settings.yaml",
        "sources:\n",
        "sources:\n  short: {kind: folder, root: short, glofas_version: '4'}\n",
    )
    shutil.copytree(day.root / "forecasts", day.root / "short")
    for number in range(3):
        (day.root / "short" / day.forecast.name / day.member(number).name).unlink()
    day.configure(sources=["short", "folder"])
    run(day)
    assert (manifest(day)["source"], manifest(day)["obtained"]["passed_over"]) == (
        "folder", ["short: incomplete, and folder is whole"],
    )  # fmt: skip
    day.member(0).unlink()
    run(day)
    assert manifest(day)["source"] == "short", "where none is whole, the preferred one"


def test_a_correction_that_makes_a_trigger_is_found_and_said(day: TinyDay) -> None:
    """7 of 10 quiet members were fetched; then the whole corrected ensemble is there, and triggers."""
    archive = day.root / "archive" / day.forecast.name
    edit_text(
        day.config / "settings.yaml",
        "sources:\n",
        f"sources:\n  archive: {{kind: object-store, url: 'file://{day.root}/archive', glofas_version: '4'}}\n",
    )
    day.configure(sources=["archive"])
    day.write_forecast("G1=--------")
    shutil.copytree(day.forecast, archive)
    for number in (7, 8, 9):
        (archive / day.member(number).name).unlink()
    assert json.loads(run(day))["events"] == []
    day.write_forecast("G1=--TTT---")
    for file in day.forecast.iterdir():
        shutil.copy(file, archive)
        os.utime(archive / file.name, (time.time() + 600,) * 2)
    found = json.loads(run(day))
    text = "7 of 7 files of 2026-02-15 were replaced on the server after they had been fetched: all were fetched again"
    assert [event["trigger"] for event in found["events"]] == [True]
    assert f"source archive: {text}" in found["notes"]
    assert manifest(day)["obtained"]["corrected"] == text


def test_a_damaged_preferred_source_is_passed_over(day: TinyDay) -> None:
    edit_text(day.config / "settings.yaml", "sources:\n", "sources:\n  bad: {kind: folder, root: bad}\n")
    (day.root / "bad" / day.forecast.name).mkdir(parents=True)
    (day.root / "bad" / day.forecast.name / "glofas.grib2").write_bytes(b"<html>")
    day.configure(sources=["bad", "folder"])
    run(day)
    assert "does not begin with GRIB" in manifest(day)["obtained"]["passed_over"][0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x: {kind: gopher}", "sources.x"),
        ("x: {kind: ftp, hots: a}", "sources.x.hots: unknown key, did you mean 'host'?"),
        ("x: {kind: folder}", "sources.x.root: this key is missing"),
        ("x: {kind: object-store, url: 's3://me:pw@bucket'}", "a url with a password in it"),
        ("x: {kind: ewds, days: 7}", "sources.x.days"),
        ("x: {kind: ewds, waiting: {first_look: '2:30'}}", "sources.x.waiting.first_look"),
    ],
)
def test_a_wrong_source_is_named_with_its_key(day: TinyDay, line: str, message: str) -> None:
    from ibf_pipeline.errors import ConfigError

    edit_text(day.config / "settings.yaml", "sources:\n", f"sources:\n  {line}\n")
    with pytest.raises(ConfigError) as wrong:
        load(day.config)
    assert message in wrong.value.found
    assert "pw@" not in str(wrong.value) or "password" in wrong.value.found
