"""Notifications and products as the catalogues send them, read into one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.odata import read_timestamp
from ibf_pipeline.satellites.subscriptions.entity import read_events

_ID = re.compile(r"(?=.{8,64}$)[0-9a-fA-F]+(-[0-9a-fA-F]+)*")
_LONGEST_NAME = 500
_MOST_CORNERS = 1000
"""of a footprint that is taken as it is; radar scenes have 5 to 40"""
_REPAIRABLE_CORNERS = 30
"""of a self-crossing footprint that is repaired: the time for it grows with the square of its crossings"""


@dataclass(frozen=True, slots=True)
class Product:
    """A published product, as far as deciding needs it."""

    id: str
    name: str = ""
    product_type: str = ""
    acquired: datetime | None = None
    """start of the acquisition"""
    published: datetime | None = None
    footprint: BaseGeometry | None = None
    """degrees, longitude first"""
    content: Mapping[str, Any] = field(default_factory=dict)
    """all that the catalogue said"""

    @property
    def complete(self) -> bool:
        """Whether it can be compared with alerts."""
        return self.acquired is not None and self.footprint is not None


@dataclass(frozen=True, slots=True)
class Notification:
    """One product announced to one subscription."""

    subscription_id: str
    product_id: str
    event: str
    """created, modified or deleted"""
    notified: datetime | None
    product: Product | None
    """None if a queued entry was older than three days: fetch it by its id"""
    deletion_cause: str


def read_notification(content: object) -> Notification:
    """A pushed or a queued notification; InputInvalid if it lacks its ids.

    The product stands under `value` (NSIS and CDSE documents, table of the CREODIAS document) or `Value` (sample of
    the CREODIAS document).
    """
    if not isinstance(content, Mapping):
        raise InputInvalid("the notification is not an object", expected="a JSON object")
    ids: dict[str, str] = {}
    for key in ("SubscriptionId", "ProductId"):
        value = content.get(key)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise InputInvalid(f"the notification has no {key}", expected="the id of a subscription and of a product")
        ids[key] = value.lower()
    product = content.get("value", content.get("Value"))
    details = None
    if isinstance(product, Mapping) and product:
        details = read_product({"Id": ids["ProductId"], "Name": content.get("ProductName") or "", **product})
        if details.id != ids["ProductId"]:
            raise InputInvalid("the notification names two products", expected="ProductId equal to the product's Id")
    return Notification(
        subscription_id=ids["SubscriptionId"],
        product_id=ids["ProductId"],
        event=read_events(content.get("SubscriptionEvent"))[0],
        notified=read_timestamp(content.get("NotificationDate")),
        product=details,
        deletion_cause=plain_text(product.get("DeletionCause")) if isinstance(product, Mapping) else "",
    )


def read_ack(value: object) -> str | None:
    """The id that acknowledges a queued notification, as text; None if there is no usable one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return plain_text(value) or None if isinstance(value, str) else None


def plain_text(value: object) -> str:
    """A text that can be stored: JSON may hold halves of characters (`\\ud800`), which become question marks."""
    return str(value or "").encode("utf-8", "replace").decode("utf-8")


def read_product(content: object) -> Product:
    """A product of the catalogue; InputInvalid if it has no Id. What is missing otherwise is left empty."""
    if not isinstance(content, Mapping) or not isinstance(content.get("Id"), str) or not content["Id"]:
        raise InputInvalid("the catalogue describes a product without an Id", expected="an object with Id")
    attributes = _attributes(content.get("Attributes"))
    dates = content.get("ContentDate")
    start = dates.get("Start") if isinstance(dates, Mapping) else None
    return Product(
        id=plain_text(content["Id"]).lower(),
        name=plain_text(content.get("Name"))[:_LONGEST_NAME],
        product_type=plain_text(attributes.get("productType"))[:_LONGEST_NAME],
        acquired=read_timestamp(start) or read_timestamp(attributes.get("beginningDateTime")),
        published=read_timestamp(content.get("PublicationDate")),
        footprint=_footprint(content),
        content=content,
    )


def _attributes(value: object) -> dict[str, Any]:
    entries = value if isinstance(value, list) else []
    return {str(entry.get("Name")): entry.get("Value") for entry in entries if isinstance(entry, Mapping)}


def _footprint(content: Mapping[str, Any]) -> BaseGeometry | None:
    """`GeoFootprint` (GeoJSON), else `Footprint` (`geography'SRID=4326;POLYGON ((..))'`); None if none is usable.

    One that crosses itself is repaired; one with very many corners becomes its convex hull, which can only show more.
    """
    geojson, text = content.get("GeoFootprint"), content.get("Footprint")
    for read in (lambda: shape(geojson), lambda: shapely.from_wkt(_wkt(text))):
        try:
            geometry = read()
            corners = shapely.get_num_coordinates(geometry)
            if corners > _MOST_CORNERS:
                geometry = geometry.convex_hull
            if not geometry.is_valid:
                geometry = shapely.make_valid(geometry) if corners <= _REPAIRABLE_CORNERS else geometry.convex_hull
        except Exception:  # noqa: S112 - curves, numbers beyond every limit: what fails there has no end of kinds
            continue
        if not geometry.is_empty and geometry.area > 0:
            return geometry
    return None


def _wkt(text: object) -> str:
    match = re.search(r"SRID=4326;\s*(.+?)'?$", text.strip(), re.DOTALL) if isinstance(text, str) else None
    if match is None:
        raise ValueError("no WKT")
    return match.group(1)
