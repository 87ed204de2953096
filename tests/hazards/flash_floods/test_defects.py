"""The defects of today's flash flood pipelines (F1 to F9 of Malawi's, E1 to E4 of Ethiopia's), as far as rules go.

Without a counterpart here: of F8 the order of calls when a district fails, which is the publisher's.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.catchments import catchment_weights, upstream
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge, gauges_found
from ibf_pipeline.hazards.flash_floods.sums import series_of
from tests.worlds.countries.two_valleys import AREAS, at, block, country, found, layers, only, rain


@pytest.mark.parametrize("hour", [13, 14, 16, 17, 19, 25, 30, 47])
def test_f1_hours_between_the_allowed_ones_are_seen(hour: int) -> None:
    assert only(found(rain({"A1": {hour: 30}}))).starts == at(hour)


def test_f1_a_peak_at_30_hours_is_sent_as_24() -> None:
    assert only(found(rain({"A1": {30: 30}}))).lead_time == 24


@given(mm=st.floats(0, 2000), hour=st.integers(-5, 48))
def test_f2_no_amount_of_rain_stops_the_run(mm: float, hour: int) -> None:
    result = found(rain({"A1": {hour: mm}}))
    assert bool(result.events) is (round(float(np.float32(mm)), 3) >= 15), "20mm_1hr begins at 15 mm: 30 people"


def test_f2_175_mm_in_24_hours_are_the_nearest_scenario() -> None:
    """The library has 100 and 200 mm: 175 are nearer to 200."""
    (cause,) = only(
        found(rain({"A1": dict.fromkeys(range(1, 25), 175 / 24)}), durations_h=[24], warning_from_h=30)
    ).causes
    assert (cause.scenario, cause.amount_mm, cause.people) == ("200mm_24hr", 175, 2000)


def test_f3_a_tail_and_a_new_flood_twelve_hours_ahead() -> None:
    """Tomorrow's bigger flood is not shown as yesterday's: its numbers, its flag and its words are there."""
    first = found(rain({"A1": {-1: 20}}, block(0)))
    second = found(rain({"A1": dict.fromkeys((9, 10, 11, 12), 20.5)}, block(1)), first)
    event = only(second)
    assert (only(first).people, event.people) == (30, 212)
    assert dict(zip(second.lead_times, event.flags, strict=True))[12] == "T"
    assert [(later.trigger, later.people) for later in event.later] == [(True, 212)]


def test_f4_the_order_of_areas_changes_nothing() -> None:
    chain = {"A1": {"A2": 1.0, "A1": 1.0}, "A2": {"U1": 1.0, "A2": 1.0}, "B1": {"A1": 1.0}}
    cube = rain({"U1": {5: 120}, "A1": {5: 10}})
    at_5 = []
    for order in itertools.permutations(AREAS):
        shuffled = cube.sel(area=list(order))
        mean = upstream(series_of(shuffled), catchment_weights(chain, order))
        at_5.append(dict(zip(order, mean.amount[0, 58].tolist(), strict=True)))
    assert at_5[0] == {"A1": 5, "A2": 60, "B1": 10, "U1": 120}
    assert all(each == at_5[0] for each in at_5)
    results = [found(cube.sel(area=list(order)), static=layers(catchments=chain)) for order in (AREAS, AREAS[::-1])]
    assert results[0] == results[1]


def test_f5_missing_rain_is_not_dry() -> None:
    cube = rain({})
    cube[:] = np.nan
    with pytest.raises(InputInvalid, match="no rain of any hour and area is there"):
        found(cube)


def test_f5_a_start_at_hour_0_is_an_event() -> None:
    event = only(found(rain({"A1": {0: 30}})))
    assert (event.lead_time, event.first_trigger, event.flags[0]) == (0, 0, "T")


def test_f6_and_e3_every_lead_time_has_a_raster_and_only_its_own_events() -> None:
    result = found(rain({"A1": {9: 30}}))
    assert [extent.events for extent in result.extents] == [()] * 9 + [("Alpha",)] + [()] * 8


@pytest.mark.parametrize(("minutes", "lead"), [(0, 1), (59, 1), (60, 0), (61, 0)])
def test_f7_an_hour_is_over_when_it_is_over(minutes: int, lead: int) -> None:
    """What starts at +1 is 1-hour until then, and 0-hour from that minute on; truncated towards 0 it never would be."""
    assert only(found(rain({"A1": {1: 30}}), late=minutes / 60)).lead_time == lead


def test_f8_one_issue_time_and_moments_in_utc() -> None:
    first, second = (found(rain({"A1": {9: 30}}), late=late) for late in (0.5, 0.5))
    assert first == second, "nothing is read from a clock"
    assert (str(first.issue_time), first.published, only(first).starts) == ("2026-02-15T06", at(0.5), at(9))
    assert all(moment.utcoffset() is not None for moment in (first.published, first.cycle, only(first).starts))


def test_f9_floods_are_named_by_area_and_scenario_whatever_the_order_of_events() -> None:
    both = found(rain({"A1": {9: 30}, "B1": {9: 20}}))
    turned = found(
        rain({"A1": {9: 30}, "B1": {9: 20}}), static=layers(districts={"Beta": ("B1",), "Alpha": ("A2", "A1")})
    )
    assert {event.name: event.scenarios for event in both.events} == {
        "Alpha": {"A1": "30mm_1hr"}, "Beta": {"B1": "20mm_1hr"},
    }  # fmt: skip
    assert {e.name: e.scenarios for e in both.events} == {e.name: e.scenarios for e in turned.events}


@pytest.mark.parametrize("key", ["enable", "enabled", "trigger", "triggers"])
def test_e1_no_key_decides_whether_triggers_are_sent_and_an_unknown_one_is_an_error(key: str) -> None:
    """Of a key that is spelled in two ways one would be passed over, and only warnings sent."""
    assert only(found(rain({"A1": {5: 30}}))).trigger
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        country(**{key: True})


def test_e2_a_trigger_at_a_gauge_is_a_trigger_and_fids_are_whole() -> None:
    gauge = RiverGauge("41", "station_14", {at(0): 6.0}, alert_levels={"warning": 3.0, "trigger": 5.0})
    ((found_gauge,), _) = gauges_found([gauge], at(0))
    assert (found_gauge.fid, found_gauge.alert_level) == ("41", "trigger")


def test_e3_people_are_not_added_up_over_hours() -> None:
    """The same flood in ten hours reaches the same 60 people."""
    assert only(found(rain({"A1": dict.fromkeys(range(1, 4), 30)}), durations_h=[1])).people == 60


def test_e4_the_areas_of_a_district_are_one_event() -> None:
    result = found(rain({"A1": {5: 30}, "A2": {9: 30}, "B1": {3: 30}}))
    assert {event.name: [cause.place_code for cause in event.causes] for event in result.events} == {
        "Alpha": ["A1", "A2"], "Beta": ["B1"],
    }  # fmt: skip
    renamed = replace(layers(), districts={"Dire Dawa urban": ("A1", "A2", "B1")})
    (event,) = found(rain({"A1": {5: 30}, "B1": {3: 30}}), static=renamed).events
    assert (event.name, event.people) == ("Dire Dawa urban", 120)
