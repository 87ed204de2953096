"""A real Prefect server that stops in the middle of a day and is started again: the day ends, and so can the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.deployment.deploy import deploy
from flows.deployment.server_settings import WANTED, server_words
from flows.wiring.limits import limit_name
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from tests.conftest import ROOT
from tests.worlds.countries.projects import make_project
from tests.worlds.deployed_runs import wait_until
from tests.worlds.services.prefect_server import PrefectServer, prefect_server
from tests.worlds.services.turnstile import Turnstile
from tests.worlds.services.wire import Wire

pytestmark = [pytest.mark.prefect, pytest.mark.story]
AWAY_SECONDS = 65
PATIENCE = 600


class Installation:
    """A server at an address that stays, whichever process answers there."""

    def __init__(self, home: Path, line: Wire) -> None:
        home.mkdir()
        wanted = "".join(f'{each.variable} = "{each.wanted}"\n' for each in WANTED)
        (home / "profiles.toml").write_text(f'active = "here"\n[profiles.here]\n{wanted}', encoding="utf-8")
        self.home, self.line = home, line
        self.server = PrefectServer(f"http://127.0.0.1:{line.port}/api", home)
        self._running = ExitStack()

    def start(self) -> None:
        """A new process with what the one before has left in its home."""
        started = self._running.enter_context(prefect_server(self.home))
        self.line.lead_to(int(urlsplit(started.url).port or 0))
        self.line.listen()

    def stop(self) -> None:
        """Nobody answers any more, and connections are refused."""
        self.line.refuse()
        self._running.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Wire(0) as line:
        installation = Installation(tmp_path / "prefect", line)
        installation.start()
        with temporary_settings(updates={PREFECT_API_URL: installation.server.url}):
            yield installation
        installation.stop()


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turnstile]:
    """A portal, at whose door calls can be held."""
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    seed = seed_from_static(ROOT / "data/fixtures/XDM", "XDM", name="D", admin_levels=(1, 2, 3), default_admin_level=2)
    portal = Sandbox(tmp_path / "portal")
    portal.seed(seed)
    with portal, Turnstile(portal.url) as door:
        yield door
        door.let_all_through()


def test_a_day_ends_well_and_the_country_is_free_afterwards(
    installation: Installation, door: Turnstile, tmp_path: Path
) -> None:
    today = datetime.now(UTC).date()
    config = Path(make_project(tmp_path / "project", ("XDM",), {today: "busiest"}, {"work_pool": "restarts"}))
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    settings["targets"]["portal"] = {"kind": "ibf", "url": door.url}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    deploy(str(config), str(tmp_path / "work"))
    assert server_words() == [], "it has all settings that it should have"
    with installation.server.worker("restarts"):
        held = door.hold("XDM", 5)
        run = start("floods/XDM", target="portal")
        held.wait()
        installation.stop()
        stopped = time.monotonic()
        held.let_through()
        time.sleep(max(0.0, stopped + AWAY_SECONDS - time.monotonic()))
        installation.start()
        ended = until_ended(run)
        assert ended.state_type == StateType.COMPLETED, ended.state
        assert door.calls("XDM") > 30, "it was published while the server was away"
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name("floods/XDM")
            for name in (limit_name("floods", "XDM"), f"deployment:{deployment.id}"):
                wait_until(
                    lambda name=name: not client.read_global_concurrency_limit_by_name(name).active_slots,
                    name,
                    PATIENCE,
                )
        again = until_ended(start("floods/XDM", target="portal"))
        assert again.state_type == StateType.COMPLETED, again.state
        assert "nothing to publish" in str(again.state)


def start(deployment: str, **parameters: Any) -> FlowRun:
    run: Any = run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False)
    assert isinstance(run, FlowRun)
    return run


def until_ended(run: FlowRun) -> FlowRun:
    def ended() -> FlowRun | None:
        with get_client(sync_client=True) as client:
            now = client.read_flow_run(run.id)
        return now if now.state is not None and now.state.is_final() else None

    found: FlowRun = wait_until(ended, f"{run.name} ends", PATIENCE)
    return found
