"""Stations and other points, with the values of the current period."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ibf_pipeline.sandbox.process import last_upload
from ibf_pipeline.sandbox.responses import collection, feature
from ibf_pipeline.sandbox.store import SandboxStore

GLOFAS_STATIONS = "glofas_stations"


def point_features(store: SandboxStore, category: str, iso3: str, disaster: str) -> dict[str, Any]:
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
        values = {} if last is None else values_of_category(store, category, iso3, last.cutoff)
        features = []
        for row in found:
            place = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
            properties = _described(row) | {"pointDataId": row["id"]}
            properties["dynamicData"] = values[row["id"]].values if row["id"] in values else None
            features.append(feature(properties, place))
    return collection(features)


def _described(row: sqlite3.Row) -> dict[str, Any]:
    """Properties in the names of the category: stations have a code and a name of their own, others what was seeded."""
    if row["category"] == GLOFAS_STATIONS:
        return {"stationCode": row["code"], "stationName": row["name"], "fid": row["fid"]}
    return {"name": row["name"], **_further(row["properties"] or "{}"), "fid": row["fid"]}


@lru_cache(maxsize=256)
def _further(properties: str) -> Mapping[str, Any]:
    """Most of some thousand points have the same words."""
    found: dict[str, Any] = json.loads(properties)
    return found


@dataclass(frozen=True, slots=True)
class PointValues:
    """What counts of a point in a period: the values of one upload and lead time."""

    lead_time: str | None
    values: dict[str, str | None]
    """key to text"""


def values_of_category(
    store: SandboxStore, category: str, iso3: str, cutoff: str, before: str = "9999"
) -> dict[str, PointValues]:
    """Point id to the values of those that have any in the period; thousands of points are read at once."""
    found = store.rows(
        "SELECT v.point_id, v.key, v.value, v.lead_time, v.moment || '_' || COALESCE(v.lead_time, '0') AS place"
        " FROM point_value AS v JOIN point AS p ON p.id = v.point_id WHERE p.iso3 = :iso3 AND p.category = :category"
        " AND v.moment >= :cutoff AND v.moment < :before ORDER BY v.id",
        iso3=iso3,
        category=category,
        cutoff=cutoff,
        before=before,
    )
    largest: dict[str, str] = {}
    for row in found:
        largest[row["point_id"]] = max(row["place"], largest.get(row["point_id"], ""))
    points: dict[str, PointValues] = {}
    for row in found:
        if row["place"] == largest[row["point_id"]]:
            point = points.setdefault(row["point_id"], PointValues(row["lead_time"], {}))
            point.values[row["key"]] = row["value"]
    return points
