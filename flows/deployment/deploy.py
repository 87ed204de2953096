"""Register this installation on a Prefect server, and change only what differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from prefect.utilities.asyncutils import run_coro_as_sync
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from flows.deployment.automation_sync import apply_automations, wanted_automations
from flows.deployment.automations import resume_automation
from flows.deployment.forms import form_of
from flows.deployment.registration import cron_schedule, no_longer_configured, register_deployment
from flows.deployment.result import DeployResult
from flows.deployment.table import planned_deployments
from flows.hazard_flows import FLOWS
from flows.incomplete_days import RESUMING
from flows.wiring.day import open_configuration
from flows.wiring.hazards import valid_hazards
from flows.wiring.limits import limit_name
from ibf_pipeline.errors import ConfigError

_POLL_SECONDS = 1.0
_ATTEMPTS = f"{RESUMING}/{RESUMING}"
"""deployment of the attempts to go on with a day"""


def deploy(config: str, workspace: str | None, *, runs_config: str | None = None) -> list[DeployResult]:
    """Register pools, limits, deployments and automations.

    `runs_config`: folder of the configuration where the runs take place, e.g. in a container; that of `config` if
    none is given. Everything is checked before the first change. A country whose configuration is wrong, or whose job
    variables the work pool refuses, is left out, and what the server has of it stays as it is. Raises ConfigError if
    there is no server, a schedule is not a cron, or the notification block does not exist or is not one.
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
    valid, wrong = valid_hazards(configuration)
    schedules = {item.full_name: cron_schedule(item) for item in planned}
    operations = configuration.settings.operations
    pools = list(dict.fromkeys(item.pool or operations.work_pool for item in planned))
    with get_client(sync_client=True) as client:
        automations = wanted_automations(client, operations)
        return [
            *_pools(client, pools, operations.work_pool_type),
            *(DeployResult("country", each.label, "left out", str(error)) for each, error in wrong.items()),
            *(_limit(client, limit_name(country.hazard, country.iso3)) for country in valid),
            *(
                register_deployment(
                    client,
                    item,
                    form_of(item, configuration, valid),
                    schedules[item.full_name],
                    item.pool or operations.work_pool,
                )
                for item in planned
            ),
            *no_longer_configured(
                client, {*schedules, *(f"{hazard}/{each.iso3}" for each in wrong for hazard in FLOWS)}
            ),
            *apply_automations(
                client, [*automations, resume_automation(operations, client.read_deployment_by_name(_ATTEMPTS).id)]
            ),
        ]


def server_address() -> str | None:
    """Address of the API of the Prefect server of this installation; None if there is none."""
    return get_current_settings().api.url


def await_server(seconds: float, waiting: Callable[[str], None]) -> None:
    """Wait for a server that is starting, at most so long; `waiting` is called once, with its address.

    Returns also if it is not there by then: the next request to it fails with the reason.
    """
    until, told = time.monotonic() + seconds, False
    with get_client(sync_client=True) as client:
        while isinstance(client.api_healthcheck(), httpx.TransportError) and time.monotonic() < until:
            if not told:
                waiting(str(client.api_url))
            told = True
            time.sleep(_POLL_SECONDS)


def _pools(client: SyncPrefectClient, names: Sequence[str], kind: str) -> Iterator[DeployResult]:
    """The first pool is made as its kind is by default, further ones like the first: same image, folders, account."""
    pools: list[WorkPool] = []
    for name in names:
        try:
            pools.append(client.read_work_pool(name))
            yield DeployResult("work pool", name, "unchanged", f"type {pools[-1].type}")
        except ObjectNotFound:
            made = WorkPoolCreate(
                name=name,
                type=pools[0].type if pools else kind,
                base_job_template=pools[0].base_job_template if pools else _default_template(kind),
                description="Runs of the flood forecast pipeline",
            )
            pools.append(client.create_work_pool(made))
            yield DeployResult("work pool", name, "created", f"type {made.type}; it needs a worker of its own")


def _default_template(kind: str) -> dict[str, Any]:
    template = run_coro_as_sync(get_default_base_job_template_for_infrastructure_type(kind))
    if template is None:
        raise ConfigError(
            f"work pools of type {kind} are not known here",
            where="settings.yaml",
            remedy=f"pip install prefect-{kind}, or `prefect work-pool create`",
        )
    return template


def _limit(client: SyncPrefectClient, name: str) -> DeployResult:
    try:
        limit = client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        client.upsert_global_concurrency_limit_by_name(name, 1)
        return DeployResult("concurrency limit", name, "created")
    if limit.limit == 1 and limit.active:
        return DeployResult("concurrency limit", name, "unchanged")
    client.upsert_global_concurrency_limit_by_name(name, 1)
    return DeployResult("concurrency limit", name, "changed", f"was {limit.limit}")
