"""A forecast that is made up on the day it is asked for: said wherever it appears, and for test targets alone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import flows.wiring.sources
from flows.deployment.registration import when_it_runs
from flows.deployment.table import planned_deployments
from flows.wiring.day import open_configuration, open_day
from flows.wiring.idle_countries import awaited
from flows.wiring.sources import open_source
from flows.wiring.trial import require_no_trial, require_no_trial_begun
from ibf_pipeline.check.settings import check_settings
from ibf_pipeline.config.configuration import load
from ibf_pipeline.domain.trial import MADE_UP
from ibf_pipeline.errors import ForbiddenByRule, InputMissing
from ibf_pipeline.report.tables import summary
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.conftest import ROOT
from tests.worlds.countries.tiny_day import ISSUE, TinyDay

STORY = ["G1=--TTT---", "", "G2=ww------:min"]


@pytest.fixture
def day(tiny_day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> TinyDay:  # noqa: F811
    """The tiny country's day, with a source that makes its forecasts up; targets that are no test targets beside it."""
    monkeypatch.setattr(flows.wiring.sources, "now", lambda: datetime(2026, 2, 15, 18, tzinfo=UTC))
    file = tiny_day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["sources"] |= {"made": {"kind": "generated", "story": STORY, "days": 3}, "kept": {"kind": "run"}}
    settings["targets"] |= {"shadow": {"kind": "files", "folder": str(tiny_day.root / "shadow")}}
    settings["targets"] |= {"tried": {"kind": "files", "folder": str(tiny_day.root / "tried"), "test_target": True}}
    file.write_text(yaml.safe_dump(settings))
    tiny_day.configure(sources=["made"], target="tried")
    return tiny_day


def test_the_day_it_runs_has_a_forecast_that_says_what_it_is(day: TinyDay, quick: None) -> None:
    assert STORY[ISSUE.toordinal() % 3] == "G1=--TTT---", "the day's chapter"
    state = day.flow()
    assert state.is_completed(), state.message
    assert f"1 trigger ({MADE_UP})" in str(state.message), "the state, which is the line of the morning page"
    found = day.run_folder.findings()
    assert [(event.name, event.flags) for event in found.events] == [("G1", "--TTT---")]
    assert (found.trial, found.source) == (MADE_UP, "made")
    assert MADE_UP in summary(found, [], None, [], None)
    assert MADE_UP in json.loads((day.root / "tried/XTY" / ISSUE.isoformat() / "day.json").read_text())["headline"]
    obtained = json.loads((day.run_folder.path / "manifest.json").read_text())["obtained"]
    assert (obtained["trial"], obtained["wishes"]) == (MADE_UP, "G1=--TTT---")


def test_a_target_for_people_has_none_of_it(day: TinyDay, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a made-up forecast, nor what an earlier run kept of one, nor a revision begun on what was for tests."""
    error = day.refused(InputMissing, target="shadow")
    assert "its forecasts are made up, and target shadow is not a test target" in error.found
    assert day.flow().is_completed()
    day.configure(sources=["kept"], target="tried")
    kept = day.refused(ForbiddenByRule, target="shadow")
    assert f"the forecast of XTY is a {MADE_UP}" in kept.found
    found = day.run_folder.findings()
    require_no_trial(open_day(str(day.config), "XTY", ISSUE, "tried"), found)
    with pytest.raises(ForbiddenByRule):
        require_no_trial(open_day(str(day.config), "XTY", ISSUE, "shadow"), found)
    monkeypatch.setattr("flows.wiring.trial.unfinished", lambda *_: SimpleNamespace(findings=lambda: found))
    require_no_trial_begun(open_day(str(day.config), "XTY", ISSUE, "tried"))
    with pytest.raises(ForbiddenByRule):
        require_no_trial_begun(open_day(str(day.config), "XTY", ISSUE, "shadow"))
    assert not (day.root / "shadow").exists()


@pytest.mark.parametrize(
    ("issue_date", "why"), [(date(2026, 2, 16), "it is not begun"), (date(2026, 2, 12), "it is too long ago")]
)
def test_it_has_the_last_days_alone(day: TinyDay, issue_date: date, why: str) -> None:
    configuration = load(day.config)
    source = open_source(configuration, "made", configuration.country("XTY"))
    with pytest.raises(InputMissing, match=why):
        source.fetch(issue_date)


def test_check_says_so(day: TinyDay) -> None:
    configuration = load(day.config)
    (said,) = [each for each in check_settings(configuration, configuration.country("XTY")) if "made" in each.found]
    assert (said.level, said.found) == ("warning", "source made makes its forecasts up")


def test_of_a_fresh_clone_the_demo_country_is_scheduled_and_uganda_waits_for_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IBF_UGANDA", raising=False)
    configuration = open_configuration(str(ROOT / "config"), str(tmp_path))
    planned = {each.full_name: each for each in planned_deployments(configuration, "config", None)}
    assert planned["floods/XDM"].schedule
    where = ROOT / "data/countries/UGA"
    assert (planned["floods/UGA"].schedule, when_it_runs(planned["floods/UGA"], None)) == (
        None, f"not scheduled: no static data yet in {where}: bring them, then deploy again",
    )  # fmt: skip
    assert [each.label for each in awaited(configuration)] == ["XDM"], "no heartbeat asks for it"
    source = open_source(configuration, "generated", configuration.country("XDM"))
    for story in range(7):
        day = date.fromordinal(datetime.now(UTC).date().toordinal() - story)
        assert source.fetch(day).origin["trial"] == MADE_UP, "each chapter can be told of the demo's stations"
