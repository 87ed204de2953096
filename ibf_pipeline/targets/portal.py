"""What a portal can be asked, so that checks, comparisons and static data need not know its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.targets.comparison import PortalEvent

STATION_CATEGORY = "glofas_stations"
"""category of the points that are GloFAS stations"""


@dataclass(frozen=True, slots=True)
class AdminLevels:
    """The admin levels that a country has for a disaster type."""

    levels: tuple[int, ...]
    """ascending"""
    default: int


@dataclass(frozen=True, slots=True)
class PortalCountry:
    """A country that an account sees."""

    iso3: str
    name: str | None = None
    levels: Mapping[str, AdminLevels] = field(default_factory=dict)
    """by disaster type"""


@dataclass(frozen=True, slots=True)
class Point:
    """A place of a category on a portal's map."""

    code: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class OpenOnPortal:
    """An event that is open, by the name that is its identity there."""

    name: str
    is_trigger: bool


@dataclass(frozen=True, slots=True)
class PortalState:
    """How a portal is set up for a country, and what is open there; None if it cannot tell."""

    api_words: str
    """which version of its API is used and why, in words"""
    role: str | None
    """of the account"""
    upload_roles: tuple[str, ...]
    """roles that may upload"""
    admin_levels: tuple[int, ...]
    default_admin_level: int
    place_codes: Mapping[int, tuple[str, ...] | None]
    """by level"""
    points: Mapping[str, Mapping[str, str] | None]
    """of the hazard's categories: code -> name"""
    indicators: frozenset[str] | None
    open_events: tuple[OpenOnPortal, ...] | None
    not_checked: tuple[str, ...] = ()
    """what it has no way of telling, in words"""
    mailed_only: tuple[str, ...] | None = None
    """the countries that it mails about if this one is not one of them; None if it is"""


@dataclass(frozen=True, slots=True)
class PortalSnapshot:
    """What a portal shows of a country now."""

    issue_time: IssueTime | None
    """of its last upload; None if there was none"""
    events: tuple[PortalEvent, ...]
    subjects: Mapping[str, str]
    """code -> name of the points that its events are about"""


class Portal(Protocol):
    """A portal that is open for questions; each raises ServerRefused or ServerUnreachable if it does not answer.

    Nothing here changes the portal. docs/design/targets.md says where an implementation belongs.
    """

    @property
    def address(self) -> str:
        """Where it is, for messages."""
        ...

    def log_in(self) -> None:
        """Check the account.

        Raises
        ------
        ServerRefused
            If the account is wrong, with the remedy.
        """
        ...

    def countries(self) -> Sequence[PortalCountry]:
        """The countries that the account sees."""
        ...

    def address_of_areas(self, iso3: str, admin_level: int) -> str:
        """Where the areas of a level come from, for the record."""
        ...

    def areas(self, iso3: str, admin_level: int) -> Mapping[str, Any]:
        """The areas of a level as GeoJSON, property names in capitals.

        Raises
        ------
        ServerRefused
            If there are none.
        """
        ...

    def address_of_points(self, iso3: str, category: str) -> str:
        """Where the points of a category come from, for the record."""
        ...

    def points(self, iso3: str, category: str, profile: HazardProfile) -> Sequence[Point]:
        """The points of a category.

        Raises
        ------
        ServerRefused
            If there are none.
        """
        ...

    def state(self, iso3: str, profile: HazardProfile) -> PortalState:
        """How it is set up for a country.

        Raises
        ------
        ServerRefused
            If it is not.
        """
        ...

    def map_layers(self, iso3: str, profile: HazardProfile) -> frozenset[str] | None:
        """Names of the layers of a country's map; None if it cannot tell."""
        ...

    def shown(self, iso3: str, profile: HazardProfile, admin_level: int) -> PortalSnapshot:
        """The open events, with people by area of a level.

        Raises
        ------
        ServerRefused
            If it cannot tell.
        """
        ...
