"""Runs of deployments that wait give their worker's slot back: their process ends, and goes on where it was.

What a worker does, this process does here: it begins a run of a deployment, and begins it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.flows import Flow
from prefect.input import RunInput
from prefect.states import Completed, Failed, Scheduled, Suspended

from flows import approval, suspension
from flows import watch_source as module
from flows.all_countries import all_countries
from flows.automation_version import ServerAutomations
from flows.backfill import backfill
from flows.end_hold import end_hold
from flows.floods import floods
from flows.watch_source import watch_source
from flows.wiring.day import now
from flows.wiring.limits import limit_name
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.sources.watch import Availability
from tests.worlds.countries.projects import make_project
from tests.worlds.runs import flood_run

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("api", "quick")]
DAYS = [date(2026, 2, day) for day in range(10, 16)]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_project(tmp_path_factory.mktemp("project"), ("XDM", "XDN"), dict.fromkeys(DAYS, "two-events"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(limit_name("floods", "XDM"), 1)
        yield client


def deployed(flow: Flow[..., Any], name: str, **parameters: Any) -> FlowRun:
    """A run of a deployment that no worker has begun."""
    deployment = flow.to_deployment(name, parameters=parameters).apply()
    with get_client(sync_client=True) as client:
        return client.create_flow_run_from_deployment(deployment)


def begin(flow: Flow[..., Any], run: FlowRun) -> State:
    """What a worker does when a run is due: the state in which it ends, or in which it waits without its process."""
    with get_client(sync_client=True) as client:
        before = client.read_flow_run(run.id).state
        if before is not None and before.is_scheduled() and before.state_details.scheduled_time > now():
            client.set_flow_run_state(run.id, Scheduled(name=before.name), force=True)
        with suppress(Pause):
            run_flow(flow, client.read_flow_run(run.id), return_type="state")
        state = client.read_flow_run(run.id).state
    assert state is not None
    return state


def held(config: str, workspace: Path, day: date) -> FlowRun:
    """A run of a deployment that waits for approval."""
    end_hold.to_deployment("end-hold").apply()
    given = {"issue_date": str(day), "approval": True, "config": config, "workspace": str(workspace)}
    run = deployed(floods, "XDM", country="XDM", **given)
    state = begin(floods, run)
    assert (state.name, state.type.value) == ("Suspended", "PAUSED"), state.message
    assert str(state.message).startswith("the notification waits for a person until 20")
    return run


def later_of(run: FlowRun) -> list[FlowRun]:
    """The runs that are to end the run's hold."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("end-hold/end-hold")
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment.id]}))
    return [each for each in runs if each.parameters["run"] == str(run.id)]


def mails(workspace: Path) -> int:
    return len(Sandbox(workspace / "sandbox").mails("XDM"))


