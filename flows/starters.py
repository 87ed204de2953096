"""How a sensor starts the run of a country: through a deployment if there is a server, else here, in a process."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectException

from flows.all_countries import run_jobs
from flows.country_process import CountryJob
from flows.hazard_flows import issue_parameter
from flows.states import PORTAL_UNREACHABLE, WATCHED
from flows.wiring.deployment_run import start_run
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.registry import known_hazard

_ATTEMPTS = 3
"""runs of a country for an issue date that sensors start at most, each after the one before has failed"""


RunStarter = Callable[[str, IssueTime, str], str | None]
"""Starts the run of a country (ISO3), issue time and hazard; one at a time, however often it is asked.

None if a run was started or is under way; else why none is needed. RuntimeError if the run could not be
started, InputMissing if it found no forecast at once.
"""


def start_deployment(iso3: str, issued: IssueTime, hazard: str) -> str | None:
    """Start the country's deployment on the Prefect server, and wait for nothing.

    The key makes any number of sensors and looks one run; where that has failed, the next attempt is another one.
    RuntimeError also if an operator cancelled it, or the last attempt has failed.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        state = _run(iso3, issued, hazard, attempt).state
        if state is None or not state.is_final():
            return None
        ended = f"ended {state.name}: {state.message or 'without a word'}"
        if state.is_completed() or state.name == PORTAL_UNREACHABLE.name:  # attempts of their own follow
            return f"its run {ended}"
        if state.is_cancelled():
            raise RuntimeError(f"its run {ended}")
    raise RuntimeError(f"{_ATTEMPTS} runs failed, the last one {ended}")


def _run(iso3: str, issued: IssueTime, hazard: str, attempt: int) -> FlowRun:
    name = f"{hazard}/{iso3}"
    key = f"{hazard}-{iso3}-{issued}"
    try:
        parameters = {"country": iso3, issue_parameter(known_hazard(hazard).profile): str(issued)}
        return start_run(name, parameters, key if attempt == 1 else f"{key}-{attempt}", [WATCHED, iso3])
    except ObjectNotFound:
        raise RuntimeError(f"there is no deployment {name}") from None
    except (httpx.HTTPError, PrefectException) as error:
        raise RuntimeError(f"the server did not start {name} ({type(error).__name__})") from None


def start_here(config: str, workspace: str | None, iso3: str, issued: IssueTime, hazard: str) -> None:
    """Run the flow here and now and wait for it, for installations without a server.

    In a process of its own: the sensor's threads read other countries' forecasts meanwhile, and the libraries of netCDF
    and GRIB know no threads. A failed run is an InputMissing or RuntimeError with its message.
    """
    (ended,) = run_jobs([CountryJob(iso3, hazard, issued, None, config, workspace)], limit=1)
    if ended.exit_code == InputMissing.exit_code:
        raise InputMissing(ended.message)
    if ended.exit_code != 0:
        raise RuntimeError(ended.message or f"the run of {iso3} ended {ended.state}")
