"""What a portal shows of a day, read from the server by GET. A route that it lacks is reported, and is not an error.

Null and absent keys are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ibf_pipeline.targets.ibf.lookback.expectation import EventExpected, ExpectedPortal
from ibf_pipeline.targets.ibf.lookback.facts import TrackPointExpected
from ibf_pipeline.targets.ibf.queries import as_list, as_upload

PortalValues = Mapping[str, str | None]
"""key -> text of a point"""
RASTERS = "rasters: this server does not tell of them"


class Reader(Protocol):
    """Whoever asks the server; both raise ServerRefused or ServerUnreachable."""

    def get(self, path: str, *, keep_trying: bool, **query: str) -> Any:
        """The JSON that a path answers."""
        ...

    def get_if_there(self, path: str, *, keep_trying: bool, **query: str) -> Any | None:
        """The same, None if there is no such route."""
        ...


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event as the portal shows it; None if the server does not tell."""

    name: str
    alert_level: str | None
    first_lead_time: str | None
    first_trigger: str | None
    set_by_person: bool
    """a user of the portal set it to trigger"""
    severity: float
    """of the forecast, 0..1"""
    trigger: bool
    """of the forecast"""
    listed: Mapping[str, float] | None
    """areas in the list of events, those of its highest level: place code -> people"""
    people: Mapping[int, Mapping[str, float]]
    """on the map: admin level -> place code -> people; only events and levels that were expected"""


@dataclass(frozen=True, slots=True)
class ShownPortal:
    """A portal after publishing; None if the server does not tell."""

    upload: datetime | None
    tells_upload: bool
    events: tuple[EventShown, ...] | None
    points: Mapping[str, Mapping[str, PortalValues] | None]
    """category -> code -> values; a point without values has none"""
    not_checked: tuple[str, ...]
    """in words"""
    tracks: Mapping[str | None, tuple[TrackPointExpected, ...] | None] = field(default_factory=dict)
    """event -> points of its track; None: of all storms together"""


def read_upload(client: Reader, expected: ExpectedPortal) -> tuple[datetime | None, bool]:
    """The time of the last upload (UTC, None if there was none), and whether the server tells it at all."""
    path = f"/event/last-upload-date/{expected.country}/{expected.facts.disaster_type}"
    answer = client.get_if_there(path, keep_trying=False)
    told = {} if answer is None else as_upload(answer, path)
    text = told.get("timestamp")
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    return moment, "timestamp" in told


def read_shown(client: Reader, expected: ExpectedPortal, upload: datetime | None, *, tells_upload: bool) -> ShownPortal:
    """Ask for events, people by area of every level, points and tracks.

    Parameters
    ----------
    client : Reader
        Of the portal; an unreachable one is not waited for.
    expected : ExpectedPortal
        Says which events, levels, categories and tracks are asked for.
    upload, tells_upload
        As of `read_upload`.

    Raises
    ------
    ServerRefused, ServerUnreachable
        If a question is refused or not answered. A route that is not there (404) is in `not_checked` instead.
    """
    kind = expected.facts.disaster_type
    listed = client.get_if_there("/event", keep_trying=False, countryCodeISO3=expected.country, disasterType=kind)
    if listed is None:  # the route of before 0.331
        listed = client.get_if_there(f"/event/{expected.country}/{kind}", keep_trying=False)
    listed = None if listed is None else as_list(listed, "/event")
    awaited = {event.name: event for event in expected.events}
    events = [_event(client, expected, event, awaited.get(str(event["eventName"]))) for event in listed or ()]
    points = {category: _points(client, expected, category) for category in _categories(expected)}
    names = (None, *(track.event for track in expected.tracks)) if expected.facts.tracks else ()
    tracks = {name: _track(client, expected.country, name) for name in names}
    untold = [
        *([] if tells_upload else ["upload time: this server does not tell it"]),
        *(["events and their people: this server does not tell them"] if listed is None else []),
        *(f"{category}: this server does not tell them" for category, told in points.items() if told is None),
        *([RASTERS] if expected.rasters else []),
        *(["tracks: this server does not tell them"] if None in tracks.values() else []),
    ]
    return ShownPortal(upload, tells_upload, None if listed is None else tuple(events), points, tuple(untold), tracks)


def _categories(expected: ExpectedPortal) -> set[str]:
    """Also those in which a point of an earlier upload may be exposed still."""
    return {point.category for point in expected.points} | set(expected.facts.exposed)


def _event(
    client: Reader, expected: ExpectedPortal, event: Mapping[str, Any], awaited: EventExpected | None
) -> EventShown:
    areas = event.get("alertAreas")
    return EventShown(
        name=str(event["eventName"]),
        alert_level=event.get("alertLevel"),
        first_lead_time=event.get("firstLeadTime"),
        first_trigger=event.get("firstTriggerLeadTime"),
        set_by_person=bool(event.get("userTrigger")),
        severity=float(event.get("forecastSeverity") or 0),
        trigger=bool(event.get("forecastTrigger")),
        listed=None if areas is None else {str(a["placeCode"]): float(a.get("mainExposureValue") or 0) for a in areas},
        people={}
        if awaited is None
        else {level: _people(client, expected, awaited, level) for level in awaited.people},
    )


def _people(client: Reader, expected: ExpectedPortal, event: EventExpected, level: int) -> dict[str, float]:
    """Of one event on one level: without the event's name the server adds up, and without its lead time mixes."""
    facts = expected.facts
    path = f"/admin-area-dynamic-data/{expected.country}/{level}/{facts.people}/{facts.disaster_type}"
    rows = as_list(client.get(path, keep_trying=False, eventName=event.name, leadTime=event.lead_time), path)
    return {str(row["placeCode"]): float(row.get("value") or 0) for row in rows}


def _points(client: Reader, expected: ExpectedPortal, category: str) -> dict[str, PortalValues] | None:
    path = f"/point-data/{category}/{expected.country}"
    answer = client.get_if_there(path, keep_trying=False, disasterType=expected.facts.disaster_type)
    if answer is None:
        return None
    told: dict[str, PortalValues] = {}
    for each in (feature["properties"] for feature in answer["features"]):
        code = str(each.get("stationCode") or each["fid"])
        told[code] = {**told.get(code, {}), **(each.get("dynamicData") or {})}  # one of those that share an id
    return told


def _track(client: Reader, country: str, event: str | None) -> tuple[TrackPointExpected, ...] | None:
    """Points of one storm, or of all, in the order of their times."""
    query = {} if event is None else {"eventName": event}
    answer = client.get_if_there(f"/typhoon-track/{country}", keep_trying=False, **query)
    return None if answer is None else tuple(sorted(_track_point(feature) for feature in answer["features"]))


def _track_point(feature: Mapping[str, Any]) -> TrackPointExpected:
    about, (lon, lat) = feature["properties"], feature["geometry"]["coordinates"][:2]
    return TrackPointExpected(
        moment=datetime.fromisoformat(about["timestampOfTrackpoint"].replace("Z", "+00:00")).replace(microsecond=0),
        lat=round(float(lat), 4),
        lon=round(float(lon), 4),
        windspeed=int(about["windspeed"]),
        category=str(about["category"]),
        landfall=bool(about["firstLandfall"]),
        closest=bool(about["closestToLand"]),
    )
