"""What the ledger says of kept days, without asking a portal."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.earlier import doors
from tests.earlier.conftest import Left
from tests.earlier.doors import Ledger
from tests.earlier.world import FILES, ISO3, ISSUE, KEPT, NEXT, NOON, PORTAL, Project, kept

FIRST, SECOND = "2026-02-15T00:00:01Z", "2026-02-15T00:00:02Z"
DONE = Ledger(
    finished=[1], uploaded=[1], begun=[1], closed=[], unfinished=None, latest_finished=1, unconfirmed=None,
    waits=[None], open=["G1", "G2"], untold=[], dates=[FIRST],
)  # fmt: skip
SENT = replace(DONE, finished=[], unfinished=1, latest_finished=None, open=["G1"], untold=["G1"])
"""everything but the notification"""
TWICE = replace(
    DONE, finished=[1, 2], uploaded=[1, 2], begun=[1, 2], latest_finished=2, waits=[None, None], dates=[FIRST, SECOND]
)

KNOWN: dict[str, Ledger] = {
    "finished": DONE,
    "no-alert": replace(DONE, open=[]),
    "doubtful": replace(DONE, open=["G1"]),
    "held": replace(SENT, waits=["is held"]),
    "half-published": replace(
        SENT, uploaded=[], waits=["was not sent"], open=[], untold=[]
    ),
    "unconfirmed": replace(SENT, unconfirmed=1, waits=["is unconfirmed"]),
    "unanswered": replace(SENT, unconfirmed=1, waits=["is unconfirmed"]),
    "withdrawn-in-part": replace(TWICE, open=["G1"]),
    "withdrawn": replace(TWICE, open=[]),
    "two-revisions": TWICE,
    "given-up": replace(
        SENT, unfinished=None, closed=[1, 2], waits=[None, None]
    ),
    "files": DONE,
}  # fmt: skip


@pytest.mark.parametrize("state", KNOWN)
def test_a_day(state: str) -> None:
    assert doors.ledger(kept(state), ISO3, ISSUE, PORTAL) == KNOWN[state]


def test_the_day_after() -> None:
    runs = kept("next-day")
    dates = [FIRST, "2026-02-16T00:00:01Z"]
    assert doors.ledger(runs, ISO3, ISSUE, PORTAL) == replace(DONE, dates=dates)
    assert doors.ledger(runs, ISO3, NEXT, PORTAL) == replace(DONE, open=["G2"], dates=dates)
    assert doors.days(runs, ISO3) == ["2026-02-15 whole", "2026-02-16 whole"]


def test_an_exercise() -> None:
    """It is no real day, and its upload is known as ours all the same."""
    runs = kept("exercise")
    apart = doors.ledger(runs / "exercises", ISO3, ISSUE, PORTAL)
    assert apart == replace(DONE, open=["EXERCISE G1"])
    assert doors.days(runs, ISO3) == []
    assert doors.ledger(runs, ISO3, ISSUE, PORTAL).dates == [FIRST]


def test_a_folder_of_files() -> None:
    """Nobody was notified by it."""
    assert doors.ledger(kept("files"), ISO3, ISSUE, FILES) == replace(DONE, untold=["G1"])


@pytest.mark.parametrize(
    ("state", "published"),
    [
        ("finished", True), ("no-alert", True), ("doubtful", True), ("held", False), ("half-published", False),
        ("unconfirmed", False), ("unanswered", False), ("withdrawn-in-part", True), ("withdrawn", True),
        ("two-revisions", True), ("given-up", False), ("next-day", True),
    ],
)  # fmt: skip
def test_whether_a_backfill_passes_it_over(state: str, published: bool, tmp_path: Path) -> None:
    shutil.copytree(KEPT / state, tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    project.take_over()
    assert doors.is_published(project.config, ISO3, ISSUE, PORTAL) is published


@pytest.mark.parametrize(
    ("state", "entries", "last"),
    [
        ("finished", 42, (40, "done")), ("held", 28, (27, "held")), ("half-published", 17, (16, "done")),
        ("unconfirmed", 28, (27, "sending")), ("unanswered", 30, (27, "unknown")), ("given-up", 1, (0, "unused")),
    ],
)  # fmt: skip
def test_a_journal(state: str, entries: int, last: tuple[int, str]) -> None:
    """The last revision's: its beginning, one entry a call, two of the notification: before and after it is sent."""
    revision = doors.flood_run(kept(state), ISO3, ISSUE).revisions(PORTAL)[-1]
    found = doors.journal(revision)
    assert (len(found), (found[-1]["call"], found[-1]["state"])) == (entries, last)
    assert datetime.fromisoformat(found[-1]["at"]) == NOON


