"""What only typhoon sends to the IBF API: the track of each storm.

Numbers of rules are those of `docs/design/typhoon.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.typhoon.findings import TrackPoint, TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.publish.call import Call
from ibf_pipeline.targets.ibf.bodies import Bodies
from ibf_pipeline.targets.ibf.timestamp import date_of_calls
from ibf_pipeline.targets.problems import Problem

TRACK: Final = "/typhoon-track"
_MAILED_CATEGORIES: Final = ("STS", "TY", "STY")
"""categories; the server mails nobody about a storm without a point of them"""
_ALL_EVENTS: Final = ""
"""name by which an empty track clears those of all events"""


def track_of_event(findings: TyphoonFindings, event: TyphoonEvent, bodies: Bodies) -> Iterator[Call]:
    """POST typhoon-track: the track of an event (rules 10 and 14), in place of the one that the block had of it.

    Positions are rounded to 4 decimals, winds are whole km/h.

    Raises
    ------
    InputInvalid
        If the server would answer 500 half-way, with a part of the points stored.

    References
    ----------
    docs/design/typhoon.md.
    """
    faults = list(_faults(event))
    if faults:
        raise InputInvalid(
            f"the track of {event.name} cannot be sent: {'; '.join(faults)}",
            expected="whole km/h, known categories and times that grow",
        )
    yield _track(event.name, event.lead_time, [_point(point) for point in event.track], bodies, "track")


def track_removal(findings: TyphoonFindings, bodies: Bodies) -> Iterator[Call]:
    """An empty track without a name: it removes all tracks of the block, also of storms that are no longer events.

    It is the first of all calls: once the rows of the block are removed too, nothing tells a later revision that the
    tracks are there.
    """
    yield _track(_ALL_EVENTS, TYPHOON.no_alert_lead_time, [], bodies, "wipe the earlier tracks")


def unmailed(event: TyphoonEvent) -> bool:
    """Whether the server mails nobody about a storm, whatever it is: none of its points is STS or more."""
    return not any(point.category in _MAILED_CATEGORIES for point in event.track)


def unfit_tracks(findings: TyphoonFindings, points: Mapping[str, Mapping[str, str] | None]) -> Iterator[Problem]:
    """Names and tracks that the server would refuse, cut, or mix up. `points` is not used."""
    for event in findings.publishable_events:
        if not event.name or "_" in event.name:
            yield Problem(
                f"event name {event.name!r}: portal and mail cut it at its first `_`, and an empty one clears all "
                "tracks; correct the file of names"
            )
        if event.lead_time not in TYPHOON.lead_times:
            yield Problem(f"event {event.name}: lead time of {event.lead_time} h, the portal takes 0 to 168")
        for fault in _faults(event):
            yield Problem(f"event {event.name}: {fault}")
        if not event.track:
            yield Problem(f"event {event.name} has no track: the server mails nobody about it", blocks=False)


def _faults(event: TyphoonEvent) -> Iterator[str]:
    """What is wrong with a track."""
    track = event.track
    for point in track:
        if point.wind_kmh != int(point.wind_kmh) or point.wind_kmh < 0:
            yield f"{point.wind_kmh} km/h at {point.moment:%Y-%m-%d %H:%M}, the server takes whole numbers"
        if not (math.isfinite(point.lat) and math.isfinite(point.lon) and abs(point.lat) <= 90):
            yield f"a point at {point.lat}, {point.lon}"
    moments = [point.moment for point in track]
    if moments != sorted(set(moments)):
        yield "its points are not in the order of their times"
    marks = sum(point.landfall for point in track), sum(point.closest for point in track)
    if track and marks not in ((1, 0), (0, 1)):
        yield f"{marks[0]} points of landfall and {marks[1]} closest to land, one of either is expected"


def _track(event: str, lead_time: int, points: list[dict[str, Any]], bodies: Bodies, step: str) -> Call:
    body = {
        "countryCodeISO3": bodies.head["countryCodeISO3"],
        "leadTime": bodies.profile.lead_time_name(lead_time),
        "eventName": event,
        "date": bodies.head["date"],
        "trackpointDetails": points,
    }
    return Call(0, step, "POST", TRACK, body=body, event=event or None)


def _point(point: TrackPoint) -> dict[str, Any]:
    return {
        "lat": round(point.lat, 4),
        "lon": round(point.lon, 4),
        "timestampOfTrackpoint": date_of_calls(point.moment),
        "windspeed": int(point.wind_kmh),
        "category": point.category,
        "firstLandfall": point.landfall,
        "closestToLand": point.closest,
    }
