"""An exercise is the ordinary day, kept apart: in names, in run folders, on the server."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter
from rich.console import Console

from flows.cli.outcome import print_outcome
from flows.floods import floods
from flows.scenario import scenario
from flows.states import exit_code
from flows.wiring.decisions import open_run
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from tests.conftest import ROOT
from tests.worlds.countries.projects import SUNDAY, add_country, make_project
from tests.worlds.countries.stories import write_day
from tests.worlds.lookback_words import said
from tests.worlds.runs import flood_run, flood_runs_of

pytestmark = pytest.mark.usefixtures("plain", "quick")
WISHES = "G9001=-wwwTTw- G9004=---ww---:min"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder as a web server gives it out."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def reports_url(workspace: Path) -> Iterator[str]:
    """The folder of the runs, served as an operator's web server does."""
    with served(workspace / "runs") as address:
        yield address


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, reports_url: str) -> str:
    return make_project(tmp_path_factory.mktemp("project"), ("XDM",), operations={"reports_url": reports_url})


def artifact(key: str) -> str:
    with get_client(sync_client=True) as client:
        kept = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": [key]}))
    return str(max(kept, key=lambda artifact: artifact.created).data)


@pytest.mark.usefixtures("api")
def test_it_finds_what_was_wished_for_and_says_exercise_everywhere(config: str, workspace: Path) -> None:
    state = scenario("XDM", WISHES, SUNDAY, config=config, workspace=str(workspace), return_state=True)
    assert (state.is_completed(), said(state)) == (True, "EXERCISE: 1 trigger, 1 warning; nobody was notified")
    terminal = Console(record=True, width=200)
    assert print_outcome(state, config, "XDM", SUNDAY, None, str(workspace), terminal, exercise=True) == 0
    assert re.search(r"published to sandbox: \d+ calls; nobody is notified by them", terminal.export_text())
    run = flood_run(workspace / "runs" / "exercises", "XDM", SUNDAY)
    found = run.findings()
    assert found.exercise
    assert {event.name: event.flags for event in found.events} == {
        "EXERCISE G9001": "-wwwTTw-",
        "EXERCISE G9004": "---ww---",
    }
    assert "EXERCISE – not a real forecast" in (run.path / "report" / "report.html").read_text(encoding="utf-8")
    (revision,) = run.revisions("sandbox")
    assert {call.event for call in revision.calls() if call.event} == {"EXERCISE G9001", "EXERCISE G9004"}
    assert artifact("summary-xdm-exercise").startswith(
        "# EXERCISE - not a real forecast: Demoland XDM: 1 trigger, 1 warning"
    )
    assert flood_runs_of(workspace / "runs", "XDM") == []
    assert Sandbox(workspace / "sandbox" / "exercises").mails("XDM") == [], "nobody is notified unless asked for"


@pytest.mark.usefixtures("api")
def test_nothing_is_said_to_be_unchanged_on_the_first_run_of_a_country(config: str, workspace: Path) -> None:
    assert "there is no earlier run to compare with" in artifact("changes-xdm-exercise")
    assert "nothing has changed" not in artifact("changes-xdm-exercise")


@pytest.mark.usefixtures("api")
def test_a_real_day_after_it_knows_nothing_of_it(config: str, workspace: Path) -> None:
    state = floods("XDM", SUNDAY, config=config, workspace=str(workspace), return_state=True)
    assert state.message.startswith("5 triggers, 2 warnings")
    real = flood_run(workspace / "runs", "XDM", SUNDAY)
    assert {event.name for event in real.findings().events} >= {"G9001", "G9004"}
    assert (real.path / "targets/sandbox/r1").is_dir()
    day = open_run("exercises/XDM/2026-02-15", config, None, str(workspace))
    assert day.run.path == workspace / "runs/exercises/XDM/floods/2026-02-15"


@pytest.mark.usefixtures("api")
def test_the_links_open_the_report_of_the_exercise_and_that_of_the_real_day(config: str, workspace: Path) -> None:
    """Both are of the same country and day: one read for the other is what must not happen."""
    titles = {}
    for key in ("report-xdm", "report-xdm-exercise"):
        address = artifact(key).split("](")[-1].rstrip(")")
        page = httpx.get(address)
        assert page.status_code == 200, address
        titles[key] = "EXERCISE – not a real forecast" in page.text
    assert titles == {"report-xdm": False, "report-xdm-exercise": True}


def test_static_data_behind_a_url_are_fetched_first(tmp_path: Path) -> None:
    """On a machine that has never run the country."""
    folder = Path(make_project(tmp_path / "project"))
    with served(ROOT / "data/fixtures") as address:
        add_country(folder, "XDM", static=f"{address}/XDM")
        state = scenario("XDM", WISHES, SUNDAY, config=str(folder), workspace=str(tmp_path / "ws"), return_state=True)
    assert said(state) == "EXERCISE: 1 trigger, 1 warning; nobody was notified"


def test_it_is_refused_where_exercises_are_not_allowed(config: str, tmp_path: Path) -> None:
    folder = Path(config)
    settings = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
    settings["targets"]["portal"] = {"kind": "ibf", "url": "http://127.0.0.1:9/api"}
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    state = scenario("XDM", WISHES, SUNDAY, "portal", config=config, workspace=str(tmp_path), return_state=True)
    assert state.is_failed()
    assert "target portal does not allow exercises" in state.message
    assert not (tmp_path / "runs").exists()


def test_a_wish_list_that_is_wrong_is_refused_before_anything_is_published(config: str, workspace: Path) -> None:
    state = scenario("XDM", "G9001=TTT", SUNDAY, config=config, workspace=str(workspace), return_state=True)
    assert state.is_failed()
    assert "`TTT` has 3 characters" in state.message
    assert exit_code(state) == 2


def test_it_never_ends_a_real_alert_and_the_next_real_day_is_not_kept_out(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target with a url, on which real days and exercises share one state of the country."""
    stories = {date(2026, 2, 10): "trigger-today", date(2026, 2, 11): "no-alert"}
    folder = Path(make_project(tmp_path / "project", ("XDM",), stories))
    seed = seed_from_static(
        ROOT / "data/fixtures/XDM", "XDM", name="Demoland", admin_levels=(1, 2, 3), default_admin_level=2
    )
    server = Sandbox(tmp_path / "server", now=lambda: datetime.now(UTC))
    server.seed(seed)
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    with server:
        settings = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
        settings["targets"]["training"] = {"kind": "ibf", "url": server.url, "exercises": True}
        settings["paths"]["prepared"] = str(workspace / "prepared")
        settings["paths"]["runs"] = str(tmp_path / "runs")
        (folder / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        options = {"target": "training", "config": str(folder), "return_state": True}
        assert floods("XDM", date(2026, 2, 10), **options).is_completed()
        refused = scenario("XDM", WISHES, date(2026, 2, 11), **options)
        assert refused.is_failed()
        assert "real events are open there (G9002)" in refused.message
        assert floods("XDM", date(2026, 2, 11), **options).is_completed(), "the alert ends"
        held = scenario("XDM", WISHES, date(2026, 2, 12), **options)
        assert said(held) == "EXERCISE: 1 trigger, 1 warning; nobody was notified"
        write_day(tmp_path / "project" / "forecasts", "two-events", date(2026, 2, 12))
        real = floods("XDM", date(2026, 2, 12), **options)
        assert real.is_completed()
        assert said(real) == "2 triggers; doubtful forecast at G9007 (suspect)", "no other's upload, but our exercise's"
