"""What a portal shows of a country now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.comparison import Shown
from ibf_pipeline.targets.ibf.state import ask_events, moment, station_names
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.portal import ShownNow


def read_shown(client: IbfClient, iso3: str, disaster_type: str, level: int) -> ShownNow:
    """Ask a portal for its open events, with people by area of `level`; ServerRefused where it cannot tell."""
    upload = client.get_if_there(f"/event/last-upload-date/{iso3}/{disaster_type}")
    events = ask_events(client, iso3, disaster_type)
    if upload is None or events is None:
        raise ServerRefused(
            f"this server does not tell its {'open events' if events is None else 'last upload'}",
            where=client.base,
            expected="a server with the routes event and event/last-upload-date",
            remedy="compare by hand: the report of the run has all numbers",
        )
    stations = client.get_if_there(f"/point-data/glofas_stations/{iso3}", disasterType=disaster_type)
    return ShownNow(
        moment(upload.get("timestamp")),
        tuple(_shown(client, event, iso3, disaster_type, level) for event in events),
        {} if stations is None else station_names(stations),
    )


def _shown(client: IbfClient, event: Mapping[str, Any], iso3: str, disaster_type: str, level: int) -> Shown:
    name = str(event["eventName"])
    path = f"/admin-area-dynamic-data/{iso3}/{level}/{POPULATION_AFFECTED}/{disaster_type}"
    rows = client.get(path, eventName=name)
    return Shown(
        name,
        str(event.get("alertLevel", "")),
        event.get("firstLeadTime"),
        event.get("firstTriggerLeadTime"),
        {str(row["placeCode"]): round(row["value"] or 0) for row in rows},
    )
