"""Stations and other points, with the values of the current period."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ibf_pipeline.sandbox.answers import collection, feature
from ibf_pipeline.sandbox.process import last_upload
from ibf_pipeline.sandbox.store import Store

GLOFAS_STATIONS = "glofas_stations"


def points(store: Store, category: str, iso3: str, disaster: str) -> dict[str, Any]:
    """Features with ``dynamicData``: key to text, or null.

    IBF API 0.335, checked on a running instance: the period is that of the newest **exposure** upload, so before
    any there are no values; of each point only the rows with the largest text of timestamp and lead time count, so
    four keys need one date and one lead time, and at one timestamp the alphabetically largest lead time wins.
    """
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        found = store.rows(
            "SELECT p.*, q.properties FROM point AS p LEFT JOIN point_properties AS q ON q.point_id = p.id"
            " WHERE p.iso3 = :iso3 AND p.category = :category ORDER BY p.rowid",
            iso3=iso3,
            category=category,
        )
        features = []
        for row in found:
            place = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
            properties = _described(row) | {"pointDataId": row["id"]}
            properties["dynamicData"] = None if last is None else current_values(store, row["id"], last.cutoff)
            features.append(feature(properties, place))
    return collection(features)


def _described(row: sqlite3.Row) -> dict[str, Any]:
    """Properties in the names of the category: stations have a code and a name of their own, others what was seeded."""
    if row["category"] == GLOFAS_STATIONS:
        return {"stationCode": row["code"], "stationName": row["name"], "fid": row["fid"]}
    further: dict[str, Any] = json.loads(row["properties"] or "{}")
    return {"name": row["name"], **further, "fid": row["fid"]}


def current_values(store: Store, point_id: str, cutoff: str, before: str = "9999") -> dict[str, str | None] | None:
    found = store.rows(
        "SELECT key, value, moment || '_' || COALESCE(lead_time, '0') AS place FROM point_value"
        " WHERE point_id = :point_id AND moment >= :cutoff AND moment < :before ORDER BY id",
        point_id=point_id,
        cutoff=cutoff,
        before=before,
    )
    largest = max((row["place"] for row in found), default=None)
    return {row["key"]: row["value"] for row in found if row["place"] == largest} or None
