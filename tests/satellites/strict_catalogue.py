"""A catalogue with subscriptions, as the documents for its users describe it.

Sources: "Push subscriptions to CREODIAS EODATA catalogue" (`creodias`), "Subskrypcje
push dla katalogu NSIS EODATA" (`nsis`); pull queues and the limits of reading from
the Copernicus Data Space's documentation of the same software.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import Request as Push
from urllib.request import urlopen

from tests.satellites.strict_server import Answer, Refused, Request, StrictServer

BODY = {
    "StageOrder": bool, "FilterParam": str, "Priority": int, "Status": str,
    "SubscriptionEvent": list, "NotificationEndpoint": str, "NotificationEpUsername": str,
    "NotificationEpPassword": str,
}  # fmt: skip
EDITABLE = ("Status", "NotificationEndpoint", "NotificationEpUsername", "NotificationEpPassword")
FIELDS = {"Collection/Name", "Attributes/OData.CSC.StringAttribute/any", "att:att/Name",
          "att/OData.CSC.StringAttribute/Value", "Attributes/OData.CSC.DoubleAttribute/any",
          "att/OData.CSC.DoubleAttribute/Value", "OData.CSC.Intersects", "area", "geography",
          "Attributes/OData.CSC.IntegerAttribute/any", "att/OData.CSC.IntegerAttribute/Value",
          "ContentDate/Start", "PublicationDate", "ModificationDate", "Name", "Online", "contains",
          "and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "true", "false"}  # fmt: skip
RUNNING = {"creodias": 1, "nsis": 2}
EVENTS = {
    "creodias": {"created"},
    "nsis": {"created", "modified", "created, modified", "deleted"},
}


@dataclass
class Product:
    """A product of the catalogue and the bytes that its download gives."""

    id: str
    name: str
    content: bytes
    start: str = "2026-11-01T03:12:44.000Z"
    published: str = "2026-11-01T06:00:00.000Z"
    footprint: tuple[float, float, float, float] = (30.0, 0.0, 33.0, 3.0)

    def entity(self) -> dict[str, Any]:
        """The product as the sample of a notification has it under `Value`."""
        west, south, east, north = self.footprint
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        text = ", ".join(f"{x} {y}" for x, y in ring)
        checksum = {"Value": hashlib.md5(self.content, usedforsecurity=False).hexdigest(), "Algorithm": "MD5",
                    "ChecksumDate": self.published}  # fmt: skip
        kind = {"@odata.type": "#OData.CSC.StringAttribute", "Name": "productType",
                "Value": "IW_GRDH_1S", "ValueType": "String"}  # fmt: skip
        return {
            "@odata.context": "$metadata#Products(Attributes())(Assets())",
            "@odata.mediaContentType": "application/octet-stream", "Id": self.id,
            "Name": self.name, "ContentType": "application/octet-stream",
            "ContentLength": len(self.content), "OriginDate": self.published,
            "Checksum": [checksum], "ContentDate": {"Start": self.start, "End": self.start},
            "Footprint": f"geography'SRID=4326;POLYGON (({text}))'",
            "GeoFootprint": {"type": "Polygon", "coordinates": [ring]}, "Attributes": [kind],
            "ModificationDate": self.published, "PublicationDate": self.published,
            "Online": True, "EvictionDate": "", "S3Path": f"/eodata/{self.name}", "Assets": [],
        }  # fmt: skip


class StrictCatalogue(StrictServer):
    """The catalogue of one account; `service` is `creodias` or `nsis`.

    `reach` gives the loopback address of a declared notification endpoint's host.
    """

    def __init__(self, service: str = "nsis") -> None:
        super().__init__()
        self.service = service
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.products: dict[str, Product] = {}
        self.queues: dict[str, list[dict[str, Any]]] = {}
        self.reach: dict[str, str] = {}

    @property
    def base(self) -> str:
        """The address that ends with odata/v1."""
        return f"{self.url}/odata/v1"

    def answer(self, request: Request) -> Answer:
        """Route to the documented calls; 404 for every other path, 405 for other methods."""
        path = request.path.removeprefix("/odata/v1/")
        if path == request.path:
            raise Refused(404, "Not Found")
        self.authorized(request)
        if found := re.fullmatch(r"Products\(([^()]+)\)/\$value", path):
            return self._bytes(request, found[1])
        if (found := re.fullmatch(r"Products\(([^()']+)\)", path)) and request.method == "GET":
            request.only("$expand")
            if found[1] not in self.products:
                raise Refused(404, "no such product")
            return Answer(200, self.products[found[1]].entity())
        if path == "Products":
            return self._search(request)
        if request.headers.get("content-type") != "application/json":
            raise Refused(415, "the obligatory header Content-Type: application/json is missing")
        if path == "Subscriptions" and request.method == "POST":
            return self._create(request)
        if path == "Subscriptions/Info" and request.method == "GET":
            return Answer(200, [self._shown(entity) for entity in self.subscriptions.values()])
        found = re.fullmatch(r"Subscriptions\(([^()']+)\)(/Read|/Ack)?", path)
        if found is None:
            raise Refused(404, "Not Found")
        if found[1] not in self.subscriptions:
            raise Refused(404, f"no subscription {found[1]}")
        calls = {("PATCH", None): self._edit, ("DELETE", None): self._delete,
                 ("GET", "/Read"): self._read, ("POST", "/Ack"): self._ack}  # fmt: skip
        call = calls.get((request.method, found[2]))
        if call is None:
            raise Refused(405, "Method Not Allowed")
        return call(request, found[1])

    def _create(self, request: Request) -> Answer:
        body = request.json(BODY, set())
        self._acceptable(body)
        check_filter(body.get("FilterParam", ""))
        if body.get("SubscriptionEvent", ["created"]) not in [[e] for e in EVENTS[self.service]]:
            raise Refused(400, "SubscriptionEvent is a list of exactly one documented text")
        if len(self.subscriptions) >= 10:
            raise Refused(400, "an account has at most 10 subscriptions")
        entity = {"FilterParam": "", "Status": "running", "SubscriptionEvent": ["created"]} | body
        entity["SubscriptionEvent"] = entity["SubscriptionEvent"][0].split(", ")
        self._room(entity["Status"])
        entity |= {"Id": str(uuid.uuid4()), "Priority": 1, "StageOrder": False}
        entity["SubmissionDate"] = "2026-04-10T10:35:51.299345Z"
        self.subscriptions[entity["Id"]] = entity
        self.queues[entity["Id"]] = []
        # CREODIAS' sample has no Id and echoes the endpoint's password.
        return Answer(201, body if self.service == "creodias" else self._shown(entity))

    def _acceptable(self, body: dict[str, Any]) -> None:
        endpoint = body.get("NotificationEndpoint")
        if endpoint is not None and not endpoint.startswith("https://"):
            raise Refused(400, "NotificationEndpoint must be secured via HTTPS")
        if body.get("Status", "running") not in ("running", "paused", "cancelled"):
            raise Refused(400, "Status is running, paused or cancelled")

    def _room(self, status: str) -> None:
        running = [e for e in self.subscriptions.values() if e["Status"] == "running"]
        if status == "running" and len(running) >= RUNNING[self.service]:
            raise Refused(400, f"at most {RUNNING[self.service]} running subscriptions")

    def _edit(self, request: Request, known: str) -> Answer:
        body = request.json({name: BODY[name] for name in EDITABLE}, set())
        self._acceptable(body | {"Status": body.get("Status", "running")})
        entity = self.subscriptions[known]
        if body.get("Status") == "running" != entity["Status"]:
            self._room("running")
        entity |= body
        if body.get("Status") == "cancelled" and self.service == "nsis":
            del self.subscriptions[known]
            return Answer(204)
        # The reply to PATCH is not described by CREODIAS: "either empty or JSON".
        return Answer(200) if self.service == "creodias" else Answer(200, self._shown(entity))

    def _delete(self, _: Request, known: str) -> Answer:
        del self.subscriptions[known]
        return Answer(204)

    @staticmethod
    def _shown(entity: dict[str, Any]) -> dict[str, Any]:
        shown = {k: v for k, v in entity.items() if not k.startswith("NotificationEp")}
        return shown | {"@odata.context": "$metadata#OData.CSC.Subscription"}

    def _read(self, request: Request, known: str) -> Answer:
        request.only("$top")
        top = int(request.query.get("$top", "1"))
        if not 1 <= top <= 20:
            raise Refused(400, "$top is 1 to 20")
        return Answer(200, self.queues[known][:top])

    def _ack(self, request: Request, known: str) -> Answer:
        request.only("$ackid")
        queue = self.queues[known]
        ids = [one["AckId"] for one in queue]
        if request.query.get("$ackid") not in ids:
            raise Refused(400, "unknown AckId")
        done = ids.index(request.query["$ackid"]) + 1
        del queue[:done]
        return Answer(200, {"AckMessagesNum": done, "CurrentQueueLength": len(queue),
                            "MaxQueueLength": 100_000})  # fmt: skip

    def _search(self, request: Request) -> Answer:
        request.only("$filter", "$orderby", "$top", "$skip", "$expand", "$count")
        check_filter(request.query.get("$filter", ""))
        since = re.search(r"PublicationDate (gt|ge) (\S+?)(?=\)| |$)", request.query["$filter"])
        found = [p for p in self.products.values() if not since or p.published >= since[2]]
        found.sort(key=lambda product: product.published)
        top, skip = int(request.query.get("$top", "20")), int(request.query.get("$skip", "0"))
        page: dict[str, Any] = {"value": [p.entity() for p in found[skip : skip + top]]}
        if skip + top < len(found):
            query = request.query | {"$skip": str(skip + top)}
            page["@odata.nextLink"] = self.next_link(query)
        return Answer(200, page)

    def next_link(self, query: dict[str, str]) -> str:
        """The address of the next page; a test may give one of another scheme or host."""
        return f"{self.base}/Products?{urlencode(query)}"

    def _bytes(self, request: Request, known: str) -> Answer:
        if known not in self.products:
            raise Refused(404, "no such product")
        content = self.products[known].content
        start = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if start is None:
            return Answer(200, content, headers)
        first = int(start[1])
        if first >= len(content):
            return Answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        span = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return Answer(206, content[first:], headers | {"Content-Range": span})

    def notification(self, product: Product, known: str, event: str = "created") -> dict[str, Any]:
        """The body of a notification; CREODIAS' sample writes `Value`, the others `value`."""
        return {
            "@odata.context": "$metadata#Notification/$entity", "SubscriptionEvent": event,
            "ProductId": product.id, "ProductName": product.name, "SubscriptionId": known,
            "NotificationDate": "2026-11-01T06:01:00.000Z",
            "Value" if self.service == "creodias" else "value": product.entity(),
        }  # fmt: skip

    def publish(self, product: Product, copies: int = 1) -> list[int]:
        """Add the product; notify every running subscription; the endpoints' answers."""
        self.products[product.id] = product
        answers = []
        for known, entity in list(self.subscriptions.items()):
            if entity["Status"] != "running":
                continue
            body = self.notification(product, known)
            for _ in range(copies):
                if "NotificationEndpoint" in entity:
                    answers.append(self._push(entity, body))
                else:
                    number = len(self.queues[known]) + 1
                    ack = base64.b64encode(f"{known}:{number}".encode()).decode()
                    self.queues[known].append(body | {"AckId": ack})
        return answers

    def _push(self, entity: dict[str, Any], body: dict[str, Any]) -> int:
        parts = urlsplit(entity["NotificationEndpoint"])
        login = f"{entity['NotificationEpUsername']}:{entity['NotificationEpPassword']}"
        address = self.reach[parts.netloc] + (parts.path or "/")
        push = Push(address, json.dumps(body).encode())  # noqa: S310
        push.add_header("Content-Type", "application/json")
        push.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        with urlopen(push, timeout=10) as reply:  # noqa: S310
            return int(reply.status)


def check_filter(text: str) -> None:
    """Refuse a filter with unknown fields or unbalanced brackets, as the NSIS sample words it."""
    bare = re.sub(r"'(?:[^']|'')*'", " ", text)
    numbers = r"\b\d{4}-\d\d-\d\dT[\d:.]+Z?\b|\b-?\d+(?:\.\d+)?\b"
    bare = re.sub(numbers, " ", bare)
    said = "Your filter is incorrect. We suggest to verify it with catalogue API. "
    for word in re.findall(r"[^\s(),;=']+", bare):
        if word not in FIELDS:
            raise Refused(400, f"{said}Detailed error message -> Invalid field: {word}")
    if "'" in bare or bare.count("(") != bare.count(")"):
        raise Refused(400, f"{said}Detailed error message -> Invalid syntax")
