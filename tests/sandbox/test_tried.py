"""Sequences that were tried on the real server (IBF API 0.335, 2026-11-22), with what came out there."""

from __future__ import annotations

from typing import Any

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.sandbox.test_semantics import set_trigger
from tests.worlds.services.portal import SEVERITY, Portal, new_portal

DAYS = [f"2026-11-{day}T00:00:00Z" for day in range(10, 16)]
DAY, NEXT_DAY = DAYS[0], DAYS[1]


def described_event(
    portal: Portal, style: str, name: str, area: int, date: str, lead_time: str, alert: str, flags: str
) -> None:
    severity, trigger = SEVERITY[alert]
    code = portal.area(area)
    portal.exposure("population_affected", name, {code: 100}, date=date, lead_time=lead_time)
    if style == "current":
        portal.exposure("forecast_severity", name, {code: severity}, date=date, lead_time=lead_time)
        portal.exposure("forecast_trigger", name, {code: trigger}, date=date, lead_time=lead_time)
        portal.flags(name, flags, date)
        return
    portal.exposure("alert_threshold", name, {code: severity}, date=date, lead_time=lead_time)
    per_lead_time: list[dict[str, Any]] = [
        {"leadTime": f"{n}-day", "triggered": flag in "wT", "thresholdReached": flag == "T"}
        for n, flag in enumerate(flags)
    ]
    body = portal.place(eventName=name, triggersPerLeadTime=per_lead_time, date=date)
    answer = portal.post("event/triggers-per-leadtime", body)
    assert (answer.status_code, answer.text) == (201, "")


def end_of_day(portal: Portal) -> bool:
    """The closing calls of the description; True if there is something to mail."""
    answer = portal.post("notification/send", portal.place(), noNotifications="true")
    assert answer.status_code == 201
    return "email" in answer.json()["activeEvents"]


@pytest.mark.parametrize("style", ["current", "old"])
def test_the_descriptions_order_over_four_days(portal: Portal, style: str) -> None:
    current = style == "current"
    indicators = (
        ("population_affected", "forecast_severity", "forecast_trigger")
        if current
        else ("population_affected", "alert_threshold")
    )

    described_event(portal, style, "A", 1, DAYS[0], "4-day", "trigger", "---wTTTT")
    described_event(portal, style, "B", 2, DAYS[0], "6-day", "med", "------ww")
    portal.post("event/close-events", portal.place(date=DAYS[0]))
    assert end_of_day(portal)
    assert portal.shown() == {
        "A": ("trigger", "3-day" if current else "4-day", "4-day", "2026-11-10"),
        "B": ("warning-medium", "6-day", None, "2026-11-10"),
    }

    described_event(portal, style, "A", 1, DAYS[1], "3-day", "trigger", "--wTTTTT")
    portal.post("event/close-events", portal.place(date=DAYS[1]))
    assert end_of_day(portal)
    assert portal.shown() == {"A": ("trigger", "2-day" if current else "3-day", "3-day", "2026-11-10")}
    assert [e["closed"] for e in portal.log() if e["eventName"] == "B"] == [True]

    portal.post("event/close-events", portal.place(date=DAYS[2]))
    portal.zeros(DAYS[2], indicators=indicators)
    assert not end_of_day(portal)
    assert portal.shown() == {}

    described_event(portal, style, "A", 1, DAYS[3], "2-day", "min", "--ww----")
    portal.post("event/close-events", portal.place(date=DAYS[3]))
    assert end_of_day(portal)
    assert portal.shown() == {"A": ("warning-low", "2-day", None, "2026-11-13")}


def test_close_events_before_the_days_rows_rewrites_yesterday(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    set_trigger(portal)
    assert [e["alertLevel"] for e in portal.log()] == ["trigger"]
    portal.post("event/close-events", portal.place(date=NEXT_DAY))
    portal.zeros(NEXT_DAY)
    portal.process()
    assert [(e["alertLevel"], e["userTrigger"], e["closed"]) for e in portal.log()] == [("warning-medium", False, True)]


def test_close_events_after_the_days_rows_keeps_what_a_person_set(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    set_trigger(portal)
    portal.zeros(NEXT_DAY)
    portal.post("event/close-events", portal.place(date=NEXT_DAY))
    portal.process()
    assert [(e["alertLevel"], e["userTrigger"], e["closed"]) for e in portal.log()] == [("trigger", True, True)]


def test_a_new_trigger_can_go_out_without_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0], alert="med", lead_time="1-day", flags="-ww-----")
    portal.process()
    portal.event("G1", [1], DAYS[1], lead_time="3-day", flags="wwwTTTTT")
    assert portal.process(mail=False).json() == {"activeEvents": {}}  # the preview says so beforehand
    portal.process()
    assert portal.shown() == {"G1": ("trigger", "0-day", "3-day", "2026-11-10")}
    assert portal.mails() == [("G1",)]


