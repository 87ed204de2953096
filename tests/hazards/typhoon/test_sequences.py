"""Rules 1, 2, 4, 7, 11 and 12 from cycle to cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.typhoon.cycle import Cycle, Past, find
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from tests.worlds.countries.three_islands import (
    FIRST,
    Storms,
    Way,
    alerted,
    country,
    cycle,
    event,
    every,
    layers,
    storm,
    tracks,
)

OVER = Way(to_h=70)
"""East at +20 h (nearest its areas at +22 or +23 h), West at +50 h; gone after +70 h"""


def later(way: Way, hours: int) -> dict[int, Way]:
    return every(way.later(hours))


def run(ways: Mapping[str, Way], hours: list[int], **given: Any) -> dict[int, TyphoonFindings]:
    """Cycles one after the other; a storm is in the file until it ends."""
    found: dict[int, TyphoonFindings] = {}
    past = given.pop("past", None)
    for hour in hours:
        there: Storms = {name: later(way, hour) for name, way in ways.items() if hour <= way.to_h}
        past = found[hour] = cycle(there, hour, past, **given)
    return found


@cache
def at_first(name: str) -> TyphoonFindings:
    """The first cycle of a storm over both islands."""
    return cycle({name: every(OVER)})


def marks(each: TyphoonEvent) -> dict[int, str]:
    return {hour: flag for hour, flag in enumerate(each.flags) if flag != "-"}


def passed(each: TyphoonEvent) -> list[str]:
    return [impact.place_code for impact in each.impacts if impact.passed_at is not None]


@pytest.fixture(scope="module")
def over_two_islands() -> dict[int, TyphoonFindings]:
    return run({"21W CHANTHU": OVER}, [0, 12, 24, 36, 48, 60, 72, 96, 120, 132])


def test_a_second_landfall_ahead_has_its_mark(over_two_islands: dict[int, TyphoonFindings]) -> None:
    """Rule 11: at 0-hour over the first island, the second one is still to come, with its real hours."""
    found = {hour: event(each) for hour, each in over_two_islands.items() if each.events}
    assert {hour: marks(each) for hour, each in found.items()} == {
        0: {20: "T", 50: "T"},
        12: {8: "T", 38: "T"},
        24: {0: "T", 26: "T"},
        36: {0: "T", 14: "T"},
        48: {0: "T"},  # published at +54 h
        60: {0: "T"},
        72: {0: "T"},
        96: {0: "T"},
        120: {0: "T"},
    }


def test_areas_are_passed_one_by_one(over_two_islands: dict[int, TyphoonFindings]) -> None:
    """Rule 11: East keeps its numbers for 72 hours from its passing, West is updated until the storm has passed it."""
    found = {hour: event(each) for hour, each in over_two_islands.items() if each.events}
    assert {hour: passed(each) for hour, each in found.items()} == {
        0: [],
        12: [],
        24: ["E1", "E2"],
        36: ["E1", "E2"],
        48: ["E1", "E2"],
        60: ["E1", "E2", "W1", "W2"],
        72: ["E1", "E2", "W1", "W2"],
        96: ["W1", "W2"],  # East's 72 hours are over
        120: ["W1", "W2"],
    }
    winds = [[impact.wind_kmh for impact in found[hour].impacts if impact.place_code == "E2"] for hour in (0, 36, 72)]
    assert winds[0] == winds[1] == winds[2]
    assert [found[hour].state for hour in (48, 60, 120)] == ["forecast", "passed", "passed"]
    last = over_two_islands[132]
    assert last.events == ()
    assert (
        storm(last, "2026-21W").note == "this cycle's tracks do not have it any more, and no area keeps numbers of it"
    )


def test_a_storm_that_has_passed_needs_no_file(over_two_islands: dict[int, TyphoonFindings]) -> None:
    """Rules 2 and 11: dissolved after landfall, it is not missing; its track is of the past and has one landfall."""
    gone = over_two_islands[72]
    assert gone.unseen == []
    only = event(gone)
    assert all(point.past for point in only.track)
    assert [point.landfall for point in only.track].count(True) == 1
    assert (only.ends_at is not None, only.lead_time, only.people) == (True, 0, 40_000)
    assert "it has passed; it stays at 0-hour until" in " ".join(gone.notes)


def test_a_storm_that_turns_away_is_taken_back_at_once() -> None:
    """Rules 2 and 11: what never had a gale of it keeps nothing."""
    first = at_first("21W")
    away = cycle({"21W": every(replace(OVER, lon=128.6, north=0.5, east=0.3))}, 12, first)  # 310 km off
    assert away.events == ()
    assert storm(away, "2026-21W").note.startswith("no area has")


def test_an_absence_closes_nothing() -> None:
    """All clear by absence, rule 2: the first cycle without an open storm is unseen; the second valid one ends it."""
    first = at_first("21W CHANTHU")
    second = cycle({}, 6, first)
    assert [(each.key, each.event_name, each.condition) for each in second.unseen] == [
        ("2026-21W", "Kiko (CHANTHU)", "blind")
    ]
    assert second.events == ()
    assert "missing from this cycle's tracks, which is no all clear" in " ".join(second.notes)
    third = cycle({}, 12, first, before=tracks({}, 6))
    assert third.unseen == []
    assert storm(third, "2026-21W").note == "two valid cycles in a row are without it"
    had_it = cycle({}, 12, first, before=tracks({"21W": later(OVER, 6)}, 6))
    assert len(had_it.unseen) == 1
    too_old = cycle({}, 24, first, before=tracks({}, 6))
    assert len(too_old.unseen) == 1


def test_a_storm_that_went_by_and_left_nothing_is_missing_too() -> None:
    """All clear by absence, rule 2: the run passes 250 km south of East and West, alerted by 2 members of 10."""
    far = replace(OVER, lat=9.5)
    first = cycle({"21W": every(far, m1=OVER, m2=OVER)})
    assert alerted(event(first)) == ["E1", "E2", "W1", "W2"]
    assert [each.key for each in cycle({}, 60, first).unseen] == ["2026-21W"]
    assert cycle({}, 60, first, before=tracks({}, 54)).unseen == []


def test_a_storm_that_stands_still_has_not_passed() -> None:
    """Rule 11: it stays over East, which goes on being updated."""
    still = Way(lat=12, lon=125.5, east=0, to_h=120)
    found = run({"21W": still}, [0, 12])[12]
    assert (event(found).state, passed(event(found)), event(found).lead_time) == ("forecast", [], 0)
    weaker = cycle({"21W": every(replace(still, wind=30, pressure=990).later(24))}, 24, found)
    assert [impact.wind_kmh < 110 for impact in event(weaker).impacts if impact.place_code == "E2"] == [True]


def test_a_person_can_close_what_is_missing() -> None:
    first = at_first("21W CHANTHU")
    for name in ("Kiko (CHANTHU)", "2026-21W"):
        closed = cycle({}, 6, first, accepted=[name])
        assert (closed.unseen, closed.events) == ([], ())


def test_a_storm_that_is_gone_between_two_islands_is_missing() -> None:
    """Rule 2: past its first landfall, and with alerted areas ahead, an absence is no all clear for them."""
    found = run({"21W": OVER}, [0, 24])[24]
    assert len(cycle({}, 30, found).unseen) == 1
    second = cycle({}, 36, found, before=tracks({}, 30))
    assert second.unseen == []
    assert alerted(event(second)) == ["E1", "E2"]  # what it has passed stays


def test_a_rename_carries_state() -> None:
    """Rule 1: by its place; the event gets the new name and says the old one."""
    first = run({"70W": replace(OVER, from_h=6)}, [0])[0]
    assert event(first).storm == "2026-70W-091000"
    named = cycle({"21W CHANTHU": later(OVER, 12)}, 12, first)
    only = event(named)
    assert (only.name, only.storm, only.renamed_from) == ("Kiko (CHANTHU)", "2026-70W-091000", "70W")
    assert (only.shift_h, only.shift_km) == (0, 0)
    assert [point.past for point in only.track].count(True) == 1
    assert named.other_names["70W"] == "2026-70W-091000"
    again = cycle({"21W CHANTHU": later(OVER, 24)}, 24, named)
    assert (event(again).storm, event(again).renamed_from) == ("2026-70W-091000", None)


def test_numbers_from_70_on_are_given_again() -> None:
    """Rule 1: 70W of now is another disturbance, 800 km away; the old one is missing, not renamed."""
    first = run({"70W": OVER}, [0])[0]
    again = cycle({"70W": every(replace(OVER, lat=17.5, lon=133))}, 12, first)
    assert [each.key for each in again.unseen] == ["2026-70W-091000"]
    new = event(again)
    assert (new.storm, new.name) == ("2026-70W-091012", "70W 2026-70W-091012")


def test_a_numbered_storm_is_known_by_its_number_and_by_its_place() -> None:
    first = at_first("21W")
    moved = cycle({"21W": every(replace(OVER, lon=131.5))}, 12, first)  # 420 km from where it was forecast
    assert event(moved).storm == "2026-21W"
    assert event(moved).shift_h == pytest.approx(7.5 + 12, abs=0.1)


def test_two_numbers_are_two_storms() -> None:
    """Rules 1 and 2: what 206 km away has another number is not the lost storm under a new name."""
    near = cycle({"22W": every(replace(OVER, lon=129.5))}, 12, at_first("21W"))
    assert (event(near).storm, [each.key for each in near.unseen]) == ("2026-22W", ["2026-21W"])
    storms = {"21W": OVER, "22W": replace(OVER, lat=13.8)}  # 200 km apart; each is then where the other was forecast
    first = cycle({name: every(way) for name, way in storms.items()})
    swapped = cycle({"21W": later(storms["22W"], 12), "22W": later(storms["21W"], 12)}, 12, first)
    assert {each.identifier: each.storm for each in swapped.storms} == {"21W": "2026-21W", "22W": "2026-22W"}


def test_a_storm_beyond_a_short_cycle_is_carried() -> None:
    """Rule 4: at 06 UTC members reach 144 h; what lies beyond is of 00 UTC, and marked, and nothing flaps."""
    far = Way(lon=126 + 0.2 * 156, to_h=240)  # East at +156 h
    long = tracks({"21W": every(far)}, 0)
    first = cycle({"21W": every(far)}, 0)
    assert event(first).lead_time == 156
    with pytest.raises(InputMissing, match="before 21W arrives"):
        cycle({"21W": later(far, 6)}, 6, first)
    carried = cycle({"21W": later(far, 6)}, 6, first, long=long)
    only = event(carried)
    assert (only.state, only.lead_time, only.storm) == ("carried", 150, "2026-21W")
    assert alerted(only) == ["E1", "E2"]
    assert "what is later is of the last long cycle" in " ".join(carried.not_seen)
    assert event(cycle({"21W": later(far, 12)}, 12, carried)).state == "forecast"


def test_a_single_run_that_ends_at_90_hours_is_no_not_yet() -> None:
    """Rules 4 and 8: at 06 UTC it ends 20 hours off East, in the north of the control run; its landfall is +110 h, as
    00 UTC had it, on a track of its own.
    """
    far = Way(lon=126 + 0.2 * 116, to_h=140)
    first = cycle({"21W": every(far, m52=replace(far, lat=12.1))})
    assert (event(first).lead_time, event(first).landfall.approach) == (116, "landfall")
    short = replace(far.later(6), lat=12.1, to_h=90)
    found = cycle({"21W": every(far.later(6), m52=short)}, 6, first)
    only = event(found)
    assert (only.reference, only.lead_time, only.landfall.approach) == ("high-resolution run", 110, "landfall")
    assert {point.lat for point in only.track} == {12.1}
    assert only.track[-1].moment == FIRST + timedelta(hours=6 + 132), "+134 h, in steps of 6"
    assert {impact.within_50km for impact in only.impacts if impact.place_code[0] == "E"} == {1.0}
    assert "ends after 90 hours; later it moves as the control run does" in " ".join(found.not_seen)
    gone = cycle({"21W": every(far.later(6), m52=replace(short, to_h=84))}, 6, first)
    assert event(gone).track[-1].moment == FIRST + timedelta(hours=6 + 84), "it dissolves: nothing is made up"


def test_what_is_carried_goes_on_from_where_members_are() -> None:
    """Rule 4: two forecasts side by side would jump; 1 degree north now is 1 degree north beyond."""
    far = Way(lon=126 + 0.2 * 156, to_h=240)
    north = replace(far.later(6), lat=13.0)
    carried = cycle({"21W": every(north)}, 6, None, long=tracks({"21W": every(far)}, 0))
    assert {point.lat for point in event(carried).track} == {13.0}
    assert event(carried).landfall.approach != "landfall"  # 13 N is 55 km north of East


def test_a_disturbance_that_only_the_long_cycle_sees_is_carried() -> None:
    late = Way(lon=126 + 0.2 * 156, from_h=150, to_h=240)
    first = cycle({"70W": every(late)}, 0)
    second = cycle({}, 6, first, long=tracks({"70W": every(late)}, 0))
    assert (event(second).storm, event(second).lead_time, event(second).state) == ("2026-70W-091000", 150, "carried")


def test_a_trigger_stays_after_its_deadline_while_its_measure_holds() -> None:
    """Rule 7: met 72 to 12 hours ahead; later it is not met for the first time, and not taken back either."""
    wanted = {"scope": "province", "measure": "wind_kmh", "amount": 118, "probability": 0.5, "not_later_than_h": 12}
    new = cycle({"21W": later(OVER, 12)}, 12, None, triggers=[wanted])
    assert not event(new).trigger
    first = cycle({"21W": later(OVER, 0)}, 0, None, triggers=[wanted])
    assert event(first).trigger
    kept = cycle({"21W": later(OVER, 12)}, 12, first, triggers=[wanted])
    assert event(kept).trigger
    weak = cycle({"21W": later(replace(OVER, wind=25, pressure=1000), 12)}, 12, first, triggers=[wanted])
    assert not event(weak).trigger


def test_a_trigger_that_was_met_in_time_may_come_back_after_its_deadline() -> None:
    """Rule 7: met first 20 hours ahead, not at 14, and again at 8: `not_later_than_h` is of the first time."""
    wanted = {"scope": "province", "measure": "wind_kmh", "amount": 118, "probability": 0.5, "not_later_than_h": 12}
    found = cycle({"21W": every(OVER)}, 0, None, triggers=[wanted])
    weak = replace(OVER, wind=25, pressure=1000)
    for way, hour, trigger in ((weak, 6, False), (OVER, 12, True)):
        found = cycle({"21W": later(way, hour)}, hour, found, triggers=[wanted])
        assert (event(found).trigger, event(found).triggers[0].met_once) == (trigger, True)


def test_a_landfall_before_publication_is_past_and_the_next_one_counts() -> None:
    """Rules 7 and 8: East at +2 h, read at +6 h; West at +32 h is more than 24 hours ahead."""
    wanted = {"scope": "province", "measure": "wind_kmh", "amount": 118, "probability": 0.5, "not_later_than_h": 24}
    only = event(cycle({"21W": every(replace(OVER, lon=126.4))}, triggers=[wanted]))
    assert (only.lead_time, only.trigger) == (0, True)


def test_two_storms_keep_shared_areas() -> None:
    """Rule 12: both have them, and say so; no trigger changes."""
    other = replace(OVER, lon=134)
    both = cycle({"21W": every(OVER), "22W": every(other)})
    assert [(each.name, each.trigger, each.shared_with) for each in both.events] == [
        ("21W", True, ("22W",)),
        ("22W", True, ("21W",)),
    ]
    assert {tuple(alerted(each)) for each in both.events} == {("E1", "E2", "W1", "W2")}


def test_what_has_passed_yields_to_what_comes() -> None:
    """The past storm that hides the next, rule 12: Nika and Ofel, three days apart in one valley."""
    first = {"21W": replace(OVER, wind=30, pressure=990, to_h=40)}  # 108 km/h: a warning over East alone
    before = run(first, [0, 24, 48])
    assert passed(event(before[48])) == ["E1", "E2"]
    coming = every(replace(OVER, lon=131))
    both = cycle({"22W": coming}, 54, before[48])
    assert [(each.name, each.trigger, each.lead_time) for each in both.events] == [("22W", True, 25)]
    assert storm(both, "2026-21W").note != ""


def test_no_trigger_changes_because_of_sharing() -> None:
    """Rule 12: a passed trigger stays one beside a warning to come, and beside a trigger for all its areas."""
    before = run({"21W": replace(OVER, to_h=40)}, [0, 24, 48])[48]
    assert event(before).trigger
    for wind, pressure, trigger in ((30, 990, False), (45, 955, True)):
        coming = every(replace(OVER, lon=131, wind=wind, pressure=pressure))
        both = cycle({"22W": coming}, 54, before)
        assert {each.name: each.trigger for each in both.events} == {"21W": True, "22W": trigger}
        assert all(each.shared_with for each in both.events)


def test_a_storm_that_returns_after_its_tail_has_hours_again() -> None:
    """The past storm that hides the next: East was passed; the way to North is a new one once 72 hours are over."""
    slow = Way(lon=126, lat=12, east=-0.2, to_h=20)
    before = run({"21W": slow}, [0, 12])[12]
    assert event(before).lead_time == 0
    north = cycle({"21W": every(Way(lat=17.5, lon=132, east=-0.1, to_h=200))}, 96, before)
    only = event(north, "21W")
    assert alerted(only)[:1] == ["N1"]
    assert only.lead_time == 100


def test_a_landfall_that_left_nothing_hides_nothing() -> None:
    """The past storm that hides the next: a close pass of East, where nobody was alerted, is no 0-hour for West."""
    weak, late = Way(lat=12.72, wind=11, pressure=1006, to_h=70), Way(from_h=36, to_h=70)  # 24.5 km off both islands
    before = cycle({"21W": every(weak, m1=late, m2=late)}, landfall_km=25)
    assert alerted(event(before)) == ["W1", "W2"]
    assert 20 <= event(before).lead_time <= 25
    found = cycle({"21W": every(weak.later(36), m1=late.later(36), m2=late.later(36))}, 36, before, landfall_km=25)
    assert alerted(event(found)) == ["W1", "W2"]
    assert 14 <= event(found).lead_time <= 19


def test_no_cyclone_without_any_step() -> None:
    """Rule 4: what a source makes of "no cyclone" has no time at all; a disturbance of the long cycle is carried."""
    late = Way(lon=126 + 0.2 * 156, from_h=150, to_h=240)
    nothing = tracks({}, 6).isel(time=[])
    found = find(Cycle(nothing, long=tracks({"70W": every(late)}, 0)), layers(), country(), FIRST)
    assert event(found).lead_time == 150


def test_what_yielded_comes_back_when_the_next_storm_turns_away() -> None:
    """Rule 12: yielding is for as long as the other alerts; a trigger over West keeps East's records."""
    before = run({"21W": OVER}, [0, 24, 48, 60])[60]
    assert set(passed(event(before))) == {"E1", "E2", "W1", "W2"}
    coming = Way(lon=131, to_h=40)  # ends between the islands
    both = cycle({"22W": every(coming)}, 66, before)
    first = event(both, "21W")
    assert (first.trigger, alerted(first), event(both, "22W").trigger) == (True, ["W1", "W2"], True)
    away = cycle({"22W": every(replace(coming, lat=22))}, 72, both)
    assert (alerted(event(away)), event(away).trigger) == (["E1", "E2", "W1", "W2"], True)
    assert {area.place_code: area.people for area in event(away).areas} == dict.fromkeys(alerted(event(away)), 10_000)


