"""What a portal shows of a country now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.comparison import PortalEvent
from ibf_pipeline.targets.ibf.queries import ask_last_upload, ask_list
from ibf_pipeline.targets.ibf.state import ask_events, point_names, server_timestamp
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.portal import PortalSnapshot


def read_snapshot(client: IbfClient, iso3: str, profile: HazardProfile, level: int) -> PortalSnapshot:
    """Ask a portal for its open events and their people by area.

    Parameters
    ----------
    client : IbfClient
        Of the portal.
    iso3, profile
        Country and hazard.
    level : int
        Admin level of the areas. Only alerted ones count, if the server tells which these are.

    Raises
    ------
    ServerRefused
        If the server has no route for its open events or its last upload.
    """
    disaster_type = profile.disaster_type
    upload = ask_last_upload(client, iso3, disaster_type)
    events = ask_events(client, iso3, disaster_type)
    if upload is None or events is None:
        raise ServerRefused(
            f"this server does not tell its {'open events' if events is None else 'last upload'}",
            where=client.base,
            expected="a server with the routes event and event/last-upload-date",
            remedy="compare by hand: the report of the run has all numbers",
        )
    category = profile.subject_points
    points = client.get_if_there(f"/point-data/{category}/{iso3}", disasterType=disaster_type) if category else None
    return PortalSnapshot(
        profile.issue_time(last) if (last := server_timestamp(upload.get("timestamp"))) else None,
        tuple(_shown(client, event, iso3, profile, level) for event in events),
        {} if points is None else point_names(points),
    )


def _shown(client: IbfClient, event: Mapping[str, Any], iso3: str, profile: HazardProfile, level: int) -> PortalEvent:
    name = str(event["eventName"])
    path = f"/admin-area-dynamic-data/{iso3}/{level}/{profile.people_indicator}/{profile.disaster_type}"
    rows = ask_list(client, path, eventName=name)
    listed = ask_list(client, f"/event/alert-areas/{iso3}/{level}/{profile.disaster_type}", eventName=name)
    alerted = None if listed is None else {str(area["placeCode"]) for area in listed}
    return PortalEvent(
        name,
        str(event.get("alertLevel", "")),
        event.get("firstLeadTime"),
        event.get("firstTriggerLeadTime"),
        {
            code: round(row["value"] or 0)
            for row in rows or ()
            if (code := str(row["placeCode"])) and (alerted is None or code in alerted)  # others go with their people
        },
    )
