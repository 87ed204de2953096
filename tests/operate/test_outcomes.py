"""The table of outcomes against the automations: what a run may end as is known, and is told by one of them at most."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.states import Crashed, Failed

from flows.automation_version import (
    AUTOMATION_PREFIX,
    OUTDATED,
    VERSION,
    VERSION_TAG,
    ServerAutomations,
    adapt_state,
    of_automations,
)
from flows.decorator import flow
from flows.deployment.automations import resume_automation, telling_people, watching_runs
from flows.deployment.table import planned_deployments
from flows.history import OBSERVATION_TAG, TAG
from flows.states import (
    COMPLETED,
    FAILED,
    NOT_ALL_PUBLISHED,
    OUTCOMES,
    SKIPPED,
    RunOutcome,
    exit_code,
    exit_code_by_name,
)
from flows.suspension import WAITING_EVENT
from flows.wiring.day import open_configuration
from flows.wiring.environment import ShortErrors
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.errors import InputMissing, UsageError
from tests.conftest import ROOT
from tests.operate.versions import OF_VERSION_1
from tests.worlds.countries.projects import make_project

WATCHING, TELLING = watching_runs(), telling_people(Operations(), UUID(int=0))
RESUMING = resume_automation(Operations(), UUID(int=0))
OF_PREFECT = {
    f"prefect.flow-run.{name}"
    for name in (
        "heartbeat", "Scheduled", "Late", "Pending", "Running", "Paused", "Suspended", "Resuming", "AwaitingRetry",
        "Cancelling",
    )
} | {WAITING_EVENT}  # fmt: skip
"""events of runs that have not ended"""
DEFINED = "0d2390099d8a"
"""of VERSION; it changes with the definitions"""
every_outcome = pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))


def trigger(automation: AutomationCore) -> EventTrigger:
    assert isinstance(automation.trigger, EventTrigger)
    return automation.trigger


def tells_of_runs(automation: AutomationCore, tag: str) -> bool:
    """Whether it tells at once of runs with one of our tags that enter a state."""
    about = json.dumps(trigger(automation).model_dump(mode="json")["match_related"])
    return trigger(automation).posture == Posture.Reactive and f"prefect.tag.{tag}" in about


@every_outcome
def test_the_watch_for_dead_runs_knows_every_name(outcome: RunOutcome) -> None:
    (watching,) = WATCHING
    assert outcome.event in trigger(watching).expect


@every_outcome
def test_people_are_told_by_one_automation_or_by_none(outcome: RunOutcome) -> None:
    telling = [each.name for each in TELLING if tells_of_runs(each, TAG) and outcome.event in trigger(each).expect]
    assert telling == ([AUTOMATION_PREFIX + outcome.told] if outcome.told else [])


def test_every_end_that_is_not_completed_is_told() -> None:
    """But alerts without areas, of which a notice tells: once a day, and of each by its name."""
    assert [each.name for each in OUTCOMES.values() if each.type != COMPLETED.type and not each.told] == [
        "Could not be published"
    ]
    assert not [each.name for each in OUTCOMES.values() if each.type == COMPLETED.type and each.told]


def test_no_automation_waits_for_a_name_that_there_is_not() -> None:
    known = {outcome.event for outcome in OUTCOMES.values()} | OF_PREFECT
    for each in (*WATCHING, *TELLING, RESUMING):
        named = {event for event in trigger(each).expect | trigger(each).after if event.startswith("prefect.")}
        assert named <= known, each.name
        assert "prefect.state-message" not in json.dumps(trigger(each).model_dump(mode="json")), "names alone count"


def test_a_name_stands_for_one_thing() -> None:
    assert [name.lower() for name in OUTCOMES] == [each.name.lower() for each in OUTCOMES.values()]
    for outcome in OUTCOMES.values():
        state = outcome.state("what was found")
        assert (state.name, state.type, state.message) == (outcome.name, outcome.type, "what was found")
        assert exit_code_by_name(state) == outcome.exit_code
    assert exit_code_by_name(Crashed()) == exit_code_by_name(State(type="FAILED", name="TimedOut")) == 1
    assert exit_code(FAILED.state("no", UsageError("no"))) == 2


@every_outcome
def test_the_log_has_the_end_of_a_failed_run_as_an_error(outcome: RunOutcome) -> None:
    """Prefect writes it as any other line."""
    line = logging.LogRecord(
        "prefect.flow_runs", logging.INFO, "", 1, f"Finished in state {outcome.state('1 trigger')}", (), None
    )
    ShortErrors().filter(line)
    assert line.levelname == ("ERROR" if outcome.type == FAILED.type else "INFO")


def test_a_task_that_an_expected_error_stops_is_a_warning_in_the_log() -> None:
    """A source without a forecast is passed over: a day that ends well has no red line in its log."""
    error = InputMissing("no forecast of 2026-02-15", where="inputs/20260215")
    short = ShortErrors()
    stopped = logging.LogRecord("prefect.task_runs", logging.ERROR, "", 1, "broke", (), (type(error), error, None))
    ended = logging.LogRecord("prefect.task_runs", logging.ERROR, "", 1, "Finished in state Failed('...')", (), None)
    for line in (stopped, ended):
        line.task_run_id = "one"
        short.filter(line)
    assert (stopped.levelname, stopped.getMessage()) == ("WARNING", "stopped: no forecast of 2026-02-15")
    assert (ended.levelname, ended.getMessage()) == ("WARNING", "Finished in state Failed")


def test_every_deployment_ends_its_runs_through_the_table(tmp_path: Path) -> None:
    """Observations end under names that their own automation knows: it expects Failed and Crashed."""
    config = make_project(tmp_path / "project", ("XDM",), stories={})
    for planned in planned_deployments(open_configuration(str(config)), str(config), None):
        assert type(planned.flow).__module__ == "flows.decorator", f"{planned.flow.name} does not ask"
    for file in (ROOT / "flows").glob("*.py"):
        assert not re.search(r"\b(Completed|Failed)\(", file.read_text(encoding="utf-8")), file.name
    (troubles,) = [each for each in TELLING if tells_of_runs(each, OBSERVATION_TAG)]
    for name in ("intake", "observe_event"):
        used = set(re.findall(r"\b([A-Z_]+)\.state\(", (ROOT / f"flows/{name}.py").read_text(encoding="utf-8")))
        assert used <= {"COMPLETED", "SKIPPED", "FAILED"}
    assert FAILED.event in trigger(troubles).expect


def test_a_flow_ends_as_the_automations_of_its_server_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it returns a state or an error stops it."""
    monkeypatch.setattr("flows.decorator.final_state", lambda state: state.model_copy(update={"name": "Known"}))
    error = InputMissing("no forecast", where="the archive")

    @flow(name="ends")
    def ends(stopped: bool) -> State:
        if stopped:
            raise error
        return SKIPPED.state("nothing to do")

    stopped, done = ends.fn(True), ends.fn(False)
    assert (done.name, done.message) == ("Known", "nothing to do")
    assert (stopped.name, stopped.type, stopped.message, stopped.data) == ("Known", FAILED.type, str(error), error)


