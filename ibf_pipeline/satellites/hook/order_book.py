"""The order book: what was asked for, what was sent, what became of it. SQLite in one file, for every service.

An order is written here before it is sent, so that a crash at any moment leaves a trace that can be looked up. Secrets
are never written: options carry the name of an environment variable instead.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ibf_pipeline.io.locks import alone
from ibf_pipeline.satellites.hook.orders import OrderRequest

WAITING: Final = "waiting"
"""asked for, not sent"""
SENDING: Final = "sending"
"""about to be sent; still so after a crash"""
UNCLEAR: Final = "unclear"
"""sent, and nobody knows whether it was accepted"""
SENT: Final = "sent"
"""accepted and not finished"""
REFUSED: Final = "refused"
"""turned away by the service"""
WITHDRAWN: Final = "withdrawn"
"""taken back before it was sent"""

GONE: Final = "gone"
"""accepted once, and the service does not know it any more; it counts for the month all the same"""

_OPEN: Final = (SENDING, UNCLEAR, SENT)
"""may be running at the service"""
_FREE: Final = (WAITING, REFUSED, WITHDRAWN)
"""never accepted: costs nothing"""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS hook_order (
    number INTEGER PRIMARY KEY, service TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, workflow TEXT NOT NULL,
    identifiers TEXT NOT NULL, options TEXT NOT NULL, label TEXT NOT NULL, repeat INTEGER NOT NULL,
    items INTEGER NOT NULL, state TEXT NOT NULL, order_id TEXT, message TEXT NOT NULL DEFAULT '',
    asked_at TEXT NOT NULL, claimed_at TEXT, settled_at TEXT, submitted_at TEXT, changed_at TEXT NOT NULL,
    UNIQUE (service, key)
);
CREATE INDEX IF NOT EXISTS hook_order_state ON hook_order (service, state);
"""