def test_a_run_is_suspended_and_then_only_carries_out_what_a_person_decided(
    config: str, workspace: Path, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was away when the run was about to be suspended, and then its answer was lost."""
    slept, taken, left = list[float](), approval.suspend, suspension._end

    def away_once(form: type[RunInput], key: str, message: str) -> None:
        if not slept:
            raise httpx.ConnectError("connection refused")
        taken(form, key, message)

    def lost_once(run: FlowRun, state: State) -> None:
        if len(slept) == 1:
            raise httpx.ReadError("connection reset")
        left(run, state)

    monkeypatch.setattr(approval, "suspend", away_once)
    monkeypatch.setattr(suspension, "_end", lost_once)
    monkeypatch.setattr(approval, "time", SimpleNamespace(sleep=slept.append))
    before, run = mails(workspace), held(config, workspace, DAYS[0])
    (later,) = later_of(run)
    (revision,) = flood_run(workspace / "runs", "XDM", DAYS[0]).revisions("sandbox")
    limit = datetime.fromisoformat(str(revision.about().hold_until))
    assert (slept, later.expected_start_time - limit) == ([30, 30], timedelta(seconds=2))
    client.resume_flow_run(run.id, run_input={"decision": "approve", "by": "the time limit"})
    assert mails(workspace) == before
    monkeypatch.setattr("flows.hazard_run.find_and_publish", None)
    state = begin(floods, run)
    assert (state.name, str(state.message).rsplit("; ", 1)[1]) == ("Completed", "approved by the time limit")
    assert (mails(workspace), later_of(run)) == (before + 1, [])


def test_nobody_is_notified_after_the_time_limit_nor_by_an_approval_that_no_worker_carries_out_in_time(
    config: str, workspace: Path, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of its own wakes the one that waits. A retry of that asks again, with a time limit of its own."""
    before, run = mails(workspace), held(config, workspace, DAYS[1])
    (later,) = later_of(run)
    other = deployed(end_hold, "end-hold", run=str(run.id), question="approval-1-20260101000000")
    assert begin(end_hold, other).name == "Skipped"
    gone = deployed(end_hold, "end-hold", run=str(uuid4()), question="approval-1-20260101000000")
    state = begin(end_hold, gone)
    assert (state.name, str(state.message)[:48]) == ("Failed", "the run that waited for a person was deleted, an")
    assert begin(end_hold, later).name == "Completed"
    state = begin(floods, run)
    assert (state.name, mails(workspace)) == ("Not notified", before)
    assert str(state.message).startswith("not notified: nobody approved it until")
    (revision,) = flood_run(workspace / "runs", "XDM", DAYS[1]).revisions("sandbox")
    last = revision.state().progress.entries[-1]
    assert (last.state, last.error) == ("closed", "not notified: nobody approved it in time")
    client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"))
    state = begin(floods, run)
    assert (state.name, str(state.state_details.pause_key)[:11]) == ("Suspended", "approval-2-")
    client.resume_flow_run(run.id, run_input={"decision": "approve", "by": "Amina"})
    monkeypatch.setattr(approval, "now", lambda: now() + timedelta(days=2))
    state = begin(floods, run)
    assert (state.name, mails(workspace)) == ("Not notified", before)
    assert "approved by Amina, and a worker came to it only after 20" in str(state.message)


def test_a_sensor_waits_without_a_process_and_starts_each_country_once(
    config: str, tmp_path: Path, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, looked, started, slept = {"XDM"}, list[str](), list[str](), list[float]()

    def look(_: object, __: str, country: CountryHazard, *___: object) -> Availability:
        looked.append(country.iso3)
        return Availability(country.iso3 in here, False, "51 of 51 members" if country.iso3 in here else "no forecast")

    monkeypatch.setattr(module, "_look", look)
    monkeypatch.setattr(module, "_starter", lambda *_: lambda iso3, *__: started.append(iso3))
    monkeypatch.setattr(module, "clock", lambda: datetime(2026, 2, 15, 14, 30, tzinfo=UTC))
    monkeypatch.setattr(module, "sleep", slept.append)
    file = Path(config) / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["sources"]["demo"]["waiting"] = {"every_minutes": 30}
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    run = deployed(watch_source, "demo", source="demo", issue_date="2026-02-15", config=config, workspace=str(tmp_path))
    state = begin(watch_source, run)
    assert (state.name, state.type.value) == ("Waiting", "SCHEDULED")
    assert state.message == "waiting for XDN (no forecast); next look at 15:00, last one at 20:00 UTC"
    assert state.state_details.scheduled_time == datetime(2026, 2, 15, 15, tzinfo=UTC)
    assert client.read_flow_run(run.id).expected_start_time == run.expected_start_time, "it keeps its day"
    here.add("XDN")
    state = begin(watch_source, run)
    assert (state.name, state.message) == ("Completed", "started XDM, XDN (51 of 51 members)")
    assert (looked, started, slept) == (["XDM", "XDN", "XDN"], ["XDM", "XDN"], [])
    client.set_flow_run_state(run.id, Scheduled())
    assert begin(watch_source, run).name == "Completed"
    assert started == ["XDM", "XDN", "XDM", "XDN"], "begun anew by a person"


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (ServerAutomations(older=True, events=frozenset({"prefect.flow-run.Scheduled"})), "Scheduled"),
        (ServerAutomations(older=False, events=frozenset({"prefect.flow-run.Waiting"})), "Waiting"),
        (None, None),
    ],
)
def test_a_run_leaves_under_a_name_that_is_known_or_not_at_all(
    found: ServerAutomations | None, name: str | None, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its process gives no sign of life any more, which would be taken for the last one of a dead run."""
    seen = list[tuple[str, str, bool]]()

    def emitted(event: str, resource: dict[str, str]) -> None:
        context = FlowRunContext.get()
        assert context is not None
        seen.append((event, resource["prefect.resource.id"], context.flow_run.state.is_final()))

    @flow(persist_result=False)
    def waiting_run() -> State:
        suspension.reschedule(datetime(2026, 2, 15, tzinfo=UTC), "for the test")
        return Completed(message="it waits here")

    monkeypatch.setattr(suspension, "emit_event", emitted)
    monkeypatch.setattr(suspension, "own_server_automations", lambda: found)
    created = client.create_flow_run_from_deployment(RunnerDeployment.from_flow(waiting_run, name="waits").apply())
    state = begin(waiting_run, created)
    if name is None:
        assert (state.message, seen) == ("it waits here", [])
    else:
        assert (state.name, seen) == (name, [("ibf-pipeline.left", f"prefect.flow-run.{created.id}", True)])


def test_what_was_noted_is_known_also_after_a_wait_that_kept_its_process(
    client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backfill would otherwise run days again that it has run."""

    @flow(persist_result=False)
    def waits_twice() -> State:
        if notes := suspension.saved_notes():
            return Completed(message=f"came back with {notes}")
        suspension.show_waiting_here("the server did not take it")
        suspension.reschedule(datetime(2026, 2, 15, tzinfo=UTC), "for the test", {"2026-02-10": "run"})
        return Completed(message="it waits here")

    found = ServerAutomations(older=False, events=frozenset())
    monkeypatch.setattr(suspension, "own_server_automations", lambda: found)
    created = client.create_flow_run_from_deployment(RunnerDeployment.from_flow(waits_twice, name="twice").apply())
    assert begin(waits_twice, created).name == "Waiting"
    assert begin(waits_twice, created).message == "came back with {'2026-02-10': 'run'}"


def started_by(client: SyncPrefectClient, tag: str, at: datetime | None) -> dict[str, FlowRun]:
    """Runs with a tag since a moment, by country and issue date."""
    wanted = FlowRunFilter(tags={"all_": [tag]}, expected_start_time={"after_": at})
    found = client.read_flow_runs(flow_run_filter=wanted)
    begun = {f"{each.parameters['country']} {each.parameters['issue_date']}": each for each in found}
    assert len(begun) == len(found), "nothing is started twice"
    return begun


def test_all_countries_waits_without_a_process_for_so_many_at_a_time(
    config: str, tmp_path: Path, client: SyncPrefectClient
) -> None:
    for iso3 in ("XDM", "XDN"):
        floods.to_deployment(iso3, parameters={"country": iso3}).apply()
    where = {"issue_date": "2026-02-14", "limit": 1, "config": config, "workspace": str(tmp_path)}
    run = deployed(all_countries, "all-countries", **where)
    steps = (
        (0, "XDM", None),
        (0, "XDM", Suspended()),
        (0, "XDM, XDN", Completed(message="no alert")),
        (1, "XDN", None),
    )
    for done, at_work, ends in steps:
        state = begin(all_countries, run)
        assert state.name == "Waiting"
        assert str(state.message).startswith(f"{done} of 2 countries done, at work: {at_work}; looked at again at ")
        begun = started_by(client, "all-countries", run.created)
        assert len(begun) == 1 + ("XDN" in at_work), "who waits for a person keeps no other country waiting"
        if ends is not None:
            client.set_flow_run_state(begun["XDM 2026-02-14"].id, ends, force=True)
    client.set_flow_run_state(begun["XDN 2026-02-14"].id, Failed(message="the disk is full"), force=True)
    state = begin(all_countries, run)
    assert (state.name, state.message) == ("Failed", "1 of 2 countries done; XDN: the disk is full")
    assert len(started_by(client, "all-countries", run.created)) == 2


def test_a_backfill_waits_without_a_process_for_one_day_after_the_other(
    config: str, tmp_path: Path, client: SyncPrefectClient
) -> None:
    floods.to_deployment("XDM", parameters={"country": "XDM"}).apply()
    days = {"country": "XDM", "date_from": "2026-02-10", "date_to": "2026-02-12"}
    run = deployed(backfill, "backfill", **days, target="sandbox", config=config, workspace=str(tmp_path))
    for number, ends in enumerate((Completed(message="no alert"), Failed(message="the disk is full"))):
        day = DAYS[number]
        state = begin(backfill, run)
        assert state.name == "Waiting"
        words = f"{number} day{'s' * (number != 1)} run, {day} is at work; looked at again at "
        assert str(state.message).startswith(words)
        begun = started_by(client, "backfill", run.created)
        assert len(begun) == number + 1
        client.set_flow_run_state(begun[f"XDM {day}"].id, ends, force=True)
    state = begin(backfill, run)
    assert (state.name, state.message) == (
        "Failed", "1 day run, 0 published before; stopped at 2026-02-11: the disk is full",
    )  # fmt: skip
    assert len(started_by(client, "backfill", run.created)) == 2
