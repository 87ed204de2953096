"""Typhoon tracks: stored and read back; they decide on landfall and on mail. IBF API 0.335."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ibf_pipeline.sandbox.process import LastUpload, last_upload
from ibf_pipeline.sandbox.responses import collection, feature, server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.timestamps import api_timestamp, date_given, parse_js_date, period_start
from ibf_pipeline.sandbox.uploads import accepted_timestamp, country_known

_POINT_PROPERTIES = ("leadTime", "timestampOfTrackpoint", "windspeed", "category", "firstLandfall", "closestToLand")


def store_track(store: SandboxStore, body: Mapping[str, Any], now: datetime) -> None:
    """Replaces the event's track of the block of six hours; an empty list clears it, an empty name all
    events', a missing date fails.

    Wind speeds are integers: a fractional one is a server error, after the old track was deleted and the other
    points of the call were stored.
    """
    if not date_given(body.get("date")):
        raise server_error()
    moment = accepted_timestamp(body["date"], body["leadTime"], now)
    track_of = {"iso3": body["countryCodeISO3"], "event": body["eventName"]}
    row = {**track_of, "lead_time": body["leadTime"], "moment": moment}
    store.run(
        "DELETE FROM typhoon_track WHERE iso3 = :iso3 AND (:event = '' OR event = :event) AND moment >= :start",
        **track_of,
        start=period_start(store.disasters.with_tracks.period, moment),
    )
    if not country_known(store, row["iso3"]):
        raise server_error()
    points: list[Mapping[str, Any]] = body["trackpointDetails"]
    whole = [point for point in points if float(point["windspeed"]).is_integer()]
    store.insert("typhoon_track", [{**row, "point": json.dumps(_stored(point))} for point in whole])
    if len(whole) < len(points):
        raise server_error()


def _stored(point: Mapping[str, Any]) -> dict[str, Any]:
    moment = api_timestamp(parse_js_date(point["timestampOfTrackpoint"]))
    return {**point, "timestampOfTrackpoint": moment, "windspeed": int(point["windspeed"])}


def track(store: SandboxStore, iso3: str, event: str | None) -> list[dict[str, Any]]:
    """Points of the block of the newest typhoon exposure; nothing before there is one."""
    last = last_upload(store, iso3, store.disasters.with_tracks.name)
    if last is None:
        return []
    found = store.rows(
        "SELECT event AS eventName, lead_time AS leadTime, point FROM typhoon_track WHERE iso3 = :iso3"
        " AND moment >= :cutoff AND (:event IS NULL OR event = :event) ORDER BY id",
        iso3=iso3,
        cutoff=last.cutoff,
        event=event,
    )
    points = [dict(row) for row in found]
    return [point | json.loads(point.pop("point")) for point in points]


def tracks_of_period(store: SandboxStore, last: LastUpload, until: str) -> list[dict[str, Any]]:
    """Tracks by event of the period of an upload, whatever the portal shows now; points in the order of their times."""
    found = store.rows(
        "SELECT event, lead_time AS leadTime, point FROM typhoon_track WHERE iso3 = :iso3 AND moment >= :cutoff"
        " AND moment < :until ORDER BY event, id",
        iso3=last.iso3,
        cutoff=last.cutoff,
        until=until,
    )
    tracks: dict[str, dict[str, Any]] = {}
    for row in found:
        tracks.setdefault(row["event"], {"event": row["event"], "leadTime": row["leadTime"], "points": []})
        tracks[row["event"]]["points"].append(json.loads(row["point"]))
    for each in tracks.values():
        each["points"].sort(key=lambda point: point["timestampOfTrackpoint"])
    return list(tracks.values())


def track_features(store: SandboxStore, iso3: str, event: str | None) -> dict[str, Any]:
    """The points as the API gives them: a FeatureCollection that names no storm."""
    points = track(store, iso3, event)
    return collection(
        [
            feature(
                {name: point[name] for name in _POINT_PROPERTIES},
                {"type": "Point", "coordinates": [point["lon"], point["lat"]]},
            )
            for point in points
        ]
    )


def typhoon_properties(store: SandboxStore, iso3: str, event: str) -> dict[str, bool]:
    """Any first landfall is a landfall; else a last point closest to land means that it is too early to say."""
    points = track(store, iso3, event)
    landfall = any(point["firstLandfall"] for point in points)
    return {
        "typhoonLandfall": landfall,
        "typhoonNoLandfallYet": not landfall and bool(points) and bool(points[-1]["closestToLand"]),
    }


def strong_enough_to_mail(store: SandboxStore, iso3: str, event: str) -> bool:
    return any(point["category"] in ("STS", "TY", "STY") for point in track(store, iso3, event))
