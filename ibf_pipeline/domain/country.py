"""What is prepared of a country: its areas, its stations, and how many people each return period reaches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import xarray as xr

POPULATION_AFFECTED = "population_affected"
"""The main exposure indicator of floods in the IBF API."""
ACCEPTED = "accepted"
"""how the notes begin that are about a doubt which an operator has looked into"""


@dataclass(frozen=True, slots=True)
class Area:
    """An administrative area."""

    place_code: str
    name: str
    admin_level: int
    parent: str | None
    """place code of the area around it on the next higher level of the country; None on the highest"""
    population: float
    """people, from the country's population raster"""
    people_known: bool = True
    """false if that raster does not cover all of the area: so many people at least live there"""


@dataclass(frozen=True, slots=True)
class Station:
    """A GloFAS reporting point and the cell it was given."""

    code: str
    name: str
    lat: float
    lon: float
    cell_lat: float
    """degrees, centre of its GloFAS cell"""
    cell_lon: float
    river: bool = True
    """false if a threshold or upstream-area grid shows that the cell is not a river"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedLayers:
    """What the layers of every hazard have in common: what `prepare` said about them."""

    findings: tuple[str, ...] = ()
    """what `prepare` repaired or doubted, in words"""
    doubts: tuple[str, ...] = ()
    """those of the findings by which numbers may be wrong"""

    def accepting(self, texts: Collection[str]) -> Self:
        """The same layers; doubts that contain one of `texts` are accepted and remain as findings only."""
        findings, doubts = accept_doubts(self.findings, self.doubts, texts)
        return replace(self, findings=findings, doubts=doubts)


@dataclass(frozen=True, slots=True)
class CountryLayers(PreparedLayers):
    """Everything static that a day's forecast needs, in memory."""

    iso3: str
    areas: Mapping[str, Area]
    """by place code, every level"""
    stations: tuple[Station, ...]
    thresholds: xr.DataArray
    """(station, return_period) m3/s"""
    mapping: Mapping[str, tuple[str, ...]]
    """station code -> place codes of the deepest level"""
    exposure: xr.DataArray
    """(indicator, area, flood_map): people (or other units) where the map of that many years is wet; deepest level"""
    mapping_is_proposed: bool = False
    """nobody has confirmed the mapping: for rehearsals only"""
    later_thresholds: Mapping[str, xr.DataArray] = field(default_factory=dict)
    """GloFAS version -> thresholds of that version, if the country has further sets"""

    def judged_by(self, version: str) -> CountryLayers:
        """The same layers with the thresholds of a GloFAS version; `thresholds.json` if it has no set of its own."""
        later = self.later_thresholds.get(version)
        return self if later is None else replace(self, thresholds=later)

    def level(self, admin_level: int) -> list[Area]:
        """The areas of one level, in the order of their place codes."""
        return sorted(
            (area for area in self.areas.values() if area.admin_level == admin_level), key=lambda area: area.place_code
        )

    def ancestor(self, place_code: str, admin_level: int) -> str:
        """The place code of the area of `admin_level` that contains an area.

        Raises
        ------
        KeyError
            If the area is unknown.
        """
        area = self.areas[place_code]
        while area.admin_level > admin_level and area.parent is not None:
            area = self.areas[area.parent]
        return area.place_code


def is_accepted(doubt: str, texts: Collection[str]) -> bool:
    """Whether a doubt about the static data contains one of the texts by which an operator accepts doubts."""
    return any(text in doubt for text in texts)


def accept_doubts(
    findings: Collection[str], doubts: Collection[str], texts: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split what `prepare` said into findings and the doubts that still stand.

    Parameters
    ----------
    findings
        All that `prepare` repaired or doubted, in words.
    doubts
        Those of the findings by which numbers may be wrong.
    texts
        By which an operator accepts doubts: a doubt that contains one of them is accepted.

    Returns
    -------
    findings : tuple of str
        As given; accepted doubts begin with `accepted: `.
    doubts : tuple of str
        Those that are not accepted.

    Examples
    --------
    >>> accept_doubts(["G1 has no areas", "grid repaired"], ["G1 has no areas"], ["G1"])
    (('accepted: G1 has no areas', 'grid repaired'), ())
    """
    accepted = {doubt for doubt in doubts if is_accepted(doubt, texts)}
    said = tuple(f"{ACCEPTED}: {words}" if words in accepted else words for words in findings)
    return said, tuple(doubt for doubt in doubts if doubt not in accepted)
