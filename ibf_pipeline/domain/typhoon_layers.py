"""What is prepared of a country for typhoon: its municipalities, where people live in them, houses and land."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.country import Area, PreparedLayers


@dataclass(frozen=True, slots=True)
class TyphoonLayers(PreparedLayers):
    """Everything static that a cycle's tracks need, in memory."""

    iso3: str
    areas: Mapping[str, Area]
    """by place code, those of the level at which events exist (municipalities); `parent` is the province's code"""
    provinces: Mapping[str, str]
    """place code -> name, of the level above; empty if the country's data have none"""
    regions: Mapping[str, str]
    """place code -> name, of the level above provinces; empty if the country's data have none"""
    region_of: Mapping[str, str]
    """place code of a province -> that of its region"""
    centres: Mapping[str, tuple[float, float]]
    """place code -> longitude and latitude of a point inside the area, degrees: the middle of its people if known"""
    cells: xr.Dataset
    """(cell): `lat`, `lon` (degrees, centre of a cell of the wind's grid in which somebody lives, at least one for each
    area), `area` (index into the keys of `areas`), `people`"""
    houses: Mapping[str, float]
    """place code -> houses; an area that is left out has no known number"""
    land: BaseGeometry
    """all land of the country, EPSG:4326; if it lies on both sides of 180 degrees, longitudes go on beyond that"""
    names: Mapping[str, str] = field(default_factory=dict)
    """international name in capitals -> local name: `CHANTHU` -> `Kiko`"""
