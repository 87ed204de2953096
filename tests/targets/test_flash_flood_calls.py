"""The calls of a block of flash floods, by hand, and those defects of today's pipelines that are about calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.findings import ExposedAssets, FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.targets.ibf.bodies import PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from ibf_pipeline.targets.ibf.flash_floods import unfit_assets
from ibf_pipeline.targets.ibf.planner import plan_calls
from tests.worlds.countries.flash_days import EXPOSED, GAUGES
from tests.worlds.countries.two_valleys import AREAS, TABLE, at, block, found, layers, rain

RASTERS = {
    lead: FileBody(f"extents/{lead}", f"flood_extent_{lead}-hour_XTV.tif", "0") for lead in FLASH_FLOODS.lead_times
}
BLOCK = found(rain(EXPOSED), gauges=GAUGES)
"""a trigger in Alpha at 3-hour, a warning in Beta at 15-hour"""


def plan(result: FlashFloodFindings = BLOCK, **order: Any) -> list[Call]:
    moment = result.issue_time.start + timedelta(seconds=1)
    return plan_calls(result, PlanParameters(moment, {3: AREAS}, RASTERS, **order), API_FROM_0_284)


def bodies(calls: list[Call], key: str) -> list[dict[str, Any]]:
    return [dict(call.body) for call in calls if call.body and key in call.body]


def with_all_indicators(*more: str) -> FlashFloodLayers:
    """The layers with every indicator of the portal that has an open method, and further ones."""
    names = [POPULATION_AFFECTED, *FLASH_FLOODS.indicators, *more]
    people = layers().exposure.sel(indicator=POPULATION_AFFECTED).values
    table = np.stack([people / (place + 1) for place in range(len(names))])
    dims = ("indicator", "area", "scenario")
    coords = {"indicator": names, "area": list(AREAS), "scenario": list(TABLE)}
    return layers(exposure=xr.DataArray(table, dims=dims, coords=coords))


@pytest.mark.parametrize("more", [(), ("damage_estimation",)])
def test_eight_indicators_of_an_event_and_damage_only_where_there_is_a_raster_of_it(more: tuple[str, ...]) -> None:
    """In the order of the portal, severity and trigger last; what is not known is left out and never 0."""
    calls = plan(found(rain({"A1": {5: 60}}), static=with_all_indicators(*more)))
    sent = bodies(calls, "dynamicIndicator")
    assert [body["dynamicIndicator"] for body in sent] == [
        "population_affected", "nr_affected_buildings", "nr_affected_roads", "nr_affected_schools",
        "nr_affected_clinics", "nr_affected_waterpoints", *more, "forecast_severity", "forecast_trigger",
    ]  # fmt: skip
    assert {(body["eventName"], body["leadTime"], body["adminLevel"]) for body in sent} == {("Alpha", "5-hour", 3)}


def test_areas_below_their_threshold_go_with_their_people_and_without_an_alert() -> None:
    wet = {"A1": {5: 60}, "A2": {5: 12}}
    amounts = {
        body["dynamicIndicator"]: {row["placeCode"]: row["amount"] for row in body["exposurePlaceCodes"]}
        for body in bodies(plan(found(rain(wet))), "dynamicIndicator")
    }
    assert amounts["population_affected"] == {"A1": 212, "A2": 2}
    assert amounts["forecast_severity"] == {"A1": 1, "A2": 0}
    assert amounts["forecast_trigger"] == {"A1": 1, "A2": 0}


def test_a_warning_is_severity_1_without_a_trigger() -> None:
    rows = {
        body["dynamicIndicator"]: body["exposurePlaceCodes"]
        for body in bodies(plan(), "dynamicIndicator")
        if body["eventName"] == "Beta"
    }
    assert rows["forecast_severity"] == [{"placeCode": "B1", "amount": 1}]
    assert rows["forecast_trigger"] == [{"placeCode": "B1", "amount": 0}]


def test_points_are_one_call_a_category_and_lead_time_and_only_the_exposed() -> None:
    wet = {"A1": EXPOSED["A1"], "B1": EXPOSED["A1"]}
    sent = [body for body in bodies(plan(found(rain(wet))), "pointDataCategory") if body["key"] == "exposure"]
    (call,) = sent
    assert (call["pointDataCategory"], call["leadTime"]) == ("schools", "3-hour")
    assert call["dynamicPointData"] == [{"fid": fid, "value": True} for fid in ("7", "9", "16")], "of both events"


def test_lines_are_text_and_an_empty_list_is_never_sent() -> None:
    assert bodies(plan(), "linesDataCategory") == [
        {
            "countryCodeISO3": "XTV", "disasterType": "flash-floods", "date": "2026-02-15T06:00:01Z",
            "linesDataCategory": "roads", "leadTime": "3-hour", "exposedFids": ["120"],
        }
    ]  # fmt: skip
    assert not bodies(plan(found(rain({}))), "linesDataCategory")


def test_gauges_once_without_a_lead_time_and_only_the_values_that_are_there() -> None:
    sent = [body for body in bodies(plan(), "pointDataCategory") if body["pointDataCategory"] == "gauges"]
    assert {body["leadTime"] for body in sent} == {None}
    assert {body["key"]: [(row["fid"], row["value"]) for row in body["dynamicPointData"]] for body in sent} == {
        "water-level": [("5", 3.0), ("6", 1.25)], "water-level-reference": [("5", 2.0)],
        "water-level-previous": [("5", 2.5)], "water-level-alert-level": [("5", "warning")],
    }  # fmt: skip


def test_points_that_the_server_does_not_know_are_in_no_call() -> None:
    calls = plan(points={"schools": ("9",), "gauges": ()})
    assert [
        (body["pointDataCategory"], [row["fid"] for row in body["dynamicPointData"]])
        for body in bodies(calls, "pointDataCategory")
    ] == [("schools", ["9"])]


def test_points_of_an_earlier_upload_of_the_block_are_taken_back() -> None:
    stale = {"schools": {"9", "16", "40", "100"}}
    calls = plan(points={"schools": ("7", "9", "16", "40")}, stale_points=stale, wipe=True)
    cleared = [body for body in bodies(calls, "dynamicPointData") if body["dynamicPointData"][0]["value"] is False]
    assert [(body["leadTime"], body["dynamicPointData"]) for body in cleared] == [
        ("1-hour", [{"fid": "40", "value": False}])
    ]


def test_f6_and_e3_eighteen_rasters_of_every_block() -> None:
    for result in (BLOCK, found(rain({}))):
        names = [call.file.name for call in plan(result) if call.file is not None]
        assert names == [f"flood_extent_{lead}-hour_XTV.tif" for lead in (*range(13), 15, 18, 21, 24, 48)]
    few = {lead: file for lead, file in RASTERS.items() if lead < 24}
    with pytest.raises(InputInvalid, match="no flash flood extent for 24-hour, 48-hour"):
        plan_calls(BLOCK, PlanParameters(at(0), {3: AREAS}, few), API_FROM_0_284)


def test_f8_one_date_and_the_notification_last() -> None:
    calls = plan()
    assert {body["date"] for body in bodies(calls, "date")} == {"2026-02-15T06:00:01Z"}
    assert [call.kind for call in calls].count("end") == 1
    assert (calls[-2].kind, calls[-1].kind) == ("preview", "end")


def test_f8_a_district_that_cannot_be_shown_stops_all_calls() -> None:
    """The peers went on to the closing call when one district had failed."""
    broken = replace(BLOCK, events=(*BLOCK.events[:1], replace(BLOCK.events[1], lead_time=60)))
    with pytest.raises(InputInvalid, match="event Beta is at 60-hour, which no portal can show"):
        plan(broken)


def test_f1_flags_of_all_eighteen_lead_times() -> None:
    """Alpha exceeds in hours 3 to 8, Beta from 15 on, at hours that are rounded down."""
    flags = {body["eventName"]: body["alertsPerLeadTime"] for body in bodies(plan(), "alertsPerLeadTime")}
    assert [row["leadTime"] for row in flags["Alpha"]] == [f"{lead}-hour" for lead in FLASH_FLOODS.lead_times]
    set_flags = {name: [row["leadTime"] for row in rows if row["forecastAlert"]] for name, rows in flags.items()}
    assert set_flags == {"Alpha": [f"{hour}-hour" for hour in range(3, 9)], "Beta": ["15-hour", "18-hour"]}
    assert [row["forecastTrigger"] for row in flags["Beta"]] == [False] * 18, "never left out: it would be true"


def test_f3_a_new_flood_behind_a_tail_is_in_the_lead_times_of_the_event() -> None:
    """It is sent at 0-hour with the larger numbers, and flagged at the hours of the new one."""
    first = found(rain({"A1": {-1: 20}}, block(0)))
    second = found(rain({"A1": dict.fromkeys((9, 10, 11, 12), 20.5)}, block(1)), first)
    calls = plan(second)
    people = next(body for body in bodies(calls, "dynamicIndicator"))
    assert (people["leadTime"], people["exposurePlaceCodes"][0]["amount"]) == ("0-hour", 212)
    (flags,) = bodies(calls, "alertsPerLeadTime")
    triggers = [row["leadTime"] for row in flags["alertsPerLeadTime"] if row["forecastTrigger"]]
    assert triggers == ["0-hour", "9-hour", "10-hour", "11-hour", "12-hour"]


def test_e2_the_word_of_a_gauge_is_the_portals_and_its_fid_whole() -> None:
    gauge = RiverGauge("41", "station_14", {at(0): 6.0}, alert_levels={"warning": 3.0, "trigger": 5.0})
    by_key = {body["key"]: body["dynamicPointData"] for body in bodies(plan(found(rain({}), gauges=[gauge])), "key")}
    assert by_key["water-level-alert-level"] == [{"fid": "41", "value": "trigger"}]


def test_e4_all_areas_of_a_district_in_one_upload_of_each_indicator() -> None:
    renamed = layers(districts={"Dire Dawa urban": ("A1", "A2", "B1")})
    calls = plan(found(rain({"A1": {5: 60}, "A2": {6: 60}, "B1": {7: 60}}), static=renamed))
    people = [body for body in bodies(calls, "dynamicIndicator") if body["dynamicIndicator"] == POPULATION_AFFECTED]
    assert [[row["placeCode"] for row in body["exposurePlaceCodes"]] for body in people] == [["A1", "A2", "B1"]]


def exposing(*exposed: ExposedAssets) -> FlashFloodFindings:
    event = replace(BLOCK.events[0], exposed=exposed)
    return replace(BLOCK, events=(event,), gauges=())


@pytest.mark.parametrize("fid", ["x1", "3731.5", "", "2147483648", "-5", "٣", "1e3"])
def test_a_line_that_the_server_would_answer_with_500_is_refused_before_the_first_call(fid: str) -> None:
    result = exposing(ExposedAssets("roads", 3, ("20", fid)))
    (problem,) = unfit_assets(result, {})
    assert problem.blocks
    assert f"roads with fids that are not whole numbers ({fid})" in problem.text


def test_points_and_gauges_that_the_server_would_skip_are_named() -> None:
    result = replace(
        exposing(ExposedAssets("health_sites", 3, ("1", "2")), ExposedAssets("roads", 3, ("20",))), gauges=BLOCK.gauges
    )
    problems = list(unfit_assets(result, {"health_sites": {"1": "Clinic"}, "gauges": {"5": "Bridge"}}))
    assert [(problem.blocks, problem.text.partition(":")[0]) for problem in problems] == [
        (False, "the server does not know 1 of 2 health sites (fid 2)"),
        (False, "the server does not know the gauges 6"),
    ]
    assert not list(unfit_assets(result, {"health_sites": None, "gauges": None})), "this server tells of none"


def test_a_category_by_another_name_is_refused() -> None:
    """The description writes `health sites`; the server answers 201 to it and does nothing."""
    (problem,) = unfit_assets(exposing(ExposedAssets("health sites", 3, ("1",))), {})
    assert problem.blocks
    assert problem.text.startswith("exposed health sites: the server would skip a category that it does not know")
