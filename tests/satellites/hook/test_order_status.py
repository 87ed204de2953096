"""How an order stands is asked with the tutorial's own calls; what only other calls know is never read as "gone"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.order_desk import OrderDesk
from ibf_pipeline.satellites.hook.orders import OrderItem, OrderRequest, order_of
from tests.worlds.services.hook import Loopback
from tests.worlds.services.hook_platform import Clock

Opening = Callable[..., OrderDesk]
STORAGE = {"output_storage": "TEMPORARY"}
NO_STATUS = ['{"message": "the database is being moved"}', "null", "[]", "{}", '{"value": []}', '{"value": {"Id": 1}}']
"""answers with 200 that do not say how an order stands"""


def test_how_an_order_stands_is_told_while_it_runs(open_desk: Opening, server: Loopback, clock: Clock) -> None:
    server.platform.workers = 0
    desk = open_desk()
    key = desk.submit(OrderRequest("odp-test", ("P1",), STORAGE, "alert")).key
    told = []
    for workers in (0, 1):
        server.platform.workers = workers
        for _ in range(2):
            desk.advance()
        told.append((desk.entry(key).state, desk.entry(key).message))
    assert told == [("sent", "queued: request is queued"), ("sent", "in_progress: request is in_progress")]


@pytest.mark.parametrize("answer", NO_STATUS)
def test_an_answer_without_a_status_says_nothing_about_an_order(
    answer: str, open_desk: Opening, client: OdpClient, server: Loopback, clock: Clock
) -> None:
    desk = open_desk(parallel=2)
    key = desk.submit(OrderRequest("odp-test", ("P1", "P2"), STORAGE, "alert")).key
    desk.advance()
    order_id = desk.entry(key).order_id
    server.instead = {f"BatchOrder({order_id})/Products": "[]", f"BatchOrder({order_id})": answer}
    with pytest.raises(ServerRefused, match=f"order {order_id} has no Status"):
        client.order(str(order_id))
    clock.sleep(86400)
    desk.advance()
    assert (desk.entry(key).state, "has no Status" in desk.entry(key).message) == ("sent", True)
    server.instead = {}
    desk.advance()
    assert desk.entry(key).state == "completed"


def test_an_order_is_not_there_where_all_calls_say_so_and_the_listing_can_be_read(
    client: OdpClient, server: Loopback
) -> None:
    with pytest.raises(Gone):
        client.order("1")
    server.faults = ["no listing"]
    with pytest.raises(ServerRefused, match="ProductionOrders answered 404") as caught:
        client.order("1")
    assert not isinstance(caught.value, Gone)


@pytest.mark.parametrize("options", ["null", "{}", '"text"'])
def test_options_that_are_no_list_are_not_no_options(options: str, client: OdpClient, server: Loopback) -> None:
    server.instead = {"Workflows": f'{{"value": [{{"Name": "lai", "WorkflowOptions": {options}}}]}}'}
    with pytest.raises(ServerRefused, match="workflow lai has no list of options"):
        client.workflow("lai")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["queued", "queued"], "queued"),
        (["queued", "completed"], "in_progress"),
        (["in_progress", "failed"], "in_progress"),
        (["completed", "completed"], "completed"),
        (["completed", "failed"], "failed"),
        (["cancelled", "completed"], "cancelled"),
    ],
)
def test_an_order_as_its_items_tell_of_it(statuses: list[str], expected: str) -> None:
    order = order_of("7", [OrderItem(str(number), "7", status=status) for number, status in enumerate(statuses)])
    assert order is not None
    assert order.status == expected
    assert order_of("7", []) is None
    fewer = order_of("7", [OrderItem("1", "7", status="completed")], asked_for=2)
    assert fewer is not None
    assert fewer.status == "in_progress", "one is not listed yet"
