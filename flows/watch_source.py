"""One sensor for each source: it waits for the forecast of a day or a block and starts the runs of the countries that
use it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from typing import Final

from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run

from flows.decorator import flow
from flows.starters import RunStarter, start_deployment, start_here
from flows.states import COMPLETED, FAILED, INPUT_MISSING
from flows.suspension import reschedule, saved_notes, show_waiting_here
from flows.wiring.day import Day, as_issue_time, now, open_configuration
from flows.wiring.inputs_fetch import fetched_cube, forecast_of_before
from flows.wiring.looks import Looks
from flows.wiring.rain_outside_runs import rain_look
from flows.wiring.run_issue_time import scheduled_moment
from flows.wiring.sources import (
    cells_of,
    open_cache,
    open_source,
    prune_cache,
    unwatched_sources,
    users_of,
    waiting_of,
)
from flows.wiring.tracks_outside_runs import tracks_look
from flows.wiring.trial import require_no_trial_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.rain_sources import BlockWaiting
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused, ServerUnreachable, WriteFailed
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.runs.ledger import latest_finished
from ibf_pipeline.sources.arrivals import ArrivalNotes
from ibf_pipeline.sources.completeness import completeness
from ibf_pipeline.sources.source import AccountMissing
from ibf_pipeline.sources.watch import Availability, Watched, grouped, look_times, watch

log = logging.getLogger("ibf_pipeline.flows")

clock = now
sleep = time.sleep
_LEFT_SECONDS = 60
"""a shorter pause is made in the process: to begin the run again takes some ten seconds"""


def _run_name() -> str:
    parameters = flow_run.parameters
    asked = parameters.get("issue_date")
    try:
        configuration = open_configuration(parameters.get("config") or "config", parameters.get("workspace"))
        asked = watched_issue_time(configuration, parameters["source"], asked)
    except IbfError as error:  # the run says it
        log.debug("the run has no issue time in its name: %s", error)
    return f"watch-{parameters['source']}-{asked or scheduled_moment().date()}"


@flow(name="watch-source", flow_run_name=_run_name)
def watch_source(
    source: str, issue_date: date | str | None = None, config: str = "config", workspace: str | None = None
) -> State:
    """Wait for a source's forecast of a day or a block, and start the runs of the countries that use it. Between two
    looks a run of the deployment gives its worker's slot back.

    Args:
        source: name of a source in settings.yaml; its `waiting` tells from when to when, and how often it is looked.
        issue_date: day of the GloFAS 00 UTC run; the day this run was scheduled for if none is given, so that a
            sensor that starts late, or waits beyond midnight, still waits for the right day. Of rain and tracks day
            and hour of a block, such as 2026-02-15T06.
        config: folder of the configuration.
        workspace: folder for fetched forecasts and runs, instead of those of the settings.
    """
    configuration = open_configuration(config, workspace)
    issue_time = watched_issue_time(configuration, source, issue_date)
    watched = _watched(configuration, source, issue_time, _starter(config, workspace))
    prune_cache(configuration)
    return _ended(source, issue_time, watched)


def watched_issue_time(configuration: Configuration, source: str, asked: date | str | None) -> IssueTime:
    """What was asked for, else the day or block whose first look the run was scheduled for.

    ConfigError if the source is not one that is waited for, UsageError if what was asked for is not an issue time.
    """
    waiting = waiting_of(configuration, source)
    (hazard,) = configuration.settings.sources[source].hazards
    profile = known_hazard(hazard).profile
    if asked is not None:
        return as_issue_time(profile, asked)
    since = timedelta(hours=waiting.first_look_h) if isinstance(waiting, BlockWaiting) else timedelta()
    return profile.issue_time(scheduled_moment() - since)


def _watched(configuration: Configuration, source: str, issue_time: IssueTime, starter: RunStarter) -> Watched:
    users, wrong = users_of(configuration, source)
    countries = {country.iso3: country for country in users}
    times = look_times(issue_time, waiting_of(configuration, source))
    log.info(
        "%s: %s for %s, from %s to %s UTC",
        source,
        issue_time,
        ", ".join(countries) or "no country",
        f"{times.first:%H:%M}",
        f"{times.last:%Y-%m-%d %H:%M}",
    )

    def start(iso3: str) -> str | None:
        log.info("%s: starting %s for %s", source, iso3, issue_time)
        return starter(iso3, issue_time, countries[iso3].hazard)

    is_daily = issue_time.hour is None
    notes = ArrivalNotes(open_cache(configuration).root, source, issue_time.day, times) if is_daily else None
    looks = Looks(lambda iso3: _look(configuration, source, countries[iso3], issue_time, notes), len(countries))
    watched, waiting_for = Watched(**saved_notes()), [""]

    def tell(text: str) -> None:
        log.info("%s", text)
        waiting_for[0] = text

    def pause(seconds: float) -> None:
        if seconds >= _LEFT_SECONDS and not looks.go_on:
            reschedule(clock() + timedelta(seconds=seconds), waiting_for[0], asdict(watched))
        show_waiting_here(waiting_for[0])
        sleep(seconds)

    try:
        watch(
            list(countries),
            times,
            look=looks,
            start=start,
            done=lambda iso3: _published(configuration, countries[iso3], issue_time),
            unwatched=lambda iso3: unwatched_sources(configuration, countries[iso3], source, issue_time),
            tell=tell,
            now=clock,
            sleep=pause,
            watched=watched,
        )
    finally:
        looks.close()
    watched.faulty |= {code: str(error) for code, error in wrong.items()}
    return watched


def _look(
    configuration: Configuration, source: str, country: CountryHazard, issue_time: IssueTime, notes: ArrivalNotes | None
) -> Availability:
    """Fetch what is there and see how much it is: the country's run then finds it in the cache."""
    began = clock()
    try:
        require_no_trial_source(configuration, country, country.target)
        ask = LOOKS[country.hazard](configuration, source, country, issue_time)
    except IbfError as error:
        log.error("%s: %s: %s", source, country.iso3, error)
        return Availability(False, False, str(error), fault=True, lasting=True)
    try:
        found = ask()
    except (InputMissing, ServerUnreachable) as error:
        log.info("%s: %s: %s", source, country.iso3, error)
        if isinstance(error, InputMissing) and notes is not None:
            notes.missing(country.iso3, began)
        return Availability(False, False, error.found)
    except IbfError as error:
        log.error("%s: %s: %s", source, country.iso3, error)
        return Availability(
            False, False, str(error), fault=True, lasting=isinstance(error, AccountMissing | VersionRefused)
        )
    except Exception as error:  # of one country, and no reason to leave the others without their forecast
        log.exception("%s: %s: the look failed", source, country.iso3)
        return Availability(False, False, f"the look failed ({type(error).__name__}: {error})", fault=True)
    log.info("%s: %s: %s", source, country.iso3, found.text)
    try:
        if notes is not None:
            (notes.whole if found.whole else notes.missing)(country.iso3, began)
    except WriteFailed as error:  # the forecast is there all the same
        log.warning("%s: its arrival could not be noted: %s", source, error)
    return found


