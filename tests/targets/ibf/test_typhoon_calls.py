"""The calls of a typhoon cycle, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent
from ibf_pipeline.hazards.typhoon.profile import RAINFALL
from ibf_pipeline.publish.call import Call
from ibf_pipeline.targets.ibf.bodies import PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_BEFORE_0_284, API_FROM_0_284, Capabilities
from ibf_pipeline.targets.ibf.planner import plan_calls
from ibf_pipeline.targets.ibf.typhoon import unfit_tracks
from tests.worlds.typhoon_findings import AREAS, INDICATORS, area, cycle, start, storm

ALPHA = storm("ALPHA", {AREAS[0]: 0.53, AREAS[1]: 0.12}, lead=24)
BRAVO = storm("BRAVO", {AREAS[2]: 0.02}, trigger=False, lead=96, approach="passes")


def plan(
    *events: TyphoonEvent, capabilities: Capabilities = API_FROM_0_284, wipe: bool = False, **more: Any
) -> list[Call]:
    result = cycle(*events, **more)
    order = PlanParameters(result.issue_time.start + timedelta(seconds=1), {3: AREAS}, {}, wipe=wipe)
    return plan_calls(result, order, capabilities)


def bodies(calls: list[Call], key: str) -> list[dict[str, Any]]:
    return [dict(call.body) for call in calls if call.body and key in call.body]


def test_rule_14_the_order_of_the_calls_of_two_storms() -> None:
    """Storm by storm; then one closing call that previews, and one that notifies."""
    of_storm = [
        "houses_affected", "affected_population", "prob_within_50km", "windspeed", "show_admin_area",
        "forecast_severity", "forecast_trigger", "/typhoon-track", "/event/alerts-per-lead-time",
    ]  # fmt: skip
    calls = plan(ALPHA, BRAVO)
    told = [(call.body or {}).get("dynamicIndicator", call.path) for call in calls]
    assert told == [*of_storm, *of_storm, "/events/process", "/notification/send"]
    assert [call.event for call in calls] == ["ALPHA"] * 9 + ["BRAVO"] * 9 + [None, None]
    assert [call.kind for call in calls[-2:]] == ["preview", "end"]
    assert [call.file for call in calls] == [None] * 20, "typhoon has no rasters"
    assert {body["date"] for body in bodies(calls, "date")} == {"2026-11-24T00:00:01Z"}


def test_t2_houses_are_a_share_and_wind_whole_kmh() -> None:
    """T2: km/h, which the portal says it shows."""
    amounts = {
        body["dynamicIndicator"]: [row["amount"] for row in body["exposurePlaceCodes"]]
        for body in bodies(plan(ALPHA), "dynamicIndicator")
    }
    assert amounts == {
        "houses_affected": [0.53, 0.12], "affected_population": [100, 100], "prob_within_50km": [0.5, 0.5],
        "windspeed": [150, 150], "show_admin_area": [1, 1], "forecast_severity": [1, 1], "forecast_trigger": [1, 1],
    }  # fmt: skip


def test_the_areas_of_a_trigger_come_before_those_of_its_warning() -> None:
    """The portal takes the first row of severity for its event: with a warning there, the trigger has no lead time."""
    mixed = replace(ALPHA, areas=(area(AREAS[0], trigger=False), area(AREAS[1], trigger=True)))
    rows = {body["dynamicIndicator"]: body["exposurePlaceCodes"] for body in bodies(plan(mixed), "dynamicIndicator")}
    assert [row["placeCode"] for row in rows["forecast_severity"]] == [AREAS[1], AREAS[0]]
    assert [row["amount"] for row in rows["forecast_severity"]] == [1, 1]
    assert [row["amount"] for row in rows["forecast_trigger"]] == [1, 0]


def test_rain_only_where_it_is_found() -> None:
    wet = replace(ALPHA, areas=(area(AREAS[0], further={RAINFALL: 210.5}),))
    with_rain = (*INDICATORS[:4], RAINFALL, INDICATORS[4])
    names = [body["dynamicIndicator"] for body in bodies(plan(wet, indicators=with_rain), "dynamicIndicator")]
    assert names[3:6] == ["windspeed", "rainfall", "show_admin_area"]


def test_the_track_of_a_landfall() -> None:
    """12 hours of the past, every 6 hours to a day after landfall; one landfall flag."""
    (body,) = bodies(plan(ALPHA), "trackpointDetails")
    assert {key: body[key] for key in ("countryCodeISO3", "leadTime", "eventName", "date")} == {
        "countryCodeISO3": "PHL", "leadTime": "24-hour", "eventName": "ALPHA", "date": "2026-11-24T00:00:01Z",
    }  # fmt: skip
    points = body["trackpointDetails"]
    assert len(points) == 11
    assert points[0] == {
        "lat": 15.0, "lon": 129.0, "timestampOfTrackpoint": "2026-11-23T12:00:00Z", "windspeed": 150, "category": "TY",
        "firstLandfall": False, "closestToLand": False,
    }  # fmt: skip
    assert [p["timestampOfTrackpoint"] for p in points if p["firstLandfall"]] == ["2026-11-25T00:00:00Z"]
    assert not any(p["closestToLand"] for p in points)
    assert all(type(p["windspeed"]) is int for p in points)


@pytest.mark.parametrize(("approach", "is_last"), [("passes", False), ("not-yet", True)])
def test_without_landfall_the_nearest_point_is_marked(approach: str, is_last: bool) -> None:
    """The last one means `not yet` to the portal."""
    (body,) = bodies(plan(storm(lead=30, approach=approach)), "trackpointDetails")
    marked = [number for number, point in enumerate(body["trackpointDetails"]) if point["closestToLand"]]
    assert (len(marked), marked[0] == len(body["trackpointDetails"]) - 1) == (1, is_last)


def test_flags_of_169_lead_times_with_both_marks() -> None:
    """A warning at 24-hour and a trigger at 48-hour stand as they are; a missing trigger flag would be true."""
    flags = "".join({24: "w", 48: "T"}.get(hour, "-") for hour in range(169))
    (body,) = bodies(plan(storm(flags=flags)), "alertsPerLeadTime")
    listed = body["alertsPerLeadTime"]
    assert (len(listed), listed[-1]["leadTime"]) == (169, "168-hour")
    assert [(r["leadTime"], r["forecastTrigger"]) for r in listed if r["forecastAlert"]] == [
        ("24-hour", False), ("48-hour", True),
    ]  # fmt: skip


def test_t4_and_rule_13_null_rows_only_without_any_storm() -> None:
    quiet = bodies(plan(), "dynamicIndicator")
    assert [body["dynamicIndicator"] for body in quiet] == [*INDICATORS, "forecast_severity", "forecast_trigger"]
    assert {(body["eventName"], body["leadTime"], len(body["exposurePlaceCodes"])) for body in quiet} == {
        (None, "72-hour", len(AREAS))
    }
    assert not bodies(plan(), "trackpointDetails")
    assert all(body["eventName"] for body in bodies(plan(ALPHA, BRAVO), "dynamicIndicator"))


def test_a_revision_clears_the_tracks_of_the_block_before_anything_else() -> None:
    for events in ((ALPHA,), ()):
        first, *calls = plan(*events, wipe=True)
        assert first.path == "/typhoon-track"
        assert (first.body or {})["eventName"] == ""
        assert (first.body or {})["trackpointDetails"] == []
        assert (calls[0].body or {}).get("exposurePlaceCodes") == []


def test_legacy_a_trigger_is_1_and_a_warning_0_in_all_its_areas_triggers_first() -> None:
    """By the first area the server tells whether an event is a trigger (it said `landfall on null` otherwise)."""
    areas = (area(AREAS[0], alerted=False), area(AREAS[1]), area(AREAS[2]))
    calls = plan(storm("ALPHA", areas=areas), BRAVO, capabilities=API_BEFORE_0_284)
    rows = {
        body["eventName"]: [(row["placeCode"], row["amount"]) for row in body["exposurePlaceCodes"]]
        for body in bodies(calls, "dynamicIndicator")
        if body["dynamicIndicator"] == "alert_threshold"
    }
    assert rows == {"ALPHA": [(AREAS[1], 1), (AREAS[2], 1), (AREAS[0], 0)], "BRAVO": [(AREAS[2], 0)]}
    order = [(c.body or {}).get("dynamicIndicator", c.path) for c in calls if c.event == "ALPHA"]
    assert order[-3:] == ["alert_threshold", "/typhoon-track", "/event/triggers-per-leadtime"]


BEGINS = start("2026-11-24T00")


def with_point(place: int, **changes: Any) -> TyphoonEvent:
    points = list(ALPHA.track)
    points[place] = replace(points[place], **changes)
    return replace(ALPHA, track=tuple(points))


FAULTY = [
    (with_point(3, wind_kmh=120.5), "120.5 km/h at 2026-11-24 06:00, the server takes whole numbers"),
    (with_point(3, lat=float("nan")), "a point at nan"),
    (with_point(3, landfall=True), "2 points of landfall and 0 closest to land"),
    (with_point(6, landfall=False), "0 points of landfall and 0 closest to land"),
    (with_point(0, moment=BEGINS), "its points are not in the order of their times"),
]


@pytest.mark.parametrize(("event", "said"), FAULTY)
def test_a_track_that_the_server_would_store_with_a_hole_is_never_planned(event: TyphoonEvent, said: str) -> None:
    (problem,) = unfit_tracks(cycle(event), {})
    assert problem.blocks
    assert said in problem.text
    with pytest.raises(InputInvalid, match="the track of ALPHA cannot be sent"):
        plan(event)


@pytest.mark.parametrize(
    ("event", "blocks", "said"),
    [
        (storm("Kiko_2"), True, "portal and mail cut it"),
        (storm(""), True, "an empty one clears all tracks"),
        (replace(storm(), lead_time=170), True, "lead time of 170 h"),
        (storm(track=()), False, "has no track: the server mails nobody about it"),
    ],
)
def test_what_stands_in_the_way(event: TyphoonEvent, blocks: bool, said: str) -> None:
    (problem,) = unfit_tracks(cycle(event), {})
    assert (problem.blocks, said in problem.text) == (blocks, True)


def test_t5_a_storm_beyond_168_hours_is_no_call() -> None:
    with pytest.raises(InputInvalid, match="170-hour, which no portal can show"):
        plan(replace(storm(), lead_time=170))