def test_an_analysis_without_a_forecast_is_an_absence() -> None:
    """All clear by absence, rule 2: a message that ends at the cycle time says nothing of what is ahead."""
    found = cycle({"21W CHANTHU": every(replace(OVER.later(6), to_h=0))}, 6, at_first("21W CHANTHU"))
    assert [each.key for each in found.unseen] == ["2026-21W"]


def test_a_disturbance_that_a_short_cycle_lost_is_missing() -> None:
    """All clear by absence, rules 2 and 4: what the long cycle has of it after 144 hours does not make it there."""
    long = Way(lon=126 + 0.2 * 96, to_h=240)  # East at +96 h
    first = cycle({"70W": every(long)}, 0)
    assert event(first).lead_time == 96
    lost = cycle({}, 6, first, long=tracks({"70W": every(long)}, 0))
    assert [each.key for each in lost.unseen] == ["2026-70W-091000"]


def there_and_back(hours: int) -> xr.Dataset:
    """Over East as `OVER` is, to 122 E at +40 h, and the same way back: there again at +58 h."""
    made = tracks({"21W": every(Way(to_h=240 - hours))}, hours)
    after = made["step"].values + hours
    lon = ("time", np.where(after <= 40, 130 - 0.2 * after, 122 + 0.2 * (after - 40)))
    back = xr.DataArray(lon[1], dims="time")
    return made.assign({name: back.where(made[name].notnull()) for name in ("lon", "wind_lon")}).assign(
        observed_lon=("storm", [float(back[0])])
    )


