"""A day from a source that is for trying only: marked wherever it appears, and never where it reaches people."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

import flows.wiring.sources
from flows.cli.app import app
from flows.cli.tables import print_found
from flows.watch_source import watch_source
from flows.wiring.day import open_day
from flows.wiring.decisions import resume_run, withdraw_run
from ibf_pipeline.check.settings import check_settings
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.targets import FilesTargetSettings
from ibf_pipeline.domain.trial import NO_ALL_CLEAR, TRIAL
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid
from ibf_pipeline.report.tables import summary
from ibf_pipeline.targets.notice import blind_notices
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import Decision
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries.tiny_day import ISSUE, TinyDay
from tests.worlds.services.open_meteo import FloodApi, River

PLACES = {"G1": (0.97, 10.02), "G2": (0.97, 10.12)}


@pytest.fixture
def meteo() -> Iterator[FloodApi]:
    with FloodApi() as meteo:
        yield meteo


@pytest.fixture
def day(tiny_day: TinyDay, meteo: FloodApi, monkeypatch: pytest.MonkeyPatch) -> TinyDay:  # noqa: F811
    """The tiny country's day from the service, into a folder of files, on the evening of its issue date."""
    monkeypatch.setattr(flows.wiring.sources, "now", lambda: datetime(2026, 2, 15, 18, tzinfo=UTC))
    file = tiny_day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["sources"] |= {
        "meteo": {"kind": "open-meteo", "url": meteo.url, "attempts": 1, "calls_per_minute": 1e9},
        "kept": {"kind": "run"},
    }
    settings["targets"] |= {"shadow": {"kind": "files", "folder": str(tiny_day.root / "shadow")}}
    file.write_text(yaml.safe_dump(settings))
    tiny_day.configure(sources=["meteo"], target="shadow")
    return tiny_day


def serve(meteo: FloodApi, day: TinyDay, wishes: str, *maxima: float) -> None:
    """The run of the issue date that makes a wish list true; thresholds of 2 years are 20 m3/s."""
    cube = day.ensemble(wishes)
    rise = 0.01 * np.add.outer(np.arange(cube.sizes["member"]), np.arange(8))
    for (code, place), maximum in zip(PLACES.items(), maxima or (20.0, 20.0), strict=True):
        values = cube.sel(station=code).transpose("member", "lead_time").values + rise
        meteo.put(*place, River(ISSUE, values, maximum))


@pytest.mark.draws
def test_a_day_of_files_says_on_every_page_that_it_is_a_trial(
    day: TinyDay, meteo: FloodApi, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(meteo, day, "G1=--TTT---", 20.0, 46.0)
    state = day.flow()
    assert state.is_completed(), state.message
    found = day.run_folder.findings()
    assert ([event.name for event in found.events], found.events[0].flags) == (["G1"], "--TTT---")
    assert (found.trial, found.source, found.glofas_version) == (TRIAL, "meteo", "unknown")
    blind = found.station("G2")
    assert blind.condition == "blind"
    assert "46 m3/s, is 2.3 times the 2-year threshold of 20 m3/s" in blind.reason

    assert f"1 trigger ({TRIAL})" in str(state.message), "the state, which is the line of the morning page"
    run = day.run_folder.path
    assert TRIAL in (run / "report" / "report.html").read_text()
    assert f"This is a {TRIAL}." in (run / "report" / "report.html").read_text()
    assert TRIAL in summary(found, [], None, [], None)
    with Console(record=True, width=200) as console:
        print_found(found, console)
    assert TRIAL in console.export_text()
    assert all(TRIAL in notice.text for notice in blind_notices(found))
    shown = day.root / "shadow" / "XTY" / ISSUE.isoformat()
    assert TRIAL in json.loads((shown / "day.json").read_text())["headline"]
    for name in ("events", "areas", "stations"):
        rows = list(csv.DictReader((shown / f"{name}.csv").open(encoding="utf-8-sig")))
        assert {row["trial"] for row in rows} == {TRIAL}, name
        assert TRIAL in (shown / f"{name}.geojson").read_text()
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["obtained"]["trial"], TRIAL in manifest["headline"]) == (TRIAL, True)


def test_no_alert_of_a_trial_is_no_all_clear(day: TinyDay, meteo: FloodApi) -> None:
    serve(meteo, day, "G1=--------")
    state = day.flow()
    assert str(state.message).startswith(f"no alert ({TRIAL}; {NO_ALL_CLEAR})"), state.message
    found = day.run_folder.findings()
    assert NO_ALL_CLEAR in summary(found, [], None, [], None)


