"""Admin areas of the fictional country XDM: three nested levels whose borders are shared to the last digit.

The deepest areas are grown around random centres, their straight borders are roughened, and everything is cut out
of one network of lines; parents are unions of their children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.synthetic.rivers import winding
from tests.worlds.countries.demo_rivers import COUNTRY, SEED, coast, river

LEVEL_COUNTS = {1: 4, 2: 20, 3: 120}
COUNTRY_NAME = "Demoland"
LONG_NAME = (
    "Municipality of the Upper and Lower Sarvo Confluence Settlements including the Islands of Saint-Élie-du-Port"
)

_PRECISION = 1e-6
_TOWN_RADIUS = 0.011
_SYLLABLES = "ba be bé da dé do ka ke ki la le lo ma mé mi na ne nu o ra ri ro sa se so ta té ti u va ve yo zi"


@dataclass(frozen=True, slots=True)
class Area:
    """One admin area with its parents."""

    level: int
    code: str
    name: str
    parents: tuple[tuple[str, str], ...]
    """(place code, name) of the levels above, deepest first"""
    geometry: Any
    """shapely polygon, degrees"""

    def properties(self) -> dict[str, str]:
        """Attributes as in the boundary files of real countries."""
        found = {f"ADM{self.level}_EN": self.name, f"ADM{self.level}_PCODE": self.code}
        for level, (code, name) in zip(range(self.level - 1, 0, -1), self.parents, strict=True):
            found |= {f"ADM{level}_EN": name, f"ADM{level}_PCODE": code}
        return found | {"ADM0_EN": COUNTRY_NAME, "ADM0_PCODE": COUNTRY[:2]}


@cache
def admin_areas() -> dict[int, tuple[Area, ...]]:
    """The areas of each level, ordered by place code."""
    rng = np.random.default_rng(SEED + 1)
    outline = _outline(rng)
    cells = _cells(outline, LEVEL_COUNTS[3] - 1, rng)
    polygons, town = _with_town(cells, river("Sarvo").at(0.70))
    centroids = np.array([[p.centroid.x, p.centroid.y] for p in polygons])
    district = _grouped(centroids, LEVEL_COUNTS[2], rng)
    district[town] = district[_surrounding(polygons, town)]
    middles = np.array([centroids[district == n].mean(axis=0) for n in range(LEVEL_COUNTS[2])])
    region = _grouped(middles, LEVEL_COUNTS[1], rng)
    return _named(polygons, district, region, town, rng)


def outline() -> BaseGeometry:
    """The country's outline."""
    return shapely.coverage_union_all([area.geometry for area in admin_areas()[1]])


def _outline(rng: np.random.Generator) -> BaseGeometry:
    """A rounded square of about one degree with bays; the south follows the coast."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    radius = 0.455 / (np.abs(x) ** 3.5 + np.abs(y) ** 3.5) ** (1 / 3.5) * (1 - 0.10 * rng.random(len(angle)))
    corners = np.column_stack([20.5 + radius * x, 5.53 + radius * y])
    shore = corners[:, 1] < 5.25
    corners[shore, 1] = coast(corners[shore, 0])
    ring = winding([(float(lon), float(lat)) for lon, lat in [*corners, corners[0]]], rng, sway=0.14)
    return shapely.set_precision(shapely.Polygon(ring), _PRECISION)


def _cells(outline: BaseGeometry, count: int, rng: np.random.Generator) -> list[BaseGeometry]:
    """`count` areas that fill the outline."""
    sites = _even_points(outline, count, rng)
    edges = shapely.voronoi_polygons(shapely.MultiPoint(sites), extend_to=outline.envelope.buffer(1), only_edges=True)
    pieces = shapely.get_parts(shapely.intersection(edges, outline.buffer(0.05)))
    pieces = sorted(shapely.get_parts(shapely.line_merge(pieces)), key=lambda line: line.bounds)
    rough = [shapely.LineString(winding(list(piece.coords), rng, sway=0.11)) for piece in pieces]
    inside = shapely.intersection(shapely.MultiLineString(rough), outline)
    network = shapely.unary_union([inside, outline.boundary], grid_size=_PRECISION)
    return list(shapely.get_parts(shapely.polygonize(shapely.get_parts(network))))


def _even_points(outline: BaseGeometry, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points (count, 2) that are spread over the outline about evenly, but not regularly."""
    west, south, east, north = outline.bounds
    cloud = np.column_stack([rng.uniform(west, east, 60_000), rng.uniform(south, north, 60_000)])
    cloud = cloud[shapely.contains_xy(outline, cloud)]
    return _centres(cloud, count, rng, rounds=6)


