"""What changed between two runs. The ensemble is counted by hand: of 51 members the rule needs ceil(0.6 * 51) = 31."""

from datetime import date

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.report.run_comparison import compare_runs
from tests.worlds.countries.square_country import square_config, square_day

SUNDAY, MONDAY, TUESDAY = date(2026, 2, 15), date(2026, 2, 16), date(2026, 2, 17)
FLOOD, MEDIUM, LOW = 350.0, 250.0, 150.0  # above the 5-, 2- and 1.5-year thresholds of 300, 200 and 100 m3/s
DISABLED = {"classes": {"rule": "disable"}}


def only(before, today):
    changes = compare_runs(before, today)
    assert len(changes) == 1, changes
    return changes[0]


def test_the_same_trigger_one_day_nearer_is_no_change():
    before = square_day(SUNDAY, {"S01": {4: (38, FLOOD), 5: (38, FLOOD)}})
    assert compare_runs(before, square_day(MONDAY, {"S01": {3: (35, FLOOD), 4: (40, FLOOD)}})) == ()


def test_days_gone_by_are_no_move():
    before = square_day(SUNDAY, {"S01": {0: (38, FLOOD), 1: (38, FLOOD)}})
    assert compare_runs(before, square_day(MONDAY, {"S01": {0: (38, FLOOD)}})) == ()


def test_new_alert_says_how_many_members_then_and_now():
    before = square_day(SUNDAY, {"S01": {4: (12, FLOOD)}})
    change = only(before, square_day(MONDAY, {"S01": {3: (38, FLOOD)}}))
    assert (change.kind, change.is_trigger, change.before, change.since) == ("new", True, None, SUNDAY)
    assert (change.evidence_before.above, change.evidence_after.above, change.evidence_after.needed) == (12, 38, 31)
    assert change.why == (
        "No alert in the run of Sun 2026-02-15. 38 of 51 members above the 5-year threshold (300 m³/s) on "
        "Thu 2026-02-19 (3-day); the rule needs 31 (60 %); the run of Sun 2026-02-15 had 12 of 51 members there."
    )


def test_first_run_has_new_alerts_and_nothing_to_compare_with():
    change = only(None, square_day(SUNDAY, {"S02": {1: (31, LOW)}}))
    assert (change.kind, change.since, change.before, change.evidence_before) == ("new", None, None, None)
    assert change.evidence_after.return_period == 1.5
    assert change.why.startswith("There is no earlier run to compare with.")


def test_warning_becomes_trigger():
    before = square_day(SUNDAY, {"S01": {4: (40, MEDIUM)}})
    change = only(before, square_day(MONDAY, {"S01": {3: (31, FLOOD)}}))
    assert (change.kind, change.before.alert_class, change.after.alert_class) == ("escalated", "med", "max")
    assert (change.evidence_before.above, change.evidence_after.above) == (0, 31)


def test_trigger_that_only_came_within_the_limit():
    before = square_day(SUNDAY, {"S01": {6: (38, FLOOD)}})
    change = only(before, square_day(MONDAY, {"S01": {5: (38, FLOOD)}}))
    assert change.kind == "escalated"
    assert "That day is now within the trigger lead time limit of 5 days." in change.why


def test_trigger_falls_to_a_warning():
    before = square_day(SUNDAY, {"S01": {3: (38, FLOOD)}})
    change = only(before, square_day(MONDAY, {"S01": {2: (30, FLOOD)}}))
    assert change.kind == "ended"  # 30 of 51 is one short of 31 for every class
    change = only(before, square_day(MONDAY, {"S01": {2: (51, MEDIUM)}}))
    assert (change.kind, change.evidence_before.above, change.evidence_after.above) == ("downgraded", 38, 0)


