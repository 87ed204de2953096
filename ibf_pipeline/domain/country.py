"""What is prepared of a country: its areas, its stations, and how many people each return period reaches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

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
    """false where that raster does not cover all of the area: so many people at least live there"""


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
    """false where a threshold or upstream-area grid shows the cell to be no river"""


@dataclass(frozen=True, slots=True)
class CountryLayers:
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
    """no person has confirmed the mapping: for rehearsals only"""
    findings: tuple[str, ...] = ()
    """what `prepare` repaired or doubted, in words"""
    doubts: tuple[str, ...] = ()
    """those of the findings by which numbers may be wrong"""
    later_thresholds: Mapping[str, xr.DataArray] = field(default_factory=dict)
    """GloFAS version -> thresholds of that version, where the country has further sets"""

    def judged_by(self, version: str) -> CountryLayers:
        """The same with the thresholds of a version; those of `thresholds.json` where no other set is of it."""
        later = self.later_thresholds.get(version)
        return self if later is None else replace(self, thresholds=later)

    def accepting(self, texts: Collection[str]) -> CountryLayers:
        """The same, and doubts that an operator accepts, by a text of theirs, are findings alone that say so."""
        findings, doubts = accepting(self.findings, self.doubts, texts)
        return replace(self, findings=findings, doubts=doubts)

    def level(self, admin_level: int) -> list[Area]:
        """The areas of one level, in the order of their place codes."""
        return sorted(
            (area for area in self.areas.values() if area.admin_level == admin_level), key=lambda area: area.place_code
        )

    def ancestor(self, place_code: str, admin_level: int) -> str:
        """The place code of the area of `admin_level` that holds an area."""
        area = self.areas[place_code]
        while area.admin_level > admin_level and area.parent is not None:
            area = self.areas[area.parent]
        return area.place_code


def is_accepted(doubt: str, texts: Collection[str]) -> bool:
    """Whether a doubt of the static data is one of those that an operator accepts, each by a text of its words."""
    return any(text in doubt for text in texts)


def accepting(
    findings: Collection[str], doubts: Collection[str], texts: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Findings and doubts of layers, where an operator accepts doubts: these are findings alone that say so."""
    accepted = {doubt for doubt in doubts if is_accepted(doubt, texts)}
    said = tuple(f"{ACCEPTED}: {words}" if words in accepted else words for words in findings)
    return said, tuple(doubt for doubt in doubts if doubt not in accepted)
