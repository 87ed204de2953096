"""Days of a country that the server can make no mail about, through their flow: states, exit codes, messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from flows.heartbeat import overdue_runs
from flows.states import exit_code
from flows.wiring.day import open_configuration
from ibf_pipeline.report.calls import mail_cautions, published
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries.tiny_day import ISSUE, TinyDay
from tests.worlds.lookback_words import said
from tests.worlds.runs import flood_run

pytestmark = pytest.mark.usefixtures("plain", "quick")
NEXT = ISSUE + timedelta(days=1)
TOLD = "the portal shows it and nobody was mailed: it can make no mail about Tinyland; trigger without mail: G1"


@pytest.fixture
def day(tiny_day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyDay]:  # noqa: F811
    """The tiny country on a server without its time zone."""
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    sandbox = Sandbox(tiny_day.root / "portal")
    seed = seed_from_static(tiny_day.static, "XTY", name="Tinyland", admin_levels=(1, 2), default_admin_level=1)
    sandbox.seed(replace(seed, time_zone=False))
    with sandbox:
        file = tiny_day.config / "settings.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["targets"]["portal"] |= {"url": sandbox.url, "mails_countries": ["UGA", "KEN"]}
        file.write_text(yaml.safe_dump(settings))
        tiny_day.bring_layers()
        yield tiny_day


def test_three_days(day: TinyDay, caplog: pytest.LogCaptureFixture) -> None:
    """A trigger, the same again, the next day, and its end."""
    state = day.flow()
    assert (state.name, exit_code(state), said(state)) == ("Not notified", 1, f"1 trigger; {TOLD}")
    expected = (
        "this server mails nobody about XTY as soon as an event is active: it can make a mail only about UGA, KEN"
    )
    assert expected in caplog.text
    (revision,) = day.run_folder.revisions("portal")
    assert revision.state().is_finished
    kept = json.loads(revision.folder.joinpath("notices.json").read_text(encoding="utf-8"))["notices"]
    assert [(notice["kind"], notice["event"]) for notice in kept] == [("trigger without mail", "G1")]
    state = day.flow()
    assert (state.name, exit_code(state)) == ("Not notified", 1), "a run that did nothing makes nothing good"
    assert state.message == (
        "1 trigger; nothing to publish: portal has this very content; the portal shows it and nobody was mailed"
    )
    assert len(day.run_folder.revisions("portal")) == 1
    assert mail_cautions(published(day.run_folder)) == [
        "Target portal: it shows the day and nobody was mailed: tell the recipients yourself."
    ], "above everything else in the report"
    where = (str(day.config), str(day.root / "work"))
    assert overdue_runs(open_configuration(*where), ISSUE, *where) == [
        "XTY: the portal shows it and nobody was mailed by portal"
    ]

    day.write_forecast("G1=-TTT----", issue_date=NEXT)
    state = day.flow(issue_date=NEXT)
    assert (state.name, said(state)) == ("Not notified", f"1 trigger; {TOLD}")
    assert "nobody was notified by the withdrawal" in command(day, "withdraw", f"XTY/{NEXT}", "--all")
    assert "nothing of XTY on 2026-02-16 is unfinished" in command(day, "resume", f"XTY/{NEXT}", code=1)

    third = NEXT + timedelta(days=1)
    day.write_forecast("", issue_date=third)
    state = day.flow(issue_date=third)
    assert (state.name, said(state)) == ("Completed", "no alert")
    (revision,) = flood_run(day.root / "work" / "runs", "XTY", third).revisions("portal")
    assert revision.state().has_notified, "there was nothing to mail about"


def test_check_names_the_countries(day: TinyDay) -> None:
    rows = json.loads(command(day, "check", "XTY", "--json", code=None))
    (row,) = [row for row in rows if "mails nobody" in row["found"]]
    assert (row["level"], "(it can make a mail about: UGA, KEN)" in row["found"]) == ("warning", True)


def command(day: TinyDay, *words: str, code: int | None = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(day.config), "--workspace", str(day.root / "work")])
    assert code is None or result.exit_code == code, (words, result.output, result.exception)
    return result.output if code == 0 or code is None else f"{result.output}{result.exception}"
