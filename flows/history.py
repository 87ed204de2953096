"""Prefect's own history: flow runs of ours that ended long ago, with their logs and artifacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound

from flows.wiring.pagination import all_pages
from ibf_pipeline.config.settings import SHORTEST_HISTORY
from ibf_pipeline.domain.wording import counted

TAG: Final = "ibf-pipeline"
"""of every deployment but those below, and so of every run of which people are told as of a forecast run"""
OBSERVATION_TAG: Final = "ibf-observation"
"""of those for satellite observations: their failure is not a failure of a forecast run"""
OUR_TAGS: Final = (TAG, OBSERVATION_TAG)
"""one of them is on every deployment of ours, and on its runs"""
_ENDED: Final = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED]
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class PrunedHistory:
    """What was deleted of the history, or would be."""

    before: datetime
    """runs that ended earlier"""
    runs: int
    artifacts: int

    @property
    def words(self) -> str:
        """For people: `12 flow runs of Prefect's history before 2026-02-15, with 48 artifacts and their logs`."""
        return (
            f"{counted(self.runs, 'flow run')} of Prefect's history before {self.before:%Y-%m-%d}, with "
            f"{counted(self.artifacts, 'artifact')} and their logs"
        )


def old_history(days: int, now: datetime, *, forget: bool) -> PrunedHistory:
    """Flow runs of our deployments that ended more than `days` before, counted; with `forget` they are deleted, with
    their artifacts, and the server deletes their logs.

    Never a run that is at work, scheduled, or waits for an operator, whatever its age: none of those has ended. Nothing
    that the records need is in it. Nothing under SHORTEST_HISTORY days is taken for old.
    """
    before = now - timedelta(days=max(days, SHORTEST_HISTORY))
    with get_client(sync_client=True) as client:
        runs = [run.id for run in all_pages(lambda offset: _ended(client, before, offset))]
        artifacts = sum(_artifacts(client, some, forget=forget) for some in _batched(runs))
        for run in runs if forget else ():
            with suppress(ObjectNotFound):  # the server's own vacuum, or an operator, was there first
                client.delete_flow_run(run)
    return PrunedHistory(before, len(runs), artifacts)


def _ended(client: SyncPrefectClient, before: datetime, offset: int) -> list[FlowRun]:
    old = FlowRunFilter(
        tags=FlowRunFilterTags(any_=list(OUR_TAGS)),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_ENDED)),
        end_time=FlowRunFilterEndTime(before_=before),
    )
    return client.read_flow_runs(flow_run_filter=old, limit=_PAGE, offset=offset)


def _batched(runs: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """As many at a time as the server is asked about at once."""
    for start in range(0, len(runs), _PAGE):
        yield runs[start : start + _PAGE]


def _artifacts(client: SyncPrefectClient, runs: Sequence[UUID], *, forget: bool) -> int:
    """How many artifacts there are of these runs, all read before the first is deleted."""
    of_runs = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=list(runs)))

    def page(offset: int) -> list[UUID]:
        return [each.id for each in client.read_artifacts(artifact_filter=of_runs, limit=_PAGE, offset=offset)]

    found = list(all_pages(page))
    for artifact in found if forget else ():
        with suppress(ObjectNotFound):
            client.delete_artifact(artifact)
    return len(found)
