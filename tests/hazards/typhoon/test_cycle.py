"""Rules 3, 5 to 10, 13 and 16 on one cycle: 10 members, so that each is a tenth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent
from ibf_pipeline.hazards.typhoon.notes import WIND_ONLY
from ibf_pipeline.hazards.typhoon.profile import HOUSES, PEOPLE, RAINFALL, SHOWN, WINDSPEED, WITHIN_50KM
from tests.worlds.countries.three_islands import (
    FIRST,
    MEMBERS,
    STRONG,
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

OVER = Way()
"""at 12 N westward from 130 E at 0.2 degrees an hour: East at +20 h, West at +50 h"""


def marks(each: TyphoonEvent) -> dict[int, str]:
    return {hour: flag for hour, flag in enumerate(each.flags) if flag != "-"}


def some(count: int, way: Way) -> dict[int, Way]:
    """A storm in the first so many members alone."""
    return dict.fromkeys(MEMBERS[:count], way)


def test_a_storm_over_two_islands() -> None:
    found = cycle({"21W CHANTHU": OVER})
    only = event(found)
    assert (only.name, only.storm, only.trigger, only.alert_class) == ("Kiko (CHANTHU)", "2026-21W", True, "max")
    assert (only.lead_time, only.first_trigger, marks(only)) == (20, 20, {20: "T", 50: "T"})
    assert (only.landfall.approach, only.landfall.probability, only.landfall.reference_km) == ("landfall", 1.0, 0)
    assert alerted(only) == ["E1", "E2", "W1", "W2"]
    assert only.people == 40_000
    assert [area.share for area in only.areas if area.alerted] == [1.0] * 4
    assert found.indicators == (HOUSES, PEOPLE, WITHIN_50KM, WINDSPEED, SHOWN)
    assert WIND_ONLY in found.notes
    assert found.members == 10


def test_t3_members_without_a_storm_count_as_without_it() -> None:
    """T3, rule 3: a disturbance that 2 of 10 members have is in 2 of 10, not in 2 of 2."""
    found = cycle({"70W": some(2, OVER), "21W": every(replace(OVER, lat=24, east=0))})
    only = event(found)
    assert {impact.within_50km for impact in only.impacts if impact.place_code in ("E1", "E2")} == {0.2}
    assert only.landfall.probability == 0.2
    assert (only.trigger, found.members, only.members_with_storm) == (False, 10, 2)
    assert only.people == 8_000  # 40,000 in two of ten members


def test_a_run_that_is_there_twice_counts_once() -> None:
    """Rule 3: high resolution and control may be one run."""
    assert cycle({"21W": dict.fromkeys(MEMBERS, OVER)}).members == 9
    assert cycle({"21W": every(OVER)}).members == 10
    rounded = replace(OVER, lat=12.01, wind=45.1)  # the same numbers packed in another file
    assert cycle({"21W": dict.fromkeys(MEMBERS, OVER) | {52: rounded}}).members == 9
    assert cycle({"21W": dict.fromkeys(MEMBERS, OVER) | {52: replace(OVER, lat=12.02)}}).members == 10
    without_high = {member: OVER for member in MEMBERS if member != 52}
    assert cycle({"21W": without_high}).members == 9


def test_a_file_that_lost_members_is_refused() -> None:
    """Rule 3: judged by the file, at what it lists of storms that were seen; disturbances are listed where they are."""
    with pytest.raises(InputInvalid, match="only 7 members are listed of storm 21W"):
        cycle({"21W": some(7, OVER)})
    with pytest.raises(InputInvalid, match="only 7 members"):
        cycle({"21W": some(7, replace(OVER, to_h=0)), "70W": every(OVER)})  # also one that is analysed alone
    whole = cycle({"21W": every(OVER), "22W": some(3, replace(OVER, lat=17.5))})
    assert any("only 3 members have storm 22W" in note for note in whole.not_seen)
    assert cycle({"70W": some(1, OVER)}).members == 8  # neither of the single runs has any storm


def test_a_weak_storm_that_all_members_are_listed_of_is_whole() -> None:
    """Rule 3: FRANKLIN of 2023-08-22 alone, which 25 of 52 members have at the cycle time."""
    never = replace(OVER, from_h=999)
    assert cycle({"21W": every(never, **{f"m{each}": OVER for each in MEMBERS[:3]})}).members == 8
    assert cycle({"21W": some(2, OVER) | dict.fromkeys(MEMBERS[2:], never)}).members == 8


def test_a_trigger_without_any_event_area_is_not_lost() -> None:
    """Rules 1, 6, 7: 3 of 10 members bring 162 km/h to East and West, and areas belong by half of the members."""
    far = replace(OVER, lat=8)  # 390 km south of all
    wanted = {"scope": "province", "measure": "wind_kmh", "amount": 118, "probability": 0.3}
    only = event(cycle({"21W": every(far, m1=OVER, m2=OVER, m3=OVER)}, area_probability=0.5, triggers=[wanted]))
    assert (only.trigger, alerted(only)) == (True, ["E1", "E2", "W1", "W2"])
    fewer = cycle({"21W": every(far, m1=OVER, m2=OVER)}, area_probability=0.5, triggers=[wanted])
    assert fewer.events == ()


def test_a_trigger_is_of_its_own_scope_and_not_of_other_event_areas() -> None:
    """Rule 7: 6 of 10 members bring 108 km/h to North, 4 bring 162 km/h to East and West."""
    north = Way(lat=17.5, lon=127, wind=30, pressure=990)
    wanted = {"scope": "province", "measure": "wind_kmh", "amount": 118, "probability": 0.4}
    ways = every(north, m1=OVER, m2=OVER, m3=OVER, m4=OVER)
    only = event(cycle({"21W": ways}, area_probability=0.5, triggers=[wanted]))
    assert alerted(only) == ["E1", "E2", "N1", "N2", "W1", "W2"]
    assert [area.place_code for area in only.areas if area.trigger] == ["E1", "E2", "W1", "W2"]


def test_a_storm_on_the_other_side_of_the_earth_is_not_looked_at() -> None:
    """Rule 1: GERT, 2023, at 15 N: its way crosses 55 W, half a turn from the middle of the polygon, 125 E."""
    assert cycle({"06L": every(Way(lat=15, lon=-54, to_h=20))}).storms == ()
    assert len(cycle({"06L": every(Way(lat=15, lon=-175, east=-0.5, to_h=120))}).storms) == 1  # across 180 degrees


def test_order_changes_nothing() -> None:
    """Rules 1 and 3: of members, of storms, and with members that have no storm."""
    storms = {"21W CHANTHU": every(OVER, m3=replace(OVER, lat=12.4)), "22W": every(replace(OVER, lat=17.5))}
    here = tracks(storms)
    from ibf_pipeline.hazards.typhoon.cycle import Cycle, find

    def events(made: object) -> tuple[TyphoonEvent, ...]:
        return find(Cycle(made), layers(), country(), FIRST).events  # type: ignore[arg-type]

    as_given = events(here)
    assert len(as_given) == 2
    assert events(here.isel(member=np.random.default_rng(1).permutation(len(MEMBERS)))) == as_given
    assert events(here.isel(storm=[1, 0])) == as_given
    absent = tracks({"21W CHANTHU": {**every(OVER), 3: replace(OVER, from_h=241)}})
    without = absent.isel(member=[place for place, member in enumerate(MEMBERS) if member != 3])
    (one,), (other,) = events(absent), events(without)
    assert (one.areas, one.flags, one.landfall, one.track) == (other.areas, other.flags, other.landfall, other.track)


def test_t10_an_area_belongs_by_wind_or_by_distance() -> None:
    """Rule 6, T10: a tenth of the members; no area elsewhere is warned, however many the plan has."""
    far = replace(OVER, lat=9.5)  # 250 km south of all
    assert alerted(event(cycle({"21W": every(far, m1=OVER)}))) == ["E1", "E2", "W1", "W2"]
    weak = replace(OVER, wind=15, pressure=1005)  # 54 km/h: within 50 km without any gale
    only = event(cycle({"21W": every(far, m1=weak)}))
    assert alerted(only) == ["E1", "E2", "W1", "W2"]
    assert max(impact.gale_probability for impact in only.impacts if impact.place_code == "E2") == 0
    assert not any(code.startswith("N") for code in alerted(only))


def test_t4_a_storm_without_areas_is_in_the_report_and_no_event() -> None:
    """T4, rule 13: a quiet storm beside an alerting one leaves no zeros, because it is no event."""
    found = cycle({"21W": every(OVER), "22W": every(replace(OVER, lat=22, lon=133))})
    assert [each.storm for each in found.events] == ["2026-21W"]
    quiet = storm(found, "2026-22W")
    assert quiet.in_cycle
    assert quiet.note.startswith("no area has 10 % of the members with at least 89 km/h")
    assert found.unseen == []


def test_a_storm_outside_is_not_looked_at() -> None:
    """Rule 1: any member within the monitoring area in 0..168 h."""
    outside = replace(OVER, lon=150, east=0.1)
    assert cycle({"21W": every(outside)}).storms == ()
    assert [each.storm for each in cycle({"21W": every(outside, m4=OVER)}).storms] == ["2026-21W"]
    late = replace(OVER, lon=135 + 0.2 * 170, to_h=240)  # comes in at +170 h
    assert cycle({"21W": every(late)}).storms == ()


def test_t5_a_storm_too_far_for_the_portal_is_no_error() -> None:
    """T5: beyond 168 hours there is nothing to send, and nothing else is lost by it."""
    late = replace(OVER, lon=126 + 0.2 * 175, to_h=240)
    found = cycle({"21W": every(late), "22W": every(OVER)})
    assert [each.storm for each in found.events] == ["2026-22W"]
    assert event(cycle({"21W": every(replace(OVER, lon=126 + 0.2 * 168, to_h=240))})).lead_time == 168


def test_t6_lead_time_is_counted_from_the_cycle_and_nothing_is_taken_off() -> None:
    """T6, rule 8: 20.5 hours are 20; landfall at or before publication is 0-hour."""
    assert event(cycle({"21W": every(replace(OVER, lon=130.1))})).lead_time == 20
    assert event(cycle({"21W": every(replace(OVER, lon=127.4))})).lead_time == 7
    assert event(cycle({"21W": every(replace(OVER, lon=127.4))}, late_h=7)).lead_time == 0
    assert event(cycle({"21W": every(replace(OVER, lon=127.2))})).lead_time == 0  # at +6 h, published then


def test_the_reference_decides_the_lead_time() -> None:
    """Rule 8: high resolution, else control, else the member nearest the ensemble's median track."""
    later = replace(OVER, lon=131)
    assert event(cycle({"21W": every(OVER, m52=later)})).lead_time == 25
    short = {member: way for member, way in every(OVER, m51=later).items() if member != 52}
    assert event(cycle({"21W": short})).reference == "control run"
    assert event(cycle({"21W": short})).lead_time == 25
    lats = (10.0, 11.0, 11.8, 12.0, 12.1, 13.0, 14.0, 15.0)
    bare = {member: replace(OVER, lat=lat) for member, lat in zip(MEMBERS, lats, strict=False)}
    assert event(cycle({"21W": bare})).reference == "member 4, nearest the ensemble's median track"


