"""The automation that tries a day again whose portal was unreachable. It needs nobody to be told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.automation_version import AUTOMATION_PREFIX, VERSION_TAG
from flows.hazard_flows import FLOWS
from flows.resume import bounds
from flows.states import PORTAL_UNREACHABLE
from ibf_pipeline.config.settings import Operations


def resume_automation(operations: Operations, deployment: UUID) -> AutomationCore:
    """Of the runs of countries' deployments, which alone have the hazard as a tag. `deployment`: of the attempts."""
    tags = [f"prefect.tag.{hazard}" for hazard in FLOWS]
    return AutomationCore(
        name=f"{AUTOMATION_PREFIX}resume after an outage",
        description="The portal was away for longer than a run waits: attempts follow until the day is published.",
        tags=[VERSION_TAG],
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": tags},
            expect={PORTAL_UNREACHABLE.event},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            RunDeployment(deployment_id=deployment, parameters=_PARAMETERS, schedule_after=bounds(operations).interval)
        ],
    )


def _text(template: str) -> dict[str, str]:
    """A template whose result is text: of a plain one Prefect makes JSON, which a moment cannot be."""
    return {"__prefect_kind": "jinja", "template": template}


_PARAMETERS: dict[str, Any] = {
    "country": "{{ flow_run.parameters.country }}",
    "hazard": "{{ flow.name }}",
    "issue_time": _text("{{ flow_run.parameters.issue_date or flow_run.parameters.issue_time or '' }}"),
    "target": "{{ (flow_run.parameters.target or none) }}",
    "asked": "{{ flow_run.parameters }}",
    "since": _text("{{ event.occurred }}"),
    "scheduled": _text("{{ flow_run.expected_start_time }}"),
}
"""of the run that failed, as `flows.resume` takes them"""
