"""The subscription service and the product search of one catalogue (OData v1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self, TypeVar

from ibf_pipeline.errors import InputInvalid, ServerRefused, errors_as
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.io.pagination import next_link, pages
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.session import Session
from ibf_pipeline.records.lease import require_leases
from ibf_pipeline.satellites.odata import listing
from ibf_pipeline.satellites.subscriptions.account import Account, tokens_of
from ibf_pipeline.satellites.subscriptions.entity import (
    Subscription,
    SubscriptionChange,
    SubscriptionRequest,
    read_subscription,
)
from ibf_pipeline.satellites.subscriptions.notification import (
    Notification,
    Product,
    read_ack,
    read_notification,
    read_product,
)
from ibf_pipeline.satellites.subscriptions.safety import (
    require_patchable,
    require_room,
    require_running_slot,
    require_sound_request,
)
from ibf_pipeline.satellites.subscriptions.settings import Provider

_Read = TypeVar("_Read")

_PAGE = 100
"""products asked for at once"""
_REMEDIES: Final = {
    300: "check the provider's base_url",
    400: "correct what the catalogue names",
    401: "check the account's rights",
    403: "check the account's rights",
}


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A page of products, earliest publication first."""

    products: tuple[Product, ...]
    unreadable: int
    """entries without an id"""
    last: bool
    """whether the search ends here"""


@dataclass(frozen=True, slots=True)
class QueueBatch:
    """The oldest notifications of a queue."""

    notifications: tuple[Notification, ...]
    problems: tuple[str, ...]
    """entries that nobody can read, in words; acknowledging the batch drops them"""
    last_ack: str | None
    """acknowledges the batch up to its last entry that can be; None for an empty one, or if none can"""


