"""What an IBF server knows of a country, read before a plan is made. Older servers lack routes: not an error."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ibf_pipeline.domain.findings import Event
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import IbfError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.runs.publication_history import PublicationHistory
from ibf_pipeline.targets.comparison import alert_level
from ibf_pipeline.targets.ibf.capabilities import Choice, choose
from ibf_pipeline.targets.ibf.queries import ask_features, ask_last_upload, ask_list
from ibf_pipeline.targets.ibf.timestamp import date_of_calls
from ibf_pipeline.targets.ibf.transport import IbfClient


@dataclass(frozen=True, slots=True)
class OpenArea:
    """An area of an active event."""

    place_code: str
    first_issued: datetime | None
    """UTC"""
    set_by_person: bool
    """a user of the portal set it to trigger"""
    actions_ticked: int
    """early actions that people ticked"""
    name: str = ""
    """empty if the server does not tell it"""


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event that is active on the server."""

    name: str
    alert_level: str
    first_issued: str
    areas: tuple[OpenArea, ...]

    @property
    def is_trigger(self) -> bool:
        """Whether the portal shows it as a trigger."""
        return self.alert_level == "trigger"


@dataclass(frozen=True, slots=True)
class ServerState:
    """A country on a server; None if this server has no route that tells."""

    choice: Choice
    role: str | None
    admin_levels: tuple[int, ...]
    default_admin_level: int
    place_codes: Mapping[int, tuple[str, ...] | None]
    points: Mapping[str, Mapping[str, str] | None]
    """of the hazard's categories: code -> name"""
    last_upload: datetime | None
    indicators: frozenset[str] | None
    """dynamic indicators that are set up for the country"""
    open_events: tuple[OpenEvent, ...] | None
    not_checked: tuple[str, ...] = ()
    """what this server has no route for, in words"""
    doubts: tuple[str, ...] = ()
    """what it does not tell whole, and what stands in, in words"""
    exposed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """category -> codes of the points that it shows as exposed"""

    def subjects(self, profile: HazardProfile) -> Mapping[str, str] | None:
        """Code -> name of the points that events of a hazard are about; None if there are none, or none are told."""
        return self.points.get(profile.subject_points) if profile.subject_points else None


_LAST_UPLOAD = "last upload date"
"""in `not_checked`"""


def _as_open(event: Event) -> OpenEvent:
    """An event of ours as the server would tell of it; what people decided about its areas is not known."""
    return OpenEvent(event.name, alert_level(event), "", ())


def read_last_upload(client: IbfClient, iso3: str, disaster_type: str, own: Collection[str]) -> datetime | None:
    """The `date` of the server's last upload, which it takes for the present time; None if there was none.

    Parameters
    ----------
    client : IbfClient
        Of the server.
    iso3, disaster_type : str
        Whose last upload is asked for.
    own : collection of str
        The `date` of each of our own uploads; the newest counts if the server has no route that tells its last one.

    Raises
    ------
    ServerRefused, ServerUnreachable
        As `ask_last_upload`.
    """
    return _last_upload(ask_last_upload(client, iso3, disaster_type), own)


def _last_upload(upload: Mapping[str, Any] | None, own: Collection[str]) -> datetime | None:
    return server_timestamp(max(own, default=None) if upload is None else upload.get("timestamp"))


