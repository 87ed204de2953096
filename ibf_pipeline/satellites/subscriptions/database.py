"""The SQLite file with inbox, subscriptions and watermarks: durable before anybody is told that something is stored."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from ibf_pipeline.errors import ForbiddenByRule, IbfError, InputInvalid

_SCHEMA = """
CREATE TABLE IF NOT EXISTS eodata_product (
    product_id TEXT PRIMARY KEY, provider TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
    name TEXT NOT NULL, product_type TEXT NOT NULL, acquired TEXT, published TEXT, footprint TEXT,
    round INTEGER NOT NULL DEFAULT 0, first_seen TEXT NOT NULL, changed TEXT NOT NULL, content TEXT);
CREATE INDEX IF NOT EXISTS eodata_product_state ON eodata_product (state);
CREATE TABLE IF NOT EXISTS eodata_notification (
    subscription_id TEXT NOT NULL, product_id TEXT NOT NULL, event TEXT NOT NULL, door TEXT NOT NULL,
    notified TEXT, received TEXT NOT NULL, times INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (subscription_id, product_id, event));
CREATE INDEX IF NOT EXISTS eodata_notification_product ON eodata_notification (product_id);
CREATE TABLE IF NOT EXISTS eodata_start (
    key TEXT PRIMARY KEY, product_id TEXT NOT NULL, country TEXT NOT NULL, event TEXT NOT NULL,
    round INTEGER NOT NULL, started TEXT NOT NULL, run TEXT);
CREATE INDEX IF NOT EXISTS eodata_start_product ON eodata_start (product_id);
CREATE TABLE IF NOT EXISTS eodata_watermark (
    subscription TEXT PRIMARY KEY, filter TEXT NOT NULL, published TEXT NOT NULL, caught_up TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS eodata_subscription (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, filter TEXT NOT NULL,
    events TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS eodata_missing (id TEXT PRIMARY KEY, since TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS eodata_intent (
    provider TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, filter TEXT NOT NULL, events TEXT NOT NULL,
    known_ids TEXT NOT NULL, begun TEXT NOT NULL, PRIMARY KEY (provider, name));
"""


class StorageFailed(IbfError):
    """The inbox could not be written or read: full, locked or damaged."""


class Database:
    """One connection, shared by the threads of a process; other processes may use the same file at the same time.

    Write-ahead log with `synchronous=FULL`: a committed transaction survives a power cut.
    """

    def __init__(self, file: Path, *, max_megabytes: int = 1000, wait_seconds: float = 30.0) -> None:
        self.file = file
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                file, timeout=wait_seconds, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            page = self._connection.execute("PRAGMA page_size").fetchone()[0]
            self._connection.execute(f"PRAGMA max_page_count={max_megabytes * 1_000_000 // page}")
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise _failed(error, file) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Only one process does this at a time; ForbiddenByRule for the second. Freed when its process dies."""
        file = self.file.with_suffix(f".{what}.lock")
        with file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ForbiddenByRule(
                    f"another process is busy with {what}", where=file, remedy="try again when it has ended"
                ) from None
            yield

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk when the block ends; StorageFailed or, for an odd value, InputInvalid."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise _failed(error, self.file) from None
            except (UnicodeError, OverflowError) as error:
                raise InputInvalid(
                    f"a value cannot be stored ({type(error).__name__})",
                    where=self.file,
                    expected="text that is UTF-8 and numbers of 64 bits",
                ) from None

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """The rows of a query."""
        with self._lock:
            try:
                return self._connection.execute(query, parameters).fetchall()
            except sqlite3.Error as error:
                raise _failed(error, self.file) from None


def _failed(error: Exception, file: Path) -> StorageFailed:
    return StorageFailed(
        f"the inbox cannot be used ({error})",
        where=file,
        expected="a writable file on a local disk with room left",
        remedy="make room (`ibf-pipeline inbox prune`, `inbox.max_megabytes`) or stop whatever holds the file",
    )
