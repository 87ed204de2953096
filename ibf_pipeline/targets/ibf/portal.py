"""An IBF server as a portal that can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.ibf.mail_coverage import mailed_only
from ibf_pipeline.targets.ibf.preflight import UPLOAD_ROLES
from ibf_pipeline.targets.ibf.snapshot import read_snapshot
from ibf_pipeline.targets.ibf.state import ServerState, country_entries, read_state
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.portal import (
    STATION_CATEGORY,
    AdminLevels,
    OpenOnPortal,
    Point,
    PortalCountry,
    PortalSnapshot,
    PortalState,
)

_MISSING = {
    STATION_CATEGORY: (
        "the server has no GloFAS stations of {}",
        "ask the portal's administrator to add them, or write stations.csv by hand (with the one line `no_station,,,` "
        "where GloFAS has no river)",
    )
}
"""category of points -> what is said if there are none, and the remedy"""


@dataclass(frozen=True, slots=True)
class IbfPortal:
    """The questions of `ibf_pipeline.targets.portal.Portal`, put to an IBF server."""

    client: IbfClient
    capabilities: str = "auto"
    mails_countries: Sequence[str] | None = None
    """as in the settings"""

    @property
    def address(self) -> str:
        """The base of the API."""
        return self.client.base

    def log_in(self) -> None:
        """Obtain a token."""
        self.client.login()

    def countries(self) -> Sequence[PortalCountry]:
        """GET /country."""
        return [_country(entry) for entry in country_entries(self.client.get("/country"), self.client.base)]

    def address_of_areas(self, iso3: str, admin_level: int) -> str:
        """Of GET admin-areas."""
        return f"{self.client.base}/admin-areas/{iso3}/{admin_level}"

    def areas(self, iso3: str, admin_level: int) -> Mapping[str, Any]:
        """GET /admin-areas, whose property names are in lower case there and in capitals here.

        Raises
        ------
        ServerRefused
            If the server has no areas of that level.
        """
        features = _features(self.client.get_if_there(f"/admin-areas/{iso3}/{admin_level}"))
        if not features:
            raise ServerRefused(
                f"the server has no areas of level {admin_level} of {iso3}",
                where=self.client.base,
                expected="GET admin-areas (server 0.321 or later) with the country's levels",
                remedy="correct admin_levels, or put the boundary files into the static data by hand",
            )
        renamed = [
            {**feature, "properties": {str(key).upper(): value for key, value in feature["properties"].items()}}
            for feature in features
        ]
        return {"type": "FeatureCollection", "features": renamed}

    def address_of_points(self, iso3: str, category: str) -> str:
        """Of GET point-data."""
        return f"{self.client.base}/point-data/{category}/{iso3}"

    def points(self, iso3: str, category: str, profile: HazardProfile) -> Sequence[Point]:
        """GET /point-data, of a category.

        Raises
        ------
        ServerRefused
            If the server has no points of the category.
        """
        features = _features(
            self.client.get_if_there(f"/point-data/{category}/{iso3}", disasterType=profile.disaster_type)
        )
        if not features:
            unknown = ("the server has no points of {} in the category " + category, "ask the portal's administrator")
            found, remedy = _MISSING.get(category, unknown)
            raise ServerRefused(
                found.format(iso3),
                where=self.client.base,
                expected=f"GET point-data/{category} with the country's {profile.subject}s",
                remedy=remedy,
            )
        return [_point(feature) for feature in features]

    def state(self, iso3: str, profile: HazardProfile) -> PortalState:
        """What a run would find there."""
        state = as_portal_state(read_state(self.client, iso3, profile, self.capabilities))
        return replace(state, mailed_only=mailed_only(iso3, self.mails_countries))

    def map_layers(self, iso3: str, profile: HazardProfile) -> frozenset[str] | None:
        """GET /metadata/layers."""
        layers = self.client.get_if_there(f"/metadata/layers/{iso3}/{profile.disaster_type}")
        if not isinstance(layers, list):
            return None
        return frozenset(str(entry.get("name")) for entry in layers if isinstance(entry, dict))

    def shown(self, iso3: str, profile: HazardProfile, admin_level: int) -> PortalSnapshot:
        """GET /event, and the people of each event by area."""
        return read_snapshot(self.client, iso3, profile, admin_level)


def as_portal_state(state: ServerState) -> PortalState:
    """What a server is, in the words of any portal."""
    events = state.open_events
    return PortalState(
        api_words=f"capabilities `{state.choice.capabilities.name}`: {state.choice.reason}",
        role=state.role,
        upload_roles=UPLOAD_ROLES,
        admin_levels=state.admin_levels,
        default_admin_level=state.default_admin_level,
        place_codes=state.place_codes,
        points=state.points,
        indicators=state.indicators,
        open_events=None if events is None else tuple(OpenOnPortal(event.name, event.is_trigger) for event in events),
        not_checked=(*state.not_checked, *state.doubts),
    )


def _country(entry: Mapping[str, Any]) -> PortalCountry:
    levels = {
        str(settings.get("disasterType")): AdminLevels(
            tuple(sorted(int(level) for level in settings["adminLevels"])), int(settings["defaultAdminLevel"])
        )
        for settings in entry.get("countryDisasterSettings") or ()
    }
    return PortalCountry(str(entry.get("countryCodeISO3")), entry.get("countryName") or None, levels)


def _point(feature: Mapping[str, Any]) -> Point:
    properties = feature["properties"]
    lon, lat = feature["geometry"]["coordinates"][:2]
    code = str(properties.get("stationCode") or properties["fid"])
    return Point(code, str(properties.get("stationName") or ""), lat, lon)


def _features(content: Any) -> Any:
    return content.get("features") if isinstance(content, dict) else None
