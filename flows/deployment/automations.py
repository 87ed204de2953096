"""Prefect automations: who is told of what, and how dead runs are noticed. Definitions only; nothing is sent here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.deployment.table import OBSERVATION_TAG, OUR_TAGS, TAG
from flows.states import (
    HELD_EVENT,
    INPUT_MISSING,
    NOT_NOTIFIED,
    NOT_PUBLISHED,
    NOTICE_EVENT,
    NOTIFICATION_UNCONFIRMED,
)  # fmt: skip
from ibf_pipeline.config.settings import Operations

PREFIX = "ibf: "
"""of the names of all our automations"""
SIGNS_OF_LIFE = 120
"""seconds without any after which a run counts as dead; runs give one every 30"""

TOLD_APART = (INPUT_MISSING, NOT_PUBLISHED, NOTIFICATION_UNCONFIRMED, NOT_NOTIFIED)
"""beginnings of the messages of failed runs that have an automation of their own"""
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


def all_but(beginnings: Sequence[str]) -> list[str]:
    """Patterns of which one fits every text that begins with none of these.

    An automation can name patterns of which one must fit, not such that must not. None of the beginnings begins with
    another one.
    """
    patterns = []
    for part in sorted({text[:end] for text in beginnings for end in range(len(text))}):
        following = sorted({text[len(part)] for text in beginnings if text.startswith(part)})
        patterns += [part, f"{part}[!{''.join(following)}]*"]
    return patterns


def watching_runs() -> list[AutomationCore]:
    """Automations that need nobody to be told: a run whose worker is gone becomes Crashed."""
    states = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended", "AwaitingRetry", "Scheduled")
    heartbeat = "prefect.flow-run.heartbeat"
    return [
        AutomationCore(
            name=f"{PREFIX}runs without a sign of life",
            description="A run whose process is gone becomes Crashed; the next attempt resumes its plan.",
            trigger=EventTrigger(
                match={"prefect.resource.id": _RUN},
                match_related=_tagged(*OUR_TAGS),
                for_each={"prefect.resource.id"},
                after={heartbeat},
                expect={heartbeat, *(f"prefect.flow-run.{state}" for state in states)},
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
    heard = {"prefect.flow-run.Completed", "prefect.flow-run.Failed"}
    later = {f"prefect.flow-run.{state}" for state in ("Pending", "Running", "Cancelled", "Cancelling")}
    return [
        _told(
            "failed runs",
            "A run has failed for another reason than those below.",
            _ended({"Failed"}, all_but(TOLD_APART)),
            "Flood run failed",
            block,
        ),
        _told(
            "crashed runs", "A run died.", _ended({"Crashed"}), "Flood run crashed", block, text=f"{_DEPLOYED}, {_TEXT}"
        ),
        _told(
            "input not available",
            "No forecast yet; the sensors or a person run the day later.",
            _ended({"Failed"}, [f"{INPUT_MISSING}*"]),
            "Flood run waits for its input",
            block,
        ),
        _told(
            "alert could not be published",
            "An alerted station has no areas: the portal cannot show it.",
            _ended({"Failed", "Completed"}, [f"{NOT_PUBLISHED}*", f"*; {NOT_PUBLISHED}*"]),
            "A flood alert could not be published",
            block,
        ),
        _told(
            "notification unconfirmed",
            "Nobody knows whether people were notified: a person decides.",
            _ended({"Failed"}, [f"{NOTIFICATION_UNCONFIRMED}*"]),
            "Flood notification unconfirmed",
            block,
        ),
        _told(
            "not notified",
            "Everything was published but the notification: it was not approved, or came too late.",
            _ended({"Failed"}, [f"{NOT_NOTIFIED}*"]),
            "Nobody was notified of a flood alert",
            block,
        ),
        _told(
            "cancelled runs",
            "A person has cancelled a run, or one that waited for approval: that decides nothing.",
            _ended({"Cancelled"}),
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
                expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
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


def _ended(states: set[str], messages: Sequence[str] = ()) -> EventTrigger:
    match: dict[str, str | list[str]] = {"prefect.resource.id": _RUN}
    if messages:
        match["prefect.state-message"] = list(messages)
    return EventTrigger(
        match=match,
        match_related=_FLOODS,
        expect={f"prefect.flow-run.{state}" for state in states},
        posture=Posture.Reactive,
        threshold=1,
    )


def _told(
    name: str, description: str, trigger: EventTrigger, subject: str, block: UUID, *, text: str = _TEXT
) -> AutomationCore:
    return AutomationCore(
        name=PREFIX + name,
        description=description,
        trigger=trigger,
        actions=[SendNotification(block_document_id=block, subject=subject, body=text)],
    )
