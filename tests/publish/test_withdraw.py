"""What becomes of the other events' notification when a person takes one event back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flows.wiring import decisions as resume
from flows.wiring.decisions import resume_run, withdraw_run
from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerUnreachable
from ibf_pipeline.runs.confirmation import give_up, unconfirmed_revision
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.targets.ibf.revision import Destination
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import Decision, closing_words
from ibf_pipeline.targets.withdrawal import Withdrawal
from tests.publish.test_day_sequences import day, mails, shown
from tests.publish.test_unconfirmed import answer_lost
from tests.worlds.countries.flood_days import PIPELINE, FloodDays, clock
from tests.worlds.runs import flood_run
from tests.worlds.services.faulty_proxy import FaultyProxy

BOTH = "G9001=---TT--- G9002=----TT--"


@pytest.fixture
def first(portal: FloodDays, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Day 1 as the commands open it."""

    @contextmanager
    def target(opened: Any, *, notify: bool = False) -> Iterator[IbfTarget]:
        client = IbfClient(portal.sandbox.url, PIPELINE, portal.retry_policy)
        try:
            there = Destination("sandbox", client.base, notify)
            yield IbfTarget(client, there, portal.prepared, clock, mailed_only=portal.mailed_only)
        finally:
            client.close()

    monkeypatch.setattr(resume, "open_target", target)
    monkeypatch.setattr(resume, "now", clock)
    return SimpleNamespace(
        run=flood_run(portal.runs, "XDM", day(1)), target_name="sandbox", prepared=portal.prepared,
        country=portal.country, issue_date=day(1), target=SimpleNamespace(notifies=True),
        configuration=SimpleNamespace(storage=Storage()),
    )  # fmt: skip


def withdraw(opened: Any, *, notify: bool | None = None, event: str = "G9001") -> Withdrawal:
    return withdraw_run(opened, [event], notify=notify, overrides=Overrides())


def hold(portal: FloodDays) -> None:
    found, run = portal.find(BOTH, day(1))
    portal.publish(found, run, hold_until=clock() + timedelta(hours=1))


def break_off(portal: FloodDays) -> None:
    """The server turns the notification away until the pipeline gives up: it certainly was not carried out."""
    found, run = portal.find(BOTH, day(1))
    portal.publish(found, run, hold_until=clock() + timedelta(hours=1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("429", 99)
        with pytest.raises(ServerUnreachable):
            portal.publish(found, run, end="send", url=proxy.url)


@pytest.mark.parametrize(
    ("stop", "words", "sent"),
    [
        (hold, "the notification of revision 1 is held", 0),
        (break_off, "the notification of revision 1 is held", 0),
        (lambda portal: answer_lost(portal, BOTH, day(1)), "the notification of revision 1 is unconfirmed", 1),
    ],
)
def test_where_others_wait_to_be_told_a_person_says_whether_they_are(
    stop: Any, words: str, sent: int, portal: FloodDays, first: Any
) -> None:
    stop(portal)
    with pytest.raises(ForbiddenByRule, match=words + r".*: G9002 would stay on the portal.*--notify or --no-notify"):
        withdraw(first)
    assert (len(portal.revisions(day(1))), set(shown(portal)), mails(portal)) == (1, {"G9001", "G9002"}, sent)
    done = withdraw(first, notify=True)
    assert (done.publication.notified, done.doubtful, set(shown(portal))) == (True, None, {"G9002"})
    assert [mail.event_names for mail in portal.sandbox.mails("XDM")][sent:] == [("G9002",)]


def test_a_withdrawal_that_notifies_nobody_leaves_the_doubt(portal: FloodDays, first: Any) -> None:
    """The mail about both went out and the answer was lost; G9001 is taken back without a word to anybody."""
    answer_lost(portal, BOTH, day(1))
    done = withdraw(first, notify=False)
    assert (set(shown(portal)), mails(portal), done.publication.notified) == ({"G9002"}, 1, False)
    one, two = portal.revisions(day(1))
    assert done.doubtful == one
    assert "revision 1 is closed, its notification is unconfirmed" in closing_words(one)
    assert one.state().progress.entries[-1].error == "replaced by revision 2: notification unconfirmed"
    with pytest.raises(OutcomeUnknown):
        resume_run(first, Decision())
    with pytest.raises(ForbiddenByRule, match="revision 1 was replaced since: sending again would mail what the later"):
        resume_run(first, Decision(notify_again=True))
    assert resume_run(first, Decision(assume_notified=True)) == (one, None)
    assert unconfirmed_revision(first.run, "sandbox") is None
    assert (two.about().withdraws, mails(portal)) == (("G9001",), 1)


@pytest.mark.parametrize("notify", [True, False])
def test_where_people_were_told_or_were_to_be_told_nothing_nobody_is_asked(
    notify: bool, portal: FloodDays, first: Any
) -> None:
    portal.day(BOTH, day(1), notify=notify)
    assert (withdraw(first).publication.notified, mails(portal)) == (False, int(notify))


def test_what_a_person_has_given_up_is_withdrawn_unasked(portal: FloodDays, first: Any) -> None:
    hold(portal)
    (revision,) = portal.revisions(day(1))
    give_up(revision, clock, "aborted by a person")
    assert (withdraw(first).publication.notified, mails(portal)) == (False, 0)
    assert revision.state().progress.entries[-1].error == "aborted by a person: not notified"


@pytest.mark.parametrize("wishes", ["G9001=---TT--- G9002=---TT---", "G9001=-----Tw- G9002=---TT---"])
def test_what_a_person_takes_back_has_not_ended_or_moved_by_itself(wishes: str, portal: FloodDays, first: Any) -> None:
    """The text of the withdrawal speaks of it; a notice would tell what the forecast does not say."""
    portal.day(wishes, day(1))
    assert withdraw(first, notify=True).publication.notices == ()


def test_what_is_withdrawn_from_is_what_was_published_when_the_lock_was_got(
    portal: FloodDays, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run, which held the lock until now, has replaced G9002 by G9003."""
    portal.day(BOTH, day(1))
    at_once = RunFolder.right_to_publish

    @contextmanager
    def got_late(run: RunFolder, target: str, purpose: str) -> Iterator[None]:
        if purpose.startswith("withdraw"):
            portal.day("G9001=---TT--- G9003=---TT---", day(1))
        with at_once(run, target, purpose) as held:
            yield held

    monkeypatch.setattr(RunFolder, "right_to_publish", got_late)
    withdraw(first)
    assert set(shown(portal)) == {"G9003"}
