"""The sensor under a Prefect server: what it starts, once, and what people see while it waits."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import netCDF4
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Completed, Failed
from typer.testing import CliRunner

import flows.watch_source
from flows.cli.app import app
from flows.deployment.table import planned_deployments
from flows.floods import floods
from flows.starters import start_deployment, start_here
from flows.states import PORTAL_UNREACHABLE
from flows.watch_source import watch_source
from ibf_pipeline.config.configuration import load
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing
from tests.conftest import ROOT
from tests.worlds.countries.stories import write_day
from tests.worlds.plain_calls import run_here
from tests.worlds.runs import flood_run
from tests.worlds.services.ftp import PASSWORD, USER, running

pytestmark = pytest.mark.usefixtures("api", "quick")
ISSUE = date(2026, 2, 15)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The demo country with forecasts that are not there yet: `made` holds them."""
    folder = tmp_path / "config"
    (folder / "countries").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text())
    settings["sources"]["demo"] |= {"root": str(tmp_path / "forecasts"), "waiting": {"every_minutes": 30}}
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    country = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text())
    country |= {"static": str(ROOT / "data/fixtures/XDM"), "sources": ["demo"]}
    (folder / "countries/XDM.yaml").write_text(yaml.safe_dump(country))
    write_day(tmp_path / "made", "members-49", ISSUE)
    return folder


class Afternoon:
    """A clock that moves where the sensor sleeps, and what happens at which time."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        self.happens: dict[datetime, object] = {}

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        for when in [when for when in self.happens if when <= self.moment]:
            self.happens.pop(when)()  # type: ignore[operator]


@dataclass
class InThisProcess:
    """Starts a country's day as the sensor does without a deployment, which gives it a process of its own."""

    config: str
    workspace: str | None

    def __call__(self, iso3: str, day: IssueTime, hazard: str) -> None:
        state = floods(iso3, day, config=self.config, workspace=self.workspace, return_state=True)
        assert state.is_completed(), state.message


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, 15, hour, minute, tzinfo=UTC)


@pytest.fixture
def afternoon(monkeypatch: pytest.MonkeyPatch) -> Afternoon:
    made = Afternoon(at(14, 30))
    monkeypatch.setattr(flows.watch_source, "clock", made.now)
    monkeypatch.setattr(flows.watch_source, "sleep", made.sleep)
    return made


def watch(config: Path, workspace: Path, source: str = "demo") -> tuple[State, FlowRun, list[State]]:
    """The end of a sensor's run, the run, and all its states."""
    state = watch_source(source, ISSUE, config=str(config), workspace=str(workspace), return_state=True)
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
        return state, run, client.read_flow_run_states(run.id)