def _centres(points: NDArray[np.float64], count: int, rng: np.random.Generator, rounds: int) -> NDArray[np.float64]:
    centres = points[rng.choice(len(points), count, replace=False)]
    for _ in range(rounds):
        nearest = _nearest(points, centres)
        centres = np.array(
            [points[nearest == n].mean(axis=0) if (nearest == n).any() else centres[n] for n in range(count)]
        )
    return centres


def _grouped(points: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Number of the group (point,) of each point, groups being compact."""
    return _nearest(points, _centres(points, count, rng, rounds=12))


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.argmin(((points[:, np.newaxis] - centres[np.newaxis]) ** 2).sum(axis=2), axis=1)


def _with_town(cells: Sequence[BaseGeometry], near: tuple[float, float]) -> tuple[list[BaseGeometry], int]:
    """The cells with a small town cut out of the middle of the one at a place; the town's position."""
    host = next(n for n, cell in enumerate(cells) if cell.contains(shapely.Point(near)))
    x, y = shapely.maximum_inscribed_circle(cells[host], tolerance=1e-4).coords[0]
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    radius = _TOWN_RADIUS * (1 + 0.15 * np.sin(3 * angle) + 0.08 * np.cos(5 * angle))
    ring = np.round(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]), 6)
    town = shapely.Polygon(ring)
    around = shapely.Polygon(cells[host].exterior, [town.exterior])
    return [*cells[:host], around, *cells[host + 1 :], town], len(cells)


def _surrounding(polygons: Sequence[BaseGeometry], town: int) -> int:
    return next(n for n, polygon in enumerate(polygons) if n != town and polygon.touches(polygons[town]))


def _named(
    polygons: Sequence[BaseGeometry],
    district: NDArray[np.int64],
    region: NDArray[np.int64],
    town: int,
    rng: np.random.Generator,
) -> dict[int, tuple[Area, ...]]:
    names = _names(sum(LEVEL_COUNTS.values()), rng)
    levels: dict[int, list[Area]] = {1: [], 2: [], 3: []}
    for r, region_number in enumerate(_from_north_west(region, polygons, region[district]), start=1):
        region_code, region_name = f"{COUNTRY[:2]}{r:02d}", f"{next(names)} Region"
        inside_region = region[district] == region_number
        levels[1].append(Area(1, region_code, region_name, (), _union(polygons, inside_region)))
        districts = np.flatnonzero(region == region_number)
        for d, district_number in enumerate(_from_north_west(districts, polygons, district), start=1):
            code, name = f"{region_code}{d:02d}", next(names)
            inside = district == district_number
            parents = ((region_code, region_name),)
            levels[2].append(Area(2, code, name, parents, _union(polygons, inside)))
            children = _from_north_west(np.flatnonzero(inside), polygons, np.arange(len(polygons)))
            for c, child in enumerate(children, start=1):
                child_name = f"Ville de {next(names)}" if child == town else next(names)
                area = Area(3, f"{code}{c:02d}", child_name, ((code, name), *parents), polygons[child])
                levels[3].append(area)
    largest = max(range(len(levels[3])), key=lambda n: levels[3][n].geometry.area)
    old = levels[3][largest]
    levels[3][largest] = Area(3, old.code, LONG_NAME, old.parents, old.geometry)
    return {level: tuple(areas) for level, areas in levels.items()}


def _from_north_west(
    groups: NDArray[np.int64], polygons: Sequence[BaseGeometry], member_of: NDArray[np.int64]
) -> list[int]:
    """Group numbers in reading order of their middles: rows of a fifth of a degree, west to east."""

    def place(group: int) -> tuple[float, float]:
        middles = [polygons[n].centroid for n in np.flatnonzero(member_of == group).tolist()]
        lat, lon = np.mean([point.y for point in middles]), np.mean([point.x for point in middles])
        return -float(np.round(lat * 5)), float(lon)

    return sorted({int(group) for group in groups}, key=place)


def _union(polygons: Sequence[BaseGeometry], chosen: NDArray[np.bool_]) -> BaseGeometry:
    return shapely.coverage_union_all([polygons[n] for n in np.flatnonzero(chosen).tolist()])


def _names(count: int, rng: np.random.Generator) -> Any:
    """Invented names, each once."""
    names: dict[str, None] = {}
    while len(names) < count:
        parts = rng.choice(_SYLLABLES.split(), size=int(rng.integers(2, 4)))
        names["".join(parts).capitalize()] = None
    return iter(names)
