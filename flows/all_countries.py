"""Every configured country's day: in parallel up to a limit, each on its own, one summary."""

from __future__ import annotations

import contextvars
import logging
import multiprocessing
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from datetime import date
from queue import SimpleQueue

from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.runtime import deployment, flow_run
from prefect.settings import PREFECT_API_URL

from flows.country_process import CountryJob, CountryOutcome, run_country
from flows.decorator import flow
from flows.hazard_flows import issue_parameter
from flows.states import COMPLETED, FAILED, exit_code_by_name
from flows.suspension import wait_for
from flows.wiring.day import open_configuration
from flows.wiring.deployment_run import start_run
from flows.wiring.hazards import CountryHazardKey, configured_hazards
from flows.wiring.idle_countries import awaited
from flows.wiring.pagination import all_pages
from flows.wiring.run_issue_time import issue_time_of_run, named_time
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import ConfigError, IbfError, UsageError, errors_logged
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.registry import HAZARDS, known_hazard
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")

_Runner = Callable[[CountryJob], CountryOutcome]


class CountriesFailed(IbfError):
    """Some countries' days did not end well; the others' did."""

    def __init__(self, text: str, codes: Collection[int]) -> None:
        super().__init__(text)
        self.exit_code = next(code for code in (4, 1, 2, 3) if code in codes)  # what most needs an operator


def _run_name() -> str:
    hazard = flow_run.parameters.get("hazard")
    what = "all-countries" if hazard is None else f"all-countries-{hazard}"
    profile = HAZARDS[hazard].profile if hazard in HAZARDS else FLOODS
    return f"{what}-{named_time(profile, flow_run.parameters.get('issue_date'))}"


@flow(name="all-countries", flow_run_name=_run_name)
def all_countries(
    issue_date: date | str | None = None,
    countries: list[str] | None = None,
    target: str | None = None,
    notify: bool = True,
    publish: bool = True,
    limit: int | None = None,
    config: str = "config",
    workspace: str | None = None,
    hazard: str | None = None,
) -> State:
    """Run the day, or the block of hours, of every configured country; the failure of one does not stop
    the others.

    Args:
        issue_date: day of the GloFAS 00 UTC run, or day and hour of the hazard; the scheduled one (UTC) if none is
            given.
        countries: ISO3 codes; all configured countries that have something to forecast if none are given.
        target: name of a target in settings.yaml; each country's own if none is given.
        notify: whether people are notified.
        publish: where off, the runs end with what they found and a report.
        limit: countries at the same time; operations.parallel_countries of settings.yaml if none is given.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
        hazard: of the countries that have it; every hazard with one run a day if none is given.
    """
    configuration = open_configuration(config, workspace)
    chosen = _runs(configuration, countries, hazard)
    profile = FLOODS if hazard is None else known_hazard(hazard).profile
    issued = issue_time_of_run(profile, issue_date)
    options = {"notify": notify, "publish": publish}
    jobs = [CountryJob(each.iso3, each.hazard, issued, target, config, workspace, options) for each in chosen]
    outcomes = run_jobs(jobs, limit or configuration.settings.operations.parallel_countries)
    _keep_table(outcomes, f"Countries: {profile.short} runs of {issued.words}")
    return _ended(outcomes)


def _runs(configuration: Configuration, countries: list[str] | None, hazard: str | None) -> list[CountryHazardKey]:
    """The countries that are meant, with the hazard, or with each that is run once a day; UsageError for none."""
    chosen = _chosen(configuration.country_codes(), countries)
    asked = [each for each in (configured_hazards if countries else awaited)(configuration) if each.iso3 in chosen]
    runs = [each for each in asked if (each.profile.period_hours == 24 if hazard is None else each.hazard == hazard)]
    if asked and not runs:
        what = "is run once a day" if hazard is None else f"has {hazard}"
        raise UsageError(
            f"nothing here {what}: {', '.join(each.label for each in asked)}",
            expected="countries with floods" if hazard is None else f"countries with hazards.{hazard}",
            remedy="name a hazard that they have, with --hazard",
        )
    return runs


def run_jobs(jobs: Sequence[CountryJob], limit: int) -> list[CountryOutcome]:
    """Outcomes in the order of the jobs.

    A run of a deployment starts a flow run of `<hazard>/<ISO3>` for each country, wherever the work pool runs it, and
    gives its worker's slot back while they are at work; otherwise each country runs in one of `limit` processes of this
    machine, against the same Prefect server, if any.
    """
    if deployment.id is not None:
        return _by_deployments(jobs, limit)
    api_url = PREFECT_API_URL.value()
    free: SimpleQueue[_Process] = SimpleQueue()

    def run(job: CountryJob) -> CountryOutcome:
        process = free.get()
        try:
            return process.run(job)
        finally:
            free.put(process)

    with ExitStack() as processes:
        for _ in range(min(limit, len(jobs))):
            free.put(processes.enter_context(closing(_Process(api_url))))
        return _in_threads(jobs, limit, run)


def _by_deployments(jobs: Sequence[CountryJob], limit: int) -> list[CountryOutcome]:
    """The flow runs of the countries' deployments, so many at a time; the same ones however often this run begins."""
    while True:
        runs, refused = _begun(jobs), dict[str, CountryOutcome]()
        for job in jobs:
            if sum(map(_holds_a_place, runs.values())) >= limit:
                break
            if job.label not in runs:
                try:
                    runs[job.label] = _start(job)
                except Exception as error:  # the others have their day nevertheless
                    refused[job.label] = _not_started(job, error)
        at_work = [label for label, run in runs.items() if not _is_over(run)]
        if not at_work:
            outcomes = [refused.get(job.label) or country_outcome(job, runs[job.label]) for job in jobs]
            return [_logged(outcome) for outcome in outcomes]
        done = sum(map(_is_over, runs.values()))
        wait_for(runs.values(), f"{done} of {len(jobs)} countries done, at work: {', '.join(at_work)}")


