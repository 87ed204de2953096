"""A portal that goes away for longer than a run waits: attempts follow, on a clock that is moved by hand.

Under a Prefect server once, from the run that fails to the published day; the other ways it can end as plain calls.
That the automation starts the first attempt, and with what, is proven in `test_who_is_told`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.flow_engine import run_flow
from prefect.flows import Flow
from prefect.states import Pending

from flows import resume as module
from flows.attempts import OtherAttempts
from flows.deployment.deploy import deploy
from flows.floods import floods
from flows.hazard_run import Options
from flows.incomplete_days import first_lines
from flows.resume import options_of, resume
from flows.states import exit_code
from flows.wiring.day import open_configuration
from flows.wiring.hazards import configured_hazards
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.targets.problems import Overrides
from tests.conftest import ROOT
from tests.targets.test_server_away import Time
from tests.worlds.countries.projects import add_country, make_project
from tests.worlds.plain_calls import plain_calls
from tests.worlds.runs import flood_run
from tests.worlds.services.faulty_proxy import Fault, FaultyProxy
from tests.worlds.services.prefect_server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("quick")]

YESTERDAY, TODAY = date(2026, 2, 14), date(2026, 2, 15)
DUE = datetime(2026, 2, 15, 15, tzinfo=UTC)
"""when the day's run is scheduled, and where the made-up time begins"""
STILL_YESTERDAYS = "nothing was sent, so that the portal still shows yesterday's alerts"
NO_ALERTS = "the portal shows no alerts, yesterday's included"


class Portal(FaultyProxy):
    """Goes away with a call of the plan, and is back at a second of the made-up time."""

    def __init__(self, upstream: str, time: Time) -> None:
        self.time, self.calls, self.goes_at, self.back = time, 0, 0, float("inf")
        super().__init__(upstream)
        time.then = self.look

    def take_fault(self) -> Fault | None:
        self.calls += 1
        if self.calls != self.goes_at:
            return None
        self.refuse()
        return "reset before"

    def look(self) -> None:
        """Whether it is back by now."""
        if self.time.now >= self.back and not self.listening:
            self.listen()


@dataclass
class Outage:
    """A country whose yesterday is published, behind a portal that can go away."""

    config: Path
    workspace: Path
    portal: Portal
    sandbox: Sandbox
    time: Time
    scheduled: list[tuple[dict[str, Any], datetime]] = field(default_factory=list)
    """attempts of plain calls that wait for their time"""

    def now(self) -> datetime:
        return DUE + timedelta(seconds=self.time.now)

    def move_to(self, at: datetime) -> None:
        """Let time pass."""
        self.time.now = max(self.time.now, (at - DUE).total_seconds())
        self.portal.look()

    @property
    def mails(self) -> int:
        return len(self.sandbox.mails("XDM"))

    def run(self, **more: Any) -> State:
        """The day, as a plain call."""
        where = {"config": str(self.config), "workspace": str(self.workspace)}
        return floods("XDM", TODAY, return_state=True, **where, **more)  # type: ignore[call-overload,no-any-return]

    def first_lines(self) -> list[str]:
        """Of the morning page, with what the records alone tell."""
        configuration = open_configuration(str(self.config), str(self.workspace))
        return first_lines(configuration, TODAY, configured_hazards(configuration), {})

    def attempts(self, **asked: Any) -> Iterator[State]:
        """Attempts one after the other, each when it is due, until no further one is scheduled."""
        given = {"config": str(self.config), "workspace": str(self.workspace), **asked}
        first = {"country": "XDM", "hazard": "floods", "issue_time": str(TODAY), "asked": given, "attempt": 1}
        self.scheduled.append(({**first, "since": self.now().isoformat()}, self.now() + timedelta(minutes=10)))
        while self.scheduled:
            parameters, at = self.scheduled.pop()
            self.move_to(at)
            since = datetime.fromisoformat(parameters.pop("since"))
            yield resume(**parameters, since=since, return_state=True)  # type: ignore[call-overload,misc]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, whose forecasts nobody alters."""
    folder = tmp_path_factory.mktemp("outage")
    config = Path(make_project(folder, ("XDM",), {YESTERDAY: "warning-only", TODAY: "two-events"}))
    add_country(config, "XDM", target="portal")
    return config