def test_why_revisions_were_given_up() -> None:
    first, second = doors.flood_run(kept("given-up"), ISO3, ISSUE).revisions(PORTAL)
    for revision, state in ((first, "closed"), (second, "unused")):
        entry = doors.journal(revision)[-1]
        assert (entry["state"], entry["error"]) == (state, "aborted by a person: not notified")


OUTCOMES: dict[str, list[str]] = {
    "finished": ["all 40 calls made"],
    "held": ["26 of 27 calls made; 1 waiting for an operator's approval"],
    "half-published": ["16 of 40 calls made; 24 not made"],
    "unconfirmed": ["26 of 27 calls made; 1 sent without an answer so far"],
    "unanswered": ["26 of 27 calls made; 1 of unknown outcome"],
    "given-up": [
        "26 of 27 calls made; 1 waiting for an operator's approval; then given up",
        "0 of 37 calls made; 37 not made; then given up",
    ],
}


@pytest.mark.parametrize("state", OUTCOMES)
def test_how_publishing_ended_in_words(state: str) -> None:
    run = doors.flood_run(kept(state), ISO3, ISSUE)
    assert [revision.outcome for revision in doors.published(run)] == OUTCOMES[state]


def test_the_time_limit_of_a_held_one_is_kept() -> None:
    (revision,) = doors.flood_run(kept("held"), ISO3, ISSUE).revisions(PORTAL)
    assert revision.about().hold_until == "2026-02-16T00:00:00Z"


FOUND: dict[str, tuple[str, list[tuple[str, str, bool, int]]]] = {
    "finished": ("1 trigger, 1 warning", [("G1", "--TTT---", True, 20), ("G2", "----ww--", False, 0)]),
    "no-alert": ("no alert", []),
    "doubtful": ("2 triggers", [("G1", "--TTT---", True, 20), ("G3", "---TT---", True, 0)]),
    "two-revisions": ("1 trigger, 1 warning", [("G1", "--TTT---", True, 100), ("G2", "----ww--", False, 0)]),
}


@pytest.mark.parametrize("state", FOUND)
def test_what_a_day_found(state: str) -> None:
    """The 10-year map is deep in one row of ten cells of two people each, the 20-year map in five."""
    found = doors.flood_run(kept(state), ISO3, ISSUE).findings()
    events = [(event.name, event.flags, event.trigger, event.people) for event in found.events]
    assert (found.headline, events) == FOUND[state]
    assert (found.issue_date, found.exercise) == (ISSUE, False)
    assert [extent.file_name for extent in found.extents] == [
        f"flood_extent_{lead_time}-day_XTY.tif" for lead_time in range(8)
    ]


def test_stations_of_a_doubtful_day() -> None:
    run = doors.flood_run(kept("doubtful"), ISO3, ISSUE)
    found = run.findings()
    assert [(station.code, station.name, station.condition) for station in found.stations] == [
        ("G1", "Upper", "fine"), ("G2", "Na", "blind"), ("G3", "Lonely", "fine"),
    ]  # fmt: skip
    assert [event.name for event in found.unpublishable_events] == ["G3"]
    assert doors.published(run)[0].notices == (
        "alert could not be published: Tinyland, forecast of 2026-02-15: G3 (Lonely) is alerted and has no areas in "
        "the mapping: the portal cannot show it.",
        "station blind: Tinyland, forecast of 2026-02-15: no usable forecast for G2 (Na): 0 valid members on 0-day, 6 "
        "needed. This is no all clear.",
    )


