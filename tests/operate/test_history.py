"""What is old of Prefect's own history is deleted with its artifacts; what has not ended never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import State
from prefect.states import Completed, Crashed, Failed, Paused, Running, Scheduled
from typer.testing import CliRunner

import flows.history
from flows.cli.app import app
from flows.history import TAG, old_history
from flows.prune import prune
from flows.states import HELD
from tests.worlds.countries.projects import make_project
from tests.worlds.services.prefect_server import PrefectServer

pytestmark = pytest.mark.prefect

ENDS: dict[str, State] = {
    "done": Completed(), "held": HELD.state("held"), "failed": Failed(), "crashed": Crashed(),
    "waits": Paused(timeout_seconds=3600), "at-work": Running(), "to-come": Scheduled(),
}  # fmt: skip
ENDED = ("crashed", "done", "failed", "held")


@pytest.fixture
def runs(api: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run for each end, with two artifacts each, and one of somebody else; what their names begin with."""
    name, tag = f"old-{uuid4().hex[:8]}", f"tag-{uuid4().hex[:8]}"
    monkeypatch.setattr(flows.history, "OUR_TAGS", (tag,))
    with get_client(sync_client=True) as client:
        for end, state in [*ENDS.items(), ("others", Completed())]:
            tags = [TAG] if end == "others" else [tag]
            run = client.create_flow_run(prune, name=f"{name}-{end}", tags=tags, parameters={})
            client.set_flow_run_state(run.id, state, force=True)
            for _ in range(2):
                client.create_artifact(ArtifactCreate(type="markdown", data="x", flow_run_id=run.id))
    return name


def left(name: str) -> dict[str, int]:
    """The ends of the runs that are left, and how many artifacts of each."""
    with get_client(sync_client=True) as client:
        names = FlowRunFilterName(any_=[f"{name}-{end}" for end in (*ENDS, "others")])
        found = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=names))

        def artifacts(run: UUID) -> int:
            return len(
                client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run])))
            )

        return {run.name.removeprefix(f"{name}-"): artifacts(run.id) for run in found}


def test_ended_runs_of_ours_go_with_their_artifacts_and_no_other(runs: str) -> None:
    now = datetime.now(UTC)
    assert old_history(90, now + timedelta(days=89), forget=True).runs == 0, "younger"
    assert old_history(1, now + timedelta(days=7), forget=True).runs == 0, "a held notification may still be decided"
    shown = old_history(90, now + timedelta(days=91), forget=False)
    assert (shown.runs, shown.artifacts) == (4, 8)
    assert shown.words.startswith("4 flow runs of Prefect's history before 20")
    assert shown.words.endswith(", with 8 artifacts and their logs")
    assert len(left(runs)) == 8, "only counted"
    assert old_history(90, now + timedelta(days=91), forget=True).words == shown.words
    assert left(runs) == {end: 2 for end in (*ENDS, "others") if end not in ENDED}
    assert old_history(90, now + timedelta(days=91), forget=True).runs == 0


def test_the_command_shows_and_deletes_them(runs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_project(tmp_path, stories={})
    later = datetime.now(UTC) + timedelta(days=91)
    monkeypatch.setattr("flows.wiring.day.now", lambda: later)
    command = ["runs", "prune", "--kind", "history", "--config", config]
    shown = CliRunner().invoke(app, [*command, "--dry-run"])
    assert shown.output.startswith("4 flow runs of Prefect's history before "), shown.exception
    assert len(left(runs)) == 8
    assert CliRunner().invoke(app, [*command, "--yes"]).output.endswith("their logs, deleted\n")
    assert len(left(runs)) == 4
    by_country = CliRunner().invoke(app, ["runs", "prune", "--country", "XDM", "--dry-run", "--config", config])
    assert "history" not in by_country.output, "Prefect's history is of the installation"
