"""What the portal must show of flash floods, beside what it shows with one planted difference each; real answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from ibf_pipeline.targets.ibf.lookback.differences import differences, not_compared
from ibf_pipeline.targets.ibf.lookback.expectation import (
    FILE,
    ExpectedPortal,
    expected_of,
    read_expected,
    write_expected,
)
from ibf_pipeline.targets.ibf.lookback.portal_reader import EventShown, ShownPortal, _points
from tests.sandbox.recordings import recorded
from tests.worlds.countries.flash_days import EXPOSED, GAUGES
from tests.worlds.countries.two_valleys import found, rain

UPLOAD = datetime(2026, 2, 15, 6, 0, 1, tzinfo=UTC)
BLOCK = found(rain(EXPOSED), gauges=GAUGES)


def of_block(**more: Any) -> ExpectedPortal:
    expected = expected_of(BLOCK, UPLOAD, **more)
    assert expected is not None
    return expected


def right() -> ShownPortal:
    exposed = {"exposure": "true"}
    events = (
        EventShown("Alpha", "trigger", "3-hour", "3-hour", False, 1, True, {"A1": 212}, {3: {"A1": 212, "A2": 0}}),
        EventShown("Beta", "warning", "15-hour", None, False, 1, False, {"B1": 212}, {3: {"B1": 212}}),
    )
    upper = {
        "water-level": "3", "water-level-reference": "2", "water-level-previous": "2.5",
        "water-level-alert-level": "warning",
    }  # fmt: skip
    points = {
        "schools": {"7": exposed, "9": exposed, "16": exposed, "40": {}},
        "health_sites": {"1": {}}, "waterpoints": None, "gauges": {"5": upper, "6": {"water-level": "1.25"}},
    }  # fmt: skip
    return ShownPortal(UPLOAD, True, events, points, ())


def with_point(category: str, fid: str, values: dict[str, str]) -> Callable[[ShownPortal], ShownPortal]:
    def plant(shown: ShownPortal) -> ShownPortal:
        there = dict(shown.points[category] or {}) | {fid: values}
        return replace(shown, points={**shown.points, category: there})

    return plant


def with_event(place: int, **changes: Any) -> Callable[[ShownPortal], ShownPortal]:
    def plant(shown: ShownPortal) -> ShownPortal:
        events = list(shown.events or ())
        events[place] = replace(events[place], **changes)
        return replace(shown, events=tuple(events))

    return plant


def test_a_block_that_is_shown_as_it_must_be() -> None:
    assert differences(of_block(), right()) == []
    assert not_compared(of_block(), right()) == []


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (with_point("schools", "9", {}), "school 9: values expected, none shown"),
        (with_point("schools", "9", {"exposure": "false"}), "school 9, exposure: true expected, false shown"),
        (with_point("schools", "40", {"exposure": "true"}), "school 40: not expected, shown as exposed"),
        (with_point("health_sites", "1", {"exposure": "true"}), "health site 1: not expected, shown as exposed"),
        (with_point("gauges", "6", {"water-level": "12.5"}), "gauge 6, water-level: 1.25 expected, 12.5 shown"),
        (with_event(0, first_lead_time="4-hour"), "event Alpha, first lead time: 3-hour expected, 4-hour shown"),
        (with_event(1, alert_level="trigger"), "event Beta: warning expected, trigger shown"),
        (with_event(0, people={3: {"A1": 212}}), "event Alpha, area A2 level 3: 0 people expected, not shown"),
        (lambda shown: replace(shown, events=shown.events[:1]), "event Beta: warning expected, not shown"),
    ],
)  # fmt: skip
def test_one_planted_difference_is_one_row(plant: Callable[[ShownPortal], ShownPortal], said: str) -> None:
    assert differences(of_block(), plant(right())) == [said]


def test_a_point_that_was_taken_back_is_no_difference() -> None:
    assert differences(of_block(), with_point("schools", "40", {"exposure": "false"})(right())) == []


def test_points_that_the_portal_does_not_have_are_said_by_their_kind() -> None:
    shown = replace(right(), points={"schools": {"7": {"exposure": "true"}}, "gauges": {}})
    assert not_compared(of_block(), shown) == [
        "schools that the portal does not have: 16, 9", "gauges that the portal does not have: 5, 6",
    ]  # fmt: skip


def test_a_server_without_severity_lists_areas_of_a_warning_that_are_not_alerted() -> None:
    warned = found(rain({"A1": {20: 60}}))
    plain, described = (expected_of(warned, UPLOAD, takes_severity=takes) for takes in (True, False))
    assert plain is not None
    assert described is not None
    assert (plain.events[0].alerted, described.events[0].alerted) == (("A1",), ("A1", "A2"))


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_expected(of_block(), tmp_path)
    assert read_expected(tmp_path / FILE) == of_block()


@pytest.mark.parametrize(
    ("category", "place", "fids"), [("schools", 0, {"500180", "500453"}), ("gauges", 1, {"5", "6", "7"})]
)
def test_recorded_points_are_read(category: str, place: int, fids: set[str]) -> None:
    """The real server's answers, before an upload and in a block with values."""
    path = f"GET /api/point-data/{category}/MWI?disasterType=flash-floods"
    answers = [call["body"] for call in recorded("flash_floods") if call.get("request") == path]
    answer = answers[1]
    answer["features"] = [each for each in answer["features"] if isinstance(each, dict)]

    class Told:
        def get_if_there(self, asked: str, **query: Any) -> Any:
            return answer

    shown = _points(cast(Any, Told()), replace(of_block(), country="MWI"), category)
    assert shown is not None
    assert {code for code, values in shown.items() if values} == fids