def flood_look(
    configuration: Configuration, source: str, country: CountryHazard, issue_time: IssueTime
) -> Callable[[], Availability]:
    """How many members of a day's ensemble are there."""
    floods = FloodCountry.of(country)
    chosen, cells = open_source(configuration, source, floods.on(issue_time.day)), cells_of(configuration, floods)

    def ask() -> Availability:
        before = forecast_of_before(configuration, country.iso3, issue_time.day)
        _, cube = fetched_cube(chosen, cells, issue_time.day, floods, before)
        found = completeness(cube, floods.members.expected)
        return Availability(found.is_whole, found.fewest >= floods.members.minimum, str(found))

    return ask


LOOKS: Final[dict[str, Callable[[Configuration, str, CountryHazard, IssueTime], Callable[[], Availability]]]] = {
    FloodCountry.hazard: flood_look,
    FlashFloodCountry.hazard: rain_look,
    TyphoonCountry.hazard: tracks_look,
}
"""(configuration, source, the hazard's section, issue time): what is wrong here is raised at once; then a look"""


def _published(configuration: Configuration, country: CountryHazard, issue_time: IssueTime) -> str | None:
    """Whether the day was published already, from this source or another one."""
    try:
        here = Day(configuration, country, issue_time, country.target, configuration.target(country.target))
        finished = latest_finished(here.run, here.target_name)
    except IbfError as error:  # its own run will say it again, where it belongs
        log.warning("%s: whether the day was published cannot be told: %s", country.iso3, error)
        return None
    return None if finished is None else f"published to {here.target_name} before"


def _ended(source: str, issue_time: IssueTime, watched: Watched) -> State:
    said = (  # what needs people comes first
        ("NOT started:", watched.not_started),
        (f"NOT possible: {source} of {issue_time} for", watched.faulty),
        (f"{INPUT_MISSING.words}: {source} of {issue_time} for", watched.absent),
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


def _starter(config: str, workspace: str | None) -> RunStarter:
    return start_deployment if deployment.id is not None else partial(start_here, config, workspace)
