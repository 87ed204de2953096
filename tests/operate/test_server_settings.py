"""What `deploy` says of the Prefect server itself, and frees."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.states import Crashed, Pending, Suspended

from flows.decorator import flow
from flows.deployment.server_settings import AT_WORK, WANTED, free_what_nobody_holds, wanting
from flows.states import COMPLETED
from tests.worlds.services.prefect_server import PrefectServer

NAME = "ibf-floods-XAC"


def answering(**settings: Any) -> Any:
    """A client of a server with these settings."""
    content = json.dumps({"server": settings}).encode()
    return SimpleNamespace(request=lambda method, path: httpx.Response(200, content=content))


def test_a_server_is_told_what_it_should_be_started_with() -> None:
    leases, order = WANTED
    memory = {"lease_storage": leases.default}
    (line,) = wanting(answering(concurrency=memory, events={"causal_ordering": order.wanted}))
    assert line == (
        "start the Prefect server with PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=prefect.server.concurrency."
        "lease_storage.filesystem: restarted, it forgets who holds a country: the run at work may be ended, and no "
        "later one begins"
    )
    redis = {"lease_storage": "prefect_redis.lease_storage"}
    assert wanting(answering(concurrency=redis, events={"causal_ordering": "prefect_redis.ordering"})) == []
    assert wanting(answering()) == [], "a server of another version does not say"


@pytest.mark.prefect
def test_a_real_server_says_its_settings_and_what_nobody_holds_is_freed(api: PrefectServer) -> None:
    with get_client(sync_client=True) as client:
        assert len(wanting(client)) == len(WANTED), "this one is started without them"
        client.upsert_global_concurrency_limit_by_name(NAME, 1)
        at_once = FlowRunFilter(state={"type": {"any_": list(AT_WORK)}})
        for left in client.read_flow_runs(flow_run_filter=at_once):  # by tests of processes that are killed
            client.set_flow_run_state(left.id, Crashed(), force=True)

        def taken() -> int:
            return client.read_global_concurrency_limit_by_name(NAME).active_slots

        @flow(name="at-work")
        def at_work() -> Any:
            assert list(free_what_nobody_holds(client)) == [], "a run is at work, and may hold it"
            return COMPLETED.state("")

        client.update_global_concurrency_limit(NAME, GlobalConcurrencyLimitUpdate(active_slots=1))
        assert at_work(return_state=True).is_completed()  # type: ignore[call-overload]
        assert taken() == 1
        waiting = client.create_flow_run(at_work, state=Pending())
        assert list(free_what_nobody_holds(client)) == []
        client.set_flow_run_state(waiting.id, Suspended(), force=True)  # its process has ended
        assert list(free_what_nobody_holds(client)) == [NAME]
        assert taken() == 0
        assert list(free_what_nobody_holds(client)) == []