class CatalogueClient:
    """Requests to one catalogue, with the account's token; tried again only if that is harmless."""

    def __init__(
        self,
        name: str,
        provider: Provider,
        account: Account,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.provider = provider
        self._account = account
        self._redact = Redactor()
        tokens = tokens_of(name, provider, account, self._redact, now)
        retry_policy = RetryPolicy(provider.timeout_seconds, provider.attempts, sleep)
        renew = {401: f"export a new token as {provider.token_variable}"} if account.token else {}
        server = Server(provider.base_url, {**_REMEDIES, **renew})
        session = Session()
        session.headers["Content-Type"] = "application/json"  # obligatory on every call, those without a body too
        self._http = Client(server, retry_policy, self._redact, tokens=tokens, session=session)
        hands_out = Server(provider.download_url or provider.base_url, renew)
        self.downloads = Client(hands_out, retry_policy, self._redact, tokens=tokens)
        """the service that hands out products; the same account, and its token stays there"""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self.downloads.close()

    def info(self) -> list[Subscription]:
        """All subscriptions of the account, push and pull; a cancelled one may still stand there for a while."""
        entries = _entries(self._http.read("GET", "Subscriptions/Info"))
        return [read_subscription(entry) for entry in entries]

    def existing(self) -> list[Subscription]:
        """The subscriptions that count towards the limits."""
        return [subscription for subscription in self.info() if subscription.status != "cancelled"]

    def get(self, subscription_id: str) -> Subscription:
        """One subscription, as it is now; ServerRefused if the account has none of that id."""
        wanted = subscription_id.lower()
        for subscription in self.info():
            if subscription.id == wanted:
                return subscription
        raise ServerRefused(
            f"there is no subscription {wanted}", where=self.name, remedy="see `ibf-pipeline subscriptions list`"
        )

    def require_sound(self, request: SubscriptionRequest, name: str) -> None:
        """ForbiddenByRule for a request that `create` would refuse, limits apart; nothing is sent."""
        require_sound_request(request, name, self.provider, self._account)

    def create(self, request: SubscriptionRequest) -> str | None:
        """Make a subscription; its id, or None if the reply does not say it (CREODIAS document).

        Never sent twice: after a lost answer OutcomeUnknown, and `Info` shows what happened.
        """
        self.require_sound(request, self.name)
        require_room(request.status, self.existing(), self.name, self.provider)
        if request.account:
            self._redact.know(request.account.password)
        look = "run `ibf-pipeline subscriptions apply` again: it looks before it makes one"
        response = self._http.ask(
            "POST", "Subscriptions", title="the subscription", once=look, allowed=require_leases, json=request.body()
        )
        try:
            content = response.json()
        except ValueError:  # it was made all the same
            content = None
        given = content.get("Id") if isinstance(content, Mapping) else None
        return given.lower() if isinstance(given, str) and given else None

    def edit(self, subscription: Subscription, change: SubscriptionChange) -> Subscription:
        """Change status, endpoint or credentials; the subscription as it is afterwards, read again."""
        require_patchable(subscription, change, self._account)
        if change.status == "running" and not subscription.running:
            require_running_slot(self.existing(), self.name, self.provider)
        if change.account:
            self._redact.know(change.account.password)
        self._http.ask("PATCH", f"Subscriptions({subscription.id})", json=change.body())
        return self.get(subscription.id)

    def pause(self, subscription: Subscription) -> Subscription:
        """Stop it for a while: nothing is queued meanwhile; what was queued stays readable."""
        return self.edit(subscription, SubscriptionChange(status="paused"))

    def resume(self, subscription: Subscription) -> Subscription:
        """Let it run again."""
        return self.edit(subscription, SubscriptionChange(status="running"))

    def cancel(self, subscription_id: str) -> None:
        """Set its status to `cancelled`, which removes it, now or later (204 or 200); one that is gone is fine."""
        with suppress(Gone):
            self._http.ask("PATCH", f"Subscriptions({subscription_id})", json={"Status": "cancelled"})

    def delete(self, subscription_id: str) -> None:
        """Delete it now, with its queue; one that is gone already is fine."""
        with suppress(Gone):
            self._http.ask("DELETE", f"Subscriptions({subscription_id})")

    def read(self, subscription_id: str, top: int = 20) -> QueueBatch:
        """The oldest notifications of a pull subscription; they stay in its queue until they are acknowledged."""
        entries = _entries(self._http.read("GET", f"Subscriptions({subscription_id})/Read", {"$top": str(top)}))
        notifications, problems = _readable(entries, read_notification)
        acks = [read_ack(entry.get("AckId")) for entry in entries if isinstance(entry, Mapping)]
        usable = [ack for ack in acks if ack is not None]
        return QueueBatch(tuple(notifications), tuple(problems), usable[-1] if usable else None)

    def acknowledge(self, subscription_id: str, ack_id: str) -> None:
        """Take this notification and all older ones out of the queue."""
        self._http.ask("POST", f"Subscriptions({subscription_id})/Ack", {"$ackid": ack_id})

    def product(self, product_id: str) -> Product | None:
        """A product by its id, None if the catalogue says that it has none: with 404, or with an empty list.

        ServerRefused for an answer about something else, which says nothing about the product.
        """
        try:
            content = self._http.read("GET", f"Products({product_id})", {"$expand": "Attributes"})
        except Gone:
            return None
        if not isinstance(content, Mapping) or "Id" not in content:
            entries = _entries(content)
            if not entries:
                return None
            content = entries[0]
        if isinstance(content, Mapping) and str(content.get("Id")).lower() != product_id.lower():
            raise ServerRefused(
                f"the answer about product {product_id} is about {content.get('Id') or 'none'}",
                where=self.name,
                expected="the product that was asked for",
                remedy="try again later; if it stays so, report it to the catalogue",
            )
        return read_product(content)

    def value_url(self, product_id: str) -> str:
        """Where a product is handed out to whoever has a token."""
        return self.downloads.address(f"Products({product_id})/$value")

    def products(self, product_filter: str, max_pages: int) -> Iterator[ProductPage]:
        """Pages of products, earliest publication first; at most `max_pages` of them."""
        query = {
            "$filter": product_filter,
            "$orderby": "PublicationDate asc",
            "$top": str(_PAGE),
            "$expand": "Attributes",
        }
        for content in islice(pages(self._http, "Products", query, max_pages), max_pages):
            products, problems = _readable(_entries(content), read_product)
            yield ProductPage(tuple(products), len(problems), last=next_link(content) is None)


def _readable(entries: Iterable[Any], read: Callable[[Any], _Read]) -> tuple[list[_Read], list[str]]:
    """What could be read of the entries of an answer, and in words why others could not."""
    found, problems = [], []
    for entry in entries:
        try:
            found.append(read(entry))
        except InputInvalid as error:
            problems.append(error.found)
    return found, problems


def _entries(content: Any) -> list[Any]:
    with errors_as(ServerRefused, "the answer is {}", expected="a JSON array, or an object with `value`"):
        return listing(content)
