"""Who is told what, and when: our automations in the server's own code, and what arrives at an operator's webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from flows.automation_version import OUTDATED
from flows.deployment.automations import SIGNS_OF_LIFE
from flows.resume import resume
from flows.states import OUTCOMES
from tests.operate.conftest import ENDS

pytestmark = pytest.mark.prefect
TROUBLE = "Satellite observation has trouble"


SUBJECTS = {
    "a failure": "Forecast run failed",
    "another failure": "Forecast run failed",
    "unconfirmed": "Notification unconfirmed",
    "not notified": "Nobody was notified of an alert",
    "away": "Forecast waits for its portal",
    "stayed away": "Forecast is NOT published: its portal stayed away",
    "no input": "Forecast run waits for its input",
    "heartbeat": "Forecast run failed",
}
SUBJECTS_OF_VERSION_1 = {
    **dict.fromkeys(("a failure", "another failure", "away", "stayed away", "heartbeat"), "Flood run failed"),
    "unconfirmed": "Flood notification unconfirmed",
    "not notified": "Nobody was notified of a flood alert",
    "no input": "Flood run waits for its input",
    "hidden": "A flood alert could not be published",
    "partly hidden": "A flood alert could not be published",
}
"""when there was no other hazard"""
QUIET = ("done", "held", "stopped", "differs", "skipped", "awaited", "hidden", "partly hidden")
"""told of by nobody, or by an event of its own"""


def test_every_outcome_is_tried() -> None:
    assert {name for _, name, _ in ENDS.values()} == set(OUTCOMES)
    assert {*SUBJECTS, *QUIET, "crash", "cancelled"} == set(ENDS)


@pytest.mark.parametrize(("end", "subject"), SUBJECTS.items())
def test_a_run_that_ended_is_told_once_under_its_own_subject(
    end: str, subject: str, evaluation: dict[str, Any]
) -> None:
    (message,) = evaluation["ends"][end]["told"]
    run = evaluation["ends"][end]
    assert message["subject"] == subject
    assert message["body"].startswith(f"{run['name']}: {ENDS[end][2]}\n")
    assert message["body"].endswith(f"/runs/flow-run/{run['id']}")


@pytest.mark.parametrize("end", QUIET)
def test_a_run_that_is_done_is_not_told(end: str, evaluation: dict[str, Any]) -> None:
    assert evaluation["ends"][end]["told"] == []


@pytest.mark.parametrize(("end", "subject"), SUBJECTS_OF_VERSION_1.items())
def test_people_are_told_as_ever_while_the_automations_are_of_an_older_version(
    end: str, subject: str, evaluation: dict[str, Any]
) -> None:
    """And what to do about that, in the very message."""
    run = evaluation["before deploy"]["ends"][end]
    (message,) = run["told"]
    assert message["subject"] == subject
    assert message["body"].startswith(f"{run['name']}: {ENDS[end][2]}; {OUTDATED}\n")


def test_older_automations_take_no_run_for_dead_that_has_ended(evaluation: dict[str, Any]) -> None:
    assert evaluation["before deploy"]["not dead"] == "Failed"
    quiet = [end for end in QUIET if end not in SUBJECTS_OF_VERSION_1]
    assert [evaluation["before deploy"]["ends"][end]["told"] for end in quiet] == [[]] * len(quiet)


def test_a_run_that_crashed_before_it_began_is_told_by_its_deployment(evaluation: dict[str, Any]) -> None:
    (message,) = evaluation["ends"]["crash"]["told"]
    assert message["subject"] == "Forecast run crashed"
    assert message["body"].startswith("floods/XDM, ")
    assert (
        ": no place for its process\nRun it again: it resumes where it was, and no call is made twice.\n"
        in (message["body"])
    )


def test_a_cancelled_run_is_told_with_what_that_leaves_open(evaluation: dict[str, Any]) -> None:
    (message,) = evaluation["ends"]["cancelled"]["told"]
    assert message["subject"] == "Forecast run cancelled"
    assert message["body"].startswith("floods/XDM, ")
    assert "neither sent nor given up" in message["body"]


def test_a_catalogue_that_is_down_is_told_once_for_some_hours_and_not_as_a_flood_run(
    evaluation: dict[str, Any],
) -> None:
    told = evaluation["troubles"]
    for deployment, words in (("intake/intake", "cdse: no answer"), ("observe-event/observe-event", "used up")):
        (message,) = told[deployment]
        assert message["subject"] == TROUBLE
        assert words in message["body"]
    assert told["5 hours on"] == []
    assert [message["subject"] for message in told["7 hours on"]] == [TROUBLE]


def test_failures_of_flood_runs_are_told_each_time(evaluation: dict[str, Any]) -> None:
    assert [message["subject"] for message in evaluation["troubles"]["floods/XDM"]] == ["Forecast run failed"] * 3


def test_a_run_that_has_not_begun_is_told_by_its_deployment_and_hour(evaluation: dict[str, Any]) -> None:
    """It has no name of its own before it begins. One that a worker takes in time is not told; one that a person has
    approved, and no worker begins again, is: nobody was notified yet.
    """
    seen = evaluation["lateness"]
    assert (seen["at once"], seen["before"], seen["again"]) == ([], [], [])
    bodies = {message["body"].rsplit("/", 1)[1]: message["body"] for message in seen["after"]}
    assert [message["subject"] for message in seen["after"]] == ["Forecast run is late"] * 2
    assert bodies[seen["late"]].startswith(f"floods/XDM of {seen['due']}")
    assert "its state is Late. Is a worker running?" in bodies[seen["late"]]
    assert "its state is Resuming. Is a worker running?" in bodies[seen["answered"]]


def test_a_notice_and_a_held_notification_are_sent_on_as_they_are(evaluation: dict[str, Any]) -> None:
    notice, held = evaluation["words"]
    assert notice == {"subject": "alert ended: G7", "body": "Testland: the alert at G7 has ended."}
    assert held["subject"] == "Alert waits for approval"
    assert held["body"].endswith("afterwards nobody is notified. Press Resume on the page of the run.")


def test_a_run_without_a_sign_of_life_becomes_crashed_and_is_told(evaluation: dict[str, Any]) -> None:
    """One that goes on giving signs, and one that ends, are left alone."""
    before, after = evaluation["life"]["before"], evaluation["life"]["after"]
    assert {name: state for name, (state, _) in before.items()} == {
        "ends": "Not notified", "goes on": "Running", "is gone": "Running"
    }  # fmt: skip
    assert {name: state for name, (state, _) in after.items()} == {
        "ends": "Not notified", "goes on": "Running", "is gone": "Crashed"
    }  # fmt: skip
    assert after["is gone"][1].startswith(f"no sign of life for {SIGNS_OF_LIFE} seconds: ")
    (message,) = evaluation["life"]["told"]
    assert message["subject"] == "Forecast run crashed"
    assert message["body"].count("Run it again") == 1


def test_a_run_that_found_its_portal_away_is_tried_again_with_what_it_was_asked_for(
    evaluation: dict[str, Any],
) -> None:
    """As the server renders it. An exercise is not, and an attempt schedules the next one itself."""
    scheduled, asked = evaluation["outages"]
    assert [each["minutes later"] for each in (scheduled, asked)] == [10, 10]
    given = scheduled["parameters"]
    assert (given["country"], given["hazard"], given["issue_time"], given["target"]) == ("XDM", "floods", "", None)
    assert datetime.fromisoformat(given["scheduled"]) == datetime(2026, 2, 15, 15, tzinfo=UTC)
    assert datetime.fromisoformat(given["since"]) == datetime.fromisoformat(scheduled["failed"])
    assert (given["asked"], given["config"]) == (scheduled["of"], scheduled["of"]["config"])
    given = asked["parameters"]
    assert (given["issue_time"], given["target"], given["asked"]["notify"]) == ("2026-02-14", "portal", False)
    for each in (scheduled, asked):
        taken = resume.validate_parameters(each["parameters"])
        assert set(taken) == {*each["parameters"], "attempt", "workspace"}
        assert set(each["tags"]) == {"ibf-pipeline", "resume"}


def test_what_the_server_holds_back_because_an_event_before_it_is_missing_is_told_after_a_minute(
    evaluation: dict[str, Any],
) -> None:
    """By default after a quarter of an hour: its environment says otherwise, see docs/operate.md."""
    assert evaluation["held back"] == {
        "prefect.server.events.ordering.memory": [30, 59, 61, 600, 899],
        "flows.deployment.event_order": [30, 59],
    }
