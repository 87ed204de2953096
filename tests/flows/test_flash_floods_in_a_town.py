"""Through the real pipeline in nine areas: the portal's mock scenarios of Ethiopia, and days of three districts.

Those days are such whose uploads the portal was seen with; where our rules differ from them, it is said.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from tests.worlds.dire_dawa.country import CODES, THREE, TOWN
from tests.worlds.flash_block import dire_dawa, town
from tests.worlds.flash_project import FlashRuns, Portal
from tests.worlds.radar_town.country import TOWN as WADI
from tests.worlds.radar_town.country import write_readings

pytestmark = pytest.mark.usefixtures("plain", "quick")
ISSUE = IssueTime.parse("2026-11-24T06")
ROWS = {
    "trigger": (f"{TOWN}=@6h", ("trigger", "6-hour", "6-hour")),
    "warning": (f"{TOWN}=@30h", ("warning", "24-hour", None)),
    "no-trigger": ("", None),
}
"""mock scenario of the portal -> its rain, and the event as it is shown"""
BEGUN = ("trigger", "0-hour", "0-hour")
ASSETS = {f"nr_affected_{name}" for name in ("buildings", "roads", "schools", "clinics", "waterpoints")}


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug


@pytest.mark.parametrize("name", ROWS)
def test_mock_scenarios_of_ethiopia_come_out_of_the_real_pipeline(name: str, tmp_path: Path) -> None:
    runs = FlashRuns.of(dire_dawa(), tmp_path)
    write_readings(dire_dawa().folder, ISSUE, hourly_mm={}, levels={1: 2.5, 4: 3.25, 5: 1.0})
    rain, event = ROWS[name]
    state = runs.run(ISSUE, rain)
    assert state.name == "Completed", state.message
    shown = runs.portal()
    assert shown.events == ({TOWN: event} if event else {})
    assert shown.areas == ({TOWN: dict.fromkeys(CODES, 1000)} if event else {})
    assert shown.polygons == (1 if event else 9)
    assert shown.mails == ([(TOWN,)] if event else [])
    assert {
        category: len(points) for category, points in shown.points.items() if category != "gauges"
    } == dict.fromkeys(("schools", "health_sites", "waterpoints"), 9 if event else 0)
    assert {fid: gauge["water-level-alert-level"] for fid, gauge in shown.points["gauges"].items()} == {
        "1": "warning", "4": "trigger", "5": "none",
    }  # fmt: skip
    (revision,) = runs.revisions(ISSUE)
    sent = [call.body["dynamicIndicator"] for call in revision.calls() if call.body and "dynamicIndicator" in call.body]
    assert (sent[0], set(sent[1:-2]), sent[-2:]) == (
        "population_affected", ASSETS, ["forecast_severity", "forecast_trigger"],
    ), "eight, of an event and of a quiet block alike"  # fmt: skip
    assert len(sent) == 8


def blocks(runs: FlashRuns, *wishes: str, observed: bool = True) -> Iterator[Portal]:
    """What the portal shows after each block of a day, from 06 UTC on."""
    for number, rain in enumerate(wishes):
        issue_time = IssueTime(ISSUE.day, 6 + 6 * number)
        runs.rain(issue_time, rain, observed=observed)
        assert runs.run(issue_time).is_completed()
        yield runs.portal()


@pytest.mark.story
def test_first_issued_at_0_hour(tmp_path: Path) -> None:
    """It is mailed about once, though it has begun; in the next block it goes on, and the warning is over."""
    runs = FlashRuns.of(dire_dawa(three=True), tmp_path)
    first, second = blocks(runs, "Rumphi=@0h Karonga=@18h", "")
    assert first.events == {"Rumphi": BEGUN, "Karonga": ("warning", "18-hour", None)}
    assert second.events == {"Rumphi": BEGUN}
    assert [set(names) for names in second.mails] == [{"Rumphi", "Karonga"}]
    assert second.areas == {"Rumphi": dict.fromkeys(THREE["Rumphi"], 1000)}


@pytest.mark.story
@pytest.mark.parametrize("observed", [True, False])
def test_a_day_in_three_blocks(observed: bool, tmp_path: Path) -> None:
    """The portal closed Blantyre City, due at 12, and at 18 everything. Ours is closed at 12 only where its rain was
    measured and refutes it, else it is 0-hour (rule 6); at 18 Rumphi's tail goes on (rule 11).
    """
    runs = FlashRuns.of(dire_dawa(three=True), tmp_path)
    day = ("Rumphi=@6h Karonga=@30h Blantyre City=@6h", "Rumphi=@0h Karonga=@12h", "")
    first, second, third = blocks(runs, *day, observed=observed)
    left = {} if observed else {"Blantyre City": BEGUN}
    six = ("trigger", "6-hour", "6-hour")
    assert first.events == {"Rumphi": six, "Blantyre City": six, "Karonga": ("warning", "24-hour", None)}
    assert second.events == {"Rumphi": BEGUN, "Karonga": ("trigger", "12-hour", "12-hour"), **left}
    assert third.events == {"Rumphi": BEGUN, **left}
    assert second.issued["Rumphi"] == "2026-11-24T06:00"
    assert [set(names) for names in third.mails] == [{"Rumphi", "Blantyre City", "Karonga"}, {"Karonga"}]
    shown = [len(each.points["schools"]) for each in (first, second, third)]
    assert shown == ([9, 6, 3] if observed else [9, 9, 6]), "points of what is over are cleared"


def test_a_town_with_radar_in_steps_of_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Another country, level, time zone and limit of triggers: nothing is Malawi's alone."""
    runs, issue_time = FlashRuns.of(town(), tmp_path), IssueTime.parse("2026-04-10T12")
    write_readings(town().folder, issue_time, hourly_mm={}, levels={4: 2.2, 5: 0.7})
    runs.rain(issue_time, f"{WADI}=@3h:60mm/2h", observed=False, step_minutes=15, nowcast_h=6)
    assert runs.run(issue_time).is_completed()
    shown = runs.portal()
    assert shown.events == {WADI: ("trigger", "3-hour", "3-hour")}
    assert {fid: gauge["water-level-alert-level"] for fid, gauge in shown.points["gauges"].items()} == {
        "4": "warning-medium", "5": "none",
    }  # fmt: skip
