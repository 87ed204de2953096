"""A second kind of target, brought from outside: what the product promises of a target it keeps for this one too."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows.approval import mail_text
from flows.cli.app import app
from flows.cli.compare import compare_day
from flows.floods import floods
from flows.states import exit_code
from flows.wiring import decisions, targets
from ibf_pipeline.config.targets import TARGET_KINDS
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, OutcomeUnknown, UsageError
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.notice_ledger import notices_of
from tests.conftest import ROOT
from tests.worlds.countries.stories import write_day
from tests.worlds.noticeboard.board import Board, Trouble
from tests.worlds.noticeboard.kind import noticeboards
from tests.worlds.plain_calls import plain_calls
from tests.worlds.runs import flood_run

pytestmark = pytest.mark.usefixtures("plain", "quick")
ISSUE, NEXT = date(2026, 2, 15), date(2026, 2, 16)
SHOWN = ["G9001", "G9002", "G9003", "G9004", "G9005", "G9008"]
PINS, TIDY, LOOK, RING = range(1, 7), 7, 8, 9
BOARDS = ("plain", "killed", "lost", "held", "late", "silent", "away", "refusing", "taken-back", "next-day")


@pytest.fixture(scope="module", autouse=True)
def _kind() -> Iterator[None]:
    with noticeboards():
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose demo country has a board for each story."""
    root = tmp_path_factory.mktemp("project")
    (root / "config/countries").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text())
    settings["sources"]["demo"]["root"] = str(root / "forecasts")
    for name in BOARDS:
        settings["targets"][name] = {"kind": "noticeboard", "wall": str(root / "walls" / name), "hold_hours": 2}
    (root / "config/settings.yaml").write_text(yaml.safe_dump(settings))
    country = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text())
    country["static"] = str(ROOT / "data/fixtures/XDM")
    (root / "config/countries/XDM.yaml").write_text(yaml.safe_dump(country))
    write_day(root / "forecasts", "busiest", ISSUE)
    write_day(root / "forecasts", "no-alert", NEXT)
    return root


def board(project: Path, name: str) -> Board:
    return Board(project / "walls" / name)


def run(project: Path, target: str, issue_date: date = ISSUE, **more: Any) -> State:
    where = {"config": str(project / "config"), "workspace": str(project / "work")}
    return floods("XDM", issue_date, target, return_state=True, **where, **more)


def invoke(project: Path, target: str, *arguments: str) -> tuple[int, str, BaseException | None]:
    where = ["--target", target, "--config", str(project / "config"), "--workspace", str(project / "work")]
    result = CliRunner().invoke(app, [*arguments, *where])
    return result.exit_code, result.output, result.exception


def run_folder(project: Path, issue_date: date = ISSUE) -> RunFolder:
    return flood_run(project / "work" / "runs", "XDM", issue_date)


def revisions(project: Path, target: str, issue_date: date = ISSUE) -> list[Revision]:
    return run_folder(project, issue_date).revisions(target)


def run_and_die(project: Path, target: str) -> None:
    """In a process of its own, which the board kills."""
    child = os.fork()
    if child == 0:
        try:
            run(project, target)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture(scope="module")
def day(quick: None, project: Path, _kind: None) -> State:
    """A whole day on the board `plain`."""
    with plain_calls():
        return run(project, "plain")


def test_a_day_is_pinned_and_the_bell_rung_once(project: Path, day: State) -> None:
    assert day.is_completed(), day.message
    pinned, found = board(project, "plain"), run_folder(project).findings()
    assert sorted(pinned.sheets()) == SHOWN
    assert pinned.rings() == [SHOWN]
    assert pinned.calls() == [*PINS, TIDY, LOOK, RING]
    sheet = pinned.sheets()["G9003"]
    event = next(event for event in found.events if event.name == "G9003")
    assert sheet["people"] == {area.place_code: area.people for area in event.areas_of(found.default_admin_level)}
    assert sum(sheet["people"].values()) > 0
    (revision,) = revisions(project, "plain")
    about = json.loads((revision.folder / "revision.json").read_text())
    assert (about["capabilities"], about["pinned_before"], "of_target" in about) == ("pins", [], False)
    assert run(project, "plain").is_completed()
    assert (len(revisions(project, "plain")), len(pinned.rings())) == (1, 1), "the same again is nothing to do"