def test_other_definitions_are_another_version() -> None:
    """Where this fails: raise VERSION in flows/automation_version.py, and note the new digest here."""
    parts = {"name", "tags", "trigger", "actions"}
    definitions = [
        each.model_dump(mode="json", include=parts, exclude_defaults=True) for each in (*WATCHING, *TELLING, RESUMING)
    ]
    for each in definitions:
        for event in ("expect", "after", "for_each"):
            each["trigger"][event] = sorted(each["trigger"].get(event, ()))
        each["trigger"].pop("id", None)
        related = each["trigger"].get("match_related", {}).get("prefect.resource.id")
        if isinstance(related, list):
            related.sort()
    text = json.dumps(definitions, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == DEFINED, text


def test_automations_of_this_version_leave_every_state_as_it_is() -> None:
    assert all(VERSION_TAG in each.tags for each in (*WATCHING, *TELLING, RESUMING))
    for automations in ([], [*WATCHING, RESUMING], [*WATCHING, *TELLING, RESUMING]):
        found = of_automations(automations)
        assert not found.older
        for outcome in OUTCOMES.values():
            state = outcome.state("what was found")
            assert adapt_state(state, found) is state
    others = of_automations([TELLING[0].model_copy(update={"name": "of somebody else"})])
    assert others == ServerAutomations(older=False, events=frozenset())


def test_older_automations_hear_a_name_that_they_know_and_people_read_what_to_do() -> None:
    rows = json.loads(OF_VERSION_1.read_text(encoding="utf-8"))
    found = of_automations([AutomationCore.model_validate(row) for row in rows])
    assert found.older
    for outcome in OUTCOMES.values():
        state = adapt_state(outcome.state("alert could not be published: G1"), found)
        assert (state.name, state.type) == (outcome.type.value.capitalize(), outcome.type)
        assert state.message == f"alert could not be published: G1; {OUTDATED}"
    assert adapt_state(Failed(message=None), found).message == OUTDATED


def test_one_automation_that_was_left_behind_is_enough() -> None:
    behind = TELLING[3].model_copy(update={"tags": [f"ibf-automations-{VERSION - 1}"]})
    assert of_automations([*WATCHING, behind]).older


def test_newer_automations_are_no_reason_to_deploy_but_names_that_they_do_not_know_are_not_used() -> None:
    (watching,) = WATCHING
    fewer = trigger(watching).model_copy(update={"expect": trigger(watching).expect - {NOT_ALL_PUBLISHED.event}})
    newer = {"tags": [f"ibf-automations-{VERSION + 1}"], "trigger": fewer}
    found = of_automations([watching.model_copy(update=newer)])
    state = adapt_state(NOT_ALL_PUBLISHED.state("5 triggers"), found)
    assert (found.older, state.name, state.message) == (False, "Completed", "5 triggers")
