"""How a sensor starts the run of a country: through a deployment where there is a server, else in its own process."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

import httpx
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectException


class Starter(Protocol):
    """Starts the run of a country for an issue date, at most once however often it is asked."""

    def start(self, iso3: str, issue_date: date) -> None:
        """RuntimeError where the run could not be started."""
        ...


class DeploymentStarter:
    """Starts `floods/<ISO3>` on the Prefect server; the key makes any number of sensors and looks one run."""

    def start(self, iso3: str, issue_date: date) -> None:
        """Does not wait for the run."""
        name = f"floods/{iso3}"
        try:
            run_deployment(
                name,
                parameters={"country": iso3, "issue_date": issue_date.isoformat()},
                idempotency_key=f"floods-{iso3}-{issue_date}",
                timeout=0,
                as_subflow=False,
                tags=["watched", iso3],
            )
        except ObjectNotFound:
            raise RuntimeError(f"there is no deployment {name}") from None
        except (httpx.HTTPError, PrefectException) as error:
            raise RuntimeError(f"the server did not start {name} ({type(error).__name__})") from None


class EmbeddedStarter:
    """Runs the flow here and now, for installations without a server."""

    def __init__(self, config: str, workspace: str | None) -> None:
        self._config = config
        self._workspace = workspace

    def start(self, iso3: str, issue_date: date) -> None:
        """Waits for the run; a failed one is a RuntimeError with its message."""
        from flows.floods import floods

        state: State[Any] = floods(iso3, issue_date, config=self._config, workspace=self._workspace, return_state=True)
        if not state.is_completed():
            raise RuntimeError(state.message or f"the run of {iso3} ended {state.name}")
