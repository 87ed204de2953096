"""What people decide between planning and the last call is not deleted unasked: it is read again before any call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from ibf_pipeline.errors import OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.runs.confirmation import give_up
from ibf_pipeline.runs.notification_hold import approve
from ibf_pipeline.targets.ibf.revision import Destination
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.problems import Overrides
from tests.publish.test_day_sequences import day, mails, set_trigger, shown
from tests.publish.test_longer_sequences import tick, ticked
from tests.publish.test_stopped_in_between import dying_after
from tests.publish.test_unconfirmed import answer_lost
from tests.worlds.countries.flood_days import PIPELINE, FloodDays, clock
from tests.worlds.services.faulty_proxy import FaultyProxy

MEDIUM = "G9001=---ww---:med"
DISCARD = Overrides(discard_decisions=True)


@contextmanager
def opened(portal: FloodDays) -> Iterator[IbfTarget]:
    """The target as a person's command opens it."""
    client = IbfClient(portal.sandbox.url, PIPELINE, portal.retry_policy)
    destination = Destination("sandbox", client.base, notify=True)
    yield IbfTarget(client, destination, portal.prepared, clock)
    client.close()


def decide(portal: FloodDays) -> None:
    set_trigger(portal, "G9001")
    tick(portal, "G9001")


def decided(portal: FloodDays) -> tuple[str, bool, int]:
    return shown(portal)["G9001"][0], portal.events()["G9001"]["userTrigger"], ticked(portal, "G9001")


def test_while_a_notification_is_held(portal: FloodDays) -> None:
    until = clock() + timedelta(hours=12)
    found, run = portal.find(MEDIUM, day(1))
    portal.publish(found, run, hold_until=until)
    decide(portal)
    assert decided(portal) == ("trigger", True, 1)
    held = portal.publish(found, run)
    assert held is not None
    assert held.outcome.held, "a run that only meets the waiting approval makes no call, and is not refused"
    (revision,) = portal.revisions(day(1))
    approve(revision, clock)
    sent = mails(portal)  # setting a trigger mails too
    with opened(portal) as target:
        with pytest.raises(
            ServerRefused,
            match=r"going on with revision 1 would delete the trigger that a person set for .* and 1 ticked early "
            r"actions of event G9001; accept it with --discard-decisions",
        ):
            target.require_resumable(revision, Overrides(), end="send")
        assert (decided(portal), mails(portal)) == (("trigger", True, 1), sent)
        target.require_resumable(revision, DISCARD, end="send")
        target.carry_out(revision, end="send")
    assert (decided(portal), mails(portal)) == (("warning-medium", False, 0), sent + 1)


def test_after_a_revision_was_planned_that_never_came_to_its_first_call(portal: FloodDays) -> None:
    portal.day(MEDIUM, day(1))
    found, run = portal.find("G9001=--www---:med", day(1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("500", 99)
        with pytest.raises(ServerUnreachable):
            portal.publish(found, run, url=proxy.url)
    decide(portal)
    with pytest.raises(ServerRefused, match="going on with revision 2 would delete"):
        portal.publish(found, run)
    assert decided(portal) == ("trigger", True, 1)
    portal.publish(found, run, overrides=DISCARD)
    assert decided(portal) == ("warning-medium", False, 0)


def test_after_a_wipe_that_broke_off_and_was_given_up(portal: FloodDays) -> None:
    """With the day's rows gone, the server's last upload is the one of yesterday."""
    portal.day("", day(1))
    portal.day(MEDIUM, day(2))
    decide(portal)
    with dying_after(15):
        portal.day("G9001=--www---:med", day(2), overrides=DISCARD)
    give_up(portal.revisions(day(2))[-1], clock, "aborted by a person")
    assert portal.get("/event/last-upload-date/XDM/floods")["timestamp"] == "2026-03-01T00:00:01.000Z"
    with pytest.raises(ServerRefused, match="a new revision would delete the trigger that a person set"):
        portal.day("G9001=--www---:med", day(2))
    portal.day("G9001=--www---:med", day(2), overrides=DISCARD)
    assert decided(portal) == ("warning-medium", False, 0)


def test_before_an_unconfirmed_notification_is_sent_again(portal: FloodDays) -> None:
    found, run = answer_lost(portal, MEDIUM, day(1))
    decide(portal)
    sent = mails(portal)
    (revision,) = portal.revisions(day(1))
    with pytest.raises(OutcomeUnknown, match="may have been carried out before"):
        portal.publish(found, run)
    with opened(portal) as target:
        with pytest.raises(ServerRefused, match="going on with revision 1 would delete"):
            target.require_resumable(revision, Overrides(), end="again")
        target.require_resumable(revision, Overrides(), end="assume")
        target.carry_out(revision, end="assume")
    assert (decided(portal), mails(portal)) == (("trigger", True, 1), sent)


def test_an_event_of_yesterday_keeps_what_people_decided_and_is_not_asked_about(portal: FloodDays) -> None:
    portal.day(MEDIUM, day(1))
    decide(portal)
    found, run = portal.find("G9001=--ww----:med", day(2))
    portal.publish(found, run, hold_until=clock() + timedelta(hours=1))
    portal.publish(found, run, end="send")
    assert decided(portal) == ("trigger", True, 1)
