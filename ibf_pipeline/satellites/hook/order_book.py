"""The order book: what was asked for, what was sent, what became of it. In the records, for every service.

An order is written here before it is sent, so that a crash at any time leaves a trace that can be looked up. Secrets
are never written: options carry the name of an environment variable instead.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update

from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_rows import upsert
from ibf_pipeline.records.lease import Lease, lease
from ibf_pipeline.records.schema import ORDER
from ibf_pipeline.satellites.hook.orders import RUNNING, OrderRequest

UNSENT: Final = "waiting"
"""asked for, not sent"""
SENDING: Final = "sending"
"""about to be sent; still so after a crash"""
UNCLEAR: Final = "unclear"
"""sent, and nobody knows whether it was accepted"""
SENT: Final = "sent"
"""accepted and not finished"""
REFUSED: Final = "refused"
"""refused by the service"""
_WITHDRAWN: Final = "withdrawn"
"""taken back before it was sent"""

GONE: Final = "gone"
"""accepted once, and the service does not know it any more; it counts for the month all the same"""

OPEN: Final = (SENDING, UNCLEAR, SENT)
"""may be running at the service"""
_FREE: Final = (UNSENT, REFUSED, _WITHDRAWN)
"""never accepted: costs nothing"""

_WAIT_SECONDS: Final = 3600.0
"""for another process that sends: longer than a service that is silent keeps one"""


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One order of the book."""

    number: int
    service: str
    request: OrderRequest
    state: str
    """waiting, sending, unclear, sent, refused, withdrawn, gone, or the service's own final status (completed, ..)"""
    order_id: str | None
    message: str
    asked_at: datetime
    changed_at: datetime

    @property
    def key(self) -> str:
        """Our own key."""
        return self.request.key

    @property
    def status_text(self) -> str:
        """Its state, and while the service has it the service's own word, as last heard."""
        word = self.message.partition(":")[0]
        return f"{self.state}, {word}" if self.state == SENT and word in RUNNING else self.state

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in (UNSENT, *OPEN)


@dataclass(frozen=True, slots=True)
class ExternalUsage:
    """What the same account has ordered outside this book, counted at the service."""

    items_this_month: int = 0
    items_running: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """What the account may order."""

    items_per_month: int
    parallel_items: int


