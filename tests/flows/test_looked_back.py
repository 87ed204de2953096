"""After publishing, a run looks at the portal: what it says of one that agrees, differs, does not answer or went on."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows import hazard_run, notice_events
from flows.cli.app import app
from flows.floods import floods
from flows.states import COMPLETED, RunOutcome, exit_code
from flows.wiring import decisions
from flows.wiring.day import Day
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.report.calls import published
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.verification import DIFFERS, VERIFICATION_FILE, read_verification
from ibf_pipeline.sandbox import Sandbox, routes_reading
from ibf_pipeline.sandbox.maps import dynamic_values
from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.targets.ibf import revision
from ibf_pipeline.targets.ibf.lookback import expectation
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.notice_ledger import keep_notices
from ibf_pipeline.targets.resumption import Decision
from ibf_pipeline.targets.target import Publication
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries.tiny_day import ISSUE, TinyDay
from tests.worlds.lookback_words import said
from tests.worlds.runs import flood_run

NEXT = ISSUE + timedelta(days=1)


@pytest.fixture
def day(tiny_day: TinyDay, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TinyDay:  # noqa: F811
    if "draws" not in request.keywords:
        monkeypatch.setattr(decisions, "rewrite_report", lambda *arguments: None)
    file = tiny_day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["targets"]["sandbox"] = {
        "kind": "ibf", "embedded_sandbox": True, "test_target": True, "hold_hours": 2, "attempts": 1,
    }  # fmt: skip
    file.write_text(yaml.safe_dump(settings))
    tiny_day.configure(target="sandbox")
    tiny_day.bring_layers()
    return tiny_day


def run(day: TinyDay, issue_date: date = ISSUE, **more: Any) -> State:
    where = {"config": str(day.config), "workspace": str(day.root / "work")}
    return floods("XTY", issue_date, return_state=True, **where, **more)


def invoke(day: TinyDay, *arguments: str) -> tuple[int, str, BaseException | None]:
    where = ["--config", str(day.config), "--workspace", str(day.root / "work")]
    result = CliRunner().invoke(app, [*arguments, *where])
    return result.exit_code, result.output, result.exception


def revisions(day: TinyDay, issue_date: date = ISSUE) -> list[Revision]:
    return flood_run(day.root / "work" / "runs", "XTY", issue_date).revisions("sandbox")


def mails(day: TinyDay) -> int:
    return len(Sandbox(day.root / "work" / "sandbox").mails("XTY"))


def page(day: TinyDay) -> str:
    return (day.run_folder.path / "report" / "report.html").read_text(encoding="utf-8")


def without_people(store: Any, view: Any, indicator: str) -> list[dict[str, Any]]:
    """A portal that shows nobody in the first of the areas."""
    first, *others = dynamic_values(store, view, indicator)
    return [{**first, "value": 0}, *others]


def broken(*_: Any) -> Any:
    raise server_error()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What a run sends on: kind and text of each notice."""
    sent: list[dict[str, str]] = []
    monkeypatch.setattr(notice_events, "has_server", lambda: True)
    monkeypatch.setattr(notice_events, "send_events", lambda events: sent.extend(each.payload for each in events))
    return sent