def _begun(jobs: Sequence[CountryJob]) -> dict[str, FlowRun]:
    """The runs that this one has started, by the labels of their jobs."""
    labels = {_key(job): job.label for job in jobs}
    ours = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=list(labels)))
    with get_client(sync_client=True) as client:
        runs = all_pages(lambda offset: client.read_flow_runs(flow_run_filter=ours, limit=200, offset=offset))
        return {labels[str(run.idempotency_key)]: run for run in runs}


def _start(job: CountryJob) -> FlowRun:
    parameters = {
        issue_parameter(known_hazard(job.hazard).profile): str(job.issue_time),
        **job.options,
        **({"target": job.target} if job.target else {}),
    }
    tags = [all_countries.name, job.country]  # no subflow, which Prefect does not let wait for an operator by itself
    return start_run(f"{job.hazard}/{job.country}", parameters, _key(job), tags)


def _key(job: CountryJob) -> str:
    return f"all-countries-{flow_run.id}-{job.hazard}-{job.country}"


def _is_over(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


def _holds_a_place(run: FlowRun) -> bool:
    """Not while it waits for an operator, which may take until midnight: the other countries have their day
    meanwhile.
    """
    return not _is_over(run) and (run.state is None or not run.state.is_paused())


def _not_started(job: CountryJob, error: Exception) -> CountryOutcome:
    if isinstance(error, ObjectNotFound):
        why = f"there is no deployment {job.hazard}/{job.country}: run `ibf-pipeline deploy`"
    else:
        why = f"{type(error).__name__}: {error}"
    return _crashed(job, why, time.perf_counter())


def country_outcome(job: CountryJob, run: FlowRun) -> CountryOutcome:
    """How a flow run of a country's deployment has ended: it counts by the name of its state."""
    state = run.state
    if state is None:
        return CountryOutcome(job.label, "unknown", "", 1, 0.0)
    seconds = run.total_run_time.total_seconds()
    return CountryOutcome(job.label, str(state.name), state.message or "", exit_code_by_name(state), seconds)


class _Process:
    """A process that runs one country after the other and is replaced where it dies."""

    def __init__(self, api_url: str | None) -> None:
        self._api_url = api_url
        self._pool: ProcessPoolExecutor | None = None

    def run(self, job: CountryJob) -> CountryOutcome:
        started = time.perf_counter()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        try:
            return self._pool.submit(run_country, job, self._api_url).result()
        except BrokenProcessPool:
            self._pool = None
            return _crashed(job, "its process died: see the log of the machine, mostly for lack of memory", started)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


def _in_threads(jobs: Sequence[CountryJob], limit: int, run: _Runner) -> list[CountryOutcome]:
    with ThreadPoolExecutor(max_workers=limit) as threads:
        futures = [threads.submit(contextvars.copy_context().run, run, job) for job in jobs]
        return [_outcome(future, job) for future, job in zip(futures, jobs, strict=True)]


def _outcome(future: Future[CountryOutcome], job: CountryJob) -> CountryOutcome:
    try:
        outcome = future.result()
    except Exception as error:  # the others have their day nevertheless
        log.exception("%s: its day could not be run", job.country)
        outcome = _crashed(job, f"{type(error).__name__}: {error}", time.perf_counter())
    return _logged(outcome)


def _logged(outcome: CountryOutcome) -> CountryOutcome:
    level = logging.INFO if outcome.exit_code == 0 else logging.ERROR
    log.log(level, "%s: %s %s", outcome.country, outcome.state, outcome.message)
    return outcome


def _crashed(job: CountryJob, message: str, started: float) -> CountryOutcome:
    return CountryOutcome(job.label, "Crashed", message, 1, time.perf_counter() - started)


def _chosen(configured: list[str], countries: list[str] | None) -> list[str]:
    unknown = sorted(set(countries or ()) - set(configured))
    if unknown or not configured:
        kind = UsageError if unknown and configured else ConfigError
        raise kind(
            f"no country {', '.join(unknown)}" if unknown else "no country is configured",
            expected=", ".join(configured) or "a file below countries/",
        )
    return list(dict.fromkeys(countries)) if countries else configured


def _keep_table(outcomes: Sequence[CountryOutcome], what: str) -> None:
    """The countries as a table artifact, if there is a server; that it cannot be written changes nothing."""
    if not has_server():
        return
    rows = [
        {"country": o.country, "state": o.state, "message": o.message, "seconds": round(o.seconds, 1)} for o in outcomes
    ]
    with errors_logged(log, "the table of the countries could not be kept"):
        create_table_artifact(table=rows, key="all-countries", description=what)


def _ended(outcomes: Sequence[CountryOutcome]) -> State:
    """Completed where every country is; else Failed, naming the others with their cause."""
    failed = [outcome for outcome in outcomes if outcome.exit_code != 0]
    message = f"{len(outcomes) - len(failed)} of {len(outcomes)} countries done"
    if not failed:
        return COMPLETED.state(message)
    text = "; ".join([message, *(f"{outcome.country}: {outcome.message}" for outcome in failed)])
    return FAILED.state(text, CountriesFailed(text, {outcome.exit_code for outcome in failed}))
