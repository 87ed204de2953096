"""Prefect automations: who is told of what, and how dead runs are noticed. Definitions only; nothing is sent here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.automation_version import AUTOMATION_PREFIX, VERSION_TAG
from flows.hazard_flows import FLOWS
from flows.history import OBSERVATION_TAG, OUR_TAGS, TAG
from flows.resume import bounds
from flows.states import COMPLETED, CRASHED, FAILED, HELD_EVENT, NOTICE_EVENT, OUTCOMES, PORTAL_UNREACHABLE
from flows.suspension import LEFT_EVENT, WAITING
from ibf_pipeline.config.settings import Operations

SIGNS_OF_LIFE = 240
"""seconds without any after which a run counts as dead; runs give one every 30. While the server restarts it hears of
none: a run is given as long as it itself asks the server again"""

_OBSERVATION_SILENCE = timedelta(hours=6)
"""after a message about intake or observations, until the next: a catalogue that is down fails run after run"""
_SILENCE = timedelta(hours=25)
"""after a heartbeat, until its absence is told: counted from it, not in windows of the server's own, since `after` is
what `expect` is"""


def _tagged(*tags: str) -> dict[str, str | list[str]]:
    return {"prefect.resource.role": "tag", "prefect.resource.id": [f"prefect.tag.{tag}" for tag in tags]}


_OURS = _tagged(TAG)
_TEXT = "{{ flow_run.name }}: {{ flow_run.state.message }}\n{{ flow_run|ui_url }}"
_DEPLOYED = "{{ flow.name }}/{{ deployment.name }}"
"""what is known of a run that has not begun: until then its name is one that the server made up"""


def watching_runs() -> list[AutomationCore]:
    """Automations that need nobody to be told: a run whose worker is gone becomes Crashed."""
    heartbeat = "prefect.flow-run.heartbeat"
    ends = {outcome.event for outcome in OUTCOMES.values()}
    waits = {LEFT_EVENT, *_states(WAITING, "Paused", "Suspended", "AwaitingRetry", "Scheduled")}
    return [
        _automation(
            "runs without a sign of life",
            "A run whose process is gone becomes Crashed; the next attempt resumes its plan.",
            _of_runs(
                _tagged(*OUR_TAGS),
                for_each={"prefect.resource.id"},
                after={heartbeat},
                expect={heartbeat, *ends, *waits},
                posture=Posture.Proactive,
                within=timedelta(seconds=SIGNS_OF_LIFE),
            ),
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"no sign of life for {SIGNS_OF_LIFE} seconds: its worker or its machine is gone",
            ),
        )
    ]


_ENDS_TOLD = (
    ("failed runs", "A run has failed for another reason than those below.", "Forecast run failed", _TEXT),
    (
        "crashed runs",
        "A run died.",
        "Forecast run crashed",
        _DEPLOYED + ", {{ flow_run.name }}: {{ flow_run.state.message }}\nRun it again: it resumes where it was, and "
        "no call is made twice.\n{{ flow_run|ui_url }}",
    ),
    (
        "input not available",
        "No forecast yet; the sensors or an operator run the day later.",
        "Forecast run waits for its input",
        _TEXT,
    ),
    (
        "notification unconfirmed",
        "Nobody knows whether people were notified: an operator decides.",
        "Notification unconfirmed",
        _TEXT,
    ),
    (
        "not notified",
        "Everything was published and nobody notified: not approved in time, or the portal can make no mail about it.",
        "Nobody was notified of an alert",
        _TEXT,
    ),
    (
        "portal unreachable",
        "The portal was away for longer than a run waits.",
        "Forecast waits for its portal",
        "{{ flow_run.name }}: {{ flow_run.state.message }}\nAttempts to go on follow by themselves; where they end "
        "without the day being published, a message says so.\n{{ flow_run|ui_url }}",
    ),
    (
        "portal stayed away",
        "The attempts to go on with a day are over, and it is not published.",
        "Forecast is NOT published: its portal stayed away",
        _TEXT,
    ),
    (
        "cancelled runs",
        "An operator has cancelled a run, or one that waited for approval: that decides nothing.",
        "Forecast run cancelled",
        _DEPLOYED + ", {{ flow_run.name }}, was cancelled. What it had published stays on the portal, and a "
        "notification that waited for approval was neither sent nor given up: run the day again, or decide with "
        "`ibf-pipeline resume`.\n{{ flow_run|ui_url }}",
    ),
)
"""name, by which outcomes say that it tells of them; description; subject and text of the message"""


def telling_people(operations: Operations, block: UUID) -> list[AutomationCore]:
    """Automations that send a message through a notification block."""

    def message(name: str, description: str, trigger: EventTrigger, subject: str, text: str) -> AutomationCore:
        action = SendNotification(block_document_id=block, subject=subject, body=text)
        return _automation(name, description, trigger, action)

    heard = {COMPLETED.event, FAILED.event}
    return [
        *(
            message(name, description, _of_runs(_OURS, expect=_told_by(name)), subject, text)
            for name, description, subject, text in _ENDS_TOLD
        ),
        message(
            "held for approval",
            "A notification waits for an operator, with or without a run that waits for it.",
            _of_ours("run", HELD_EVENT),
            "Alert waits for approval",
            "{{ event.payload.text }}",
        ),
        message(
            "late runs",
            "A scheduled run has not begun, or one that an operator has answered: no worker, or none that is free.",
            _of_runs(
                _OURS,
                for_each={"prefect.resource.id"},
                after=_states("Late", "Resuming"),  # which Prefect never calls late
                expect=_states("Pending", "Running", "Cancelled", "Cancelling"),
                posture=Posture.Proactive,
                within=timedelta(minutes=operations.late_after_minutes),
            ),
            "Forecast run is late",
            _DEPLOYED + " of {{ flow_run.expected_start_time }} has not begun, or not again: its state is "
            "{{ flow_run.state.name }}. Is a worker running?\n{{ flow_run|ui_url }}",
        ),
        message(
            "notices",
            "What the portal does not tell its recipients; the text can be forwarded as it is.",
            _of_ours("event", NOTICE_EVENT),
            "{{ event.payload.kind }}: {{ event.payload.event }}",
            "{{ event.payload.text }}",
        ),
        message(
            "observations in trouble",
            "The intake, or an observation, has failed: told at once, and for some hours not again.",
            _of_runs(
                _tagged(OBSERVATION_TAG),
                for_each={"related:flow:prefect.resource.id"},
                expect={FAILED.event, CRASHED.event},
                within=_OBSERVATION_SILENCE,
            ),
            "Satellite observation has trouble",
            f"{_TEXT}\nForecasts go on. Further failures of the same flow are not told for "
            f"{_OBSERVATION_SILENCE.total_seconds() / 3600:g} hours.",
        ),
        message(
            "silent scheduler",
            "The daily heartbeat was not heard again: scheduler or worker is down.",
            _of_runs(
                {"prefect.resource.role": "flow", "prefect.resource.name": "heartbeat"},
                after=heard,
                expect=heard,
                posture=Posture.Proactive,
                within=_SILENCE,
            ),
            "Forecast pipeline is silent",
            f"The heartbeat of the forecast pipeline did not run for {_SILENCE / timedelta(hours=1):g} hours: is the "
            "scheduler up, is a worker running? Do not take the silence for an all clear.",
        ),
    ]


def resume_automation(operations: Operations, attempts: UUID) -> AutomationCore:
    """It tries a day again whose portal was unreachable, and needs nobody to be told.

    Of the runs of countries' deployments, which alone have the hazard as a tag. `attempts`: the deployment of those.
    """
    return _automation(
        "resume after an outage",
        "The portal was away for longer than a run waits: attempts follow until the day is published.",
        _of_runs(_tagged(*FLOWS), expect={PORTAL_UNREACHABLE.event}),
        RunDeployment(deployment_id=attempts, parameters=_ATTEMPT, schedule_after=bounds(operations).interval),
    )


def _text(template: str) -> dict[str, str]:
    """A template whose result is text: of a plain one Prefect makes JSON, which a timestamp cannot be."""
    return {"__prefect_kind": "jinja", "template": template}


_ATTEMPT: dict[str, Any] = {
    "country": "{{ flow_run.parameters.country }}",
    "hazard": "{{ flow.name }}",
    "issue_time": _text("{{ flow_run.parameters.issue_date or flow_run.parameters.issue_time or '' }}"),
    "target": "{{ (flow_run.parameters.target or none) }}",
    "asked": "{{ flow_run.parameters }}",
    "since": _text("{{ event.occurred }}"),
    "scheduled": _text("{{ flow_run.expected_start_time }}"),
}
"""parameters of an attempt, of the run that failed, as `flows.resume` takes them"""


def _states(*names: str) -> set[str]:
    return {f"prefect.flow-run.{name}" for name in names}


def _told_by(automation: str) -> set[str]:
    """The ends of runs of which an automation tells, by the names of their states."""
    return {outcome.event for outcome in OUTCOMES.values() if outcome.told == automation}


def _of_runs(related: dict[str, str | list[str]], *, posture: Posture = Posture.Reactive, **more: Any) -> EventTrigger:
    """What happens to runs, or does not."""
    match = {"prefect.resource.id": "prefect.flow-run.*"}
    return EventTrigger(match=match, match_related=related, posture=posture, threshold=1, **more)


def _of_ours(kind: str, event: str) -> EventTrigger:
    """An event that our runs themselves send."""
    match = {"prefect.resource.id": f"ibf-pipeline.{kind}.*"}
    return EventTrigger(match=match, expect={event}, posture=Posture.Reactive, threshold=1)


def _automation(name: str, description: str, trigger: EventTrigger, action: Any) -> AutomationCore:
    return AutomationCore(
        name=AUTOMATION_PREFIX + name, description=description, tags=[VERSION_TAG], trigger=trigger, actions=[action]
    )
