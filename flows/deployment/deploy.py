"""Tell a Prefect server of this installation, and change only what differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.utilities.asyncutils import run_coro_as_sync
from prefect.utilities.callables import parameter_schema
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from flows.deployment.automations import telling_people, watching_runs
from flows.deployment.resuming import resuming
from flows.deployment.table import OUR_TAGS, Planned, planned_deployments
from flows.hazard_flows import FLOWS
from flows.installed import PREFIX
from flows.resume import resume
from flows.wiring.day import open_configuration
from flows.wiring.hazards import sound
from flows.wiring.limits import limit_name
from flows.wiring.pages import all_pages
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.errors import ConfigError

Outcome = Literal["created", "changed", "unchanged", "paused", "removed", "left out"]
NOT_CONFIGURED = "not-configured"
"""tag of deployments that were paused because their country is no longer configured"""
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Deployed:
    """What became of one thing on the server."""

    kind: str
    name: str
    outcome: Outcome
    note: str = ""


def deploy(config: str, workspace: str | None, *, runs_config: str | None = None) -> list[Deployed]:
    """Register pools, limits, deployments and automations.

    `runs_config`: folder of the configuration where the runs take place, e.g. in a container; that of `config` where
    none is given. Everything is checked before the first change. A country whose configuration is wrong, or whose job
    variables the work pool refuses, is left out, and what the server has of it stays as it is. Raises ConfigError where
    there is no server, a schedule is no cron, or the notification block does not exist or is none of that kind.
    """
    if server_address() is None:
        raise ConfigError(
            "there is no Prefect server to deploy to",
            expected="PREFECT_API_URL, e.g. http://127.0.0.1:4200/api",
            remedy="start one with `prefect server start`, export PREFECT_API_URL, then deploy again",
        )
    configuration = open_configuration(config, workspace)
    base = str(Path(workspace).resolve()) if workspace else None
    planned = planned_deployments(configuration, runs_config or str(Path(config).resolve()), base)
    valid, wrong = sound(configuration)
    schedules = {item.full_name: _schedule(item) for item in planned}
    operations = configuration.settings.operations
    pools = list(dict.fromkeys(item.pool or operations.work_pool for item in planned))
    with get_client(sync_client=True) as client:
        automations = _automations(client, operations)
        return [
            *_pools(client, pools, operations.work_pool_type),
            *(Deployed("country", each.label, "left out", str(error)) for each, error in wrong.items()),
            *(_limit(client, limit_name(country.hazard, country.iso3)) for country in valid),
            *(
                _registered(client, item, schedules[item.full_name], item.pool or operations.work_pool)
                for item in planned
            ),
            *_no_longer_configured(
                client, {*schedules, *(f"{hazard}/{each.iso3}" for each in wrong for hazard in FLOWS)}
            ),
            *_apply_automations(client, [*automations, resuming(operations, _attempts(client))]),
        ]


def server_address() -> str | None:
    """Address of the API of the Prefect server of this installation; None where there is none."""
    return get_current_settings().api.url


def await_server(seconds: float, waiting: Callable[[str], None]) -> None:
    """Wait for a server that is starting, at most so long; `waiting` is told once, with its address.

    Returns where it is not there by then as well: whoever asks it next says so.
    """
    until, told = time.monotonic() + seconds, False
    with get_client(sync_client=True) as client:
        while isinstance(client.api_healthcheck(), httpx.TransportError) and time.monotonic() < until:
            if not told:
                waiting(str(client.api_url))
            told = True
            time.sleep(_POLL_SECONDS)


def _schedule(planned: Planned) -> CronSchedule | None:
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


def _pools(client: SyncPrefectClient, names: Sequence[str], kind: str) -> Iterator[Deployed]:
    """The first pool is made as its kind is by default, further ones like the first: same image, folders, account."""
    pools: list[WorkPool] = []
    for name in names:
        try:
            pools.append(client.read_work_pool(name))
            yield Deployed("work pool", name, "unchanged", f"type {pools[-1].type}")
        except ObjectNotFound:
            made = WorkPoolCreate(
                name=name,
                type=pools[0].type if pools else kind,
                base_job_template=pools[0].base_job_template if pools else _default_template(kind),
                description="Runs of the flood forecast pipeline",
            )
            pools.append(client.create_work_pool(made))
            yield Deployed("work pool", name, "created", f"type {made.type}; it needs a worker of its own")


def _default_template(kind: str) -> dict[str, Any]:
    template = run_coro_as_sync(get_default_base_job_template_for_infrastructure_type(kind))
    if template is None:
        raise ConfigError(
            f"work pools of type {kind} are not known here",
            where="settings.yaml",
            remedy=f"pip install prefect-{kind}, or `prefect work-pool create`",
        )
    return template


def _limit(client: SyncPrefectClient, name: str) -> Deployed:
    try:
        limit = client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        client.upsert_global_concurrency_limit_by_name(name, 1)
        return Deployed("concurrency limit", name, "created")
    if limit.limit == 1 and limit.active:
        return Deployed("concurrency limit", name, "unchanged")
    client.upsert_global_concurrency_limit_by_name(name, 1)
    return Deployed("concurrency limit", name, "changed", f"was {limit.limit}")


def _registered(client: SyncPrefectClient, planned: Planned, schedule: CronSchedule | None, work_pool: str) -> Deployed:
    """A deployment on the server. Of a country whose own job variables the pool refuses, it stays as it is there."""
    try:
        return _deployment(client, planned, schedule, work_pool)
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
        return Deployed("deployment", planned.full_name, "left out", str(refused))
    raise refused


def _deployment(client: SyncPrefectClient, planned: Planned, schedule: CronSchedule | None, work_pool: str) -> Deployed:
    wanted: dict[str, Any] = {
        "entrypoint": planned.entrypoint,
        "parameters": planned.parameters,
        "description": planned.description,
        "tags": sorted((planned.tag, *planned.tags)),
        "work_pool_name": work_pool,
        "job_variables": planned.job_variables,
        "parameter_openapi_schema": parameter_schema(planned.flow.fn).model_dump_for_openapi(),
        "concurrency_limit": planned.at_once,
        "pull_steps": [],  # those of `prefect deploy` name a folder that a container does not have
    }
    now: DeploymentResponse | None = None
    with suppress(ObjectNotFound):
        now = client.read_deployment_by_name(planned.full_name)
    if now is not None and _as_wanted(now) == {**wanted, "cron": schedule.cron if schedule else None}:
        return Deployed("deployment", planned.full_name, "unchanged", _when(planned, schedule))
    client.create_deployment(
        flow_id=client.create_flow_from_name(planned.flow.name),
        name=planned.name,
        schedules=[DeploymentScheduleCreate(schedule=schedule, active=True)] if schedule else [],
        concurrency_options=ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        enforce_parameter_schema=True,
        paused=False if now is None or NOT_CONFIGURED in now.tags else None,
        **wanted,
    )
    return Deployed("deployment", planned.full_name, "created" if now is None else "changed", _when(planned, schedule))


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


def _when(planned: Planned, schedule: CronSchedule | None) -> str:
    return f"{schedule.cron} UTC" if schedule else "not scheduled" + (f": {planned.idle}" if planned.idle else "")


def _no_longer_configured(client: SyncPrefectClient, wanted: Collection[str]) -> Iterator[Deployed]:
    """Deployments of ours that the configuration does not have any more: paused, their history stays."""
    flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    for deployment in all_pages(lambda offset: client.read_deployments(limit=200, offset=offset)):
        name = f"{flows.get(deployment.flow_id)}/{deployment.name}"
        if set(OUR_TAGS).isdisjoint(deployment.tags) or name in wanted:
            continue
        note = "not configured any more: delete it in the UI when its history is not needed"
        if NOT_CONFIGURED in deployment.tags:
            yield Deployed("deployment", name, "unchanged", f"paused, {note}")
            continue
        client.update_deployment(deployment.id, DeploymentUpdate(tags=sorted({*deployment.tags, NOT_CONFIGURED})))
        client.pause_deployment(deployment.id)
        yield Deployed("deployment", name, "paused", note)


def _automations(client: SyncPrefectClient, operations: Operations) -> list[AutomationCore]:
    block = operations.notification_block
    if block is None:
        return watching_runs()
    slug, name = block.split("/")
    try:
        document = client.read_block_document_by_name(name, slug)
    except ObjectNotFound:
        raise ConfigError(
            f"there is no block {block} on the Prefect server",
            where="settings.yaml, operations.notification_block",
            expected="type/name of a notification block",
            remedy="make it in the UI under Blocks, or correct the name",
        ) from None
    if document.block_schema is None or "notify" not in document.block_schema.capabilities:
        raise ConfigError(
            f"the block {block} sends no notifications",
            where="settings.yaml, operations.notification_block",
            expected="a block that does, for example slack-webhook, microsoft-teams-webhook or custom-webhook",
            remedy="make one in the UI under Blocks, and name it here",
        )
    return [*watching_runs(), *telling_people(operations, document.id)]


def _attempts(client: SyncPrefectClient) -> UUID:
    """The deployment of the attempts to go on with a day, which is registered by now."""
    return client.read_deployment_by_name(f"{resume.name}/{resume.name}").id


def _apply_automations(client: SyncPrefectClient, wanted: Sequence[AutomationCore]) -> Iterator[Deployed]:
    there = {automation.name: automation for automation in client.read_automations()}
    for automation in wanted:
        now = there.pop(automation.name, None)
        if now is None:
            client.create_automation(automation)
            yield Deployed("automation", automation.name, "created")
        elif _definition(now) != _definition(automation):
            client.update_automation(now.id, automation.model_copy(update={"enabled": now.enabled}))
            yield Deployed("automation", automation.name, "changed")
        else:
            yield Deployed("automation", automation.name, "unchanged", "" if now.enabled else "switched off")
    for name, automation in there.items():
        if name.startswith(PREFIX):
            client.delete_automation(automation.id)
            yield Deployed("automation", name, "removed", "nobody is told without operations.notification_block")


def _definition(automation: AutomationCore) -> dict[str, Any]:
    """What is compared: everything but whether an operator has switched it off."""
    dumped = automation.model_dump(mode="json", include={"name", "description", "tags", "trigger", "actions"})
    return {name: _in_order(value) for name, value in dumped.items()}


def _in_order(value: Any) -> Any:
    """Sets come back from the server in any order, and single values as lists of one."""
    if isinstance(value, dict):
        return {name: _in_order(item) for name, item in value.items() if name != "id"}
    if isinstance(value, list):
        items = [_in_order(item) for item in value]
        return items[0] if len(items) == 1 else sorted(items, key=repr)
    return value
