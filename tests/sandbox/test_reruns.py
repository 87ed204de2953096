"""Running again on the same day, and out of order (each recipe was tested on a running IBF API 0.335)."""

from __future__ import annotations

from tests.worlds.services.portal import Portal

DAY, LATER, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-10T00:00:01Z", "2026-11-11T00:00:00Z"


def test_the_same_run_repeated_is_idempotent_but_mails_again(portal: Portal) -> None:
    for _ in range(2):
        portal.event("G1", [1, 2], DAY)
        portal.process()
        first = portal.shown(), len(portal.log())
    assert first == ({"G1": ("trigger", "4-day", "4-day", "2026-11-10")}, 2)
    assert portal.mails() == [("G1",), ("G1",)]


def test_repeating_without_notifications_keeps_quiet(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.event("G1", [1], DAY)
    portal.process(mail=False)
    assert len(portal.mails()) == 1


def test_a_vanished_event_stays_and_is_stamped_with_the_new_time(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.event("G2", [2], LATER)
    portal.process()
    ends = {e["eventName"]: e["endDate"] for e in portal.events()}
    assert ends == {"G1": "2026-11-10T00:00:01.000Z", "G2": "2026-11-10T00:00:01.000Z"}


def test_the_empty_list_wipe_closes_it_and_leaves_a_clean_map(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.wipe(LATER)
    portal.event("G2", [2], LATER)
    portal.process()
    assert set(portal.levels()) == {"G2"}
    assert [p["name"] for p in portal.polygons()] == ["G2"]


def test_zeros_under_its_own_name_close_it_too(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.event("G1", [1], LATER, alert="no", people=0, flags="--------")
    portal.event("G2", [2], LATER)
    portal.process()
    assert set(portal.levels()) == {"G2"}
    assert [p["name"] for p in portal.polygons()] == ["G2"]


def test_null_zeros_as_wipe_leave_a_ghost_and_delete_1_day_flags(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.zeros(LATER)
    portal.event("G2", [2], LATER, lead_time="2-day", flags="-wTTTTTT")
    portal.process()
    assert set(portal.levels()) == {"G2"}
    assert {(p.get("name"), p["alertLevel"]) for p in portal.polygons()} == {("G2", "trigger"), (None, "trigger")}
    assert "1-day" not in portal.alerts("G2")
    assert portal.shown()["G2"][1] == "2-day"


def test_wipe_and_new_events_with_the_same_date_leave_the_old_one_open(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.wipe(DAY)
    portal.event("G2", [2], DAY)
    portal.process()
    assert set(portal.levels()) == {"G1", "G2"}


def test_the_wipe_as_a_daily_routine_is_harmless(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.wipe(NEXT_DAY)
    portal.event("G1", [1], NEXT_DAY, lead_time="3-day")
    portal.process()
    assert portal.shown() == {"G1": ("trigger", "3-day", "3-day", "2026-11-10")}


def test_a_run_that_dies_after_the_wipe_falls_back_to_the_previous_upload(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.event("G1", [1], NEXT_DAY, lead_time="3-day")
    portal.wipe("2026-11-11T00:00:01Z")
    assert portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()["timestamp"] == "2026-11-10T00:00:00.000Z"
    assert portal.shown() == {"G1": ("trigger", "4-day", "4-day", "2026-11-10")}


def test_wipe_only_keeps_yesterday_active_and_mails_again(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.wipe(NEXT_DAY)
    portal.process()
    assert portal.levels() == {"G1": "trigger"}
    assert portal.mails() == [("G1",), ("G1",)]


def test_no_alert_at_a_later_date_closes_everything(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.zeros(LATER)
    portal.process()
    assert portal.events() == []
    assert portal.open_areas() == set()
    assert len(portal.mails()) == 1


def test_no_alert_at_the_same_date_leaves_a_trigger_and_mails(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="1-day")
    portal.process()
    portal.zeros(DAY)
    portal.process()
    assert portal.shown() == {"G1": ("trigger", "2-day", "2-day", "2026-11-10")}  # even its lead time shifts
    assert portal.mails() == [("G1",), ("G1",)]


def test_an_older_date_with_another_event_is_ignored(portal: Portal) -> None:
    portal.event("G1", [1], NEXT_DAY)
    portal.process()
    portal.event("G2", [2], DAY)
    portal.process()
    assert set(portal.levels()) == {"G1"}


def test_an_older_date_with_the_same_event_rewrites_history(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    portal.event("G1", [1], NEXT_DAY, lead_time="3-day")
    portal.process()
    portal.event("G1", [1], DAY, alert="min", lead_time="5-day")
    portal.process()
    assert portal.shown()["G1"][:2] == ("warning-low", "5-day")
    assert portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()["date"] == "2026-11-10T00:00:00.000Z"


def test_back_dated_days_in_order_work(portal: Portal) -> None:
    for day, lead_time in ((3, "5-day"), (4, "4-day"), (5, "3-day")):
        portal.event("G1", [1], f"2020-01-0{day}T00:00:00Z", lead_time=lead_time)
        portal.process()
    assert portal.shown() == {"G1": ("trigger", "3-day", "3-day", "2020-01-03")}
    assert len(portal.mails()) == 3
