"""Orders and their products, as we ask for them and as the service tells of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, PlainValidator, TypeAdapter

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.hook.settings import require_encrypted_options, require_no_literal_secret
from ibf_pipeline.satellites.odata import read_timestamp

SUCCESS: Final = "completed"
_QUEUED: Final = "queued"
_IN_PROGRESS: Final = "in_progress"
RUNNING: Final = frozenset({_QUEUED, _IN_PROGRESS})
"""every other status is final, known to us or not (CloudFerro's own client reads it so)"""
_KEY: Final = re.compile(r"fp-[0-9a-f]{12}$")
"""our own key at the end of an order's name: the API has no idempotency key, and names may repeat"""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What is to be ordered. Options with secrets carry `env:NAME` until the order is sent."""

    workflow: str
    identifiers: tuple[str, ...]
    options: Mapping[str, str | int]
    label: str
    """what people call it; stands before the key in the order's name"""
    repeat: int = 0
    """0 for the first; the same again on purpose gets another number, and so another key"""

    @property
    def key(self) -> str:
        """`fp-` and 12 hex digits that follow from what is ordered: the same request has the same key for ever."""
        content = [self.workflow, list(self.identifiers), sorted(self.options.items()), self.repeat]
        return "fp-" + hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Name of the order at the service; the key comes last, where `endswith` finds it."""
        return f"{self.label} {self.key}"


def require_sensible(request: OrderRequest) -> None:
    """InputInvalid for an order that makes no sense."""
    if not request.identifiers or any(not entry.strip() for entry in request.identifiers):
        raise InputInvalid("an order without a product", remedy="name at least one product to be worked on")
    if len(set(request.identifiers)) != len(request.identifiers):
        raise InputInvalid("a product is named twice in one order", remedy="name each product once: every one is paid")
    for rule, remedy in (
        (require_no_literal_secret, "export the secret and name its variable"),
        (require_encrypted_options, "write https in the address"),
    ):
        try:
            rule(request.options)
        except ValueError as error:
            raise InputInvalid(str(error), where="options", remedy=remedy) from None


def order_body(request: OrderRequest, options: Mapping[str, str | int]) -> dict[str, Any]:
    """The body of a batch order; `options` are the request's with secrets filled in: never written down."""
    return {
        "Name": request.name,
        "WorkflowName": request.workflow,
        "IdentifierList": list(request.identifiers),
        "WorkflowOptions": [{"Name": name, "Value": value} for name, value in options.items()],
    }


def text(value: object) -> str:
    """Text of an answer, empty if there is none."""
    return "" if value is None else str(value)


def _reference(value: object) -> str:
    return text(value.get("Reference") if isinstance(value, Mapping) else value)


Text = Annotated[str, PlainValidator(text)]
_Status = Annotated[str, PlainValidator(lambda value: value.strip().lower() if isinstance(value, str) else "")]
_Reference = Annotated[str, PlainValidator(_reference), Field(alias="InputProductReference")]
_Moment = Annotated[datetime | None, PlainValidator(read_timestamp)]
_Size = Annotated[int | None, PlainValidator(lambda value: value if isinstance(value, int) else None)]
_Link = Annotated[str | None, PlainValidator(lambda value: value if isinstance(value, str) and value else None)]


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the service lists it."""

    id: Annotated[Text, Field(alias="Id")] = ""
    name: Annotated[Text, Field(alias="Name")] = ""
    status: Annotated[_Status, Field(alias="Status")] = ""
    """in small letters: documents write `failed` and `Failed`"""
    message: Annotated[Text, Field(alias="StatusMessage")] = ""
    workflow: Annotated[Text, Field(alias="WorkflowName")] = ""
    reference: _Reference = ""
    """the product worked on, for orders of one item"""
    submitted: Annotated[_Moment, Field(alias="SubmissionDate")] = None
    expected: Annotated[_Moment, Field(alias="EstimatedDate")] = None
    """when the service thinks that it will be done"""

    @property
    def running(self) -> bool:
        """Whether anything more will happen to it."""
        return self.status in RUNNING


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One item of an order and its result."""

    id: Annotated[Text, Field(alias="Id")] = ""
    order_id: Annotated[Text, Field(alias="BatchOrderId")] = ""
    reference: _Reference = ""
    status: Annotated[_Status, Field(alias="Status")] = ""
    message: Annotated[Text, Field(alias="StatusMessage")] = ""
    name: Annotated[Text, Field(alias="ProcessedName")] = ""
    """of the result; empty while there is none"""
    size: Annotated[_Size, Field(alias="ProcessedSize")] = None
    """bytes, of the product and not of the archive that is downloaded"""
    submitted: Annotated[_Moment, Field(alias="SubmissionDate")] = None
    completed: Annotated[_Moment, Field(alias="CompletedDate")] = None
    link: Annotated[_Link, Field(alias="DownloadLink")] = field(default=None, repr=False)
    """a temporary link: whoever has it has the result, so it is shown to nobody"""

    @property
    def running(self) -> bool:
        """Whether anything more will happen to it."""
        return self.status in RUNNING

    @property
    def expires(self) -> datetime | None:
        """When the temporary link ends; 14 days after completion in the samples."""
        return None if self.link is None else link_expiry(self.link)


def order_of(order_id: str, items: Sequence[OrderItem], asked_for: int = 1) -> Order | None:
    """An order as its items tell of it; None if it has none.

    It runs while one of them does, or while fewer are listed than were asked for; it is completed when all are, and has
    else ended as the first that was not.
    """
    if not items:
        return None
    running = [item for item in items if item.running]
    if running or len(items) < asked_for:
        started = len(running) < len(items) or any(item.status != _QUEUED for item in running)
        status, message = (_IN_PROGRESS if started else _QUEUED), ""
    else:
        last = next((item for item in items if item.status != SUCCESS), items[0])
        status, message = last.status, last.message
    submitted = min((item.submitted for item in items if item.submitted is not None), default=None)
    return Order(order_id, "", status, message, "", items[0].reference if len(items) == 1 else "", submitted)


def link_expiry(link: str) -> datetime | None:
    """End of a Swift temporary URL: `temp_url_expires`, seconds since 1970 or ISO 8601 (OpenStack Swift, tempurl)."""
    found = parse_qs(urlsplit(link).query).get("temp_url_expires", [""])[0]
    if found.isdigit():
        try:
            return datetime.fromtimestamp(int(found), UTC)
        except (OverflowError, ValueError, OSError):
            return None
    return read_timestamp(found)


order_from: Final = TypeAdapter(Order).validate_python
"""An order of a listing or a single one. Ids come as text and as numbers: here they are text."""
product_from: Final = TypeAdapter(OrderItem).validate_python
"""An item of an order; what is not there yet is empty."""