def test_a_storm_that_turns_back_is_not_over(over_two_islands: dict[int, TyphoonFindings]) -> None:
    """Rule 11: typhoons cross Luzon, turn and cross it again; it is ahead, with its mark, and is missed in a file."""
    found = {36: over_two_islands[36]}
    for hour in (42, 48, 60):
        long = there_and_back(hour // 12 * 12)
        given = Cycle(there_and_back(hour), long=long if hour % 12 else None)
        found[hour] = find(given, layers(), country(), FIRST + timedelta(hours=hour + 6), Past(found[max(found)]))
    events = {hour: event(each) for hour, each in found.items()}
    assert {hour: (each.state, marks(each)) for hour, each in events.items() if hour >= 42} == {
        42: ("forecast", {0: "T", 13: "T"}),  # its coast at 124.97 E at +55 h
        48: ("forecast", {0: "T", 7: "T"}),
        60: ("passed", {0: "T"}),
    }
    assert passed(events[48]) == ["E1", "E2"], "their numbers stay"
    assert not any(each.passed for each in events[48].provinces)
    assert [each.key for each in cycle({}, 54, found[48]).unseen] == ["2026-21W"]
    ends = events[60].ends_at
    assert ends is not None
    assert 129 <= (ends - FIRST) / timedelta(hours=1) <= 131, "72 hours from the second time"
