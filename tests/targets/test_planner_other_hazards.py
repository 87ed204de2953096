"""What the plan's core makes of hazards that are no floods: hours between those of the portal, areas of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import alert_text, amount_text
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.publish.call import Call
from ibf_pipeline.report.exports import areas_table
from ibf_pipeline.report.headline import headline
from ibf_pipeline.report.tables import area_rows
from ibf_pipeline.targets.ibf.bodies import PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284, Choice
from ibf_pipeline.targets.ibf.planner import plan_calls
from ibf_pipeline.targets.ibf.preflight import check_server
from ibf_pipeline.targets.ibf.state import OpenEvent, ServerState
from ibf_pipeline.targets.problems import Overrides
from tests.worlds.tides.hazard import TideEvent, TideFindings
from tests.worlds.tides.known import tides_known

HOURS = tuple(range(0, 61, 6))
"""of the forecast; the portal shows 0-3, 6, 12, 24 and 48 of them"""
WET = EventArea(1, "A", "Area A", 100, 0.5, {"homes_flooded": 20})
DRY = replace(WET, place_code="B", name="Area B", people=7, alerted=False)
AREAS = {1: ("A", "B")}


@pytest.fixture(autouse=True)
def _known() -> Iterator[None]:
    with tides_known():
        yield


def tide(flags: dict[int, str], areas: tuple[EventArea, ...] = (WET,)) -> TideFindings:
    triggers = [hour for hour, flag in flags.items() if flag == "T"]
    event = TideEvent(
        name="Pier", alert_class="max", trigger=bool(triggers), lead_time=min(triggers or flags),
        first_trigger=min(triggers, default=None), flags="".join(flags.get(hour, "-") for hour in HOURS), people=100,
        areas=areas, highest=3.0,
    )  # fmt: skip
    return TideFindings(
        country="XTI", country_name="Tideland", issue_time=IssueTime(date(2026, 2, 15), 6), lead_times=HOURS,
        admin_levels=(1,), default_admin_level=1, indicators=("homes_flooded", "population_affected"),
        source="by hand", events=(event,), gauge="wall",
    )  # fmt: skip


def plan(findings: TideFindings) -> list[Call]:
    return plan_calls(findings, PlanParameters(datetime(2026, 2, 15, 6, 0, 1, tzinfo=UTC), AREAS, {}), API_FROM_0_284)


def amounts(calls: list[Call], indicator: str) -> dict[str, float]:
    (body,) = [call.body for call in calls if call.body and call.body.get("dynamicIndicator") == indicator]
    return {row["placeCode"]: row["amount"] for row in body["exposurePlaceCodes"]}


def test_hours_between_those_of_the_portal_stand_at_the_earlier_one() -> None:
    calls = plan(tide({18: "w", 30: "T", 42: "T", 54: "T"}))
    assert {call.body["leadTime"] for call in calls if call.body and "dynamicIndicator" in call.body} == {"24-hour"}
    (listed,) = [call.body["alertsPerLeadTime"] for call in calls if call.body and "alertsPerLeadTime" in call.body]
    flags = {row["leadTime"]: (row["forecastAlert"], row["forecastTrigger"]) for row in listed}
    assert list(flags) == [f"{hour}-hour" for hour in (0, 1, 2, 3, 6, 12, 24, 48)]
    assert {name: pair for name, pair in flags.items() if any(pair)} == {
        "12-hour": (True, False), "24-hour": (True, True),
    }  # fmt: skip


def test_what_no_portal_can_show_is_no_call() -> None:
    with pytest.raises(InputInvalid, match="event Pier is at 54-hour, which no portal can show"):
        plan(tide({54: "T"}))


def test_an_area_where_nothing_is_expected_goes_with_its_numbers_and_without_an_alert() -> None:
    calls = plan(tide({6: "T"}, (WET, DRY)))
    assert amounts(calls, "population_affected") == {"A": 100, "B": 7}
    assert amounts(calls, "forecast_severity") == {"A": 1, "B": 0}
    assert amounts(calls, "forecast_trigger") == {"A": 1, "B": 0}


def test_an_area_may_be_a_trigger_or_none_for_itself() -> None:
    warned = replace(WET, place_code="B", name="Area B", trigger=False)
    calls = plan(tide({6: "T"}, (WET, warned)))
    assert amounts(calls, "forecast_severity") == {"A": 1, "B": 1}
    assert amounts(calls, "forecast_trigger") == {"A": 1, "B": 0}


def test_people_read_of_areas_as_the_portal_shows_them() -> None:
    found = tide({6: "T"}, (WET, DRY))
    assert "Area B" not in headline(found)
    assert {row["area"]: row["alert"] for row in area_rows(found)} == {"Area A": "trigger", "Area B": "no alert"}
    assert [(row["place_code"], row["alert_class"], row["trigger"]) for row in areas_table(found, {}).rows] == [
        ("A", "max", True), ("B", "no", False),
    ]  # fmt: skip


def test_the_highest_class_without_a_trigger_is_a_warning() -> None:
    assert alert_text("max", trigger=False) == "warning"
    assert alert_text("max", trigger=True) == "trigger"
    assert [amount_text(number) for number in (1234, 0.53, 0.04, 3.46, 250.4)] == [
        "1,234",
        "0.53",
        "0.04",
        "3.5",
        "250",
    ]


@pytest.mark.parametrize(
    ("earlier", "overrides", "said"),
    [
        ({"Old Pier": "Old Pier"}, Overrides(), None),
        ({}, Overrides(take_over=True), None),
        ({}, Overrides(blind=("Old Pier",)), None),
        ({}, Overrides(), "event Old Pier is open on the server and is of none of our runs: publishing would close it"),
    ],
)
def test_what_others_have_opened_is_not_closed_unasked(
    earlier: dict[str, str], overrides: Overrides, said: str | None
) -> None:
    state: Any = ServerState(
        choice=Choice(API_FROM_0_284, "asked"), role="pipeline", admin_levels=(1,), default_admin_level=1,
        place_codes={1: ("A", "B")}, points={}, last_upload=None, indicators=None,
        open_events=(OpenEvent("Old Pier", "trigger", "", ()),),
    )  # fmt: skip
    problems = check_server(tide({6: "T"}), state, AREAS, (), overrides, earlier)
    blocking = [problem.text for problem in problems if problem.blocks]
    assert len(blocking) == (said is not None)
    assert said is None or blocking[0].startswith(said)