def test_t7_an_island_between_two_fixes_is_a_landfall() -> None:
    """T7, rule 9: 1.2 degrees in 6 hours over an island that is 1 degree wide."""
    fixes = replace(OVER, lon=126.1 + 0.2 * 18)  # at 126.1 E at +18 h, 124.9 E at +24 h
    landfall = event(cycle({"21W": every(fixes)})).landfall
    assert (landfall.approach, landfall.probability) == ("landfall", 1.0)
    assert (landfall.reference_at - FIRST).total_seconds() == pytest.approx(18.5 * 3600, abs=5)


@pytest.mark.parametrize(
    ("lat", "approach", "kind", "corrected"),
    [
        (12.62, "close-pass", "landfall", False),  # 13.3 km off the island, which ends at 12.5 N
        (12.66, "passes", "closest", True),  # 17.8 km off, 45.6 km from the middle of E2
        (12.9, "passes", "closest", False),  # 72 km from the middle of E2
    ],
)
def test_t9_a_close_pass_is_shown_as_landfall(lat: float, approach: str, kind: str, corrected: bool) -> None:
    """T9, rule 9: within 15 km of land, not of a municipality's middle. Else the portal may have to be corrected."""
    only = event(cycle({"21W": every(replace(OVER, lat=lat))}))
    assert only.landfall.approach == approach
    assert only.landfall.reference_km == pytest.approx((lat - 12.5) * 111.2, abs=0.2)
    assert [getattr(point, kind) for point in only.track].count(True) == 1
    assert only.landfall.corrected == corrected


