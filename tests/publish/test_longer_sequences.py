"""Six days and more with what disturbs them: backfills, late runs, re-runs, and what people decide in between.

Whole weeks are stories: `test_day_sequences` has what they are made of, day by day.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ibf_pipeline.errors import ForbiddenByRule, ServerRefused, ServerUnreachable
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import close
from ibf_pipeline.runs.notification_hold import approve, require_in_time
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.targets.ibf.publication import notification_log_words
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.problems import Overrides
from tests.publish.test_day_sequences import day, kinds, mails, person, set_trigger, shown
from tests.worlds.countries.flood_days import FloodDays, SharedServers, clock
from tests.worlds.services.faulty_proxy import FaultyProxy
from tests.worlds.services.snapshot import snapshot


@pytest.mark.story
def test_six_days_with_a_backfill_in_the_middle(portal: FloodDays) -> None:
    """The machine is off on days 2 and 3, which are filled in without mails on day 4."""
    portal.day("G9001=-----ww-:med G9002=------w-:min", day(1))
    assert mails(portal) == 1
    for number, wishes in ((2, "G9001=----ww--:med"), (3, "G9001=---TT---")):
        _, published = portal.day(wishes, day(number), notify=False)
        assert [call.kind for call in portal.revisions(day(number))[0].calls()].count("end") == 0
    assert (mails(portal), kinds(published)) == (1, []), (
        "a backfill mails nobody and warns of nothing that will be mailed"
    )
    assert shown(portal) == {"G9001": ("trigger", "3-day", "3-day", "2026-03-01")}
    _, published = portal.day("G9001=--TT----", day(4))
    assert (mails(portal), kinds(published)) == (2, []), "the first notified run mails the trigger"
    assert shown(portal) == {"G9001": ("trigger", "2-day", "2-day", "2026-03-01")}
    with pytest.raises(ForbiddenByRule, match="later than the issue date 2026-03-02"):
        portal.day("", day(2), notify=False)
    _, published = portal.day("", day(5))
    assert (shown(portal), kinds(published)) == ({}, [("alert ended", "G9001")])
    _, published = portal.day("G9002=-----T--", day(6))
    assert (mails(portal), shown(portal)["G9002"][3], kinds(published)) == (3, "2026-03-06", [])


@pytest.mark.parametrize("silent", ["backfill", "aborted", "expired"])
def test_a_trigger_that_was_published_silently_is_not_taken_for_known(silent: str, portal: FloodDays) -> None:
    """The server will not mail it on its 0-day either: somebody has to say so."""
    portal.day("G9001=----ww--:med", day(1))
    if silent == "backfill":
        portal.day("G9001=-TT-----", day(2), notify=False)
    else:
        until = clock() + timedelta(hours=1)
        portal.day("G9001=-TT-----", day(2), hold_until=until)
        (revision,) = portal.revisions(day(2))
        if silent == "aborted":
            close(revision, clock, "aborted by a person")
        else:
            with pytest.raises(ForbiddenByRule, match="not notified"):
                require_in_time(revision, lambda: until + timedelta(hours=1))
    assert (shown(portal)["G9001"][0], mails(portal)) == ("trigger", 1)
    _, published = portal.day("G9001=TT------", day(3))
    assert (mails(portal), kinds(published)) == (1, [("trigger without mail", "G9001")])
    _, published = portal.day("G9001=T-------", day(4))
    assert kinds(published) == [], "people have been told"


@pytest.mark.story
def test_six_days_with_a_trigger_that_a_person_set_in_between(portal: FloodDays) -> None:
    portal.day("G9001=-----ww-:med", day(1))
    portal.day("G9001=----ww--:med", day(2))
    set_trigger(portal, "G9001")
    assert (shown(portal)["G9001"][0], portal.events()["G9001"]["userTrigger"]) == ("trigger", True)

    _, published = portal.day("G9001=---ww---:min", day(3))
    assert (portal.events()["G9001"]["userTrigger"], shown(portal)["G9001"][0]) == (True, "trigger"), "it survives"
    assert kinds(published) == []

    portal.day("G9001=---w----:min", day(3))
    assert len(portal.revisions(day(3))) == 2, "first issued earlier: a revision of the day deletes nothing of it"
    assert portal.events()["G9001"]["userTrigger"]

    portal.day("G9001=--TT----", day(4))
    assert shown(portal)["G9001"][:3] == ("trigger", "2-day", "2-day")

    _, published = portal.day("", day(5))
    assert (shown(portal), kinds(published)) == ({}, [("alert ended", "G9001")]), "the person hears that it is closed"

    portal.day("G9001=-----w--:min", day(6))
    assert (portal.events()["G9001"]["userTrigger"], shown(portal)["G9001"]) == (
        False, ("warning-low", "5-day", None, "2026-03-06"),
    )  # fmt: skip


@pytest.mark.story
def test_six_days_with_a_late_run_and_one_that_comes_too_late(portal: FloodDays) -> None:
    """Day 3 is run on the following morning, before day 4; day 5 is tried only after day 6."""
    portal.day("G9001=-----ww-:med", day(1))
    portal.day("G9001=----TT--", day(2))
    portal.day("G9001=---TT--- G9002=------w-:min", day(3))
    portal.day("G9001=--TT---- G9002=-----w--:min", day(4))
    assert shown(portal) == {
        "G9001": ("trigger", "2-day", "2-day", "2026-03-01"),
        "G9002": ("warning-low", "5-day", None, "2026-03-03"),
    }
    portal.day("G9001=T-------", day(6))
    before = (shown(portal), mails(portal), portal.values(2, "population_affected", "G9001"))
    with pytest.raises(ForbiddenByRule, match=r"later than the issue date 2026-03-05.*rewriting what people were told"):
        portal.day("G9003=---TT---", day(5))
    assert portal.revisions(day(5)) == []
    assert (shown(portal), mails(portal), portal.values(2, "population_affected", "G9001")) == before
    assert set(before[0]) == {"G9001"}
    assert [portal.revisions(day(number))[0].about().date for number in (3, 6)] == [
        "2026-03-03T00:00:01Z", "2026-03-06T00:00:01Z",
    ]  # fmt: skip


@pytest.mark.story
def test_six_days_with_a_rerun_in_the_middle(portal: FloodDays) -> None:
    """The forecast of day 3 comes twice: the second one drops G9002, which the first one opened."""
    portal.day("G9001=-----ww-:med", day(1))
    portal.day("G9001=----TT--", day(2))
    portal.day("G9001=---TT--- G9002=----TT--", day(3))
    _, published = portal.day("G9001=---TT---", day(3))
    assert shown(portal) == {"G9001": ("trigger", "3-day", "3-day", "2026-03-01")}
    assert (mails(portal), kinds(published)) == (4, [("alert ended", "G9002")])
    _, published = portal.day("G9001=--TT---- G9002=----T---", day(4))
    assert shown(portal)["G9002"][3] == "2026-03-04", "dropped and new: first issued today"
    portal.day("", day(5))
    assert shown(portal) == {}
    portal.day("G9001=T-------", day(6))
    assert (shown(portal)["G9001"], mails(portal)) == (("trigger", "0-day", "0-day", "2026-03-06"), 6)


def tick(portal: FloodDays, event: str, status: bool = True) -> None:
    """Somebody ticks the first early action off for the first area of an event."""
    area = portal.events()[event]["alertAreas"][0]["placeCode"]
    person(portal, "/eap-actions/check", {
        "action": "drr-1", "status": status, "placeCode": area, "countryCodeISO3": "XDM", "disasterType": "floods",
        "eventName": event,
    })  # fmt: skip


def ticked(portal: FloodDays, event: str) -> int:
    areas = portal.get("/event/alert-areas/XDM/2/floods", eventName=event)
    return sum(action["checked"] for area in areas for action in area["eapActions"])


def test_early_actions_that_people_ticked_today_are_not_deleted_unasked(portal: FloodDays) -> None:
    portal.day("G9001=---TT---", day(1))
    tick(portal, "G9001")
    assert ticked(portal, "G9001") == 1
    before = snapshot(portal.sandbox)
    with pytest.raises(
        ServerRefused, match=r"1 ticked early actions of event G9001; accept it with --discard-decision"
    ):
        portal.day("G9001=----TT--", day(1))
    assert snapshot(portal.sandbox) == before, "nothing was sent"
    portal.day("G9001=----TT--", day(1), overrides=Overrides(discard_decisions=True))
    assert ticked(portal, "G9001") == 0


def test_early_actions_of_an_event_of_yesterday_outlive_today_and_its_reruns(portal: FloodDays) -> None:
    portal.day("G9001=---TT---", day(1))
    tick(portal, "G9001")
    portal.day("G9001=--TT----", day(2))
    assert ticked(portal, "G9001") == 1
    portal.day("G9001=--TTT---", day(2))
    assert (len(portal.revisions(day(2))), ticked(portal, "G9001")) == (2, 1)


def test_an_action_that_was_unticked_again_is_no_decision(portal: FloodDays) -> None:
    portal.day("G9001=---TT---", day(1))
    tick(portal, "G9001")
    tick(portal, "G9001", status=False)
    portal.day("G9001=----TT--", day(1))
    assert shown(portal)["G9001"][1] == "4-day"


def test_a_run_that_meets_an_expired_approval_says_so_and_the_next_one_is_new(portal: FloodDays) -> None:
    found, run = portal.find("G9001=--TT----", day(1))
    portal.publish(found, run, hold_until=datetime(2026, 11, 22, 16, tzinfo=UTC))
    (revision,) = portal.revisions(day(1))
    revision.keep(replace(revision.about(), hold_until="2026-11-22T14:00:00Z"))  # two hours go by
    with pytest.raises(ForbiddenByRule, match=r"not notified: the approval's time limit passed at 2026-11-22 14:00Z"):
        portal.publish(found, run)
    assert mails(portal) == 0
    portal.publish(found, run)
    assert ([revision.number for revision in portal.revisions(day(1))], mails(portal)) == ([1, 2], 1)


def broken_off(portal: FloodDays, wishes: str, issue_date: date) -> tuple[FloodFindings, RunFolder]:
    """A day whose publication broke off before the notification."""
    found, run = portal.find(wishes, issue_date)
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("500", 99)
        with pytest.raises(ServerUnreachable):
            portal.publish(found, run, url=proxy.url)
    return found, run


def test_a_silent_run_does_not_send_what_an_earlier_one_left_to_send(portal: FloodDays) -> None:
    """A backfill goes over a day whose run broke off: it must not mail about a past day by finishing that run."""
    found, run = broken_off(portal, "G9001=--TT----", day(1))
    with pytest.raises(ForbiddenByRule, match=r"revision 1 is unfinished and ends with a notification.*resume --abort"):
        portal.publish(found, run, notify=False)
    assert mails(portal) == 0
    close(portal.revisions(day(1))[0], clock, "aborted by a person")
    portal.publish(found, run, notify=False)
    assert (set(shown(portal)), mails(portal)) == ({"G9001"}, 0)


def test_a_run_that_holds_also_holds_what_it_resumes(portal: FloodDays) -> None:
    found, run = broken_off(portal, "G9001=--TT----", day(1))
    held = portal.publish(found, run, hold_until=datetime(2026, 11, 23, tzinfo=UTC))
    assert held is not None
    assert (held.outcome.held, mails(portal)) == (True, 0)
    (revision,) = portal.revisions(day(1))
    approve(revision, clock)
    portal.publish(found, run, end="send")
    assert mails(portal) == 1


def test_published_silently_and_then_with_notification(portal: FloodDays) -> None:
    """The same content: a notification that is asked for is sent, one that was sent is not left out afterwards."""
    found, run = portal.find("G9001=--TT----", day(1))
    assert portal.publish(found, run, notify=False) is not None
    assert (portal.publish(found, run, notify=False), mails(portal)) == (None, 0)
    assert (portal.publish(found, run) is not None, mails(portal)) == (True, 1)
    assert (portal.publish(found, run, notify=False), portal.publish(found, run)) == (None, None)
    assert (len(portal.revisions(day(1))), mails(portal)) == (2, 1)


def test_what_the_log_of_notifications_tells(portal: FloodDays) -> None:
    """An account that may read it sees the newest entry; another one is told that nothing can tell."""
    portal.day("G9001=--TT----", day(1))
    portal.day("G9001=-TT-----", day(2))
    said = {}
    for role in ("admin", "pipeline"):
        client = IbfClient(portal.sandbox.url, Credentials(f"{role}@sandbox.example", SANDBOX_PASSWORD))
        said[role] = notification_log_words(client, "XDM", "floods")
        client.close()
    assert "recipients, about G9001" in said["admin"]
    assert said["pipeline"].startswith("nothing can tell whether people were notified")
    assert "@" not in json.dumps(said), "no addresses of people in messages"


def test_a_described_server_mails_an_event_of_today_that_a_rerun_makes_a_trigger(
    portal: FloodDays, tmp_path: Path, servers: SharedServers
) -> None:
    """First issued today, the event is issued anew by the revision, so its 0-day trigger is mailed; tomorrow's is not.

    That server shows its events by another route, and has no preview.
    """
    days = FloodDays(
        portal.country, portal.layers, portal.tiles, portal.prepared, tmp_path / "r", servers.empty("described")
    )
    days.day("G9001=w-------:med", day(1))
    _, published = days.day("G9001=T-------", day(1))
    assert (mails(days), kinds(published)) == (2, [])
    days.day("G9002=w-------:med G9001=T-------", day(2))
    assert mails(days) == 3, "G9002 is new"
    _, published = days.day("G9002=T------- G9001=T-------", day(3))
    assert (mails(days), kinds(published)) == (3, [("trigger without mail", "G9002")])
