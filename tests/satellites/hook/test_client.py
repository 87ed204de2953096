"""The client against the loopback service: reading, paging, and every way in which a service can go wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.errors import InputInvalid, OutcomeUnknown, ServerRefused, ServerUnreachable, UsageError
from ibf_pipeline.io.http_errors import server_text
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.orders import OrderRequest, link_expiry, order_body, order_from, product_from
from ibf_pipeline.satellites.hook.workflows import check_options, workflow_from
from ibf_pipeline.satellites.odata import entities, literal, read_timestamp
from tests.worlds.services.certificate import own_certificate
from tests.worlds.services.hook import Loopback
from tests.worlds.services.hook_platform import Clock

SAMPLES = Path(__file__).parent / "samples"
SCENE = "S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE"


def body(name: str = "an order", *products: str) -> dict[str, Any]:
    request = OrderRequest("data-harvest", products or ("P1",), {"output_storage": "TEMPORARY"}, name)
    return order_body(request, request.options)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def test_the_tutorials_order_is_read() -> None:
    (order,) = [order_from(entry) for entry in entities(sample("production_orders.json"))]
    assert (order.id, order.status, order.workflow, order.reference) == ("25380", "queued", "data-harvest", SCENE)
    assert order.running
    assert order.submitted == datetime(2024, 9, 2, 16, 17, 22, 942000, tzinfo=UTC)


def test_the_tutorials_product_is_read_and_its_link_holds_14_days() -> None:
    (product,) = [product_from(entry) for entry in entities(sample("products.json"))]
    assert (product.id, product.order_id, product.size) == ("34079", "25379", 779499257)
    assert product.completed is not None
    assert product.expires is not None
    assert (product.expires - product.completed).days == 13  # the link counts from some seconds before: 13.99 days
    assert "temp_url_sig" not in repr(product)


def test_the_tutorials_workflow_is_read_and_checks_orders() -> None:
    (workflow,) = [workflow_from(entry) for entry in entities(sample("workflow_data_harvest.json"))]
    assert (workflow.id, workflow.version, workflow.options[0].allowed) == ("11", "0.0.1", ("PRIVATE", "TEMPORARY"))
    check_options(workflow, {"output_storage": "TEMPORARY"})
    with pytest.raises(InputInvalid, match=r"output_storge: unknown option, did you mean output_storage.*required"):
        check_options(workflow, {"output_storge": "TEMPORARY"})
    with pytest.raises(InputInvalid, match="PUBLIC is none of PRIVATE, TEMPORARY"):
        check_options(workflow, {"output_storage": "PUBLIC"})


def test_workflows_are_listed_and_described(client: OdpClient) -> None:
    assert [workflow.name for workflow in client.workflows()][:2] == ["card_bs", "lai"]
    assert "output_s3_path" in {option.name for option in client.workflow("data-harvest").options}
    with pytest.raises(UsageError, match=r"no workflow \"it's\".*card_bs"):
        client.workflow("it's")


def test_a_token_that_ends_while_polling_is_renewed_once(client: OdpClient, server: Loopback) -> None:
    assert client.workflows()
    server.faults = ["401"]
    assert client.workflows()
    assert len(server.tokens) == 1, "the refused one is gone"
    server.faults = ["401", "401"]
    with pytest.raises(ServerRefused, match=r"401: Could not validate credentials.*hook check"):
        client.workflows()


def test_an_expired_token_is_not_even_tried(client: OdpClient, server: Loopback, clock: Clock) -> None:
    client.workflows()
    clock.sleep(server.token_life.total_seconds())
    client.workflows()
    assert len(server.tokens) == 2
    assert [path for _, path in server.log].count("/odata/v1/Workflows?$orderby=Id%20asc") == 2


def test_reading_is_repeated_after_429_as_long_as_asked_and_after_500(
    client: OdpClient, server: Loopback, clock: Clock
) -> None:
    server.faults = ["429", "500"]
    assert client.workflows()
    assert clock.slept == [7, 2]
    server.faults = ["500"] * 3
    with pytest.raises(ServerUnreachable, match="answered 500"):
        client.workflows()


def test_forbidden_is_not_repeated_and_says_what_to_do(client: OdpClient, server: Loopback, clock: Clock) -> None:
    server.faults = ["403"]
    with pytest.raises(ServerRefused, match=r"Not enough permissions.*hook check"):
        client.workflows()
    assert clock.slept == []


def test_a_web_page_is_no_service(client: OdpClient, server: Loopback) -> None:
    server.faults = ["html"] * 3
    with pytest.raises(ServerUnreachable, match="answered with a web page"):
        client.workflows()
    server.faults = ["html"]
    with pytest.raises(OutcomeUnknown, match="answered with a web page"):
        client.place(body())


def test_all_pages_are_read_and_circles_are_noticed(client: OdpClient, server: Loopback) -> None:
    for number in range(7):
        client.place(body(f"order {number}"))
    server.page = 3
    assert len(client.orders()) == 7
    assert len(client.orders(name_ends_with=body("order 5")["Name"])) == 1
    server.faults = ["loop"]
    with pytest.raises(ServerRefused, match="go in circles"):
        client.orders()


def test_the_token_does_not_go_to_a_foreign_next_page(client: OdpClient, server: Loopback, clock: Clock) -> None:
    with Loopback(clock) as other:
        server.elsewhere = other.root
        server.faults = ["foreign page"]
        with pytest.raises(ServerRefused, match="another host"):
            client.orders()
        assert other.log == []


def test_an_order_that_never_left_is_not_one_whose_answer_was_lost(
    client: OdpClient, server: Loopback, clock: Clock, redact: Redactor
) -> None:
    assert client.place(body()) == "25377"
    server.faults = ["cut after"]
    with pytest.raises(OutcomeUnknown):
        client.place(body("cut"))
    server.faults = ["502 after"]
    with pytest.raises(OutcomeUnknown):
        client.place(body("gateway"))
    server.faults = ["429"] * 3
    with pytest.raises(ServerUnreachable):
        client.place(body("too many"))
    assert clock.slept == [7, 7], "turned away unread: it may be sent again"
    with pytest.raises(ServerRefused, match="422: body: unknown option nonsense"):
        client.place(order_body(OrderRequest("lai", ("P",), {}, "x"), {"nonsense": 1}))
    assert len(server.platform.orders) == 3
    gone = OdpClient("http://127.0.0.1:9/odata/v1", client.tokens, RetryPolicy(2, 1, clock.sleep), redact, clock)
    with pytest.raises(ServerUnreachable):
        gone.place(body("nobody there"))


def test_an_order_never_left_where_tls_could_not_begin(
    client: OdpClient, server: Loopback, clock: Clock, redact: Redactor, tmp_path: Path
) -> None:
    plain = server.odp.replace("http:", "https:")
    with pytest.raises(ServerUnreachable, match="TLS"):
        OdpClient(plain, client.tokens, RetryPolicy(2, 1, clock.sleep), redact, clock).place(body("to plain http"))
    with Loopback(clock, tls=own_certificate(tmp_path)) as other, pytest.raises(ServerUnreachable, match="TLS"):
        OdpClient(other.odp, client.tokens, RetryPolicy(2, 1, clock.sleep), redact, clock).place(body("not trusted"))
    assert server.platform.orders == other.platform.orders == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"detail": "plain"}', "plain"),
        (b'{"detail": {"message": "inside", "request_id": "1"}}', "inside (request 1)"),
        (b'{"detail": [{"loc": ["body"], "msg": "first"}, {"msg": "second"}]}', "body: first; second"),
        (b'{"error": "invalid_grant", "error_description": "Account disabled"}', "Account disabled"),
        (b'{"value": {"WorkflowOptions": [{"Value": "canary"}]}}', "Bad Request"),
        (b"gateway\n timeout", "gateway timeout"),
        (b"", "Bad Request"),
        (b"[]", "Bad Request"),
    ],
)
def test_every_shape_of_error_is_read_and_no_echo_of_the_request(content: bytes, text: str) -> None:
    response = requests.Response()
    response.status_code, response.reason, response._content = 400, "Bad Request", content
    assert server_text(response) == text


def test_literals_moments_and_links() -> None:
    assert literal("it's") == "'it''s'"
    assert read_timestamp("2024-01-18T09:47:34.2672") == datetime(2024, 1, 18, 9, 47, 34, 267200, tzinfo=UTC)
    assert read_timestamp("") is read_timestamp(None) is read_timestamp("soon") is None
    assert link_expiry("https://h/x?temp_url_sig=1&temp_url_expires=1726503018") == datetime(
        2024, 9, 16, 16, 10, 18, tzinfo=UTC
    )
    assert link_expiry("https://h/x") is None


NO_LISTS = [
    '{"message": "the database is being moved"}', "null", '{"value": null}', "{}", '"text"', '{"value": {}}', "7",
    '{"value": [], "error": {"code": "500"}}', "[null]", '{"value": ["text"]}',
]  # fmt: skip
"""answers with 200 that list nothing, and do not say that there is nothing either"""


@pytest.mark.parametrize("answer", NO_LISTS)
@pytest.mark.parametrize(
    "path", ["Workflows", "ProductionOrders", "ProductionOrders?$skip=1", "BatchOrder(1)/Products"]
)
def test_only_a_list_is_a_listing(answer: str, path: str, client: OdpClient, server: Loopback) -> None:
    for number in range(2):
        client.place(body(f"order {number}"))
    server.page = 1
    server.instead = {path: answer}
    ask = {"Workflows": client.workflows, "BatchOrder(1)/Products": lambda: client.products("1")}.get(
        path, client.orders
    )
    with pytest.raises(ServerRefused, match=r"answered 200 with .*Expected: a JSON array, or an object with") as caught:
        ask()
    assert ("the database is being moved" in str(caught.value)) == ("moved" in answer)


@pytest.mark.parametrize("answer", ["[]", '{"value": []}', '{"value": [], "@odata.nextLink": null, "error": null}'])
def test_an_empty_list_is_a_listing(answer: str, client: OdpClient, server: Loopback) -> None:
    server.instead = {"Workflows": answer, "ProductionOrders": answer, "BatchOrder(1)/Products": answer}
    assert (client.workflows(), client.orders(), client.products("1")) == ([], [], [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"value": [], "@odata.nextLink": {"href": "x"}}', "next page is not an address"),
        ('[{"message": "busy"}]', "an order without Id"),
        ('[{"Id": null, "Name": "x"}]', "an order without Id"),
    ],
)
def test_a_listing_that_cannot_be_read_to_its_end_is_none(
    answer: str, words: str, client: OdpClient, server: Loopback
) -> None:
    server.instead = {"ProductionOrders": answer}
    with pytest.raises(ServerRefused, match=words):
        client.orders(name_ends_with="fp-0123456789ab")