def test_lapsed_beyond_the_limit_as_warning_and_without_warnings():
    rises_before, rises_now = {"S01": {5: (38, FLOOD)}}, {"S01": {6: (40, FLOOD)}}
    change = only(square_day(SUNDAY, rises_before), square_day(MONDAY, rises_now))
    assert (change.kind, change.after.alert_class, change.other_after.lead_time) == ("lapsed", "med", 6)
    assert change.why == (  # first the day that had triggered, Friday, then where the flood is now
        "Trigger before; as high now only beyond the trigger lead time limit of 5 days: medium warning. "
        "0 of 51 members above the 5-year threshold (300 m³/s) on Fri 2026-02-20 (4-day); the rule needs 31 (60 %); "
        "the run of Sun 2026-02-15 had 38 of 51 members there. "
        "As high now: 40 of 51 members above the 5-year threshold (300 m³/s) on Sun 2026-02-22 (6-day); "
        "the rule needs 31 (60 %)."
    )
    config = square_config(**DISABLED)
    change = only(square_day(SUNDAY, rises_before, config=config), square_day(MONDAY, rises_now, config=config))
    assert (change.kind, change.after) == ("lapsed", None)
    assert "no alert, because the country's rule has no warnings" in change.why
    assert (change.evidence_before.above, change.evidence_after.above, change.other_after.above) == (38, 0, 40)


@pytest.mark.parametrize(("lead_time", "moved", "words"), [(4, 1, "1 day later"), (1, -2, "2 days earlier")])
def test_moved_in_time(lead_time, moved, words):
    before = square_day(SUNDAY, {"S01": {4: (38, FLOOD)}})  # Thursday, tomorrow 3-day
    change = only(before, square_day(MONDAY, {"S01": {lead_time: (38, FLOOD)}}))
    assert (change.kind, change.moved_days) == ("moved", moved)
    assert change.why.startswith(f"Trigger as before, {words}.")
    assert "the run of Sun 2026-02-15 had 0 of 51 members there" in change.why  # on the new day
    assert "0 of 51 members above the 5-year threshold (300 m³/s) on Thu 2026-02-19 (3-day)" in change.why
    assert change.why.endswith("the run of Sun 2026-02-15 had 38 of 51 members there.")  # on Thursday
    assert (change.evidence_after.above, change.other_before.above, change.other_after.above) == (38, 38, 0)


def test_a_new_wave_after_the_old_one_is_no_move():
    before = square_day(SUNDAY, {"S01": {0: (38, FLOOD)}})
    change = only(before, square_day(MONDAY, {"S01": {4: (35, FLOOD)}}))
    assert (change.kind, change.moved_days, change.before.day, change.after.day) == (
        "new", 0, SUNDAY, date(2026, 2, 20),
    )  # fmt: skip
    assert change.why.startswith("A trigger in the run of Sun 2026-02-15 is over; this one is for later days.")
    change = only(before, square_day(MONDAY, {"S01": {0: (35, FLOOD)}}))  # the same flood, a day longer
    assert (change.kind, change.moved_days) == ("moved", 1)


def test_a_flood_seven_times_larger_is_named():
    before = square_day(SUNDAY, {"S01": {3: (45, FLOOD)}})  # 5-year threshold, so the smallest map: 100 people
    after = square_day(MONDAY, {"S01": {2: (45, 950.0)}})  # above 900 m3/s, the 500-year one: 700 people
    change = only(before, after)
    assert (change.kind, change.before.people, change.after.people) == ("larger", 100, 700)
    assert change.why == (
        "Trigger as before, larger. Return period reached 5 years before, 500 years now; 700 people affected, "
        "100 before. 45 of 51 members above the 500-year threshold (900 m³/s) on Wed 2026-02-18 (2-day); the rule "
        "needs 31 (60 %); the run of Sun 2026-02-15 had 0 of 51 members there."
    )
    change = only(square_day(SUNDAY, {"S01": {3: (45, 950.0)}}), square_day(MONDAY, {"S01": {2: (45, FLOOD)}}))
    assert (change.kind, change.evidence_before.above, change.evidence_after.above) == ("smaller", 45, 0)
    change = only(before, square_day(MONDAY, {"S01": {2: (45, 450.0)}}))  # above the 10-year threshold of 400 m3/s
    assert (change.kind, change.after.people) == ("larger", 100)
    assert "5 years before, 10 years now; people affected as before, 100: the same flood map." in change.why