@pytest.mark.draws
def test_a_portal_that_shows_something_else_is_caught_and_told(
    day: TinyDay, told: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(routes_reading, "dynamic_values", without_people)
        state = run(day)
        assert (state.name, state.is_completed(), exit_code(state), mails(day)) == ("Portal differs", True, 0, 1)
        (revision,) = revisions(day)
        seen = read_verification(revision.kept)
        assert seen is not None
        row = seen.differences[0]
        assert row.startswith("event G1, area ")
        assert row.endswith("people expected, 0 shown")
        assert str(state.message).startswith(f"the portal differs: {row}")
        assert [(notice["kind"], row in notice["text"]) for notice in told] == [(DIFFERS, True)]
        assert page(day).index(row) < page(day).index("What changed since the last run"), "it stands first"
        code, output, _ = invoke(day, "verify", "XTY/2026-02-15")
        assert (code, f"- {row}" in output) == (1, True), output
    code, output, _ = invoke(day, "verify", "XTY", "--date", "2026-02-15")
    assert (code, "revision 1 on sandbox: checked on the portal at " in output) == (0, True), output
    assert "not checked: rasters" in output
    assert row not in page(day)
    assert "A look back: checked on the portal at " in page(day)
    assert mails(day) == 1


def test_days_that_go_on_agree_and_an_earlier_one_is_no_longer_compared(day: TinyDay) -> None:
    state = run(day)
    assert (state.name, said(state)) == ("Completed", "1 trigger")
    (there,) = published(day.run_folder)
    assert there.seen.startswith("checked on the portal at ")
    (revision,) = revisions(day)
    written, made = revision.folder / expectation.FILE, revision.folder / "journal.jsonl"
    assert written.stat().st_mtime <= made.stat().st_mtime, "before the first call"
    day.write_forecast("", issue_date=NEXT)
    assert said(run(day, NEXT)).startswith("no alert")
    code, output, _ = invoke(day, "verify", "XTY", "--date", "2026-02-15")
    assert (code, "can no longer be compared: the portal shows an upload of 2026-02-16 00:00 UTC" in output) == (
        3,
        True,
    )
    seen = read_verification(revision.kept)
    assert seen is not None
    assert seen.verdict == "agrees", "what was seen on the day itself is kept"


def test_a_portal_that_cannot_be_read_back_fails_nothing(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, error = invoke(day, "verify", "XTY", "--date", "2026-02-15")
    assert isinstance(error, InputMissing), "nothing was published"
    with monkeypatch.context() as patch:
        patch.setattr(routes_reading, "dynamic_values", broken)
        state = run(day)
        assert (state.name, exit_code(state), mails(day)) == ("Completed", 0, 1)
        assert "1 trigger; could not be checked on the portal: " in str(state.message)
        patch.setattr(routes_reading, "dynamic_values", lambda *_: {"an": "answer of another shape"})
        code, output, _ = invoke(day, "verify", "XTY/2026-02-15")
        assert (code, "population_affected/floods answered no list" in output) == (3, True), output
    (revision,) = revisions(day)
    (revision.folder / expectation.FILE).write_text(json.dumps({"format": 9, "hazard": "floods"}))
    (revision.folder / VERIFICATION_FILE).write_text(json.dumps({"format": 9}))
    code, output, _ = invoke(day, "verify", "XTY/2026-02-15")
    assert (code, "expected.json of format 9" in output) == (3, True), output


def test_a_held_day_is_looked_at_before_a_person_decides_and_so_is_what_is_taken_back(
    day: TinyDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(run(day, hold=True)).startswith("1 trigger; held before the notification")
    assert mails(day) == 0
    code, output, _ = invoke(day, "resume", "XTY/2026-02-15", "--approve")
    assert (code, mails(day), "checked on the portal at " in output) == (0, 1, True), output
    code, output, _ = invoke(day, "withdraw", "XTY/2026-02-15", "--all", "--no-notify")
    assert (code, "checked on the portal at " in output) == (0, True), output
    code, output, _ = invoke(day, "verify", "XTY/2026-02-15")
    assert (code, "revision 2 on sandbox: checked on the portal" in output) == (0, True), output
    monkeypatch.setattr(routes_reading, "point_features", broken)
    code, output, _ = invoke(day, "verify", "XTY/2026-02-15")
    seen = read_verification(revisions(day)[-1].kept)
    assert (code, "could not be checked on the portal: " in output) == (3, True), output
    assert seen is not None
    assert seen.verdict == "agrees", "what was seen before is kept"


def test_without_a_server_there_is_no_page_to_approve_on_and_the_day_is_held(day: TinyDay) -> None:
    state = run(day, approval=True)
    assert (state.name, mails(day)) == ("Held", 0)
    assert said(state).startswith("1 trigger; held before the notification")
    code, output, _ = invoke(day, "resume", "XTY/2026-02-15", "--approve")
    assert (code, mails(day)) == (0, 1), output


def test_what_differs_after_an_approval_in_the_ui_is_told_once(
    day: TinyDay, told: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told when the notification was held is not told again."""
    blind = Notice("station blind", "G9", "blind")

    def is_held(opened: Day) -> None:
        keep_notices(revisions(day)[0], [blind])
        notice_events.send_notices(opened.run, "sandbox")

    def approved(opened: Day, findings: Findings) -> tuple[Publication | None, str, RunOutcome]:
        _, publication = decisions.resume_run(opened, Decision(approve=True))
        keep_notices(revisions(day)[0], [blind, Notice(DIFFERS, "the portal", "rows")])
        return publication, "approved", COMPLETED

    for name, stand_in in (("has_server", lambda: True), ("show_waiting", is_held), ("await_approval", approved)):
        monkeypatch.setattr(hazard_run, name, stand_in)
    monkeypatch.setattr(hazard_run, "tell_waiting", lambda *_, **__: None)
    assert (run(day, approval=True).name, mails(day)) == ("Completed", 1)
    assert [notice["kind"] for notice in told] == ["station blind", DIFFERS]


def test_what_cannot_be_written_down_before_keeps_no_day_from_people(
    day: TinyDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "expected_of", lambda *_: 1 / 0)
    state = run(day)
    assert (state.name, mails(day)) == ("Completed", 1)
    assert str(state.message).endswith("not checked on the portal: nothing was written down before publishing")
