"""All countries from the command line's side, in processes of this machine: isolated from each other, one summary."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from flows import all_countries as module
from flows.all_countries import all_countries
from flows.country_process import CountryJob, CountryOutcome, run_country
from flows.states import OUTCOMES, RunOutcome, exit_code
from flows.wiring.day import open_configuration
from ibf_pipeline.domain.issue_time import IssueTime
from tests.worlds.countries.projects import SUNDAY, add_country, make_project
from tests.worlds.plain_calls import plain_calls, run_here
from tests.worlds.runs import flood_run
from tests.worlds.services.prefect_server import PrefectServer
from tests.worlds.speedups import quick_days

REAL = pytest.param("processes", marks=pytest.mark.story)


@pytest.fixture(params=["here", REAL])
def run_where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Country runs as plain calls one after the other; in the stories each in a process, on a Prefect server."""
    if request.param == "processes":
        request.getfixturevalue("api")
        yield "processes"
        return
    monkeypatch.setattr(module, "run_country", run_here)
    monkeypatch.setattr(module, "ProcessPoolExecutor", lambda workers, **_: ThreadPoolExecutor(workers))
    with plain_calls(), quick_days():
        yield "here"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_project(tmp_path_factory.mktemp("project"), ("XDM", "XDN"))


def test_every_country_has_its_day_though_one_fails(
    run_where: str, config: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    workspace = tmp_path / "workspace"
    folder = Path(config)
    add_country(folder, "XDO", static=str(tmp_path / "nothing-here"))
    (folder / "countries" / "XDP.yaml").write_text("iso3: XDP\ncolour: blue\n", encoding="utf-8")
    try:
        limit = 2 if run_where == "processes" else 1
        state = all_countries(SUNDAY, config=config, workspace=str(workspace), limit=limit, return_state=True)
    finally:
        for iso3 in ("XDO", "XDP"):
            (folder / "countries" / f"{iso3}.yaml").unlink()
    assert state.is_failed()
    assert state.message.startswith("2 of 4 countries done; XDO: ")
    assert "unknown key" in state.message
    assert exit_code(state) == 1
    for iso3 in ("XDM", "XDN"):
        (revision,) = flood_run(workspace / "runs", iso3, SUNDAY).revisions("sandbox")
        assert revision.calls()[-1].path == "/notification/send"
    if run_where == "here":
        return
    with get_client(sync_client=True) as client:
        ours = client.read_flow_run(state.state_details.flow_run_id)
        since = FlowRunFilter(start_time={"after_": ours.start_time})
        runs = {run.name: run.state.name for run in client.read_flow_runs(flow_run_filter=since)}
    assert runs["floods-XDM-2026-02-15"] == runs["floods-XDN-2026-02-15"] == "Not all published"
    assert runs["floods-XDO-2026-02-15"] == runs["all-countries-2026-02-15"] == "Failed"


def test_input_that_is_missing_everywhere_is_code_3(run_where: str, config: str, tmp_path: Path) -> None:
    state = all_countries(date(2026, 2, 1), ["XDM"], config=config, workspace=str(tmp_path), return_state=True)
    assert state.message.startswith("0 of 1 countries done; XDM: input not available yet: ")
    assert exit_code(state) == 3


@pytest.mark.usefixtures("plain")
def test_a_country_that_is_not_configured_is_refused_before_anything_runs(config: str, tmp_path: Path) -> None:
    state = all_countries(SUNDAY, ["XDM", "KEN"], config=config, workspace=str(tmp_path), return_state=True)
    assert state.message == "no country KEN. Expected: XDM, XDN."
    assert not (tmp_path / "runs").exists()


def test_what_a_process_is_given_to_do(
    api: PrefectServer, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: against the server that it is told, with the code of its end, and nothing is left to be sent."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    drained: list[str] = []
    for worker in (EventsWorker, APILogWorker):
        monkeypatch.setattr(worker, "drain_all", lambda timeout, name=worker.__name__: drained.append(name))
    job = CountryJob("XDM", "floods", IssueTime(date(2026, 2, 1)), None, config, str(tmp_path), {"publish": False})
    with quick_days():
        ended = run_country(job, api.url)
    assert (ended.country, ended.exit_code, ended.message.split(":")[0]) == ("XDM", 3, "input not available yet")
    assert (os.environ["PREFECT_API_URL"], drained) == (api.url, ["EventsWorker", "APILogWorker"])
    with get_client(sync_client=True) as client:
        names = {run.name for run in client.read_flow_runs(limit=50, sort=FlowRunSort.START_TIME_DESC)}
    assert "floods-XDM-2026-02-01" in names


@pytest.mark.story
@pytest.mark.usefixtures("api")
def test_a_process_that_dies_takes_no_other_country_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_country", die_in_xdm)
    jobs = [CountryJob(iso3, "floods", IssueTime(SUNDAY), None, "config", None) for iso3 in ("XDM", "XDN", "XDO")]
    first, *others = module.run_jobs(jobs, limit=1)
    assert (first.country, first.state, first.exit_code) == ("XDM", "Crashed", 1)
    assert [(other.country, other.message) for other in others] == [("XDN", "no alert"), ("XDO", "no alert")]


@pytest.mark.usefixtures("plain")
def test_a_broken_pool_is_replaced_for_the_next_country(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDM's breaks; the two others share the next one."""
    pools: list[str] = []

    class Pool(ThreadPoolExecutor):
        def submit(self, run: Any, job: CountryJob, *_: Any) -> Any:
            pools.append(job.country)
            ended: Future[CountryOutcome] = Future()
            if job.country == "XDM":
                ended.set_exception(BrokenProcessPool("killed"))
            else:
                ended.set_result(CountryOutcome(job.country, "Completed", "no alert", 0, 0.0))
            return ended

    made: list[Pool] = []
    monkeypatch.setattr(module, "ProcessPoolExecutor", lambda workers, **_: made.append(Pool(workers)) or made[-1])
    jobs = [CountryJob(iso3, "floods", IssueTime(SUNDAY), None, "config", None) for iso3 in ("XDM", "XDN", "XDO")]
    first, *others = module.run_jobs(jobs, limit=1)
    assert (first.state, first.exit_code, "its process died" in first.message) == ("Crashed", 1, True)
    assert [(other.country, other.message) for other in others] == [("XDN", "no alert"), ("XDO", "no alert")]
    assert (pools, len(made)) == (["XDM", "XDN", "XDO"], 2), "one pool for the first, another for the others"


def die_in_xdm(job: CountryJob, api_url: str | None) -> CountryOutcome:
    if job.country == "XDM":
        os.kill(os.getpid(), signal.SIGKILL)
    return CountryOutcome(job.country, "Completed", "no alert", 0, 0.0)


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))
def test_a_countrys_run_elsewhere_counts_by_the_name_of_its_state(
    outcome: RunOutcome,
) -> None:
    """Its message and its error may be anything: only the server knows the run."""
    ended = FlowRun(flow_id=uuid4(), state=outcome.state("whatever it says"), total_run_time=timedelta(seconds=90))
    done = module.country_outcome(CountryJob("XDM", "floods", IssueTime(SUNDAY), None, "config", None), ended)
    assert (done.state, done.message, done.exit_code) == (outcome.name, "whatever it says", outcome.exit_code)
    assert done.seconds == 90


def test_the_configured_limit_is_taken(config: str) -> None:
    file = Path(config) / "settings.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(yaml.safe_dump({**yaml.safe_load(before), "operations": {"parallel_countries": 0}}))
    try:
        with pytest.raises(Exception, match="parallel_countries"):
            open_configuration(config)
    finally:
        file.write_text(before, encoding="utf-8")
