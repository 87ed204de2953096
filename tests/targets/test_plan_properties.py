"""For any day, of any country, on either generation of servers: what every plan has to obey."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.targets.ibf.capabilities import API_BEFORE_0_284, API_FROM_0_284, Capabilities
from ibf_pipeline.targets.ibf.planner import PlanParameters, plan_calls
from tests.budget import examples
from tests.targets.any_day import Expected, days

DATE = "2026-11-10T00:00:07Z"
EXTENTS = {day: FileBody(f"files/{day}", f"flood_extent_{day}-day_XTS.tif", "0" * 64) for day in range(8)}
KEYS = ["forecastLevel", "forecastReturnPeriod", "triggerLevel", "eapAlertClass"]
ALERT_INDICATORS = {"current": ["forecast_severity", "forecast_trigger"], "described": ["alert_threshold"]}
PATHS = {
    "current": ("/event/alerts-per-lead-time", "alertsPerLeadTime", "forecastAlert", "forecastTrigger"),
    "described": ("/event/triggers-per-leadtime", "triggersPerLeadTime", "triggered", "thresholdReached"),
}

both = pytest.mark.parametrize("capabilities", [API_FROM_0_284, API_BEFORE_0_284], ids=lambda table: table.name)
any_day = settings(max_examples=examples(25, 300), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plan(day: tuple[FloodFindings, Expected], capabilities: Capabilities, **more: Any) -> list[Call]:
    found, expected = day
    moment = datetime(2026, 11, 10, 0, 0, 7, tzinfo=UTC)
    return plan_calls(found, PlanParameters(moment, expected.areas, EXTENTS, **more), capabilities)


def bodies(calls: Sequence[Call], key: str) -> Iterator[tuple[Call, dict[str, Any]]]:
    """Calls whose body has a key."""
    return ((call, dict(call.body)) for call in calls if call.body is not None and key in call.body)


def amounts(body: dict[str, Any]) -> dict[str, float]:
    rows = {row["placeCode"]: row["amount"] for row in body["exposurePlaceCodes"]}
    assert len(rows) == len(body["exposurePlaceCodes"]), "no area twice in one call"
    return rows


def phase(call: Call, capabilities: Capabilities) -> str:
    """Which part of the order a call belongs to, told by path and body alone."""
    body = call.body or {}
    if call.file is not None:
        return "rasters"
    if "exposurePlaceCodes" in body:
        if body["eventName"] is not None:
            return "events"
        return "zeros" if body["exposurePlaceCodes"] else "wipe"
    if call.path == PATHS[capabilities.name][0]:
        return "events"
    if "dynamicPointData" in body:
        return "events" if call.event is not None else "rest"
    if call.path == "/event/close-events":
        return "close"
    return "preview" if call.path == "/events/process" else "end"


def phases(calls: Sequence[Call], capabilities: Capabilities) -> list[str]:
    return [name for name, _ in groupby(phase(call, capabilities) for call in calls)]


@both
@any_day
@given(day=days(), wipe=st.booleans(), notify=st.booleans())
def test_order(capabilities: Capabilities, day: tuple[FloodFindings, Expected], wipe: bool, notify: bool) -> None:
    calls = plan(day, capabilities, wipe=wipe, notify=notify)
    expected = day[1]
    rest = ["rest"] if expected.quiet or expected.without_areas else []
    wiped = ["wipe"] if wipe and (expected.events or capabilities.name == "current") else []
    body = [*wiped, *(["events"] if expected.events else [])]
    zeros = [] if expected.events else ["zeros"]
    if capabilities.name == "current":
        end = ["end"]  # silenced where nobody is notified
        wanted = [*body, *rest, "rasters", *zeros, "preview", *end]
    else:
        again = ["close"] if zeros or not notify else []
        wanted = [*body, "close", *rest, "rasters", *zeros, *again, *(["end"] if notify else [])]
    assert phases(calls, capabilities) == wanted
    assert [call.number for call in calls] == list(range(1, len(calls) + 1))
    assert [call.number for call in calls if call.kind == "end"] == ([len(calls)] if notify else [])


@both
@any_day
@given(day=days(), wipe=st.booleans())
def test_one_date_and_no_null_amounts(
    capabilities: Capabilities, day: tuple[FloodFindings, Expected], wipe: bool
) -> None:
    calls = plan(day, capabilities, wipe=wipe)
    assert {call.body["date"] for call in calls if call.body is not None} == {DATE}
    for _, body in bodies(calls, "exposurePlaceCodes"):
        assert all(isinstance(value, int | float) and math.isfinite(value) for value in amounts(body).values())
    for _, body in bodies(calls, "dynamicPointData"):
        assert all(point["value"] is not None for point in body["dynamicPointData"])


@both
@any_day
@given(day=days())
def test_events_say_what_was_found(capabilities: Capabilities, day: tuple[FloodFindings, Expected]) -> None:
    calls, expected = plan(day, capabilities), day[1]
    path, listed, alert, trigger = PATHS[capabilities.name]
    assert list(dict.fromkeys(call.event for call in calls if call.event)) == list(expected.events)
    for name, wanted in expected.events.items():
        mine = [call for call in calls if call.event == name]
        assert [call.number for call in mine] == list(range(mine[0].number, mine[0].number + len(mine)))
        kinds = [next(iter({"exposurePlaceCodes", listed, "dynamicPointData"} & set(call.body or {}))) for call in mine]
        assert [kind for kind, _ in groupby(kinds)] == ["exposurePlaceCodes", listed, "dynamicPointData"]
        uploads = [body for _, body in bodies(mine, "exposurePlaceCodes")]
        assert {body["leadTime"] for body in uploads} == {wanted.lead_time}
        assert [level for level, _ in groupby(body["adminLevel"] for body in uploads)] == sorted(wanted.people)
        for level, people in wanted.people.items():
            of_level = {body["dynamicIndicator"]: amounts(body) for body in uploads if body["adminLevel"] == level}
            assert of_level["population_affected"] == people
            last = ALERT_INDICATORS[capabilities.name]
            assert list(of_level)[-len(last) :] == last
            assert set(of_level[last[0]].values()) == {wanted.severity}
            if len(last) == 2:
                assert set(of_level[last[1]].values()) == {wanted.trigger}
            assert {frozenset(codes) for codes in of_level.values()} == {frozenset(people)}
        ((call, days_body),) = bodies(mine, listed)
        assert call.path == path
        assert [entry["leadTime"] for entry in days_body[listed]] == [f"{lead}-day" for lead in range(8)]
        assert [entry[alert] for entry in days_body[listed]] == wanted.alerts
        assert [entry[trigger] for entry in days_body[listed]] == wanted.triggers
        points = [body for _, body in bodies(mine, "dynamicPointData")]
        assert [body["key"] for body in points] == KEYS
        assert {(body["leadTime"], body["dynamicPointData"][0]["fid"]) for body in points} == {(wanted.lead_time, name)}


@both
@any_day
@given(day=days())
def test_every_level_adds_up_and_an_area_has_one_event(
    capabilities: Capabilities, day: tuple[FloodFindings, Expected]
) -> None:
    calls, expected = plan(day, capabilities), day[1]
    found = day[0]
    for level in found.admin_levels:
        uploads = [
            amounts(body)
            for _, body in bodies(calls, "exposurePlaceCodes")
            if (body["adminLevel"], body["dynamicIndicator"]) == (level, "population_affected")
        ]
        codes = [code for upload in uploads for code in upload]
        assert len(codes) == len(set(codes))
        assert sum(sum(upload.values()) for upload in uploads) == expected.people


@both
@any_day
@given(day=days(), unknown=st.booleans())
def test_every_station_once_and_blind_ones_never(
    capabilities: Capabilities, day: tuple[FloodFindings, Expected], unknown: bool
) -> None:
    expected = day[1]
    alerted = [*expected.events, *expected.without_areas]
    known = {*alerted, *expected.quiet[1:], *expected.blind} if unknown else None
    quiet = expected.quiet[1:] if unknown else expected.quiet
    calls = plan(day, capabilities, points={"glofas_stations": known})
    for key in KEYS:
        points = [point for _, body in bodies(calls, "dynamicPointData") if body["key"] == key
                  for point in body["dynamicPointData"]]  # fmt: skip
        assert sorted(point["fid"] for point in points) == sorted([*alerted, *quiet])
    rest = [body for call, body in bodies(calls, "dynamicPointData") if call.step.startswith("all other")]
    sent = {point["fid"] for body in rest for point in body["dynamicPointData"]}
    assert (sent, {body["leadTime"] for body in rest}) == (set(quiet), {"7-day"} if quiet else set())
    text = json.dumps([dict(call.body or {}) for call in calls])
    assert not [code for code in expected.blind if f'"{code}"' in text]


@both
@any_day
@given(day=days(), wipe=st.booleans())
def test_zeros_for_the_whole_country_and_never_beside_events(
    capabilities: Capabilities, day: tuple[FloodFindings, Expected], wipe: bool
) -> None:
    calls, (found, expected) = plan(day, capabilities, wipe=wipe), day
    nobodys = [body for _, body in bodies(calls, "exposurePlaceCodes") if body["eventName"] is None]
    indicators = ["population_affected", *(["population_affected_percentage"] if found.percentage else [])]
    indicators += ALERT_INDICATORS[capabilities.name]
    others = ["alert_threshold"] if capabilities.name == "current" else []
    emptied = [*indicators, *others] if expected.events else others
    wiped = [(level, name) for level in found.admin_levels for name in emptied] if wipe else []
    zeros = [] if expected.events else [(level, name) for level in found.admin_levels for name in indicators]
    assert [(body["adminLevel"], body["dynamicIndicator"]) for body in nobodys] == [*wiped, *zeros]
    assert all(body["exposurePlaceCodes"] == [] for body in nobodys[: len(wiped)])
    rest = nobodys[len(wiped) :]
    assert all(amounts(body) == dict.fromkeys(expected.areas[body["adminLevel"]], 0) for body in rest)
    assert {body["leadTime"] for body in nobodys} <= {"1-day"}


@both
@any_day
@given(day=days())
def test_eight_rasters_without_a_date(capabilities: Capabilities, day: tuple[FloodFindings, Expected]) -> None:
    rasters = [call for call in plan(day, capabilities) if call.file is not None]
    assert [call.file.name for call in rasters if call.file] == [
        f"flood_extent_{lead}-day_XTS.tif" for lead in range(8)
    ]
    assert all(call.body is None and call.path == "/admin-area-dynamic-data/raster/floods" for call in rasters)
