"""Rows of the other generation's indicators, left by an earlier upload of the day, make no events beside ours."""

from __future__ import annotations

import pytest
import requests

from ibf_pipeline.targets.problems import Overrides
from tests.publish.test_day_sequences import day, mails, set_trigger, shown
from tests.worlds.countries.flood_days import PIPELINE, FloodDays


def publish_theirs(portal: FloodDays) -> None:
    """An older pipeline: one trigger, by `alert_threshold`, at nine in the morning of day 1."""
    account = {"email": PIPELINE.email, "password": PIPELINE.password}
    token = requests.post(f"{portal.sandbox.url}/user/login", json=account, timeout=10).json()["user"]["token"]
    place = {"countryCodeISO3": "XDM", "disasterType": "floods"}
    uploads = [
        (level, indicator, code, amount)
        for level, code in ((1, "XD01"), (2, "XD0102"))
        for indicator, amount in (("population_affected", 50), ("alert_threshold", 1))
    ]
    for level, indicator, code, amount in uploads:
        body = {
            **place, "adminLevel": level, "leadTime": "3-day", "dynamicIndicator": indicator, "eventName": "theirs",
            "date": f"{day(1)}T09:00:00Z", "exposurePlaceCodes": [{"placeCode": code, "amount": amount}],
        }  # fmt: skip
        requests.post(
            f"{portal.sandbox.url}/admin-area-dynamic-data/exposure", json=body,
            headers={"Authorization": f"Bearer {token}"}, timeout=10,
        ).raise_for_status()  # fmt: skip
    requests.post(f"{portal.sandbox.url}/notification/send", json=place, timeout=10).raise_for_status()


def polygons(portal: FloodDays) -> set[tuple[str | None, str | None]]:
    features = portal.get("/admin-areas/XDM/floods/2")["features"]
    return {(f["properties"].get("eventName"), f["properties"].get("alertLevel")) for f in features}


@pytest.mark.parametrize("wishes", ["G9001=--TT----", ""])
def test_after_a_take_over_nothing_of_theirs_is_left(wishes: str, portal: FloodDays) -> None:
    publish_theirs(portal)
    assert (shown(portal)["theirs"][0], mails(portal)) == ("trigger", 1)
    portal.day(wishes, day(1), overrides=Overrides(take_over=True))
    if wishes:
        assert (shown(portal).keys(), mails(portal)) == ({"G9001"}, 2)
        assert portal.sandbox.mails("XDM")[-1].event_names == ("G9001",)
        assert {name for name, _ in polygons(portal)} == {"G9001"}
    else:
        assert (shown(portal), mails(portal)) == ({}, 1), "their trigger is not mailed once more"
        assert "trigger" not in {level for _, level in polygons(portal)}, "no ghost polygon"
    portal.day("", day(2))
    assert shown(portal) == {}


@pytest.mark.parametrize(("first", "second"), [("described", "auto"), ("auto", "described")])
def test_our_own_revision_of_the_other_generation_is_replaced_whole(first: str, second: str, portal: FloodDays) -> None:
    portal.day("G9001=---TT---", day(1), capabilities=first)
    portal.day("G9002=---TT---", day(1), capabilities=second)
    assert set(shown(portal)) == {"G9002"}
    assert portal.sandbox.mails("XDM")[-1].event_names == ("G9002",)


@pytest.mark.parametrize("capabilities", ["auto", "described"])
def test_a_day_without_events_leaves_yesterdays_decision_in_the_log(capabilities: str, portal: FloodDays) -> None:
    """A person made the warning of day 1 a trigger; day 2 ends the event and says nothing else of it."""
    portal.day("G9001=-----ww-:med", day(1), capabilities=capabilities)
    set_trigger(portal, "G9001")
    portal.day("", day(2), capabilities=capabilities)
    log = portal.get("/event/activation-log", countryCodeISO3="XDM", disasterType="floods")
    assert {(row["eventName"], row["alertLevel"], row["userTrigger"], row["closed"]) for row in log} == {
        ("G9001", "trigger", True, True)
    }
