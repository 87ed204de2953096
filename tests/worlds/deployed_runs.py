"""Runs of deployments on a server: begun, looked at and waited for, as a person does in its pages."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.states import Crashed

from tests.worlds.machine.machine import PATIENCE


def start(deployment: str, **parameters: Any) -> FlowRun:
    """Let whichever worker is free run a deployment."""
    run: Any = run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False)
    assert isinstance(run, FlowRun)
    return run


def until_ended(run: FlowRun) -> FlowRun:
    """The run when it has."""
    found: FlowRun = wait_until(lambda: ended(run), f"{run.name} ends")
    return found


def ended(run: FlowRun) -> FlowRun | None:
    """The run where it has."""
    with get_client(sync_client=True) as client:
        now = client.read_flow_run(run.id)
    return now if now.state is not None and now.state.is_final() else None


def has_begun(run: FlowRun) -> bool:
    """Whether a worker has taken it."""
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run.id).state
    return state is not None and not state.is_scheduled()


def machine_of(run: FlowRun) -> str:
    """Whose worker has taken it, as the worker says in the run's log."""

    def said() -> re.Match[str] | None:
        with get_client(sync_client=True) as client:
            logs = client.read_logs(LogFilter(flow_run_id={"any_": [run.id]}), limit=200)
        return next(filter(None, (re.match(r"Worker '(\w+)' submitting", log.message) for log in logs)), None)

    found: re.Match[str] = wait_until(said, f"the log of {run.name} names its worker")
    return found.group(1)


def crashed(run: FlowRun) -> None:
    """What the automation does about a run that gives no sign of life."""
    with get_client(sync_client=True) as client, contextlib.suppress(Exception):
        client.set_flow_run_state(run.id, Crashed(message="no sign of life"), force=True)


def wait_until(done: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What `done` says once it says something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = done()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")
