"""A subscription as the catalogues describe it, and a request for a new one. Credentials are written, never read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.odata import read_timestamp

Kind = Literal["push", "pull"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a catalogue says of a subscription (an entry of `Subscriptions/Info`)."""

    id: str
    """lower case: GUIDs differ in case between messages"""
    status: str
    """running, paused or cancelled"""
    events: tuple[str, ...]
    filter: str
    """empty: everything published"""
    endpoint: str | None
    """None: a pull subscription"""
    last_notified: datetime | None
    """push: last delivery that succeeded; pull: last acknowledgement"""
    submitted: datetime | None = None
    """when it was made"""
    stage_order: bool | None = None
    """what the catalogue says of StageOrder; NSIS' document shows false if true was sent"""

    @property
    def kind(self) -> Kind:
        """The services tell the two kinds apart by the endpoint alone."""
        return "pull" if self.endpoint is None else "push"

    @property
    def running(self) -> bool:
        """Whether it takes a running slot."""
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class EndpointAccount:
    """Basic credentials of the receiver; never printed."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """A subscription to be made."""

    kind: Kind
    filter: str
    events: tuple[str, ...] = ("created",)
    status: Literal["running", "paused"] = "running"
    endpoint: str | None = None
    account: EndpointAccount | None = None
    everything: bool = False
    """an explicit yes to an empty filter"""
    stage_order: bool = True
    """of no effect today: every product is online"""

    def body(self) -> dict[str, Any]:
        """The POST body. Two events are one string with a comma in it (NSIS document, CDSE document)."""
        content: dict[str, Any] = {
            "StageOrder": self.stage_order,
            "FilterParam": self.filter,
            "Priority": 1,
            "Status": self.status,
            "SubscriptionEvent": [", ".join(self.events)],
        }
        return content | _receiver(self.endpoint, self.account)


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """What shall be different about a subscription; None leaves a property as it is.

    Filter and events are not among it: no catalogue lets them be changed.
    """

    status: Literal["running", "paused", "cancelled"] | None = None
    endpoint: str | None = None
    account: EndpointAccount | None = None

    def body(self) -> dict[str, Any]:
        """The PATCH body: only what changes."""
        content = {} if self.status is None else {"Status": self.status}
        return content | _receiver(self.endpoint, self.account)


def _receiver(endpoint: str | None, account: EndpointAccount | None) -> dict[str, str]:
    """Where notifications go, as far as it is given."""
    content = {} if endpoint is None else {"NotificationEndpoint": endpoint}
    if account is not None:
        content |= {"NotificationEpUsername": account.username, "NotificationEpPassword": account.password}
    return content


def read_events(value: object) -> tuple[str, ...]:
    """`["created, modified"]`, `["created", "modified"]` and `"created"` all as a tuple; default created."""
    parts = [value] if isinstance(value, str) else value if isinstance(value, Sequence) else []
    words = [word.strip().lower() for part in parts if isinstance(part, str) for word in part.split(",")]
    return tuple(word for word in words if word) or ("created",)


def read_subscription(content: object) -> Subscription:
    """An entry of `Info` or a reply; InputInvalid if it has no Id."""
    if not isinstance(content, Mapping) or not isinstance(content.get("Id"), str) or not content["Id"]:
        raise InputInvalid("the catalogue describes a subscription without an Id", expected="an object with Id")
    return Subscription(
        id=content["Id"].lower(),
        status=str(content.get("Status") or "running").lower(),
        events=read_events(content.get("SubscriptionEvent")),
        filter=str(content.get("FilterParam") or ""),
        endpoint=content.get("NotificationEndpoint") or None,
        last_notified=read_timestamp(content.get("LastNotificationDate")),
        submitted=read_timestamp(content.get("SubmissionDate")),
        stage_order=content["StageOrder"] if isinstance(content.get("StageOrder"), bool) else None,
    )
