"""Starting an observation through Prefect: a deployment's flow run, and an event for users' own automations."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.runtime import deployment, flow_run

from flows.wiring.deployment_run import start_run
from ibf_pipeline.errors import ServerRefused, ServerUnreachable
from ibf_pipeline.satellites.subscriptions.matching import ObservationRequest
from tasks.decorator import emit_event, has_server

EVENT = "ibf-pipeline.eodata.product-over-alert"


def observation_parameters(observation: ObservationRequest) -> dict[str, Any]:
    """The parameters of the observation flow."""
    event, product = observation.event, observation.product
    return {
        "country": event.country,
        "event": event.name,
        "issue_date": event.issue_date.isoformat(),
        "product_id": product.product_id,
        "product_name": product.name,
    }


def again_at(moment: datetime) -> bool:
    """Let this run's deployment run once more with the same parameters, later: meanwhile it holds no worker's place.

    False for a run without a deployment, which nobody would start.
    """
    if deployment.id is None:
        return False
    this, tags = uuid.UUID(deployment.id), list(flow_run.tags)
    start_run(this, flow_run.parameters, f"{flow_run.id}:again", tags, scheduled_time=moment)
    return True


def start_observation(observation: ObservationRequest, name: str) -> str | None:
    """Start the deployment of this name, where it exists; the key makes any number of attempts one flow run.

    Id of the flow run, None if there is no such deployment, or no Prefect server; what was announced before is not
    announced again then. ServerUnreachable if the Prefect server does not answer, ServerRefused if it refuses the
    parameters.
    """
    run = _run(observation, name) if has_server() else None
    run_id = str(run.id) if run else None
    if run_id is None and observation.announced:
        return None
    event, product = observation.event, observation.product
    emit_event(
        event=EVENT,
        resource={
            "prefect.resource.id": f"ibf-pipeline.event.{event.country}.{event.name}",
            "prefect.resource.name": f"{event.country} {event.name}",
        },
        payload={
            **observation_parameters(observation),
            "alert_class": event.alert_class,
            "lead_time": event.lead_time,
            "provider": product.provider,
            "acquired": product.acquired.isoformat() if product.acquired else None,
            "flow_run": run_id,
        },
        id=uuid.uuid5(uuid.NAMESPACE_URL, observation.key),
    )
    return run_id


def _run(observation: ObservationRequest, name: str) -> FlowRun | None:
    try:
        tags = ["eodata", observation.event.country]
        return start_run(name, observation_parameters(observation), observation.key, tags)
    except ObjectNotFound:
        return None
    except httpx.TransportError as error:
        raise ServerUnreachable(f"the Prefect server did not answer ({type(error).__name__})", where=name) from None
    except (PrefectException, httpx.HTTPStatusError) as error:
        raise ServerRefused(
            f"the observation was not started ({type(error).__name__})",
            where=name,
            expected="a deployment with the parameters " + ", ".join(observation_parameters(observation)),
        ) from None
