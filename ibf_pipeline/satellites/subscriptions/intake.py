"""How notifications come in: the queue of a pull subscription, and the catalogue itself after a gap."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ibf_pipeline.errors import InputInvalid, ServerRefused
from ibf_pipeline.io.http_errors import BadRequest
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
from ibf_pipeline.satellites.subscriptions.filters import all_of, published_after
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.ledger import Ledger
from ibf_pipeline.satellites.subscriptions.settings import IntakeSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was read from a queue."""

    notifications: int
    new_products: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What a catalogue search found."""

    products: int
    new_products: int
    watermark: datetime
    finished: bool
    """false: the run's pages were read and more are there"""


def pull_notifications(client: CatalogueClient, inbox: Inbox, subscription_id: str, settings: IntakeSettings) -> Pulled:
    """Read, store, acknowledge the last: what is stored twice is the same, what is not stored stays in the queue.

    An acknowledgement covers all older notifications (CDSE document, Subscriptions). Entries without an id to
    acknowledge them by are stored too; InputInvalid says afterwards that they stay in the queue.
    """
    notifications = new = 0
    for _ in range(settings.max_batches):
        batch = client.read(subscription_id, settings.batch)
        if not (batch.notifications or batch.problems):
            break
        new += inbox.store(client.name, "pull", batch.notifications)
        notifications += len(batch.notifications)
        for text in batch.problems:
            log.warning("%s: a notification cannot be read (%s); the catalogue search will find it", client.name, text)
        if batch.last_ack is None:
            raise InputInvalid(
                f"{len(batch.notifications)} notifications were stored and carry no AckId",
                where=client.name,
                expected="an AckId with each of them, or they stay in the queue",
                remedy="if it stays so, delete the subscription and run `ibf-pipeline subscriptions apply`: the "
                "catalogue search finds what is announced meanwhile",
            )
        client.acknowledge(subscription_id, batch.last_ack)
    return Pulled(notifications, new)


def complete(client: CatalogueClient, inbox: Inbox) -> int:
    """Fetch the details of products that came without: queued entries lose them after three days.

    One whose id the catalogue cannot read, or which nobody can read, is ignored from then on (`inbox replay` asks
    again). Any other refusal is raised when the others were asked for, and tried again next time.
    """
    entries = [entry for entry in inbox.entries("incomplete") if entry.provider == client.name]
    refusals: list[ServerRefused] = []
    for entry in entries:
        try:
            inbox.complete(entry.product_id, client.product(entry.product_id))
        except (BadRequest, InputInvalid) as error:
            log.warning("%s: no details of %s: %s", client.name, entry.product_id, error)
            inbox.decide(entry.product_id, "ignored", f"the catalogue gives no details: {error.found}")
        except ServerRefused as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
    return len(entries)


def catch_up_is_due(ledger: Ledger, name: str, product_filter: str, now: datetime, settings: IntakeSettings) -> bool:
    """Whether the last finished search is long enough ago."""
    mark = ledger.watermark(name, product_filter)
    return mark is None or now - mark.caught_up >= timedelta(minutes=settings.catch_up_minutes)


def catch_up(
    client: CatalogueClient,
    inbox: Inbox,
    ledger: Ledger,
    name: str,
    product_filter: str,
    clock: Callable[[], datetime],
    settings: IntakeSettings,
) -> CaughtUp:
    """Search the catalogue with the subscription's own filter, from a day before the watermark.

    The watermark is the latest publication seen, never the clock: it moves only on evidence, page by page, after the
    page was stored. A search that is cut short goes on from there; InputInvalid, after everything was stored, if it
    cannot, because the run's pages do not reach beyond the watermark and the next search would read the same ones.
    """
    mark = ledger.watermark(name, product_filter)
    begun = clock()
    published = mark.published if mark else begun - timedelta(hours=settings.first_hours - settings.overlap_hours)
    caught_up = mark.caught_up if mark else published
    since = published - timedelta(hours=settings.overlap_hours)
    products = new = 0
    finished = False
    for page in client.products(all_of([product_filter, published_after(since)]), settings.max_pages):
        finished = page.last
        products += len(page.products)
        new += inbox.store_products(client.name, page.products)
        if page.unreadable:
            log.warning("%s: %d products without an id", client.name, page.unreadable)
        moments = [product.published for product in page.products if product.published is not None]
        published = min(max([published, *moments]), begun)
        ledger.advance(name, product_filter, published, caught_up)
    ledger.advance(name, product_filter, published, begun if finished else caught_up)
    if not finished and mark is not None and published == mark.published:
        raise InputInvalid(
            f"the search stays at {published:%Y-%m-%d %H:%M} UTC: {products} products and more were published "
            f"in the {settings.overlap_hours:g} hours before",
            where=client.name,
            expected=f"no more than {settings.max_pages} pages of them",
            remedy="narrow the subscription, or raise intake.max_pages in eodata.yaml",
        )
    return CaughtUp(products, new, published, finished)
