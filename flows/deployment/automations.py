"""Prefect automations: who is told of what, and how dead runs are noticed. Definitions only; nothing is sent here."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.deployment.table import OBSERVATION_TAG, OUR_TAGS, TAG
from flows.installed import PREFIX, VERSION_TAG
from flows.states import COMPLETED, CRASHED, FAILED, HELD_EVENT, NOTICE_EVENT, OUTCOMES
from ibf_pipeline.config.settings import Operations

SIGNS_OF_LIFE = 120
"""seconds without any after which a run counts as dead; runs give one every 30"""

OBSERVATION_SILENCE = timedelta(hours=6)
"""after a message about intake or observations, until the next: a catalogue that is down fails run after run"""
SILENCE = timedelta(hours=25)
"""after a heartbeat, until its absence is told: counted from it, not in windows of the server's own, since `after` is
what `expect` is"""
_RUN = "prefect.flow-run.*"


def _tagged(*tags: str) -> dict[str, str | list[str]]:
    return {"prefect.resource.role": "tag", "prefect.resource.id": [f"prefect.tag.{tag}" for tag in tags]}


_FLOODS = _tagged(TAG)
_TEXT = "{{ flow_run.name }}: {{ flow_run.state.message }}\n{{ flow_run|ui_url }}"
_DEPLOYED = "{{ flow.name }}/{{ deployment.name }}"
"""what is known of a run that has not begun: until then its name is one that the server made up"""


def watching_runs() -> list[AutomationCore]:
    """Automations that need nobody to be told: a run whose worker is gone becomes Crashed."""
    waiting = ("Paused", "Suspended", "AwaitingRetry", "Scheduled")
    heartbeat = "prefect.flow-run.heartbeat"
    return [
        AutomationCore(
            name=f"{PREFIX}runs without a sign of life",
            description="A run whose process is gone becomes Crashed; the next attempt resumes its plan.",
            tags=[VERSION_TAG],
            trigger=EventTrigger(
                match={"prefect.resource.id": _RUN},
                match_related=_tagged(*OUR_TAGS),
                for_each={"prefect.resource.id"},
                after={heartbeat},
                expect={
                    heartbeat,
                    *(outcome.event for outcome in OUTCOMES.values()),
                    *(f"prefect.flow-run.{state}" for state in waiting),
                },
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(seconds=SIGNS_OF_LIFE),
            ),
            actions=[
                ChangeFlowRunState(
                    state=StateType.CRASHED,
                    message=f"no sign of life for {SIGNS_OF_LIFE} seconds: its worker or its machine is gone. "
                    "Run it again: it resumes where it was",
                )
            ],
        )
    ]


def telling_people(operations: Operations, block: UUID) -> list[AutomationCore]:
    """Automations that send a message through a notification block."""
    heard = {COMPLETED.event, FAILED.event}
    later = {f"prefect.flow-run.{state}" for state in ("Pending", "Running", "Cancelled", "Cancelling")}
    return [
        _end_told(
            "failed runs",
            "A run has failed for another reason than those below.",
            "Flood run failed",
            block,
        ),
        _end_told("crashed runs", "A run died.", "Flood run crashed", block, text=f"{_DEPLOYED}, {_TEXT}"),
        _end_told(
            "input not available",
            "No forecast yet; the sensors or a person run the day later.",
            "Flood run waits for its input",
            block,
        ),
        _end_told(
            "alert could not be published",
            "An alerted station has no areas: the portal cannot show it.",
            "A flood alert could not be published",
            block,
        ),
        _end_told(
            "notification unconfirmed",
            "Nobody knows whether people were notified: a person decides.",
            "Flood notification unconfirmed",
            block,
        ),
        _end_told(
            "not notified",
            "Everything was published but the notification: it was not approved, or came too late.",
            "Nobody was notified of a flood alert",
            block,
        ),
        _end_told(
            "cancelled runs",
            "A person has cancelled a run, or one that waited for approval: that decides nothing.",
            "Flood run cancelled",
            block,
            text=_DEPLOYED + ", {{ flow_run.name }}, was cancelled. What it had published stays on the portal, and a "
            "notification that waited for approval was neither sent nor given up: run the day again, or decide with "
            "`ibf-pipeline resume`.\n{{ flow_run|ui_url }}",
        ),
        _told(
            "held for approval",
            "A notification waits for a person, with or without a run that waits for it.",
            EventTrigger(
                match={"prefect.resource.id": "ibf-pipeline.run.*"},
                expect={HELD_EVENT},
                posture=Posture.Reactive,
                threshold=1,
            ),
            "Flood alert waits for approval",
            block,
            text="{{ event.payload.text }}",
        ),
        _told(
            "late runs",
            "A scheduled run has not begun: no worker, or none that is free.",
            EventTrigger(
                match={"prefect.resource.id": _RUN},
                match_related=_FLOODS,
                for_each={"prefect.resource.id"},
                after={"prefect.flow-run.Late"},
                expect=later,
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(minutes=operations.late_after_minutes),
            ),
            "Flood run is late",
            block,
            text=_DEPLOYED + " of {{ flow_run.expected_start_time }} has not begun. Is a worker running?\n"
            "{{ flow_run|ui_url }}",
        ),
        _told(
            "notices",
            "What the portal does not tell its recipients; the text can be forwarded as it is.",
            EventTrigger(
                match={"prefect.resource.id": "ibf-pipeline.event.*"},
                expect={NOTICE_EVENT},
                posture=Posture.Reactive,
                threshold=1,
            ),
            "{{ event.payload.kind }}: {{ event.payload.event }}",
            block,
            text="{{ event.payload.text }}",
        ),
        _told(
            "observations in trouble",
            "The intake, or an observation, has failed: told at once, and for some hours not again.",
            EventTrigger(
                match={"prefect.resource.id": _RUN},
                match_related=_tagged(OBSERVATION_TAG),
                for_each={"related:flow:prefect.resource.id"},
                expect={FAILED.event, CRASHED.event},
                posture=Posture.Reactive,
                threshold=1,
                within=OBSERVATION_SILENCE,
            ),
            "Satellite observation has trouble",
            block,
            text=f"{_TEXT}\nForecasts go on. Further failures of the same flow are not told for "
            f"{OBSERVATION_SILENCE.total_seconds() / 3600:g} hours.",
        ),
        _told(
            "silent scheduler",
            "The daily heartbeat was not heard again: scheduler or worker is down.",
            EventTrigger(
                match={"prefect.resource.id": _RUN},
                match_related={"prefect.resource.role": "flow", "prefect.resource.name": "heartbeat"},
                after=heard,
                expect=heard,
                posture=Posture.Proactive,
                threshold=1,
                within=SILENCE,
            ),
            "Flood pipeline is silent",
            block,
            text=f"The heartbeat of the flood pipeline did not run for {SILENCE / timedelta(hours=1):g} hours: is the "
            "scheduler up, is a worker running? Do not take the silence for an all clear.",
        ),
    ]


def _end_told(name: str, description: str, subject: str, block: UUID, *, text: str = _TEXT) -> AutomationCore:
    """For the outcomes of which this automation tells, by the names of their states."""
    trigger = EventTrigger(
        match={"prefect.resource.id": _RUN},
        match_related=_FLOODS,
        expect={outcome.event for outcome in OUTCOMES.values() if outcome.told == name},
        posture=Posture.Reactive,
        threshold=1,
    )
    return _told(name, description, trigger, subject, block, text=text)


def _told(
    name: str, description: str, trigger: EventTrigger, subject: str, block: UUID, *, text: str = _TEXT
) -> AutomationCore:
    return AutomationCore(
        name=PREFIX + name,
        description=description,
        tags=[VERSION_TAG],
        trigger=trigger,
        actions=[SendNotification(block_document_id=block, subject=subject, body=text)],
    )
