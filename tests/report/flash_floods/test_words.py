"""What a report of flash floods says, and what it says of changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.report.flash_floods import words
from ibf_pipeline.report.flash_floods.assets import reached_assets
from ibf_pipeline.report.headline import cautions, headline
from ibf_pipeline.report.hourly_report import decides, next_update
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.report.tables import event_rows
from ibf_pipeline.runs.flash_floods import KeptAsset
from tests.worlds.countries.two_valleys import at, block, found, layers, only, rain

EIGHTY = dict.fromkeys((9, 10, 11, 12), 20.5)
MAILS = "Clock times in the portal's mails are wrong from the second one of a mail on; those here are right (CAT)."


def test_country_block_and_local_times_lead_the_headline():
    block = found(rain({"A1": EIGHTY, "B1": {20: 30}}), late=4)
    assert headline(block) == (
        "Two Valleys, block of Sun 2026-02-15 06 UTC (08:00 CAT): trigger detected by the forecast in 1 district, a "
        "warning in 1 more. Alpha: trigger, starts Sun 2026-02-15 17:00 CAT, in 5 hours; 212 people may be affected in "
        "Area A1. Beta: warning, starts Mon 2026-02-16 04:00 CAT, in 16 hours; 60 people may be affected in Area B1."
    )
    assert cautions(block) == [MAILS]
    assert [row["time"] for row in event_rows(block)] == [
        "Sun 2026-02-15 17:00 CAT, 9-hour",
        "Mon 2026-02-16 04:00 CAT, 18-hour",
    ]


def test_a_quiet_block_says_until_when_and_warns_of_no_mails():
    quiet = found(rain({}))
    assert headline(quiet) == (
        "Two Valleys, block of Sun 2026-02-15 06 UTC (08:00 CAT): no flash flood alert until Tue 2026-02-17 08:00 CAT."
    )
    assert cautions(quiet) == []
    assert decides(quiet) == ""
    assert next_update(quiet, quiet.zone, "block") == (
        "The next update is that of the block of 12 UTC, not before Sun 2026-02-15 18:00 CAT."
    )


def test_many_districts_are_shortened_with_their_number():
    one = found(rain({"A1": EIGHTY}))
    many = replace(one, events=tuple(replace(one.events[0], name=f"D{number}") for number in range(12)))
    said = headline(many)
    assert "D2: trigger" in said
    assert "D3: trigger" not in said
    assert said.endswith("9 further triggers: D3, D4, D5, D6, D7 and 4 more, with 1,908 people.")


def test_numbers_of_people_that_are_not_known():
    one = found(rain({"A1": EIGHTY}))
    area = replace(only(one).areas[0], people_known=False)
    unknown = replace(one, events=(replace(only(one), areas=(area, *only(one).areas[1:])),))
    assert "; at least 212 people may be affected in Area A1." in headline(unknown)


def test_why_an_area_is_alerted_with_the_rain_that_is_due():
    """20.5 mm an hour in hours 9 to 12; at 16:30 UTC the first two of them are over, and nobody measured them."""
    event = only(block := found(rain({"A1": EIGHTY}), late=10.5))
    assert words.why(block, event) == [
        "Area A1: 82 mm in 4 hours from 16:00 CAT, nearest scenario 80mm_4hr, rank 7; 212 people in A1; limit 20; "
        "41 mm of it are due by now, none of it was measured, 41 mm are forecast.",
        "The limit is passed first at Sun 2026-02-15 17:00 CAT, in Area A1, by the rain of 1 hour.",
    ]
    assert words.sure(block, event) == "One run of the forecast: it has no probability."


def test_rain_that_was_measured_has_fallen():
    block = found(rain({"A1": {-1: 20.5, 0: 20.5, 1: 20.5, 2: 20.5}}))
    assert words.why(block, only(block))[0].endswith("; 41 mm of it have fallen, 41 mm are forecast.")


def test_shares_of_members_are_called_uncalibrated():
    block = found(rain([{"A1": EIGHTY}, {"A1": EIGHTY}, {}]))
    assert words.sure(block, only(block)) == (
        "66.7 % of 3 members exceed by its start; a trigger needs 50 %. These shares are uncalibrated."
    )
    assert words.rule_text(block)[-1] == (
        "Of the members 50 % make a trigger and 30 % a warning; both are uncalibrated."
    )


def test_a_tail_says_until_when_and_hides_nothing_new():
    first = found(rain({"A1": {-1: 30}}, block(0), observed_to=0))
    second = found(rain({"A1": {30: 30}}, block(1)), first)
    event = only(second)
    assert event.state == "tail"
    assert words.states(second, event) == [
        "Shown at 0-hour until Fri 2026-02-20 08:00 CAT, longer if the limit is passed again; the limit was last "
        "passed Sun 2026-02-15 08:00 CAT. Its numbers are the larger ones of then and now.",
        "Further ahead: warning from Mon 2026-02-16 20:00 CAT (24-hour), 60 people.",
    ]
    assert "shown at 0-hour until Fri 2026-02-20 08:00 CAT" in headline(second)
    assert headline(second).endswith("; further ahead a warning from Mon 2026-02-16 20:00 CAT.")
    assert words.marks(second, event) == "In the portal at 0-hour: trigger at 0 hours, warning at 24 hours."


def test_an_alert_that_nothing_takes_back_says_so():
    first = found(rain({"A1": {6: 30}}, block(0), observed_to=-6))
    second = found(rain({}, block(1), observed_to=-6), first)
    assert only(second).state == "kept"
    assert words.states(second, only(second))[0].startswith("An earlier block's alert that nothing takes back yet")
    assert words.why(second, only(second))[0].endswith("; forecast by an earlier block.")


def test_what_cannot_be_seen_is_kept_apart():
    old = RiverGauge("G2", "Old", {at(-20): 1.0})
    block = found(rain({"A1": EIGHTY}, missing={"B1": range(-40, 49)}, step=3), gauges=[old])
    assert block.not_seen == (
        "sums of 1 hour are not resolved: rain ahead comes in steps of 3 hours; they may alert, and low ones mean "
        "nothing",
        "gauge Old is left out: its last level is 20 hours old",
    )
    assert cautions(block)[0] == "1 district has no usable forecast, which is no all clear: district Beta."
    assert words.blind_place_codes(block) == {"B1"}
    assert set(block.not_seen) < words.told_elsewhere(block)


def test_an_older_cycle_is_a_caution():
    cycle = datetime(2026, 2, 15, 0, tzinfo=UTC).isoformat()
    block = found(rain({"A1": EIGHTY}, cycle=cycle))
    assert cautions(block) == [
        "The forecast of rain is older than this block, of Sun 2026-02-15 02:00 CAT: it can alert and takes nothing "
        "back.",
        MAILS,
    ]


def test_who_decides():
    """Rule 16: a trigger within 12 hours is not held."""
    assert decides(found(rain({"A1": EIGHTY}))).startswith(
        "A trigger has begun or begins within 12 hours: its notification is not"
    )
    assert decides(found(rain({"A1": {20: 30}}))) == (
        "Its notification may be held for an operator's approval. Whether anything is activated is decided by people, "
        "not by this forecast."
    )


def test_lines_that_the_portal_goes_on_showing():
    first = found(rain({"A1": EIGHTY}))
    second = found(rain({}, block(1)), first)
    assert words.still_shown_lines(second) == [
        "The portal may go on showing earlier roads as exposed at 9-hour: none are exposed there now."
    ]


def test_exposed_assets_by_name_and_number():
    fids = tuple(str(number) for number in range(20))
    static = layers(assets={"schools": {("A1", "80mm_4hr"): fids}, "roads": {("A1", "80mm_4hr"): ("1", "2")}})
    event = only(found(rain({"A1": EIGHTY}), static=static))
    names = {("schools", fid): KeptAsset("schools", fid, f"School {fid}", 0, 0) for fid in fids[:18]}
    names["roads", "1"] = KeptAsset("roads", "1", "M1", 0, 0)
    said = [each.words for each in reached_assets(event, names)]
    assert said == [
        "20 schools: "
        + ", ".join(f"School {number}" for number in range(12))
        + " and 6 more; 2 of them without a name",
        "2 roads cut: M1; 1 of them without a name",
    ]
    assert [each.words for each in reached_assets(event, {})] == [
        "20 schools, without names",
        "2 roads cut, without names",
    ]


def test_changes_say_class_hours_people_areas_and_rain():
    before = found(rain({"A1": EIGHTY, "B1": {20: 30}}))
    now = found(rain({"A1": {3: 22, 4: 22, 5: 22, 6: 22}, "A2": {5: 20, 6: 35}}, block(1)), before, late=1)
    assert {change.event: (change.kind, change.moved, change.why) for change in compare_runs(before, now)} == {
        "Alpha": (
            "larger",
            0,
            "Trigger as before, larger. 242 people affected, 212 before. 2 hours are left, 9 before. Areas: Area A2 "
            "new. Area A1: 88 mm in 4 hours, 82 mm in 4 hours before.",
        ),
        "Beta": (
            "ended",
            0,
            "Warning before; now no alert. Before: 30 mm in 1 hour in Area B1.",
        ),
    }
    raised = compare_runs(found(rain({"A1": {18: 30}})), found(rain({"A1": {12: 30}}, block(1))))
    assert [(change.kind, change.why) for change in raised] == [
        ("escalated", "Warning before, trigger now. 12 hours are left, 18 before.")
    ]


def test_a_start_that_is_told_at_another_lead_time_has_not_moved():
    """30 and 24 hours ahead are both sent as 24-hour: the alert goes on as it was, the hour is the same."""
    before, now = found(rain({"A1": {30: 30}})), found(rain({"A1": {24: 30}}, block(1)))
    assert [only(each).lead_time for each in (before, now)] == [24, 24]
    assert compare_runs(before, now) == ()
    moved = compare_runs(before, found(rain({"A1": {26: 30}}, block(1))))
    assert [(change.kind, change.moved) for change in moved] == [("moved", 2)]


def test_what_has_begun_does_not_move():
    first = found(rain({"A1": {0: 30}}, block(0)))
    again = found(rain({"A1": {-3: 30}}, block(1)), first)
    assert only(again).starts > only(first).starts
    assert compare_runs(first, again) == ()


def test_numbers_behind_a_name_from_right_to_left_keep_their_place():
    name = "مقياس النيل"
    static = layers()
    areas = {**static.areas, "A1": replace(static.areas["A1"], name=name)}
    block = found(rain({"A1": EIGHTY}), static=replace(static, areas=areas))
    assert words.why(block, only(block))[0].startswith(f"\u2068{name}\u2069: 82 mm in 4 hours")


def test_nobody_expects_names_of_buildings():
    static = layers(assets={"buildings": {("A1", "80mm_4hr"): ("1", "2", "3")}})
    assert [each.words for each in reached_assets(only(found(rain({"A1": EIGHTY}), static=static)), {})] == [
        "3 buildings"
    ]


def test_one_hour_is_no_hours():
    result = found(rain({"A1": {1: 30}}))
    event = replace(only(result), flags=f"-T{'-' * 16}")
    assert words.marks(result, event) == "In the portal at 1-hour: trigger at 1 hour."
