"""Orders are never doubled, never lost, and never beyond the account's month or its parallel items."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import delete, update

from ibf_pipeline.errors import (
    ConfigError,
    ForbiddenByRule,
    InputInvalid,
    OutcomeUnknown,
    ServerRefused,
    ServerUnreachable,
)
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.tokens import REFUSED_LOGIN_SECONDS
from ibf_pipeline.records import lease as leases
from ibf_pipeline.records.database import migrate_schema, records_url
from ibf_pipeline.records.schema import LEASE, ORDER
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.order_book import ExternalUsage, OrderBook, Quota
from ibf_pipeline.satellites.hook.order_desk import OrderDesk, succeeded
from ibf_pipeline.satellites.hook.orders import Order, OrderRequest, order_body, order_from
from ibf_pipeline.satellites.hook.settings import Polling
from ibf_pipeline.satellites.hook.workflows import Workflow, WorkflowOption
from tests.budget import examples
from tests.conftest import ROOT
from tests.satellites.hook.conftest import client_of
from tests.satellites.hook.test_client import NO_LISTS
from tests.worlds.services.certificate import own_certificate
from tests.worlds.services.hook import S3_SECRET, Loopback
from tests.worlds.services.hook_platform import Clock, Platform, provided_workflows

Opening = Callable[..., OrderDesk]
MINUTE = timedelta(minutes=1)


def request(product: str = "P1", repeat: int = 0, **options: str) -> OrderRequest:
    return OrderRequest("odp-test", (product,), {"output_storage": "TEMPORARY", **options}, "alert G5220", repeat)


def test_an_order_waits_is_sent_and_ends(open_desk: Opening, clock: Clock) -> None:
    desk = open_desk()
    assert desk.submit(request()).state == "waiting"
    desk.advance()
    entry = desk.entry(request().key)
    assert (entry.state, entry.order_id) == ("sent", "25377")
    clock.sleep(300)
    (entry,) = desk.wait([entry.key], Polling(), clock.sleep)
    assert succeeded(entry)
    assert desk.budget().left == 24


def test_the_same_order_is_the_same_order(open_desk: Opening, server: Loopback) -> None:
    desk = open_desk(parallel=5)
    for _ in range(3):
        desk.submit(request())
        desk.advance()
    assert len(server.platform.orders) == 1
    desk.submit(request(repeat=1))
    desk.advance()
    assert len(server.platform.orders) == 2


@pytest.mark.parametrize("fault", ["cut after", "502 after", "no id"])
def test_an_accepted_order_whose_answer_is_lost_is_found_and_not_doubled(
    fault: str, open_desk: Opening, server: Loopback, clock: Clock
) -> None:
    desk = open_desk()
    key = desk.submit(request()).key
    server.faults = [fault]
    desk.advance()
    assert desk.entry(key).state == "unclear"
    (entry,) = desk.wait([key], Polling(), clock.sleep)
    assert succeeded(entry)
    assert len(server.platform.orders) == 1


@pytest.mark.parametrize("products", [("P1",), ("P1", "P2")])
def test_an_order_whose_answer_breaks_off_in_tls_is_not_doubled(
    products: tuple[str, ...], book: OrderBook, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order was accepted, and something between the two answers in plain text."""
    context = own_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    with Loopback(clock, tls=context) as server, closing(client_of(server, clock)) as client:
        desk = OrderDesk(
            "dedl", client, book, Quota(25, 5), environment={}, redact=Redactor(), now=clock, settling=2 * MINUTE
        )  # fmt: skip
        key = desk.submit(OrderRequest("odp-test", products, {"output_storage": "TEMPORARY"}, "alert")).key
        server.faults = ["no TLS after"]
        desk.advance()
        assert desk.entry(key).state == "unclear"
        clock.sleep(600)
        desk.advance()
        assert desk.entry(key).state == ("completed" if len(products) == 1 else "unclear")
        assert len(server.platform.orders) == 1


def lose(book: OrderBook) -> None:
    """As if the records were gone."""
    with book._database.transaction() as connection:
        connection.execute(delete(ORDER))


def sendings(server: Loopback) -> int:
    """Orders that reached the service, by its own count of requests."""
    return sum(path.endswith("/OData.CSC.Order") for method, path in server.log if method == "POST")


