"""The deployments of this installation on a Prefect server: registered, changed where they differ, or paused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from flows.deployment.operator_values import kept_parameters, overlay_job_variables
from flows.deployment.result import DeployResult
from flows.deployment.table import DeploymentSpec
from flows.hazard_flows import FLOWS
from flows.history import OUR_TAGS
from flows.wiring.pagination import all_pages
from ibf_pipeline.errors import ConfigError

_NOT_CONFIGURED = "not-configured"
"""tag of deployments that were paused because their country is no longer configured"""


def cron_schedule(planned: DeploymentSpec) -> CronSchedule | None:
    """When it runs by itself, in UTC; ConfigError if that is not a cron."""
    if planned.schedule is None:
        return None
    try:
        return CronSchedule(cron=" ".join(planned.schedule.split()), timezone="UTC")
    except ValueError:
        raise ConfigError(
            f"the schedule of {planned.full_name} is {planned.schedule!r}",
            expected="cron in UTC, for example 30 9 * * *",
            remedy="correct `schedule` of the country, or `operations` in settings.yaml",
        ) from None


def register_deployment(
    client: SyncPrefectClient,
    planned: DeploymentSpec,
    form: dict[str, Any],
    schedule: CronSchedule | None,
    work_pool: str,
) -> DeployResult:
    """A deployment on the server. Of a country whose own job variables the pool refuses, it stays as it is there."""
    try:
        return _deployment(client, planned, form, schedule, work_pool)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
            raise
        refused = ConfigError(
            f"the work pool {work_pool} refuses {planned.full_name}: {error.response.json()['detail']}",
            where="job_variables of the country's file, or operations.job_variables of settings.yaml",
            expected="variables as the base job template of the pool has them",
            remedy="correct them, or the template",
        )
    if planned.flow.name in FLOWS:
        return DeployResult("deployment", planned.full_name, "left out", str(refused))
    raise refused


def _deployment(
    client: SyncPrefectClient,
    planned: DeploymentSpec,
    form: dict[str, Any],
    schedule: CronSchedule | None,
    work_pool: str,
) -> DeployResult:
    wanted: dict[str, Any] = {
        "entrypoint": planned.entrypoint,
        "description": planned.description,
        "tags": sorted((planned.tag, *planned.tags)),
        "work_pool_name": work_pool,
        "parameter_openapi_schema": form,
        "concurrency_limit": planned.at_once,
        "pull_steps": [],  # those of `prefect deploy` name a folder that a container does not have
    }
    now: DeploymentResponse | None = None
    with suppress(ObjectNotFound):
        now = client.read_deployment_by_name(planned.full_name)
    wanted["job_variables"], others = overlay_job_variables(
        now.job_variables or {} if now else {}, planned.job_variables
    )
    by_others = kept_parameters(now.parameters or {} if now else {}, planned.parameters, form["properties"])
    wanted["parameters"] = {**by_others, **planned.parameters}
    schedules = now.schedules if now else []
    active = not schedules or any(item.active for item in schedules)
    note = (
        when_it_runs(planned, schedule) + _of_others(others, by_others) + ("" if active else "; switched off by others")
    )
    if now is not None and _as_wanted(now) == {**wanted, "cron": schedule.cron if schedule else None}:
        return DeployResult("deployment", planned.full_name, "unchanged", note)
    client.create_deployment(
        flow_id=client.create_flow_from_name(planned.flow.name),
        name=planned.name,
        schedules=[DeploymentScheduleCreate(schedule=schedule, active=active)] if schedule else [],
        concurrency_options=ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        enforce_parameter_schema=True,
        paused=False if now is None or _NOT_CONFIGURED in now.tags else None,
        **wanted,
    )
    return DeployResult("deployment", planned.full_name, "created" if now is None else "changed", note)


def _of_others(variables: Sequence[str], parameters: dict[str, Any]) -> str:
    kept = {"job variables": variables, "parameters": [f"{name}={value}" for name, value in parameters.items()]}
    return "".join(f"; {what} set by others stay: {', '.join(names)}" for what, names in kept.items() if names)


def _as_wanted(now: DeploymentResponse) -> dict[str, Any]:
    """A deployment of the server in the terms of `_deployment`."""
    crons = [item.schedule for item in now.schedules if isinstance(item.schedule, CronSchedule)]
    return {
        "entrypoint": now.entrypoint,
        "parameters": now.parameters,
        "description": now.description,
        "tags": sorted(now.tags),
        "work_pool_name": now.work_pool_name,
        "job_variables": now.job_variables,
        "parameter_openapi_schema": now.parameter_openapi_schema,
        "concurrency_limit": now.global_concurrency_limit.limit if now.global_concurrency_limit else None,
        "pull_steps": now.pull_steps or [],
        "cron": crons[0].cron if len(now.schedules) == len(crons) == 1 else None,
    }


def when_it_runs(planned: DeploymentSpec, schedule: CronSchedule | None) -> str:
    """Its times, or why it has none."""
    return f"{schedule.cron} UTC" if schedule else "not scheduled" + (f": {planned.idle}" if planned.idle else "")


def no_longer_configured(client: SyncPrefectClient, wanted: Collection[str]) -> Iterator[DeployResult]:
    """Deployments of ours that the configuration does not have any more: paused, their history stays."""
    flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    for deployment in all_pages(lambda offset: client.read_deployments(limit=200, offset=offset)):
        name = f"{flows.get(deployment.flow_id)}/{deployment.name}"
        if set(OUR_TAGS).isdisjoint(deployment.tags) or name in wanted:
            continue
        note = "not configured any more: delete it in the UI when its history is not needed"
        if _NOT_CONFIGURED in deployment.tags:
            yield DeployResult("deployment", name, "unchanged", f"paused, {note}")
            continue
        client.update_deployment(deployment.id, DeploymentUpdate(tags=sorted({*deployment.tags, _NOT_CONFIGURED})))
        client.pause_deployment(deployment.id)
        yield DeployResult("deployment", name, "paused", note)
