"""An event is taken back from a day whose process died, wherever it stood: nothing shows or mails it any more."""

from __future__ import annotations

from typing import Any

import pytest

from flows.wiring.decisions import resume_run
from ibf_pipeline.errors import ForbiddenByRule, IbfError, OutcomeUnknown, ServerUnreachable
from ibf_pipeline.runs.confirmation import give_up
from ibf_pipeline.targets.ibf.mail_coverage import MAILED_COUNTRIES
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.resumption import Decision
from tests.publish.test_day_sequences import day, mails, shown
from tests.publish.test_not_mailed import journal, without_time_zone
from tests.publish.test_stopped_in_between import Died, dying_after
from tests.publish.test_withdraw import BOTH, first, withdraw
from tests.worlds.countries.flood_days import FloodDays, clock

__all__ = ["first"]
CALLS = 48
"""of a day with both events: the last raster is the 46th, then preview and notification"""


def died(portal: FloodDays, at: int | str, wishes: str = BOTH) -> None:
    """The process dies once the server has carried out the n-th call, before anybody noted that; or between calls."""
    if isinstance(at, int):
        with dying_after(at):
            portal.day(wishes, day(1))
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at, _die)
        with pytest.raises(Died):
            portal.day(wishes, day(1))


def _die(*given: Any, **more: Any) -> Any:
    raise Died


BEFORE_THE_FIRST_CALL = "ibf_pipeline.publish.journal.Journal.begin"
BEFORE_THE_NOTIFICATION = "ibf_pipeline.targets.publication.keep_notices"
POSITIONS = [BEFORE_THE_FIRST_CALL, 1, 8, CALLS - 2, CALLS - 1, BEFORE_THE_NOTIFICATION, CALLS]


def named(portal: FloodDays) -> list[tuple[str, ...]]:
    """The events of every mail, oldest first."""
    return [mail.event_names for mail in portal.sandbox.mails("XDM")]


@pytest.mark.parametrize("at", POSITIONS)
def test_wherever_the_process_died_it_is_taken_back(at: int | str, portal: FloodDays, first: Any) -> None:
    died(portal, at)
    sent = int(at == CALLS)
    assert mails(portal) == sent
    with pytest.raises(ForbiddenByRule, match=r"revision 1 (was not sent|is unconfirmed).*--notify or --no-notify"):
        withdraw(first)
    done = withdraw(first, notify=True)
    assert (set(shown(portal)), named(portal)[sent:]) == ({"G9002"}, [("G9002",)])
    assert done.text.count("G9001") == 1
    with pytest.raises(ForbiddenByRule):
        resume_run(first, Decision())
    with pytest.raises(ForbiddenByRule, match="G9001 was withdrawn by revision 2"):
        portal.day(BOTH, day(1))
    assert len(portal.revisions(day(1))) == 2