@pytest.mark.parametrize(
    ("state", "stands", "withdrawn"), [("withdrawn-in-part", ["G1"], ["G2"]), ("withdrawn", [], ["G1", "G2"])]
)
def test_what_stands_after_a_withdrawal(state: str, stands: list[str], withdrawn: list[str]) -> None:
    run = doors.flood_run(kept(state), ISO3, ISSUE)
    found = doors.standing_findings(run.findings(), run)
    assert ([event.name for event in found.events], [event.name for event in found.withdrawn]) == (stands, withdrawn)
    first, second = run.revisions(PORTAL)
    assert (first.about().withdraws, second.about().withdraws) == ((), tuple(withdrawn))
    assert (second.about().notify, "Correction: flood forecast of 2026-02-15 for Tinyland" in _text(second)) == (
        False,
        True,
    )


def _text(revision: doors.Revision) -> str:
    return (revision.folder / "withdrawal.txt").read_text(encoding="utf-8")


def test_what_changed_since_the_day_before() -> None:
    run = doors.flood_run(kept("next-day"), ISO3, NEXT)
    found = [(change["kind"], change["event"], change["since"]) for change in doors.changes(run)]
    assert found == [("escalated", "G2", "2026-02-15"), ("ended", "G1", "2026-02-15")]


def test_what_changed_between_two_revisions_of_a_day() -> None:
    run = doors.flood_run(kept("two-revisions"), ISO3, ISSUE)
    assert doors.corrected(run) == (1, [("larger", "G1")])
    assert doors.corrected(doors.flood_run(kept("finished"), ISO3, ISSUE)) is None


def test_a_forecast() -> None:
    run = doors.flood_run(kept("finished"), ISO3, ISSUE)
    cube = doors.read_forecast(run.path / "forecast.nc")
    assert dict(cube.sizes) == {"member": 10, "lead_time": 8, "station": 3}
    upper = cube.sel(station="G1")
    assert [int((upper.sel(lead_time=day) > 50).sum()) for day in (1, 2, 3, 4, 5)] == [0, 7, 7, 7, 0], (
        "six of ten are enough"
    )


def test_journals_that_were_not_taken_over_are_refused_and_nothing_is_sent(left: Left) -> None:
    """The first run after an upgrade must not mail again."""
    project, portal = left("finished", take_over=False)
    project.forecast("G1=--TTT---", NEXT)
    before, made = portal.mails, Counter(portal.made)
    words = "1 of the journals here are not in the records, and may have notified people"
    for ask in (
        project.run, lambda: project.command("resume", f"{ISO3}/{ISSUE}"),
        lambda: project.command("withdraw", f"{ISO3}/{ISSUE}", "--all"), lambda: project.run(NEXT),
    ):  # fmt: skip
        said = ask()
        assert said.code == 1
        assert words in getattr(said, "text", "") + getattr(said, "message", ""), said
    assert portal.made == made, "not a call"
    assert portal.mails == before
    for _ in range(2):
        said = project.command("records", "take-over")
        assert said.code == 0
    assert "0 revisions taken over" in said.text, "it can be repeated"
    assert project.run().code == 0
    assert portal.mails == before, "nothing is new"


