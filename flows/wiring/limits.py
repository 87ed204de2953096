"""The same country never twice at once, across workers: a concurrency limit of the Prefect server."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound
from prefect.runtime import deployment

from ibf_pipeline.errors import ConfigError, errors_logged
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")

LEASE_SECONDS = 60
"""after which the hold of a run that was killed ends; a living run renews it"""
WAIT_SECONDS = 240.0
"""for a server that is away when the hold is taken: Prefect's client gives up at the first failed connection"""
_PAUSE_SECONDS = 2.0


def limit_name(hazard: str, iso3: str) -> str:
    """Concurrency limit that every flow run which publishes for a country and hazard holds."""
    return f"ibf-{hazard}-{iso3}"


@contextmanager
def one_at_a_time(hazard: str, iso3: str) -> Iterator[None]:
    """Wait until no other run of the country and hazard is at work on the Prefect server, then hold the country.

    Strict for runs of a deployment: ConfigError if the limit does not exist. Runs of the command line hold it where
    it exists; without a server the publisher's own lock is what keeps runs of one machine apart. A server that restarts
    is waited for. A lease that cannot be renewed or given back does not stop a run: half an alert is worse than what
    the limit prevents, and the hold ends by itself.
    """
    name = limit_name(hazard, iso3)
    if not has_server() or not _exists(name):
        yield
        return
    with ExitStack() as held:
        _hold(name, held)
        try:
            yield
        finally:
            with errors_logged(log, "%s: the server was not told that the country is free; it is in a minute", iso3):
                held.close()


def _exists(name: str) -> bool:
    try:
        with get_client(sync_client=True) as client:
            client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        if deployment.id is not None:
            raise ConfigError(
                f"the Prefect server has no concurrency limit {name}",
                expected="one, so that the country never runs twice at once",
                remedy="run `ibf-pipeline deploy`",
            ) from None
        return False
    return True


def _hold(name: str, held: ExitStack) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            held.enter_context(
                concurrency(name, strict=True, raise_on_lease_renewal_failure=False, lease_duration=LEASE_SECONDS)
            )
        except Exception as error:
            if not isinstance(error.__cause__, httpx.TransportError) or time.monotonic() > until:
                raise
            log.warning("the Prefect server is away: the hold of %s waits for it", name)
            time.sleep(_PAUSE_SECONDS)
        else:
            return
