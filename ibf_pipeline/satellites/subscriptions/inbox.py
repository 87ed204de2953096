"""The inbox: every product that was announced or found, once, with its state and why.

States: `incomplete` (details have to be fetched by id), `waiting` (young enough, no alerted event there so far),
`triggered` (an observation was started or announced for at least one event), `ignored` (never will be; the reason
says why). A product is known by its id, whatever subscription, door, order or number of notifications it came by.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.satellites.odata import odata_moment, read_moment
from ibf_pipeline.satellites.subscriptions.database import Database
from ibf_pipeline.satellites.subscriptions.notification import Notification, Product, plain_text

WAITING_REASON = "not yet compared with the alerts"


@dataclass(frozen=True, slots=True)
class Entry:
    """A product of the inbox."""

    product_id: str
    provider: str
    state: str
    reason: str
    name: str
    product_type: str
    acquired: datetime | None
    published: datetime | None
    footprint: BaseGeometry | None
    round: int
    """0, and one more after each replay"""
    first_seen: datetime
    content: str | None
    """the catalogue's own JSON; None after pruning"""


@dataclass(frozen=True, slots=True)
class Start:
    """An observation that was started, or only announced where there is no deployment."""

    key: str
    product_id: str
    country: str
    event: str
    round: int
    run: str | None
    """id of the flow run; None where there was no deployment"""


