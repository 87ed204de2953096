"""Settings that the Prefect server of an installation needs in its environment, and limits that no run holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from flows.wiring.pagination import all_pages

AT_WORK: Final = (StateType.RUNNING, StateType.PENDING, StateType.PAUSED, StateType.CANCELLING)
"""states of runs that may hold something"""


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """A setting of the server."""

    place: tuple[str, ...]
    """path in the settings that the server reports"""
    default: str
    variable: str
    """environment variable"""
    wanted: str
    why: str


WANTED: Final = (
    ServerSetting(
        ("server", "concurrency", "lease_storage"),
        "prefect.server.concurrency.lease_storage.memory",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
        "prefect.server.concurrency.lease_storage.filesystem",
        "restarted, it forgets who holds a country: the run at work may be ended, and no later one begins",
    ),
    ServerSetting(
        ("server", "events", "causal_ordering"),
        "prefect.server.events.ordering.memory",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING",
        "flows.deployment.event_order",
        "restarted, it holds messages back for 15 minutes",
    ),
)


def server_words() -> list[str]:
    """What `deploy` prints about the server itself, after it has freed limits that no run holds."""
    with get_client(sync_client=True) as client:
        freed = [f"freed {name}: it was taken, and no run is at work" for name in free_what_nobody_holds(client)]
        return [*freed, *wanting(client)]


def wanting(client: SyncPrefectClient) -> list[str]:
    """What the server should be started with and is not, a line each."""
    settings = client.request("GET", "/admin/settings").json()
    lines = []
    for each in WANTED:
        found = settings
        for name in each.place:
            found = found.get(name, {})
        if found == each.default:
            lines.append(f"start the Prefect server with {each.variable}={each.wanted}: {each.why}")
    return lines


def free_what_nobody_holds(client: SyncPrefectClient) -> Iterator[str]:
    """Free the limits that are taken although no run is at work, which a server leaves that was restarted without the
    first of the settings; their names.
    """
    limits = all_pages(lambda offset: client.read_global_concurrency_limits(limit=200, offset=offset))
    taken = [each for each in limits if each.active_slots and each.name.startswith(("ibf-", "deployment:"))]
    if not taken or _is_at_work(client):
        return
    for limit in taken:
        client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=0))
        yield limit.name


def _is_at_work(client: SyncPrefectClient) -> bool:
    """Whether any run may hold a limit; one that is suspended has ended its process, and holds none."""
    state = FlowRunFilterState(
        type=FlowRunFilterStateType(any_=list(AT_WORK)), name=FlowRunFilterStateName(not_any_=["Suspended"])
    )
    return bool(client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state), limit=1))