@pytest.mark.usefixtures("day")
def test_the_report_and_the_plan_tell_of_it(project: Path) -> None:
    (told,) = [each for each in published(run_folder(project)) if each.target == "plain"]
    assert (told.outcome, told.capabilities, told.is_complete) == ("all 9 calls made", "pins", True)
    rewrite_report(run_folder(project), project / "work" / "prepared" / "XDM")
    page = (run_folder(project).path / "report/report.html").read_text(encoding="utf-8")
    assert f"9 calls to <code>{project / 'walls/plain'}</code>, capabilities pins" in page
    code, output, _ = invoke(project, "plain", "plan", "XDM", "--date", "2026-02-15")
    assert (code, "capabilities `pins`: boards have no others" in output, "ring the bell" in output) == (0, True, True)


@pytest.mark.usefixtures("day")
def test_what_it_shows_is_compared_and_checked(project: Path) -> None:
    code, output, _ = invoke(project, "plain", "compare", "XDM")
    assert (code, "2026-02-15: 6 of 6 events agree with plain" in output) == (0, True), output
    sheets = board(project, "plain").sheets()
    (first, people), *_ = sheets["G9003"]["people"].items()
    more = {**sheets["G9003"], "people": {**sheets["G9003"]["people"], first: people + 5}}
    board(project, "plain").pin({**sheets, "G9003": more})
    where = str(project / "config"), "XDM", None
    _, rows = compare_day(*where, "plain", str(project / "work"))
    board(project, "plain").pin(sheets)
    differing = {row.event: row.differences for row in rows if row.verdict != "agrees"}
    total = sum(sheets["G9003"]["people"].values())
    assert differing == {"G9003": (f"people {total:,}, there {total + 5:,}",)}
    with pytest.raises(UsageError) as caught:
        compare_day(*where, "files", str(project / "work"))
    assert caught.value.expected == "a target of kind ibf or noticeboard"
    code, output, _ = invoke(project, "plain", "check", "XDM", "--json")
    rows = [row for row in json.loads(output) if row["subject"] == "portal"]
    said = {(row["level"], row["found"]) for row in rows}
    assert {
        ("fine", "reached; by pins"),
        ("fine", "levels [1, 2, 3], default 2, as configured"),
        ("fine", f"open events keep their names: {', '.join(board(project, 'plain').sheets())}"),
        ("not checked", "stations: this server has no route for it"),
    } <= said


def test_killed_in_the_middle_it_is_resumed(project: Path) -> None:
    pinned = board(project, "killed")
    pinned.make_trouble(4, "kill")
    run_and_die(project, "killed")
    assert (len(pinned.sheets()), pinned.rings()) == (3, [])
    code, output, _ = invoke(project, "killed", "resume", "XDM/2026-02-15")
    assert code == 0, output
    assert (sorted(pinned.sheets()), pinned.rings()) == (SHOWN, [SHOWN])
    assert (pinned.calls()[:3], pinned.calls()[-6:]) == ([1, 2, 3], [*range(4, 10)])
    assert pinned.calls().count(RING) == 1


def test_a_lost_answer_of_the_bell_is_decided_by_a_person(project: Path) -> None:
    pinned = board(project, "lost")
    pinned.make_trouble(RING, "lost")
    assert exit_code(run(project, "lost")) == 4
    assert exit_code(run(project, "lost")) == 4, "it asks again"
    *_, error = invoke(project, "lost", "resume", "XDM/2026-02-15")
    assert isinstance(error, OutcomeUnknown)
    code, output, _ = invoke(project, "lost", "resume", "XDM/2026-02-15", "--assume-notified")
    assert (code, pinned.rings()) == (0, [SHOWN]), output


def test_held_it_waits_for_an_approval(project: Path) -> None:
    pinned = board(project, "held")
    state = run(project, "held", hold=True)
    assert "held before the notification" in str(state.message)
    assert (pinned.calls(), pinned.rings()) == ([*PINS, TIDY, LOOK], [])
    (revision,) = revisions(project, "held")
    assert mail_text(revision) == f"The bell tells of {', '.join(SHOWN)}"
    code, output, _ = invoke(project, "held", "resume", "XDM/2026-02-15", "--approve", "--by", "Amina")
    assert (code, pinned.rings()) == (0, [SHOWN]), output
    assert [words.split(" ", 1)[1] for words in revision.decisions()] == ["approve by Amina"]


