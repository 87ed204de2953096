"""Orders from wish to end: never doubled, never lost, never beyond the account's month or its parallel items.

An order is written into the book, claimed if budget and parallel limit leave room, looked up at the service by its
key, and only then sent. If the answer does not come, it is looked up again until it certainly did not arrive. Orders of
one item can be found by name; the service does not list those of several, so an unclear one waits for an operator.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta

from ibf_pipeline.errors import (
    ConfigError,
    ForbiddenByRule,
    IbfError,
    OutcomeUnknown,
    ServerRefused,
    ServerUnreachable,
    UsageError,
)
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.io.redaction import Redactor, is_secret_name
from ibf_pipeline.records.lease import Lease
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.input_sources import require_source
from ibf_pipeline.satellites.hook.order_book import (
    GONE,
    OPEN,
    REFUSED,
    SENDING,
    SENT,
    UNCLEAR,
    UNSENT,
    BookEntry,
    ExternalUsage,
    OrderBook,
    Quota,
)
from ibf_pipeline.satellites.hook.orders import SUCCESS, Order, OrderRequest, order_body, require_sensible
from ibf_pipeline.satellites.hook.settings import Polling
from ibf_pipeline.satellites.hook.workflows import check_options

log = logging.getLogger(__name__)
_NOT_THERE = "the service does not know this order any more"


@dataclass(frozen=True, slots=True)
class Budget:
    """What the account may still order this month."""

    quota: Quota
    used_here: int
    """items of this order book that count for the month"""
    used_elsewhere: int
    """items that the service counts beside them"""
    running: int
    """items that may be running, here and elsewhere"""
    waiting: int
    """items that wait in this book"""

    @property
    def left(self) -> int:
        """Items that may still be sent this month."""
        return max(0, self.quota.items_per_month - self.used_here - self.used_elsewhere)


def budget_of(name: str, book: OrderBook, quota: Quota, elsewhere: ExternalUsage, now: datetime) -> Budget:
    """A service's budget by a book, and by what others order with the account."""
    here, running = book.used(name, now)
    waiting = sum(len(entry.request.identifiers) for entry in book.entries(name, UNSENT))
    return Budget(quota, here, elsewhere.items_this_month, running + elsewhere.items_running, waiting)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OrderDesk:
    """Orders of one account at one service."""

    name: str
    service: OdpClient
    book: OrderBook
    quota: Quota
    _: KW_ONLY
    environment: Mapping[str, str]
    redact: Redactor
    now: Callable[[], datetime]
    settling: timedelta
    """in which an order may still appear whose POST got no answer"""
    gone: timedelta = timedelta(hours=6)
    """after which an accepted order counts as gone that the service does not know any more"""

    def submit(self, request: OrderRequest) -> BookEntry:
        """Check an order against the live options and write it into the book; `advance` sends it.

        Raises InputInvalid with every wrong option, ForbiddenByRule for more items than may ever run together.
        """
        require_sensible(request)
        if len(request.identifiers) > self.quota.parallel_items:
            raise ForbiddenByRule(
                f"an order of {len(request.identifiers)} items",
                where=self.name,
                expected=f"at most {self.quota.parallel_items}, which may run at the same time",
                remedy="order them one by one: the book sends each when there is room",
            )
        self._filled(request)
        workflow = self.service.workflow(request.workflow)
        check_options(workflow, request.options)
        require_source(workflow, request.options)
        return self.book.ask(self.name, request, self.now())

    def budget(self) -> Budget:
        """Counted in the book and at the service."""
        return budget_of(self.name, self.book, self.quota, self._elsewhere(), self.now())

    def advance(self) -> None:
        """Learn what became of open orders, clear up unclear ones, send what waits and fits.

        Raises ServerUnreachable if the service does not answer; an order that is refused or unclear is written down
        so, and does not keep the others from being looked at. One whose secrets are not in this environment waits, with
        a note; those behind it are sent.
        """
        with self.book.lock() as held:
            for entry in self.book.entries(self.name, *OPEN):
                if entry.state == SENT:
                    self._look_at(entry)
                else:
                    self._clear_up(entry)
            unready = self._unready()
            while len(self.book.entries(self.name, UNSENT)) > len(unready):
                entry_or_none = self.book.claim(self.name, self.quota, self._elsewhere(), self.now(), unready)
                if entry_or_none is None:
                    break
                self._send(entry_or_none, held)

    def wait(
        self,
        keys: Iterable[str],
        polling: Polling,
        sleep: Callable[[float], None],
        on_look: Callable[[list[BookEntry]], None] | None = None,
    ) -> list[BookEntry]:
        """Advance until every one of these orders is finished, with longer and longer waits between two looks.

        Raises ServerUnreachable after `give_up_hours`; the orders themselves go on. A service that is silent for
        a while is looked at again. Raises OutcomeUnknown if only an operator can say what became of an order, and
        ConfigError if it cannot be sent from this environment.
        """
        wanted = list(keys)
        until = self.now() + timedelta(hours=polling.give_up_hours)
        pause = polling.first_seconds
        while True:
            try:
                self.advance()
            except ServerUnreachable as error:
                log.warning("%s", error)
            entries = [self.entry(key) for key in wanted]
            if on_look is not None:
                on_look(entries)
            if all(entry.finished for entry in entries):
                return entries
            for entry in entries:
                if entry.state == UNSENT:
                    self._filled(entry.request)
                if entry.state == UNCLEAR and len(entry.request.identifiers) > 1:
                    raise OutcomeUnknown(
                        f"order {entry.key} has several products and its answer was lost",
                        where=self.name,
                        remedy="find it at the service, then `ibf-pipeline hook settle` with --order-id or "
                        "--never-arrived",
                    )
            if self.now() >= until:
                open_keys = ", ".join(f"{entry.key} ({entry.state})" for entry in entries if not entry.finished)
                raise ServerUnreachable(
                    f"not finished after {polling.give_up_hours:g} hours: {open_keys}",
                    where=self.name,
                    remedy="they stay in the order book: `ibf-pipeline hook wait` goes on watching",
                )
            sleep(pause)
            pause = min(polling.longest_seconds, pause * polling.factor)

    def entry(self, key: str) -> BookEntry:
        """An order of the book by its key or by the service's id; UsageError if the book has none."""
        found = self.find(key)
        if found is None:
            raise UsageError(
                f"the order book has no order {key}",
                where=self.book.place,
                expected="a key fp-... or an order's id",
                remedy="look with `ibf-pipeline hook orders`",
            )
        return found

    def find(self, key: str) -> BookEntry | None:
        """The same; None if the book has none."""
        found = [entry for entry in self.book.entries(self.name) if key in (entry.key, entry.order_id)]
        return found[-1] if found else None

    def unfinished(self) -> list[BookEntry]:
        """Orders to which something may still happen."""
        return [entry for entry in self.book.entries(self.name) if not entry.finished]

    def cancel(self, key: str) -> BookEntry:
        """Take an order back if it waits, else cancel it at the service; what runs comes to its end there.

        One that the service does not know any more is closed as gone; Gone if it knows it and no way to cancel it.
        """
        entry = self.entry(key)
        if entry.state == UNSENT and self.book.withdraw(entry, self.now()):
            return self.entry(key)
        entry = self.entry(key)
        if entry.finished:
            return entry
        if entry.order_id is None:
            raise OutcomeUnknown(
                f"order {entry.key} is {entry.state} and has no id yet",
                where=self.name,
                remedy="`ibf-pipeline hook wait` looks it up first",
            )
        try:
            self.service.cancel(entry.order_id)
        except Gone as error:
            try:
                self.service.order(entry.order_id, entry.key)
            except Gone:
                with self.book.lock():
                    return self.book.record_status(entry, GONE, self.redact(error.found), self.now())
            raise
        with self.book.lock():
            self._look_at(entry)
        return self.entry(key)

    def settle(self, key: str, order_id: str | None) -> BookEntry:
        """An operator says what became of an unclear or a gone order: its id there, or that it never arrived."""
        with self.book.lock():
            entry = self.entry(key)
            if entry.state not in (UNCLEAR, SENDING, GONE):
                raise ForbiddenByRule(
                    f"order {entry.key} is {entry.state}, not unclear",
                    where=self.name,
                    remedy="`ibf-pipeline hook cancel` closes one that the service does not know any more",
                )
            if order_id is None:
                return self.book.requeue(entry, "an operator said that it never arrived", self.now())
            found = self.service.order(order_id, entry.key)
            return self.book.record_acceptance(entry, order_id, self.now(), found.submitted)

    def _look_at(self, entry: BookEntry) -> None:
        try:
            order = self.service.order(str(entry.order_id), entry.key, len(entry.request.identifiers))
        except Gone:
            self._miss(entry)
            return
        except ServerRefused as error:
            self.book.record_status(entry, SENT, self.redact(str(error)), self.now())
            return
        message = self.redact(order.message or order.status)
        state, said = (SENT, f"{order.status}: {message}") if order.running else (order.status, message)
        self.book.record_status(entry, state, said, self.now(), order.submitted)

    def _miss(self, entry: BookEntry) -> None:
        """An accepted order is not found under its id: gone, if that stays so while the service answers otherwise."""
        try:
            found = self._named(entry)
        except ServerRefused as error:
            self.book.record_status(entry, SENT, self.redact(str(error)), self.now())
            return
        if found and found[0].id != entry.order_id:
            self.book.record_acceptance(entry, found[0].id, self.now(), found[0].submitted)
        elif entry.message != _NOT_THERE:
            self.book.record_status(entry, SENT, _NOT_THERE, self.now())
        elif self.now() - entry.changed_at >= self.gone:
            log.warning("order %s (%s) is gone: %s", entry.key, entry.order_id, _NOT_THERE)
            self.book.record_status(entry, GONE, _NOT_THERE, self.now())

    def _unready(self) -> frozenset[str]:
        """Waiting orders that cannot be sent from this environment, each with a note."""
        found = set()
        for entry in self.book.entries(self.name, UNSENT):
            try:
                self._filled(entry.request)
            except ConfigError as error:
                self.book.record_note(entry, error.found, self.now())
                log.warning("order %s waits: %s", entry.key, error)
                found.add(entry.key)
        return frozenset(found)

    def _clear_up(self, entry: BookEntry) -> None:
        """What became of an order that was sent without an answer, or about to be when the process ended."""
        if self._adopt(entry) or len(entry.request.identifiers) > 1:
            return  # orders of several items are not listed: that they are not found says nothing
        if self.now() - entry.changed_at >= self.settling:
            self.book.requeue(entry, "it was sent and did not arrive; it is sent again", self.now())

    def _adopt(self, entry: BookEntry) -> bool:
        """Whether the service has an order with this key; then the book takes it as sent."""
        found = self._named(entry)
        if not found:
            return False
        log.info("order %s is at the service already, as %s", entry.key, found[0].id)
        self.book.record_acceptance(entry, found[0].id, self.now(), found[0].submitted)
        self._look_at(self.book.entry(self.name, entry.key))
        return True

    def _named(self, entry: BookEntry) -> list[Order]:
        """The orders with this key; if the service finds none by the end of a name, they are looked for here."""
        found = self.service.orders(name_ends_with=entry.key)
        since = entry.asked_at - timedelta(days=1)  # of clocks that differ
        return found or [order for order in self.service.orders(since=since) if order.name.endswith(entry.key)]

    def _send(self, entry: BookEntry, held: Lease) -> None:
        try:
            if self._adopt(entry):
                return
            body = order_body(entry.request, self._filled(entry.request))
        except IbfError as error:
            self.book.requeue(entry, self.redact(str(error)), self.now())
            raise
        held.require()  # else the next one has found it as `sending`, and looks it up
        try:
            order_id = self.service.place(body)
        except OutcomeUnknown as error:
            self.book.record_status(entry, UNCLEAR, self.redact(error.found), self.now())
            log.warning("%s", self.redact(str(error)))
            return
        except ServerUnreachable as error:
            self.book.requeue(entry, self.redact(error.found), self.now())
            raise
        except ServerRefused as error:
            self.book.record_status(entry, REFUSED, self.redact(error.found), self.now())
            log.warning("%s", self.redact(str(error)))
            return
        if order_id is None:
            self.book.record_status(entry, UNCLEAR, "accepted, without an id in the answer", self.now())
            return
        self.book.record_acceptance(entry, order_id, self.now())
        log.info("order %s was accepted as %s", entry.key, order_id)

    def _filled(self, request: OrderRequest) -> dict[str, str | int]:
        """Options as they are sent: secrets from the environment, `{key}` in texts replaced by the order's key."""
        filled: dict[str, str | int] = {}
        for name, value in request.options.items():
            if isinstance(value, str) and value.startswith("env:"):
                secret = self.environment.get(value[4:])
                if not secret:
                    raise ConfigError(
                        f"the environment variable {value[4:]} is not set",
                        where=f"option {name}",
                        expected="what the order sends to the service",
                        remedy=f"export {value[4:]}",
                    )
                if is_secret_name(name):
                    self.redact.know(secret)
                value = secret
            filled[name] = value.replace("{key}", request.key) if isinstance(value, str) else value
        return filled

    def _elsewhere(self) -> ExternalUsage:
        """What the service lists beside this book: the month's orders and whatever still runs, one item each.

        The listing names no orders of several items, so those that somebody else placed cannot be counted.
        """
        now = self.now().astimezone(UTC)
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        own = {name for entry in self.book.entries(self.name) for name in (entry.key, entry.order_id)}
        foreign = [
            order
            for order in self.service.orders(since=month - timedelta(days=31))
            if order.id not in own and order.name.rsplit(" ", 1)[-1] not in own
        ]
        return ExternalUsage(
            sum(order.submitted is None or order.submitted >= month for order in foreign),
            sum(order.running for order in foreign),
        )


def succeeded(entry: BookEntry) -> bool:
    """Only `completed` is a success."""
    return entry.state == SUCCESS