@pytest.fixture
def outage(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    time = Time()
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr("flows.wiring.targets.RetryPolicy", partial(RetryPolicy, sleep=time.sleep, clock=time))
    sandbox = Sandbox(tmp_path / "sandbox")
    sandbox.seed(
        seed_from_static(ROOT / "data/fixtures/XDM", "XDM", name="D", admin_levels=(1, 2, 3), default_admin_level=2)
    )
    with sandbox, Portal(sandbox.url, time) as portal:
        file = made / "settings.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["targets"]["portal"] = {"kind": "ibf", "url": portal.url}
        settings["operations"] = {"work_pool": "outage", "portal_attempts": 4}
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        outage = Outage(made, tmp_path / "work", portal, sandbox, time)
        monkeypatch.setattr(module, "now", outage.now)
        with plain_calls():
            where = {"config": str(made), "workspace": str(outage.workspace)}
            floods("XDM", YESTERDAY, return_state=True, **where)  # type: ignore[call-overload]
        assert outage.mails == 1
        portal.calls = 0
        yield outage


@pytest.fixture
def plain_outage(outage: Outage) -> Iterator[Outage]:
    """The same without a server: what would be scheduled there is kept in a list."""

    def schedule(parameters: dict[str, Any], at: datetime) -> object:
        outage.scheduled.append((parameters, at))
        return parameters

    def take_back(scheduled: object) -> None:
        if scheduled is not None:
            outage.scheduled.pop()

    with (
        plain_calls(),
        patch.object(module, "schedule_attempt", schedule),
        patch.object(module, "cancel_attempt", take_back),
    ):
        yield outage


def work(flow: Flow[..., Any], run: FlowRun) -> State:
    """Carry out a run of a deployment, as a worker's process does."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Pending(), force=True)
        run = client.read_flow_run(run.id)
    state: Any = run_flow(flow, flow_run=run, parameters=run.parameters, return_type="state")
    return state  # type: ignore[no-any-return]


def waiting_attempts() -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        deployed = client.read_deployment_by_name("resume/resume").id
        of = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployed]))
        found = client.read_flow_runs(flow_run_filter=of)
    return [run for run in found if run.state is not None and run.state.is_scheduled()]


def morning() -> str:
    """The first line of the page."""
    with get_client(sync_client=True) as client:
        pages = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning"]}))
    return str(max(pages, key=lambda page: page.created).data).splitlines()[0]


def test_forty_minutes_in_the_middle_of_publishing_end_in_a_published_day_with_one_mail(
    api: PrefectServer, outage: Outage
) -> None:
    """Away from the 16th call on: the run waits ten minutes, two attempts find it away, and the third goes on."""
    deploy(str(outage.config), str(outage.workspace))
    outage.portal.goes_at, outage.portal.back = 16, 2400
    run: Any = run_deployment("floods/XDM", scheduled_time=DUE, timeout=0, as_subflow=False)
    ended = work(floods, run)
    assert (ended.name, exit_code(ended)) == ("Portal unreachable", 1)
    assert str(ended.message).startswith(f"the portal is unreachable: {NO_ALERTS}; http://127.0.0.1:")
    assert morning() == f"**XDM: {NO_ALERTS} ({TODAY}).**"
    assert outage.time.now == pytest.approx(600)
    first = {
        "country": "XDM", "hazard": "floods", "issue_time": "", "asked": run.parameters, "scheduled": str(DUE),
        "since": str(outage.now()),
    }  # fmt: skip
    at = outage.now() + timedelta(minutes=10)
    attempt: Any = run_deployment("resume/resume", parameters=first, scheduled_time=at, timeout=0, as_subflow=False)
    names = []
    while True:
        outage.move_to(attempt.expected_start_time)
        ended = work(resume, attempt)
        names.append(ended.name)
        if not waiting_attempts():
            break
        assert morning() == f"**XDM: {NO_ALERTS} ({TODAY}).**", "while attempts go on"
        (attempt,) = waiting_attempts()
    assert names == ["Portal awaited", "Portal awaited", "Completed"], ended.message
    assert outage.now() >= DUE + timedelta(minutes=40)
    assert str(ended.message).startswith("2 triggers; ")
    assert outage.mails == 2, "yesterday's, and one of today"
    (revision,) = flood_run(outage.workspace / "runs", "XDM", TODAY).revisions("portal")
    assert revision.state().is_finished
    assert morning() == "# Flood forecasts of Sun 2026-02-15"
    later: Any = run_deployment(
        "resume/resume", parameters=first, scheduled_time=outage.now(), timeout=0, as_subflow=False
    )
    ended = work(resume, later)
    assert (ended.name, ended.message) == ("Skipped", "nothing to do: revision 1 was published since")
    assert (outage.mails, morning()) == (2, "# Flood forecasts of Sun 2026-02-15")


def test_a_portal_that_stays_away_ends_the_attempts_and_the_page_begins_with_it(plain_outage: Outage) -> None:
    outage = plain_outage
    outage.portal.goes_at = 16
    assert outage.run().name == "Portal unreachable"
    ends = list(outage.attempts())
    assert [state.name for state in ends] == ["Portal awaited"] * 3 + ["Portal stayed away"]
    assert ends[-1].is_failed()
    assert str(ends[0].message).endswith("; attempt 1 of 4, the next one is made at 2026-02-15 15:30 UTC")
    last = str(ends[-1].message)
    assert NO_ALERTS in last
    assert "no further attempt is made (every 10 minutes, at most 4 times, within 6 hours)" in last
    assert last.endswith("`ibf-pipeline resume XDM/2026-02-15` where calls were made, else run the day again.")
    assert outage.first_lines() == [f"XDM: {NO_ALERTS} ({TODAY})."]
    assert outage.mails == 1
    over, calls = OtherAttempts("the attempts of this morning are over", are_over=True), outage.portal.calls
    with patch.object(module, "another_chain", lambda *_: over):  # a person ran the day again, and it is away again
        (ended,) = outage.attempts()
    assert (ended.name, NO_ALERTS in str(ended.message)) == ("Portal stayed away", True), "which is told"
    assert (outage.portal.calls, outage.mails) == (calls, 1)


def test_a_portal_that_is_away_before_anything_was_begun_still_shows_yesterday(plain_outage: Outage) -> None:
    """Nothing is begun while it cannot be reached; then the day is run as its schedule would have."""
    outage = plain_outage
    outage.portal.refuse()
    outage.portal.back = 1500
    ended = outage.run()
    assert (ended.name, STILL_YESTERDAYS in str(ended.message)) == ("Portal unreachable", True)
    run = flood_run(outage.workspace / "runs", "XDM", TODAY)
    assert run.revisions("portal") == []
    assert outage.first_lines() == [], "half made is nothing"
    ends = list(outage.attempts())
    assert [(state.name, STILL_YESTERDAYS in str(state.message)) for state in ends] == [
        ("Portal awaited", True), ("Completed", False)
    ]  # fmt: skip
    assert (outage.mails, run.revisions("portal")[0].state().is_finished) == (2, True)


@pytest.mark.story
def test_a_forecast_that_was_found_since_is_no_published_day(plain_outage: Outage) -> None:
    """A later run of the day met the same outage: what is gone on with is the revision of the first one."""
    outage = plain_outage
    outage.portal.goes_at, outage.portal.back = 16, 700
    assert outage.run().name == "Portal unreachable"
    file = flood_run(outage.workspace / "runs", "XDM", TODAY).path / "events.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(found | {"events": found["events"][:1]}), encoding="utf-8")
    done: list[str] = []
    with (
        patch.object(module, "send_notices", lambda *_: done.append("told")),
        patch.object(module, "report_run", lambda *_: done.append("report")),
    ):
        *_, ended = outage.attempts()
    assert done == ["told", "report"], "people first"
    assert (ended.name, outage.mails) == ("Failed", 2), "which is told"
    assert "of an earlier run (2 triggers) was finished first: people were notified of it just now" in ended.message
    assert str(ended.message).endswith("what was found since is not published. What to do: run the day again.")


def test_a_day_is_run_with_what_the_run_that_failed_was_asked_for() -> None:
    assert options_of({"country": "XDM", "config": "config"}) == Options()
    asked = {"notify": False, "approval": True, "accept_blind": ["G9001"], "take_over": True, "publish": True}
    assert options_of(asked) == Options(notify=False, hold=True, overrides=Overrides(("G9001",), take_over=True))


@pytest.mark.parametrize("how", ["held", "half held", pytest.param("given up", marks=pytest.mark.story)])
def test_what_waits_for_a_person_is_not_touched_and_told_where_the_portal_is_half_made(
    how: str, plain_outage: Outage
) -> None:
    outage = plain_outage
    if how != "held":
        outage.portal.goes_at, outage.portal.back = 16, 700
    assert outage.run(hold="held" in how).name == ("Held" if how == "held" else "Portal unreachable")
    (revision,) = flood_run(outage.workspace / "runs", "XDM", TODAY).revisions("portal")
    if how == "given up":
        revision.journal(outage.now).close("aborted by a person")
    before, calls = revision.state().progress.entries, outage.portal.calls
    (ended,) = outage.attempts()
    if how == "held":
        assert (ended.name, ended.message) == ("Skipped", "nothing to do: revision 1 is held: an operator approves it")
    else:
        why = "is held: an operator approves it" if how == "half held" else "was given up"
        assert str(ended.message).startswith(f"left to a person: revision 1 {why}; {NO_ALERTS}")
        assert ended.name == "Failed", "which is told"
    assert (revision.state().progress.entries, outage.portal.calls, outage.mails) == (before, calls, 1)
    assert outage.first_lines() == ([] if how == "held" else [f"XDM: {NO_ALERTS} ({TODAY})."])


def test_an_attempt_for_no_country_of_ours_says_so(plain_outage: Outage) -> None:
    where = {"config": str(plain_outage.config), "workspace": str(plain_outage.workspace)}
    ended = resume("KEN", "floods", str(TODAY), return_state=True, **where)  # type: ignore[call-overload]
    assert (ended.name, "KEN" in ended.message) == ("Failed", True)