def test_enough_members_that_cross_are_shown_as_landfall() -> None:
    """Rule 9: P(crossing) of 0.30 and more, though the reference passes by; its time is the reference's."""
    by = replace(OVER, lat=12.8)
    two = event(cycle({"21W": every(by, m1=OVER, m2=OVER)}))
    assert (two.landfall.approach, two.landfall.probability, two.landfall.corrected) == ("passes", 0.2, True)
    three = event(cycle({"21W": every(by, m1=OVER, m2=OVER, m3=OVER)}))
    assert (three.landfall.approach, three.landfall.probability, three.landfall.corrected) == ("close-pass", 0.3, False)
    assert [point.landfall for point in three.track].count(True) == 1
    assert "P(landfall) 30 % of the ensemble" in " ".join(cycle({"21W": every(by, m1=OVER, m2=OVER, m3=OVER)}).notes)


def test_nearest_at_the_last_point_is_not_yet() -> None:
    """Rule 10: the portal then says that landfall cannot be determined yet; that needs no correction."""
    only = event(cycle({"21W": every(replace(OVER, to_h=18))}))  # ends at 126.4 E, 44 km off East
    assert only.landfall.approach == "not-yet"
    assert [point.closest for point in only.track] == [False, False, False, True]
    assert not only.landfall.corrected


