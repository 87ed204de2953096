"""Findings of flash floods as the machinery reads them: on disk and back, in a plan, beside an earlier block."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ibf_pipeline.domain.portal_view import portal_notes
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.runs.findings import read_findings_json, write_findings_json
from ibf_pipeline.targets.ibf.bodies import PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from ibf_pipeline.targets.ibf.planner import plan_calls
from tests.worlds.countries.two_valleys import AREAS, at, block, found, layers, rain

EIGHTY = dict.fromkeys((9, 10, 11, 12), 20.5)


def rich() -> FlashFloodFindings:
    """A tail with a new trigger ahead, a warning, a blind area, a doubtful one, a gauge."""
    first = found(rain({"A1": {-1: 30}}, block(0)))
    cube = rain({"A1": EIGHTY, "B1": {20: 30}}, block(1), missing={"A2": [30], "B1": [40]})
    gauge = RiverGauge("6", "Karonga", {at(5): 3.2}, {2: 2.0}, {"warning": 3.0})
    return found(cube, first, gauges=[gauge], static=layers(findings=("a doubt of prepare",)))


def plan(result: FlashFloodFindings) -> list[Call]:
    extents = {lead: FileBody(f"{lead}.tif", f"{lead}.tif", "") for lead in result.lead_times}
    return plan_calls(
        result, PlanParameters(datetime(2026, 2, 15, 6, 0, 1, tzinfo=UTC), {3: AREAS}, extents), API_FROM_0_284
    )


def amounts(calls: list[Call], indicator: str, event: str | None) -> dict[str, float]:
    (body,) = [c.body for c in calls if c.body and c.body.get("dynamicIndicator") == indicator and c.event == event]
    return {row["placeCode"]: row["amount"] for row in body["exposurePlaceCodes"]}


def test_they_come_back_as_they_were_written(tmp_path: Path) -> None:
    for number, result in enumerate((rich(), found(rain({})), found(rain([{"A1": EIGHTY}, {}]), exercise=True))):
        write_findings_json(result, tmp_path / f"{number}.json")
        assert read_findings_json(tmp_path / f"{number}.json") == result
    content = json.loads((tmp_path / "0.json").read_text())
    assert (content["hazard"], content["issue_time"], content["format"]) == ("flash-floods", "2026-02-15T12", 2)


def test_what_was_read_back_goes_on_like_what_was_found(tmp_path: Path) -> None:
    first = rich()
    write_findings_json(first, tmp_path / "events.json")
    again = read_findings_json(tmp_path / "events.json")
    assert isinstance(again, FlashFloodFindings)
    next_block = rain({}, block(2))
    assert found(next_block, again) == found(next_block, first)


def test_they_know_what_a_portal_is_told() -> None:
    result = rich()
    assert profile_of(result) is FLASH_FLOODS
    assert (result.headline, result.trigger_limit) == ("1 trigger, 1 warning", 12)
    assert [(each.key, each.condition) for each in result.unseen] == [("Alpha", "suspect"), ("Beta", "suspect")]
    assert result.known == result.other_names == {"Alpha": "Alpha", "Beta": "Beta"}
    assert portal_notes(result.events, 3) == [], "an area belongs to one event: the portal shows what is counted"


def test_the_plan_of_two_districts() -> None:
    """Severity 1 for alerted areas of triggers and warnings alike, 0 with their people for those below the limit."""
    result = found(rain({"A1": EIGHTY, "A2": {12: 20}, "B1": {20: 30}}))
    calls = plan(result)
    assert amounts(calls, "population_affected", "Alpha") == {"A1": 212, "A2": 15}
    assert amounts(calls, "nr_affected_buildings", "Alpha") == {"A1": 21.2, "A2": 1.5}
    assert amounts(calls, "forecast_severity", "Alpha") == {"A1": 1, "A2": 0}
    assert amounts(calls, "forecast_trigger", "Alpha") == {"A1": 1, "A2": 0}
    assert amounts(calls, "forecast_severity", "Beta") == {"B1": 1}
    assert amounts(calls, "forecast_trigger", "Beta") == {"B1": 0}
    sent = {(c.event, c.body["leadTime"]) for c in calls if c.body and "dynamicIndicator" in c.body}
    assert sent == {("Alpha", "9-hour"), ("Beta", "18-hour")}
    assert len([call for call in calls if call.file is not None]) == 18
    flags = [c.body["alertsPerLeadTime"] for c in calls if c.body and "alertsPerLeadTime" in c.body]
    assert [len(each) for each in flags] == [18, 18]


def test_a_quiet_block_is_zeros_at_1_hour_for_all_areas_and_indicators() -> None:
    """Rule 15."""
    calls = plan(found(rain({})))
    zeros = [c.body for c in calls if c.body and "dynamicIndicator" in c.body]
    assert {body["leadTime"] for body in zeros} == {"1-hour"}
    assert {body["eventName"] for body in zeros} == {None}
    assert {body["dynamicIndicator"] for body in zeros} >= {"population_affected", "nr_affected_buildings"}
    rows = [row for body in zeros for row in body["exposurePlaceCodes"]]
    assert ({row["placeCode"] for row in rows}, {row["amount"] for row in rows}) == (set(AREAS), {0})


def test_a_warning_that_becomes_a_trigger_is_an_escalation() -> None:
    """Both are of severity 1: only the trigger tells them apart."""
    first = found(rain({"A1": {18: 30}}, block(0)))
    second = found(rain({"A1": {12: 30}}, block(1)), first)
    lowered = found(rain({"A1": {20: 30}}, block(2)), second)
    assert [change.kind for change in compare_runs(first, second)] == ["escalated"]
    assert [change.kind for change in compare_runs(second, lowered)] in (["downgraded"], ["lapsed"])


def test_damaged_findings_are_refused(tmp_path: Path) -> None:
    write_findings_json(found(rain({"A1": EIGHTY})), tmp_path / "events.json")
    content = json.loads((tmp_path / "events.json").read_text())
    content["events"][0]["starts"] = "soon"
    (tmp_path / "events.json").write_text(json.dumps(content))
    with pytest.raises(InputInvalid, match="what the day found cannot be read"):
        read_findings_json(tmp_path / "events.json")
