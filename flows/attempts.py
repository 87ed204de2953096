"""Attempts as runs of the server: which there are of a day, the next one scheduled, and taken back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import deployment, flow_run

from flows.incomplete_days import RESUMING
from flows.states import PORTAL_STAYED_AWAY
from flows.wiring.deployment_run import start_run
from flows.wiring.pagination import all_pages

log = logging.getLogger("ibf_pipeline.flows")

_DAY = ("country", "hazard", "issue_time", "target")
"""parameters by which attempts are of the same day"""
_LOOKED_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OtherAttempts:
    """Those of the same day, after an earlier failure."""

    words: str
    are_over: bool
    """the day was not published by them; they go on otherwise"""


def another_chain(following: dict[str, Any], since: datetime) -> OtherAttempts | None:
    """Others of the day that go on, or are over. None if there are none, and where the server does not say: the
    lease of the country keeps attempts apart in any case.
    """
    if deployment.id is None:
        return None
    try:
        for run in _attempts(since - _LOOKED_BACK):
            parameters = run.parameters or {}
            if any(parameters.get(name) != following[name] for name in _DAY):
                continue
            began = parameters.get("since")
            if began is None or datetime.fromisoformat(began) >= since or run.state is None:
                continue
            if not run.state.is_final():
                return OtherAttempts(f"attempts after the failure of {began} go on", are_over=False)
            if run.state.name == PORTAL_STAYED_AWAY.name:
                return OtherAttempts(f"the attempts after the failure of {began} are over", are_over=True)
    except Exception as error:
        log.warning("the other attempts of the day are not known: %s", error)
    return None


def _attempts(after: datetime) -> list[FlowRun]:
    """Runs of this deployment that were or are due after a moment, but this one."""
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[UUID(str(deployment.id))]),
        expected_start_time=FlowRunFilterExpectedStartTime(after_=after),
        id=FlowRunFilterId(not_any_=[UUID(str(flow_run.id))]),
    )
    with get_client(sync_client=True) as client:
        return list(all_pages(lambda offset: client.read_flow_runs(flow_run_filter=wanted, limit=200, offset=offset)))


def schedule_attempt(parameters: dict[str, Any], at: datetime) -> FlowRun | None:
    """The next attempt as a run of this deployment that is due later; one however often it is asked for.

    None if it could not be scheduled, and for a run of no deployment, which no worker follows.
    """
    if deployment.id is None:
        return None
    parts = [parameters[name] for name in (*_DAY, "since", "attempt")]
    try:
        key = "-".join([RESUMING, *map(str, parts)])
        return start_run(UUID(str(deployment.id)), parameters, key, [parameters["country"]], scheduled_time=at)
    except Exception as error:  # this attempt is made all the same
        log.error("the next attempt could not be scheduled: %s", error)
        return None


def cancel_attempt(scheduled: FlowRun | None) -> None:
    """Delete an attempt that is not needed any more. One that cannot be deleted finds nothing to do."""
    if scheduled is None:
        return
    try:
        with get_client(sync_client=True) as client:
            client.delete_flow_run(scheduled.id)
    except Exception as error:
        log.warning("the next attempt could not be taken back: %s", error)
