"""Rule 14: water levels at gauges, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge, gauges_found
from tests.worlds.countries.two_valleys import at, found, rain

NOW = datetime(2026, 2, 15, 6, tzinfo=UTC)


def gauge(levels: dict[float, float], **changes: object) -> RiverGauge:
    """`levels`: hours before now -> metres."""
    by_moment = {NOW - timedelta(hours=hours): level for hours, level in levels.items()}
    return RiverGauge("6", "Karonga", by_moment, **changes)  # type: ignore[arg-type]


def test_now_a_day_ago_and_the_months_reference() -> None:
    (found_gauge,), left_out = gauges_found(
        [gauge({0.5: 3.2, 1: 3.0, 23: 2.5, 26: 2.0}, reference={1: 1.0, 2: 2.2})], NOW
    )
    assert (found_gauge.level, found_gauge.previous, found_gauge.reference) == (3.2, 2.5, 2.2)
    assert (found_gauge.measured, found_gauge.alert_level, left_out) == (NOW - timedelta(minutes=30), None, ())


@pytest.mark.parametrize(("hours", "previous"), [(21, 2.5), (20.9, None), (27, 2.5), (27.1, None)])
def test_the_previous_level_is_within_three_hours_of_a_day_ago(hours: float, previous: float | None) -> None:
    (found_gauge,), _ = gauges_found([gauge({0: 3.0, hours: 2.5})], NOW)
    assert found_gauge.previous == previous


@pytest.mark.parametrize(("hours", "there"), [(6, True), (6.1, False)])
def test_a_level_older_than_six_hours_is_left_out_and_named(hours: float, there: bool) -> None:
    gauges, left_out = gauges_found([gauge({hours: 3.0})], NOW)
    assert bool(gauges) is there
    assert left_out == (() if there else ("gauge Karonga is left out: its last level is 6 hours old",))
    _, nothing = gauges_found([gauge({})], NOW)
    assert nothing == ("gauge Karonga is left out: no level of it is there",)


@pytest.mark.parametrize(("level", "word"), [(2.9, "none"), (3.0, "warning"), (4.9, "warning"), (5.0, "trigger")])
def test_the_alert_level_is_the_highest_threshold_reached(level: float, word: str) -> None:
    (found_gauge,), _ = gauges_found([gauge({1: level}, alert_levels={"trigger": 5.0, "warning": 3.0})], NOW)
    assert found_gauge.alert_level == word


def test_of_words_of_the_same_level_the_higher_one_holds() -> None:
    (found_gauge,), _ = gauges_found([gauge({1: 3.5}, alert_levels={"warning": 3.0, "trigger": 3.0})], NOW)
    assert found_gauge.alert_level == "trigger"


def test_levels_after_now_are_not_read() -> None:
    (found_gauge,), _ = gauges_found([gauge({-1: 9.0, 1: 3.0})], NOW)
    assert found_gauge.level == 3.0


def test_gauges_are_among_the_findings() -> None:
    result = found(rain({}), gauges=[gauge({1: 3.0}), RiverGauge("7", "Mudi", {at(-9): 1.0})])
    assert [each.fid for each in result.gauges] == ["6"]
    assert "gauge Mudi is left out: its last level is 9 hours old" in result.notes
