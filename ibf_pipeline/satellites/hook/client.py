"""The client of the OnDemand Processing API (OData v1): one for every service that runs it.

Reading is repeated after connection errors, 429 and 5xx. Sending an order is tried once: its answer is one of accepted,
refused, or unknown, and only a look-up by name can tell the last one (`order_desk`).
"""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

import requests

from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.io.never_sent import never_sent
from ibf_pipeline.io.no_netrc import NoNetrc
from ibf_pipeline.satellites.hook.odata import entities, listing, literal, next_link, server_text
from ibf_pipeline.satellites.hook.orders import NotThere, Order, Product, order_from, product_from
from ibf_pipeline.satellites.hook.redaction import Redactor, quiet_addresses
from ibf_pipeline.satellites.hook.tokens import TokenSource
from ibf_pipeline.satellites.hook.workflows import Workflow, workflow_from

log = logging.getLogger(__name__)

PAGE: Final = 100
"""entities asked for at once; the services allow up to 1000"""
MOST_PAGES: Final = 200
"""pages of one listing; more is a server that goes in circles"""
LONGEST_WAIT: Final = 120.0
"""seconds between two tries, whatever a Retry-After header asks for"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a request is tried; clock and sleep come from outside."""

    timeout_seconds: float = 60.0
    attempts: int = 5
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class OdpClient:
    """Requests to one OnDemand Processing API with the token of one account."""

    def __init__(self, url: str, tokens: TokenSource, patience: Patience, redact: Redactor) -> None:
        self.base = url.rstrip("/") + "/"
        self.patience = patience
        self.redact = redact
        self.session = NoNetrc()
        self._tokens = tokens
        quiet_addresses()

    def close(self) -> None:
        """Give back the connections."""
        self.session.close()

    def workflows(self) -> list[Workflow]:
        """Workflows that the account may order, in the order of their ids."""
        return [workflow_from(entry) for entry in self._listing("Workflows", {"$orderby": "Id asc"})]

    def workflow(self, name: str) -> Workflow:
        """One workflow with its options; InputMissing with the names there are."""
        query = {"$expand": "WorkflowOptions", "$filter": f"(Name eq {literal(name)})"}
        for entry in self._listing("Workflows", query):
            if entry.get("Name") == name:
                return workflow_from(entry)
        raise InputMissing(
            f"the service lists no workflow {name!r} for this account",
            where=self.base,
            expected="one of " + (", ".join(workflow.name for workflow in self.workflows()) or "none at all"),
            remedy="choose another, or ask for the role that opens it",
        )

    def orders(self, *, name_ends_with: str | None = None, since: datetime | None = None) -> list[Order]:
        """The account's orders, newest first; those whose name ends so, or no older than a moment.

        The service lists orders of one item here; orders of several are reached by their id alone. An answer that is
        no list is ServerRefused and never "none": whoever looks an order up would send it again.
        """
        query = {"$orderby": "Id desc", "$top": str(PAGE)}
        if name_ends_with is not None:
            query["$filter"] = f"(endswith(Name,{literal(name_ends_with)}))"
        found = []
        for entry in self._listing("ProductionOrders", query):
            order = order_from(entry)
            if not order.id:
                raise ServerRefused(
                    "ProductionOrders lists an order without Id",
                    where=self.base,
                    expected="an Id for every order",
                    remedy="try again later; if it stays so, report it to the service",
                )
            if name_ends_with is not None and not order.name.endswith(name_ends_with):
                continue  # a server that does not know the filter answers with everything
            if since is not None and order.submitted is not None and order.submitted < since:
                break
            found.append(order)
        return found

    def order(self, order_id: str) -> Order:
        """One order, of one item or several."""
        content = entities(self._json(self._get(f"BatchOrder({_segment(order_id)})", {})))
        if not content:
            raise ServerRefused(f"the answer about order {order_id} is empty", where=self.base)
        return order_from({"Id": order_id, **content[0]})

    def products(self, order_id: str) -> list[Product]:
        """The items of an order and their results."""
        return [product_from(entry) for entry in self._listing(f"BatchOrder({_segment(order_id)})/Products", {})]

    def value_url(self, order_id: str, item_id: str) -> str:
        """Where the result of an item is streamed to whoever has a token."""
        return urljoin(self.base, f"BatchOrder({_segment(order_id)})/Product({_segment(item_id)})/$value")

    def cancel(self, order_id: str) -> None:
        """Cancel an order: what waits is removed, what runs comes to its end."""
        path = f"ProductionOrder({_segment(order_id)})/OData.CSC.Cancel"
        self._repeat(lambda: self._authorised("POST", urljoin(self.base, path), f"cancel order {order_id}"))

    def place(self, body: Mapping[str, Any]) -> str | None:
        """Send an order once; its id, or None where the accepting answer names none.

        Raises ServerRefused where it certainly was not accepted, `NotSent` where it never left, for want of a token or
        of a connection, and OutcomeUnknown where nobody can say. The answer echoes passwords of the order: its id is
        read and the rest forgotten.
        """
        self.session.close()  # a kept connection may be dead already, and its reset would look like a lost answer
        title = f"order {body['Name']}"
        try:
            response = self._authorised(
                "POST", urljoin(self.base, "BatchOrder/OData.CSC.Order"), title, json=dict(body)
            )
        except _NoToken as without:
            raise NotSent(f"{title}: {without.error.found}", where=self.base, remedy=without.error.remedy) from None
        except _TryAgain as again:
            if again.certainly_not_carried_out:
                raise NotSent(again.text, where=self.base, remedy="it stays in the order book; send it later") from None
            raise OutcomeUnknown(
                f"{title} was sent and its answer is unknown ({again.text})",
                where=self.base,
                remedy="`ibf-pipeline hook wait` looks it up by name before anything is sent again",
            ) from None
        try:
            found = entities(response.json())
        except ValueError:
            return None
        return str(found[0]["Id"]) if found and found[0].get("Id") is not None else None

    def token(self) -> str:
        """The token in use, for downloads from the service itself."""
        return self._tokens.token()

    def renew_token(self) -> str:
        """A new token, after the last one was refused."""
        return self._tokens.renew()

    def _listing(self, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Every entity of every page; a server whose pages go in circles is an error, and so is a foreign next link."""
        url: str | None = urljoin(self.base, path)
        parameters: Mapping[str, str] | None = query
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= MOST_PAGES:
                raise ServerRefused(
                    f"the pages of {path} go in circles or never end",
                    where=self.base,
                    expected=f"an end within {MOST_PAGES} pages",
                    remedy="report it to the service",
                )
            seen.add(url)
            entries, link = self._page(path, self._json(self._get(url, parameters or {})))
            yield from entries
            url, parameters = (None if link is None else self._own(urljoin(url, link))), None

    def _page(self, path: str, content: Any) -> tuple[list[Mapping[str, Any]], str | None]:
        """(entities, address of the next page); an answer that is no list does not say that nothing is there."""
        try:
            return listing(content), next_link(content)
        except ValueError as error:
            raise ServerRefused(
                self.redact(f"GET {path} answered 200 with {error}"),
                where=self.base,
                expected="a JSON array, or an object with one as `value`",
                remedy="try again later; if it stays so, report it to the service",
            ) from None

    def _own(self, url: str) -> str:
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            raise ServerRefused(
                f"the next page lies on another host ({urlsplit(url).hostname})",
                where=self.base,
                remedy="correct the service's url; the token is not sent there",
            )
        return url

    def _get(self, path: str, query: Mapping[str, str]) -> requests.Response:
        # spaces as %20: some OData servers do not read the + of forms
        url = urljoin(self.base, path) + ("?" if query else "")
        url += "&".join(f"{name}={quote(value, safe='(),')}" for name, value in query.items())
        return self._repeat(lambda: self._authorised("GET", url, f"GET {urlsplit(url).path.rsplit('/', 1)[-1]}"))

    def _authorised(self, method: str, url: str, title: str, **more: Any) -> requests.Response:
        """One exchange; a refused token is renewed once."""
        for last in (False, True):
            try:
                token = self._tokens.renew() if last else self._tokens.token()
            except IbfError as error:
                raise _NoToken(error) from None
            self.redact.know(token)
            response = self._exchange(method, url, title, {"Authorization": f"Bearer {token}"}, **more)
            if response.status_code != 401:
                break
        return self._judged(response, title)

    def _exchange(
        self, method: str, url: str, title: str, headers: Mapping[str, str], **more: Any
    ) -> requests.Response:
        try:
            return self.session.request(
                method, url, headers=dict(headers), timeout=self.patience.timeout_seconds, allow_redirects=False, **more
            )
        except requests.RequestException as error:
            reason = "no answer in time" if isinstance(error, requests.Timeout) else type(error).__name__
            raise _TryAgain(f"{title}: {reason}", certainly_not_carried_out=never_sent(error)) from None

    def _judged(self, response: requests.Response, title: str) -> requests.Response:
        status = response.status_code
        if 200 <= status < 300:
            return response
        said = self.redact(f"{title} answered {status}: {server_text(response)}")
        if status == 429:
            raise _TryAgain(said, after=self._asked_wait(response), certainly_not_carried_out=True)
        if status >= 500 or status == 408:
            raise _TryAgain(said)
        remedy = {
            401: "check the account; `ibf-pipeline hook check` tells what is missing",
            403: "ask for access to the OnDemand Processing API; `ibf-pipeline hook check` tells what is missing",
            404: "check the id with `ibf-pipeline hook orders`",
        }.get(status, "correct what the service names")
        if 300 <= status < 400:
            remedy = "correct the service's url: tokens are not sent after a redirect"
        raise (NotThere if status in (404, 410) else ServerRefused)(said, where=self.base, remedy=remedy)

    def _repeat(self, once: Callable[[], requests.Response]) -> requests.Response:
        for attempt in range(1, self.patience.attempts + 1):
            try:
                return once()
            except _NoToken as without:
                raise without.error from None
            except _TryAgain as again:
                if attempt == self.patience.attempts:
                    raise ServerUnreachable(
                        again.text, where=self.base, remedy="the service may be down: try again in some minutes"
                    ) from None
                wait = min(LONGEST_WAIT, again.after if again.after is not None else 2.0**attempt)
                log.warning("%s; trying again in %.0f s", again.text, wait)
                self.patience.sleep(wait)
        raise AssertionError("attempts is at least 1")

    def _asked_wait(self, response: requests.Response) -> float | None:
        text = response.headers.get("Retry-After", "")
        if text.isdigit():
            return float(text)
        try:
            return max(0.0, (email.utils.parsedate_to_datetime(text) - self.patience.now()).total_seconds())
        except (ValueError, TypeError):
            return None

    def _json(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise ServerRefused(
                "the service answered no JSON",
                where=self.base,
                expected="an OData service",
                remedy="check the service's url; it ends with odata/v1",
            ) from None


class NotSent(ServerUnreachable):
    """An order that certainly did not reach the service, or was turned away before it was looked at."""


class _NoToken(Exception):
    def __init__(self, error: IbfError) -> None:
        super().__init__(str(error))
        self.error = error


class _TryAgain(Exception):
    def __init__(self, text: str, *, after: float | None = None, certainly_not_carried_out: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.after = after
        self.certainly_not_carried_out = certainly_not_carried_out


def _segment(key: str) -> str:
    """An id as it stands between the parentheses of an address."""
    return quote(key, safe="")
