"""The stages of the intake as Prefect tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.intake import catch_up, complete, pull_notifications
from ibf_pipeline.satellites.subscriptions.ledger import Ledger
from ibf_pipeline.satellites.subscriptions.matching import LookStarter, MatchSummary, match_products
from ibf_pipeline.satellites.subscriptions.settings import IntakeSettings
from tasks.decorator import task

log = logging.getLogger("ibf_pipeline.tasks")


@task(task_run_name="queue of {name}")
def pull_queue(
    name: str, subscription_id: str, client: CatalogueClient, inbox: Inbox, settings: IntakeSettings
) -> None:
    """Read the queue of a pull subscription into the inbox."""
    pulled = pull_notifications(client, inbox, subscription_id, settings)
    log.info("%s: %d notifications, %d new products", name, pulled.notifications, pulled.new_products)


@task(task_run_name="catalogue search for {name}")
def search_catalogue(
    name: str,
    product_filter: str,
    client: CatalogueClient,
    inbox: Inbox,
    ledger: Ledger,
    clock: Callable[[], datetime],
    settings: IntakeSettings,
) -> None:
    """Search the catalogue for what no notification brought."""
    found = catch_up(client, inbox, ledger, name, product_filter, clock, settings)
    log.info("%s: %d products, %d new; searched up to %s", name, found.products, found.new_products, found.watermark)


@task(task_run_name="details from {provider}")
def fetch_details(provider: str, client: CatalogueClient, inbox: Inbox) -> None:
    """Fetch products by id whose queued entries had lost their details."""
    fetched = complete(client, inbox)
    if fetched:
        log.info("%s: details of %d products fetched by id", provider, fetched)


@task(task_run_name="compare with {count} alerted events")
def start_observations(
    count: int, alerts: Sequence[AlertedEvent], inbox: Inbox, starter: LookStarter, now: datetime, max_age: timedelta
) -> MatchSummary:
    """Start the observation of every alerted event that a new product shows."""
    return match_products(inbox, alerts, starter, now, max_age=max_age)