@dataclass(frozen=True, slots=True)
class Entry:
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
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in (WAITING, *_OPEN)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the same account has ordered outside this book, counted at the service."""

    items_this_month: int = 0
    items_running: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """What the account may order."""

    items_per_month: int
    parallel_items: int


class OrderBook:
    """Orders of all services in one file; every change is one transaction."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._mutex = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Give the file back."""
        with self._mutex:
            self._db.close()

    def alone(self) -> AbstractContextManager[None]:
        """Only one process sends at a time; the system frees the lock when a process dies."""
        return alone(self.file.with_suffix(".lock"))

    def ask(self, service: str, request: OrderRequest, now: datetime) -> Entry:
        """Write an order down as waiting; the same order (by its key) is there once. One never accepted waits again."""
        text = _text(now)
        with self._transaction():
            self._db.execute(
                "INSERT INTO hook_order (service, key, name, workflow, identifiers, options, label, repeat, items,"
                " state, asked_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, key) DO NOTHING",
                (
                    service,
                    request.key,
                    request.name,
                    request.workflow,
                    json.dumps(request.identifiers),
                    json.dumps(dict(request.options)),
                    request.label,
                    request.repeat,
                    len(request.identifiers),
                    WAITING,
                    text,
                    text,
                ),
            )
            self._db.execute(
                "UPDATE hook_order SET state = ?, message = '', changed_at = ? WHERE service = ? AND key = ?"
                " AND state IN (?, ?)",
                (WAITING, text, service, request.key, REFUSED, WITHDRAWN),
            )
        return self.entry(service, request.key)

    def entry(self, service: str, key: str) -> Entry:
        """One order by its key; KeyError where the book has none."""
        rows = self._rows("WHERE service = ? AND key = ?", service, key)
        if not rows:
            raise KeyError(key)
        return rows[0]

    def entries(self, service: str, *states: str) -> list[Entry]:
        """Orders of a service, oldest first; of some states only."""
        marks = ", ".join("?" * len(states))
        return self._rows(f"WHERE service = ?{f' AND state IN ({marks})' if states else ''}", service, *states)

    def open_entries(self, service: str) -> list[Entry]:
        """Orders that may be running at the service."""
        return self.entries(service, *_OPEN)

    def keys(self, service: str) -> frozenset[str]:
        """Every key of a service."""
        return frozenset(entry.key for entry in self.entries(service))

    def used(self, service: str, now: datetime) -> tuple[int, int]:
        """(items of this book that count for the month of `now`, items that may be running), both never too small.

        An order counts for the month in which the service has submitted it. Where that is not known it lies between
        our sending and our learning of it, and counts for each month that this touches. What the service cancelled or
        failed counts too: no document says that it is given back.
        """
        month = f"{now.astimezone(UTC):%Y-%m}"
        marks = ", ".join("?" * len(_FREE))
        with self._mutex:
            (items,) = self._db.execute(
                f"SELECT COALESCE(SUM(items), 0) FROM hook_order WHERE service = ? AND state NOT IN ({marks})"  # noqa: S608
                " AND CASE WHEN submitted_at IS NOT NULL THEN substr(submitted_at, 1, 7) = ?"
                " ELSE substr(claimed_at, 1, 7) <= ? AND substr(COALESCE(settled_at, ?), 1, 7) >= ? END",
                (service, *_FREE, month, month, f"{month}-31", month),
            ).fetchone()
            (running,) = self._db.execute(
                "SELECT COALESCE(SUM(items), 0) FROM hook_order WHERE service = ? AND state IN (?, ?, ?)",
                (service, *_OPEN),
            ).fetchone()
        return int(items), int(running)

    def claim(
        self, service: str, quota: Quota, elsewhere: Elsewhere, now: datetime, unready: Collection[str] = ()
    ) -> Entry | None:
        """The oldest waiting order, marked as being sent, where budget and parallel limit leave room for all its items.

        None where nothing waits or it does not fit; nothing overtakes it, or large orders would wait for ever. Only
        the keys in `unready`, which cannot be sent from here at all, are passed over.
        """
        with self._transaction():
            rows = self._db.execute(
                "SELECT key, items FROM hook_order WHERE service = ? AND state = ? ORDER BY number", (service, WAITING)
            ).fetchall()
            row = next((row for row in rows if row["key"] not in unready), None)
            if row is None:
                return None
            month, running = self.used(service, now)
            if month + elsewhere.items_this_month + row["items"] > quota.items_per_month:
                return None
            if running + elsewhere.items_running + row["items"] > quota.parallel_items:
                return None
            self._db.execute(
                "UPDATE hook_order SET state = ?, claimed_at = ?, settled_at = NULL, changed_at = ?"
                " WHERE service = ? AND key = ?",
                (SENDING, _text(now), _text(now), service, row["key"]),
            )
        return self.entry(service, row["key"])

    def accepted(self, entry: Entry, order_id: str, now: datetime, submitted: datetime | None = None) -> Entry:
        """The service has it under this id."""
        return self._set(
            entry,
            now,
            state=SENT,
            order_id=order_id,
            message="",
            settled_at=_text(now),
            submitted_at=None if submitted is None else _text(submitted),
        )

    def unclear(self, entry: Entry, message: str, now: datetime) -> Entry:
        """It was sent and no answer came."""
        return self._set(entry, now, state=UNCLEAR, message=message)

    def waits_again(self, entry: Entry, message: str, now: datetime) -> Entry:
        """It certainly was not accepted and may be sent again."""
        return self._set(entry, now, state=WAITING, message=message, order_id=None)

    def noted(self, entry: Entry, message: str, now: datetime) -> Entry:
        """Why it still waits; the same note twice is one."""
        return entry if entry.message == message else self._set(entry, now, message=message)

    def refused(self, entry: Entry, message: str, now: datetime) -> Entry:
        """The service turned it away."""
        return self._set(entry, now, state=REFUSED, message=message)

    def withdrawn(self, entry: Entry, now: datetime) -> bool:
        """Take back an order that still waits; false where it was sent meanwhile."""
        with self._transaction():
            done = self._db.execute(
                "UPDATE hook_order SET state = ?, changed_at = ? WHERE number = ? AND state = ?",
                (WITHDRAWN, _text(now), entry.number, WAITING),
            )
            return done.rowcount == 1

    def told(self, entry: Entry, status: str, message: str, now: datetime, submitted: datetime | None = None) -> Entry:
        """What the service says of an accepted order; `status` is `sent` while it runs, else its final status."""
        if submitted is not None:
            return self._set(entry, now, state=status, message=message, submitted_at=_text(submitted))
        return self._set(entry, now, state=status, message=message)

    def _set(self, entry: Entry, now: datetime, **values: str | None) -> Entry:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._transaction():
            self._db.execute(
                f"UPDATE hook_order SET {columns}, changed_at = ? WHERE number = ?",  # noqa: S608
                (*values.values(), _text(now), entry.number),
            )
        return self.entry(entry.service, entry.key)

    def _rows(self, where: str, *values: str) -> list[Entry]:
        with self._mutex:
            rows = self._db.execute(f"SELECT * FROM hook_order {where} ORDER BY number", values).fetchall()  # noqa: S608
        return [_entry(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._mutex:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _entry(row: sqlite3.Row) -> Entry:
    options: Mapping[str, str | int] = json.loads(row["options"])
    request = OrderRequest(
        row["workflow"], tuple(json.loads(row["identifiers"])), options, row["label"], int(row["repeat"])
    )
    return Entry(
        number=int(row["number"]),
        service=row["service"],
        request=request,
        state=row["state"],
        order_id=row["order_id"],
        message=row["message"],
        asked_at=datetime.fromisoformat(row["asked_at"]),
        changed_at=datetime.fromisoformat(row["changed_at"]),
    )


def _text(now: datetime) -> str:
    return now.astimezone(UTC).isoformat()
