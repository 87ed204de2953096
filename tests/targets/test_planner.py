"""The ordered calls for the IBF API, of both generations of servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.targets.ibf.capabilities import API_BEFORE_0_284, API_FROM_0_284, Capabilities, choose
from ibf_pipeline.targets.ibf.planner import PlanParameters, plan_calls
from tests.worlds.countries.flood_findings import AREAS, event, found, station

MOMENT = datetime(2026, 11, 10, 0, 0, 1, tzinfo=UTC)
EXTENTS = {day: FileBody(f"files/{day}", f"flood_extent_{day}-day_XTS.tif", "0" * 64) for day in range(8)}

BUSY = found(
    [
        event("G1", "-wwTTT--", "max", {"A": 30, "A1": 10, "A2": 20}),
        event("G2", "-----w--", "med", {"B": 0, "B1": 0}),
    ],
    [station("G3"), station("G4"), station("G5", blind=True)],
)
QUIET = found([], [station("G1"), station("G2")])


def plan(day: FloodFindings, capabilities: Capabilities = API_FROM_0_284, **more: Any) -> list[Call]:
    return plan_calls(day, PlanParameters(MOMENT, AREAS, EXTENTS, **more), capabilities)


def steps(calls: Sequence[Call]) -> list[str]:
    """The steps with repetitions folded, e.g. one `exposure` for the twelve of an event."""
    names: list[str] = []
    for call in calls:
        name = call.step.split(",")[0].split(":")[0]
        name = "flood extent" if name.startswith("flood extent") else name
        text = f"{name} {call.event}" if call.event else name
        if not names or names[-1] != text:
            names.append(text)
    return names


def test_order_on_a_current_server() -> None:
    assert steps(plan(BUSY)) == [
        "exposure G1", "alerts per lead time G1", "station of the event G1",
        "exposure G2", "alerts per lead time G2", "station of the event G2",
        "all other stations", "flood extent", "close and preview", "notify",
    ]  # fmt: skip


def test_people_who_are_not_all_known_are_sent_as_those_who_are_without_a_share() -> None:
    """The server refuses an amount of null, and shows no area without its people: 10 of A1 at least, 0 of A2."""
    (trigger, *_) = BUSY.events
    unknown = [replace(area, share=None, people_known=False) for area in trigger.areas if area.place_code != "A1"]
    known = [area for area in trigger.areas if area.place_code == "A1"]
    day = replace(BUSY, events=(replace(trigger, areas=(*unknown, *known)),), percentage=True)
    sent: dict[tuple[str, int], set[str]] = {}
    for call in plan(day):
        if "exposurePlaceCodes" in (call.body or {}):
            rows = sent.setdefault((call.body["dynamicIndicator"], call.body["adminLevel"]), set())
            rows |= {row["placeCode"] for row in call.body["exposurePlaceCodes"]}
    assert sent["population_affected", 2] == sent["forecast_trigger", 2] == {"A1", "A2"}
    assert sent["population_affected_percentage", 2] == {"A1"}
    assert ("population_affected_percentage", 1) not in sent, "an empty list would take rows away"


def test_order_on_a_described_server() -> None:
    assert steps(plan(BUSY, API_BEFORE_0_284)) == [
        "exposure G1", "alerts per lead time G1", "station of the event G1",
        "exposure G2", "alerts per lead time G2", "station of the event G2",
        "close old events", "all other stations", "flood extent", "notify",
    ]  # fmt: skip


def test_order_without_events() -> None:
    assert steps(plan(QUIET)) == ["all other stations", "flood extent", "no alert", "close and preview", "notify"]
    assert steps(plan(QUIET, API_BEFORE_0_284)) == [
        "close old events", "all other stations", "flood extent", "no alert", "close old events after the zeros",
        "notify",
    ]  # fmt: skip


def test_the_described_order_on_a_server_of_today_closes_after_the_days_rows_only() -> None:
    server = {"paths": {"/event/alerts-per-lead-time": {}, "/event/triggers-per-leadtime": {}}}
    capabilities = choose("described", server, "here").capabilities
    assert [call.step for call in plan(QUIET, capabilities) if call.path == "/event/close-events"] == [
        "close old events after the zeros"
    ]
    assert [call.step for call in plan(BUSY, capabilities) if call.path == "/event/close-events"] == [
        "close old events"
    ]


@pytest.mark.parametrize("capabilities", [API_FROM_0_284, API_BEFORE_0_284])
@pytest.mark.parametrize("day", [BUSY, QUIET])
def test_every_plan_ends_with_the_one_notification_and_has_one_date(
    day: FloodFindings, capabilities: Capabilities
) -> None:
    calls = plan(day, capabilities)
    assert [call.number for call in calls] == list(range(1, len(calls) + 1))
    assert (calls[-1].method, calls[-1].path, calls[-1].kind) == ("POST", "/notification/send", "end")
    assert [call.kind for call in calls].count("end") == 1
    assert {call.body["date"] for call in calls if call.body is not None} == {"2026-11-10T00:00:01Z"}
    assert all(call.body is None for call in calls if call.file is not None), "the raster call takes no date"


def exposure(calls: Sequence[Call], event_name: str | None) -> list[tuple[int, str, str, dict[str, float]]]:
    return [
        (
            call.body["adminLevel"],
            call.body["dynamicIndicator"],
            call.body["leadTime"],
            {row["placeCode"]: row["amount"] for row in call.body["exposurePlaceCodes"]},
        )
        for call in calls
        if call.body is not None and "exposurePlaceCodes" in call.body and call.body["eventName"] == event_name
    ]


def test_exposure_of_a_trigger_level_by_level_alert_indicators_last() -> None:
    assert exposure(plan(BUSY), "G1") == [
        (1, "population_affected", "3-day", {"A": 30}),
        (1, "population_affected_percentage", "3-day", {"A": 0.03}),
        (1, "forecast_severity", "3-day", {"A": 1.0}),
        (1, "forecast_trigger", "3-day", {"A": 1}),
        (2, "population_affected", "3-day", {"A1": 10, "A2": 20}),
        (2, "population_affected_percentage", "3-day", {"A1": 0.01, "A2": 0.02}),
        (2, "forecast_severity", "3-day", {"A1": 1.0, "A2": 1.0}),
        (2, "forecast_trigger", "3-day", {"A1": 1, "A2": 1}),
    ]


def test_a_warning_has_its_severity_no_trigger_and_no_people() -> None:
    rows = {indicator: amounts for level, indicator, _, amounts in exposure(plan(BUSY), "G2") if level == 1}
    assert rows == {
        "population_affected": {"B": 0}, "population_affected_percentage": {"B": 0}, "forecast_severity": {"B": 0.7},
        "forecast_trigger": {"B": 0},
    }  # fmt: skip


def test_described_servers_get_alert_threshold() -> None:
    thresholds = {
        name: [row for row in exposure(plan(BUSY, API_BEFORE_0_284), name) if row[1] == "alert_threshold"]
        for name in ("G1", "G2")
    }
    assert thresholds["G1"][0] == (1, "alert_threshold", "3-day", {"A": 1.0})
    assert thresholds["G2"][0] == (1, "alert_threshold", "5-day", {"B": 0.7})
    assert [row[1] for row in exposure(plan(BUSY, API_BEFORE_0_284), "G1")][-1] == "alert_threshold"


def test_all_lead_times_day_exact_with_both_flags() -> None:
    (call,) = [call for call in plan(BUSY) if call.path == "/event/alerts-per-lead-time" and call.event == "G1"]
    assert call.body is not None
    days = [(d["leadTime"], d["forecastAlert"], d["forecastTrigger"]) for d in call.body["alertsPerLeadTime"]]
    assert days == [
        ("0-day", False, False), ("1-day", True, False), ("2-day", True, False), ("3-day", True, True),
        ("4-day", True, True), ("5-day", True, True), ("6-day", False, False), ("7-day", False, False),
    ]  # fmt: skip
    (old,) = [c for c in plan(BUSY, API_BEFORE_0_284) if c.path == "/event/triggers-per-leadtime" and c.event == "G2"]
    assert old.body is not None
    assert old.body["triggersPerLeadTime"][5] == {"leadTime": "5-day", "triggered": True, "thresholdReached": False}


def stations(calls: Sequence[Call], step: str) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    return [
        (c.body["key"], c.body["leadTime"], [(point["fid"], point["value"]) for point in c.body["dynamicPointData"]])
        for c in calls
        if c.body is not None and c.step.startswith(step)
    ]


def test_four_keys_of_the_event_and_of_the_rest_without_the_blind() -> None:
    assert stations(plan(BUSY), "station of the event")[:4] == [
        ("forecastLevel", "3-day", [("G1", 12.5)]),
        ("forecastReturnPeriod", "3-day", [("G1", 2)]),
        ("triggerLevel", "3-day", [("G1", 50)]),
        ("eapAlertClass", "3-day", [("G1", "max")]),
    ]
    rest = stations(plan(BUSY), "all other stations")
    assert [(key, lead_time) for key, lead_time, _ in rest] == [
        ("forecastLevel", "7-day"), ("forecastReturnPeriod", "7-day"), ("triggerLevel", "7-day"),
        ("eapAlertClass", "7-day"),
    ]  # fmt: skip
    assert rest[3][2] == [("G3", "no"), ("G4", "no")]


def test_stations_that_the_server_does_not_know_are_left_out() -> None:
    rest = stations(plan(BUSY, points={"glofas_stations": {"G1", "G2", "G4"}}), "all other stations")
    assert rest[0][2] == [("G4", 12.5)]


def test_zeros_for_every_area_of_the_server_without_events() -> None:
    assert exposure(plan(QUIET), None) == [
        (level, indicator, "1-day", dict.fromkeys(AREAS[level], 0))
        for level in (1, 2)
        for indicator in (
            "population_affected", "population_affected_percentage", "forecast_severity", "forecast_trigger",
        )
    ]  # fmt: skip


def test_an_alert_without_areas_sends_zeros_and_its_station_with_its_class() -> None:
    day = found([event("G1", "--TT----", "max", {})], [station("G2")])
    calls = plan(day)
    assert exposure(calls, "G1") == []
    assert len(exposure(calls, None)) == 8
    assert stations(calls, "alerted station without areas")[3] == ("eapAlertClass", "2-day", [("G1", "max")])
    assert stations(calls, "all other stations")[3] == ("eapAlertClass", "7-day", [("G2", "no")])


def test_zeros_never_stand_beside_events() -> None:
    day = found([event("G1", "--TT----", "max", {}), event("G2", "w-------", "min", {"B": 0, "B1": 0})], [])
    assert exposure(plan(day), None) == []


def test_eight_rasters_always() -> None:
    names = [call.file.name for call in plan(QUIET) if call.file is not None]
    assert names == [f"flood_extent_{day}-day_XTS.tif" for day in range(8)]
    with pytest.raises(InputInvalid, match="no flood extent for 3-day"):
        plan_calls(QUIET, PlanParameters(MOMENT, AREAS, {d: f for d, f in EXTENTS.items() if d != 3}), API_FROM_0_284)


def test_a_wipe_deletes_and_inserts_nothing_and_only_before_events() -> None:
    calls = plan(BUSY, wipe=True)
    wipes = exposure(calls[:10], None)
    indicators = (
        "population_affected", "population_affected_percentage", "forecast_severity", "forecast_trigger",
        "alert_threshold",
    )  # fmt: skip
    assert [(level, indicator, amounts) for level, indicator, _, amounts in wipes] == [
        (level, indicator, {}) for level in (1, 2) for indicator in indicators
    ]
    assert steps(calls)[1] == "exposure G1"


def test_without_events_only_what_the_zeros_do_not_replace_is_wiped() -> None:
    calls = exposure(plan(QUIET, wipe=True), None)
    assert [row[:2] for row in calls[:2]] == [(1, "alert_threshold"), (2, "alert_threshold")]
    assert [row[3] for row in calls[:2]] == [{}, {}]
    assert calls[2:] == exposure(plan(QUIET), None)


def test_the_other_generations_rows_are_wiped_as_far_as_the_server_takes_the_indicators() -> None:
    today = {"paths": {"/event/alerts-per-lead-time": {}, "/event/triggers-per-leadtime": {}}}
    of_2024 = {"paths": {"/event/triggers-per-leadtime": {}}}
    wiped = {
        (setting, server): [
            row[1]
            for row in exposure(plan(BUSY, choose(setting, openapi, "there").capabilities, wipe=True), None)
            if row[0] == 1 and not row[1].startswith("population")
        ]
        for setting in ("current", "described", "auto")
        for server, openapi in (("today", today), ("2024", of_2024))
    }
    both = {"alert_threshold", "forecast_severity", "forecast_trigger"}
    assert {case for case, indicators in wiped.items() if set(indicators) == both} == {
        ("current", "today"), ("current", "2024"), ("described", "today"), ("auto", "today"),
    }  # fmt: skip
    assert wiped["auto", "2024"] == wiped["described", "2024"] == ["alert_threshold"], "it would answer 400"


def test_without_notification_the_end_is_silenced_or_left_out() -> None:
    last = plan(BUSY, notify=False)[-1]
    assert (last.path, dict(last.query), last.kind) == ("/notification/send", {"noNotifications": "true"}, "write")
    assert plan(BUSY, API_BEFORE_0_284, notify=False)[-1].path == "/event/close-events"
    assert all(call.kind != "end" for call in plan(BUSY, API_BEFORE_0_284, notify=False))


def test_a_map_image_goes_up_in_the_event_loop_with_its_path_encoded() -> None:
    day = found([event("Sio / Wé 1", "--TT----", "max", {"A": 1, "A1": 1})], [])
    image = {"Sio / Wé 1": FileBody("files/map.png", "map.png", "0" * 64)}
    (call,) = [call for call in plan(day, API_BEFORE_0_284, map_images=image) if call.step == "map image"]
    assert call.path == "/event/event-map-image/XTS/floods/Sio%20%2F%20W%C3%A9%201"
    assert not [call for call in plan(day, API_FROM_0_284, map_images=image) if call.step == "map image"]


def test_zeros_need_the_servers_areas() -> None:
    with pytest.raises(InputInvalid, match="no areas of admin level 2"):
        plan_calls(QUIET, PlanParameters(MOMENT, {1: ("A",)}, EXTENTS), API_FROM_0_284)


def test_what_lies_beyond_the_portals_lead_times_is_in_no_call_of_an_event() -> None:
    """G1 triggers on 9-day: its station is a quiet one; G2 triggers on 7-day and on 9-day, of which 7-day is sent."""
    later = event("G1", "---------T-", "max", {"A": 9, "A1": 9})
    shown = event("G2", "-------T-T-", "max", {"B": 5, "B1": 5})
    made = found([shown], [station("G1")])
    day = replace(made, events=(*made.events, later), lead_times=tuple(range(11)))
    calls = plan(day)
    assert {call.event for call in calls} == {None, "G2"}
    assert "A1" not in str([call.body for call in calls])
    (flags,) = (call.body["alertsPerLeadTime"] for call in calls if call.body and "alertsPerLeadTime" in call.body)
    assert [(each["leadTime"], each["forecastTrigger"]) for each in flags] == [
        (f"{lead_time}-day", lead_time == 7) for lead_time in range(8)
    ]
    quiet = [call.body for call in calls if call.step.startswith("all other stations")]
    assert [(body["key"], body["leadTime"], body["dynamicPointData"]) for body in quiet if body] == [
        (key, "7-day", [{"fid": "G1", "value": value}])
        for key, value in (("forecastLevel", 12.5), ("forecastReturnPeriod", 2), ("triggerLevel", 50),
                           ("eapAlertClass", "no"))
    ]  # fmt: skip


def test_a_day_whose_only_alert_lies_beyond_sends_zeros() -> None:
    later = event("G1", "---------T-", "max", {"A": 9, "A1": 9})
    day = replace(QUIET, events=(later,), lead_times=tuple(range(11)))
    assert [call.body for call in plan(day)] == [call.body for call in plan(QUIET)]
