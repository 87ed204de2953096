"""Boundaries and stations as a portal has them: the codes and names that uploads must use."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.csv_rows import csv_text
from ibf_pipeline.targets.portal import STATION_CATEGORY, AdminLevels, Portal


def boundaries_of(portal: Portal, iso3: str, admin_level: int) -> str:
    """The areas of a level as GeoJSON text, property names as `prepare` reads them."""
    return json.dumps(portal.areas(iso3, admin_level), ensure_ascii=False)


def stations_of(portal: Portal, iso3: str) -> str:
    """The GloFAS stations as the text of `stations.csv`."""
    points = sorted(portal.points(iso3, STATION_CATEGORY, FLOODS), key=lambda point: point.code)
    rows = ((point.code, point.name, point.lat, point.lon, point.code) for point in points)
    return csv_text([("stationCode", "stationName", "lat", "lon", "fid"), *rows])


def levels_differ(portal: Portal, iso3: str, admin_levels: Sequence[int], default: int) -> str | None:
    """What the portal's settings of the country say otherwise than its configuration, in words."""
    countries = portal.countries()
    country = next((country for country in countries if country.iso3 == iso3), None)
    if country is None:
        raise ServerRefused(
            f"the country {iso3} is not there for this account",
            where=portal.address,
            expected="one of " + ", ".join(sorted(country.iso3 for country in countries)),
            remedy="ask the portal's administrator",
        )
    there = country.levels.get(FLOODS.disaster_type)
    if there is not None and there != AdminLevels(tuple(admin_levels), default):
        return f"admin_levels: {list(there.levels)} and default_admin_level: {there.default}"
    return None
