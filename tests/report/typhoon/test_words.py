"""What a report of typhoon says, and what it says of changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.local_time import clock_text
from ibf_pipeline.hazards.typhoon.notes import notes_of
from ibf_pipeline.hazards.typhoon.wording import action_text, approach_text, left_text
from ibf_pipeline.report.builder import make_report
from ibf_pipeline.report.headline import cautions, headline
from ibf_pipeline.report.hourly_report import decides, next_update
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.report.table_files import of_run
from ibf_pipeline.report.tables import event_rows, summary
from ibf_pipeline.report.typhoon import words
from ibf_pipeline.report.typhoon.content import TyphoonReport
from ibf_pipeline.report.typhoon.run_data import TyphoonRunData
from ibf_pipeline.report.typhoon.tables import short_tables, typhoon_tables
from ibf_pipeline.report.typhoon.track_lines import parts_of
from ibf_pipeline.report.typhoon.track_shift import direction, shift_text, track_position
from ibf_pipeline.targets.notice import intro
from tests.worlds.typhoon_pages import (
    BATANES,
    CAGAYAN,
    LANDFALL,
    MET,
    MISSING,
    TRACK,
    at,
    considered,
    flags,
    found,
    members_along,
    spread,
    storm,
    tracks,
    warning,
)

WIND_ONLY = "wind only: no storm surge, flood or landslide"
MAILS = (
    "Clock times in the portal's mails are too late, those of triggers and all after the first of a mail; those here "
    "are right (PST)."
)
UNSEEN = warning(storm="2021-70W", identifier="70W", international_name="70W", name="70W", members_with_storm=2)


def test_each_storm_says_when_it_is_at_land_for_whom_and_where():
    """Landfall 21 hours after the cycle; published 8 hours after it: 13 are left. 08:00 PST is 00 UTC."""
    assert headline(found(storm(), warning())) == (
        "Philippines, cycle of Fri 2021-09-10 00 UTC (08:00 PST): trigger detected by the forecast for 1 storm, a "
        "warning for 1 more. Kiko (CHANTHU): trigger, direct hit or close pass: nearest Sat 2021-09-11 05:00 PST, in "
        "13 hours, 1 km from land; 21,000 people in winds of 89 km/h (10-minute mean) or more, in Batanes and Cagayan. "
        "Lannie (22W): warning, nearest at the end of the forecast, Tue 2021-09-14 02:00 PST, in 82 hours, 210 km from "
        "land: a landfall cannot be told yet; 800 people in winds of 89 km/h (10-minute mean) or more, in Isabela."
    )


def test_wind_only_is_on_every_page_table_picture_and_notice():
    cycle = found(storm())
    sentence = "Wind only: no storm surge, flood or landslide."
    assert cautions(cycle) == [MAILS, sentence]
    assert cautions(found()) == [sentence]
    assert f"> **Mind:** {sentence}" in summary(cycle, (), None, (), None)
    assert WIND_ONLY in intro(cycle)
    assert all(row["covers"] == WIND_ONLY for table in typhoon_tables(cycle, None) for row in table.rows)
    assert of_run(found())["covers"] == WIND_ONLY
    assert words.event_words(cycle, storm()).footer[0] == sentence


def test_no_event_names_what_was_considered_and_why_it_is_none():
    gone = replace(considered(storm()), in_cycle=False)
    quiet = found(storms=(considered(UNSEEN, "no area reaches the limit"), gone))
    assert headline(quiet) == (
        "Philippines, cycle of Fri 2021-09-10 00 UTC (08:00 PST): no typhoon alert until Fri 2021-09-17 08:00 PST; "
        "missing from this cycle, which is no all clear: Kiko (CHANTHU); considered: 70W."
    )
    assert words.considered_text(quiet) == ["70W, in 2 of 52 members: no area reaches the limit."]
    assert cautions(quiet)[0] == "1 storm has no usable forecast, which is no all clear: Kiko (CHANTHU)."
    assert words.considered_text(found(storms=(replace(gone, note="two cycles without it"),))) == [
        "Kiko (CHANTHU), not in this cycle's tracks: two cycles without it."
    ]
    assert decides(quiet) == ""
    assert next_update(quiet, quiet.zone, "cycle") == (
        "The next update is that of the cycle of 06 UTC, not before Fri 2021-09-10 22:00 PST."
    )


@pytest.mark.parametrize(
    ("approach", "km", "said"),
    [
        ("landfall", 0, "direct hit or close pass: landfall Sat 2021-09-11 05:00 PST, in 13 hours"),
        ("close-pass", 0.9, "direct hit or close pass: nearest Sat 2021-09-11 05:00 PST, in 13 hours, 1 km from land"),
        ("passes", 220, "passes by: nearest Sat 2021-09-11 05:00 PST, in 13 hours, 220 km from land"),
        (
            "not-yet",
            210,
            "nearest at the end of the forecast, Sat 2021-09-11 05:00 PST, in 13 hours, 210 km from land: a landfall "
            "cannot be told yet",
        ),
    ],
)
def test_rule_9_in_words(approach, km, said):
    cycle = found(event := storm(landfall=replace(LANDFALL, approach=approach, reference_km=km)))
    assert approach_text(event, cycle.published, cycle.zone) == said


def test_hours_left_are_rounded_down():
    assert [left_text(at(hour), at(8)) for hour in (21, 9.9, 8.5, 8, 7.5, 7, 2)] == [
        "in 13 hours", "in 1 hour", "within the hour", "just now", "just now", "1 hour ago", "6 hours ago",
    ]  # fmt: skip


def test_facts_of_a_storm():
    """Published 08 UTC: the last point before is that of 06 UTC. 17 of 52 members cross: 32.7 %."""
    cycle = found(event := storm(shift_km=45.2, shift_h=3.4))
    assert words.facts(cycle, event, None) == [
        "Now, by the forecast: typhoon, 166 km/h (10-minute mean).",
        "At its close pass: typhoon, 183 km/h (10-minute mean), Sat 2021-09-11 05:00 PST.",
        "P(landfall) 32.7 % of the ensemble, first crossing Fri 2021-09-10 19:48 PST to Sat 2021-09-11 14:42 PST (10 "
        "to 90 %), middle Sat 2021-09-11 06:36 PST. Reference: high-resolution run.",
        "21,000 people in winds of 89 km/h (10-minute mean) or more, in Batanes and Cagayan (mean over the members).",
        "Damage to houses, low to high: 15 to 1,766; the share of value that wind takes, by a weak and a strong "
        "published curve, mean over the members; not a number of destroyed houses.",
        "Its track has shifted 45 km since the last run, and is there 3 hours later.",
        "52 of 52 members have the storm.",
        "In the portal at 21-hour, counted from the cycle: trigger at 21 hours.",
    ]
    few = storm(members_with_storm=2)
    assert "2 of 52 members have the storm: few, and every chance here counts the others as no." in words.facts(
        found(few), few, None
    )


def test_action_ends_with_gale_and_not_with_the_centre():
    """Batanes: a tenth of the members have gale from 09 UTC, 12 hours before the centre is at land at 21 UTC."""
    cycle = found(event := storm())
    assert action_text(event, cycle.published, cycle.zone) == (
        "Work outdoors ends with gale (34 kt, 63 km/h, 10-minute mean), not with the centre: first in Batanes, from "
        "Fri 2021-09-10 17:00 PST, in 1 hour, 12 hours before the centre is at land."
    )
    assert action_text(event, at(10), cycle.zone).endswith(
        "it may have begun in Batanes, expected there from Fri 2021-09-10 17:00 PST."
    )
    few = replace(CAGAYAN, gale_onset=spread(2, 3, 4, 0.2))
    assert "first in Batanes" in action_text(storm(provinces=(few, BATANES)), at(0), cycle.zone), (
        "few members reach far"
    )
    assert "first in Cagayan (20 % of the members), from" in action_text(storm(provinces=(few,)), at(0), cycle.zone)
    passed = storm(provinces=(replace(BATANES, passed=True), CAGAYAN))
    assert "first in Cagayan, from Fri 2021-09-10 18:00 PST" in action_text(passed, at(8), cycle.zone)
    assert action_text(storm(provinces=()), at(8), cycle.zone) == ""


def test_what_is_gone_and_what_is_ahead_are_told_apart():
    """Published 08 UTC, 2 hours after the landfall of 06 UTC; the portal has a warning at 60 hours too."""
    begun = storm(lead_time=0, flags=flags((0, "T"), (60, "w")), landfall=replace(LANDFALL, reference_at=at(0)))
    cycle = found(begun)
    ahead = "a further landfall or close pass is ahead: Sun 2021-09-12 20:00 PST, in 52 hours, 60-hour in the portal"
    assert f"{ahead.capitalize()[0]}{ahead[1:]}." in words.states(cycle, begun)
    assert f"Kiko (CHANTHU): {ahead}" in list(notes_of(cycle))
    crossing = next(line for line in words.facts(cycle, begun, None) if line.startswith("P("))
    assert crossing.startswith("P(landfall from this cycle on) 32.7 % of the ensemble")
    passed = storm(state="passed", ends_at=at(72), triggers=(replace(MET, met=False, reason="kept where it passed"),))
    told = " ".join(notes_of(found(passed)))
    assert "P(landfall" not in told
    assert "met before the storm passed: 50 % of members" in told
    assert words.triggers(cycle, passed) == [
        "Met before the storm passed: at least 185 km/h in Luzon; now 57.7 % of members in Cagayan Valley; kept where "
        "it passed; still a trigger for 1 area."
    ]
    assert len(words.event_words(cycle, passed).begins) < 60, "a picture's line has room for it"


def test_a_storm_that_is_still_to_form_is_not_there_now():
    """The track begins 66 hours after the cycle and ends 210 km from land, where no centre is at land."""
    cycle = found(event := warning())
    assert words.facts(cycle, event, None)[0] == (
        "Not there yet; its track begins Mon 2021-09-13 02:00 PST: tropical depression, 55 km/h (10-minute mean)."
    )
    assert action_text(event, cycle.published, cycle.zone).endswith("10 hours before the centre is nearest to land.")


def test_the_notes_say_what_is_missing_and_until_when():
    told = list(notes_of(found(storm())))
    assert (
        "Kiko (CHANTHU): not met: 3 areas, mean over the members; now 1 area in Batanes; it can be met until Sat "
        "2021-09-11 02:00 PST, in 10 hours" in told
    )
    assert any("met and makes no trigger: 60 % of members with at least 80,000 houses" in line for line in told)


def test_triggers_met_missing_and_those_that_do_not_count():
    """The deadline is 18 hours after the cycle, 10 after publication."""
    cycle = found(event := storm())
    assert words.triggers(cycle, event) == [
        "Met: at least 185 km/h in Luzon: 57.7 % of members in Cagayan Valley; a trigger for 1 area.",
        "Met and makes no trigger: at least 80,000 houses damaged: 61.5 % of members; damage has no calibration.",
        "Not met: 3 areas with 10 % damage in a province; now 1 area in Batanes; "
        "it can be met until Sat 2021-09-11 02:00 PST, in 10 hours.",
    ]
    late = storm(triggers=(replace(MISSING, deadline=at(7), reason="too late"),))
    assert words.triggers(cycle, late)[0].endswith("too late; its deadline has passed, Fri 2021-09-10 15:00 PST.")
    open_ended = storm(triggers=(replace(MISSING, deadline=None),) * 2)
    (said,) = words.triggers(cycle, open_ended)[2:]
    assert said.startswith("A rule without a deadline can be met up to its close pass, Sat 2021-09-11 05:00 PST, in 13")
    assert len(words.triggers(replace(cycle, published=at(21)), open_ended)) == 2


def test_states_in_words():
    cycle = found(last_step_h=144)
    carried = words.states(cycle, warning(state="carried"))
    assert "Beyond the last step of this cycle (144 hours): its numbers are those of the last long one." in carried
    assert "It has no name yet: 22W is its number, and its alert is renamed with it." in carried
    passed = storm(state="passed", ends_at=at(72))
    assert words.states(cycle, passed) == [
        "The storm has passed: its areas keep what they had until Mon 2021-09-13 08:00 PST."
    ]
    assert words.facts(cycle, passed, None)[0] == "Last seen: typhoon, 166 km/h (10-minute mean)."
    assert not any("have the storm" in line or "P(landfall)" in line for line in words.facts(cycle, passed, None))
    assert words.begins(cycle, passed) == "has passed, its areas keep their numbers until Mon 2021-09-13 08:00 PST"
    inside = words.states(cycle, storm(provinces=(replace(BATANES, passed=True), CAGAYAN), renamed_from="21W"))
    assert inside[1:] == [
        "Passed already, with the numbers of then: Batanes.",
        "Called 21W on the portal until now: the same storm.",
    ]


def test_storms_that_share_areas_are_a_caution_once():
    both = found(storm(shared_with=("Lannie (22W)",)), warning(shared_with=("Kiko (CHANTHU)",)))
    said = "Kiko (CHANTHU) and Lannie (22W) share areas: the portal's maps mix them up, and lists and mails are right."
    assert cautions(both).count(said) == 1
    assert said in words.states(both, both.events[1])


def test_the_portals_wrong_sentence_is_corrected():
    landfall = replace(LANDFALL, approach="passes", reference_km=40, corrected=True)
    assert cautions(found(storm(landfall=landfall)))[0] == (
        "Kiko (CHANTHU): the portal says that it is not predicted to make landfall: that is the high-resolution run "
        "alone; the centre comes within 50 km of somebody's municipality in up to 52 % of the members, and 32.7 % of "
        "them cross land."
    )


def test_withdrawn_and_exercise():
    cycle = replace(found(withdrawn=(storm(),)), exercise=True)
    assert headline(cycle).endswith("1 alert was withdrawn by an operator, please do not act on it: Kiko (CHANTHU).")
    withdrawn = make_report(cycle, None, {}, (), TyphoonRunData()).withdrawn[0]
    assert (withdrawn.name, withdrawn.words, withdrawn.winds) == ("Kiko (CHANTHU)", "trigger", None)
    assert cautions(cycle)[0] == "This is an exercise: the forecast was made up, no typhoon is expected."


def test_where_the_track_went():
    """Before, the centre was half a degree south and a degree east of 19.5 N 122.0 E at the same hour: it is now 56 km
    to the north and 105 km to the west."""
    before = storm(track=tuple(replace(p, lat=p.lat - 0.5, lon=p.lon + 1) for p in TRACK))
    assert direction(storm(), before) == "north-west"
    assert direction(storm(), storm(track=TRACK[:3])) == ""
    assert shift_text(storm(shift_km=118, shift_h=-0.6), before) == (
        "its track has shifted 118 km to the north-west since the last run, and is there 1 hour earlier"
    )
    assert shift_text(storm(shift_km=4, shift_h=0.2), before) == (
        "its track is where the last run had it, at the same hour"
    )
    assert shift_text(storm(), before) == ""


def test_tracks_across_180_degrees():
    """From 179 E to 179 W, half way at 180: a line on each side of it, and no line around the earth."""
    east, west = (replace(TRACK[2], moment=at(h), lat=lat, lon=lon) for h, lat, lon in ((0, -16, 179), (6, -17, -179)))
    assert parts_of((east, west)) == (((179, -16), (180, -16.5)), ((-180, -16.5), (-179, -17)))
    assert parts_of((west, east)) == (((-179, -17), (-180, -16.5)), ((180, -16.5), (179, -16)))
    assert track_position((east, west), at(4.5)) == (-179.5, -16.75)
    assert parts_of((east,)) == ()


def test_changes_say_class_hours_track_wind_houses_and_provinces():
    """6 hours earlier, with 21 hours left where 13 are left now."""
    earlier = IssueTime.parse("2021-09-09T18")
    old = storm(
        name="21W", trigger=False, people=1000, category="TY", peak_kmh=170, provinces=(BATANES,), houses_low=1,
        houses_high=100, flags=flags((27, "w")), lead_time=27,
    )  # fmt: skip
    before = replace(found(old, warning()), issue_time=earlier, cycle=at(-6), published=at(0))
    today = found(
        storm(renamed_from="21W", shift_km=45, shift_h=0), storms=(considered(warning(), "it has turned away"),)
    )
    assert {change.name: (change.kind, change.why) for change in compare_runs(before, today)} == {
        "Kiko (CHANTHU)": (
            "escalated",
            "Warning before, trigger now. 21,000 people affected, 1,000 before. It was called 21W before. 13 hours are "
            "left, 21 before. Its track has shifted 45 km to the north since the last run, and is there at the same "
            "hour. Its strongest wind ahead is that of a super typhoon, 187 km/h (10-minute mean), that of a typhoon, "
            "170 km/h (10-minute mean) before. Houses damaged, low to high: 15 to 1,766, 1 to 100 before. Provinces: "
            "Cagayan new.",
        ),
        "Lannie (22W)": ("ended", "Warning before; now no alert. It has turned away."),
    }


def test_a_landfall_that_moves_by_minutes_has_not_moved():
    """Crossings fall between whole hours: 10 minutes earlier is no hour earlier, 50 minutes later is one later."""
    old = found(storm())
    sooner, later = (
        storm(landfall=replace(LANDFALL, reference_at=LANDFALL.reference_at + timedelta(minutes=minutes)))
        for minutes in (-10, 50)
    )
    assert compare_runs(old, found(sooner)) == ()
    assert [(change.kind, change.moved) for change in compare_runs(old, found(later))] == [("moved", 1)]


def test_tables_for_spreadsheets_and_maps():
    cycle = found(storm(), warning())
    tables = {table.name: table for table in typhoon_tables(cycle, None)}
    assert {name: len(table.rows) for name, table in tables.items()} == {
        "provinces": 3, "winds": 1, "track_points": 13, "tracks": 2, "triggers": 4, "storms": 2,
    }  # fmt: skip
    batanes = tables["provinces"].rows[0]
    assert (batanes["gale_10_percent"], batanes["centre_90_percent"], batanes["centre_share"]) == (
        "2021-09-10T09:00:00+00:00", "2021-09-11T06:00:00+00:00", 0.9,
    )  # fmt: skip
    assert tables["tracks"].geometries[1] == {
        "type": "MultiLineString", "coordinates": [[[127.6, 14.0], [126.0, 14.6], [124.2, 15.5]]],
    }  # fmt: skip
    assert tables["track_points"].rows[6]["closest_to_land"] is True
    provinces, judged = short_tables(cycle)
    assert provinces.rows[1]["gale from (10 to 90 %)"] == "Fri 2021-09-10 18:00 PST to Sat 2021-09-11 04:00 PST"
    assert provinces.rows[2]["centre nearest (10 to 90 %)"] is None
    assert [row["met"] for row in judged.rows] == ["yes", "met, and does not count", "no", "no"]
    assert event_rows(cycle)[0]["hours 0-168"] == "T 21"


def test_the_report_has_only_members_of_this_cycle():
    """A storm that is carried from the last long cycle has none in this one's file."""
    kept = TyphoonRunData(tracks({"21W": ("CHANTHU", members_along(storm(), (1, 2))), "22W": ("22W", {})}))
    cycle = found(storm(), warning(state="carried"))
    assert kept.members_of(storm()).sizes["member"] == 2
    report = make_report(cycle, None, {}, (), kept)
    assert isinstance(report, TyphoonReport)
    assert [(part.name, part.winds is None) for part in report.events] == [
        ("Kiko (CHANTHU)", False), ("Lannie (22W)", True),
    ]  # fmt: skip
    assert report.going_on == ()
    again = make_report(cycle, cycle, {}, (), TyphoonRunData(before=cycle))
    assert again.going_on[0].endswith("1 km from land; 13 hours are left, 13 before")


def test_a_zone_without_a_name_is_told_by_its_offset() -> None:
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    assert clock_text(moment, ZoneInfo("Pacific/Fiji")) == "12:00 UTC+12"
    assert clock_text(moment, ZoneInfo("Asia/Manila")) == "08:00 PST"


def test_houses_that_nobody_counted_are_not_none() -> None:
    uncounted = storm(houses_low=None, houses_high=None)
    lines = words.facts(found(uncounted), uncounted, None)
    [line] = [each for each in lines if each.startswith("Damage to houses")]
    assert line.startswith("Damage to houses, low to high: not counted; the share of value")
