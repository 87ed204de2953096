"""The ordering platform as a state machine on a clock that tests move: what the loopback server and pure tests share.

An item takes `duration` from its start; the platform starts items in order, `workers` at a time. It keeps what no
answer tells: how many items an account ever had open at once, and how many it was given in each month.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

LINK_LIFE = timedelta(days=14)


class Clock:
    """A clock that stands until it is moved; `sleep` moves it."""

    def __init__(self, now: datetime = datetime(2026, 2, 16, 6, 0, tzinfo=UTC)) -> None:
        self.now_ = now
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now_

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ += timedelta(seconds=seconds)


class Refused(Exception):
    """An order that is not accepted: HTTP status and the answer's content."""

    def __init__(self, status: int, content: Any) -> None:
        super().__init__(status)
        self.status = status
        self.content = content


@dataclass
class Item:
    id: int
    reference: str
    started: datetime | None = None
    ended: datetime | None = None
    status: str = "queued"


@dataclass
class PlacedOrder:
    id: int
    body: dict[str, Any]
    submitted: datetime
    items: list[Item]
    cancelled: bool = False

    @property
    def status(self) -> str:
        states = {item.status for item in self.items}
        if states <= {"completed"}:
            return "completed"
        if "in_progress" in states or ("queued" in states and "completed" in states):
            return "in_progress"
        return "queued" if "queued" in states else sorted(states - {"completed"})[0]


@dataclass
class Platform:
    """Orders of one account."""

    clock: Clock
    duration: timedelta = timedelta(minutes=5)
    workers: int = 1
    fail: set[str] = field(default_factory=set)
    """products on which the workflow fails"""
    orders: list[PlacedOrder] = field(default_factory=list)
    most_open: int = 0
    per_month: Counter[str] = field(default_factory=Counter)
    workflows: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 25376

    def place(self, body: dict[str, Any]) -> PlacedOrder:
        self.turn()
        names = {workflow["Name"]: workflow for workflow in self.workflows}
        if body["WorkflowName"] not in names:
            raise Refused(400, {"detail": f"Workflow {body['WorkflowName']} does not exist"})
        known = {option["Name"] for option in names[body["WorkflowName"]]["WorkflowOptions"]}
        given = {option["Name"]: option["Value"] for option in body["WorkflowOptions"]}
        if set(given) - known:
            raise Refused(
                422, {"detail": [{"loc": ["body"], "msg": f"unknown option {sorted(set(given) - known)[0]}"}]}
            )
        private = {name for name in known if name.startswith("output_s3_")}
        if given.get("output_storage") == "PRIVATE" and not private <= set(given):
            raise Refused(400, {"detail": {"message": "output_s3 parameters are required", "request_id": "1"}})
        self._number += 1
        items = [Item(self._number * 10 + place, name) for place, name in enumerate(body["IdentifierList"])]
        order = PlacedOrder(self._number, body, self.clock(), items)
        self.orders.append(order)
        self.per_month[f"{self.clock():%Y-%m}"] += len(items)
        self.most_open = max(self.most_open, self.open_items())
        return order

    def open_items(self) -> int:
        return sum(item.ended is None for order in self.orders for item in order.items)

    def turn(self) -> None:
        """Bring every item to where it is now."""
        now = self.clock()
        while True:
            items = [item for order in self.orders for item in order.items if item.ended is None]
            running = [item for item in items if item.started is not None]
            for item in running:
                if item.started is not None and item.started + self.duration <= now:
                    item.ended = item.started + self.duration
                    item.status = "failed" if item.reference in self.fail else "completed"
            waiting = [item for item in items if item.started is None]
            places = self.workers - sum(item.ended is None for item in running)
            if not waiting or places <= 0:
                return
            freed = [item.ended for order in self.orders for item in order.items if item.ended is not None]
            for item in waiting[:places]:
                item.started, item.status = max([self.order_of(item).submitted, *freed]), "in_progress"

    def order_of(self, item: Item) -> PlacedOrder:
        return next(order for order in self.orders if item in order.items)

    def order(self, order_id: str) -> PlacedOrder:
        self.turn()
        for order in self.orders:
            if str(order.id) == order_id:
                return order
        raise Refused(404, {"detail": {"message": "Order not found", "request_id": "7"}})

    def cancel(self, order_id: str) -> None:
        order = self.order(order_id)
        for item in order.items:
            if item.status == "queued":
                item.status, item.ended = "cancelled", self.clock()

    def listed(self, condition: str | None) -> list[PlacedOrder]:
        """Orders of one item, newest first, under the two conditions that the interface's documents show."""
        self.turn()
        orders = [order for order in reversed(self.orders) if len(order.items) == 1]
        if condition is None:
            return orders
        match = re.fullmatch(r"\(endswith\(Name,'((?:[^']|'')*)'\)\)", condition)
        if match is None:
            raise Refused(400, {"detail": f"Your filter is incorrect: {condition}"})
        ending = match.group(1).replace("''", "'")
        return [order for order in orders if order.body["Name"].endswith(ending)]


def option(name: str, *allowed: str, required: bool = False) -> dict[str, Any]:
    """An option in the shape of the sample."""
    return {
        "Name": name, "Description": f"about {name}", "Type": "str", "Default": None,
        "Value": list(allowed) or None, "Required": required,
    }  # fmt: skip


def provided_workflows() -> list[dict[str, Any]]:
    """The workflows that the tutorial prints, with the options of 2024-10 and later."""
    common = [
        option("output_storage", "PRIVATE", "TEMPORARY", required=True),
        *(option(f"output_s3_{name}") for name in ("access_key", "secret_key", "path", "endpoint_url")),
        option("source_type", "DESP", "EXTERNAL"),
        *(option(f"desp_source_{name}") for name in ("username", "password", "collection")),
        *(option(f"source_{name}") for name in ("catalogue_api_url", "catalogue_api_type", "catalogue_collection")),
        *(option(f"source_{name}") for name in ("token_url", "grant_type", "username", "password", "client_id")),
    ]
    titles = {
        "card_bs": "Sentinel-1: Terrain-corrected backscatter", "lai": "Sentinel-2: SNAP-Biophysical",
        "odp-test": "ODP Test", "card_cohinf": "Sentinel-1 Coherence/Interferometry", "c2rcc": "Sentinel-2: C2RCC",
        "copdem": "Copernicus DEM Mosaic", "dedl_hello_world": "DEDL Hello World", "data-harvest": "Data harvest",
        "sen2cor": "Sentinel-2: Sen2Cor", "maja": "Sentinel-2: MAJA Atmospheric Correction",
    }  # fmt: skip
    return [
        {
            "Id": str(number), "Uuid": None, "Name": name, "DisplayName": title, "Documentation": None,
            "Description": None, "InputProductType": "GRD" if name == "card_bs" else None,
            "InputProductTypes": ["GRD", "IW_GRDH_1S"] if name == "card_bs" else [], "OutputProductType": None,
            "OutputProductTypes": [], "WorkflowVersion": "0.0.1", "WorkflowOptions": common,
            "CustomInputSource": True, "InputProductStatusOffline": False,
        }
        for number, (name, title) in enumerate(titles.items(), start=1)
    ]  # fmt: skip
