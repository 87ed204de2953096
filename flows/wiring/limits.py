"""The same country never twice at once, across workers: a concurrency limit of the Prefect server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound
from prefect.runtime import deployment

from ibf_pipeline.errors import ConfigError

LEASE_SECONDS = 60
"""after which the hold of a run that was killed ends; a living run renews it"""


def limit_name(hazard: str, iso3: str) -> str:
    """Concurrency limit that every flow run which publishes for a country and hazard holds."""
    return f"ibf-{hazard}-{iso3}"


@contextmanager
def one_at_a_time(hazard: str, iso3: str) -> Iterator[None]:
    """Wait until no other run of the country and hazard is at work on the Prefect server, then hold the country.

    Strict for runs of a deployment: ConfigError where the limit does not exist. Runs of the command line hold it where
    it exists; without a server the publisher's own lock is what keeps runs of one machine apart. A lease that cannot be
    renewed does not stop a run: half an alert is worse than what the limit prevents.
    """
    name = limit_name(hazard, iso3)
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            if deployment.id is not None:
                raise ConfigError(
                    f"the Prefect server has no concurrency limit {name}",
                    expected="one, so that the country never runs twice at once",
                    remedy="run `ibf-pipeline deploy`",
                ) from None
            yield
            return
    with concurrency(name, strict=True, raise_on_lease_renewal_failure=False, lease_duration=LEASE_SECONDS):
        yield
