"""What severities, triggers, zeros, closings and mails mean (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Portal, new_portal

DAYS = [f"2026-11-{day}T00:00:00Z" for day in range(10, 16)]
DAY, NEXT_DAY = DAYS[0], DAYS[1]


@pytest.mark.parametrize(
    ("severity", "trigger", "level"),
    [
        (1, 1, "trigger"),
        (1, 0, "warning"),
        (0.71, 0, "warning"),
        (0.7, 0, "warning-medium"),
        (0.31, 0, "warning-medium"),
        (0.3, 0, "warning-low"),
        (0.1, 0, "warning-low"),
        (0.1, 1, "trigger"),  # a trigger needs a severity above 0, not one of 1
        (0, 0, None),
    ],
)
def test_severity_and_trigger_decide_on_the_level(
    portal: Portal, severity: float, trigger: int, level: str | None
) -> None:
    for indicator, amount in (
        ("population_affected", 5),
        ("forecast_severity", severity),
        ("forecast_trigger", trigger),
    ):
        portal.exposure(indicator, "G1", {portal.area(1): amount}, date=DAY)
    portal.process()
    assert portal.levels().get("G1") == level


@pytest.mark.parametrize(
    ("threshold", "level"), [(1, "trigger"), (0.7, "warning-medium"), (0.3, "warning-low"), (0, None)]
)
def test_the_legacy_indicator_is_severity_and_trigger_in_one(
    portal: Portal, threshold: float, level: str | None
) -> None:
    portal.exposure("alert_threshold", "G1", {portal.area(1): threshold}, date=DAY)
    portal.exposure("population_affected", "G1", {portal.area(1): 3}, date=DAY)
    portal.process()
    assert portal.levels().get("G1") == level


@pytest.mark.parametrize(("disaster_type", "lead_time"), [("flash-floods", "6-hour"), ("typhoon", "72-hour")])
def test_legacy_0_with_an_event_name_is_a_high_warning_but_of_floods(
    disaster_type: str, lead_time: str, server: Sandbox
) -> None:
    portal = new_portal(server, disaster_type=disaster_type)
    portal.exposure("alert_threshold", "G1", {portal.area(1): 0}, date=DAY, lead_time=lead_time)
    portal.process()
    assert portal.levels() == {"G1": "warning"}


def test_severity_wins_where_both_are_present(portal: Portal) -> None:
    portal.exposure("alert_threshold", "G1", {portal.area(1): 1}, date=DAY)
    portal.exposure("forecast_severity", "G1", {portal.area(1): 0.3}, date=DAY)
    portal.process()
    assert portal.levels() == {"G1": "warning-low"}


def test_legacy_counts_where_no_severity_is_above_0(portal: Portal) -> None:
    portal.exposure("alert_threshold", "G1", {portal.area(1): 1}, date=DAY)
    portal.exposure("forecast_severity", "G1", {portal.area(1): 0}, date=DAY)
    portal.process()
    assert portal.levels() == {"G1": "trigger"}


def test_old_and_new_events_may_be_mixed(portal: Portal) -> None:
    portal.exposure("alert_threshold", "old", {portal.area(1): 0.7}, date=DAY)
    portal.event("new", [2], DAY)
    portal.process()
    assert portal.levels() == {"new": "trigger", "old": "warning-medium"}


def test_the_event_takes_its_highest_area_and_lists_only_those(portal: Portal) -> None:
    codes = [portal.area(n) for n in (1, 2, 3)]
    portal.exposure("population_affected", "G1", dict(zip(codes, (10, 300, 20), strict=True)), date=DAY)
    portal.exposure("forecast_severity", "G1", dict(zip(codes, (1, 0.3, 1), strict=True)), date=DAY)
    portal.exposure("forecast_trigger", "G1", dict(zip(codes, (1, 0, 1), strict=True)), date=DAY)
    portal.process()
    [event] = portal.events()
    assert event["alertLevel"] == "trigger"
    assert [a["placeCode"] for a in event["alertAreas"]] == [codes[2], codes[0]]  # by exposure
    assert portal.open_areas() == {("G1", code) for code in codes}  # the log has the lower one too


def test_a_station_class_need_not_match_and_any_text_is_taken(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.station("eapAlertClass", "max", date=DAY)
    portal.process()
    assert portal.events() == []
    assert portal.station_data() == {"eapAlertClass": "max"}


def test_no_alert_shows_every_area_of_the_level(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.process()
    polygons = portal.polygons()
    assert [p["placeCode"] for p in polygons] == [portal.area(n) for n in (1, 2, 3, 4)]
    assert {p["alertLevel"] for p in polygons} == {"none"}


def test_without_population_affected_the_no_alert_map_is_empty(portal: Portal) -> None:
    portal.zeros(DAY, indicators=("forecast_severity", "forecast_trigger"))
    portal.process()
    assert portal.polygons() == []


def test_severity_zeros_are_not_needed_for_the_state_but_wipe_the_rows_of_the_day(portal: Portal) -> None:
    portal.zeros(DAY, indicators=("population_affected",))
    portal.process()
    assert portal.events() == []
    portal.event("G1", [1], "2026-11-10T00:00:01Z")
    portal.zeros("2026-11-10T00:00:02Z", indicators=("population_affected",))
    portal.process()
    assert portal.levels() == {"G1": "trigger"}  # its severity rows are still in the period
    portal.zeros("2026-11-10T00:00:03Z")
    portal.process()
    assert portal.events() == []


def test_zeros_after_the_events_delete_them(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.zeros(DAY)
    portal.process()
    assert portal.events() == []


def test_zeros_before_the_events_leave_a_ghost_polygon(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.event("G1", [1], DAY)
    portal.process()
    ghost, event = sorted(portal.polygons(), key=lambda polygon: polygon["placeCode"] or "")
    assert (event["name"], event["alertLevel"]) == ("G1", "trigger")
    assert (ghost["placeCode"], ghost["eventName"], ghost["alertLevel"]) == (None, None, "trigger")
    assert "name" not in ghost


def test_a_warning_without_population_mails_and_has_no_polygons(portal: Portal) -> None:
    portal.exposure("forecast_severity", "G1", {portal.area(1): 0.7}, date=DAY)
    portal.process()
    assert portal.levels() == {"G1": "warning-medium"}
    assert portal.mails() == [("G1",)]
    assert portal.polygons() == []
    assert portal.polygons(eventName="G1", leadTime="4-day") == []


def test_population_0_is_enough_for_the_polygons_of_a_warning(portal: Portal) -> None:
    portal.event("G1", [1, 2], DAY, alert="med", people=0)
    portal.process()
    assert [(p["name"], p["alertLevel"], p["population_affected"]) for p in portal.polygons()] == [
        ("G1", "warning-medium", 0)
    ]
    assert [p["placeCode"] for p in portal.polygons(eventName="G1", leadTime="4-day")] == [
        portal.area(1),
        portal.area(2),
    ]


def test_an_event_gone_is_closed_while_others_remain(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.event("G2", [2], DAY)
    portal.process()
    portal.event("G2", [2], NEXT_DAY)
    portal.process()
    assert set(portal.levels()) == {"G2"}


def test_an_area_dropped_from_an_event_is_closed(portal: Portal) -> None:
    portal.event("G1", [1, 2], DAY)
    portal.process()
    portal.event("G1", [1], NEXT_DAY)
    portal.process()
    assert portal.open_areas() == {("G1", portal.area(1))}


def test_the_same_name_with_zeros_is_closed(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.event("G1", [1], NEXT_DAY, alert="no", flags="--------")
    portal.process()
    assert portal.events() == []
    assert portal.open_areas() == set()


def test_a_closed_event_that_comes_back_is_a_new_one(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0])
    portal.process()
    portal.zeros(DAYS[1])
    portal.process()
    portal.event("G1", [1], DAYS[2])
    portal.process()
    assert portal.shown()["G1"][3] == "2026-11-12"
    assert sorted((e["firstIssuedDate"][:10], e["closed"]) for e in portal.log()) == [
        ("2026-11-10", True),
        ("2026-11-12", False),
    ]


def test_the_same_name_goes_on_with_its_first_date_area_by_area(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med", people=5)
    portal.process()
    portal.event("G1", [1, 2], NEXT_DAY, people=9)
    portal.process()
    [event] = portal.events()
    assert (event["firstIssuedDate"][:10], event["endDate"][:10]) == ("2026-11-10", "2026-11-11")
    assert (event["alertLevel"], event["forecastSeverity"], event["forecastTrigger"]) == ("trigger", 1, True)
    assert {a["placeCode"]: (a["firstIssuedDate"][:10], a["mainExposureValue"]) for a in event["alertAreas"]} == {
        portal.area(1): ("2026-11-10", 9),
        portal.area(2): ("2026-11-11", 9),
    }


def test_a_changed_name_splits_the_event(portal: Portal) -> None:
    portal.event("Bridge", [1], DAY)
    portal.process()
    portal.event("Bridge (old)", [1], NEXT_DAY)
    portal.process()
    assert portal.shown() == {"Bridge (old)": ("trigger", "4-day", "4-day", "2026-11-11")}


def set_trigger(portal: Portal) -> None:
    [event] = portal.events()
    portal.login("local-admin")
    ids = [area["eventPlaceCodeId"] for area in event["alertAreas"]]
    answer = portal.post("events/set-trigger", portal.place(eventPlaceCodeIds=ids, noNotifications=True))
    assert (answer.status_code, answer.json()["affected"]) == (201, len(ids))
    portal.login("pipeline")


def test_a_trigger_set_by_a_person_survives_later_warnings(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    set_trigger(portal)
    [event] = portal.events()
    assert (event["alertLevel"], event["forecastTrigger"], event["userTrigger"]) == ("trigger", False, True)
    assert event["userTriggerName"] == "Local Admin Sandbox"
    assert event["firstTriggerLeadTime"] == "4-day"
    portal.event("G1", [1], NEXT_DAY, alert="min")
    portal.process()
    assert portal.levels() == {"G1": "trigger"}


def test_it_is_lost_when_the_pipeline_runs_again_in_the_period_of_first_issue(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    set_trigger(portal)
    portal.process()
    assert portal.levels() == {"G1": "warning-medium"}


def test_setting_a_trigger_needs_a_local_admin_and_mails(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process(mail=False)
    body = portal.place(eventPlaceCodeIds=[portal.events()[0]["alertAreas"][0]["eventPlaceCodeId"]])
    for role in ("pipeline", "operator"):
        portal.login(role)
        assert portal.post("events/set-trigger", body).status_code == 403
    portal.login("local-admin")
    assert portal.post("events/set-trigger", body).status_code == 201
    assert portal.mails() == [("G1",)]


def test_an_event_that_starts_at_0_day_mails_once(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0], lead_time="0-day")
    portal.process()
    portal.event("G1", [1], DAYS[1], lead_time="0-day")
    portal.process()
    assert portal.mails() == [("G1",)]


def test_from_4_day_to_0_day_gives_no_second_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0], lead_time="4-day")
    portal.process()
    portal.event("G1", [1], DAYS[1], lead_time="0-day")
    portal.process()
    assert portal.mails() == [("G1",)]


def test_an_event_ahead_mails_every_day(portal: Portal) -> None:
    for day, lead_time in zip(DAYS, ("3-day", "2-day", "1-day"), strict=False):
        portal.event("G1", [1], day, lead_time=lead_time)
        portal.process()
    assert portal.mails() == [("G1",)] * 3


def test_ended_alerts_and_those_below_trigger_mail_nothing_of_their_own(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0])
    portal.process()
    portal.zeros(DAYS[1])
    portal.process()
    assert portal.mails() == [("G1",)]


def test_only_notifiable_events_are_in_the_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAYS[0], lead_time="1-day")
    portal.process()
    portal.event("G1", [1], DAYS[1], lead_time="0-day")
    portal.event("G2", [2], DAYS[1], lead_time="5-day", alert="min")
    portal.process()
    assert portal.mails() == [("G1",), ("G2",)]


def test_the_order_that_works(portal: Portal) -> None:
    assert portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()["timestamp"] is None
    portal.event("G1", [1, 2], DAY, people=40, flags="---wTTTT")
    for key, value in (
        ("forecastLevel", 610.5),
        ("forecastReturnPeriod", 5),
        ("triggerLevel", 520),
        ("eapAlertClass", "max"),
    ):
        portal.station(key, value, date=DAY, n=1)
    for lead_time in range(8):
        name = f"flood_extent_{lead_time}-day_{portal.iso3}.tif"
        answer = portal.session.post(
            f"{portal.sandbox.url}/admin-area-dynamic-data/raster/floods", files={"file": (name, b"extent")}
        )
        assert answer.status_code == 201
    for key, value in (
        ("forecastLevel", 3),
        ("forecastReturnPeriod", 0),
        ("triggerLevel", 90),
        ("eapAlertClass", "no"),
    ):
        portal.station(key, value, date=DAY, lead_time="7-day", n=2)
    portal.process()
    assert portal.shown() == {"G1": ("trigger", "3-day", "4-day", "2026-11-10")}
    assert portal.mails() == [("G1",)]
    assert portal.station_data(1) == {
        "forecastLevel": "610.5",
        "forecastReturnPeriod": "5",
        "triggerLevel": "520",
        "eapAlertClass": "max",
    }
    assert portal.station_data(2) == {
        "forecastLevel": "3",
        "forecastReturnPeriod": "0",
        "triggerLevel": "90",
        "eapAlertClass": "no",
    }