def test_a_warning_yesterday_and_a_trigger_at_0_day_today_is_silent(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0], alert="med", lead_time="1-day", flags="-ww-----")
    portal.process()
    portal.event("G1", [1], DAYS[1], lead_time="0-day", flags="TTT-----")
    portal.process()
    assert portal.levels() == {"G1": "trigger"}
    assert portal.mails() == [("G1",)]


def test_with_0_day_sent_as_false_the_mail_goes_out(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0], alert="med", lead_time="1-day", flags="-ww-----")
    portal.process()
    portal.event("G1", [1], DAYS[1], lead_time="3-day", flags="-wwTTTTT")
    portal.process()
    assert portal.mails() == [("G1",), ("G1",)]


def test_a_shared_area_draws_a_medium_event_as_trigger_and_hides_areas(portal: Portal) -> None:
    portal.event("M", [1, 2], DAY, alert="med", people=10)
    portal.event("T", [2, 3], DAY, alert="trigger", people=100)
    portal.process()
    assert portal.levels() == {"T": "trigger", "M": "warning-medium"}  # the event list is right
    national = {p["name"]: (p["alertLevel"], p["population_affected"]) for p in portal.polygons()}
    # M is drawn as trigger, and of its areas 1 and 2 only the shared one is left: 10 people instead of 20.
    assert national["M"] == ("trigger", 10)


def test_two_triggers_count_the_people_of_the_shared_area_twice(portal: Portal) -> None:
    portal.event("T1", [1, 2], DAY, people=100)
    portal.event("T2", [2, 3], DAY, people=1000)
    portal.process()
    national = {p["name"]: p["population_affected"] for p in portal.polygons()}
    assert national == {"T1": 100 + 2 * 100, "T2": 1000 + 2 * 1000}


def test_severity_0_for_the_shared_area_does_not_help(portal: Portal) -> None:
    one, two = portal.area(1), portal.area(2)
    portal.exposure("population_affected", "M", {one: 10, two: 10}, date=DAY)
    portal.exposure("forecast_severity", "M", {one: 0.7, two: 0}, date=DAY)
    portal.exposure("forecast_trigger", "M", {one: 0, two: 0}, date=DAY)
    portal.event("T", [2, 3], DAY)
    portal.process()
    assert {p["name"]: p["alertLevel"] for p in portal.polygons()}["M"] == "trigger"


def test_leaving_the_shared_area_out_of_one_event_helps(portal: Portal) -> None:
    portal.event("M", [1], DAY, alert="med", people=10)
    portal.event("T", [2, 3], DAY, people=100)
    portal.process()
    assert {p["name"]: (p["alertLevel"], p["population_affected"]) for p in portal.polygons()} == {
        "M": ("warning-medium", 10),
        "T": ("trigger", 200),
    }