def test_a_day_that_appears_late_is_run_and_published_with_its_own_date(
    config: Path, tmp_path: Path, afternoon: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By FTP: 20 members at 15:10 and 49 of 51 at 16:02, never more: waited for until 20:00, then used and said so."""
    made, served = tmp_path / "made" / "20260215", tmp_path / "served" / "glofas" / "20260215"
    served.parent.mkdir(parents=True)

    def arrive(members: int) -> None:
        served.mkdir(exist_ok=True)
        for file in sorted(made.iterdir())[:members]:
            if not (served / file.name).exists():
                shutil.copy(file, served)

    afternoon.happens = {at(15, 10): lambda: arrive(20), at(16, 2): lambda: arrive(49)}
    monkeypatch.setenv("GLOFAS_FTP_USER", USER)
    monkeypatch.setenv("GLOFAS_FTP_PASSWORD", PASSWORD)
    monkeypatch.setattr(flows.watch_source, "_starter", InThisProcess)
    with running(tmp_path / "served") as server:
        settings = yaml.safe_load((config / "settings.yaml").read_text())
        settings["sources"]["ftp"] = {
            "kind": "ftp", "host": "127.0.0.1", "port": server.port, "folder": "/glofas", "glofas_version": "4",
            "waiting": {"every_minutes": 30},
        }  # fmt: skip
        (config / "settings.yaml").write_text(yaml.safe_dump(settings))
        country = yaml.safe_load((config / "countries/XDM.yaml").read_text())
        (config / "countries/XDM.yaml").write_text(yaml.safe_dump({**country, "sources": ["demo", "ftp"]}))
        state, run, states = watch(config, tmp_path / "work", "ftp")
    assert (state.is_completed(), state.message) == (True, "started XDM (49 of 51 members)")
    assert afternoon.moment == at(20)
    assert run.name == "watch-ftp-2026-02-15"
    assert set(server.served.values()) == {1}, "members are fetched as they arrive, by sensor or run, once"
    assert len(server.served) == 49
    waiting = [entry for entry in states if entry.name == "Waiting"]
    assert {entry.type.value for entry in waiting} == {"RUNNING"}
    said = [str(entry.message) for entry in waiting]
    assert said[0].startswith("waiting for XDM (the folder")
    assert said[0].endswith("; next look at 15:00, last one at 20:00 UTC")
    assert "waiting for XDM (20 of 51 members)" in said[2], "15:30"
    assert "waiting for XDM (49 of 51 members)" in said[-1]
    day = flood_run(tmp_path / "work" / "runs", "XDM", ISSUE)
    assert len(day.findings().members_missing) == 2
    manifest = json.loads((day.path / "manifest.json").read_text())
    assert manifest["source"] == "ftp"
    assert manifest["obtained"]["passed_over"] == ["demo: no forecast of 2026-02-15"]
    assert len(manifest["obtained"]["delivered"]) == 49
    (revision,) = day.revisions("sandbox")
    assert revision.about().date.startswith("2026-02-15T00:00"), "a late run carries the issue date, not the day it ran"


def test_a_run_shows_how_much_of_its_forecast_is_fetched(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "made").rename(tmp_path / "served" / "glofas")
    monkeypatch.setenv("GLOFAS_FTP_USER", USER)
    monkeypatch.setenv("GLOFAS_FTP_PASSWORD", PASSWORD)
    with running(tmp_path / "served") as server:
        settings = yaml.safe_load((config / "settings.yaml").read_text())
        settings["sources"]["ftp"] = {
            "kind": "ftp", "host": "127.0.0.1", "port": server.port, "folder": "/glofas", "glofas_version": "4",
        }  # fmt: skip
        (config / "settings.yaml").write_text(yaml.safe_dump(settings))
        country = yaml.safe_load((config / "countries/XDM.yaml").read_text())
        (config / "countries/XDM.yaml").write_text(yaml.safe_dump({**country, "sources": ["ftp"]}))
        state = floods("XDM", ISSUE, config=str(config), workspace=str(tmp_path / "work"), return_state=True)
    assert state.is_completed(), state.message
    with get_client(sync_client=True) as client:
        runs = FlowRunFilter(id={"any_": [state.state_details.flow_run_id]})
        shown = client.read_artifacts(flow_run_filter=runs)
    fetched = [a for a in shown if a.description == "Fetching the GloFAS forecast of 2026-02-15 for XDM"]
    assert [(a.type, a.data) for a in fetched] == [("progress", 100.0)]


def test_a_published_day_is_not_waited_for_again(config: Path, tmp_path: Path, afternoon: Afternoon) -> None:
    shutil.copytree(tmp_path / "made", tmp_path / "forecasts")
    floods("XDM", ISSUE, config=str(config), workspace=str(tmp_path / "work"), return_state=True)
    arguments = ["inputs", "watch", "demo", "--date", "2026-02-15", "--config", str(config)]
    result = CliRunner().invoke(app, [*arguments, "--workspace", str(tmp_path / "work")])
    assert (result.exit_code, result.output.strip().splitlines()[-1]) == (
        0, "nothing to do for XDM (published to sandbox before)",
    )  # fmt: skip
    assert afternoon.moment == at(14, 30)


def test_a_day_that_never_comes_ends_as_input_not_available_yet(
    config: Path, tmp_path: Path, afternoon: Afternoon
) -> None:
    from flows.states import exit_code

    state, _, states = watch(config, tmp_path / "work")
    assert state.is_failed()
    assert state.message == "input not available yet: demo of 2026-02-15 for XDM (no forecast of 2026-02-15)"
    assert exit_code(state) == 3
    assert len([entry for entry in states if entry.name == "Waiting"]) == 11, "from 14:30 to 19:30"


@pytest.mark.usefixtures("plain")
def test_without_a_server_a_run_is_made_and_waited_for(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As below, without the process."""
    monkeypatch.setattr("flows.starters.run_jobs", lambda jobs, limit: [run_here(job, "none") for job in jobs])
    starter = partial(start_here, str(config), str(tmp_path / "work"))
    with pytest.raises(InputMissing, match=r"input not available yet: .*no forecast of 2026-02-15"):
        starter("XDM", IssueTime(ISSUE), "floods")
    shutil.copytree(tmp_path / "made", tmp_path / "forecasts")
    starter("XDM", IssueTime(ISSUE), "floods")
    assert len(flood_run(tmp_path / "work" / "runs", "XDM", ISSUE).revisions("sandbox")) == 1
    (config / "countries/XDM.yaml").write_text("colour: blue\n")
    with pytest.raises(RuntimeError, match="unknown key"):
        starter("XDM", IssueTime(ISSUE), "floods")


@pytest.mark.story
def test_without_a_server_a_run_reads_nothing_in_the_sensors_process(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its threads may be reading another country's forecast, and the libraries know no threads."""

    def read_here(*given: object, **named: object) -> None:
        raise AssertionError("netCDF is read in the sensor's process")

    monkeypatch.setattr(netCDF4, "Dataset", read_here)
    starter = partial(start_here, str(config), str(tmp_path / "work"))
    with pytest.raises(InputMissing, match=r"input not available yet: .*no forecast of 2026-02-15"):
        starter("XDM", IssueTime(ISSUE), "floods")
    shutil.copytree(tmp_path / "made", tmp_path / "forecasts")
    starter("XDM", IssueTime(ISSUE), "floods")
    day = flood_run(tmp_path / "work" / "runs", "XDM", ISSUE)
    assert len(day.revisions("sandbox")) == 1
    assert len(day.findings().members_missing) == 2
    (config / "countries/XDM.yaml").write_text("colour: blue\n")
    with pytest.raises(RuntimeError, match="unknown key"):
        starter("XDM", IssueTime(ISSUE), "floods")


def test_with_a_server_the_deployment_is_started_once(
    config: Path, tmp_path: Path, afternoon: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tmp_path / "made", tmp_path / "forecasts")
    afternoon.moment = at(20)
    monkeypatch.setattr(flows.watch_source, "_starter", lambda config, workspace: start_deployment)
    state, _, _ = watch(config, tmp_path / "work")
    assert (state.is_failed(), state.message) == (True, "NOT started: XDM (there is no deployment floods/XDM)")
    floods.to_deployment("XDM", parameters={"country": "XDM", "config": str(config)}).apply()
    for _ in range(3):
        state, _, _ = watch(config, tmp_path / "work")
        assert state.message == "started XDM (49 of 51 members)"
    (run,) = runs_of("XDM")
    assert run.idempotency_key == "floods-XDM-2026-02-15"
    assert run.parameters == {"country": "XDM", "config": str(config), "issue_date": "2026-02-15"}


def runs_of(iso3: str) -> list[FlowRun]:
    """Those of a country's deployment."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"floods/{iso3}")
        return client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment.id]}))


def deploy_instead(config: Path, iso3: str) -> None:
    """The demo country under another code, whose runs are all the test's own."""
    country = yaml.safe_load((config / "countries/XDM.yaml").read_text())
    (config / "countries/XDM.yaml").unlink()
    (config / f"countries/{iso3}.yaml").write_text(yaml.safe_dump({**country, "iso3": iso3}))
    floods.to_deployment(iso3, parameters={"country": iso3, "config": str(config)}).apply()


def test_a_run_that_failed_is_tried_again_three_times_at_most(
    config: Path, tmp_path: Path, afternoon: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second sensor, or the first one started again: "started" is never said of a run that is over."""
    shutil.copytree(tmp_path / "made", tmp_path / "forecasts")
    afternoon.moment = at(20)
    monkeypatch.setattr(flows.watch_source, "_starter", lambda config, workspace: start_deployment)
    deploy_instead(config, "XDQ")

    def end_newest(state: State) -> str:
        with get_client(sync_client=True) as client:
            (run,) = [run for run in runs_of("XDQ") if run.state.is_scheduled()]
            client.set_flow_run_state(run.id, state, force=True)
            return str(run.idempotency_key)

    keys = []
    for _ in range(3):
        state, _, _ = watch(config, tmp_path / "work")
        assert state.message == "started XDQ (49 of 51 members)"
        keys.append(end_newest(Failed(message="server refused")))
    assert keys == ["floods-XDQ-2026-02-15", "floods-XDQ-2026-02-15-2", "floods-XDQ-2026-02-15-3"]
    state, _, _ = watch(config, tmp_path / "work")
    assert state.is_failed()
    assert state.message == "NOT started: XDQ (3 runs failed, the last one ended Failed: server refused)"


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (Cancelled(message="by a person"), "NOT started: XDR (its run ended Cancelled: by a person)"),
        (Completed(message="1 trigger; held"), "nothing to do for XDR (its run ended Completed: 1 trigger; held)"),
        (PORTAL_UNREACHABLE.state("away"), "nothing to do for XDR (its run ended Portal unreachable: away)"),
    ],
)
def test_a_run_that_a_person_ended_or_that_is_done_is_not_started_again(
    end: State, says: str, config: Path, tmp_path: Path, afternoon: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tmp_path / "made", tmp_path / "forecasts")
    afternoon.moment = at(20)
    monkeypatch.setattr(flows.watch_source, "_starter", lambda config, workspace: start_deployment)
    deploy_instead(config, "XDR")
    state, _, _ = watch(config, tmp_path / "work")
    assert state.message == "started XDR (49 of 51 members)"
    with get_client(sync_client=True) as client:
        (run,) = runs_of("XDR")
        client.set_flow_run_state(run.id, end, force=True)
        state, _, _ = watch(config, tmp_path / "work")
        assert state.message == says
        client.delete_flow_run(run.id)


def test_a_sensor_is_deployed_for_each_source_that_is_waited_for(config: Path) -> None:
    """Its countries then have no schedule of their own, unless their file sets one."""
    planned = {item.full_name: item for item in planned_deployments(load(config), "config", None)}
    sensor = planned["watch-source/demo"]
    assert (sensor.schedule, sensor.at_once) == ("0 10 * * *", 1)
    assert sensor.parameters == {"source": "demo", "config": "config"}
    assert "watch-source/archive" not in planned
    assert planned["floods/XDM"].schedule is None
    country = yaml.safe_load((config / "countries/XDM.yaml").read_text())
    for change, wanted in (({"schedule": "0 16 * * *"}, "0 16 * * *"), ({"sources": ["archive"]}, "10 15 * * *")):
        (config / "countries/XDM.yaml").write_text(yaml.safe_dump({**country, **change}))
        planned = {item.full_name: item for item in planned_deployments(load(config), "config", None)}
        assert planned["floods/XDM"].schedule == wanted


def test_a_source_that_does_not_exist(config: Path, tmp_path: Path) -> None:
    state = watch_source("gopher", ISSUE, config=str(config), workspace=str(tmp_path), return_state=True)
    assert "there is no source 'gopher'" in str(state.message)
