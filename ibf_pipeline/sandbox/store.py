"""The database: SQLite in one file, one connection, one request at a time, survives restarts.

Moments are text (see ``moments``), an absent event name is NULL, booleans are 0/1. ``received`` marks rows that
were stamped with the moment of receipt because the call carried no date (or the service dropped it).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS country (iso3 TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS country_disaster (
    iso3 TEXT NOT NULL REFERENCES country, disaster TEXT NOT NULL, levels TEXT NOT NULL,
    default_level INTEGER NOT NULL, indicators TEXT NOT NULL, map_image INTEGER NOT NULL,
    PRIMARY KEY (iso3, disaster)
);
CREATE TABLE IF NOT EXISTS admin_area (
    place_code TEXT PRIMARY KEY, iso3 TEXT NOT NULL, level INTEGER NOT NULL, name TEXT NOT NULL,
    parent_code TEXT, parent_name TEXT, population REAL, geometry TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS admin_area_level ON admin_area (iso3, level);
CREATE TABLE IF NOT EXISTS point (
    id TEXT PRIMARY KEY, iso3 TEXT NOT NULL, category TEXT NOT NULL, fid TEXT NOT NULL,
    code TEXT NOT NULL, name TEXT NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS point_fid ON point (fid, category);
CREATE TABLE IF NOT EXISTS exposure (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, disaster TEXT NOT NULL, indicator TEXT NOT NULL,
    level REAL NOT NULL, event TEXT, place_code TEXT NOT NULL, lead_time TEXT NOT NULL,
    day TEXT NOT NULL, moment TEXT NOT NULL, received INTEGER NOT NULL, value REAL
);
CREATE INDEX IF NOT EXISTS exposure_moment ON exposure (iso3, disaster, moment);
CREATE INDEX IF NOT EXISTS exposure_replace ON exposure (iso3, disaster, indicator, level, moment);
CREATE INDEX IF NOT EXISTS exposure_join ON exposure (place_code, moment, indicator);
CREATE INDEX IF NOT EXISTS exposure_event ON exposure (event, disaster, moment);
CREATE TABLE IF NOT EXISTS lead_time_alert (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, disaster TEXT NOT NULL, event TEXT,
    lead_time TEXT NOT NULL, day TEXT NOT NULL, moment TEXT NOT NULL, received INTEGER NOT NULL,
    alert INTEGER NOT NULL, trigger INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS lead_time_alert_moment ON lead_time_alert (iso3, disaster, moment);
CREATE TABLE IF NOT EXISTS event_area (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, place_code TEXT, disaster TEXT NOT NULL,
    event TEXT, severity REAL, trigger INTEGER NOT NULL, exposure REAL, first_issued TEXT NOT NULL,
    end_date TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0, user_trigger INTEGER NOT NULL DEFAULT 0,
    user_trigger_date TEXT, user_trigger_name TEXT
);
CREATE INDEX IF NOT EXISTS event_area_place ON event_area (place_code, disaster, closed);
CREATE TABLE IF NOT EXISTS early_action_status (
    id INTEGER PRIMARY KEY, event_area_id TEXT REFERENCES event_area (id) ON DELETE CASCADE,
    action TEXT NOT NULL, place_code TEXT NOT NULL, checked INTEGER NOT NULL, moment TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS point_value (
    id INTEGER PRIMARY KEY, point_id TEXT NOT NULL, key TEXT NOT NULL, lead_time TEXT,
    moment TEXT NOT NULL, received INTEGER NOT NULL, value TEXT
);
CREATE INDEX IF NOT EXISTS point_value_point ON point_value (point_id, moment);
CREATE TABLE IF NOT EXISTS typhoon_track (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, event TEXT NOT NULL, lead_time TEXT NOT NULL,
    moment TEXT NOT NULL, point TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS map_image (
    iso3 TEXT NOT NULL, disaster TEXT NOT NULL, event TEXT NOT NULL, image BLOB NOT NULL,
    PRIMARY KEY (iso3, disaster, event)
);
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, moment TEXT, iso3 TEXT NOT NULL, disaster TEXT NOT NULL,
    subject TEXT NOT NULL, recipients INTEGER NOT NULL, events TEXT NOT NULL, html TEXT NOT NULL
);
"""


class Store:
    """One connection behind a lock; a handler holds it for its whole transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Store]:
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

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement; return how many rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self._lock:
            self._db.executemany(sql, rows)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def setting(self, name: str, default: str) -> str:
        """A value that must survive restarts, written at its first use."""
        with self.transaction():
            found = self.row("SELECT value FROM setting WHERE name = ?", name)
            if found is None:
                self.run("INSERT INTO setting VALUES (?, ?)", name, default)
                return default
            return str(found["value"])

    def close(self) -> None:
        with self._lock:
            self._db.close()