def test_a_run_that_holds_lets_what_was_begun_wait_too(project: Path) -> None:
    """`settle` of what all targets share: the revision was planned to ring at once."""
    pinned = board(project, "next-day")
    pinned.make_trouble(LOOK, "away")
    assert run(project, "next-day").is_failed()
    run(project, "next-day", hold=True)
    assert (pinned.calls(), pinned.rings()) == ([*PINS, TIDY, LOOK], [])
    assert invoke(project, "next-day", "resume", "XDM/2026-02-15", "--approve")[0] == 0
    assert pinned.rings() == [SHOWN]
    state = run(project, "next-day", NEXT)
    assert state.is_completed(), state.message
    assert (pinned.sheets(), pinned.rings()) == ({}, [SHOWN, []])
    (revision,) = revisions(project, "next-day", NEXT)
    assert [notice.text for notice in notices_of(revision) if notice.kind == "alert ended"] == [
        f"{name} is taken down" for name in SHOWN
    ]


def test_after_the_time_limit_nobody_is_notified(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = board(project, "late")
    run(project, "late", hold=True)
    later = targets.now() + timedelta(hours=2, minutes=1)
    monkeypatch.setattr(decisions, "now", lambda: later)
    *_, error = invoke(project, "late", "resume", "XDM/2026-02-15", "--approve")
    assert isinstance(error, ForbiddenByRule)
    assert "not notified: the approval's time limit passed at" in str(error)
    assert pinned.rings() == []
    assert revisions(project, "late")[0].state().is_closed


def test_a_run_that_may_notify_nobody_does_not_finish_one_that_notifies(project: Path) -> None:
    pinned = board(project, "silent")
    pinned.make_trouble(RING, "away")
    assert run(project, "silent").is_failed()
    state = run(project, "silent", notify=False)
    assert "ends with a notification, and this run may notify nobody" in str(state.message)
    assert pinned.rings() == []


def test_settings_that_allow_no_notification_ring_no_bell(project: Path) -> None:
    file = project / "config/settings.yaml"
    before = file.read_text()
    settings = yaml.safe_load(before)
    settings["targets"]["mute"] = {
        "kind": "noticeboard", "wall": str(project / "walls/mute"), "notifications": False,
    }  # fmt: skip
    file.write_text(yaml.safe_dump(settings))
    assert run(project, "mute").is_completed()
    file.write_text(before)
    assert (board(project, "mute").calls(), board(project, "mute").rings()) == ([*PINS, TIDY, LOOK], [])


@pytest.mark.parametrize(
    ("name", "trouble", "said"),
    [("away", "away", "nobody is at the board"), ("refusing", "refuse", "`ibf-pipeline resume --abort` first")],
)
def test_trouble_on_the_way_is_gone_on_from(project: Path, name: str, trouble: Trouble, said: str) -> None:
    pinned = board(project, name)
    pinned.make_trouble(2, trouble)
    state = run(project, name)
    assert (exit_code(state), pinned.rings(), said in str(state.message)) == (1, [], True), state.message
    assert run(project, name).is_completed()
    assert (pinned.calls(), pinned.rings()) == ([*range(1, 10)], [SHOWN])


def test_an_event_is_taken_back(project: Path) -> None:
    pinned = board(project, "taken-back")
    assert run(project, "taken-back").is_completed()
    code, output, _ = invoke(
        project, "taken-back", "withdraw", "XDM/2026-02-15", "--event", "G9003", "--no-notify", "--by", "Amina"
    )
    assert (code, "- G9003, " in output) == (0, True), output
    assert (sorted(pinned.sheets()), pinned.rings()) == ([name for name in SHOWN if name != "G9003"], [SHOWN])
    assert revisions(project, "taken-back")[-1].about().withdraws == ("G9003",)
    assert "G9003 was withdrawn by revision 2" in str(run(project, "taken-back").message)
    assert run(project, "taken-back", publish_withdrawn=True).is_completed()
    assert (sorted(pinned.sheets()), len(pinned.rings())) == (SHOWN, 2)


def test_without_the_kind_its_settings_are_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(targets.OPENERS, "noticeboard")
    monkeypatch.delitem(TARGET_KINDS, "noticeboard")
    state = run(project, "plain")
    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), ConfigError)
    assert "targets.away.kind: input should be 'ibf' or 'files', found 'noticeboard'" in str(state.message)
