"""One sensor for each source: it waits for the day's forecast and starts the runs of the countries that use it."""

from __future__ import annotations

import logging
import time
from datetime import date
from functools import partial

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run
from prefect.states import Running

from flows.installed import final
from flows.starters import Starter, start_deployment, start_here
from flows.states import COMPLETED, FAILED, INPUT_MISSING
from flows.wiring.day import Day, now, open_configuration
from flows.wiring.inputs_fetch import fetched_cube, forecast_of_before
from flows.wiring.issue_date import issue_date_of_run
from flows.wiring.looks import Looks
from flows.wiring.sources import (
    cells_of,
    open_cache,
    open_source,
    prune_cache,
    source_settings,
    unwatched_sources,
    users_of,
)
from flows.wiring.trial import require_no_trial_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused, ServerUnreachable, WriteFailed
from ibf_pipeline.runs.ledger import latest_finished
from ibf_pipeline.sources.arrivals import ArrivalNotes
from ibf_pipeline.sources.completeness import completeness
from ibf_pipeline.sources.source import AccountMissing
from ibf_pipeline.sources.watch import Look, LookTimes, Watched, grouped, watch

log = logging.getLogger("ibf_pipeline.flows")

clock = now
sleep = time.sleep
WAITING = "Waiting"
"""name of the state in which a sensor sleeps between two looks"""


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"watch-{parameters['source']}-{issue_date_of_run(parameters.get('issue_date'))}"


@flow(name="watch-source", flow_run_name=_run_name, retries=0, persist_result=False)
def watch_source(
    source: str, issue_date: date | None = None, config: str = "config", workspace: str | None = None
) -> State:
    """Wait for a source's forecast of a day, and start the runs of the countries that use it.

    Args:
        source: name of a source in settings.yaml; its `waiting` tells from when to when, and how often it is looked.
        issue_date: day of the GloFAS 00 UTC run; the day this run was scheduled for where none is given, so that a
            sensor that starts late, or waits beyond midnight, still waits for the right day.
        config: folder of the configuration.
        workspace: folder for fetched forecasts and runs, instead of those of the settings.
    """
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    day = issue_date_of_run(issue_date)
    try:
        configuration = open_configuration(config, workspace)
        watched = _watched(configuration, source, day, _starter(config, workspace))
        prune_cache(configuration)
    except IbfError as error:
        log.error("%s", error)
        return final(FAILED.state(str(error), error))
    return final(_ended(source, day, watched))


def _watched(configuration: Configuration, source: str, day: date, starter: Starter) -> Watched:
    chosen = source_settings(configuration, source)
    users, wrong = users_of(configuration, source)
    countries = {country.iso3: country for country in users}
    times = LookTimes.of(day, chosen.waiting)
    log.info(
        "%s: %s for %s, from %s to %s UTC",
        source,
        day,
        ", ".join(countries) or "no country",
        f"{times.first:%H:%M}",
        f"{times.last:%Y-%m-%d %H:%M}",
    )

    def start(iso3: str) -> str | None:
        log.info("%s: starting %s for %s", source, iso3, day)
        return starter(iso3, day)

    notes = ArrivalNotes(open_cache(configuration).root, source, day, times)
    looks = Looks(lambda iso3: _look(configuration, source, countries[iso3], day, notes), len(countries))
    try:
        watched = watch(
            list(countries),
            times,
            look=looks,
            start=start,
            done=lambda iso3: _published(configuration, countries[iso3], day),
            unwatched=lambda iso3: unwatched_sources(configuration, countries[iso3], source, day),
            tell=_show,
            now=clock,
            sleep=sleep,
        )
    finally:
        looks.close()
    watched.faulty |= {code: str(error) for code, error in wrong.items()}
    return watched


def _look(configuration: Configuration, source: str, country: FloodCountry, day: date, notes: ArrivalNotes) -> Look:
    """Fetch what is there and count it: the country's run then finds it in the cache."""
    began = clock()
    try:
        require_no_trial_source(configuration, country, country.target)
        chosen, cells = open_source(configuration, source, country.on(day)), cells_of(configuration, country)
    except IbfError as error:
        log.error("%s: %s: %s", source, country.iso3, error)
        return Look(False, False, str(error), fault=True, lasting=True)
    try:
        before = forecast_of_before(configuration, country.iso3, day)
        _, cube = fetched_cube(chosen, cells, day, country, before)
    except (InputMissing, ServerUnreachable) as error:
        log.info("%s: %s: %s", source, country.iso3, error)
        if isinstance(error, InputMissing):
            notes.missing(country.iso3, began)
        return Look(False, False, error.found)
    except IbfError as error:
        log.error("%s: %s: %s", source, country.iso3, error)
        return Look(False, False, str(error), fault=True, lasting=isinstance(error, AccountMissing | VersionRefused))
    except Exception as error:  # of one country, and no reason to leave the others without their forecast
        log.exception("%s: %s: the look failed", source, country.iso3)
        return Look(False, False, f"the look failed ({type(error).__name__}: {error})", fault=True)
    found = completeness(cube, country.members.expected)
    log.info("%s: %s: %s", source, country.iso3, found)
    try:
        (notes.whole if found.is_whole else notes.missing)(country.iso3, began)
    except WriteFailed as error:  # the forecast is there all the same
        log.warning("%s: its arrival could not be noted: %s", source, error)
    return Look(found.is_whole, found.fewest >= country.members.minimum, str(found))


def _published(configuration: Configuration, country: FloodCountry, day: date) -> str | None:
    """Whether the day was published already, from this source or another one."""
    try:
        here = Day(configuration, country, IssueTime(day), country.target, configuration.target(country.target))
        finished = latest_finished(here.run, here.target_name)
    except IbfError as error:  # its own run will say it again, where it belongs
        log.warning("%s: whether the day was published cannot be told: %s", country.iso3, error)
        return None
    return None if finished is None else f"published to {here.target_name} before"


def _show(text: str) -> None:
    """Say in the log and in the flow run's state that, and for what, the sensor waits."""
    log.info("%s", text)
    if flow_run.id is None:
        return
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Running(name=WAITING, message=text), force=True)
    except Exception as error:  # a server that does not answer for a moment is no reason to miss the forecast
        log.warning("the state could not be shown (%s)", type(error).__name__)


def _ended(source: str, day: date, watched: Watched) -> State:
    said = (  # what needs people comes first
        ("NOT started:", watched.not_started),
        (f"NOT possible: {source} of {day} for", watched.faulty),
        (f"{INPUT_MISSING.words}: {source} of {day} for", watched.absent),
        ("started", watched.started),
        ("nothing to do for", watched.done),
    )
    parts = [f"{words} {grouped(countries)}" for words, countries in said if countries]
    message = "; ".join(parts) or f"no country uses source {source}"
    if watched.not_started:
        return FAILED.state(message)
    if watched.faulty:
        return FAILED.state(message, ServerRefused(message, where=source))
    if watched.absent:
        remedy = "run the sensor or the countries again later"
        return INPUT_MISSING.state(message, InputMissing(message, where=source, remedy=remedy))
    return COMPLETED.state(message)


def _starter(config: str, workspace: str | None) -> Starter:
    return start_deployment if deployment.id is not None else partial(start_here, config, workspace)
