"""How a sensor starts the run of a country: through a deployment where there is a server, else here, in a process."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectException

from flows.all_countries import run_jobs
from flows.country_process import CountryJob
from flows.states import WATCHED
from ibf_pipeline.errors import InputMissing

ATTEMPTS = 3
"""runs of a country for an issue date that sensors start at most, each after the one before has failed"""


class Starter(Protocol):
    """Starts the run of a country for an issue date; one at a time, however often it is asked."""

    def start(self, iso3: str, issue_date: date) -> str | None:
        """None where a run was started or is under way; else why there is no need of one.

        RuntimeError where the run could not be started, InputMissing where it found no forecast at once.
        """
        ...


class DeploymentStarter:
    """Starts `floods/<ISO3>` on the Prefect server.

    The key makes any number of sensors and looks one run; where that has failed, the next attempt is another one.
    """

    def start(self, iso3: str, issue_date: date) -> str | None:
        """Does not wait for the run. RuntimeError also where a person cancelled it, or the last attempt has failed."""
        for attempt in range(1, ATTEMPTS + 1):
            state = self._run(iso3, issue_date, attempt).state
            if state is None or not state.is_final():
                return None
            ended = f"ended {state.name}: {state.message or 'without a word'}"
            if state.is_completed():
                return f"its run {ended}"
            if state.is_cancelled():
                raise RuntimeError(f"its run {ended}")
        raise RuntimeError(f"{ATTEMPTS} runs failed, the last one {ended}")

    def _run(self, iso3: str, issue_date: date, attempt: int) -> FlowRun:
        name = f"floods/{iso3}"
        key = f"floods-{iso3}-{issue_date}"
        try:
            found: Any = run_deployment(
                name,
                parameters={"country": iso3, "issue_date": issue_date.isoformat()},
                idempotency_key=key if attempt == 1 else f"{key}-{attempt}",
                timeout=0,
                as_subflow=False,
                tags=[WATCHED, iso3],
            )
        except ObjectNotFound:
            raise RuntimeError(f"there is no deployment {name}") from None
        except (httpx.HTTPError, PrefectException) as error:
            raise RuntimeError(f"the server did not start {name} ({type(error).__name__})") from None
        assert isinstance(found, FlowRun)  # noqa: S101 - the call is made outside an event loop
        return found


class EmbeddedStarter:
    """Runs the flow here and now, for installations without a server.

    In a process of its own: the sensor's threads read other countries' forecasts meanwhile, and the libraries of netCDF
    and GRIB know no threads.
    """

    def __init__(self, config: str, workspace: str | None) -> None:
        self._config = config
        self._workspace = workspace

    def start(self, iso3: str, issue_date: date) -> None:
        """Waits for the run; a failed one is an InputMissing or RuntimeError with its message."""
        (ended,) = run_jobs([CountryJob(iso3, issue_date, None, self._config, self._workspace)], limit=1)
        if ended.exit_code == InputMissing.exit_code:
            raise InputMissing(ended.message)
        if ended.exit_code != 0:
            raise RuntimeError(ended.message or f"the run of {iso3} ended {ended.state}")