def test_another_model_version_makes_every_station_blind_and_stops_the_run(day: TinyDay, meteo: FloodApi) -> None:
    serve(meteo, day, "G1=--------", 9.0, 46.0)
    error = day.refused(InputInvalid)
    assert "no station has a usable forecast" in error.found
    assert "0.45 times" in error.found
    assert "2.3 times" in error.found


@pytest.mark.parametrize("publish", [True, False])
def test_it_is_refused_where_people_are_notified_before_anything_is_asked(
    day: TinyDay, meteo: FloodApi, publish: bool
) -> None:
    serve(meteo, day, "G1=--TTT---")
    error = day.refused(ForbiddenByRule, target="live", publish=publish)
    assert "source meteo of XTY is for trying only" in error.found
    assert "no setting allows this" in error.remedy
    assert meteo.asked == []
    assert not day.prepared.exists(), "nothing was begun"


def test_a_sensor_asks_nothing_for_a_country_whose_target_is_for_people(day: TinyDay, meteo: FloodApi) -> None:
    serve(meteo, day, "G1=--TTT---")
    day.configure(sources=["meteo"], target="live")
    state = watch_source("meteo", ISSUE, str(day.config), str(day.root / "work"), return_state=True)
    assert state.is_failed()
    assert "NOT possible: meteo of 2026-02-15 for XTY" in str(state.message)
    assert "for trying only" in str(state.message)
    assert meteo.asked == []


def test_nor_by_a_withdrawal_once_the_target_is_for_people(
    day: TinyDay, meteo: FloodApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(meteo, day, "G1=--TTT---")
    assert day.flow().is_completed()
    monkeypatch.setattr(FilesTargetSettings, "notifies", True)
    opened = open_day(str(day.config), "XTY", ISSUE, "shadow", workspace=str(day.root / "work"))
    with pytest.raises(ForbiddenByRule, match=TRIAL):
        withdraw_run(opened, ["G1"], notify=True, overrides=Overrides())
    assert not withdraw_run(opened, ["G1"], notify=False, overrides=Overrides()).publication.notified


def test_nor_does_it_reach_people_by_way_of_an_earlier_run(day: TinyDay, meteo: FloodApi) -> None:
    """`kind: run` makes the same findings of what the trial kept, marked as they were."""
    serve(meteo, day, "G1=--TTT---")
    assert day.flow().is_completed()
    first = (day.run_folder.path / "events.json").read_bytes()
    asked = len(meteo.asked)
    day.configure(sources=["kept"], target="shadow")
    assert day.flow().is_completed()
    assert ((day.run_folder.path / "events.json").read_bytes(), len(meteo.asked)) == (first, asked)
    error = day.refused(ForbiddenByRule, target="live")
    assert TRIAL in error.found


def test_nor_by_a_revision_that_was_begun_while_the_target_was_for_tests(
    day: TinyDay, meteo: FloodApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full folder leaves the revision unfinished; then people would be told by that target."""
    serve(meteo, day, "G1=--TTT---")
    (day.root / "shadow").mkdir()
    hidden = day.root / "shadow" / "XTY" / f".{ISSUE}.part"
    hidden.parent.mkdir()
    hidden.write_text("in the way")
    assert day.flow().is_failed()
    hidden.unlink()
    monkeypatch.setattr(FilesTargetSettings, "notifies", True)
    opened = open_day(str(day.config), "XTY", ISSUE, "shadow", workspace=str(day.root / "work"))
    with pytest.raises(ForbiddenByRule, match=TRIAL):
        resume_run(opened, Decision())
    day.configure(sources=["folder"], target="shadow")
    state = day.flow()
    assert state.is_failed()
    assert TRIAL in str(state.message), "a run from a source for people does not finish it either"
    assert resume_run(opened, Decision(abort=True))[1] is None
    assert day.flow().is_completed()


@pytest.mark.parametrize(("target", "level"), [("shadow", "warning"), ("live", "error")])
def test_check_says_it_before_any_run(day: TinyDay, target: str, level: str) -> None:
    day.configure(sources=["meteo"], target=target)
    configuration = load(day.config)
    told = [each for each in check_settings(configuration, configuration.country("XTY")) if "for trying" in each.found]
    assert [each.level for each in told] == [level]


def test_a_forecast_that_was_only_fetched_says_so_too(day: TinyDay, meteo: FloodApi) -> None:
    serve(meteo, day, "G1=--TTT---")
    where = ["--config", str(day.config), "--workspace", str(day.root / "work")]
    told = CliRunner().invoke(app, ["inputs", "fetch", "XTY", "--date", str(ISSUE), *where])
    assert told.exit_code == 0, told.output
    assert f"source meteo: {TRIAL}" in told.output
    assert "GloFAS version not told" in told.output
