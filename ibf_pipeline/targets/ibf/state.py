"""What an IBF server knows of a country, read before a plan is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.ibf.capabilities import Choice, choose
from ibf_pipeline.targets.ibf.transport import IbfClient


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event that is active on the server."""

    name: str
    alert_level: str
    first_issued: str
    first_lead_time: str | None
    first_trigger_lead_time: str | None
    place_codes: tuple[str, ...]
    set_by_person: bool
    """a person set it to trigger"""


@dataclass(frozen=True, slots=True)
class ServerState:
    """A country on a server."""

    choice: Choice
    admin_levels: tuple[int, ...]
    default_admin_level: int
    place_codes: Mapping[int, tuple[str, ...]]
    stations: Mapping[str, str]
    """code -> name"""
    last_upload: datetime | None
    open_events: tuple[OpenEvent, ...]


def read_state(client: IbfClient, iso3: str, disaster_type: str, capabilities: str) -> ServerState:
    """Ask the server; ServerRefused where the country is not set up on it."""
    choice = choose(capabilities, client.openapi(), client.host)
    levels, default = _levels(client.get("/country"), iso3, disaster_type, client.base)
    place_codes = {level: _place_codes(client.get(f"/admin-areas/{iso3}/{level}"), level) for level in levels}
    stations = client.get(f"/point-data/glofas_stations/{iso3}", disasterType=disaster_type)
    upload = client.get(f"/event/last-upload-date/{iso3}/{disaster_type}")
    events = client.get("/event", countryCodeISO3=iso3, disasterType=disaster_type)
    return ServerState(
        choice=choice,
        admin_levels=levels,
        default_admin_level=default,
        place_codes=place_codes,
        stations={
            str(feature["properties"].get("stationCode") or feature["properties"]["fid"]): str(
                feature["properties"].get("stationName", "")
            )
            for feature in stations["features"]
        },
        last_upload=moment(upload.get("timestamp")),
        open_events=tuple(_open_event(event) for event in events),
    )


def moment(text: str | None) -> datetime | None:
    """A time stamp of the server, UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _levels(countries: Any, iso3: str, disaster_type: str, where: str) -> tuple[tuple[int, ...], int]:
    country = next((entry for entry in countries if entry.get("countryCodeISO3") == iso3), None)
    if country is None:
        raise ServerRefused(
            f"the country {iso3} is not there for this account",
            where=where,
            expected="one of " + ", ".join(sorted(str(entry.get("countryCodeISO3")) for entry in countries)),
            remedy="ask the server's administrator to add the country to the account",
        )
    settings = next(
        (entry for entry in country.get("countryDisasterSettings", ()) if entry.get("disasterType") == disaster_type),
        None,
    )
    if settings is None:
        raise ServerRefused(
            f"{iso3} is not set up for {disaster_type}", where=where, remedy="ask the server's administrator"
        )
    return tuple(int(level) for level in settings["adminLevels"]), int(settings["defaultAdminLevel"])


def _place_codes(areas: Any, level: int) -> tuple[str, ...]:
    return tuple(
        str({key.lower(): value for key, value in feature["properties"].items()}[f"adm{level}_pcode"])
        for feature in areas["features"]
    )


def _open_event(event: Mapping[str, Any]) -> OpenEvent:
    return OpenEvent(
        name=str(event["eventName"]),
        alert_level=str(event.get("alertLevel", "")),
        first_issued=str(event.get("firstIssuedDate", "")),
        first_lead_time=event.get("firstLeadTime"),
        first_trigger_lead_time=event.get("firstTriggerLeadTime"),
        place_codes=tuple(str(area["placeCode"]) for area in event.get("alertAreas", ())),
        set_by_person=bool(event.get("userTrigger")),
    )
