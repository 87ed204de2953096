"""What a source of rain is: it answers with the hourly rain of areas, or says why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.prepared_ground import PreparedGround
from ibf_pipeline.rain.grid import Bounds
from ibf_pipeline.rain.hourly_rain import HourlyRain

Role = Literal["observed", "nowcast", "forecast"]


@dataclass(frozen=True, slots=True)
class RainAreas:
    """The areas whose rain is wanted."""

    codes: tuple[str, ...]
    bounds: Bounds
    """of all of them, degrees"""
    shapes: str
    """hash of their outlines, as `prepare` notes it"""
    ground: Callable[[], Sequence[BaseGeometry]]
    """reads the outline of each code, EPSG:4326; asked only if shares of cells have to be made"""
    weights: Path
    """folder in which these are kept"""

    @classmethod
    def of(cls, codes: Iterable[str], prepared: PreparedGround, folder: Path) -> Self:
        """All areas of a prepared country. `folder`: of its prepared layers."""
        return cls(tuple(codes), prepared.bounds, prepared.shapes, prepared.ground, folder / "weights")


@dataclass(frozen=True, slots=True)
class RainDelivery:
    """What a source gives."""

    series: tuple[HourlyRain, ...]
    """of observations better ones first; of forecasts and nowcasts one a cycle, in any order"""
    notes: tuple[str, ...] = ()
    """what of it could not be used and why, a sentence each: a cycle that is not whole, a damaged file"""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """where it was fetched from; for the manifest"""
    spoiled: InputInvalid | None = None
    """of forecasts of which none leads: what is wrong with the newest cycle, which is there"""


class RainSource(Protocol):
    """A way to obtain the rain of areas."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    @property
    def role(self) -> Role:
        """What its rain is."""

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """The rain of hours that end after `first`, up to `last` (UTC); more than that does no harm.

        Of forecasts: the newest whole cycle that began by the issue time and reaches `last`, and for hours before the
        issue time those of the shortest lead. A cycle that is not whole is given without its hours after the issue
        time, or not at all, and named. What was fetched before is not fetched again.

        Raises InputMissing if there is nothing (yet), InputInvalid if nothing of it can be trusted, ServerRefused
        and ServerUnreachable if a service cannot be used.
        """