@pytest.mark.parametrize("answer", NO_LISTS)
def test_a_look_up_that_answers_no_list_does_not_double_an_accepted_order(
    answer: str, open_desk: Opening, server: Loopback, clock: Clock
) -> None:
    desk = open_desk()
    key = desk.submit(request()).key
    server.faults = ["cut after"]
    desk.advance()
    server.instead = {"ProductionOrders": answer}
    for _ in range(3):
        clock.sleep(600)  # by far longer than an order takes to appear
        with pytest.raises(ServerRefused, match="answered 200 with"):
            desk.advance()
        assert desk.entry(key).state == "unclear"
    server.instead = {}
    desk.advance()
    assert (desk.entry(key).state, desk.entry(key).order_id, sendings(server)) == ("completed", "25377", 1)


@pytest.mark.parametrize("answer", NO_LISTS)
def test_nothing_is_sent_where_the_look_up_before_it_answers_no_list(
    answer: str, open_desk: Opening, server: Loopback, book: OrderBook
) -> None:
    """The order is at the service already, and the book was lost; the month's other orders are listed as ever."""
    open_desk().submit(request())
    open_desk().advance()
    lose(book)
    desk = open_desk(parallel=2)
    key = desk.submit(request()).key
    server.instead = {f"ProductionOrders?$orderby=Id desc&$filter=(endswith(Name,'{key}'))": answer}
    for _ in range(2):
        with pytest.raises(ServerRefused, match="answered 200 with"):
            desk.advance()
        assert (desk.entry(key).state, sendings(server)) == ("waiting", 1)
    server.instead = {}
    desk.advance()
    assert (desk.entry(key).state, desk.entry(key).order_id, sendings(server)) == ("sent", "25377", 1)


@pytest.mark.parametrize("answer", ["[]", '{"value": []}'])
def test_an_order_is_sent_where_the_look_up_answers_an_empty_list(
    answer: str, open_desk: Opening, server: Loopback
) -> None:
    desk = open_desk()
    key = desk.submit(request()).key
    server.instead = {"ProductionOrders": answer}
    desk.advance()
    assert (desk.entry(key).state, sendings(server)) == ("sent", 1)


def test_an_order_that_did_not_arrive_is_sent_again_after_it_had_time_to_appear(
    open_desk: Opening, server: Loopback, clock: Clock
) -> None:
    desk = open_desk()
    key = desk.submit(request()).key
    server.faults = ["cut before"]
    desk.advance()
    clock.sleep(119)
    desk.advance()
    assert desk.entry(key).state == "unclear"
    assert server.platform.orders == []
    clock.sleep(1)
    desk.advance()
    assert desk.entry(key).state == "sent"
    assert len(server.platform.orders) == 1


