"""The board as a portal: it can be asked what is pinned, and little else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.comparison import PortalEvent
from ibf_pipeline.targets.portal import OpenOnPortal, Point, PortalCountry, PortalSnapshot, PortalState
from tests.worlds.noticeboard.board import Board


@dataclass(frozen=True, slots=True)
class NoticeboardPortal:
    """A board and the country that it hangs in."""

    board: Board
    country: CountryHazard

    @property
    def address(self) -> str:
        return str(self.board.folder)

    def log_in(self) -> None:
        """Anybody may read it."""

    def countries(self) -> Sequence[PortalCountry]:
        return [PortalCountry(self.country.iso3, self.country.name)]

    def address_of_areas(self, iso3: str, admin_level: int) -> str:
        return f"{self.address}/areas"

    def areas(self, iso3: str, admin_level: int) -> Mapping[str, Any]:
        raise ServerRefused("a board has no map", where=self.address)

    def address_of_points(self, iso3: str, category: str) -> str:
        return f"{self.address}/points"

    def points(self, iso3: str, category: str, profile: HazardProfile) -> Sequence[Point]:
        raise ServerRefused("a board has no map", where=self.address)

    def state(self, iso3: str, profile: HazardProfile) -> PortalState:
        levels, default = tuple(self.country.admin_levels), self.country.default_admin_level
        opened = tuple(OpenOnPortal(name, sheet["level"] == "trigger") for name, sheet in self.board.sheets().items())
        return PortalState("by pins", None, (), levels, default, {}, {}, None, opened, ("stations",))

    def map_layers(self, iso3: str, profile: HazardProfile) -> frozenset[str] | None:
        return None

    def shown(self, iso3: str, profile: HazardProfile, admin_level: int) -> PortalSnapshot:
        date = self.board.date()
        events = tuple(
            PortalEvent(name, sheet["level"], sheet["first"], sheet["trigger"], sheet["people"])
            for name, sheet in self.board.sheets().items()
        )
        return PortalSnapshot(profile.issue_time(datetime.fromisoformat(date)) if date else None, events, {})