class Inbox:
    """Products and notifications in the database; every method is one transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def store(self, provider: str, door: str, notifications: Iterable[Notification]) -> int:
        """Keep notifications; the number of products not known before. On disk when this returns."""
        with self._database.transaction() as connection:
            return sum(self._store_one(connection, provider, door, item) for item in notifications)

    def store_products(self, provider: str, products: Iterable[Product]) -> int:
        """Keep products that a catalogue query found; the number of those not known before."""
        with self._database.transaction() as connection:
            return sum(self._keep(connection, provider, product) for product in products)

    def complete(self, product_id: str, product: Product | None) -> None:
        """Add the details of an incomplete product; None where the catalogue has no such product any more."""
        with self._database.transaction() as connection:
            state = connection.execute(
                "SELECT state FROM eodata_product WHERE product_id = ?", (product_id,)
            ).fetchone()
            if state is None or state[0] != "incomplete":
                return
            if product is None:
                self._set(connection, product_id, "ignored", "the catalogue has no such product any more")
                return
            self._details(connection, product)
            if not product.complete:
                self._set(connection, product_id, "ignored", "the catalogue states no acquisition time or no footprint")

    def entry(self, product_id: str) -> Entry:
        """One product by its id, or by a beginning that only one has; InputMissing where it is not known."""
        wanted = product_id.lower()
        rows = self._database.rows("SELECT * FROM eodata_product WHERE product_id = ?", (wanted,))
        if not rows:
            query = "SELECT * FROM eodata_product WHERE substr(product_id, 1, ?) = ? ORDER BY product_id LIMIT 4"
            rows = self._database.rows(query, (len(wanted), wanted)) if wanted else []
        if not rows:
            raise InputMissing(
                f"there is no product {product_id}", where=self._database.file, remedy="see `ibf-pipeline inbox list`"
            )
        if len(rows) > 1:
            some = ", ".join(row["product_id"] for row in rows[:3]) + (", .." if len(rows) > 3 else "")
            raise InputMissing(
                f"several products begin with {product_id}",
                where=self._database.file,
                expected=f"one of {some}",
                remedy="give more of the id",
            )
        return _entry(rows[0])

    def entries(self, state: str | None = None, limit: int = 1_000_000) -> list[Entry]:
        """Products, the latest first; all, or those of one state."""
        where, parameters = ("WHERE state = ?", (state,)) if state else ("", ())
        query = f"SELECT * FROM eodata_product {where} ORDER BY first_seen DESC, product_id LIMIT ?"  # noqa: S608
        return [_entry(row) for row in self._database.rows(query, (*parameters, limit))]

    def undecided(self, acquired_since: datetime) -> list[Entry]:
        """Products that may still start something: waiting ones, and triggered ones that are young."""
        query = (
            "SELECT * FROM eodata_product WHERE state = 'waiting' OR (state = 'triggered' AND acquired >= ?) "
            "ORDER BY acquired, product_id"
        )
        return [_entry(row) for row in self._database.rows(query, (odata_moment(acquired_since),))]

    def decide(self, product_id: str, state: str, reason: str) -> None:
        """Write down what became of a product."""
        with self._database.transaction() as connection:
            self._set(connection, product_id, state, reason)

    def starts(self, product_id: str) -> list[Start]:
        """What a product started, oldest first."""
        query = (
            "SELECT key, product_id, country, event, round, run FROM eodata_start WHERE product_id = ? ORDER BY started"
        )
        return [Start(*row) for row in self._database.rows(query, (product_id,))]

    def record_start(self, start: Start, reason: str) -> None:
        """Write down that an observation was started; its product is triggered from now on."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO eodata_start VALUES (?, ?, ?, ?, ?, ?, ?)",
                (start.key, start.product_id, start.country, start.event, start.round, self._now(), start.run),
            )
            self._set(connection, start.product_id, "triggered", reason)

    def replay(self, product_id: str) -> Entry:
        """Let a product be compared with the alerts again; what it starts then is a new start."""
        entry = self.entry(product_id)
        with self._database.transaction() as connection:
            connection.execute("UPDATE eodata_product SET round = round + 1 WHERE product_id = ?", (entry.product_id,))
            complete = entry.acquired is not None and entry.footprint is not None
            state = "waiting" if complete else "incomplete"
            self._set(connection, entry.product_id, state, "replayed")
        return self.entry(product_id)

    def prune(self, before: datetime) -> int:
        """Forget the contents of settled products first seen before a time; how many.

        Ids, states and starts stay: a late duplicate must still be recognised.
        """
        with self._database.transaction() as connection:
            settled = "first_seen < ? AND state IN ('triggered', 'ignored') AND content IS NOT NULL"
            cursor = connection.execute(
                f"UPDATE eodata_product SET content = NULL, footprint = NULL WHERE {settled}",  # noqa: S608
                (odata_moment(before),),
            )
            return cursor.rowcount

    def counts(self) -> dict[str, int]:
        """Products by state, and notifications stored."""
        counts = dict.fromkeys(("incomplete", "waiting", "triggered", "ignored"), 0)
        for row in self._database.rows("SELECT state, count(*) FROM eodata_product GROUP BY state"):
            counts[row[0]] = row[1]
        counts["notifications"] = self._database.rows("SELECT coalesce(sum(times), 0) FROM eodata_notification")[0][0]
        return counts

    def notifications(self, product_id: str) -> list[tuple[str, str, str, int]]:
        """Subscription, event, door and number of times that a product was announced."""
        query = "SELECT subscription_id, event, door, times FROM eodata_notification WHERE product_id = ?"
        return [(row[0], row[1], row[2], row[3]) for row in self._database.rows(query, (product_id.lower(),))]

    def _store_one(self, connection: sqlite3.Connection, provider: str, door: str, item: Notification) -> bool:
        connection.execute(
            "INSERT INTO eodata_notification VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1",
            (item.subscription_id, item.product_id, item.event, door, _text(item.notified), self._now()),
        )
        new = self._keep(connection, provider, item.product or _unknown(item.product_id), item.event == "modified")
        if item.event == "deleted":
            reason = f"deleted from the catalogue ({item.deletion_cause or 'no cause stated'})"
            connection.execute(
                "UPDATE eodata_product SET state = CASE state WHEN 'triggered' THEN state ELSE 'ignored' END, "
                "reason = CASE state WHEN 'triggered' THEN reason || '; later ' || ? ELSE ? END, changed = ? "
                "WHERE product_id = ? AND instr(reason, 'deleted from') = 0",
                (reason, reason, self._now(), item.product_id),
            )
        return new

    def _keep(self, connection: sqlite3.Connection, provider: str, product: Product, renew: bool = False) -> bool:
        state, reason = _first_state(product)
        cursor = connection.execute(
            "INSERT OR IGNORE INTO eodata_product VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
            (product.id, provider, state, reason, *_columns(product), self._now(), self._now(), _json(product)),
        )
        if cursor.rowcount:
            return True
        states = ("incomplete", "waiting") if renew else ("incomplete",)
        known = connection.execute("SELECT state FROM eodata_product WHERE product_id = ?", (product.id,)).fetchone()
        if product.complete and known[0] in states:
            self._details(connection, product)
        return False

    def _details(self, connection: sqlite3.Connection, product: Product) -> None:
        state, reason = _first_state(product)
        connection.execute(
            "UPDATE eodata_product SET state = ?, reason = ?, name = ?, product_type = ?, acquired = ?, published = ?, "
            "footprint = ?, content = ?, changed = ? WHERE product_id = ?",
            (state, reason, *_columns(product), _json(product), self._now(), product.id),
        )

    def _set(self, connection: sqlite3.Connection, product_id: str, state: str, reason: str) -> None:
        connection.execute(
            "UPDATE eodata_product SET state = ?, reason = ?, changed = ? WHERE product_id = ?",
            (state, reason, self._now(), product_id),
        )

    def _now(self) -> str:
        return odata_moment(self._clock())


def _first_state(product: Product) -> tuple[str, str]:
    if product.complete:
        return "waiting", WAITING_REASON
    return "incomplete", "details have to be fetched from the catalogue"


def _unknown(product_id: str) -> Product:
    return Product(product_id, "", "", None, None, None, {})


def _columns(product: Product) -> tuple[str, str, str | None, str | None, str | None]:
    footprint = None if product.footprint is None else shapely.to_wkt(product.footprint)
    return product.name, product.product_type, _text(product.acquired), _text(product.published), footprint


def _json(product: Product) -> str:
    return plain_text(json.dumps(product.content, ensure_ascii=False))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else odata_moment(moment)


def _entry(row: sqlite3.Row) -> Entry:
    seen = read_moment(row["first_seen"])
    assert seen is not None  # noqa: S101 - written by this module
    return Entry(
        product_id=row["product_id"],
        provider=row["provider"],
        state=row["state"],
        reason=row["reason"],
        name=row["name"],
        product_type=row["product_type"],
        acquired=read_moment(row["acquired"]),
        published=read_moment(row["published"]),
        footprint=None if row["footprint"] is None else shapely.from_wkt(row["footprint"]),
        round=row["round"],
        first_seen=seen,
        content=row["content"],
    )
