"""The inbox: every product that was announced or found, once, with its state and why.

States: `incomplete` (details have to be fetched by id), `waiting` (young enough, no alerted event there so far),
`triggered` (an observation was started or announced for at least one event), `ignored` (never will be; the reason
says why). A product is known by its id, whatever subscription, door, order or number of notifications it came by.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, and_, func, or_, select, update

from ibf_pipeline.errors import UsageError, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_rows import upsert
from ibf_pipeline.records.schema import NOTIFICATION, PRODUCT, START
from ibf_pipeline.satellites.odata import odata_timestamp, read_timestamp
from ibf_pipeline.satellites.subscriptions.notification import Notification, Product, plain_text

_WAITING_REASON = "not yet compared with the alerts"
NO_DEPLOYMENT = "no deployment to start"
"""ends the reason of what was only announced"""
DROPPED = "dropped by `inbox prune` before anything was decided of it"
SETTLED: Final = ("triggered", "ignored")
_UNSETTLED: Final = ("incomplete", "waiting")


@dataclass(frozen=True, slots=True)
class InboxEntry:
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
    """An observation that was started, or only announced if there is no deployment."""

    key: str
    product_id: str
    country: str
    event: str
    round: int
    run: str | None
    """id of the flow run; None if there was no deployment"""


class Inbox:
    """Products and notifications in the records; every method is one transaction, on disk when it returns.

    WriteFailed if the records cannot be used; InputInvalid for text that they cannot hold.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], max_megabytes: float = 1000) -> None:
        """`max_megabytes` (10^6 bytes): the size of the records beyond which nothing that comes in is stored."""
        self._database = database
        self._clock = clock
        self._max_megabytes = max_megabytes

    def store(self, provider: str, door: str, notifications: Iterable[Notification]) -> int:
        """Keep notifications; the number of products not known before. WriteFailed if the records are full."""
        self._require_room()
        with self._database.transaction() as connection:
            return sum(self._store_one(connection, provider, door, item) for item in notifications)

    def store_products(self, provider: str, products: Iterable[Product]) -> int:
        """Keep products that a catalogue query found; the number of those not known before. WriteFailed as above."""
        self._require_room()
        with self._database.transaction() as connection:
            return sum(self._keep(connection, provider, product) for product in products)

    def complete(self, product_id: str, product: Product | None) -> None:
        """Add the details of an incomplete product; None if the catalogue has no such product any more."""
        with self._database.transaction() as connection:
            known = _known(connection, product_id)
            if known is None or known.state != "incomplete":
                return
            reason = "the catalogue has no such product any more"
            if product is not None:
                self._change(connection, product.id, **_details(product))
                reason = "the catalogue states no acquisition time or no footprint"
            if product is None or not product.complete:
                self._change(connection, product_id, state="ignored", reason=reason)

    def entry(self, product_id: str) -> InboxEntry:
        """One product by its id, or by a beginning that only one has; UsageError if it is not known."""
        wanted = product_id.lower()
        rows = self._database.rows(select(PRODUCT).where(PRODUCT.c.product_id == wanted))
        if not rows and wanted:
            begins = func.substr(PRODUCT.c.product_id, 1, len(wanted)) == wanted
            rows = self._database.rows(select(PRODUCT).where(begins).order_by(PRODUCT.c.product_id).limit(4))
        if not rows:
            raise UsageError(
                f"there is no product {product_id}", where=self._database.place, remedy="see `ibf-pipeline inbox list`"
            )
        if len(rows) > 1:
            some = ", ".join(row.product_id for row in rows[:3]) + (", .." if len(rows) > 3 else "")
            raise UsageError(
                f"several products begin with {product_id}",
                where=self._database.place,
                expected=f"one of {some}",
                remedy="give more of the id",
            )
        return _entry(rows[0])

    def entries(self, state: str | None = None, limit: int = 1_000_000) -> list[InboxEntry]:
        """Products, the latest first; all, or those of one state."""
        query = select(PRODUCT).order_by(PRODUCT.c.first_seen.desc(), PRODUCT.c.product_id).limit(limit)
        return [_entry(row) for row in self._database.rows(query.where(PRODUCT.c.state == state) if state else query)]

    def open_products(self, acquired_since: datetime) -> list[InboxEntry]:
        """Products that may still start something: waiting ones, and triggered ones that are young."""
        young = and_(PRODUCT.c.state == "triggered", PRODUCT.c.acquired >= odata_timestamp(acquired_since))
        query = select(PRODUCT).where(or_(PRODUCT.c.state == "waiting", young))
        return [_entry(row) for row in self._database.rows(query.order_by(PRODUCT.c.acquired, PRODUCT.c.product_id))]

    def announced_before(self, acquired: datetime) -> list[InboxEntry]:
        """Products of an earlier acquisition for which something was announced that no run was started for.

        Those of which that was said already are left out.
        """
        this_round = and_(START.c.product_id == PRODUCT.c.product_id, START.c.round == PRODUCT.c.round)
        only_announced = select(START.c.key).where(this_round, START.c.run.is_(None)).exists()
        query = select(PRODUCT).where(
            PRODUCT.c.state == "triggered",
            PRODUCT.c.acquired < odata_timestamp(acquired),
            only_announced,
            PRODUCT.c.reason.not_like("announced for %"),
        )
        return [_entry(row) for row in self._database.rows(query.order_by(PRODUCT.c.product_id))]

    def decide(self, product_id: str, state: str, reason: str) -> None:
        """Write down what became of a product."""
        with self._database.transaction() as connection:
            self._change(connection, product_id, state=state, reason=reason)

    def starts(self, product_id: str) -> list[Start]:
        """What a product started, oldest first."""
        columns = [START.c[name] for name in Start.__slots__]
        query = select(*columns).where(START.c.product_id == product_id).order_by(START.c.started, START.c.key)
        return [Start(*row) for row in self._database.rows(query)]

    def record_start(self, start: Start, reason: str) -> None:
        """Write down that an observation was started, or announced; its product is triggered from now on."""
        values = {name: getattr(start, name) for name in Start.__slots__ if name not in ("key", "run")}
        run = {} if start.run is None else {"run": start.run}
        with self._database.transaction() as connection:
            upsert(connection, START, {"key": start.key}, run, {**values, "started": self._now()})
            self._change(connection, start.product_id, state="triggered", reason=reason)

    def replay(self, product_id: str) -> InboxEntry:
        """Let a product be compared with the alerts again; what it starts then is a new start."""
        entry = self.entry(product_id)
        complete = entry.acquired is not None and entry.footprint is not None
        values = {"state": "waiting" if complete else "incomplete", "reason": "replayed", "round": PRODUCT.c.round + 1}
        with self._database.transaction() as connection:
            self._change(connection, entry.product_id, **values)
        return self.entry(product_id)

    def prune(self, before: datetime, states: Sequence[str] = SETTLED) -> int:
        """Forget the contents of products in some states that were first seen before a time; how many.

        Ids, states and starts stay: a late duplicate must still be recognised. What was not settled is ignored from
        then on; `replay` brings it back.
        """
        unsettled = PRODUCT.c.state.in_(_UNSETTLED)
        old = and_(PRODUCT.c.first_seen < odata_timestamp(before), PRODUCT.c.state.in_(states))
        forget = update(PRODUCT).values(content=None, footprint=None)
        drop = forget.values(state="ignored", reason=DROPPED, changed=self._now())
        with self._database.transaction() as connection:
            forgotten = connection.execute(forget.where(old, ~unsettled, PRODUCT.c.content.is_not(None))).rowcount
            return forgotten + connection.execute(drop.where(old, unsettled)).rowcount

    def counts(self) -> dict[str, int]:
        """Products by state, and notifications stored."""
        counts = dict.fromkeys((*_UNSETTLED, *SETTLED), 0)
        with self._database.snapshot() as connection:
            by_state = select(PRODUCT.c.state, func.count()).group_by(PRODUCT.c.state)
            counts.update(tuple(row) for row in connection.execute(by_state))
            stored = select(func.coalesce(func.sum(NOTIFICATION.c.times), 0))
            return {**counts, "notifications": int(connection.execute(stored).scalar_one())}

    def notifications(self, product_id: str) -> list[tuple[str, str, str, int]]:
        """Subscription, event, door and number of times that a product was announced."""
        columns = [NOTIFICATION.c[name] for name in ("subscription_id", "event", "door", "times")]
        rows = self._database.rows(select(*columns).where(NOTIFICATION.c.product_id == product_id.lower()))
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def fullness_error(self) -> WriteFailed | None:
        """Why nothing that comes in is stored; None while there is room."""
        size = self._database.megabytes()
        if size <= self._max_megabytes:
            return None
        counts = self.counts()
        return WriteFailed(
            f"the inbox is full: the records have {size:.0f} MB; {sum(counts[state] for state in _UNSETTLED):,} of "
            f"{sum(counts[state] for state in (*_UNSETTLED, *SETTLED)):,} products are not settled",
            where=self._database.place,
            expected=f"at most {self._max_megabytes:g} MB",
            remedy="let `ibf-pipeline intake` settle what waits, then make room with `ibf-pipeline inbox prune`, or "
            "raise inbox.max_megabytes in eodata.yaml; `inbox prune --state waiting` drops what still waits",
        )

    def _require_room(self) -> None:
        full = self.fullness_error()
        if full is not None:
            raise full

    def _store_one(self, connection: Connection, provider: str, door: str, item: Notification) -> bool:
        key = {"subscription_id": item.subscription_id, "product_id": item.product_id, "event": item.event}
        first = {"door": door, "notified": _text(item.notified), "received": self._now(), "times": 1}
        upsert(connection, NOTIFICATION, key, {"times": NOTIFICATION.c.times + 1}, first)
        new = self._keep(connection, provider, item.product or Product(item.product_id), item.event == "modified")
        if item.event == "deleted":
            self._delete(connection, item)
        return new

    def _delete(self, connection: Connection, item: Notification) -> None:
        known = _known(connection, item.product_id)
        reason = f"deleted from the catalogue ({item.deletion_cause or 'no cause stated'})"
        if "deleted from" in known.reason:
            return
        if known.state == "triggered":
            self._change(connection, item.product_id, reason=f"{known.reason}; later {reason}")
        else:
            self._change(connection, item.product_id, state="ignored", reason=reason)

    def _keep(self, connection: Connection, provider: str, product: Product, renew: bool = False) -> bool:
        now, details = self._now(), _details(product)
        first = {"provider": provider, **details, "round": 0, "first_seen": now, "changed": now}
        if upsert(connection, PRODUCT, {"product_id": product.id}, {}, first):
            return True
        states = _UNSETTLED if renew else ("incomplete",)
        if product.complete and _known(connection, product.id).state in states:
            self._change(connection, product.id, **details)
        return False

    def _change(self, connection: Connection, product_id: str, **values: Any) -> None:
        this = PRODUCT.c.product_id == product_id
        connection.execute(update(PRODUCT).where(this).values(**values, changed=self._now()))

    def _now(self) -> str:
        return odata_timestamp(self._clock())


def _known(connection: Connection, product_id: str) -> Any:
    """State and reason of a product, which nobody else changes until the transaction ends; None for an unknown one."""
    query = select(PRODUCT.c.state, PRODUCT.c.reason).where(PRODUCT.c.product_id == product_id)
    return connection.execute(query.with_for_update()).one_or_none()


def _details(product: Product) -> dict[str, str | None]:
    lacking = "details have to be fetched from the catalogue"
    return {
        "state": "waiting" if product.complete else "incomplete",
        "reason": _WAITING_REASON if product.complete else lacking,
        "name": product.name,
        "product_type": product.product_type,
        "acquired": _text(product.acquired),
        "published": _text(product.published),
        "footprint": None if product.footprint is None else shapely.to_wkt(product.footprint),
        "content": plain_text(json.dumps(product.content, ensure_ascii=False)),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else odata_timestamp(moment)


def _entry(row: Any) -> InboxEntry:
    values = {name: getattr(row, name) for name in InboxEntry.__slots__}
    values |= {name: read_timestamp(values[name]) for name in ("acquired", "published", "first_seen")}
    footprint = None if row.footprint is None else shapely.from_wkt(row.footprint)
    return InboxEntry(**{**values, "footprint": footprint})
