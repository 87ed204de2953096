"""Stations and other points, with the values of the current period."""

from __future__ import annotations

from typing import Any

from ibf_pipeline.sandbox.answers import collection, feature
from ibf_pipeline.sandbox.process import last_upload
from ibf_pipeline.sandbox.store import Store


def points(store: Store, category: str, iso3: str, disaster: str) -> dict[str, Any]:
    """Features with ``dynamicData``: key to text, or null.

    IBF API 0.335, checked on a running instance: the period is that of the newest **exposure** upload, so before
    any there are no values; of each point only the rows with the largest text of timestamp and lead time count, so
    four keys need one date and one lead time, and at one timestamp the alphabetically largest lead time wins.
    """
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        found = store.rows(
            "SELECT code AS stationCode, name AS stationName, fid, id AS pointDataId, lon, lat FROM point"
            " WHERE iso3 = :iso3 AND category = :category ORDER BY rowid",
            iso3=iso3,
            category=category,
        )
        features = []
        for row in found:
            properties = dict(row)
            place = {"type": "Point", "coordinates": [properties.pop("lon"), properties.pop("lat")]}
            properties["dynamicData"] = None if last is None else current_values(store, row["pointDataId"], last.cutoff)
            features.append(feature(properties, place))
    return collection(features)


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
