"""After an upgrade without `deploy`: a run of a deployment finds older automations on the server, and says so."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter
from prefect.events.schemas.automations import AutomationCore
from prefect.settings import PREFECT_API_URL, temporary_settings
from pytest_httpserver import HTTPServer

from flows import automation_version as module
from flows.automation_version import AUTOMATION_PREFIX, OUTDATED, ServerAutomations, final_state, own_server_automations
from flows.deployment.deploy import deploy
from flows.floods import floods
from flows.heartbeat import heartbeat
from flows.states import COMPLETED, INPUT_MISSING
from tests.worlds.countries.projects import make_project
from tests.worlds.plain_calls import plain_calls
from tests.worlds.services.prefect_server import PrefectServer
from tests.worlds.speedups import quick_days

pytestmark = pytest.mark.prefect
DAY = date(2026, 2, 15)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this process are those of a deployment."""
    monkeypatch.setattr(module.deployment, "id", "some", raising=False)


@pytest.fixture
def config(api: PrefectServer, tmp_path: Path) -> Iterator[str]:
    """Registered as of this version; gone afterwards."""
    config = make_project(tmp_path / "project", ("XDM",), {DAY: "two-events"})
    file = Path(config) / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["operations"] = {"work_pool": "told-apart"}
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    deploy(config, None)
    yield config
    api.forget_what_is_registered()


def make_older() -> None:
    """The server's automations are as an earlier version left them."""
    with get_client(sync_client=True) as client:
        for automation in client.read_automations():
            if automation.name.startswith(AUTOMATION_PREFIX):
                kept = automation.model_dump(include={"name", "description", "trigger", "actions"})
                earlier = AutomationCore.model_validate({**kept, "tags": []})
                client.update_automation(automation.id, earlier)


@pytest.mark.usefixtures("deployed")
def test_deploy_brings_them_up_to_date(config: str) -> None:
    before = own_server_automations()
    assert before is not None
    assert not before.older
    assert INPUT_MISSING.event in before.events
    make_older()
    behind = own_server_automations()
    assert behind is not None
    assert behind.older
    changed = [item.name for item in deploy(config, None) if item.outcome == "changed"]
    assert changed == ["ibf: runs without a sign of life", "ibf: resume after an outage"]
    assert own_server_automations() == before


@pytest.mark.usefixtures("quick")
def test_the_heartbeat_fails_so_that_people_are_told_and_the_morning_page_says_it_too(
    config: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    workspace = str(tmp_path / "work")
    with plain_calls(), quick_days():
        assert floods("XDM", DAY, config=config, workspace=workspace, return_state=True).is_completed()
    request.getfixturevalue("deployed")
    good = heartbeat(DAY, config, workspace, return_state=True)
    assert (good.name, good.message) == ("Completed", "1 day of 2026-02-15 finished")
    make_older()
    state = heartbeat(DAY, config, workspace, return_state=True)
    assert (state.name, state.message) == ("Failed", f"1 day of 2026-02-15 finished; {OUTDATED}")
    with get_client(sync_client=True) as client:
        pages = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning"]}))
    by_run = {str(page.flow_run_id): str(page.data) for page in pages}
    page, before = (by_run[str(each.state_details.flow_run_id)] for each in (state, good))
    assert page.index(OUTDATED) < page.index(" of 1 country done.")
    assert OUTDATED not in before


@pytest.mark.usefixtures("deployed")
def test_a_server_in_trouble_is_asked_three_times_and_then_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    state = INPUT_MISSING.state("input not available yet: no forecast")
    waited = waits(monkeypatch)
    with HTTPServer("127.0.0.1", 0) as server:
        server.expect_request("/api/automations/filter").respond_with_data("busy", status=503)
        server.expect_request("/api/csrf-token").respond_with_data("no", status=404)
        with temporary_settings(updates={PREFECT_API_URL: server.url_for("/api")}):
            assert final_state(state) is state
        assert (len([request for request, _ in server.log if "automations" in request.path]), len(waited)) == (3, 3)


@pytest.mark.usefixtures("deployed")
def test_a_server_that_is_busy_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for one of which nothing is known, a run would end under a name that earlier automations do not hear of."""
    waited = waits(monkeypatch)
    with HTTPServer("127.0.0.1", 0) as server:
        server.expect_oneshot_request("/api/automations/filter").respond_with_data("busy", status=503)
        server.expect_request("/api/automations/filter").respond_with_json([])
        server.expect_request("/api/csrf-token").respond_with_data("no", status=404)
        with temporary_settings(updates={PREFECT_API_URL: server.url_for("/api")}):
            assert own_server_automations() == ServerAutomations(older=False, events=frozenset())
    assert len(waited) == 1


def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What Prefect's client would wait for, in seconds; it does not."""
    waited: list[float] = []
    monkeypatch.setattr("prefect.client.base.time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.mark.usefixtures("deployed")
def test_a_server_that_is_not_there_is_ignored() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    with temporary_settings(updates={PREFECT_API_URL: url}):
        assert own_server_automations() is None


def test_a_run_of_no_deployment_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.deployment, "id", None, raising=False)
    monkeypatch.setattr("flows.brief_client.get_client", lambda **_: pytest.fail("the server is asked"))
    state = COMPLETED.state("no alert")
    with temporary_settings(updates={PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert final_state(state) is state
