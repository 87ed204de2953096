"""What an upload does to the stored rows: delete what it replaces, insert what it brings.

IBF API 0.335, checked on a running instance. A delete reaches from the start of the period of the upload's date
**without an upper bound**, so an older upload removes newer rows of the same event.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.timestamps import InvalidDate, date_given, period_start, upload_timestamp

# PostgreSQL takes 65,535 parameters in a statement and a row needs ten of them.
_MOST_ROWS = 65_535 // 10
# Rows of one event, or without a name those of all.
_OF_EVENT = "AND (:event IS NULL OR event = :event)"


@dataclass(frozen=True, slots=True)
class LeadTimeAlert:
    """Flags of one lead time: any alert, and whether it is a trigger."""

    lead_time: str
    alert: bool
    trigger: bool


def accepted_timestamp(date: Any, lead_time: str | None, now: datetime) -> str:
    try:
        return upload_timestamp(date, lead_time, now)
    except InvalidDate:
        raise server_error() from None


def store_exposure(store: SandboxStore, body: Mapping[str, Any], now: datetime) -> None:
    """One indicator of one level: replaces the rows of the event, or without event name those of all events.

    An empty list only deletes. Place codes are not checked, duplicates are kept.
    """
    iso3, disaster, lead_time = body["countryCodeISO3"], body["disasterType"], body["leadTime"]
    moment, hazard = accepted_timestamp(body.get("date"), lead_time, now), store.disasters[disaster]
    upload: dict[str, Any] = {
        "iso3": iso3,
        "disaster": disaster,
        "indicator": body["dynamicIndicator"],
        "level": body["adminLevel"],
        "event": body.get("eventName") or hazard.name_without_event(iso3, lead_time),
    }
    places: Sequence[Mapping[str, Any]] = body["exposurePlaceCodes"]
    with store.transaction():
        store.run(
            "DELETE FROM exposure WHERE iso3 = :iso3 AND disaster = :disaster AND indicator = :indicator"  # noqa: S608
            f" AND level = :level AND moment >= :start {_OF_EVENT}",
            **upload,
            start=period_start(hazard.period, moment),
        )
    # The delete stands even if the insert fails: the service uses no transaction around the two.
    if not places:
        return
    if len(places) > _MOST_ROWS or not country_known(store, iso3):
        raise server_error()
    upload |= {"lead_time": lead_time, "day": period_start("day", moment), "moment": moment}
    upload["received"] = not date_given(body.get("date"))
    rows = [{**upload, "place_code": place["placeCode"], "value": as_real(place["amount"])} for place in places]
    with store.transaction():
        store.insert("exposure", rows)


def store_alerts(
    store: SandboxStore,
    iso3: str,
    disaster: str,
    event: str | None,
    moment: str,
    alerts: Sequence[LeadTimeAlert],
    *,
    received: bool = False,
) -> None:
    """Flags of some lead times: replace those of the event, or without event name those of **all** events."""
    start = period_start(store.disasters[disaster].period, moment)
    upload: dict[str, Any] = {"iso3": iso3, "disaster": disaster, "event": event}
    row = {**upload, "day": period_start("day", moment), "moment": moment, "received": received}
    with store.transaction():
        for lead_time in {alert.lead_time for alert in alerts}:
            store.run(
                "DELETE FROM lead_time_alert WHERE iso3 = :iso3 AND disaster = :disaster AND moment >= :start"  # noqa: S608
                f" AND lead_time = :lead_time {_OF_EVENT}",
                **upload,
                start=start,
                lead_time=lead_time,
            )
        store.insert("lead_time_alert", [row | asdict(alert) for alert in alerts])


def store_point_values(store: SandboxStore, body: Mapping[str, Any], now: datetime) -> None:
    """One key of some points: replaces the same point, key and lead time in the period.

    Unknown points and categories are skipped without a word; a missing key fails in the database, and an unreadable
    date if there is a point. Values become text.
    """
    if not body["dynamicPointData"]:
        return
    key, category, moment = (
        body.get("key"),
        body.get("pointDataCategory"),
        accepted_timestamp(body.get("date"), None, now),
    )
    row: dict[str, Any] = {"key": key, "lead_time": body.get("leadTime") or None, "moment": moment}
    row["received"] = not date_given(body.get("date"))
    with store.transaction():
        for item in body["dynamicPointData"]:
            point = store.row(
                "SELECT id FROM point WHERE fid = :fid AND (:category IS NULL OR category = :category)"
                " ORDER BY iso3 = :iso3 DESC LIMIT 1",
                iso3=body["countryCodeISO3"],
                fid=js_text(item["fid"]),
                category=None if category is None else str(category),
            )
            if point is None:
                continue
            if key is None:
                raise server_error()
            store.run(
                "DELETE FROM point_value WHERE point_id = :point AND key = :key AND lead_time IS :lead_time"
                " AND moment >= :start",
                **row,
                point=point["id"],
                start=period_start(store.disasters[body["disasterType"]].period, moment),
            )
            store.insert("point_value", [{**row, "point_id": point["id"], "value": js_text(item.get("value"))}])


def country_known(store: SandboxStore, iso3: str) -> bool:
    return store.row("SELECT 1 FROM country WHERE iso3 = :iso3", iso3=iso3) is not None


def area_known(store: SandboxStore, place_code: str) -> bool:
    return store.row("SELECT 1 FROM admin_area WHERE place_code = :code", code=place_code) is not None


def as_real(value: float) -> float:
    """The value after a stay in a column of four bytes: about seven digits are left of it."""
    try:
        packed = struct.pack("f", value)
    except OverflowError:
        raise server_error() from None
    shortened = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    return next((near for near in shortened if struct.pack("f", near) == packed), struct.unpack("f", packed)[0])


def js_text(value: Any) -> str | None:
    """Everything becomes text, as JavaScript writes it: 2.0 is "2", true is "true", an object is its JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return js_number(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def js_number(value: float) -> str:
    """A number as JavaScript prints it: exponents only from 1e21 up and below 1e-6."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    digits, _, exponent = text.partition("e")
    power = int(exponent)
    if power < -6 or power >= 21:
        return f"{digits}e{power:+d}"
    return format(Decimal(text), "f")
