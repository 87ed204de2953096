"""What is prepared of a country for typhoon: its municipalities, where people live in them, houses and land."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.country import Area, accepting


@dataclass(frozen=True, slots=True)
class TyphoonLayers:
    """Everything static that a cycle's tracks need, in memory."""

    iso3: str
    areas: Mapping[str, Area]
    """by place code, those of the level at which events exist (municipalities); `parent` is the province's code"""
    provinces: Mapping[str, str]
    """place code -> name, of the level above; empty where the country's data have none"""
    regions: Mapping[str, str]
    """place code -> name, of the level above provinces; empty where the country's data have none"""
    region_of: Mapping[str, str]
    """place code of a province -> that of its region"""
    centres: Mapping[str, tuple[float, float]]
    """place code -> longitude and latitude of a point inside the area, degrees: the middle of its people where known"""
    cells: xr.Dataset
    """(cell): `lat`, `lon` (degrees, centre of a cell of the wind's grid in which somebody lives, at least one for each
    area), `area` (index into the keys of `areas`), `people`"""
    houses: Mapping[str, float]
    """place code -> houses; an area that is left out has no known number"""
    land: BaseGeometry
    """all land of the country, EPSG:4326; where it lies on both sides of 180 degrees, longitudes go on beyond that"""
    names: Mapping[str, str] = field(default_factory=dict)
    """international name in capitals -> local name: `CHANTHU` -> `Kiko`"""
    findings: tuple[str, ...] = ()
    """what `prepare` repaired or doubted, in words"""
    doubts: tuple[str, ...] = ()
    """those of the findings by which numbers may be wrong"""

    def accepting(self, texts: Collection[str]) -> TyphoonLayers:
        """The same, and doubts that an operator accepts, by a text of theirs, are findings alone that say so."""
        findings, doubts = accepting(self.findings, self.doubts, texts)
        return replace(self, findings=findings, doubts=doubts)
