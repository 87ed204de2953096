"""A proposal which areas a station stands for. An operator confirms it by renaming the file; until then no target that
notifies people gets an alert of it.

The rule: take the largest flood map within `_REACH` of the station. Its wet cells that hang together, corners
included, are one water. Of those the waters count that come within `_NEAR` of the station (one GloFAS cell). Every
deepest area that such a water covers by `_SHARE` of the area, or by `_CELLS` cells, belongs to the station; one that
several stations reach belongs to the nearest of them. What the rule cannot know: whether the area lies upstream, other
rivers that share a flood plain, and dikes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import shapely
import xarray as xr
from rasterio.features import shapes
from rasterio.windows import from_bounds
from rioxarray.exceptions import NoDataInBounds
from shapely.geometry import shape

from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import csv_text
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.raster_blocks import as_array, bounded_gdal, open_raster, read_part
from ibf_pipeline.prepare.stations import NO_STATION

_REACH: Final = 0.45
"""degrees to every side of the station, about 50 km"""
_NEAR: Final = 0.05
"""degrees from the station to its river"""
_SHARE: Final = 0.01
"""of an area that must be covered"""
_CELLS: Final = 100
"""raster cells that suffice in a large area: about 0.8 km2 at 3 arc-seconds"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A station that reaches an area."""

    station: str
    kilometres: float
    """from the station to the nearest water in the area"""
    share: float
    """of the area that the station's water covers"""


def propose_mapping(
    stations: Sequence[Station], deepest: Boundaries, flood_map: Path, minimum_depth: float
) -> dict[str, list[Candidate]]:
    """Place code -> stations that reach the area, nearest first; areas that none reaches are left out.

    `flood_map`: the map of the largest return period, EPSG:4326. Raises InputInvalid if no station reaches any area.
    """
    tree = shapely.STRtree(deepest.geometries)
    found: dict[str, list[Candidate]] = {}
    with bounded_gdal(), open_raster(flood_map, "flood map") as raster, as_array(raster) as depth:
        cell_area = raster.transform.a * -raster.transform.e
        for station in stations:
            water = _water_of(station, depth, minimum_depth)
            if water is None:
                continue
            point = shapely.Point(station.lon, station.lat)
            for number in np.sort(tree.query(water, predicate="intersects")):
                area = deepest.geometries[number]
                wet = shapely.intersection(area, water)
                share = float(wet.area / area.area)
                if share >= _SHARE or wet.area >= _CELLS * cell_area:
                    away = float(shapely.distance(point, wet)) * 111.2
                    candidate = Candidate(station.code, round(away, 1), round(share, 3))
                    found.setdefault(deepest.place_codes[number], []).append(candidate)
    if not found:
        raise InputInvalid(
            "no station has water of the flood map within one GloFAS cell",
            where=flood_map,
            expected="stations on the rivers of the flood map",
            remedy="check the coordinates in stations.csv, or write the mapping by hand",
        )
    return {code: sorted(candidates, key=lambda c: (c.kilometres, c.station)) for code, candidates in found.items()}


def mapping_csv(deepest: Boundaries, proposed: dict[str, list[Candidate]]) -> str:
    """The proposal as `prepare` reads a mapping, with the reasons in further columns."""
    rows: list[tuple[object, ...]] = [
        ("glofasStation", "placeCode", "areaName", "shareUnderWater", "kmFromStation", "alsoReachedBy")
    ]
    for code, name in zip(deepest.place_codes, deepest.names, strict=True):
        candidates = proposed.get(code, [])
        if not candidates:
            rows.append((NO_STATION, code, name, "", "", ""))
            continue
        first, *others = candidates
        also = " ".join(f"{other.station} ({other.kilometres:g} km)" for other in others)
        rows.append((first.station, code, name, first.share, first.kilometres, also))
    return csv_text(rows)


def _water_of(station: Station, depth: xr.DataArray, minimum_depth: float) -> shapely.Geometry | None:
    """The waters near a station as one geometry, cut off at its reach; None if there is none."""
    around = (station.lon - _REACH, station.lat - _REACH, station.lon + _REACH, station.lat + _REACH)
    window = from_bounds(*around, depth.rio.transform()).round_offsets().round_lengths()
    try:
        reached = depth.rio.isel_window(window)  # clip_box would give some stations a row or column more than others
    except NoDataInBounds:
        return None
    wet = (read_part(reached, "flood map") >= minimum_depth).astype("uint8")
    outlines = shapes(wet, mask=wet == 1, connectivity=8, transform=reached.rio.transform())
    point = shapely.Point(station.lon, station.lat)
    near = [polygon for geometry, _ in outlines if shapely.distance(point, polygon := shape(geometry)) <= _NEAR]
    return shapely.union_all([shapely.make_valid(polygon) for polygon in near]) if near else None
