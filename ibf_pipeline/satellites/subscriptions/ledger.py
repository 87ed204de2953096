"""Which subscriptions are ours, what was asked for them, and how far the catalogue was searched for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from ibf_pipeline.satellites.odata import odata_moment, read_moment
from ibf_pipeline.satellites.subscriptions.database import Database
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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one process changes subscriptions at a time; ForbiddenByRule for the second."""
        with self._database.alone("subscriptions"):
            yield

    def owned(self, provider: str | None = None, *, missing: bool = False) -> list[Owned]:
        """The subscriptions that the pipeline made, oldest first; those missing at the catalogue only if wanted."""
        hidden = "" if missing else "WHERE id NOT IN (SELECT id FROM eodata_missing)"
        rows = self._database.rows(
            f"SELECT id, provider, name, kind, filter, events FROM eodata_subscription {hidden} ORDER BY made, rowid"  # noqa: S608
        )
        found = [Owned(row[0], row[1], row[2], row[3], row[4], tuple(json.loads(row[5]))) for row in rows]
        return [entry for entry in found if provider in (None, entry.provider)]

    def provider_of(self, subscription_id: str) -> str | None:
        """The provider of one of our subscriptions, None for a foreign one."""
        rows = self._database.rows("SELECT provider FROM eodata_subscription WHERE id = ?", (subscription_id,))
        return rows[0][0] if rows else None

    def begin(self, provider: str, name: str, request: SubscriptionRequest, known: Iterable[Subscription]) -> None:
        """Note, before a POST, what will be asked for and what was there: a lost answer can be resolved then.

        An earlier intent that is still open keeps its older list: whatever appeared since then is ours.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO eodata_intent VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "kind = excluded.kind, filter = excluded.filter, events = excluded.events",
                (
                    provider,
                    name,
                    request.kind,
                    request.filter,
                    json.dumps(request.events),
                    json.dumps(sorted(subscription.id for subscription in known)),
                    odata_moment(self._clock()),
                ),
            )

    def made(self, entry: Owned) -> None:
        """Note a subscription as ours; its intent is fulfilled."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO eodata_subscription VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.id,
                    entry.provider,
                    entry.name,
                    entry.kind,
                    entry.filter,
                    json.dumps(entry.events),
                    odata_moment(self._clock()),
                ),
            )
            connection.execute(
                "DELETE FROM eodata_intent WHERE provider = ? AND name = ?", (entry.provider, entry.name)
            )

    def abandon(self, provider: str, name: str) -> None:
        """Forget an intent: the catalogue said no."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM eodata_intent WHERE provider = ? AND name = ?", (provider, name))

    def gone(self, subscription_id: str) -> None:
        """Note that one of ours was deleted by us."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM eodata_subscription WHERE id = ?", (subscription_id,))
            connection.execute("DELETE FROM eodata_missing WHERE id = ?", (subscription_id,))

    def seen(self, provider: str, live: Iterable[Subscription]) -> tuple[list[Owned], list[Owned]]:
        """Note which of ours the catalogue lists; (newly missing, there again).

        A missing one stays ours: an incomplete answer must not make a stranger of it.
        """
        listed = {subscription.id for subscription in live}
        present = {entry.id for entry in self.owned(provider)}
        ours = self.owned(provider, missing=True)
        lost = [entry for entry in ours if entry.id in present - listed]
        back = [entry for entry in ours if entry.id in listed - present]
        with self._database.transaction() as connection:
            since = odata_moment(self._clock())
            connection.executemany("INSERT INTO eodata_missing VALUES (?, ?)", [(entry.id, since) for entry in lost])
            connection.executemany("DELETE FROM eodata_missing WHERE id = ?", [(entry.id,) for entry in back])
        return lost, back

    def settle(self, provider: str, live: Sequence[Subscription]) -> list[Owned]:
        """Claim what an interrupted POST left behind: new since the intent, with the same kind, filter and events."""
        claimed: list[Owned] = []
        ours = {entry.id for entry in self.owned(missing=True)}
        for row in self._database.rows("SELECT * FROM eodata_intent WHERE provider = ?", (provider,)):
            known, events = set(json.loads(row["known_ids"])), tuple(json.loads(row["events"]))
            for subscription in live:
                if subscription.id in known | ours or subscription.kind != row["kind"]:
                    continue
                if same_filter(subscription.filter, row["filter"]) and set(subscription.events) == set(events):
                    claimed.append(Owned(subscription.id, provider, row["name"], row["kind"], row["filter"], events))
        for entry in claimed:
            self.made(entry)
        return claimed

    def watermark(self, name: str, product_filter: str) -> Watermark | None:
        """How far the search for a declared subscription has come; None at first, and after its filter changed."""
        rows = self._database.rows(
            "SELECT published, caught_up FROM eodata_watermark WHERE subscription = ? AND filter = ?",
            (name, product_filter),
        )
        moments = [read_moment(value) for value in rows[0]] if rows else []
        return Watermark(moments[0], moments[1]) if len(moments) == 2 and moments[0] and moments[1] else None

    def advance(self, name: str, product_filter: str, published: datetime, caught_up: datetime) -> None:
        """Move a watermark."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO eodata_watermark VALUES (?, ?, ?, ?)",
                (name, product_filter, odata_moment(published), odata_moment(caught_up)),
            )


def same_filter(one: str, other: str) -> bool:
    """Whether two filters are the same text but for blanks outside the quotes."""
    return _squeezed(one) == _squeezed(other)


def _squeezed(text: str) -> list[str]:
    parts = text.strip().split("'")
    return ["".join(part.split()) if number % 2 == 0 else part for number, part in enumerate(parts)]
