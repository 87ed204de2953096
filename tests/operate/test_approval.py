"""A held notification waits in the UI: a person approves or stops it there, or its time limit passes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import approval
from flows.floods import floods
from ibf_pipeline.run_folder import RunFolder
from ibf_pipeline.sandbox import Sandbox
from tests.operate.servers import PrefectServer
from tests.operate.world import make_project

pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    days = [date(2026, 2, 10), date(2026, 2, 11), date(2026, 2, 12)]
    return make_project(tmp_path_factory.mktemp("project"), ("XDM",), dict.fromkeys(days, "two-events"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "POLL_SECONDS", 1)


@contextmanager
def waiting_run(
    server: PrefectServer, config: str, workspace: Path, day: date
) -> Iterator[tuple[FlowRun, list[State]]]:
    """A run that has come to its pause; its end is in the list after the block."""
    ended: list[State] = []

    def run() -> None:
        with temporary_settings(updates={PREFECT_API_URL: server.url}):
            ended.append(floods("XDM", day, approval=True, config=config, workspace=str(workspace), return_state=True))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield until_paused(f"floods-XDM-{day}"), ended
    finally:
        thread.join(timeout=90)
    assert not thread.is_alive()


def until_paused(name: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        for _ in range(180):
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name])))
            if runs and runs[0].state.is_paused():
                return runs[0]
            time.sleep(0.5)
    raise AssertionError(f"{name} never paused: {[run.state for run in runs]}")


def mails(workspace: Path) -> int:
    return len(Sandbox(workspace / "sandbox").mails("XDM"))


def decide(run: FlowRun, **decision: Any) -> None:
    with get_client(sync_client=True) as client:
        answer = client.resume_flow_run(run.id, run_input=decision)
    assert answer.status.value == "ACCEPT", answer


def test_a_person_sees_the_preview_and_approves(api: PrefectServer, config: str, workspace: Path) -> None:
    day = date(2026, 2, 10)
    with waiting_run(api, config, workspace, day) as (run, ended):
        assert mails(workspace) == 0
        with get_client(sync_client=True) as client:
            (preview,) = [a for a in client.read_artifacts() if a.key == "preview-xdm" and a.flow_run_id == run.id]
        assert "# Approve the notification for Demoland XDM?" in preview.data
        assert "| G9003 |" in preview.data
        assert "```\n" in preview.data
        assert "no mail" not in preview.data
        decide(run, decision="approve", by="Amina")
    (state,) = ended
    assert state.is_completed()
    assert state.message.endswith("approved by Amina")
    assert mails(workspace) == 1


def test_a_person_stops_it(api: PrefectServer, config: str, workspace: Path) -> None:
    day = date(2026, 2, 11)
    with waiting_run(api, config, workspace, day) as (run, ended):
        decide(run, decision="stop")
    assert ended[0].is_completed()
    assert ended[0].message == "2 triggers; doubtful forecast at G9007 (suspect); not notified: stopped"
    assert mails(workspace) == 1, "that of the day before"


def test_after_the_time_limit_nobody_is_notified(api: PrefectServer, config: str, workspace: Path) -> None:
    day = date(2026, 2, 12)
    file = Path(config) / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["targets"]["sandbox"]["hold_hours"] = 15 / 3600
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with waiting_run(api, config, workspace, day) as (run, ended):
        pass
    assert ended[0].is_failed()
    assert "not notified: nobody approved it until" in ended[0].message
    assert mails(workspace) == 1
    (revision,) = RunFolder(workspace / "runs", "XDM", day).revisions("sandbox")
    last = json.loads(revision.journal_file.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["state"], last["error"]) == ("closed", "not notified: nobody approved it in time")
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(run.id).state.is_failed()
