"""The state of a made-up catalogue: subscriptions with limits, products, queues, push deliveries with three tries."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ibf_pipeline.satellites.odata import odata_timestamp, read_timestamp
from tests.worlds.services.dialects import Dialect
from tests.worlds.services.odata_evaluation import BadFilter, check, holds, parse

QUEUE_DETAILS = timedelta(days=3)
PAGE = 20
TRIES = 3
PATCHABLE = {"Status", "NotificationEndpoint", "NotificationEpUsername", "NotificationEpPassword"}


class Refusal(Exception):
    """An error reply."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(str(detail))
        self.status, self.detail = status, detail


@dataclass
class Queued:
    """An entry of a pull queue."""

    ack: int
    at: datetime
    product_id: str
    event: str


@dataclass
class Catalogue:
    """One account at one catalogue; `deliver(url, username, password, notification) -> status` reaches receivers."""

    dialect: Dialect
    now: Callable[[], datetime]
    deliver: Callable[[str, str, str, dict[str, Any]], int] | None = None
    total_limit: int = 10
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    queues: dict[str, list[Queued]] = field(default_factory=dict)
    deliveries: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """product id and the statuses of each try"""
    numbers: int = 0

    def info(self) -> list[dict[str, Any]]:
        return [self._shown(entry) for entry in self.subscriptions.values()]

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        events = [word.strip() for word in ",".join(body.get("SubscriptionEvent") or ["created"]).split(",")]
        if any(event not in self.dialect.events for event in events):
            raise Refusal(422, [{"loc": ["body", "SubscriptionEvent"], "msg": "unexpected value"}])
        self._check_filter(body.get("FilterParam") or "")
        status = body.get("Status", "running")
        self._check_limits(status, new=True)
        entry = {**body, "Id": str(uuid.UUID(int=0xA000 + self._number())), "SubscriptionEvent": events, "Priority": 1}
        entry |= {"Status": status, "SubmissionDate": odata_timestamp(self.now())}
        if not body.get("NotificationEndpoint"):
            entry.pop("NotificationEndpoint", None)  # without an endpoint it becomes a pull subscription
        self.subscriptions[entry["Id"]] = entry
        self.queues[entry["Id"]] = []
        if self.dialect.reply_with_id:
            return self._shown(entry)
        return {key: value for key, value in entry.items() if key not in ("Id", "SubmissionDate")}

    def patch(self, given_id: str, body: dict[str, Any]) -> dict[str, Any] | None:
        entry = self._find(given_id)
        if set(body) - PATCHABLE:
            raise Refusal(400, "Only Status and notification properties can be edited")
        status = body.get("Status", entry["Status"])
        if status == "cancelled" and self.dialect.cancelled == "deletes":
            self.delete(given_id)
            return None
        if status == "running" and entry["Status"] != "running":
            self._check_limits(status, new=False)
        entry |= body
        return self._shown(entry)

    def delete(self, given_id: str) -> None:
        entry = self._find(given_id)
        del self.subscriptions[entry["Id"]]
        self.queues.pop(entry["Id"], None)

    def read(self, given_id: str, top: int) -> list[dict[str, Any]]:
        entry = self._find(given_id)
        return [self._queued(entry, item) for item in self.queues[entry["Id"]][: min(top, 20)]]

    def acknowledge(self, given_id: str, ack: str) -> dict[str, int]:
        entry = self._find(given_id)
        number = int(base64.b64decode(ack).decode().split(":")[1])
        before = self.queues[entry["Id"]]
        self.queues[entry["Id"]] = [item for item in before if item.ack > number]
        left = len(self.queues[entry["Id"]])
        return {"AckMessagesNum": len(before) - left, "CurrentQueueLength": left, "MaxQueueLength": 100_000}

    def search(self, text: str, skip: int, top: int) -> tuple[list[dict[str, Any]], bool]:
        self._check_filter(text)
        tree = parse(text) if text else None
        found = [product for product in self.products.values() if tree is None or holds(tree, product)]
        found.sort(key=lambda product: (read_timestamp(product["PublicationDate"]) or self.now(), product["Id"]))
        size = min(top, PAGE)
        return found[skip : skip + size], skip + size < len(found)

    def publish(self, product: dict[str, Any], event: str = "created", *, lose: bool = False) -> None:
        """A product appears; running subscriptions whose filter it meets hear of it, unless the service loses that."""
        if event == "deleted":
            self.products.pop(product["Id"], None)
        else:
            self.products[product["Id"]] = product
        for entry in list(self.subscriptions.values()):
            text = entry.get("FilterParam") or ""
            if entry["Status"] != "running" or event not in entry["SubscriptionEvent"] or lose:
                continue
            if text and not holds(parse(text), product):
                continue
            if "NotificationEndpoint" in entry:
                self.push(entry, product, event)
            else:
                self.queues[entry["Id"]].append(Queued(self._number(), self.now(), product["Id"], event))

    def push(self, entry: dict[str, Any], product: dict[str, Any], event: str = "created") -> None:
        """Up to three tries, then it is given up: nothing is kept for later."""
        assert self.deliver is not None
        statuses: list[int] = []
        while len(statuses) < TRIES and not any(200 <= status < 300 for status in statuses):
            account = entry.get("NotificationEpUsername", ""), entry.get("NotificationEpPassword", "")
            statuses.append(self.deliver(entry["NotificationEndpoint"], *account, self.message(entry, product, event)))
        self.deliveries.append((product["Id"], tuple(statuses)))
        if 200 <= statuses[-1] < 300:
            entry["LastNotificationDate"] = odata_timestamp(self.now())

    def message(self, entry: dict[str, Any], product: dict[str, Any], event: str) -> dict[str, Any]:
        return {
            "@odata.context": "$metadata#Notification/$entity",
            "SubscriptionEvent": event,
            "ProductId": product["Id"],
            "ProductName": product["Name"],
            "SubscriptionId": entry["Id"],
            "NotificationDate": odata_timestamp(self.now()),
            self.dialect.value_key: {key: value for key, value in product.items() if key != "Collection"},
        }

    def _queued(self, entry: dict[str, Any], item: Queued) -> dict[str, Any]:
        product = self.products.get(item.product_id, {"Id": item.product_id, "Name": "gone"})
        message = self.message(entry, product, item.event)
        if self.now() - item.at > QUEUE_DETAILS:
            for key in ("ProductName", self.dialect.value_key):
                message.pop(key)
        return {**message, "AckId": base64.b64encode(f"ack:{item.ack:06d}:x".encode()).decode()}

    def _shown(self, entry: dict[str, Any]) -> dict[str, Any]:
        hidden = ("NotificationEpUsername", "NotificationEpPassword")
        shown = {key: value for key, value in entry.items() if key not in hidden}
        return {**shown, "StageOrder": self.dialect.stage_order, "@odata.context": self.dialect.context}

    def _check_filter(self, text: str) -> None:
        try:
            if text:
                check(text)
        except BadFilter as error:
            raise Refusal(
                400,
                "Your filter is incorrect. We suggest to verify it with catalogue API. "
                f"Detailed error message -> {error}",
            ) from None

    def _check_limits(self, status: str, *, new: bool) -> None:
        if new and len(self.subscriptions) >= self.total_limit:
            raise Refusal(400, "Maximum number of subscriptions reached")
        running = sum(entry["Status"] == "running" for entry in self.subscriptions.values())
        if status == "running" and running >= self.dialect.running_limit:
            raise Refusal(400, "Maximum number of running subscriptions reached")

    def _find(self, given_id: str) -> dict[str, Any]:
        entry = self.subscriptions.get(given_id.lower())
        if entry is None:
            detail = {"message": "Subscription does not exist", "request_id": "b3c0ffee"}
            raise Refusal(404, detail if self.dialect.name == "cdse" else "Not found")
        return entry

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers


def radar_product(number: int, at: datetime, box: tuple[float, float, float, float], **more: Any) -> dict[str, Any]:
    """A made-up Sentinel-1 product: acquired at a time, published an hour later unless said otherwise."""
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    text = ", ".join(f"{x} {y}" for x, y in ring)
    return {
        "Id": str(uuid.UUID(int=number)),
        "Name": f"S1A_IW_GRDH_1SDV_{at:%Y%m%dT%H%M%S}_{number:06d}.SAFE",
        "Collection": "SENTINEL-1",
        "ContentDate": {"Start": odata_timestamp(at), "End": odata_timestamp(at + timedelta(seconds=25))},
        "PublicationDate": odata_timestamp(at + timedelta(hours=1)),
        "GeoFootprint": {"type": "Polygon", "coordinates": [ring]},
        "Footprint": f"geography'SRID=4326;POLYGON (({text}))'",
        "Attributes": [
            {"Name": "productType", "Value": "IW_GRDH_1S", "ValueType": "String"},
            {"Name": "beginningDateTime", "Value": at.astimezone(UTC).isoformat(), "ValueType": "DateTimeOffset"},
        ],
        "Online": True,
        "EvictionDate": "",
        **more,
    }
