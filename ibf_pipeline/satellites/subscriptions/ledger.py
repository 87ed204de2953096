"""Which subscriptions are ours, what was asked for them, and how far the catalogue was searched for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Delete, delete, select

from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_rows import upsert
from ibf_pipeline.records.lease import Lease, lease
from ibf_pipeline.records.schema import INTENT, MISSING, SUBSCRIPTION, WATERMARK
from ibf_pipeline.satellites.odata import odata_timestamp, read_timestamp
from ibf_pipeline.satellites.subscriptions.entity import Subscription, SubscriptionRequest


@dataclass(frozen=True, slots=True)
class Owned:
    """A subscription that the pipeline made, with what it asked for: a reply may show another filter."""

    id: str
    provider: str
    name: str
    kind: str
    filter: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a declared subscription's catalogue search has come."""

    published: datetime
    """latest publication seen"""
    caught_up: datetime
    """when a search last came to its end"""


class Ledger:
    """The subscriptions made, the intents to make one, and the watermarks."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def lock(self) -> AbstractContextManager[Lease]:
        """Only one process changes subscriptions at a time; ForbiddenByRule for the second."""
        return lease(self._database, "subscriptions", "changing subscriptions")

    def owned(self, provider: str | None = None, *, missing: bool = False) -> list[Owned]:
        """The subscriptions that the pipeline made, oldest first; those missing at the catalogue only if wanted."""
        query = select(SUBSCRIPTION)
        if not missing:
            query = query.where(SUBSCRIPTION.c.id.not_in(select(MISSING.c.id)))
        if provider is not None:
            query = query.where(SUBSCRIPTION.c.provider == provider)
        rows = self._database.rows(query.order_by(SUBSCRIPTION.c.made, SUBSCRIPTION.c.id))
        return [
            Owned(row.id, row.provider, row.name, row.kind, row.filter, tuple(json.loads(row.events))) for row in rows
        ]

    def provider_of(self, subscription_id: str) -> str | None:
        """The provider of one of our subscriptions, None for a foreign one."""
        rows = self._database.rows(select(SUBSCRIPTION.c.provider).where(SUBSCRIPTION.c.id == subscription_id))
        return rows[0][0] if rows else None

    def open_intent(
        self, provider: str, name: str, request: SubscriptionRequest, known: Iterable[Subscription]
    ) -> None:
        """Note, before a POST, what will be asked for and what was there: a lost answer can be resolved then.

        An earlier intent that is still open keeps its older list: whatever appeared since then is ours.
        """
        asked = {"kind": request.kind, "filter": request.filter, "events": json.dumps(request.events)}
        ids = json.dumps(sorted(subscription.id for subscription in known))
        with self._database.transaction() as connection:
            first = {"known_ids": ids, "begun": odata_timestamp(self._clock())}
            upsert(connection, INTENT, {"provider": provider, "name": name}, asked, first)

    def add(self, entry: Owned) -> None:
        """Note a subscription as ours; its intent is fulfilled."""
        values = {name: getattr(entry, name) for name in ("provider", "name", "kind", "filter")}
        values |= {"events": json.dumps(entry.events), "made": odata_timestamp(self._clock())}
        with self._database.transaction() as connection:
            upsert(connection, SUBSCRIPTION, {"id": entry.id}, values)
            connection.execute(_intent(entry.provider, entry.name))

    def drop_intent(self, provider: str, name: str) -> None:
        """Forget an intent: the catalogue said no."""
        with self._database.transaction() as connection:
            connection.execute(_intent(provider, name))

    def remove(self, subscription_id: str) -> None:
        """Note that one of ours was deleted by us."""
        with self._database.transaction() as connection:
            connection.execute(delete(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id))
            connection.execute(delete(MISSING).where(MISSING.c.id == subscription_id))

    def record_listing(self, provider: str, live: Iterable[Subscription]) -> tuple[list[Owned], list[Owned]]:
        """Note which of ours the catalogue lists; (newly missing, there again).

        A missing one stays ours: an incomplete answer must not make a stranger of it.
        """
        listed = {subscription.id for subscription in live}
        present = {entry.id for entry in self.owned(provider)}
        ours = self.owned(provider, missing=True)
        lost = [entry for entry in ours if entry.id in present - listed]
        back = [entry for entry in ours if entry.id in listed - present]
        with self._database.transaction() as connection:
            for entry in lost:
                upsert(connection, MISSING, {"id": entry.id}, {"since": odata_timestamp(self._clock())})
            connection.execute(delete(MISSING).where(MISSING.c.id.in_([entry.id for entry in back])))
        return lost, back

    def settle(self, provider: str, live: Sequence[Subscription]) -> list[Owned]:
        """Claim what an interrupted POST left behind: new since the intent, with the same kind, filter and events."""
        claimed: list[Owned] = []
        ours = {entry.id for entry in self.owned(missing=True)}
        for row in self._database.rows(select(INTENT).where(INTENT.c.provider == provider)):
            known = ours | set(json.loads(row.known_ids))
            asked = Owned("", provider, row.name, row.kind, row.filter, tuple(json.loads(row.events)))
            claimed += [
                replace(asked, id=found.id) for found in live if found.id not in known and is_as_requested(found, asked)
            ]
        for entry in claimed:
            self.add(entry)
        return claimed

    def watermark(self, name: str, product_filter: str) -> Watermark | None:
        """How far the search for a declared subscription has come; None at first, and after its filter changed."""
        this = (WATERMARK.c.subscription == name) & (WATERMARK.c.filter == product_filter)
        rows = self._database.rows(select(WATERMARK.c.published, WATERMARK.c.caught_up).where(this))
        moments = [read_timestamp(value) for value in rows[0]] if rows else []
        return Watermark(moments[0], moments[1]) if len(moments) == 2 and moments[0] and moments[1] else None

    def advance(self, name: str, product_filter: str, published: datetime, caught_up: datetime) -> None:
        """Move a watermark."""
        moments = {"published": odata_timestamp(published), "caught_up": odata_timestamp(caught_up)}
        with self._database.transaction() as connection:
            upsert(connection, WATERMARK, {"subscription": name}, {"filter": product_filter, **moments})


def _intent(provider: str, name: str) -> Delete:
    return delete(INTENT).where(INTENT.c.provider == provider, INTENT.c.name == name)


def is_as_requested(one: Subscription, other: SubscriptionRequest | Owned) -> bool:
    """Whether a subscription is of the kind, and has the filter and the events, that were asked for."""
    same = same_filter(one.filter, other.filter) and set(one.events) == set(other.events)
    return one.kind == other.kind and same


def same_filter(one: str, other: str) -> bool:
    """Whether two filters are the same text but for blanks outside the quotes."""
    return _squeezed(one) == _squeezed(other)


def _squeezed(text: str) -> list[str]:
    parts = text.strip().split("'")
    return ["".join(part.split()) if number % 2 == 0 else part for number, part in enumerate(parts)]