def read_state(
    client: IbfClient,
    iso3: str,
    profile: HazardProfile,
    capabilities: str,
    past: PublicationHistory | None = None,
    *,
    take_over: bool = False,
) -> ServerState:
    """Ask the server for everything that a plan and its checks need, by GET alone.

    Parameters
    ----------
    client : IbfClient
        Of the server.
    iso3, profile
        Country and hazard.
    capabilities : str
        As in the settings: `auto`, `described` or `current`.
    past : PublicationHistory, optional
        Our own record, if something is to be published; None: only a question is asked.
    take_over : bool
        Our own record may stand in for the open events of somebody else's day that is half made.

    Raises
    ------
    ServerRefused
        If the country or hazard is not set up on the server, its capabilities cannot be told, or it cannot list its
        open events while the last upload is somebody else's.
    ServerUnreachable
        If it does not answer. Also for the open events alone, if the last upload is ours and complete.

    Notes
    -----
    A server half-way through an upload lists only the events that the upload has refreshed, or answers 500. If a
    revision of ours broke off, the events of our own record are added to the list or stand in for it.
    """
    disaster_type = profile.disaster_type
    choice = choose(capabilities, _openapi(client, capabilities), client.host)
    levels, default = _levels(client.get("/country"), iso3, disaster_type, client.base)
    areas = {level: ask_features(client, f"/admin-areas/{iso3}/{level}") for level in levels}
    points = {
        category: ask_features(client, f"/point-data/{category}/{iso3}", disasterType=disaster_type)
        for category in profile.points
    }
    upload = ask_last_upload(client, iso3, disaster_type)
    indicators = ask_list(client, f"/metadata/indicators/{iso3}/{disaster_type}")
    own = past or PublicationHistory()
    last_upload = _last_upload(upload, own.uploaded_dates)
    ours = past is None or last_upload is None or date_of_calls(last_upload) in own.uploaded_dates
    believe = bool(own.partly_uploaded_dates) or take_over
    foreign = None if ours else last_upload
    events, doubts = _told_events(client, iso3, disaster_type, foreign, believe=believe, plans=past is not None)
    listed = [_open_event(event, _areas_of(client, event, iso3, default, disaster_type)) for event in events or ()]
    names = {event.name for event in listed}
    doubtful = events is None or bool(own.partly_uploaded_dates)
    unlisted = [_as_open(event) for event in own.possibly_open_events if doubtful and event.name not in names]
    if events is not None and unlisted:
        added = ", ".join(event.name for event in unlisted)
        doubts = (f"open events: a revision of ours broke off, and our own record adds {added}",)
    asked = {
        "admin areas": None if None in areas.values() else areas,
        **{category_words(category): found for category, found in points.items()},
        _LAST_UPLOAD: upload,
        "indicators": indicators,
        "open events": events if events is not None or not doubts else (),
    }
    return ServerState(
        choice=choice,
        role=client.role,
        admin_levels=levels,
        default_admin_level=default,
        place_codes={level: _place_codes(found, level) if found else None for level, found in areas.items()},
        points={category: point_names(found) if found else None for category, found in points.items()},
        last_upload=last_upload,
        indicators=_dynamic_indicators(indicators) if indicators else None,
        open_events=None
        if events is None and past is None
        else (*listed, *(_with_areas(client, event, iso3, default, disaster_type) for event in unlisted)),
        not_checked=tuple(name for name, found in asked.items() if found is None),
        doubts=doubts,
        exposed={category: exposed_points(found) for category, found in points.items() if found},
    )


def _told_events(
    client: IbfClient, iso3: str, disaster_type: str, foreign: datetime | None, *, believe: bool, plans: bool
) -> tuple[Any, tuple[str, ...]]:
    """The open events as the server tells them, None if it cannot; and what is to be said of that.

    `foreign`: the last upload if it is not ours; `believe`: our own record, if the server does not answer;
    `plans`: whether something is to be published over them.
    """
    try:
        return ask_events(client, iso3, disaster_type), ()
    except ServerUnreachable as error:
        if believe:
            return None, (f"open events: not checked, our own record stands in ({error.found})",)
        if not plans and isinstance(error, NoAnswer) and error.status == 500:
            return None, (f"open events: not checked, somebody's upload may be half made there ({error.found})",)
        if foreign is None:
            raise
        raise ServerRefused(
            f"{error.found}, and the last upload, of {foreign:%Y-%m-%d %H:%M:%S}Z, is not ours: somebody else's day "
            "may be half made there",
            where=error.where,
            expected="the open events",
            remedy="run again once it is whole, or publish over it with --take-over",
        ) from None


def _with_areas(client: IbfClient, event: OpenEvent, iso3: str, level: int, disaster_type: str) -> OpenEvent:
    """An event of our own record with what the server tells of its areas, which it does while a day is half made."""
    known = _areas_of(client, {"eventName": event.name}, iso3, level, disaster_type)
    issued = min((area.first_issued.isoformat() for area in known if area.first_issued), default="")
    level_now = "trigger" if any(area.set_by_person for area in known) else event.alert_level
    return replace(event, alert_level=level_now, first_issued=issued, areas=known)


def ask_events(client: IbfClient, iso3: str, disaster_type: str) -> Any:
    """GET /event, or the route of servers before 0.331: the open events as the server lists them; None without both."""
    events = ask_list(client, "/event", countryCodeISO3=iso3, disasterType=disaster_type)
    return ask_list(client, f"/event/{iso3}/{disaster_type}") if events is None else events


