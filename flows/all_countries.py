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
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import deployment, flow_run

from flows.country_process import CountryJob, CountryOutcome, run_country
from flows.hazard_flows import issue_parameter
from flows.installed import final
from flows.states import COMPLETED, FAILED, exit_code_by_name
from flows.wiring.day import open_configuration
from flows.wiring.hazards import Configured, configured
from flows.wiring.issue_date import issue_time_of_run, named_time
from flows.wiring.no_river import awaited
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import ConfigError, IbfError, UsageError, only_logged
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.known import HAZARDS, known_hazard

log = logging.getLogger("ibf_pipeline.flows")

Runner = Callable[[CountryJob], CountryOutcome]


class CountriesFailed(IbfError):
    """Some countries' days did not end well; the others' did."""

    def __init__(self, text: str, codes: Collection[int]) -> None:
        super().__init__(text)
        self.exit_code = next(code for code in (4, 1, 2, 3) if code in codes)  # what most needs a person


def _run_name() -> str:
    hazard = flow_run.parameters.get("hazard")
    what = "all-countries" if hazard is None else f"all-countries-{hazard}"
    profile = HAZARDS[hazard].profile if hazard in HAZARDS else FLOODS
    return f"{what}-{named_time(profile, flow_run.parameters.get('issue_date'))}"


@flow(name="all-countries", flow_run_name=_run_name, retries=0, persist_result=False)
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
    """Run the day, or the block of hours, of every configured country; the trouble of one does not keep the others from
    theirs.

    Args:
        issue_date: day of the GloFAS 00 UTC run, or day and hour of the hazard; the scheduled one (UTC) where none is
            given.
        countries: ISO3 codes; all configured countries that have something to forecast where none are given.
        target: name of a target in settings.yaml; each country's own where none is given.
        notify: whether people are notified.
        publish: false stops with the findings on disk.
        limit: countries at the same time; operations.parallel_countries of settings.yaml where none is given.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
        hazard: of the countries that have it; every hazard with one run a day where none is given.
    """
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    try:
        configuration = open_configuration(config, workspace)
        chosen = _runs(configuration, countries, hazard)
        profile = FLOODS if hazard is None else known_hazard(hazard).profile
        issued = issue_time_of_run(profile, issue_date)
    except IbfError as error:
        log.error("%s", error)
        return final(FAILED.state(str(error), error))
    options = {"notify": notify, "publish": publish}
    jobs = [CountryJob(each.iso3, each.hazard, issued, target, config, workspace, options) for each in chosen]
    outcomes = run_jobs(jobs, limit or configuration.settings.operations.parallel_countries)
    _keep_table(outcomes, f"Countries: {profile.short} runs of {issued.words}")
    return final(_ended(outcomes))


def _runs(configuration: Configuration, countries: list[str] | None, hazard: str | None) -> list[Configured]:
    """The countries that are meant, with the hazard, or with each that is run once a day; UsageError for none."""
    chosen = _chosen(configuration.country_codes(), countries)
    asked = [each for each in (configured if countries else awaited)(configuration) if each.iso3 in chosen]
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

    A run of a deployment starts a flow run of `<hazard>/<ISO3>` for each country, wherever the work pool runs it;
    otherwise each country runs in one of `limit` processes of this machine, against the same Prefect server.
    """
    if deployment.id is not None:
        return _in_threads(jobs, limit, by_deployment)
    with get_client(sync_client=True) as client:
        api_url = str(client.api_url)
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


def by_deployment(job: CountryJob) -> CountryOutcome:
    """The flow run of a country's deployment, waited for; the same one however often this run is repeated."""
    started = time.perf_counter()
    parameters = {
        issue_parameter(known_hazard(job.hazard).profile): str(job.issue_time),
        **job.options,
        **({"target": job.target} if job.target else {}),
    }
    try:
        run: Any = run_deployment(
            f"{job.hazard}/{job.country}",
            parameters=parameters,
            timeout=None,
            poll_interval=5,
            idempotency_key=f"all-countries-{flow_run.id}-{job.hazard}-{job.country}",
        )
    except ObjectNotFound:
        return _crashed(job, f"there is no deployment {job.hazard}/{job.country}: run `ibf-pipeline deploy`", started)
    state: State | None = run.state
    name, message, code = "unknown", "", 1
    if state is not None:
        name, message, code = state.name or name, state.message or "", exit_code_by_name(state)
    return CountryOutcome(job.label, name, message, code, time.perf_counter() - started)


class _Process:
    """A process that runs one country after the other and is replaced where it dies."""

    def __init__(self, api_url: str) -> None:
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
            return _crashed(job, "its process died: see the log of the machine, mostly for want of memory", started)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


def _in_threads(jobs: Sequence[CountryJob], limit: int, run: Runner) -> list[CountryOutcome]:
    with ThreadPoolExecutor(max_workers=limit) as threads:
        futures = [threads.submit(contextvars.copy_context().run, run, job) for job in jobs]
        return [_outcome(future, job) for future, job in zip(futures, jobs, strict=True)]


def _outcome(future: Future[CountryOutcome], job: CountryJob) -> CountryOutcome:
    try:
        outcome = future.result()
    except Exception as error:  # whatever became of one country, the others have their day
        log.exception("%s: its day could not be run", job.country)
        outcome = _crashed(job, f"{type(error).__name__}: {error}", time.perf_counter())
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
    """The countries as a table artifact; that it cannot be written changes nothing."""
    rows = [
        {"country": o.country, "state": o.state, "message": o.message, "seconds": round(o.seconds, 1)} for o in outcomes
    ]
    with only_logged(log, "the table of the countries could not be kept"):
        create_table_artifact(table=rows, key="all-countries", description=what)


def _ended(outcomes: Sequence[CountryOutcome]) -> State:
    """Completed where every country is; else Failed, naming the others with their cause."""
    failed = [outcome for outcome in outcomes if outcome.exit_code != 0]
    message = f"{len(outcomes) - len(failed)} of {len(outcomes)} countries done"
    if not failed:
        return COMPLETED.state(message)
    text = "; ".join([message, *(f"{outcome.country}: {outcome.message}" for outcome in failed)])
    return FAILED.state(text, CountriesFailed(text, {outcome.exit_code for outcome in failed}))
