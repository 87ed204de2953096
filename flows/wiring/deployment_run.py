"""A flow run of a deployment, started and not waited for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment


def start_run(
    name: str | UUID, parameters: dict[str, Any], key: str, tags: list[str], *, as_subflow: bool = False, **more: Any
) -> FlowRun:
    """The run; its key makes any number of attempts one. Raises what Prefect's client does."""
    options = {"idempotency_key": key, "timeout": 0, "as_subflow": as_subflow, "tags": tags, **more}
    run: Any = run_deployment(name, parameters=parameters, **options)
    assert isinstance(run, FlowRun)  # noqa: S101 - the call is made outside an event loop
    return run
