"""The client of the OnDemand Processing API (OData v1): one for every service that runs it.

Sending an order has one of three ends: accepted, refused, or unknown, and only a look-up by name can tell the last one
(`order_desk`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from ibf_pipeline.errors import ConfigError, ServerRefused, ServerUnreachable, UsageError
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import Gone, NoToken
from ibf_pipeline.io.pagination import pages
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.tokens import TokenSource
from ibf_pipeline.records.lease import require_leases
from ibf_pipeline.satellites.hook.orders import Order, OrderItem, order_from, order_of, product_from
from ibf_pipeline.satellites.hook.workflows import Workflow, workflow_from
from ibf_pipeline.satellites.odata import entities, listing, literal

_PAGE: Final = 100
"""entities asked for at once; the services allow up to 1000"""
_REMEDIES: Final = {
    300: "check the service's url; it ends with odata/v1, and tokens are not sent after a redirect",
    401: "check the account; `ibf-pipeline hook check` tells what is missing",
    403: "ask for access to the OnDemand Processing API; `ibf-pipeline hook check` tells what is missing",
    404: "check the id with `ibf-pipeline hook orders`",
}


class OdpClient:
    """Requests to one OnDemand Processing API with the token of one account."""

    def __init__(
        self, url: str, tokens: TokenSource, retry_policy: RetryPolicy, redact: Redactor, now: Callable[[], datetime]
    ) -> None:
        self.base = url.rstrip("/") + "/"
        self.tokens = tokens
        self.now = now
        self.http = Client(Server(self.base, _REMEDIES), retry_policy, redact, tokens=tokens)
        self.links = Client(Server(""), retry_policy, redact)
        """for temporary links, which are credentials of their own: without the token"""

    def close(self) -> None:
        """Give back the connections."""
        self.http.close()
        self.links.close()

    def workflows(self) -> list[Workflow]:
        """Workflows that the account may order, in the order of their ids."""
        return [workflow_from(entry) for entry in self._listing("Workflows", {"$orderby": "Id asc"})]

    def workflow(self, name: str) -> Workflow:
        """One workflow with its options; UsageError with the names there are."""
        query = {"$expand": "WorkflowOptions", "$filter": f"(Name eq {literal(name)})"}
        for entry in self._listing("Workflows", query):
            if entry.get("Name") == name:
                if not isinstance(entry.get("WorkflowOptions"), list):
                    found = f"the answer about workflow {name} has no list of options"
                    raise self._strange(found, "WorkflowOptions, which were asked for")
                return workflow_from(entry)
        raise UsageError(
            f"the service lists no workflow {name!r} for this account",
            where=self.base,
            expected="one of " + (", ".join(workflow.name for workflow in self.workflows()) or "none at all"),
            remedy="choose another, or ask for the role that opens it",
        )

    def orders(self, *, name_ends_with: str | None = None, since: datetime | None = None) -> list[Order]:
        """The account's orders, newest first; those whose name ends so, or no older than a time.

        The service lists orders of one item here; orders of several are reached by their id alone. An answer that is
        no list is ServerRefused and never "none": whoever looks an order up would send it again.
        """
        query = {"$orderby": "Id desc"}  # by name: exactly the tutorial's call
        if name_ends_with is None:
            query["$top"] = str(_PAGE)
        else:
            query["$filter"] = f"(endswith(Name,{literal(name_ends_with)}))"
        found = []
        for entry in self._listing("ProductionOrders", query):
            order = order_from(entry)
            if not order.id or not isinstance(entry.get("Name", 0), str | None):
                raise self._strange("ProductionOrders lists an order without Id or Name", "both for every order")
            if name_ends_with is not None and not order.name.endswith(name_ends_with):
                continue  # a server that does not know the filter answers with everything
            if since is not None and order.submitted is not None and order.submitted < since:
                break
            found.append(order)
        return list({order.id: order for order in found}.values())  # a page begins anew if one was just added

    def order(self, order_id: str, name_ends_with: str | None = None, items: int = 1) -> Order:
        """One order, of one item or several (`items`), asked for with the tutorial's own calls first.

        The listing knows orders of one item, the items those of several; `BatchOrder(id)`, which the tutorial does not
        use and some services do not know, comes last. Gone if none of them has it and the listing could be read.
        """
        try:
            listed = self.orders(name_ends_with=name_ends_with)
            unlisted = None
        except ServerRefused as error:
            listed, unlisted = [], error
        for order in listed:
            if order.id == order_id:
                return self._with_status(order)
        try:
            found = order_of(order_id, self._items(order_id), items)
            return self._with_status(found or self._batch_order(order_id))
        except Gone:
            if unlisted is None:
                raise
        raise ServerRefused(unlisted.found, where=unlisted.where, expected=unlisted.expected, remedy=unlisted.remedy)

    def _items(self, order_id: str) -> list[OrderItem]:
        """An order's items; none if the service does not know them, whatever it knows of the order."""
        with suppress(Gone):
            return self.products(order_id)
        return []

    def _batch_order(self, order_id: str) -> Order:
        content = entities(self.http.read("GET", f"BatchOrder({_segment(order_id)})"))
        return order_from({**(content[0] if content else {}), "Id": order_id})

    def _with_status(self, order: Order) -> Order:
        """An order that was described as orders are; ServerRefused for anything else, which says nothing about it."""
        if order.status:
            return order
        raise self._strange(f"the answer about order {order.id} has no Status", "an object with Status")

    def products(self, order_id: str) -> list[OrderItem]:
        """The items of an order and their results; ServerRefused if one has no Id, or is another order's."""
        found = []
        for entry in self._listing(f"BatchOrder({_segment(order_id)})/Products", {}):
            product = product_from({**entry, "BatchOrderId": entry.get("BatchOrderId") or order_id})
            if not product.id or product.order_id != order_id:
                said = f"of order {product.order_id}" if product.id else "without Id"
                raise self._strange(f"order {order_id} has an item {said}", "the order's own items, each with an Id")
            found.append(product)
        return list({product.id: product for product in found}.values())

    def _strange(self, found: str, expected: str) -> ServerRefused:
        """What an answer is that says nothing, since it is not what was asked for."""
        remedy = "try again later; if it stays so, report it to the service"
        return ServerRefused(self.http.redact(found), where=self.base, expected=expected, remedy=remedy)

    def value_url(self, order_id: str, item_id: str) -> str:
        """Where the result of an item is streamed to whoever has a token."""
        return self.http.address(f"BatchOrder({_segment(order_id)})/Product({_segment(item_id)})/$value")

    def cancel(self, order_id: str) -> None:
        """Cancel an order: what waits is removed, what runs comes to its end."""
        path = f"ProductionOrder({_segment(order_id)})/OData.CSC.Cancel"
        self.http.ask("POST", path, title=f"cancel order {order_id}")

    def place(self, body: Mapping[str, Any]) -> str | None:
        """Send an order once; its id, or None if the accepting answer names none.

        Raises ServerRefused if it certainly was not accepted, ServerUnreachable if it was not carried out, for
        want of a token or of a connection, and OutcomeUnknown if nobody can say. The answer echoes passwords of the
        order: its id is read and the rest forgotten.
        """
        look_up = "`ibf-pipeline hook wait` looks it up by name before anything is sent again"
        title, path = f"order {body['Name']}", "BatchOrder/OData.CSC.Order"
        try:
            response = self.http.ask("POST", path, title=title, once=look_up, allowed=require_leases, json=dict(body))
        except (NoToken, ConfigError) as error:
            raise ServerUnreachable(f"{title}: {error.found}", where=self.base, remedy=error.remedy) from None
        try:
            found = entities(response.json())
        except ValueError:
            return None
        return str(found[0]["Id"]) if found and found[0].get("Id") is not None else None

    def _listing(self, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Every entity of every page; an answer that is not a list does not say that nothing is there."""
        for content in pages(self.http, path, query):
            try:
                found = listing(content)
                if not all(isinstance(entry, Mapping) for entry in found):
                    raise ValueError("a list of something else than objects")
                yield from found
            except ValueError as error:
                expected = "a JSON array, or an object with one as `value`"
                raise self._strange(f"GET {path} answered 200 with {error}", expected) from None


def _segment(key: str) -> str:
    """An id as it stands between the parentheses of an address."""
    return quote(key, safe="")