class OrderBook:
    """Orders of all services in the records; every change is one transaction, on disk when it returns.

    WriteFailed if the records cannot be used; InputInvalid for text that they cannot hold.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.place = database.place
        """For messages: where the book is."""

    def lock(self, what: str = "orders") -> AbstractContextManager[Lease]:
        """Only one process sends at a time, the next one waits; ForbiddenByRule if that takes longer than an hour.

        What is held for longer than it could be renewed may be somebody else's: `require` says so, before sending.
        """
        return lease(self._database, f"hook/{what}", "sending orders", _WAIT_SECONDS)

    def ask(self, service: str, request: OrderRequest, now: datetime) -> BookEntry:
        """Write an order down as waiting; the same order (by its key) is there once. One never accepted waits again."""
        key, text = {"service": service, "key": request.key}, _text(now)
        first = {
            "name": request.name,
            "workflow": request.workflow,
            "identifiers": json.dumps(request.identifiers),
            "options": json.dumps(dict(request.options)),
            "label": request.label,
            "repeat": request.repeat,
            "items": len(request.identifiers),
            "asked_at": text,
        }
        waiting = {"state": UNSENT, "message": "", "changed_at": text}
        with self._database.transaction() as connection:
            if not upsert(connection, ORDER, key, {}, {**first, **waiting}):
                never = and_(_is(service, key=request.key), ORDER.c.state.in_((REFUSED, _WITHDRAWN)))
                connection.execute(update(ORDER).where(never).values(**waiting))
        return self.entry(service, request.key)

    def entry(self, service: str, key: str) -> BookEntry:
        """One order by its key; KeyError if the book has none."""
        rows = self._rows(_is(service, key=key))
        if not rows:
            raise KeyError(key)
        return rows[0]

    def entries(self, service: str, *states: str) -> list[BookEntry]:
        """Orders of a service, oldest first; of some states only."""
        return self._rows(and_(_is(service), ORDER.c.state.in_(states)) if states else _is(service))

    def used(self, service: str, now: datetime) -> tuple[int, int]:
        """(items of this book that count for the month of `now`, items that may be running), both never too small.

        An order counts for the month in which the service has submitted it. Where that is not known it lies between
        our sending and our learning of it, and counts for each month that this touches. What the service cancelled or
        failed counts too: no document says that it is given back.
        """
        with self._database.snapshot() as connection:
            return _used(connection, service, now)

    def claim(
        self, service: str, quota: Quota, elsewhere: ExternalUsage, now: datetime, unready: Collection[str] = ()
    ) -> BookEntry | None:
        """The oldest waiting order, marked as being sent, if budget and parallel limit leave room for all its items.

        None if nothing waits or it does not fit; nothing overtakes it, or large orders would wait for ever. Only
        the keys in `unready`, which cannot be sent from here at all, are passed over.
        """
        with self._database.transaction() as connection:
            waiting = select(ORDER.c.key, ORDER.c["items"]).where(_is(service, state=UNSENT)).order_by(ORDER.c.number)
            rows = connection.execute(waiting.with_for_update())
            row = next((row for row in rows if row.key not in unready), None)
            if row is None:
                return None
            month, running = _used(connection, service, now)
            if month + elsewhere.items_this_month + row.items > quota.items_per_month:
                return None
            if running + elsewhere.items_running + row.items > quota.parallel_items:
                return None
            values = {"state": SENDING, "claimed_at": _text(now), "settled_at": None, "changed_at": _text(now)}
            connection.execute(update(ORDER).where(_is(service, key=row.key)).values(**values))
        return self.entry(service, row.key)

    def record_acceptance(
        self, entry: BookEntry, order_id: str, now: datetime, submitted: datetime | None = None
    ) -> BookEntry:
        """The service has it under this id."""
        moments = {"settled_at": _text(now), "submitted_at": None if submitted is None else _text(submitted)}
        return self._set(entry, now, state=SENT, order_id=order_id, message="", **moments)

    def requeue(self, entry: BookEntry, message: str, now: datetime) -> BookEntry:
        """It certainly was not accepted and may be sent again."""
        return self._set(entry, now, state=UNSENT, message=message, order_id=None)

    def record_note(self, entry: BookEntry, message: str, now: datetime) -> BookEntry:
        """Why it still waits; the same note twice is one."""
        return entry if entry.message == message else self._set(entry, now, message=message)

    def withdraw(self, entry: BookEntry, now: datetime) -> bool:
        """Take back an order that still waits; false if it was sent meanwhile."""
        this = and_(ORDER.c.number == entry.number, ORDER.c.state == UNSENT)
        with self._database.transaction() as connection:
            done = connection.execute(update(ORDER).where(this).values(state=_WITHDRAWN, changed_at=_text(now)))
            return done.rowcount == 1

    def record_status(
        self, entry: BookEntry, state: str, message: str, now: datetime, submitted: datetime | None = None
    ) -> BookEntry:
        """What is known of an order that was sent: unclear, refused, `sent` while it runs, else its final status."""
        moments = {} if submitted is None else {"submitted_at": _text(submitted)}
        return self._set(entry, now, state=state, message=message, **moments)

    def _set(self, entry: BookEntry, now: datetime, **values: str | None) -> BookEntry:
        this = ORDER.c.number == entry.number
        with self._database.transaction() as connection:
            connection.execute(update(ORDER).where(this).values(**values, changed_at=_text(now)))
        return self.entry(entry.service, entry.key)

    def _rows(self, where: ColumnElement[bool]) -> list[BookEntry]:
        return [_entry(row) for row in self._database.rows(select(ORDER).where(where).order_by(ORDER.c.number))]


def _is(service: str, **values: str) -> ColumnElement[bool]:
    return and_(ORDER.c.service == service, *(ORDER.c[name] == value for name, value in values.items()))


def _used(connection: Connection, service: str, now: datetime) -> tuple[int, int]:
    month = f"{now.astimezone(UTC):%Y-%m}"
    submitted, claimed, settled = (
        func.substr(column, 1, 7)
        for column in (ORDER.c.submitted_at, ORDER.c.claimed_at, func.coalesce(ORDER.c.settled_at, month))
    )
    between = and_(claimed <= month, settled >= month)
    in_month = case((ORDER.c.submitted_at.is_not(None), submitted == month), else_=between)
    items = select(func.coalesce(func.sum(ORDER.c["items"]), 0)).where(_is(service))
    return (
        int(connection.execute(items.where(ORDER.c.state.not_in(_FREE), in_month)).scalar_one()),
        int(connection.execute(items.where(ORDER.c.state.in_(OPEN))).scalar_one()),
    )


def _entry(row: Any) -> BookEntry:
    request = OrderRequest(
        row.workflow, tuple(json.loads(row.identifiers)), json.loads(row.options), row.label, row.repeat
    )
    asked, changed = datetime.fromisoformat(row.asked_at), datetime.fromisoformat(row.changed_at)
    return BookEntry(row.number, row.service, request, row.state, row.order_id, row.message, asked, changed)


def _text(now: datetime) -> str:
    return now.astimezone(UTC).isoformat()
