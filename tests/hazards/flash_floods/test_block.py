"""Rules 5 to 10, 12, 13 and 15: one block at a time, with rain that can be added up by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing
from ibf_pipeline.hazards.flash_floods.extents import wet_areas
from ibf_pipeline.hazards.flash_floods.findings import ExposedAssets
from tests.worlds.countries.two_valleys import at, found, layers, only, rain

EIGHTY = dict.fromkeys((3, 4, 5, 6), 20.5)
"""82 mm in the four hours that end 6 hours after the issue time: 80mm_4hr, 212 people"""


def flags(result: object) -> dict[int, str]:
    """Lead time -> mark, without those that have none."""
    event = only(result)  # type: ignore[arg-type]
    return {lead: mark for lead, mark in zip(result.lead_times, event.flags, strict=True) if mark != "-"}  # type: ignore[attr-defined]


def test_a_trigger_by_hand() -> None:
    """20.5 mm an hour from +3: 20 mm in an hour are 30 people at once, 82 mm in four hours 212 people at +6."""
    event = only(found(rain({"A1": EIGHTY}), durations_h=[4, 24]))
    assert (event.trigger, event.alert_class, event.lead_time, event.first_trigger) == (True, "max", 4, 4)
    assert event.starts == at(4), "41 mm in four hours: 40mm_4hr, 50 people"
    (cause,) = event.causes
    assert (cause.amount_mm, cause.scenario, cause.rank, cause.people, cause.limit) == (82, "80mm_4hr", 7, 212, 20)
    assert (cause.starts, cause.peaks, cause.rains_from) == (at(4), at(6), at(2))
    assert event.people == 212


def test_why_in_words_with_local_clock_times() -> None:
    notes = found(rain({"A1": EIGHTY}), durations_h=[4, 24]).notes
    assert notes[0] == (
        "Alpha: trigger at 4-hour, starts Sun 2026-02-15 12:00 CAT, in 4 hours; worst Sun 2026-02-15 14:00 CAT; "
        "212 people in 1 area; one run, no probability"
    )
    assert notes[1] == (
        "Alpha, Area A1: 82 mm in 4 hours from 10:00 CAT, nearest scenario 80mm_4hr, rank 7; 212 people in A1; limit 20"
    )
    assert "rain: IMERG Late to Sun 2026-02-15 08:00 CAT; GFS to Tue 2026-02-17 08:00 CAT" in notes


def test_areas_below_the_threshold_are_sent_with_their_people_and_not_alerted() -> None:
    event = only(found(rain({"A1": EIGHTY, "A2": {6: 20}})))
    rows = {area.place_code: (area.people, area.alerted, area.further) for area in event.areas}
    assert rows == {
        "A1": (212, True, {"nr_affected_buildings": 21.2}),
        "A2": (15, False, {"nr_affected_buildings": 1.5}),
    }
    assert event.people == 212
    assert event.scenarios == {"A1": "80mm_4hr", "A2": "20mm_1hr"}


@pytest.mark.parametrize(("limit", "alerted"), [(29, True), (30, False)])
def test_people_must_be_more_than_the_threshold(limit: float, alerted: bool) -> None:
    assert bool(found(rain({"A1": {5: 20}}), people_threshold=limit).events) is alerted
    own = layers(thresholds={"A1": limit})
    assert bool(found(rain({"A1": {5: 20}}), static=own).events) is alerted


@pytest.mark.parametrize(
    ("hour", "sent", "trigger"),
    [
        (1, 1, True), (12, 12, True), (13, 12, True), (14, 12, True), (15, 15, False), (17, 15, False),
        (23, 21, False), (24, 24, False), (30, 24, False), (47, 24, False), (48, 48, False),
    ],
)  # fmt: skip
def test_lead_times_are_rounded_down_and_warn_from_15_hours(hour: int, sent: int, trigger: bool) -> None:
    result = found(rain({"A1": {hour: 30}}), durations_h=[1])
    event = only(result)
    assert (event.lead_time, event.trigger, event.starts) == (sent, trigger, at(hour))
    assert flags(result) == {sent: "T" if trigger else "w"}


def test_the_limit_of_triggers_is_a_setting() -> None:
    event = only(found(rain({"A1": {23: 30}}), durations_h=[1], warning_from_h=24))
    assert (event.lead_time, event.trigger) == (21, True)
    assert found(rain({}), warning_from_h=24).trigger_limit == 21
    assert found(rain({})).trigger_limit == 12


def test_what_begins_before_publication_is_now() -> None:
    early = only(found(rain({"A1": {2: 30}}), durations_h=[1]))
    late = only(found(rain({"A1": {2: 30}}), durations_h=[1], late=2.5))
    assert (early.lead_time, late.lead_time, late.starts) == (2, 0, at(2))
    assert "started Sun 2026-02-15 10:00 CAT" in found(rain({"A1": {2: 30}}), durations_h=[1], late=2.5).notes[0]


def test_hours_left_are_counted_from_publication() -> None:
    cube = rain({"A1": {5: 30}})
    said = [found(cube, durations_h=[1], late=late).notes[0].split(";")[0] for late in (0, 2.5, 4, 4.5, 5)]
    at_13 = "Sun 2026-02-15 13:00 CAT"
    assert [words.partition("hour, ")[2] for words in said] == [
        f"starts {at_13}, in 5 hours",
        f"starts {at_13}, in 2 hours",
        f"starts {at_13}, in 1 hour",
        f"starts {at_13}, within the hour",
        f"started {at_13}",
    ]


def test_the_district_is_as_early_as_its_earliest_area() -> None:
    event = only(found(rain({"A1": {9: 30}, "A2": {4: 30}}), durations_h=[1]))
    assert (event.lead_time, event.people) == (4, 90)
    assert [(cause.place_code, cause.starts) for cause in event.causes] == [("A1", at(9)), ("A2", at(4))]


def test_a_triggers_people_are_of_the_hours_inside_its_limit() -> None:
    """30 people at +6, and 200 mm in the 24 hours up to +40: 2,000 people, who are not "2,000 in 6 hours"."""
    result = found(rain({"A1": {6: 20, **dict.fromkeys(range(21, 41), 10)}}))
    event = only(result)
    assert (event.trigger, event.lead_time, event.people) == (True, 6, 30)
    assert event.scenarios == {"A1": "20mm_1hr"}
    marks = flags(result)
    assert (marks[6], marks[24]) == ("T", "w")
    (later,) = event.later
    assert (later.trigger, later.people) == (False, 2000)
    assert any("warning further ahead" in note and "2,000 people" in note for note in result.notes)


def test_the_worst_of_several_durations_counts() -> None:
    """10 mm an hour for a day: 40mm_4hr (rank 4) at once, 200mm_24hr (rank 8) at the end."""
    event = only(found(rain({"A1": dict.fromkeys(range(-20, 1), 10)}), late=0))
    (cause,) = event.causes
    assert (event.lead_time, cause.scenario, cause.duration_h, cause.amount_mm) == (0, "200mm_24hr", 24, 210)


def test_rain_that_fell_and_rain_to_come() -> None:
    result = found(rain({"A1": dict.fromkeys((-1, 0, 1, 2), 20.5)}), durations_h=[4])
    (cause,) = only(result).causes
    assert (cause.amount_mm, cause.fallen_mm, cause.observed) == (82, 41, 0.5)
    assert result.notes[1].endswith("212 people in A1; limit 20; 41 mm of it have fallen")


def test_rain_of_another_day_is_told_with_its_date() -> None:
    notes = found(rain({"A1": {40: 30}}), durations_h=[1]).notes
    assert "30 mm in 1 hour from Mon 2026-02-16 23:00 CAT" in notes[1]


def test_the_catchment_decides_where_it_is_worse() -> None:
    static = layers(catchments={"A1": {"U1": 3, "A1": 1}})
    (cause,) = only(found(rain({"U1": {5: 40}}), static=static, durations_h=[1])).causes
    assert (cause.amount_mm, cause.of_catchment, cause.scenario) == (30, True, "30mm_1hr")


def test_short_sums_count_in_areas_of_small_lag_alone() -> None:
    static = layers(small_lag=frozenset({"A2"}))
    event = only(found(rain({"A1": {5: 30}, "A2": {5: 30}}), static=static, small_lag=["A2"]))
    assert [cause.place_code for cause in event.causes] == ["A2"]


def test_more_rain_than_the_library_has_is_the_last_scenario_and_is_said() -> None:
    (cause,) = only(found(rain({"A1": {5: 90}}), durations_h=[1])).causes
    assert (cause.scenario, cause.beyond_library) == ("30mm_1hr", True)
    notes = found(rain({"A1": {5: 90}}), durations_h=[1]).notes
    assert any("the library's largest scenario 30mm_1hr" in note for note in notes)


def test_a_partial_sum_may_trigger() -> None:
    (cause,) = only(found(rain({"A1": EIGHTY}, missing={"A1": [7]}), durations_h=[4])).causes
    assert (cause.people, cause.lower_bound) == (212, False), "the worst sum has all of its hours"
    result = found(rain({"A1": {3: 40, 5: 42}}, missing={"A1": [4]}), durations_h=[4])
    (cause,) = only(result).causes
    assert (cause.people, cause.lower_bound) == (212, True)
    assert any("at least 82 mm in 4 hours" in note for note in result.notes)


def test_sums_that_are_not_resolved_may_alert_and_are_named() -> None:
    result = found(rain({"A1": {5: 30}}, step=3))
    (cause,) = only(result).causes
    assert cause.lower_bound
    assert any(
        note.startswith("sums of 1 hour are not resolved: rain ahead comes in steps of 3") for note in result.notes
    )
    assert not any(note.startswith("sums of 4 hours") for note in result.notes)


def test_events_in_order_triggers_first() -> None:
    events = found(rain({"A1": {20: 30}, "B1": {8: 20}}), durations_h=[1]).events
    assert [(event.name, event.trigger) for event in events] == [("Beta", True), ("Alpha", False)]


def test_no_event() -> None:
    result = found(rain({"A1": {5: 9}}))
    assert (result.events, result.headline, result.unseen) == ((), "no alert", [])
    assert len(result.extents) == 18
    assert not any(extent.events for extent in result.extents)


def test_all_rasters_always_each_with_the_events_of_its_lead_time() -> None:
    result = found(rain({"A1": {20: 30}, "B1": {8: 20}}), durations_h=[1])
    assert [extent.lead_time for extent in result.extents] == [*range(13), 15, 18, 21, 24, 48]
    assert {extent.lead_time: extent.events for extent in result.extents if extent.events} == {
        8: ("Beta",), 18: ("Alpha",)
    }  # fmt: skip
    assert result.extents[13].file_name == "flood_extent_15-hour_XTV.tif"


def test_assets_are_those_that_the_floods_reach_all_events_together() -> None:
    result = found(rain({"A1": EIGHTY, "A2": EIGHTY, "B1": EIGHTY}), durations_h=[4])
    assert result.exposed == (
        ExposedAssets("roads", 4, ("99", "120")), ExposedAssets("schools", 4, ("7", "9", "16"))
    )  # fmt: skip
    assert result.without(["Alpha"]).exposed == (ExposedAssets("schools", 4, ("9",)),)


def test_lines_that_the_portal_goes_on_showing_are_named() -> None:
    first = found(rain({"A1": EIGHTY}), durations_h=[4])
    assert first.still_shown == ()
    quiet = found(rain({}, "2026-02-16T06"), first, durations_h=[4], tail_h=0)
    assert quiet.still_shown == (("roads", 4),)
    assert "no roads are exposed at 4-hour any more; the portal may go on showing the earlier ones there" in quiet.notes
    again = found(rain({}, "2026-02-16T12"), quiet, durations_h=[4], tail_h=0)
    assert again.still_shown == (("roads", 4),), "until that lead time has some again"
    assert found(rain({"A1": EIGHTY}, "2026-02-16T18"), again, durations_h=[4]).still_shown == ()


def test_a_blind_area_is_named_and_no_all_clear() -> None:
    result = found(rain({"B1": {5: 30}}, missing={"A1": range(1, 49)}), durations_h=[1, 4])
    (unseen,) = result.unseen
    assert (unseen.key, unseen.condition) == ("Alpha", "blind")
    assert unseen.reason == "no sum of the hours ahead is whole, as rain is missing"
    assert "area A1 is blind: no sum of the hours ahead is whole, as rain is missing" in result.notes


def test_people_of_a_blind_area_are_unknown_until_its_rain_is_known() -> None:
    cube = rain({"A1": {9: 30}}, missing={"A2": range(-5, 49)})
    first = found(cube, durations_h=[1])
    known = {area.place_code: (area.people, area.people_known) for area in only(first).areas}
    assert known == {"A1": (60, True), "A2": (0, False)}
    assert not only(first).people_known
    assert "at least 60 people in 1 area" in first.notes[0]
    then = found(rain({"A1": {3: 30}}, "2026-02-15T12"), first, durations_h=[1])
    assert only(then).people_known
    assert {area.place_code: area.share for area in only(then).areas} == {"A1": 0.006, "A2": 0}


def test_people_whom_the_population_does_not_cover_are_unknown() -> None:
    static = layers()
    partly = replace(static, areas={**static.areas, "A1": replace(static.areas["A1"], people_known=False)})
    (area, _) = only(found(rain({"A1": {9: 30}}), static=partly, durations_h=[1])).areas
    assert (area.people, area.people_known, area.share) == (60, False, None)


def test_hours_ahead_that_are_missing_make_an_area_doubtful() -> None:
    (unseen,) = found(rain({}, missing={"A2": [40, 41]})).unseen
    assert (unseen.condition, unseen.reason) == ("suspect", "rain is missing in 2 hours of the 48 ahead")


def test_an_area_whose_source_resolves_nothing_is_blind() -> None:
    result = found(rain({}, step=6), durations_h=[1, 4, 24], static=layers(small_lag=None))
    assert not result.unseen, "24 hours are longer than 6"
    with pytest.raises(InputInvalid, match="no area has a usable sum of rain ahead"):
        found(rain({}, step=6), durations_h=[1, 4])


def test_all_blind_stops_the_run() -> None:
    with pytest.raises(InputInvalid, match="no area has a usable sum of rain ahead"):
        found(rain({}, missing=dict.fromkeys(("A1", "A2", "B1"), range(1, 49))))


def test_a_blind_area_of_an_alerted_district_stops_the_run_unless_accepted() -> None:
    first = found(rain({"A1": {9: 30}}), durations_h=[1])
    blind = rain({}, "2026-02-15T12", missing={"A2": range(-5, 49)})
    with pytest.raises(InputInvalid, match=r"Alpha is alerted, and its area A2 is blind.*--accept-blind Alpha"):
        found(blind, first, durations_h=[1])
    assert not found(blind, first, durations_h=[1], accepted=["Alpha"]).events
    other = rain({}, "2026-02-15T12", missing={"B1": range(-5, 49)})
    assert not found(other, first, durations_h=[1]).events, "Beta has no open event"


@pytest.mark.parametrize(("cycle", "fine"), [("2026-02-14T18", True), ("2026-02-14T17", False)])
def test_a_forecast_more_than_twelve_hours_old_publishes_nothing(cycle: str, fine: bool) -> None:
    cube = rain({"A1": {9: 30}}, cycle=f"{cycle}:00:00+00:00")
    if fine:
        notes = found(cube, durations_h=[1]).notes
        assert any("2026-02-14 18 UTC, before this block: it alerts and takes nothing back" in note for note in notes)
        return
    earlier = found(rain({}, "2026-02-15T00"))
    with pytest.raises(InputMissing, match="is of 2026-02-14 17 UTC; the portal shows the state of 2026-02-15 00 UTC"):
        found(cube, earlier)


def test_rain_begins_as_early_as_the_longest_sum_needs() -> None:
    cube = rain({"A1": {-9: 30, 5: 20}})
    earlier = found(rain({}, "2026-02-14T06"))
    short = cube.isel(time=slice(47, None))
    event = only(found(short, earlier, durations_h=[1]))
    assert (event.lead_time, event.people) == (5, 30), "hour -9 is before the first of the rain that is there"
    assert only(found(cube, earlier, durations_h=[1])).lead_time == 0
    with pytest.raises(InputInvalid, match=r"the rain is of the hours -6 to 48 .*hours -9 to 48"):
        found(short, earlier, durations_h=[1, 4])


def test_members_that_are_left_out_are_said() -> None:
    cube = rain([{"A1": {5: 30}}, {}, {}])
    cube[2] = np.nan
    result = found(cube, durations_h=[1])
    assert (result.members, result.members_left_out) == (2, 1)
    assert "1 member left out: not there, or without hours that most have" in result.notes


def test_which_flood_is_drawn_where() -> None:
    wet = wet_areas(found(rain({"A1": EIGHTY, "A2": {4: 10}, "B1": {20: 30}}), durations_h=[1, 4]).events)
    assert len(wet) == 18
    assert {lead: areas for lead, areas in wet.items() if areas} == {
        3: {"A1": "80mm_4hr", "A2": "10mm_1hr"}, 18: {"B1": "30mm_1hr"}
    }  # fmt: skip


def test_rain_of_too_few_hours_or_without_an_area() -> None:
    cube = rain({})
    with pytest.raises(InputInvalid, match="the rain is of the hours -53 to 47"):
        found(cube.isel(time=slice(0, -1)))
    with pytest.raises(ConfigError, match="area A2 of a district is not among the areas that rain is read for"):
        found(cube.isel(area=[0, 2, 3]))
    strange = layers(districts={"Alpha": ("A1", "X9")})
    with pytest.raises(ConfigError, match="area X9 of a district is not among the boundaries"):
        found(cube, static=strange)


def test_an_exercise_bears_its_prefix_and_is_the_same_district() -> None:
    result = found(rain({"A1": {9: 30}}), exercise=True)
    assert [(event.name, event.key) for event in result.events] == [("EXERCISE Alpha", "Alpha")]
    assert result.known == {"EXERCISE Alpha": "Alpha", "EXERCISE Beta": "Beta"}


def test_as_high_as_a_trigger_beyond_the_limit() -> None:
    result = found(rain({"A1": {20: 30}}), durations_h=[1])
    assert result.beyond_limit("Alpha") == [18]
    assert result.beyond_limit("Beta") == []


def test_nothing_is_changed_in_the_rain_that_is_read() -> None:
    cube = rain({"A1": EIGHTY}, missing={"A2": [3]})
    kept = cube.copy(deep=True)
    found(cube, static=replace(layers(), catchments={"A1": {"U1": 1.0}}))
    assert np.array_equal(cube.values, kept.values, equal_nan=True)


def test_doubts_of_the_layers_are_said_unless_an_operator_accepts_them() -> None:
    doubts = ("population.tif adds up to 5", "the library ends inside 1 area (A1)")
    static = layers(doubts=doubts, findings=("a repair", *doubts))
    result = found(rain({}), static=static)
    assert result.doubts == doubts
    assert set(doubts) <= set(result.notes)
    result = found(rain({}), static=static, accepted_doubts=["the library ends"])
    assert result.doubts == doubts[:1]
    assert "accepted: the library ends inside 1 area (A1)" in result.notes
