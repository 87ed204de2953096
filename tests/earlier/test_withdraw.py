"""A person takes back what a kept day has published."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.earlier import doors
from tests.earlier.conftest import Left
from tests.earlier.world import FILES, ISO3, ISSUE, planned

DAY = f"{ISO3}/{ISSUE}"
ALL = ["G1", "G2"]


@pytest.mark.parametrize(
    ("state", "events", "number", "left_over"),
    [
        ("finished", [], 2, {}),
        ("finished", ["G2"], 2, {"G1": "trigger"}),
        ("two-revisions", ["G1"], 3, {"G2": "warning-medium"}),
        ("withdrawn-in-part", ["G1"], 3, {}),
    ],
)
def test_a_finished_day(left: Left, state: str, events: list[str], number: int, left_over: dict[str, str]) -> None:
    project, portal = left(state)
    before, mails = Counter(portal.made), list(portal.mails)
    said = project.command("withdraw", DAY, *([f"--event={name}" for name in events] or ["--all"]))
    assert (said.code, f"revision {number} is published; text for the people" in said.text) == (0, True)
    assert "nobody was notified by the withdrawal" in said.text
    named = {"G1": "- G1, ", "G2": "- station G2 ("}  # whose name in the list of stations is Na
    assert [named[name] in said.text for name in ALL] == [name in (events or ALL) for name in ALL]
    revision = project.revisions()[-1]
    assert (portal.made - before, portal.events, portal.mails) == (planned(revision), left_over, mails)
    taken = {"withdrawn-in-part": ("G1", "G2")}.get(state, tuple(events or ALL))
    assert (revision.number, revision.about().withdraws) == (number, taken)
    run = project.run_folder()
    assert {event.name for event in doors.standing_findings(run.findings(), run).events} == set(left_over)


def test_what_is_left_may_be_mailed(left: Left) -> None:
    project, portal = left("finished")
    said = project.command("withdraw", DAY, "--event=G2", "--notify")
    assert (said.code, portal.mails) == (0, [("G1", "G2"), ("G1",)])


def test_nobody_takes_everything_back_by_leaving_a_word_out(left: Left) -> None:
    project, portal = left("finished")
    before = Counter(portal.made)
    said = project.command("withdraw", DAY)
    assert (said.code, "--event <name>, or --all" in said.text, portal.made) == (2, True, before)


def test_what_is_not_there_cannot_be_taken_back(left: Left) -> None:
    project, portal = left("withdrawn")
    before = Counter(portal.made)
    said = project.command("withdraw", DAY, "--all")
    assert (said.code, "no event to withdraw in revision 2" in said.text, portal.made) == (1, True, before)


def test_a_half_published_day_is_published_without_what_is_taken_back(left: Left) -> None:
    project, portal = left("half-published")
    said = project.command("withdraw", DAY, "--all")
    assert (said.code, portal.events, portal.mails) == (0, {}, [])
    said = project.command("resume", DAY)
    assert (said.code, f"nothing of XTY on {ISSUE} is unfinished" in said.text, portal.mails) == (1, True, [])


@pytest.mark.parametrize("state", ["held", "unconfirmed"])
def test_an_unfinished_day_is_given_up_by_its_withdrawal(left: Left, state: str) -> None:
    project, portal = left(state)
    said = project.command("withdraw", DAY, "--all")
    assert (said.code, portal.events, portal.mails) == (0, {}, [])
    assert ("revision 1 is closed, its notification is unconfirmed" in said.text) == (state == "unconfirmed")
    assert "--notify-again" not in said.text, "it would be refused: the withdrawal came after it"
    ledger = project.ledger()
    assert (ledger.closed, ledger.finished, ledger.unconfirmed) == ([1], [2], 1 if state == "unconfirmed" else None)


def test_a_folder_of_files(left: Left) -> None:
    project, portal = left("files")
    before = Counter(portal.made)
    said = project.command("withdraw", DAY, "--event=G2", "--target", FILES)
    assert (said.code, portal.made, len(project.revisions(target=FILES))) == (0, before, 2)
    events = (project.root / FILES / ISO3 / ISSUE.isoformat() / "events.csv").read_text(encoding="utf-8-sig")
    assert ("G1" in events, "G2" in events) == (True, False)
