"""One worker with two slots: people think about three alerts, a sensor waits, and every country has its forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling, Scheduled

from flows.deployment.deploy import deploy
from ibf_pipeline.sandbox import Sandbox
from tests.worlds.countries.projects import make_project
from tests.worlds.countries.stories import write_day
from tests.worlds.deployed_runs import start, until_ended, wait_until
from tests.worlds.services.prefect_server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.story]

ASKED, FOURTH = ("XDM", "XDN", "XDO"), "XDP"


@dataclass
class Seen:
    """The flow runs that the tests look at, as they ended, and the names of the states that they had."""

    workspace: Path
    runs: dict[str, FlowRun] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    suspended_meanwhile: list[str] = field(default_factory=list)
    """of those who were asked, when the fourth country was done"""
    all_names: list[str] = field(default_factory=list)
    """of the states in which all runs of the server ended"""


@pytest.fixture(scope="module")
def seen(acting: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The day, told in order."""
    folder, today = tmp_path_factory.mktemp("installation"), datetime.now(UTC).date()
    config = set_up(folder, today - timedelta(days=1))
    seen = Seen(folder / "workspace")
    with temporary_settings(updates={PREFECT_API_URL: acting.url}):
        deploy(config, str(seen.workspace))
        with acting.worker("slots", "--limit", "2"):
            tell(seen, folder, today)
        yield seen


def set_up(folder: Path, yesterday: date) -> str:
    config = make_project(folder / "project", (*ASKED, FOURTH), {yesterday: "two-events"}, {"work_pool": "slots"})
    file = Path(config) / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["sources"]["demo"]["waiting"] = {"first_look": "00:00", "until": "23:59", "every_minutes": 2}
    settings["targets"]["files"]["folder"] = str(folder / "files")
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


def tell(seen: Seen, folder: Path, today: date) -> None:
    yesterday = str(today - timedelta(days=1))
    for iso3 in ASKED:
        seen.runs[iso3] = start(f"floods/{iso3}", issue_date=yesterday, approval=True)
    for iso3 in ASKED:
        until_in(seen.runs[iso3], "Suspended")
    seen.runs["sensor"] = start("watch-source/demo", issue_date=str(today))
    until_in(seen.runs["sensor"], "Waiting")
    seen.runs[FOURTH] = until_ended(start(f"floods/{FOURTH}", issue_date=yesterday))
    with get_client(sync_client=True) as client:
        seen.suspended_meanwhile = [str(client.read_flow_run(seen.runs[iso3].id).state_name) for iso3 in ASKED]
        client.resume_flow_run(seen.runs["XDM"].id, run_input={"decision": "approve", "by": "Amina"})
        client.set_flow_run_state(end_of_hold(seen.runs["XDN"]).id, Scheduled(), force=True)  # as if its time had come
        client.set_flow_run_state(seen.runs["XDO"].id, Cancelling())
    for iso3 in ASKED:
        seen.runs[iso3] = until_ended(seen.runs[iso3])
    write_day(folder / "project" / "forecasts", "no-alert", today)
    seen.runs["sensor"] = until_ended(seen.runs["sensor"])
    every = start("all-countries/all-countries", issue_date=str(today), limit=2)
    seen.runs["all-countries"] = until_ended(every)
    seen.runs["backfill"] = until_ended(
        start("backfill/backfill", country=FOURTH, date_from=yesterday, date_to=str(today), target="files")
    )
    with get_client(sync_client=True) as client:
        for name, run in seen.runs.items():
            states = sorted(client.read_flow_run_states(run.id), key=lambda state: state.timestamp)
            seen.states[name] = [str(state.name) for state in states]
        seen.all_names = [str(run.state_name) for run in client.read_flow_runs(limit=200)]


def end_of_hold(run: FlowRun) -> FlowRun:
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("end-hold/end-hold")
        ours = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]))
        (later,) = [
            each for each in client.read_flow_runs(flow_run_filter=ours) if each.parameters["run"] == str(run.id)
        ]
    return later


def until_in(run: FlowRun, name: str) -> None:
    with get_client(sync_client=True) as client:
        wait_until(lambda: client.read_flow_run(run.id).state_name == name, f"{run.name} is {name}")


def outcome(run: FlowRun) -> tuple[str, str]:
    assert run.state is not None
    return str(run.state.name), str(run.state.message)


def test_a_fourth_country_has_its_forecast_while_people_think_about_three(seen: Seen) -> None:
    assert outcome(seen.runs[FOURTH])[0] == "Completed"
    assert seen.suspended_meanwhile == ["Suspended"] * 3


def test_each_of_the_three_ends_as_it_was_decided(seen: Seen) -> None:
    name, said = outcome(seen.runs["XDM"])
    assert (name, said.rsplit("; ", 1)[1]) == ("Completed", "approved by Amina")
    name, said = outcome(seen.runs["XDN"])
    assert (name, said.startswith("not notified: nobody approved it until ")) == ("Not notified", True)
    assert outcome(seen.runs["XDO"])[0] == "Cancelled"
    portal = Sandbox(seen.workspace / "sandbox")
    assert [len(portal.mails(iso3)) for iso3 in (*ASKED, FOURTH)] == [1, 0, 0, 1]


def test_the_sensor_gave_its_slot_back_and_started_every_country_once(seen: Seen) -> None:
    name, said = outcome(seen.runs["sensor"])
    assert (name, said) == ("Completed", "started XDM, XDN, XDO, XDP (51 of 51 members)")
    assert "Waiting" in seen.states["sensor"]


def test_all_countries_and_a_backfill_give_theirs_back_while_others_work(seen: Seen) -> None:
    assert outcome(seen.runs["all-countries"]) == ("Completed", "4 of 4 countries done")
    assert outcome(seen.runs["backfill"]) == ("Completed", "2 days run, 0 published before")
    for name in ("all-countries", "backfill"):
        assert "Waiting" in seen.states[name]


def test_no_run_that_waited_was_taken_for_dead(seen: Seen) -> None:
    assert "Crashed" not in seen.all_names
    for name in ("XDM", "XDN", "sensor", "all-countries"):
        assert seen.states[name].count("Running") > 1
