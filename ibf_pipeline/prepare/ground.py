"""Whose ground it is where outlines of a level overlap: a person is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_SLIVER: Final = 1e-6
"""share of the smaller area up to which a common part is rounding of coordinates"""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two areas of a level that have ground in common."""

    keeps: int
    """position of the area that keeps the ground"""
    yields: int
    share: float
    """of the smaller one's area"""


def own_ground(geometries: Sequence[BaseGeometry]) -> tuple[tuple[BaseGeometry, ...], tuple[Overlap, ...]]:
    """The part of each area that counts for it, and the overlaps, the largest first.

    The rule: ground that several areas of a level cover belongs to the smallest of them, by its whole outline in square
    degrees, and to the first in the file if two are equally large. So a town inside its district keeps its people,
    the level's union is what it was, and no ground counts twice. An area that smaller ones cover wholly keeps none
    (an empty polygon).
    """
    areas = np.array(geometries)
    sizes = shapely.area(areas)
    one, other = shapely.STRtree(areas).query(areas, predicate="intersects")
    pairs = one < other
    first_is_smaller = sizes[one[pairs]] <= sizes[other[pairs]]
    small = np.where(first_is_smaller, one[pairs], other[pairs])
    large = np.where(first_is_smaller, other[pairs], one[pairs])
    shares = shapely.area(shapely.intersection(areas[small], areas[large])) / sizes[small]
    ground = areas.copy()
    for place in np.unique(large[shares > _SLIVER]):
        smaller = areas[small[(large == place) & (shares > _SLIVER)]]
        ground[place] = polygons_of(shapely.difference(areas[place], shapely.union_all(smaller)))
    order = [pair for pair in np.argsort(-shares, kind="stable") if shares[pair] > _SLIVER]
    overlaps = (Overlap(int(small[pair]), int(large[pair]), float(shares[pair])) for pair in order)
    return tuple(ground), tuple(overlaps)


def polygons_of(geometry: BaseGeometry) -> BaseGeometry:
    """The polygons of a geometry as one; lines and points, which have no ground, are left out."""
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()