def test_a_revision_of_the_day_deletes_ticked_early_actions(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.login("operator")
    action = portal.events()[0]["alertAreas"][0]["eapActions"][0]["action"]
    tick = {**portal.place(action=action, status=True, placeCode=portal.area(1), eventName="G1")}
    assert portal.post("eap-actions/check", tick).status_code == 201

    def ticked() -> list[bool]:
        return [a["checked"] for a in portal.events()[0]["alertAreas"][0]["eapActions"]]

    assert ticked() == [True, False, False]
    portal.login("pipeline")
    portal.event("G1", [1], "2026-11-10T00:00:01Z")
    portal.process()
    assert ticked() == [False, False, False]


def test_the_next_day_keeps_ticked_early_actions(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.login("operator")
    action = portal.events()[0]["alertAreas"][0]["eapActions"][1]["action"]
    body = {**portal.place(action=action, status=True, placeCode=portal.area(1), eventName="G1")}
    assert portal.post("eap-actions/check", body).status_code == 201
    portal.login("pipeline")
    portal.event("G1", [1], NEXT_DAY, lead_time="3-day")
    portal.process()
    assert [a["checked"] for a in portal.events()[0]["alertAreas"][0]["eapActions"]] == [False, True, False]


def test_a_revision_of_the_day_deletes_a_trigger_set_by_a_person(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    set_trigger(portal)
    portal.event("G1", [1], "2026-11-10T00:00:01Z", alert="med")
    portal.process()
    assert portal.levels() == {"G1": "warning-medium"}


def test_one_upload_in_the_future_blinds_the_country(portal: Portal) -> None:
    portal.zeros("2027-03-01T00:00:00Z")
    portal.process()
    portal.event("G1", [1], DAY)
    assert portal.process().status_code == 200
    assert portal.events() == []
    assert portal.log() == []


def test_an_event_in_the_future_stays_and_mails_on(portal: Portal) -> None:
    portal.event("G9", [4], "2027-03-01T00:00:00Z")
    portal.process()
    portal.event("G1", [1], DAY)
    portal.process()
    assert set(portal.levels()) == {"G9"}
    assert portal.mails() == [("G9",), ("G9",)]


def test_uploading_nothing_and_processing_mails_yesterdays_trigger_again(portal: Portal) -> None:
    """The only alerted station has no areas: zeros are right, silence is not."""
    portal.event("G1", [1], DAY)
    portal.process()
    portal.station("eapAlertClass", "max", date=NEXT_DAY, n=2)
    portal.process()
    assert portal.levels() == {"G1": "trigger"}
    assert portal.mails() == [("G1",), ("G1",)]
    portal.zeros(NEXT_DAY)
    portal.process()
    assert portal.events() == []
    assert len(portal.mails()) == 2


def test_the_map_of_an_event_goes_by_the_lead_time_of_its_rows_not_by_flags(portal: Portal) -> None:
    portal.event("G1", [1, 2], DAY, lead_time="4-day")
    portal.process()
    assert len(portal.polygons(eventName="G1", leadTime="4-day")) == 2
    portal.flags("G1", "------TT", DAY)
    assert len(portal.polygons(eventName="G1", leadTime="4-day")) == 2
    assert portal.polygons(eventName="G1", leadTime="6-day") == []  # flagged, but the rows are elsewhere
    assert len(portal.polygons(eventName="G1")) == 2


def test_totals_add_every_admin_level_the_map_does_not(portal: Portal) -> None:
    name = f"sum {portal.iso3}"
    portal.event(name, [1, 2], DAY, people=50)
    portal.exposure("population_affected", name, {f"{portal.iso3}11": 60, f"{portal.iso3}21": 40}, date=DAY, level=3)
    for level, code in ((2, portal.area(1)), (3, f"{portal.iso3}11")):
        portal.exposure("population_affected_percentage", name, {code: 0.75}, date=DAY, level=level)
    portal.process()
    totals = {
        t["indicator"]: t["value"]
        for t in portal.get(f"admin-areas/aggregates/{portal.iso3}/floods/2").json()
        if t["placeCode"] == name
    }
    assert totals == {
        "forecast_severity": 1,
        "forecast_trigger": 1,
        "population_affected": 200,  # 100 people, twice
        "population_affected_percentage": 1.5,
    }
    assert [p["population_affected"] for p in portal.polygons()] == [100]


def test_totals_add_other_countries_with_an_event_of_that_name(server: Sandbox) -> None:
    here, there = new_portal(server), new_portal(server)
    name = f"shared {here.iso3}"
    here.event(name, [1], DAY, people=100)
    here.exposure("population_affected", name, {f"{here.iso3}11": 100}, date=DAY, level=3)
    there.event(name, [1], DAY, people=7000)
    here.process()
    values = here.get(f"admin-area-dynamic-data/{here.iso3}/2/population_affected/floods").json()
    assert values == [{"placeCode": name, "value": 7200}]
    exact = here.get(f"admin-area-dynamic-data/{here.iso3}/2/population_affected/floods", eventName=name).json()
    assert exact == [{"value": 100, "placeCode": here.area(1)}]


def test_a_name_with_an_underscore_is_cut_in_the_mail(portal: Portal) -> None:
    portal.event("Na_me_1", [1], DAY)
    mail = portal.process(mail=False).json()["activeEvents"]["email"]
    assert "Na" in mail
    assert "Na_me_1" not in mail
    assert set(portal.levels()) == {"Na_me_1"}


def test_a_trigger_that_slips_beyond_the_limit_goes_on_as_a_warning(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="3-day")
    portal.process()
    portal.event("G1", [1], NEXT_DAY, alert="med", lead_time="6-day")
    portal.process()
    assert portal.shown() == {"G1": ("warning-medium", "6-day", None, "2026-11-10")}
    assert len(portal.mails()) == 2


def test_in_a_country_without_warnings_it_vanishes_without_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="3-day")
    portal.process()
    portal.zeros(NEXT_DAY)
    portal.process()
    assert portal.events() == []
    assert len(portal.mails()) == 1


def test_the_earlier_quiet_parameter_means_nothing_to_the_current_server(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.post("notification/send", portal.place(), isApiTest="true")
    assert portal.mails() == [("G1",)]


def test_station_values_are_text(portal: Portal) -> None:
    portal.zeros(DAY)
    sent = {"a": 40020, "b": 1.5, "c": 2.0, "d": True, "e": None, "f": {"x": [1, 2]}, "g": 0.00001, "h": "max"}
    for key, value in sent.items():
        portal.station(key, value, date=DAY)
    assert portal.station_data() == {
        "a": "40020",
        "b": "1.5",
        "c": "2",
        "d": "true",
        "e": None,
        "f": '{"x":[1,2]}',
        "g": "0.00001",
        "h": "max",
    }
