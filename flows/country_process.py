"""One country's run in a process of its own. Nothing here imports Prefect before its environment is set."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.runs.legacy_journals import hazard_path_parts


@dataclass(frozen=True, slots=True)
class CountryJob:
    """A run to make."""

    country: str
    hazard: str
    issue_time: IssueTime
    target: str | None
    config: str
    workspace: str | None
    options: dict[str, Any] = field(default_factory=dict)
    """further parameters of the flow"""

    @property
    def label(self) -> str:
        """What people see of it: `UGA`, `UGA flash-floods`."""
        return " ".join([self.country, *hazard_path_parts(self.hazard)])


@dataclass(frozen=True, slots=True)
class CountryOutcome:
    """How a country's run ended."""

    country: str
    """and its hazard, unless it is floods"""
    state: str
    """name of the state of its flow run"""
    message: str
    exit_code: int
    """0 done, 1 failed or crashed, 3 input not available yet, 4 notification unconfirmed"""
    seconds: float


def run_country(job: CountryJob, api_url: str | None) -> CountryOutcome:
    """Run the flow, against the Prefect server at `api_url` where one is given; its states and logs are there when this
    returns.
    """
    import time

    from flows.wiring.environment import set_prefect_defaults

    if api_url is not None:
        os.environ["PREFECT_API_URL"] = api_url
    set_prefect_defaults()
    started = time.perf_counter()
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    from flows.hazard_flows import flow_of
    from flows.states import exit_code

    state: Any = flow_of(job.hazard)(
        job.country,
        job.issue_time.day if job.issue_time.hour is None else str(job.issue_time),
        job.target,
        config=job.config,
        workspace=job.workspace,
        return_state=True,
        **job.options,
    )
    code = exit_code(state)
    for service in (EventsWorker, APILogWorker):  # a pool's process ends without the handlers that would do it
        service.drain_all(timeout=10)
    return CountryOutcome(job.label, state.name, state.message or "", code, time.perf_counter() - started)
