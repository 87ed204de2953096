"""Publications that were left unfinished are gone on with: every call once, one mail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.earlier import doors
from tests.earlier.conftest import Left
from tests.earlier.world import ISO3, ISSUE, NEXT, NOON, PORTAL, Portal, Project, planned

DAY = f"{ISO3}/{ISSUE}"
NOTIFY = ("POST", "/api/notification/send")
ONE = {"G1": "trigger"}

SENT = "the notification was sent now\n"
UNSEEN = "not checked on the portal: nothing was written down before publishing\n"
"""of a revision that an earlier version planned"""


def states(project: Project, call: int) -> list[str]:
    """What the journal of the only revision says of a call."""
    (revision,) = project.revisions()
    return [entry["state"] for entry in doors.journal(revision) if entry["call"] == call]


def answers(portal: Portal) -> Counter[tuple[str, str]]:
    """The calls so far."""
    return Counter(portal.made)


def test_a_held_one_is_approved(left: Left) -> None:
    project, portal = left("held")
    before = answers(portal)
    assert (portal.events, portal.mails) == (ONE, [])
    said = project.command("resume", DAY, "--approve")
    assert (said.code, said.text) == (0, "revision 1: 1 of 27 calls made now\n" + SENT + UNSEEN)
    assert portal.made - before == Counter({NOTIFY: 1})
    assert (portal.mails, states(project, 27)) == ([("G1",)], ["held", "sending", "done"])
    assert project.ledger().finished == [1]
    assert project.command("resume", DAY).code == 1, "nothing is left"
    assert len(portal.mails) == 1


def test_a_held_one_waits_until_somebody_approves(left: Left) -> None:
    project, portal = left("held")
    said = project.command("resume", DAY)
    assert (said.code, "held before the notification: --approve or --abort" in said.text) == (0, True)
    assert (portal.mails, project.ledger().waits) == ([], ["is held"])


def test_a_held_one_is_given_up(left: Left) -> None:
    project, portal = left("held")
    said = project.command("resume", DAY, "--abort")
    assert (said.code, said.text) == (0, "revision 1 is closed: nobody is notified by it\n")
    assert (portal.mails, project.ledger().closed) == ([], [1])


def test_a_held_one_is_approved_too_late(left: Left, clock: Callable[[datetime], None]) -> None:
    project, portal = left("held")
    clock(NOON + timedelta(hours=13))
    said = project.command("resume", DAY, "--approve")
    assert (said.code, "not notified: the approval's time limit passed at 2026-02-16 00:00Z" in said.text) == (1, True)
    assert (portal.mails, project.ledger().closed) == ([], [1])


@pytest.mark.parametrize("further", [0, 1])
def test_half_published_it_goes_on_at_the_first_call_that_is_not_done(left: Left, further: int) -> None:
    """Call 17, whose entry is torn, may have reached the portal: it is made once more at most, with the same effect."""
    project, portal = left("half-published", further=further)
    (revision,) = project.revisions()
    assert (sum(portal.made.values()), portal.mails) == (16 + further, [])
    said = project.command("resume", DAY)
    assert (said.code, said.text) == (0, "revision 1: 24 of 40 calls made now\n" + SENT + UNSEEN)
    calls = [json.loads(line) for line in (revision.folder / "plan.jsonl").read_text().splitlines()]
    twice = Counter({(calls[16]["method"], f"/api{calls[16]['path']}"): further})
    assert portal.made == planned(revision) + twice
    assert portal.events == {"G1": "trigger", "G2": "warning-medium"}
    assert portal.mails == [("G1", "G2")]
    assert project.ledger().finished == [1]
    entries = [json.loads(line) for line in (revision.folder / "journal.jsonl").read_text().splitlines()]
    assert [entry["call"] for entry in entries[:18]] == list(range(18)), "what was torn is no entry"


def test_half_published_it_is_finished_by_the_next_run_of_the_day(left: Left) -> None:
    project, portal = left("half-published")
    ran = project.run()
    assert (ran.code, ran.message, ran.told) == (0, "1 trigger, 1 warning", ())
    assert (portal.made, portal.mails) == (planned(project.revisions()[0]), [("G1", "G2")])
    assert len(project.revisions()) == 1


UNCONFIRMED = [
    ("unconfirmed", 0), ("unconfirmed", 1), ("unanswered", 0), ("unanswered", 1),
]  # fmt: skip
"""whichever way the answer was lost, and whether the server has sent the mail or not"""


@pytest.mark.parametrize(("state", "sent"), UNCONFIRMED)
@pytest.mark.parametrize("by", ["resume", "run"])
def test_unconfirmed_nothing_is_sent_before_a_person_decides(left: Left, state: str, sent: int, by: str) -> None:
    project, portal = left(state, further=sent)
    before = answers(portal)
    code, text = _asked(project, by)
    assert (code, "call 27, notify: POST /notification/send may have been carried out before" in text) == (4, True)
    assert "--notify-again or --assume-notified" in text
    assert (portal.made, len(portal.mails), project.ledger().unconfirmed) == (before, sent, 1)


def _asked(project: Project, by: str) -> tuple[int, str]:
    if by == "run":
        ran = project.run()
        return ran.code, ran.message
    said = project.command("resume", DAY)
    return said.code, said.text


@pytest.mark.parametrize(("state", "sent"), UNCONFIRMED)
def test_a_person_takes_it_as_sent(left: Left, state: str, sent: int) -> None:
    project, portal = left(state, further=sent)
    before = answers(portal)
    said = project.command("resume", DAY, "--assume-notified")
    assert (said.code, said.text) == (0, "revision 1: 0 of 27 calls made now\n" + UNSEEN)
    assert (portal.made, len(portal.mails)) == (before, sent)
    assert states(project, 27)[-1] == "assumed"
    assert (project.ledger().finished, project.ledger().unconfirmed) == ([1], None)
    assert (project.run().code, len(project.revisions()), len(portal.mails)) == (0, 1, sent)


@pytest.mark.parametrize(("state", "sent"), UNCONFIRMED)
def test_a_person_has_it_sent_again(left: Left, state: str, sent: int) -> None:
    project, portal = left(state, further=sent)
    before = answers(portal)
    said = project.command("resume", DAY, "--notify-again")
    assert (said.code, said.text) == (0, "revision 1: 1 of 27 calls made now\n" + SENT + UNSEEN)
    assert (portal.made - before, portal.mails) == (Counter({NOTIFY: 1}), [("G1",)] * (sent + 1))
    assert states(project, 27)[-2:] == ["sending", "done"]
    assert (project.ledger().finished, project.ledger().unconfirmed) == ([1], None)


@pytest.mark.parametrize("state", ["unconfirmed", "unanswered"])
def test_given_up_it_is_still_unconfirmed(left: Left, state: str) -> None:
    project, portal = left(state, further=1)
    said = project.command("resume", DAY, "--abort")
    assert (said.code, "revision 1 is closed, its notification is unconfirmed" in said.text) == (0, True)
    assert (project.run().code, len(project.revisions())) == (4, 1)
    said = project.command("resume", DAY, "--assume-notified")
    assert (said.code, said.text) == (0, "revision 1 is closed, its notification is taken as sent\n")
    assert (project.run().code, len(project.revisions()), len(portal.mails)) == (0, 1, 1)


@pytest.mark.parametrize("state", ["finished", "no-alert", "withdrawn", "two-revisions", "given-up"])
def test_nothing_is_unfinished(left: Left, state: str) -> None:
    project, portal = left(state)
    before = answers(portal)
    said = project.command("resume", DAY)
    assert (said.code, f"nothing of XTY on {ISSUE} is unfinished on target portal" in said.text) == (1, True)
    assert portal.made == before


@pytest.mark.parametrize("decision", ["--notify-again", "--assume-notified"])
@pytest.mark.parametrize("state", ["held", "half-published"])
def test_nobody_decides_about_what_is_known(left: Left, state: str, decision: str) -> None:
    project, portal = left(state)
    before = answers(portal)
    said = project.command("resume", DAY, decision)
    assert (said.code, "nothing is unknown about the notification of this revision" in said.text) == (1, True)
    assert portal.made == before


CLOSED: dict[str, tuple[str, Any]] = {
    "held": ("2026-02-16 is published", None),
    "half-published": ("2026-02-16 is published", None),
    "unconfirmed": ("2026-02-16 is published: notification unconfirmed", 1),
    "unanswered": ("2026-02-16 is published: notification unconfirmed", 1),
}


@pytest.mark.parametrize("state", CLOSED)
def test_the_next_day_gives_it_up(left: Left, clock: Callable[[datetime], None], state: str) -> None:
    project, portal = left(state)
    clock(NOON + timedelta(days=1))
    project.forecast("G1=-TTT----", NEXT)
    ran = project.run(NEXT)
    assert (ran.code, portal.mails, portal.events) == (0, [("G1",)], ONE)
    why, doubtful = CLOSED[state]
    (revision,) = project.revisions()
    entry = doors.journal(revision)[-1]
    assert (entry["call"], entry["state"], entry["error"]) == (0, "closed", why)
    assert project.ledger().unconfirmed == doubtful
    doubts = ("earlier notification unconfirmed", "G1")
    assert ran.told == ((doubts,) if doubtful else ())
    assert doors.ledger(project.runs, ISO3, NEXT, PORTAL).finished == [1]
