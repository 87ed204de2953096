"""Boundaries and stations as the IBF server has them: the codes and names that uploads must use."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.ibf.transport import IbfClient


def boundaries_of(client: IbfClient, iso3: str, admin_level: int) -> str:
    """The areas of a level as GeoJSON text, property names as `prepare` reads them (the server has lower case)."""
    features = _features(client.get_if_there(f"/admin-areas/{iso3}/{admin_level}"))
    if not features:
        raise ServerRefused(
            f"the server has no areas of level {admin_level} of {iso3}",
            where=client.base,
            expected="GET admin-areas (server 0.321 or later) with the country's levels",
            remedy="correct admin_levels, or put the boundary files into the static data by hand",
        )
    renamed = [
        {**feature, "properties": {str(key).upper(): value for key, value in feature["properties"].items()}}
        for feature in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": renamed}, ensure_ascii=False)


def stations_of(client: IbfClient, iso3: str, disaster_type: str = "floods") -> str:
    """The GloFAS stations as the text of `stations.csv`."""
    features = _features(client.get_if_there(f"/point-data/glofas_stations/{iso3}", disasterType=disaster_type))
    if not features:
        raise ServerRefused(
            f"the server has no GloFAS stations of {iso3}",
            where=client.base,
            expected="GET point-data/glofas_stations with the country's stations",
            remedy="ask the portal's administrator to add them, or write stations.csv by hand",
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("stationCode", "stationName", "lat", "lon", "fid"))
    for feature in sorted(features, key=_code):
        lon, lat = feature["geometry"]["coordinates"][:2]
        code = _code(feature)
        writer.writerow((code, feature["properties"].get("stationName") or "", lat, lon, code))
    return out.getvalue()


def levels_differ(client: IbfClient, iso3: str, admin_levels: Sequence[int], default: int) -> str | None:
    """What the server's settings of the country say otherwise than its configuration, in words."""
    countries: Any = client.get("/country")
    country: Mapping[str, Any] | None = next((c for c in countries if c.get("countryCodeISO3") == iso3), None)
    if country is None:
        raise ServerRefused(
            f"the country {iso3} is not there for this account",
            where=client.base,
            expected="one of " + ", ".join(sorted(str(entry.get("countryCodeISO3")) for entry in countries)),
            remedy="ask the portal's administrator",
        )
    for settings in country.get("countryDisasterSettings", ()):
        if settings.get("disasterType") == "floods":
            levels = sorted(int(level) for level in settings["adminLevels"])
            if (levels, int(settings["defaultAdminLevel"])) != (list(admin_levels), default):
                return f"admin_levels: {levels} and default_admin_level: {settings['defaultAdminLevel']}"
    return None


def _features(content: Any) -> Any:
    return content.get("features") if isinstance(content, dict) else None


def _code(feature: Mapping[str, Any]) -> str:
    properties = feature["properties"]
    return str(properties.get("stationCode") or properties["fid"])