def test_t2_the_track_is_in_whole_kmh_with_ten_minute_classes() -> None:
    """T2, rule 10: km/h, not m/s; 6-hourly and the point of landfall; classes by PAGASA's 10-minute bounds."""
    only = event(cycle({"21W": every(replace(OVER, wind=25, pressure=1005))}))
    assert {(point.wind_kmh, point.category) for point in only.track} == {(90, "STS")}
    assert all(isinstance(point.wind_kmh, int) for point in only.track)
    hours = [(point.moment - FIRST).total_seconds() / 3600 for point in only.track]
    assert hours[:6] == [0, 6, 12, 18, 20, 24]
    assert hours[-1] == 60
    assert [point.landfall for point in only.track].index(True) == 4


@pytest.mark.parametrize(
    ("kmh", "category"),
    [(0, "TD"), (61, "TD"), (62, "TS"), (88, "TS"), (89, "STS"), (117, "STS"), (118, "TY"), (184, "TY"), (185, "STY")],
)
def test_categories(kmh: int, category: str) -> None:
    from ibf_pipeline.hazards.typhoon.track_points import category_of

    assert category_of(kmh) == category


def test_rain_is_given_or_left_out_and_never_0() -> None:
    """Rule 14: the indicators' order; without a source nothing is sent."""
    wet = cycle({"21W": every(OVER)}, rain=dict.fromkeys(layers().areas, 0.0) | {"E1": 212.34})
    assert wet.indicators == (HOUSES, PEOPLE, WITHIN_50KM, WINDSPEED, RAINFALL, SHOWN)
    assert [area.further[RAINFALL] for area in event(wet).areas] == [212.3, 0, 0, 0]
    dry = cycle({"21W": every(OVER)})
    assert all(RAINFALL not in area.further for area in event(dry).areas)
    assert any("rainfall is left out" in words for words in dry.not_seen)
    partly = cycle({"21W": every(OVER)}, rain={"E1": 212.34})
    assert RAINFALL not in partly.indicators
    assert "rainfall is left out: 5 areas have none, E2 among them" in partly.not_seen


def test_only_event_areas_have_severity_and_only_theirs_are_triggers() -> None:
    """Rules 6 and 7: others with any wind are sent with 0."""
    weaker = replace(OVER, to_h=30)  # ends before West
    areas = {area.place_code: area for area in event(cycle({"21W": every(weaker, m1=replace(OVER, lat=13))})).areas}
    assert {code for code, area in areas.items() if area.trigger} == {"E1", "E2"}
    assert areas["E1"].further[SHOWN] == 1
    assert areas["W2"].alerted
    assert not areas["W2"].trigger


def test_t11_damage_without_a_calibration_never_triggers() -> None:
    """T11, rule 7: however many houses; with one it does."""
    damage = replace_measure(calibrated=False)
    warning = event(cycle({"21W": every(OVER)}, triggers=[damage]))
    assert (warning.trigger, warning.triggers[0].met, warning.triggers[0].counts) == (False, True, False)
    assert marks(warning) == {20: "w", 50: "w"}
    assert event(cycle({"21W": every(OVER)}, triggers=[replace_measure(calibrated=True)])).trigger


def replace_measure(*, calibrated: bool) -> dict[str, object]:
    wanted: dict[str, object] = {"scope": "country", "measure": "houses_damaged", "amount": 100, "probability": 0.5}
    return wanted | ({"calibration": {"storms": 5, "hits": 4, "date": "2026-01-01"}} if calibrated else {})


def test_no_cyclone_at_all() -> None:
    """Rule 13: nothing is an event; zeros are the target's."""
    nothing = tracks({"21W": every(OVER)}).isel(storm=[])
    from ibf_pipeline.hazards.typhoon.cycle import Cycle, find

    found = find(Cycle(nothing), layers(), country(triggers=[STRONG]), FIRST)
    assert (found.events, found.storms, found.headline) == ((), (), "no alert")


def test_an_exercise_is_told_from_a_real_storm() -> None:
    found = cycle({"21W CHANTHU": every(OVER)}, exercise=True)
    assert event(found).name == "EXERCISE Kiko (CHANTHU)"
    assert found.exercise