def _openapi(client: IbfClient, capabilities: str) -> Any:
    """The server's OpenAPI document; None if it cannot be read and the capabilities are set without it."""
    try:
        return client.openapi()
    except IbfError:
        if capabilities == "auto":
            raise
        return None


def server_timestamp(text: str | None) -> datetime | None:
    """A timestamp of the server, UTC; None for an empty one.

    Examples
    --------
    >>> str(server_timestamp("2026-02-15T00:00:01.000Z"))
    '2026-02-15 00:00:01+00:00'
    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def country_entries(countries: Any, where: str) -> list[dict[str, Any]]:
    """The answer of GET /country.

    Parameters
    ----------
    countries : Any
        The JSON of the answer.
    where : str
        The server's address, for the message.

    Raises
    ------
    ServerRefused
        If it is not a list of countries.
    """
    if not isinstance(countries, list) or not all(isinstance(entry, dict) for entry in countries):
        raise ServerRefused(
            "GET /country answered no list of countries",
            where=where,
            expected="what an IBF server answers",
            remedy="check the target's url; if it is right, ask the server's administrator",
        )
    return countries


def _levels(answer: Any, iso3: str, disaster_type: str, where: str) -> tuple[tuple[int, ...], int]:
    countries = country_entries(answer, where)
    country = next((entry for entry in countries if entry.get("countryCodeISO3") == iso3), None)
    if country is None:
        raise ServerRefused(
            f"the country {iso3} is not there for this account",
            where=where,
            expected="one of " + ", ".join(sorted(str(entry.get("countryCodeISO3")) for entry in countries)),
            remedy="ask the server's administrator to add the country to the account",
        )
    settings = next(
        (entry for entry in country.get("countryDisasterSettings") or () if entry.get("disasterType") == disaster_type),
        None,
    )
    if settings is None:
        raise ServerRefused(
            f"{iso3} is not set up for {disaster_type}", where=where, remedy="ask the server's administrator"
        )
    return tuple(sorted(int(level) for level in settings["adminLevels"])), int(settings["defaultAdminLevel"])


def _place_codes(areas: Any, level: int) -> tuple[str, ...]:
    return tuple(
        str({key.lower(): value for key, value in feature["properties"].items()}[f"adm{level}_pcode"])
        for feature in areas["features"]
    )


def category_words(category: str) -> str:
    """A category of points as people call it: `stations`."""
    return category.removeprefix("glofas_").replace("_", " ")


def point_names(collection: Any) -> dict[str, str]:
    """Code -> name, from the server's GeoJSON of the points of a category."""
    properties = [feature["properties"] for feature in collection["features"]]
    return {str(p.get("stationCode") or p["fid"]): str(p.get("stationName", p.get("name")) or "") for p in properties}


def exposed_points(collection: Any) -> frozenset[str]:
    """Codes of those that are shown as exposed."""
    properties = [feature["properties"] for feature in collection["features"]]
    return frozenset(str(p["fid"]) for p in properties if (p.get("dynamicData") or {}).get("exposure") == "true")


def _dynamic_indicators(indicators: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(str(entry["name"]) for entry in indicators if entry.get("dynamic", True) and "name" in entry)


def _areas_of(
    client: IbfClient, event: Mapping[str, Any], iso3: str, level: int, disaster_type: str
) -> tuple[OpenArea, ...]:
    """All areas of an event on the default level; the event itself lists only those of its highest class."""
    areas = ask_list(client, f"/event/alert-areas/{iso3}/{level}/{disaster_type}", eventName=str(event["eventName"]))
    return tuple(open_area(area) for area in (event.get("alertAreas", ()) if areas is None else areas))


def _open_event(event: Mapping[str, Any], areas: tuple[OpenArea, ...]) -> OpenEvent:
    level, issued = str(event.get("alertLevel", "")), str(event.get("firstIssuedDate", ""))
    return OpenEvent(str(event["eventName"]), level, issued, areas)


def open_area(area: Mapping[str, Any]) -> OpenArea:
    """An area as `event/alert-areas` lists it."""
    issued = server_timestamp(area.get("firstIssuedDate"))
    return OpenArea(
        place_code=str(area["placeCode"]),
        first_issued=issued,
        set_by_person=bool(area.get("userTrigger")),
        actions_ticked=sum(bool(action.get("checked")) for action in area.get("eapActions") or ()),
        name=str(area.get("name") or ""),
    )
