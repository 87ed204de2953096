"""A Prefect server that is away in the middle of a day does not fail it, and nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pytest_httpserver import HTTPServer

from flows import hazard_run
from flows.deployment.table import planned_deployments
from flows.wiring import limits
from flows.wiring.environment import RETRIES
from flows.wiring.limits import limit_name, one_at_a_time
from ibf_pipeline.config.configuration import load
from ibf_pipeline.runs.ledger import latest_finished
from tasks.artifacts import ProgressArtifact
from tests.conftest import ROOT
from tests.worlds.countries.tiny_day import TinyDay
from tests.worlds.services.prefect_server import PrefectServer
from tests.worlds.services.wire import Wire

pytestmark = pytest.mark.prefect
AWAY_SECONDS = 1.5


@pytest.fixture(scope="module")
def line(prefect: PrefectServer) -> Iterator[Wire]:
    """The line to the server, which can be cut."""
    with Wire(int(urlsplit(prefect.url).port or 0)) as wire:
        yield wire


@pytest.fixture
def server(api: PrefectServer, line: Wire) -> Iterator[Wire]:
    """The same, with this process at its end."""
    line.listen()
    with temporary_settings(updates={PREFECT_API_URL: f"http://127.0.0.1:{line.port}/api"}):
        yield line
    line.listen()


def away(line: Wire, seconds: float = AWAY_SECONDS) -> None:
    """Every connection is reset, and for some time new ones are refused."""
    line.refuse()
    threading.Timer(seconds, line.listen).start()


@contextmanager
def limit(line: Wire, name: str) -> Iterator[Callable[[], int]]:
    """A concurrency limit of one; how much of it is taken."""
    with httpx.Client(base_url=f"http://127.0.0.1:{line.port}/api/v2/concurrency_limits", timeout=60) as client:
        client.post("/", json={"name": name, "limit": 1, "active": True}).raise_for_status()
        yield lambda: int(client.get(f"/{name}").json()["active_slots"])


def test_a_hold_waits_for_a_server_that_is_away_and_a_run_goes_on_where_it_cannot_be_given_back(
    server: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_PAUSE_SECONDS", 0.2)
    name, done = limit_name("floods", "XAA"), []
    with limit(server, name) as taken:
        exists = limits._exists

        def seen(wanted: str) -> bool:
            found = exists(wanted)
            away(server)  # between the question whether it exists and the taking of it
            return found

        monkeypatch.setattr(limits, "_exists", seen)
        with one_at_a_time("floods", "XAA"):
            assert taken() == 1
            server.refuse()
            done.append("the alert")
        assert done == ["the alert"], "the end of a hold that the server does not hear of is no error"
        server.listen()


def test_who_waits_for_a_server_that_stays_away_is_told_so(server: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(limits, "_exists", lambda name: True)
    server.refuse()
    with pytest.raises(Exception, match="Unable to acquire"), one_at_a_time("floods", "XAB"):
        pytest.fail("it must not begin without the hold")


@pytest.mark.usefixtures("quick")
def test_a_day_goes_on_while_its_server_is_away(server: Wire, httpserver: HTTPServer, tmp_path: Path) -> None:
    """From the first call to the portal on, past all of the others, and while the run ends."""
    day = TinyDay(tmp_path, httpserver).build().to_files()
    publish = hazard_run.publish_day

    def publish_without(*arguments: Any, **named: Any) -> Any:
        server.refuse()
        published = publish(*arguments, **named)
        threading.Timer(AWAY_SECONDS, server.listen).start()
        return published

    with limit(server, limit_name("floods", "XTY")), patch.object(hazard_run, "publish_day", publish_without):
        state = day.flow()
    assert state.is_completed(), state.message
    assert latest_finished(day.run_folder, "files") is not None
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
    assert (run.state_name, run.name) == ("Completed", "floods-XTY-2026-02-15")


def test_whose_deployment_a_run_is_of_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect would ask its server for the name, with a connection of its own that it tries once."""
    tags = ["ibf-pipeline", "floods", "XDN"]
    monkeypatch.setattr(hazard_run, "deployment", SimpleNamespace(id="some"))  # without a name
    monkeypatch.setattr(hazard_run, "flow_run", SimpleNamespace(tags=tags))
    hazard_run._require_own("floods", "XDN")
    with pytest.raises(hazard_run.UsageError, match="deployment floods/XDN is asked for the country XDM"):
        hazard_run._require_own("floods", "XDM")


def test_every_run_asks_again_for_more_than_a_minute_and_an_operator_may_say_otherwise(tmp_path: Path) -> None:
    pauses = [2 ** (attempt + 1) for attempt in range(int(RETRIES[PREFECT_CLIENT_MAX_RETRIES.name]))]
    assert 0.8 * sum(pauses) > 180, "Prefect waits 2, 4, 8, ... seconds, a fifth more or less"
    configuration = load(ROOT / "config")
    for planned in planned_deployments(configuration, "config", None):
        assert planned.job_variables["env"]["PREFECT_CLIENT_MAX_RETRIES"] == "7", planned.full_name
    configuration.settings.operations.job_variables["env"] = {"PREFECT_CLIENT_MAX_RETRIES": "3"}
    for planned in planned_deployments(configuration, "config", None):
        assert planned.job_variables["env"]["PREFECT_CLIENT_MAX_RETRIES"] == "3"


def test_progress_waits_for_nobody(server: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is away is asked once, and not at each step of what goes on."""
    asked: list[float] = []

    def refused(share: float, **_: Any) -> None:
        asked.append(share)
        assert PREFECT_CLIENT_MAX_RETRIES.value() == 0
        raise httpx.ConnectError("refused")

    monkeypatch.setattr("tasks.artifacts.create_progress_artifact", refused)
    progress = ProgressArtifact("Publishing")
    for share in (10.0, 20.0, 30.0):
        progress.show(share)
    assert asked == [10.0]
    monkeypatch.setattr("tasks.artifacts._SILENT_SECONDS", 0.0)
    other = ProgressArtifact("Publishing")
    for share in (10.0, 20.0):
        other.show(share)
    assert asked == [10.0, 10.0, 20.0], "and again later"
