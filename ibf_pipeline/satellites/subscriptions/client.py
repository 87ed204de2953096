"""The subscription service and the product search of one catalogue (OData v1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, OutcomeUnknown, ServerRefused
from ibf_pipeline.satellites.subscriptions.account import Account, TokenSource
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
from ibf_pipeline.satellites.subscriptions.transport import NoAnswer, Transport

PAGE = 100
"""products asked for at once"""


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
    """acknowledges the batch up to its last entry that can be; None for an empty one, or where none can"""

    @property
    def empty(self) -> bool:
        """Whether the queue gave nothing."""
        return not self.notifications and not self.problems


class CatalogueClient:
    """Requests to one catalogue, with the account's token; tried again only where that is harmless."""

    def __init__(
        self,
        name: str,
        provider: Provider,
        account: Account,
        tokens: TokenSource,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.provider = provider
        self._account = account
        self._transport = Transport(name, provider, account.secrets(), tokens, sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def info(self) -> list[Subscription]:
        """All subscriptions of the account, push and pull; a cancelled one may still stand there for a while."""
        entries = _entries(self._transport.json(self._transport.ask("GET", "Subscriptions/Info")))
        return [read_subscription(entry) for entry in entries]

    def existing(self) -> list[Subscription]:
        """The subscriptions that count towards the limits."""
        return [subscription for subscription in self.info() if subscription.status != "cancelled"]

    def get(self, subscription_id: str) -> Subscription:
        """One subscription, as it is now; ServerRefused where the account has none of that id."""
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
        """Make a subscription; its id, or None where the reply does not say it (CREODIAS document).

        Never sent twice: after a lost answer OutcomeUnknown, and `Info` shows what happened.
        """
        self.require_sound(request, self.name)
        require_room(request.status, self.existing(), self.name, self.provider)
        secrets = (request.account.password,) if request.account else ()
        try:
            response = self._transport.once("POST", "Subscriptions", body=request.body(), secrets=secrets)
        except NoAnswer as error:
            raise OutcomeUnknown(
                f"the subscription was asked for and the answer is unknown ({error.found})",
                where=self.name,
                remedy="run `ibf-pipeline subscriptions apply` again: it looks before it makes one",
            ) from None
        content = self._transport.json(response)
        given = content.get("Id") if isinstance(content, Mapping) else None
        return given.lower() if isinstance(given, str) and given else None

    def edit(self, subscription: Subscription, change: SubscriptionChange) -> Subscription:
        """Change status, endpoint or credentials; the subscription as it is afterwards, read again."""
        require_patchable(subscription, change, self.provider, self._account)
        if change.status == "cancelled":
            raise ForbiddenByRule("cancelling is no change", where=subscription.id, remedy="use cancel")
        if change.status == "running" and not subscription.running:
            require_running_slot(self.existing(), self.name, self.provider)
        secrets = (change.account.password,) if change.account else ()
        self._transport.ask("PATCH", f"Subscriptions({subscription.id})", body=change.body(), secrets=secrets)
        return self.get(subscription.id)

    def pause(self, subscription: Subscription) -> Subscription:
        """Stop it for a while: nothing is queued meanwhile; what was queued stays readable."""
        return self.edit(subscription, SubscriptionChange(status="paused"))

    def resume(self, subscription: Subscription) -> Subscription:
        """Let it run again."""
        return self.edit(subscription, SubscriptionChange(status="running"))

    def cancel(self, subscription: Subscription) -> None:
        """Set it to cancelled: it is deleted now, or by the service some time later (the provider's `cancelled`)."""
        require_patchable(subscription, SubscriptionChange(status="cancelled"), self.provider, self._account)
        self._transport.ask(
            "PATCH", f"Subscriptions({subscription.id})", body={"Status": "cancelled"}, gone_is_fine=True
        )

    def delete(self, subscription_id: str) -> None:
        """Delete it now, with its queue; one that is gone already is fine."""
        self._transport.ask("DELETE", f"Subscriptions({subscription_id})", gone_is_fine=True)

    def read(self, subscription_id: str, top: int = 20) -> QueueBatch:
        """The oldest notifications of a pull subscription; they stay in its queue until they are acknowledged."""
        entries = _entries(
            self._transport.json(
                self._transport.ask("GET", f"Subscriptions({subscription_id})/Read", {"$top": str(top)})
            )
        )
        notifications, problems = [], []
        for entry in entries:
            try:
                notifications.append(read_notification(entry))
            except InputInvalid as error:
                problems.append(error.found)
        acks = [read_ack(entry.get("AckId")) for entry in entries if isinstance(entry, Mapping)]
        usable = [ack for ack in acks if ack is not None]
        return QueueBatch(tuple(notifications), tuple(problems), usable[-1] if usable else None)

    def acknowledge(self, subscription_id: str, ack_id: str) -> None:
        """Take this notification and all older ones out of the queue."""
        self._transport.ask("POST", f"Subscriptions({subscription_id})/Ack", {"$ackid": ack_id})

    def product(self, product_id: str) -> Product | None:
        """A product by its id, None where the catalogue has none."""
        response = self._transport.ask("GET", f"Products({product_id})", {"$expand": "Attributes"}, gone_is_fine=True)
        if response.status_code in (404, 410):
            return None
        content = self._transport.json(response)
        if isinstance(content, Mapping) and isinstance(content.get("value"), list):
            content = content["value"][0] if content["value"] else None
        return None if content is None else read_product(content)

    def products(self, product_filter: str, max_pages: int) -> Iterator[ProductPage]:
        """Pages of products, earliest publication first; at most `max_pages` of them."""
        query: dict[str, str] | None = {
            "$filter": product_filter,
            "$orderby": "PublicationDate asc",
            "$top": str(PAGE),
            "$expand": "Attributes",
        }
        path, seen = "Products", set[str]()
        for _ in range(max_pages):
            content = self._transport.json(self._transport.ask("GET", path, query))
            products, unreadable = [], 0
            for entry in _entries(content):
                try:
                    products.append(read_product(entry))
                except InputInvalid:
                    unreadable += 1
            following = _next_link(content)
            yield ProductPage(tuple(products), unreadable, last=following is None)
            if following is None:
                return
            path, query = self._transport.same_host(following), None
            if path in seen:
                raise ServerRefused("the pages of a search lead in a circle", where=self.name)
            seen.add(path)


def _entries(content: Any) -> list[Any]:
    """A bare array (`Info`, `Read`) or the `value` of an object (`Products`)."""
    found = content.get("value") if isinstance(content, Mapping) else content
    if not isinstance(found, list):
        raise ServerRefused("the answer is no list", expected="a JSON array, or an object with `value`")
    return found


def _next_link(content: Any) -> str | None:
    for key, value in content.items() if isinstance(content, Mapping) else ():
        if key.lower() == "@odata.nextlink" and isinstance(value, str) and value:
            return value
    return None
