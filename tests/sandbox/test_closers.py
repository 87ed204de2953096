"""events/process and the legacy closers around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Clock, Portal, new_portal

DAY, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"


def test_process_answers_200_and_nothing(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    answer = portal.process()
    assert (answer.status_code, answer.text) == (200, "")


def test_process_without_notifications_answers_with_the_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    body = portal.process(mail=False).json()
    assert list(body) == ["activeEvents"]
    assert body["activeEvents"]["email"].startswith("<!doctype html>")
    assert "G1" in body["activeEvents"]["email"]
    assert portal.mails() == []


def test_the_mail_is_absent_when_there_is_nothing_to_notify(portal: Portal) -> None:
    portal.zeros(DAY)
    assert portal.process(mail=False).json() == {"activeEvents": {}}


@pytest.mark.parametrize("word", ["1", "yes", "", "TRUE"])
def test_the_flag_must_be_true_or_false(portal: Portal, word: str) -> None:
    answer = portal.post("events/process", portal.place(), noNotifications=word)
    assert answer.status_code == 400


def test_the_date_of_the_body_is_ignored(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    assert portal.post("events/process", portal.place(date="1999-01-01")).status_code == 200
    assert portal.shown()["G1"][3] == "2026-11-10"


def test_unknown_country_and_unconfigured_disaster_are_server_errors(portal: Portal) -> None:
    error = {"statusCode": 500, "message": "Internal server error"}
    for body in ({"countryCodeISO3": "XXX", "disasterType": "floods"}, portal.place(disasterType="drought")):
        answer = portal.post("events/process", body)
        assert (answer.status_code, answer.json()) == (500, error)


def test_a_country_without_any_upload_is_harmless(portal: Portal) -> None:
    assert portal.process(mail=False).json() == {"activeEvents": {}}
    assert portal.process().text == ""
    assert portal.mails() == []


def test_step_3_no_alert_is_written_at_1_day_whatever_was_uploaded(portal: Portal) -> None:
    portal.zeros(DAY, lead_time="3-day")
    portal.process()
    assert portal.alerts() == {"date": "2026-11-10T00:00:00.000Z", "1-day": "0", "1-day-forecastTrigger": "0"}


def test_step_4_one_lead_time_is_always_written(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="3-day", flags="--------")
    portal.process()
    alerts = portal.alerts("G1")
    assert [alerts[f"{n}-day"] for n in range(8)] == list("00010000")
    assert alerts["3-day-forecastTrigger"] == "1"


def test_step_4_the_first_area_decides_on_that_flag(portal: Portal) -> None:
    """An event of trigger and warning areas, without its own flags: a trigger without trigger lead time."""
    first, second = portal.area(1), portal.area(2)
    portal.exposure("population_affected", "G1", {first: 1, second: 1}, date=DAY)
    portal.exposure("forecast_severity", "G1", {first: 1, second: 1}, date=DAY)
    portal.exposure("forecast_trigger", "G1", {first: 0, second: 1}, date=DAY)
    portal.process()
    assert portal.shown()["G1"][:3] == ("trigger", "4-day", None)


def test_step_5_closes_what_was_not_refreshed(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.event("G2", [2, 3], DAY)
    portal.process()
    portal.event("G2", [2], NEXT_DAY)
    portal.process()
    assert portal.open_areas() == {("G2", portal.area(2))}
    closed = {(e["eventName"], e["placeCode"]): e["endDate"] for e in portal.log() if e["closed"]}
    assert closed == {
        ("G1", portal.area(1)): "2026-11-10T00:00:00.000Z",
        ("G2", portal.area(3)): "2026-11-10T00:00:00.000Z",
    }


def test_close_events_runs_everything_but_the_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    answer = portal.post("event/close-events", portal.place(date=DAY))
    assert (answer.status_code, answer.text) == (201, "")
    assert portal.levels() == {"G1": "trigger"}
    assert portal.mails() == []


def test_notification_send_runs_everything_with_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    answer = portal.post("notification/send", portal.place(date=DAY))
    assert (answer.status_code, answer.text) == (201, "")
    assert portal.levels() == {"G1": "trigger"}
    assert portal.mails() == [("G1",)]


def test_notification_send_without_notifications(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    answer = portal.post("notification/send", portal.place(), noNotifications="true")
    assert answer.status_code == 201
    assert answer.json()["activeEvents"]["email"].startswith("<!doctype html>")
    assert portal.mails() == []


def test_notify_mails_and_processes_nothing(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    assert portal.post("events/notify", portal.place()).status_code == 201
    assert portal.events() == []
    assert portal.mails() == []
    portal.process(mail=False)
    portal.event("G2", [2], DAY)
    assert portal.post("events/notify", portal.place()).status_code == 201
    assert portal.mails() == [("G1",)]


@pytest.mark.parametrize(
    ("path", "status"), [("notification/send", 201), ("events/notify", 201), ("events/process", 403)]
)
def test_two_of_the_closers_have_no_guard(portal: Portal, path: str, status: int) -> None:
    del portal.session.headers["Authorization"]
    assert portal.post(path, portal.place()).status_code == status


def test_the_old_pair_gives_one_mail(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.post("event/close-events", portal.place())
    portal.post("notification/send", portal.place())
    assert portal.mails() == [("G1",)]


def test_process_and_send_give_two_identical_mails(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.post("notification/send", portal.place())
    first, second = portal.sandbox.mails(portal.iso3)
    assert (first.event_names, first.html, first.recipients) == (second.event_names, second.html, second.recipients)


def test_there_is_no_deduplication(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    for _ in range(3):
        portal.process()
    assert len(portal.mails()) == 3


def test_a_mail_lists_all_notifiable_events_and_counts_its_readers(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.event("G2", [2], DAY, alert="med", lead_time="6-day")
    portal.process()
    [mail] = portal.sandbox.mails(portal.iso3)
    assert mail.event_names == ("G1", "G2")
    assert mail.recipients == 5  # one user of each role, all registered for every country
    assert mail.moment == "2026-11-10T00:00:00.000Z"
    assert "G1" in mail.html
    assert "G2" in mail.html


def test_without_a_mail_server_the_notification_answers_503_after_everything_was_stored(tmp_path: Path) -> None:
    there = [False]
    with Sandbox(tmp_path, now=Clock(), takes_mail=lambda: there[0]) as sandbox:
        portal = new_portal(sandbox)
        portal.event("G1", [1], DAY)
        assert portal.process(mail=False).status_code == 200
        for path in ("events/process", "notification/send"):
            answer = portal.post(path, portal.place())
            assert (answer.status_code, answer.json()["statusCode"]) == (503, 503)
        assert portal.levels() == {"G1": "trigger"}
        assert portal.mails() == []
        there[0] = True
        portal.process()
        assert portal.mails() == [("G1",)]
