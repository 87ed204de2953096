"""A notification that was sent and never answered: nobody sends it again, or denies it, before a person has decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from flows.day_state import day_state
from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerUnreachable
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.runs.confirmation import assume_notified, give_up, require_newest_day, unconfirmed_revision
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.notification_hold import approve
from ibf_pipeline.sandbox import routes_reading
from tests.publish.test_day_sequences import day, kinds, mails
from tests.worlds.countries.flood_days import FloodDays, clock
from tests.worlds.runs import flood_run
from tests.worlds.services.faulty_proxy import FaultyProxy


def answer_lost(portal: FloodDays, wishes: str, issue_date: date) -> tuple[FloodFindings, RunFolder]:
    """A held day that is approved: the mail goes out, and the server's answer to that call is lost."""
    found, run = portal.find(wishes, issue_date)
    portal.publish(found, run, hold_until=clock() + timedelta(hours=1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("reset after", 1)
        with pytest.raises(OutcomeUnknown):
            portal.publish(found, run, end="send", url=proxy.url)
    return found, run


def test_it_stays_unconfirmed_when_the_time_limit_of_its_approval_passes(portal: FloodDays) -> None:
    found, run = answer_lost(portal, "G9001=--TT----", day(1))
    (revision,) = portal.revisions(day(1))
    revision.keep(replace(revision.about(), hold_until="2026-11-22T14:00:00Z"))  # two hours go by
    approve(revision, clock)
    for end in (None, "send"):
        with pytest.raises(OutcomeUnknown, match=r"may have been carried out before; .*notification log"):
            portal.publish(found, run, end=end)
    assert (mails(portal), len(portal.revisions(day(1)))) == (1, 1), "sent once, and not taken for not sent"
    assert not revision.state().is_closed
    portal.publish(found, run, end="assume")
    assert (portal.publish(found, run), mails(portal)) == (None, 1)


def test_a_portal_that_shows_something_else_is_said_with_it(portal: FloodDays, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends with an error then, and no notice tells of it."""
    monkeypatch.setattr(routes_reading, "dynamic_values", lambda *_: [])
    found, run = portal.find("G9001=--TT----", day(1))
    with pytest.raises(AssertionError, match="differs"):
        portal.publish(found, run, hold_until=clock() + timedelta(hours=1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("reset after", 1)
        with pytest.raises(OutcomeUnknown, match=r"; the portal differs: event G9001, level \d: \d+ areas? expected"):
            portal.publish(found, run, end="send", url=proxy.url)


@pytest.mark.parametrize("again", ["G9001=--TT----", "G9001=---TT---"])
def test_aborted_it_is_still_unconfirmed_and_the_next_run_asks(again: str, portal: FloodDays) -> None:
    answer_lost(portal, "G9001=--TT----", day(1))
    (revision,) = portal.revisions(day(1))
    assert give_up(revision, clock, "aborted by a person")
    last = revision.state().progress.entries[-1]
    assert (last.state, last.error) == ("closed", "aborted by a person: notification unconfirmed")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match=r"revision 1 of 2026-03-01 was given up, and its notification may"):
            portal.day(again, day(1))
    assert (mails(portal), len(portal.revisions(day(1)))) == (1, 1)
    assume_notified(revision, clock)
    assert unconfirmed_revision(flood_run(portal.runs, "XDM", day(1)), "sandbox") is None
    portal.day(again, day(1))
    assert mails(portal) == (1 if again == "G9001=--TT----" else 2), "the same content is nothing to do"


def test_what_was_held_is_given_up_as_not_notified(portal: FloodDays) -> None:
    found, run = portal.find("G9001=--TT----", day(1))
    portal.publish(found, run, hold_until=clock() + timedelta(hours=1))
    (revision,) = portal.revisions(day(1))
    assert not give_up(revision, clock, "aborted by a person")
    assert revision.state().progress.entries[-1].error == "aborted by a person: not notified"
    portal.publish(found, run)
    assert mails(portal) == 1


def test_what_nobody_has_seen_a_preview_of_is_not_approved(portal: FloodDays) -> None:
    """Broken off at its first call; resumed without --approve it comes to the preview and waits there."""
    until = clock() + timedelta(hours=1)
    found, run = portal.find("G9001=--TT----", day(1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("500", 99)
        with pytest.raises(ServerUnreachable):
            portal.publish(found, run, hold_until=until, url=proxy.url)
    (revision,) = portal.revisions(day(1))
    with pytest.raises(ForbiddenByRule, match="nobody has seen a preview of it"):
        approve(revision, clock)
    held = portal.publish(found, run)
    assert held is not None
    assert (held.outcome.held, revision.folder.joinpath("preview.json").is_file(), mails(portal)) == (True, True, 0)
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("429", 99)
        approve(revision, clock)
        with pytest.raises(ServerUnreachable):
            portal.publish(found, run, end="send", url=proxy.url)
    approve(revision, clock)  # the approval stands when the first attempt to send it failed
    portal.publish(found, run, end="send")
    assert mails(portal) == 1


def test_the_run_of_the_next_day_says_what_it_leaves_unconfirmed(portal: FloodDays) -> None:
    _, run = answer_lost(portal, "G9001=---TT--- G9002=------w-:min", day(1))
    found, published = portal.day("G9001=--TT----", day(2))
    doubts = [("earlier notification unconfirmed", name) for name in ("G9001", "G9002")]
    assert [notice for notice in kinds(published) if notice[0] != "alert ended"] == doubts
    assert published is not None
    assert "earlier notification unconfirmed: G9001 and G9002" in str(day_state(found, [published]).message)
    (revision,) = portal.revisions(day(1))
    assert revision.state().progress.entries[-1].error == ("2026-03-02 is published: notification unconfirmed")
    left = unconfirmed_revision(run, "sandbox")
    assert left is not None
    assert left.number == 1, "a person can still say what became of it"
    with pytest.raises(ForbiddenByRule, match="2026-03-02 has been published since: sending again would mail"):
        require_newest_day(run, "sandbox")
    assume_notified(left, clock)
    assert unconfirmed_revision(run, "sandbox") is None
    _, published = portal.day("G9001=-TT-----", day(3))
    assert kinds(published) == [], "said once"