def test_what_is_damaged_is_taken_over_as_damaged(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "next-day", tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    folder = tmp_path / "runs" / ISO3 / str(ISSUE) / "targets" / PORTAL / "r1"
    (folder / "revision.json").write_text('{"date": "20', encoding="utf-8")
    journal = (folder / "journal.jsonl").read_bytes()
    (folder / "journal.jsonl").write_bytes(journal[:-9])
    project.take_over()
    (revision,) = project.revisions()
    entries = revision.state().progress.entries
    assert [entry.state for entry in entries][-2:] == ["done", "sending"], "the torn line is none"
    with pytest.raises(doors.IbfError, match="what the revision was planned with cannot be read"):
        revision.about()
    assert sorted(project.run_folder().dates(PORTAL)) == [FIRST, "2026-02-16T00:00:01Z"], "its plan tells"


def test_a_plan_that_is_damaged_too_leaves_a_date_that_is_not_ours(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "next-day", tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    folder = tmp_path / "runs" / ISO3 / str(ISSUE) / "targets" / PORTAL / "r1"
    for name in ("revision.json", "plan.jsonl"):
        (folder / name).write_text("{", encoding="utf-8")
    project.take_over()
    (revision,) = project.revisions()
    with pytest.raises(doors.IbfError, match="the plan cannot be read"):
        revision.calls()
    assert sorted(project.run_folder().dates(PORTAL)) == ["2026-02-16T00:00:01Z"]


def lose_the_records(project: Project) -> None:
    """As after a disk that was lost, with the run folders still there."""
    for file in project.runs.glob("records.sqlite*"):
        file.unlink()
    doors.forget_records()


@pytest.mark.parametrize("decision", [None, "--approve"])
def test_killed_while_people_were_notified_and_the_records_lost_nobody_is_mailed_twice(
    decision: str | None, left: Left
) -> None:
    """What was about to be sent stands beside the records, too."""
    project, portal = left("held" if decision else "finished")
    if decision is None:
        project.forecast("G1=--TTT---@20")
    with doors.dying(lambda call: call.kind == "end"):
        project.command("resume", f"{ISO3}/{ISSUE}", "--approve") if decision else project.run()
    mails = portal.mails
    lose_the_records(project)
    assert project.run().code == 1, "not taken over"
    assert portal.mails == mails
    project.take_over()
    assert project.run().code == 4, "a person has to say"
    assert portal.mails == mails
    assert project.command("resume", f"{ISO3}/{ISSUE}", "--assume-notified").code == 0
    assert portal.mails == mails


def test_an_older_copy_of_the_records_is_noticed(left: Left) -> None:
    """Held, backed up, approved and mailed, brought back: the journal on disk knows better."""
    project, portal = left("held")
    kept = (project.runs / "records.sqlite", project.runs.parent / "back-up.sqlite")
    doors.forget_records()
    shutil.copyfile(*kept)
    assert project.command("resume", f"{ISO3}/{ISSUE}", "--approve").code == 0
    assert portal.mails == [("G1",)]
    lose_the_records(project)
    shutil.copyfile(kept[1], kept[0])
    for _ in range(2):
        said = project.command("resume", f"{ISO3}/{ISSUE}", "--approve")
        assert (said.code, "are not in the records" in said.text) == (1, True)
    project.take_over()
    assert project.ledger().finished == [1]
    assert portal.mails == [("G1",)]


def test_a_journal_that_cannot_be_read_now_is_not_taken_over_as_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(KEPT / "finished", tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    read = Path.read_bytes

    def failing(file: Path) -> bytes:
        if file.name == "journal.jsonl":
            raise OSError(5, "Input/output error", str(file))
        return read(file)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", failing)
        said = project.command("records", "take-over")
    assert (said.code, "the file cannot be read ([Errno 5] Input/output error" in said.text) == (1, True)
    project.take_over()
    assert project.ledger() == DONE, "nothing was recorded of it before"


def test_a_journal_that_is_damaged_in_its_middle_leaves_the_notification_unconfirmed(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "finished", tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    journal = tmp_path / "runs" / ISO3 / str(ISSUE) / "targets" / PORTAL / "r1" / "journal.jsonl"
    *lines, sending, done = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines) + b"\0" * len(sending) + b"\n" + b"\0" * len(done) + b"\n")
    project.take_over()
    assert project.ledger().waits == ["is unconfirmed"]


@pytest.mark.parametrize("left_of_it", [None, 0, -2], ids=["missing", "empty", "cut"])
def test_a_journal_that_says_nothing_of_the_notification_leaves_it_unconfirmed(
    left_of_it: int | None, left: Left
) -> None:
    """Where its notices are there, it was about to notify people at least."""
    project, portal = left("finished", take_over=False)
    journal = project.revisions_on_disk()[0] / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    if left_of_it is None:
        journal.unlink()
    else:
        journal.write_bytes(b"".join(lines[:left_of_it]))
    before = portal.mails
    assert "1 of the journals here are not in the records" in project.command("runs", "list").text
    project.take_over()
    assert project.ledger().waits == ["is unconfirmed"]
    assert project.command("resume", f"{ISO3}/{ISSUE}").code == 4
    assert portal.mails == before


def test_a_taken_over_day_is_among_the_recorded_runs(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    project, _ = left("finished")
    assert str(ISSUE) in project.command("runs", "list").text


def test_a_hold_of_later_is_on_disk_as_well(left: Left) -> None:
    project, portal = left("half-published")
    assert project.run(hold=True).code == 0
    (revision,) = project.revisions()
    until = revision.about().hold_until
    lose_the_records(project)
    project.take_over()
    (revision,) = project.revisions()
    assert until is not None
    assert revision.about().hold_until == until
    assert portal.mails == []
