"""Flows and tasks as plain calls, for tests of what a day does: no Prefect server, no run, no record of one.

What Prefect adds to a day (names, states in order, artifacts, limits, events) is proven under a server in tests of
their own. Here a flow's function runs, its parameters as they are given, and its stages are functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow
from prefect.results import ResultRecord, ResultRecordMetadata
from prefect.serializers import PickleSerializer
from prefect.states import Completed
from prefect.tasks import Task

from flows.country_process import CountryJob, CountryOutcome
from flows.hazard_flows import flow_of
from flows.states import exit_code

_PICKLE = PickleSerializer()


@contextmanager
def plain_calls() -> Iterator[None]:
    """Within it, no flow or task of this process looks for a Prefect server."""
    with (
        patch.object(Flow, "__call__", _run_flow),
        patch("flows.decorator._Flow.__call__", _run_flow),
        patch.object(Task, "__call__", _run_task),
        patch("tasks.decorator._Task.__call__", _run_task),
        patch("prefect.artifacts.get_client", _NoServer),
        warnings.catch_warnings(),
        patch("flows.wiring.limits.get_client", _NoServer),
        patch("prefect.events.utilities.should_emit_events", lambda: False),
    ):
        warnings.filterwarnings("ignore", "Artifact creation outside of a flow or task run", FutureWarning)
        yield


def run_here(job: CountryJob, api_url: str | None) -> CountryOutcome:
    """A country's day in this process, as `run_country` runs it in one of its own."""
    where = {"config": job.config, "workspace": job.workspace}
    issued = job.issue_time.day if job.issue_time.hour is None else str(job.issue_time)
    state = flow_of(job.hazard)(job.country, issued, job.target, return_state=True, **where, **job.options)
    return CountryOutcome(job.label, str(state.name), str(state.message), exit_code(state), 0.0)


def _run_flow(self: Flow[Any, Any], *arguments: Any, return_state: bool = False, **named: Any) -> Any:
    """What a flow's function returns, as a state where one is asked for; its exceptions are the test's."""
    ended = self.fn(*arguments, **named)
    if not return_state:
        return ended
    state = ended if isinstance(ended, State) else Completed(data=ended)
    state.data = ResultRecord(result=state.data, metadata=ResultRecordMetadata(storage_key="none", serializer=_PICKLE))
    return state


def _run_task(self: Task[Any, Any], *arguments: Any, **named: Any) -> Any:
    return self.fn(*arguments, **named)


class _NoServer:
    """A client that keeps no artifact, and of a server without limits."""

    def __init__(self, **_: Any) -> None: ...

    def __enter__(self) -> _NoServer:
        return self

    def __exit__(self, *_: object) -> None: ...

    def create_artifact(self, **_: Any) -> Any:
        return SimpleNamespace(id=uuid4())

    def update_artifact(self, *_: Any, **__: Any) -> None: ...

    def read_global_concurrency_limit_by_name(self, name: str) -> Any:
        raise ObjectNotFound(LookupError(name))
