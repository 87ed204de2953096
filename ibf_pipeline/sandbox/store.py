"""The database: SQLite in one file, one connection, one request at a time, survives restarts.

Timestamps are text (see ``timestamps``), an absent event name is NULL, booleans are 0/1. ``received`` marks rows that
were stamped with the time of receipt because the call carried no date (or the service dropped it). The table of
hazards belongs to the data that are about them: further ones are kept in the file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ibf_pipeline.sandbox.disasters import BUILT_IN, Disaster, Disasters
from ibf_pipeline.sandbox.vocabulary import alert_level

_SCHEMA = Path(__file__).with_name("schema.sql")
# Columns that SQLite keeps as 0 and 1, under the names that the API gives them.
_FLAGS = ("forecastTrigger", "userTrigger", "closed")


class SandboxStore:
    """One connection behind a lock; a handler holds it for its whole transaction."""

    def __init__(self, path: Path, further: Iterable[Disaster] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA.read_text(encoding="utf-8"))
        self._db.create_function("alert_level", 3, alert_level, deterministic=True)
        self.disasters = self._with_further(further)
        """the built-in ones, and those that this sandbox was given"""

    def _with_further(self, further: Iterable[Disaster]) -> Disasters:
        """The built-in table, and behind it what this start or an earlier one of the same file brought along."""
        with self.transaction():
            rows = [{"name": row.name, "words": json.dumps(row.words())} for row in further]
            self.insert("further_disaster", rows, replace=True)
            kept = self.rows("SELECT name, words FROM further_disaster ORDER BY rowid")
        return BUILT_IN.extended(Disaster.from_words(row["name"], json.loads(row["words"])) for row in kept)

    @contextmanager
    def transaction(self) -> Iterator[SandboxStore]:
        """All or nothing, alone; nested use joins the outer transaction."""
        with self._lock:
            if self._db.in_transaction:
                yield self
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def run(self, sql: str, **values: Any) -> int:
        """Execute one statement; return how many rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]], *, replace: bool = False) -> None:
        """Rows of one shape, column to value; with `replace` they take the place of rows with the same key."""
        values = list(rows)
        if values:
            columns, names = ", ".join(values[0]), ", ".join(f":{column}" for column in values[0])
            verb = "INSERT OR REPLACE" if replace else "INSERT"
            with self._lock:
                self._db.executemany(f"{verb} INTO {table} ({columns}) VALUES ({names})", values)

    def rows(self, sql: str, **values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, **values: Any) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def records(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Rows as the API writes them: the names of the columns are those of its JSON, flags are booleans."""
        return [{name: _value(name, row[name]) for name in row.keys()} for row in self.rows(sql, **values)]  # noqa: SIM118

    def setting(self, name: str, default: str) -> str:
        """A value that must survive restarts, written at its first use."""
        with self.transaction():
            found = self.row("SELECT value FROM setting WHERE name = :name", name=name)
            if found is None:
                self.insert("setting", [{"name": name, "value": default}])
                return default
            return str(found["value"])


def number(value: float | None) -> float | int | None:
    """JSON knows one kind of number: 1.0 is written 1."""
    return int(value) if value is not None and float(value).is_integer() else value


def _value(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return None if value is None else bool(value)
    return number(value) if isinstance(value, float) else value
