"""Days in their order against the sandbox: first issued dates, closings, mails and notices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ForbiddenByRule, ServerRefused
from ibf_pipeline.runs.ledger import close
from ibf_pipeline.runs.notification_hold import approve
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import Publication
from tests.worlds.countries.flood_days import PIPELINE, FloodDays, SharedServers, open_sandbox

START = date(2026, 3, 1)


def day(number: int) -> date:
    """The n-th issue date; 1 is the first."""
    return START + timedelta(days=number - 1)


def shown(portal: FloodDays) -> dict[str, tuple[str, str | None, str | None, str]]:
    """What the portal shows: level, first lead time, first trigger lead time, first issued day, by event."""
    return {
        name: (
            event["alertLevel"],
            event["firstLeadTime"],
            event["firstTriggerLeadTime"],
            event["firstIssuedDate"][:10],
        )
        for name, event in portal.events().items()
    }


def mails(portal: FloodDays) -> int:
    return len(portal.sandbox.mails("XDM"))


def kinds(publication: Publication | None) -> list[tuple[str, str]]:
    assert publication is not None
    return [
        (notice.kind, notice.event) for notice in publication.notices if notice.kind != "alert could not be published"
    ]


def test_six_days(portal: FloodDays) -> None:
    """warning -> trigger -> one event dropped -> nothing -> alert again -> 0-day ongoing."""
    _, published = portal.day("G9001=-----ww-:med G9002=------w-:min", day(1))
    assert shown(portal) == {
        "G9001": ("warning-medium", "5-day", None, "2026-03-01"),
        "G9002": ("warning-low", "6-day", None, "2026-03-01"),
    }
    assert (mails(portal), kinds(published)) == (1, [])

    _, published = portal.day("G9001=---wTT-- G9002=-----w--:min", day(2))
    assert shown(portal) == {
        "G9001": ("trigger", "3-day", "4-day", "2026-03-01"),
        "G9002": ("warning-low", "5-day", None, "2026-03-01"),
    }
    assert (mails(portal), kinds(published)) == (2, [])

    _, published = portal.day("G9001=--wTT---", day(3))
    assert shown(portal) == {"G9001": ("trigger", "2-day", "3-day", "2026-03-01")}
    assert (mails(portal), kinds(published)) == (3, [("alert ended", "G9002")])

    _, published = portal.day("", day(4))
    assert shown(portal) == {}
    assert (mails(portal), kinds(published)) == (3, [("alert ended", "G9001")])

    _, published = portal.day("G9001=-T------", day(5))
    assert shown(portal) == {"G9001": ("trigger", "1-day", "1-day", "2026-03-05")}, "closed: a new event"
    assert (mails(portal), kinds(published)) == (4, [])

    _, published = portal.day("G9001=T-------", day(6))
    assert shown(portal) == {"G9001": ("trigger", "0-day", "0-day", "2026-03-05")}
    assert (mails(portal), kinds(published)) == (4, []), "an ongoing 0-day event is not mailed, and it was a trigger"


def test_an_area_that_drops_out_of_an_event_that_goes_on_is_noticed(portal: FloodDays) -> None:
    """Yesterday's areas are those of the server, the mapping's today have one fewer."""
    portal.day("G9001=---TT---", day(1))
    found, run = portal.find("G9001=--TT----", day(2))
    (event,) = found.events
    first, *rest = event.areas_of(found.default_admin_level)
    assert rest
    less = replace(event, areas=tuple(area for area in event.areas if area != first))
    published = portal.publish(replace(found, events=(less,)), run)
    assert kinds(published) == [("area no longer alerted", "G9001")]
    assert first.place_code not in {area["placeCode"] for area in portal.events()["G9001"]["alertAreas"]}


def test_a_new_trigger_that_the_server_does_not_mail_is_noticed(portal: FloodDays) -> None:
    portal.day("G9001=-ww-----:med", day(1))
    assert mails(portal) == 1
    _, published = portal.day("G9001=wwwTT---", day(2))
    assert shown(portal)["G9001"][:3] == ("trigger", "0-day", "3-day")
    assert mails(portal) == 1, "the server stays silent"
    assert kinds(published) == [("trigger without mail", "G9001")]


@pytest.mark.parametrize("notify", [True, False])
def test_a_trigger_that_slips_beyond_the_limit_is_noticed(notify: bool, portal: FloodDays) -> None:
    """Also one that was published without a mail, by a backfill: on the portal it was a trigger."""
    portal.day("G9001=-----T--", day(1), notify=notify)
    _, published = portal.day("G9001=------TT", day(2))
    assert shown(portal) == {"G9001": ("warning-medium", "6-day", None, "2026-03-01")}
    assert kinds(published) == [("trigger lapsed beyond the limit", "G9001")]


def test_a_rerun_of_the_same_day_drops_what_has_vanished(portal: FloodDays) -> None:
    portal.day("G9001=---TT---", day(1))
    portal.day("G9001=--TT---- G9002=---w----:min", day(2))
    _, published = portal.day("G9001=--TT---- G9003=----T---", day(2))
    assert shown(portal) == {
        "G9001": ("trigger", "2-day", "2-day", "2026-03-01"),
        "G9003": ("trigger", "4-day", "4-day", "2026-03-02"),
    }
    assert ("alert ended", "G9002") in kinds(published)
    first, second = portal.revisions(day(2))
    assert (first.about().date, second.about().date) == ("2026-03-02T00:00:01Z", "2026-03-02T00:00:02Z")
    polygons = portal.get("/admin-areas/XDM/floods/2")["features"]
    assert {feature["properties"]["eventName"] for feature in polygons} == {"G9001", "G9003"}, "no ghost polygon"


def test_a_rerun_without_alerts_closes_all(portal: FloodDays) -> None:
    portal.day("G9001=--TT----", day(1))
    portal.day("", day(1))
    assert shown(portal) == {}
    assert set(portal.values(2, "population_affected").values()) == {0}


def test_the_same_content_again_is_nothing_to_do(portal: FloodDays) -> None:
    portal.day("G9001=--TT----", day(1))
    _, again = portal.day("G9001=--TT----", day(1))
    assert again is None
    assert (len(portal.revisions(day(1))), mails(portal)) == (1, 1)


def test_a_late_run_of_yesterday_does_not_rewrite_today(portal: FloodDays) -> None:
    portal.day("G9001=--TT----", day(2))
    with pytest.raises(ForbiddenByRule, match="later than the issue date 2026-03-01"):
        portal.day("", day(1))
    assert shown(portal)["G9001"][0] == "trigger"


def test_a_late_run_on_the_following_day_carries_yesterdays_date(portal: FloodDays) -> None:
    portal.day("G9001=---TT---", day(1))
    portal.day("G9001=--TT----", day(2))  # run whenever: the date is the issue date's
    portal.day("G9001=-TT-----", day(3))
    assert shown(portal) == {"G9001": ("trigger", "1-day", "1-day", "2026-03-01")}
    assert [portal.revisions(day(n))[0].about().date[:10] for n in (1, 2, 3)] == [
        "2026-03-01", "2026-03-02", "2026-03-03",
    ]  # fmt: skip


def test_days_back_to_back_without_notifications(portal: FloodDays) -> None:
    for number, wishes in enumerate(["", "G9001=-----w--:min", "G9001=----TT--", ""], 1):
        portal.day(wishes, day(number), notify=False)
    assert (shown(portal), mails(portal)) == ({}, 0)
    portal.day("G9001=---TT---", day(5))
    assert (shown(portal)["G9001"][3], mails(portal)) == ("2026-03-05", 1)


def person(portal: FloodDays, path: str, body: dict[str, Any]) -> None:
    """A local admin at the portal."""
    account = {"email": "local-admin@sandbox.example", "password": SANDBOX_PASSWORD}
    token = requests.post(f"{portal.sandbox.url}/user/login", json=account, timeout=10).json()["user"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    requests.post(f"{portal.sandbox.url}{path}", json=body, headers=headers, timeout=10).raise_for_status()


def set_trigger(portal: FloodDays, event: str) -> None:
    areas = portal.events()[event]["alertAreas"]
    ids = [area["eventPlaceCodeId"] for area in areas]
    person(
        portal, "/events/set-trigger", {"eventPlaceCodeIds": ids, "countryCodeISO3": "XDM", "disasterType": "floods"}
    )


def test_a_trigger_set_by_a_person_is_not_deleted_unasked(portal: FloodDays) -> None:
    portal.day("G9001=-----ww-:med", day(1))
    set_trigger(portal, "G9001")
    assert portal.events()["G9001"]["alertLevel"] == "trigger"
    with pytest.raises(ServerRefused, match=r"the trigger that a person set .*--discard-decisions"):
        portal.day("G9001=-----w--:med", day(1))
    assert portal.events()["G9001"]["userTrigger"], "nothing was sent"
    portal.day("G9001=-----w--:med", day(1), overrides=Overrides(discard_decisions=True))
    assert not portal.events()["G9001"]["userTrigger"]


def test_an_unchanged_day_deletes_nothing_that_people_decided(portal: FloodDays) -> None:
    """No revision is needed: nothing to publish, and nobody is told to discard anything. Before its findings, too."""
    found, run = portal.find("G9001=-----ww-:med", day(1))
    portal.publish(found, run)
    set_trigger(portal, "G9001")
    assert portal.publish(found, run) is None
    assert portal.events()["G9001"]["userTrigger"]
    changed, _ = portal.find("G9001=-----w--:med", day(1))
    with portal.target() as target:
        target.require_allowed(found, run, Overrides())
        with pytest.raises(ServerRefused, match="a new revision would delete the trigger that a person set"):
            target.require_allowed(changed, run, Overrides())
    portal.day("", day(2))
    with pytest.raises(ForbiddenByRule, match="later than the issue date"):
        portal.publish(found, run)


def test_a_persons_trigger_survives_the_next_day(portal: FloodDays) -> None:
    portal.day("G9001=-----ww-:med", day(1))
    set_trigger(portal, "G9001")
    portal.day("G9001=----ww--:med", day(2))
    assert (portal.events()["G9001"]["userTrigger"], portal.events()["G9001"]["alertLevel"]) == (True, "trigger")


def test_an_upload_that_is_not_ours_is_not_overwritten_unasked(portal: FloodDays) -> None:
    body = {
        "countryCodeISO3": "XDM", "disasterType": "floods", "adminLevel": 2, "leadTime": "3-day", "eventName": "theirs",
        "dynamicIndicator": "population_affected", "date": f"{day(1)}T09:00:00Z",
        "exposurePlaceCodes": [{"placeCode": "XD0102", "amount": 5}],
    }  # fmt: skip
    account = {"email": PIPELINE.email, "password": PIPELINE.password}
    token = requests.post(f"{portal.sandbox.url}/user/login", json=account, timeout=10).json()["user"]["token"]
    requests.post(
        f"{portal.sandbox.url}/admin-area-dynamic-data/exposure", json=body,
        headers={"Authorization": f"Bearer {token}"}, timeout=10,
    ).raise_for_status()  # fmt: skip
    with pytest.raises(ServerRefused, match=r"somebody else publishes there; .*--take-over"):
        portal.day("G9001=--TT----", day(1))
    portal.day("G9001=--TT----", day(1), overrides=Overrides(take_over=True))
    assert portal.revisions(day(1))[0].about().date == "2026-03-01T09:00:01Z", "one second after theirs"
    assert set(shown(portal)) == {"G9001"}


def test_a_blind_station_does_not_close_its_open_event(portal: FloodDays) -> None:
    portal.day("G9001=---TT--- G9002=---w----:min", day(1))
    found, run = portal.find("G9002=--w-----:min", day(2), missing=["G9001"])
    with pytest.raises(ServerRefused, match=r"wrong all clear; accept it with --accept-blind G9001"):
        portal.publish(found, run)
    assert set(shown(portal)) == {"G9001", "G9002"}
    published = portal.publish(found, run, overrides=Overrides(blind=("G9001",)))
    assert set(shown(portal)) == {"G9002"}
    assert kinds(published) == [("station blind", "G9001")]


def test_neither_new_names_nor_a_new_list_of_stations_close_an_open_event(portal: FloodDays) -> None:
    """G9001 alerts on day 1; on day 2 it goes by its name and is blind, then it is no longer in stations.csv."""
    portal.day("G9001=---TT---", day(1))
    portal.country = portal.country.model_copy(update={"event_name": "station_name"})
    found, run = portal.find("", day(2), missing=["G9001"])
    with pytest.raises(ServerRefused, match="event G9001 is open on the server and its station G9001 is blind"):
        portal.publish(found, run)
    stations = tuple(station for station in found.stations if station.code != "G9001")
    with pytest.raises(ServerRefused, match="its station G9001 is no longer in"):
        portal.publish(replace(found, stations=stations), run)
    assert set(shown(portal)) == {"G9001"}
    _, published = portal.day("G9001=--TT----", day(2))
    assert set(shown(portal)) == {"Sarvo at Kelim"}
    assert kinds(published) == [("alert goes on under another name", "Sarvo at Kelim")]


def test_a_held_notification_waits_for_a_person(portal: FloodDays) -> None:
    until = datetime(2026, 11, 23, tzinfo=UTC)
    found, run = portal.find("G9001=--TT----", day(1))
    held = portal.publish(found, run, hold_until=until)
    assert held is not None
    assert held.outcome.held
    (revision,) = portal.revisions(day(1))
    assert (set(shown(portal)), mails(portal)) == ({"G9001"}, 0)
    preview = json.loads(revision.folder.joinpath("preview.json").read_text())["answer"]["activeEvents"]["email"]
    assert "G9001" in preview
    assert portal.publish(found, run).outcome.held, "a second run does not get around the approval"  # type: ignore[union-attr]
    approve(revision, lambda: until - timedelta(hours=1))
    portal.publish(found, run, end="send")
    assert mails(portal) == 1


def test_after_its_time_limit_a_held_notification_is_never_sent(portal: FloodDays) -> None:
    until = datetime(2026, 11, 23, tzinfo=UTC)
    found, run = portal.find("G9001=--TT----", day(1))
    portal.publish(found, run, hold_until=until)
    (revision,) = portal.revisions(day(1))
    with pytest.raises(ForbiddenByRule, match="not notified"):
        approve(revision, lambda: until + timedelta(minutes=1))
    assert mails(portal) == 0


def test_an_unfinished_day_is_closed_when_a_later_one_is_published(portal: FloodDays) -> None:
    found, run = portal.find("G9001=--TT----", day(1))
    portal.publish(found, run, hold_until=datetime(2026, 11, 23, tzinfo=UTC))
    portal.day("G9001=-TT-----", day(2))
    with pytest.raises(ForbiddenByRule, match="later than the issue date"):
        portal.publish(found, run)
    assert mails(portal) == 1


def test_an_aborted_revision_is_never_resumed(portal: FloodDays) -> None:
    found, run = portal.find("G9001=--TT----", day(1))
    portal.publish(found, run, hold_until=datetime(2026, 11, 23, tzinfo=UTC))
    (revision,) = portal.revisions(day(1))
    close(revision, lambda: datetime(2026, 11, 22, tzinfo=UTC), "aborted")
    portal.publish(found, run)
    assert [r.number for r in portal.revisions(day(1))] == [1, 2]
    assert mails(portal) == 1


def test_an_emptied_server_is_published_to_again(
    portal: FloodDays, tmp_path: Path, configuration: Configuration, demo_country: FloodCountry
) -> None:
    """The ledger says published, the server knows nothing: a lost trigger unless it is sent again."""
    found, run = portal.find("G9001=--TT----", day(1))
    portal.publish(found, run)
    static = configuration.static_folder(demo_country)
    with open_sandbox(tmp_path / "other", static, [demo_country]) as sandbox:
        other = FloodDays(portal.country, portal.layers, portal.tiles, portal.prepared, portal.runs, sandbox)
        assert other.publish(found, run) is not None
        assert set(shown(other)) == {"G9001"}


@pytest.mark.parametrize("capabilities", ["current", "described"])
def test_the_described_order_gives_the_same_events_on_a_described_server(
    capabilities: str, tmp_path: Path, portal: FloodDays, servers: SharedServers
) -> None:
    server = servers.empty("described" if capabilities == "described" else "current")
    days = FloodDays(portal.country, portal.layers, portal.tiles, portal.prepared, tmp_path / "r", server)
    days.day("G9001=---TT--- G9004=----w---:min", day(1))
    days.day("G9001=--TT----", day(2))
    days.day("", day(3))
    days.day("G9002=----ww--:med", day(4))
    assert days.revisions(day(4))[0].about().capabilities == capabilities
    assert mails(days) == 3
    assert {mail.event_names for mail in days.sandbox.mails("XDM")} >= {("G9001",)}