@pytest.mark.parametrize("status", ["429", "503", "403"])
def test_an_order_for_which_there_is_no_token_was_never_sent_and_waits_again(
    status: str, open_desk: Opening, server: Loopback, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token ends between the look-up and the order, and the realm gives no other one in three tries."""
    desk = open_desk()
    key = desk.submit(request()).key
    place = OdpClient.place

    def later(client: OdpClient, body: Mapping[str, Any]) -> str | None:
        clock.sleep(server.token_life.total_seconds())
        server.faults = [f"token {status}"] * 3
        return place(client, body)

    monkeypatch.setattr(OdpClient, "place", later)
    with pytest.raises(ServerUnreachable, match="not now"):
        desk.advance()
    assert (desk.entry(key).state, server.platform.orders) == ("waiting", [])
    monkeypatch.undo()
    server.faults = []
    clock.sleep(REFUSED_LOGIN_SECONDS)
    desk.advance()
    assert desk.entry(key).state == "sent"
    assert len(server.platform.orders) == 1


def test_a_process_that_dies_while_sending_leaves_a_trace(
    open_desk: Opening, client: OdpClient, server: Loopback, book: OrderBook, clock: Clock
) -> None:
    desk = open_desk()
    desk.submit(request())
    claimed = book.claim("dedl", Quota(25, 1), ExternalUsage(), clock())
    assert claimed is not None
    client.place(order_body(claimed.request, claimed.request.options))  # and the process is gone before it writes
    desk.advance()
    assert desk.entry(claimed.key).state == "sent"
    assert len(server.platform.orders) == 1


def test_another_book_does_not_double_it_either(open_desk: Opening, server: Loopback, book: OrderBook) -> None:
    open_desk().submit(request())
    open_desk().advance()
    lose(book)
    open_desk().submit(request())
    open_desk().advance()
    assert len(server.platform.orders) == 1


def test_parallel_limit_queues_here_and_counts_orders_of_others(
    open_desk: Opening, client: OdpClient, server: Loopback, clock: Clock
) -> None:
    foreign = OrderRequest("lai", ("theirs",), {"output_storage": "TEMPORARY"}, "a colleague's")
    client.place({**order_body(foreign, foreign.options), "Name": "by hand"})
    desk = open_desk()
    keys = [desk.submit(request(f"P{n}")).key for n in range(3)]
    desk.advance()
    assert {desk.entry(key).state for key in keys} == {"waiting"}
    budget = desk.budget()
    assert (budget.running, budget.waiting, budget.used_elsewhere, budget.left) == (1, 3, 1, 24)
    assert all(succeeded(entry) for entry in desk.wait(keys, Polling(first_seconds=300), clock.sleep))
    assert server.platform.most_open == 1


def test_the_months_budget_ends_and_the_next_month_goes_on(open_desk: Opening, server: Loopback, clock: Clock) -> None:
    clock.now_ = datetime(2026, 2, 27, tzinfo=UTC)
    desk = open_desk(per_month=3)
    keys = [desk.submit(request(f"P{n}")).key for n in range(5)]
    with pytest.raises(ServerUnreachable, match=r"not finished after 1 hours.*waiting"):
        desk.wait(keys, Polling(give_up_hours=1), clock.sleep)
    assert server.platform.per_month == {"2026-02": 3}
    assert desk.budget().left == 0
    clock.now_ = datetime(2026, 3, 1, tzinfo=UTC)
    assert all(succeeded(entry) for entry in desk.wait(keys, Polling(), clock.sleep))
    assert server.platform.per_month == {"2026-02": 3, "2026-03": 2}


def test_only_completed_is_success(open_desk: Opening, server: Loopback, clock: Clock) -> None:
    server.platform.fail.add("P1")
    desk = open_desk()
    (entry,) = desk.wait([desk.submit(request()).key], Polling(), clock.sleep)
    assert (entry.state, succeeded(entry)) == ("failed", False)


def test_a_refused_order_is_not_counted_and_may_be_asked_for_again(open_desk: Opening, server: Loopback) -> None:
    desk = open_desk()
    desk.submit(request())
    server.faults = ["403"]
    with pytest.raises(Exception, match="Not enough permissions"):
        desk.advance()  # the look-up before the order was refused: nothing was sent
    assert desk.entry(request().key).state == "waiting"
    del server.platform.workflows[:]
    desk.advance()
    entry = desk.entry(request().key)
    assert (entry.state, desk.budget().left) == ("refused", 25)
    assert "does not exist" in entry.message
    server.platform.workflows.extend(provided_workflows())
    desk.submit(request())
    desk.advance()
    assert desk.entry(request().key).state == "sent"


def test_waits_grow_up_to_the_longest(open_desk: Opening, clock: Clock, server: Loopback) -> None:
    server.platform.duration = timedelta(minutes=20)
    desk = open_desk()
    desk.wait([desk.submit(request()).key], Polling(), clock.sleep)
    assert clock.slept == [15, 22.5, 33.75, 50.625, 75.9375, 113.90625, 170.859375, 256.2890625, 300, 300]


def test_cancel_here_and_there(open_desk: Opening, server: Loopback) -> None:
    server.platform.workers = 0
    desk = open_desk()
    keys = [desk.submit(request(f"P{n}")).key for n in range(2)]
    desk.advance()
    assert desk.cancel(keys[1]).state == "withdrawn"
    assert desk.cancel(keys[0]).state == "cancelled"
    assert len(server.platform.orders) == 1


def test_orders_of_several_products_are_never_sent_twice_without_a_person(
    open_desk: Opening, server: Loopback, clock: Clock
) -> None:
    both = OrderRequest("odp-test", ("P1", "P2"), {"output_storage": "TEMPORARY"}, "batch")
    with pytest.raises(ForbiddenByRule, match="one by one"):
        open_desk(parallel=1).submit(both)
    desk = open_desk(parallel=2)
    key = desk.submit(both).key
    server.faults = ["cut after"]
    desk.advance()
    clock.sleep(86400)
    desk.advance()
    assert desk.entry(key).state == "unclear"
    assert len(server.platform.orders) == 1
    with pytest.raises(OutcomeUnknown, match="hook settle"):
        desk.wait([key], Polling(), clock.sleep)
    desk.settle(key, str(server.platform.orders[0].id))
    (entry,) = desk.wait([key], Polling(), clock.sleep)
    assert succeeded(entry)


def test_secrets_are_filled_in_when_sent_and_never_written(
    open_desk: Opening, server: Loopback, book: OrderBook
) -> None:
    desk = open_desk()
    with pytest.raises(InputInvalid, match="env:NAME"):
        desk.submit(request(output_s3_secret_key=S3_SECRET))
    with pytest.raises(ConfigError, match="NOT_SET is not set"):
        desk.submit(request(output_s3_secret_key="env:NOT_SET"))
    desk.submit(request(output_s3_secret_key="env:HOOK_S3_SECRET_KEY", output_s3_path="s3://b/{key}"))
    desk.advance()
    sent = {entry["Name"]: entry["Value"] for entry in server.platform.orders[0].body["WorkflowOptions"]}
    key = desk.unfinished()[0].key
    assert sent["output_s3_secret_key"] == S3_SECRET
    assert sent["output_s3_path"] == f"s3://b/{key}"
    written = [file.read_bytes() for file in Path(book.place).parent.iterdir()]
    assert any(key.encode() in content for content in written)
    assert not any(S3_SECRET.encode() in content for content in written)


def test_wrong_options_never_reach_the_book(open_desk: Opening, book: OrderBook) -> None:
    with pytest.raises(InputInvalid, match="did you mean source_type"):
        open_desk().submit(request(source_typ="DESP"))
    with pytest.raises(InputInvalid, match="named twice"):
        open_desk(parallel=2).submit(OrderRequest("data-harvest", ("P", "P"), {}, "x"))
    assert book.entries("dedl") == []


def test_an_order_over_midnight_of_the_month_counts_for_both(book: OrderBook) -> None:
    before, after = datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, 0, 1, tzinfo=UTC)
    book.ask("dedl", request(), before)
    entry = book.claim("dedl", Quota(25, 1), ExternalUsage(), before)
    assert entry is not None
    assert (book.used("dedl", before), book.used("dedl", after)) == ((1, 1), (1, 1))
    entry = book.record_acceptance(entry, "7", after)
    assert (book.used("dedl", before)[0], book.used("dedl", after)[0]) == (1, 1)
    book.record_status(entry, "completed", "", after, submitted=after)
    assert (book.used("dedl", before)[0], book.used("dedl", after)[0]) == (0, 1)


def test_many_processes_at_once(server: Loopback, client: OdpClient, tmp_path: Path, clock: Clock) -> None:
    """Six workers with their own connections to one book, all sending as fast as they can."""
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        own = OrderBook(Database(records_url(tmp_path), migrate_schema, ""))
        desk = OrderDesk(
            "dedl", client, own, Quota(10, 2), environment={}, redact=Redactor(), now=clock, settling=MINUTE
        )  # fmt: skip
        barrier.wait(timeout=20)
        for step in range(4):
            own.ask("dedl", request(f"P{(number + step) % 5}"), clock())
            desk.advance()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    names = [order.body["Name"] for order in server.platform.orders]
    assert len(names) == len(set(names)) == 2
    assert server.platform.most_open == 2


HOLDER = """
import sys
from ibf_pipeline.records.database import open_records
from ibf_pipeline.satellites.hook.order_book import OrderBook
with OrderBook(open_records(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.readline()
"""


def waited_for(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What leases were waited for, in words."""
    return [record.getMessage() for record in list(caplog.records) if record.name == leases.__name__]


def test_the_second_process_waits_until_the_first_has_sent(
    open_desk: Opening, server: Loopback, book: OrderBook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=leases.__name__)
    desk = open_desk()
    desk.submit(request())
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, f"sqlite:///{book.place}"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(desk.advance)
        until = time.monotonic() + 30
        while not waited_for(caplog) and time.monotonic() < until:
            time.sleep(0.01)
        assert (server.platform.orders, second.done()) == ([], False)
        first.communicate("go on\n", timeout=30)
        second.result(30)
    (waited,) = waited_for(caplog)
    assert (
        f"waiting for hook/orders: another process is at work there: sending orders, process {first.pid} on" in waited
    )
    assert len(server.platform.orders) == 1


def test_who_was_taken_for_dead_sends_nothing(
    open_desk: Opening, server: Loopback, book: OrderBook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asleep between its look-up and the order, for longer than a lease is good; another one took over."""
    desk, real = open_desk(), OrderDesk._adopt

    def sleep(self: OrderDesk, entry: Any) -> bool:
        with book._database.transaction() as connection:
            row = {"holder": "elsewhere pid:[1] 77 123", "expires": time.time() + 60}
            connection.execute(update(LEASE).values(fence=LEASE.c.fence + 1, **row))
        return real(self, entry)

    key = desk.submit(request()).key
    with monkeypatch.context() as patch:
        patch.setattr(leases, "LEASE_SECONDS", 0.0)
        patch.setattr(leases.Lease, "_keep", lambda self: None)
        patch.setattr(OrderDesk, "_adopt", sleep)
        with pytest.raises(leases.LeaseLost, match="another process has taken over hook/orders"):
            desk.advance()
    assert (desk.entry(key).state, server.platform.orders) == ("sending", [])
    with book._database.transaction() as connection:
        connection.execute(update(LEASE).values(holder=None))
    clock.sleep(121)
    desk.advance()
    assert (desk.entry(key).state, len(server.platform.orders)) == ("sent", 1)


def test_an_order_that_the_service_forgot_is_gone_after_a_while_and_blocks_nothing(
    open_desk: Opening, server: Loopback, clock: Clock
) -> None:
    """Six hours of 404 while the service answers otherwise; it counts for the month all the same."""
    desk = open_desk()
    keys = [desk.submit(request(f"P{n}")).key for n in range(2)]
    desk.advance()
    server.platform.orders.clear()
    desk.advance()
    clock.sleep(6 * 3600 - 1)
    desk.advance()
    assert [desk.entry(key).state for key in keys] == ["sent", "waiting"]
    clock.sleep(1)
    desk.advance()
    assert [desk.entry(key).state for key in keys] == ["gone", "sent"]
    assert "does not know this order any more" in desk.entry(keys[0]).message
    assert desk.budget().left == 23
    (entry,) = desk.wait([keys[1]], Polling(), clock.sleep)
    assert succeeded(entry)
    assert desk.submit(request("P0")).state == "gone", "only --again or a person orders it once more"
    assert desk.settle(keys[0], None).state == "waiting"


def test_a_service_that_answers_404_to_everything_makes_no_order_gone(
    open_desk: Opening, server: Loopback, clock: Clock
) -> None:
    """As after a wrong url or during a failed upgrade."""
    desk = open_desk()
    key = desk.submit(request()).key
    desk.advance()
    kept = server.platform.orders[:]
    server.platform.orders.clear()
    for _ in range(5):
        server.faults = ["no listing"]
        desk.advance()
        clock.sleep(86400)
    assert desk.entry(key).state == "sent"
    server.platform.orders.extend(kept)
    server.faults = []
    assert succeeded(desk.wait([key], Polling(), clock.sleep)[0])


def test_a_person_closes_an_order_that_is_not_there(open_desk: Opening, server: Loopback) -> None:
    desk = open_desk()
    key = desk.submit(request()).key
    desk.advance()
    with pytest.raises(ForbiddenByRule, match="hook cancel"):
        desk.settle(key, None)
    server.platform.orders.clear()
    assert desk.cancel(key).state == "gone"


def test_an_order_without_its_secret_lets_the_others_pass(
    open_desk: Opening, client: OdpClient, book: OrderBook, server: Loopback, clock: Clock
) -> None:
    bare = OrderDesk(
        "dedl",
        client,
        book,
        Quota(25, 5),
        environment={},
        redact=Redactor(),
        now=clock,
        settling=timedelta(seconds=120),
    )
    first = open_desk().submit(request("P1", output_s3_secret_key="env:HOOK_S3_SECRET_KEY")).key
    second = bare.submit(request("P2")).key
    bare.advance()
    assert (bare.entry(first).state, bare.entry(second).state) == ("waiting", "sent")
    assert bare.entry(first).message == "the environment variable HOOK_S3_SECRET_KEY is not set"
    with pytest.raises(ConfigError, match="HOOK_S3_SECRET_KEY is not set"):
        bare.wait([first], Polling(), clock.sleep)
    open_desk(parallel=5).advance()
    assert open_desk().entry(first).state == "sent"
    assert len(server.platform.orders) == 2


class Killed(BaseException):
    """The process ends here."""


class Direct:
    """The platform without HTTP, with the faults between us and it."""

    def __init__(self, platform: Platform, clock: Clock) -> None:
        self.platform = platform
        self.clock = clock
        self.next_post = "fine"
        self.late: list[tuple[datetime, dict[str, Any]]] = []
        self.silent = False
        self.vanished: set[str] = set()

    def arrive(self) -> None:
        """Orders that were under way when their sender gave up."""
        due = [entry for entry in self.late if entry[0] <= self.clock()]
        self.late = [entry for entry in self.late if entry not in due]
        for _, body in due:
            self.platform.place(body)

    def workflow(self, name: str) -> Workflow:
        option = WorkflowOption("output_storage", "", "str", None, (), required=True)
        secret = WorkflowOption("desp_source_password", "", "str", None, (), required=False)
        return Workflow("1", name, name, "", "1", (), (option, secret))

    def orders(self, *, name_ends_with: str | None = None, since: datetime | None = None) -> list[Order]:
        if self.silent:
            raise ServerUnreachable("silent")
        self.arrive()
        return [
            self._order(placed)
            for placed in self.platform.listed(None)
            if (name_ends_with is None or placed.body["Name"].endswith(name_ends_with))
            and str(placed.id) not in self.vanished
        ]

    def order(self, order_id: str, name_ends_with: str | None = None, items: int = 1) -> Order:
        if self.silent:
            raise ServerUnreachable("silent")
        self._known(order_id)
        return self._order(self.platform.order(order_id))

    def place(self, body: Mapping[str, object]) -> str | None:
        outcome, self.next_post = self.next_post, "fine"
        if outcome == "not sent":
            raise ServerUnreachable("no connection")
        if outcome == "lost before":
            raise OutcomeUnknown("cut")
        if outcome == "late":
            self.late.append((self.clock() + timedelta(seconds=90), dict(body)))
            raise OutcomeUnknown("cut")
        if outcome == "killed before":
            raise Killed
        placed = self.platform.place(dict(body))
        if outcome == "lost after":
            raise OutcomeUnknown("cut")
        if outcome == "killed after":
            raise Killed
        return str(placed.id)

    def cancel(self, order_id: str) -> None:
        self._known(order_id)
        self.platform.cancel(order_id)

    def vanish(self, order_id: str) -> None:
        """The service forgets an order, and with it whatever it was doing."""
        self.vanished.add(order_id)
        for item in self.platform.order(order_id).items:
            item.status, item.ended = "cancelled", item.ended or self.clock()

    def _known(self, order_id: str) -> None:
        if order_id in self.vanished:
            raise Gone("answered 404")

    def _order(self, placed: Any) -> Order:
        return order_from({
            "Id": str(placed.id), "Name": placed.body["Name"], "Status": placed.status,
            "SubmissionDate": placed.submitted.isoformat(), "WorkflowName": placed.body["WorkflowName"],
        })  # fmt: skip


def test_an_order_that_arrives_late_is_not_doubled(book: OrderBook, clock: Clock) -> None:
    service = Direct(Platform(clock, workflows=provided_workflows()), clock)
    desk = OrderDesk(
        "dedl",
        service,
        book,
        Quota(25, 1),
        environment={},
        redact=Redactor(),
        now=clock,
        settling=timedelta(seconds=120),
    )
    key = desk.submit(request()).key
    service.next_post = "late"  # it arrives after 90 seconds
    desk.advance()
    clock.sleep(80)
    desk.advance()
    assert desk.entry(key).state == "unclear"
    (entry,) = desk.wait([key], Polling(), clock.sleep)
    assert succeeded(entry)
    assert len(service.platform.orders) == 1


ENVIRONMENTS: tuple[dict[str, str], ...] = ({"DESP_PASSWORD": "canary"}, {})
"""of the two workers: the second cannot fill in every order"""


class Orders(RuleBasedStateMachine):
    """Two workers, one book, one platform: nothing that may happen in between breaks the two limits or the key."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = Clock(datetime(2026, 2, 27, 20, tzinfo=UTC))
        self.platform = Platform(self.clock, timedelta(minutes=7), 2, workflows=provided_workflows())
        self.service = Direct(self.platform, self.clock)
        self.quota = Quota(4, 2)
        self.books = [OrderBook(Database(records_url(Path(self.folder.name)), migrate_schema, "")) for _ in range(2)]

    def desk(self, worker: int) -> OrderDesk:
        return OrderDesk(
            "dedl", self.service, self.books[worker], self.quota, environment=ENVIRONMENTS[worker], redact=Redactor(),
            now=self.clock, settling=timedelta(seconds=120),
        )  # fmt: skip

    @rule(worker=st.integers(0, 1), product=st.integers(0, 9))
    def ask(self, worker: int, product: int) -> None:
        options = {"desp_source_password": "env:DESP_PASSWORD"} if product > 7 else {}
        try:
            self.desk(worker).submit(request(f"P{product}", **options))
        except ConfigError:
            assert (worker, bool(options)) == (1, True)

    @precondition(lambda self: any(entry.state == "sent" for entry in self.books[0].entries("dedl")))
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        sent = [str(entry.order_id) for entry in self.books[0].entries("dedl", "sent")]
        self.service.vanish(data.draw(st.sampled_from(sent)))

    @rule(
        worker=st.integers(0, 1),
        post=st.sampled_from(
            ["fine", "fine", "not sent", "lost before", "lost after", "late", "killed before", "killed after"]
        ),
        silent=st.sampled_from([False, False, False, True]),
    )
    def advance(self, worker: int, post: str, silent: bool) -> None:
        self.service.next_post, self.service.silent = post, silent
        with suppress(ServerUnreachable, Killed):
            self.desk(worker).advance()
        self.service.next_post, self.service.silent = "fine", False

    @rule(seconds=st.sampled_from([10, 60, 121, 600, 6 * 3600, 3 * 86400]))
    def time_passes(self, seconds: int) -> None:
        step = min(seconds, 90)
        self.clock.sleep(step)
        self.service.arrive()
        self.clock.sleep(seconds - step)
        self.platform.turn()

    @precondition(lambda self: any(not entry.finished for entry in self.books[0].entries("dedl")))
    @rule(worker=st.integers(0, 1), data=st.data())
    def cancel(self, worker: int, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.desk(worker).unfinished()))
        try:
            self.desk(worker).cancel(entry.key)
        except OutcomeUnknown:
            assert entry.state in ("sending", "unclear")

    @invariant()
    def limits_hold(self) -> None:
        assert self.platform.most_open <= self.quota.parallel_items
        assert all(items <= self.quota.items_per_month for items in self.platform.per_month.values())
        names = [order.body["Name"] for order in self.platform.orders]
        assert len(names) == len(set(names))

    def teardown(self) -> None:
        """And nothing is lost: left alone, every order ends; what was not withdrawn was accepted once."""
        for _ in range(100):  # ten products at four a month take three months
            self.desk(0).advance()
            self.clock.sleep(86400)
            self.service.arrive()
            if not self.desk(0).unfinished():
                break
        states = {entry.key: entry.state for entry in self.books[0].entries("dedl")}
        assert set(states.values()) <= {"completed", "cancelled", "withdrawn", "gone"}
        assert sum(state == "gone" for state in states.values()) <= len(self.service.vanished)
        keys = [order.body["Name"].rsplit(" ", 1)[-1] for order in self.platform.orders]
        assert {key for key, state in states.items() if state != "withdrawn"} == set(keys)
        self.limits_hold()
        for book in self.books:
            book._database.close()
        self.folder.cleanup()


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=examples(12, 100), stateful_step_count=25, deadline=None)