@pytest.mark.parametrize("at", [BEFORE_THE_FIRST_CALL, 8, CALLS - 1, CALLS])
def test_on_a_portal_that_is_away_it_is_taken_back_all_the_same(
    at: int | str, portal: FloodDays, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision is recorded first, so whatever goes on with the day afterwards goes on without the event."""
    died(portal, at)
    away(monkeypatch, first)
    with pytest.raises(IbfError):
        portal.day(BOTH, day(1))
    assert named(portal) == ([("G9001", "G9002")] if at == CALLS else []), "not even by a run of the day"
    if at == CALLS:
        with pytest.raises(ForbiddenByRule, match=r"G9001 was withdrawn from revision 1.*withdraw it once more"):
            resume_run(first, Decision(notify_again=True))
        assert resume_run(first, Decision(assume_notified=True))[0].state().is_finished
        with pytest.raises(ForbiddenByRule, match="G9001 was withdrawn"):
            portal.day("G9001=--TT---- G9002=----TT--", day(1))
        assert (withdraw(first).publication.notified, set(shown(portal)), mails(portal)) == (False, {"G9002"}, 1)
        return
    revision, publication = resume_run(first, Decision())
    assert publication is not None
    assert (revision.number, revision.about().withdraws) == (2, ("G9001",))
    assert (set(shown(portal)), named(portal)) == ({"G9002"}, [("G9002",)])


def away(monkeypatch: pytest.MonkeyPatch, first: Any) -> None:
    """A person takes G9001 back while the portal answers nothing."""

    def gone(*given: Any, **more: Any) -> Any:
        raise ServerUnreachable("no answer in time")

    with monkeypatch.context() as patch:
        patch.setattr(IbfClient, "get", gone)
        with pytest.raises(ServerUnreachable):
            withdraw(first, notify=False)


def test_a_withdrawal_that_dies_is_gone_on_with(portal: FloodDays, first: Any) -> None:
    died(portal, CALLS - 1)
    with dying_after(3):
        withdraw(first, notify=True)
    resume_run(first, Decision())
    assert (set(shown(portal)), named(portal)) == ({"G9002"}, [("G9002",)])


def test_a_withdrawal_that_dies_before_it_gave_up_the_first_revision(
    portal: FloodDays, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(portal, CALLS - 1)
    with monkeypatch.context() as patch:
        patch.setattr("ibf_pipeline.targets.withdrawn_events.give_up_replaced", _die)
        with pytest.raises(Died):
            withdraw(first, notify=True)
    resume_run(first, Decision())
    with pytest.raises(ForbiddenByRule):
        resume_run(first, Decision())
    assert (set(shown(portal)), named(portal)) == ({"G9002"}, [("G9002",)])


def test_what_was_given_up_after_its_closing_call_is_on_the_portal(portal: FloodDays, first: Any) -> None:
    died(portal, CALLS - 1)
    give_up(portal.revisions(day(1))[0], clock, "aborted by a person")
    assert set(shown(portal)) == {"G9001", "G9002"}
    assert (withdraw(first).publication.notified, set(shown(portal)), mails(portal)) == (False, {"G9002"}, 0)


def test_what_was_given_up_before_it_is_not(portal: FloodDays, first: Any) -> None:
    died(portal, 8)
    give_up(portal.revisions(day(1))[0], clock, "aborted by a person")
    with pytest.raises(ForbiddenByRule, match="nothing of XDM on 2026-03-01 was published"):
        withdraw(first)


def test_a_day_that_is_shown_stays_what_it_was_but_the_event(portal: FloodDays, first: Any) -> None:
    """A second revision has come to its 8th call: what it would have shown is another run's business."""
    portal.day(BOTH, day(1))
    died(portal, 8, "G9001=--TT---- G9003=---TT---")
    done = withdraw(first)
    assert (set(shown(portal)), named(portal), done.publication.notified) == ({"G9002"}, [("G9001", "G9002")], False)
    with pytest.raises(ForbiddenByRule):
        resume_run(first, Decision())


def test_what_only_the_half_made_revision_has_is_taken_from_it(portal: FloodDays, first: Any) -> None:
    portal.day(BOTH, day(1))
    died(portal, 8, "G9001=--TT---- G9003=---TT---")
    withdraw(first, notify=True, event="G9003")
    assert (set(shown(portal)), named(portal)[1:]) == ({"G9001"}, [("G9001",)])


def test_where_nobody_can_be_mailed_it_is_taken_back_and_nobody_is_asked(portal: FloodDays, first: Any) -> None:
    portal.mailed_only = MAILED_COUNTRIES
    for _ in without_time_zone(portal.sandbox):
        portal.day(BOTH, day(1))
        done = withdraw(first)
        assert (set(shown(portal)), mails(portal)) == ({"G9002"}, 0)
        assert set(journal(portal).values()) == {"not mailed"}
        assert not done.publication.notified


def test_a_server_that_answers_nothing_more_after_its_500_shows_the_day(portal: FloodDays, first: Any) -> None:
    """The pipeline takes the country for one that is mailed about: the run failed, and the portal shows the trigger."""
    for _ in without_time_zone(portal.sandbox):
        with pytest.raises(ServerUnreachable):
            portal.day("G9001=---TT---", day(1))
        assert set(shown(portal)) == {"G9001"}
        withdraw(first)
        assert shown(portal) == {}
        with pytest.raises(ForbiddenByRule):
            resume_run(first, Decision())


def test_one_of_a_doubtful_notification_keeps_its_question(portal: FloodDays, first: Any) -> None:
    died(portal, CALLS)
    done = withdraw(first, notify=False)
    assert done.doubtful is not None
    with pytest.raises(OutcomeUnknown):
        resume_run(first, Decision())
