"""A day of ours beside what a portal shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ForbiddenByRule, IbfError, InputMissing
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.targets.comparison import PortalEvent, as_shown, compare_events
from ibf_pipeline.targets.comparison_records import compare_snapshot
from ibf_pipeline.targets.portal import PortalSnapshot
from tests.worlds.countries import flood_findings
from tests.worlds.countries.flood_findings import event
from tests.worlds.runs import flood_run

DAY = IssueTime.parse("2026-11-10")
NO_NAMES: dict[str, str] = {}


@pytest.fixture
def findings() -> FloodFindings:
    """One trigger at G1 with 1,100 people in two areas, one warning at G2."""
    return flood_findings.found(
        [event("G1", "---wTT--", "max", {"A": 1000, "B": 100}), event("G2", "-ww-----", "med", {"C": 0})], []
    )


def shown(findings: FloodFindings) -> list[PortalEvent]:
    return [as_shown(findings, each) for each in findings.events]


def test_the_same_day_agrees(findings: FloodFindings) -> None:
    there = shown(findings)
    assert there[0] == PortalEvent("G1", "trigger", "3-day", "4-day", {"A": 1000, "B": 100})
    assert there[1] == PortalEvent("G2", "warning-medium", "1-day", None, {"C": 0})
    assert [(row.event, row.verdict, row.differences) for row in compare_events(findings, there, NO_NAMES)] == [
        ("G1", "agrees", ()),
        ("G2", "agrees", ()),
    ]


@pytest.mark.parametrize(
    ("shows", "kind", "exit_code"),
    [(None, InputMissing, 3), ("2026-11-09", InputMissing, 3), ("2026-11-11", ForbiddenByRule, 1)],
)
def test_only_a_day_that_may_still_come_is_input_that_is_missing(
    shows: str | None, kind: type[IbfError], exit_code: int, tmp_path: Path
) -> None:
    """A portal shows its newest day alone: waiting does not bring an older one back."""
    now = PortalSnapshot(None if shows is None else IssueTime.parse(shows), (), {})
    with pytest.raises(kind, match=f"portal shows {f'the day {shows}, not {DAY}' if shows else 'no day'}") as caught:
        compare_snapshot(
            now, lambda issued: flood_run(tmp_path, "XTS", issued.day), DAY, "portal", "https://ibf.example"
        )
    assert (caught.type, caught.value.exit_code) == (kind, exit_code)


def test_what_differs_is_said(findings: FloodFindings) -> None:
    first = shown(findings)[0]
    other = replace(
        first, alert_level="warning", first_trigger=None, first_lead_time="4-day", people={"A": 900, "D": 5}
    )
    rows = compare_events(findings, [other, replace(first, name="G7")], NO_NAMES)
    assert [(row.event, row.verdict) for row in rows] == [("G1", "differs"), ("G2", "only here"), ("G7", "only there")]
    assert rows[0].differences == (
        "trigger, there warning", "first lead time 3-day, there 4-day", "first trigger 4-day, there none",
        "areas only here: B", "areas only there: D", "people 1,100, there 905",
    )  # fmt: skip
    assert rows[2].there == "trigger, from 3-day, first trigger 4-day; 1,100 people in 2 areas"


def test_events_are_the_same_by_their_station_whatever_they_are_called(findings: FloodFindings) -> None:
    first, second = shown(findings)
    rows = compare_events(findings, [replace(first, name="Upper"), second], {"Upper": "G1", "G2": "G2"})
    assert [(row.event, row.verdict) for row in rows] == [("G1", "agrees"), ("G2", "agrees")]