def test_what_a_person_took_back_is_named_and_not_called_ended():
    before = square_day(SUNDAY, {"S01": {4: (38, FLOOD)}})
    today = square_day(MONDAY, {"S01": {3: (38, FLOOD)}, "S02": {3: (38, FLOOD)}})
    changes = compare_runs(before, today.without({"S01", "S02"}))
    assert [(change.event, change.kind, change.after) for change in changes] == [
        ("S01", "withdrawn", None), ("S02", "withdrawn", None),
    ]  # fmt: skip
    assert changes[0].why.startswith("An operator took back the trigger of this day after it was published.")
    change = only(before.without({"S01"}), square_day(MONDAY, {"S01": {3: (38, FLOOD)}}))
    assert change.kind == "new"
    assert change.why.startswith(
        "An operator took back the alert of the run of Sun 2026-02-15; the forecast has one again."
    )
    assert compare_runs(before.without({"S01"}), square_day(MONDAY, {})) == ()
    assert compare_runs(before.without({"S01"}), square_day(MONDAY, {"S01": {3: (38, FLOOD)}}).without({"S01"})) == ()


def test_escalated_warning_tells_its_move_too():
    before = square_day(SUNDAY, {"S01": {4: (38, LOW)}})
    change = only(before, square_day(MONDAY, {"S01": {2: (38, MEDIUM)}}))
    assert (change.kind, change.moved_days) == ("escalated", -1)


def test_ended_while_ahead_and_ended_because_its_days_are_over():
    change = only(square_day(SUNDAY, {"S01": {3: (38, FLOOD)}}), square_day(MONDAY, {}))
    assert (change.kind, change.evidence_before.above, change.evidence_after.above) == ("ended", 38, 0)
    change = only(square_day(SUNDAY, {"S01": {0: (38, FLOOD)}}), square_day(MONDAY, {}))
    assert (change.kind, change.evidence_after) == ("ended", None)
    assert change.why.endswith("The days that it was for are over.")


def test_blind_station_is_never_an_all_clear():
    change = only(square_day(SUNDAY, {"S01": {3: (38, FLOOD)}}), square_day(MONDAY, {}, blind=["S01"]))
    assert (change.kind, change.after, change.evidence_after) == ("blind", None, None)
    assert "0 valid members on 0-day, 34 needed. That is no all clear." in change.why
    assert change.why.endswith("Before: " + change.evidence_before.text + ".")


def test_alert_after_a_blind_day_says_so():
    before = square_day(SUNDAY, {}, blind=["S01"])
    change = only(before, square_day(MONDAY, {"S01": {3: (38, FLOOD)}}))
    assert (change.kind, change.evidence_before) == ("new", None)
    assert change.why.startswith("The run of Sun 2026-02-15 could not see this station")


def test_a_changed_rule_is_named():
    before = square_day(SUNDAY, {"S01": {4: (38, FLOOD)}})
    stricter = square_config(
        classes={"rule": "disable"}, trigger={"return_period": 5.0, "probability": 0.8, "lead_time_limit": 5}
    )
    change = only(before, square_day(MONDAY, {"S01": {3: (38, FLOOD)}}, config=stricter))
    assert change.kind == "ended"
    assert (change.evidence_before.needed, change.evidence_after.needed) == (31, 41)
    assert "The country's rule was changed between the two runs." in change.why


def test_triggers_of_today_come_first():
    before = square_day(SUNDAY, {"S01": {4: (38, FLOOD)}})
    today = square_day(MONDAY, {"S02": {5: (38, LOW)}, "S03": {5: (38, FLOOD)}})
    assert [(c.event, c.kind) for c in compare_runs(before, today)] == [
        ("S03", "new"),
        ("S02", "new"),
        ("S01", "ended"),
    ]


def test_runs_days_apart_are_compared_on_calendar_days():
    before = square_day(SUNDAY, {"S01": {4: (38, FLOOD)}})
    assert compare_runs(before, square_day(TUESDAY, {"S01": {2: (38, FLOOD)}})) == ()


def test_a_later_run_or_another_country_is_refused():
    with pytest.raises(InputInvalid, match="is not an earlier run of"):
        compare_runs(square_day(MONDAY, {}), square_day(SUNDAY, {}))
    with pytest.raises(InputInvalid, match="is not an earlier run of"):
        compare_runs(square_day(SUNDAY, {}, config=square_config(iso3="XXA")), square_day(MONDAY, {}))
