"""Assets cut into the cells of the library: which cells each of them meets, for how far, and in which area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from rasterio.io import DatasetReader

from ibf_pipeline.domain.sphere import Floats
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.flash_floods.asset_files import POINTS, ROADS

_Indices = npt.NDArray[np.int64]
_EARTH: Final = pyproj.Geod(ellps="WGS84")
_EXACT: Final = 6
"""decimals of a cell to which coordinates count: an edge that decimals miss by rounding is the edge"""


@dataclass(frozen=True, slots=True)
class AssetPieces:
    """(piece,) parts of assets, each within one cell and one area."""

    asset: _Indices
    """row of the asset in its file"""
    area: _Indices
    """number of the area"""
    row: _Indices
    column: _Indices
    """of the library; outside of it there is no piece"""
    km: Floats
    """geodesic length; 0 of points"""


def cut_assets(places: gpd.GeoDataFrame, category: str, areas: Boundaries, grid: DatasetReader) -> AssetPieces:
    """The assets that lie in `areas`, cut into the cells of the library.

    A point, on an edge too, is of one cell, that to the south and east, and of one area. A building is of the area that
    a point in its middle lies in, and meets the cells that its outline runs through. A road counts in each of its
    areas as far as it runs there, along a common border in the first of them.
    """
    geometries, ground = places.geometry.to_numpy(), np.array(areas.ground)
    tree = shapely.STRtree(ground)
    if category == ROADS:
        return _cut_lines(*_in_areas(geometries, ground, tree), grid)
    middles = geometries if category in POINTS else shapely.point_on_surface(shapely.make_valid(geometries))
    asset, area = _first_areas(middles, tree)
    if category not in POINTS:
        return _cut_lines(shapely.boundary(geometries[asset]), asset, area, grid)
    x, y = _in_cells(shapely.get_coordinates(geometries[asset]), grid)
    return _inside(AssetPieces(asset, area, _cell(y), _cell(x), np.zeros(len(asset))), grid)


def _first_areas(points: npt.NDArray[np.object_], tree: shapely.STRtree) -> tuple[_Indices, _Indices]:
    """(asset, area) of the points that lie in an area: on a common border the first one."""
    asset, area = tree.query(points, predicate="intersects")
    order = np.lexsort((area, asset))
    asset, area = asset[order], area[order]
    first = np.ones(len(asset), dtype=bool)
    first[1:] = asset[1:] != asset[:-1]
    return asset[first].astype(np.int64), area[first].astype(np.int64)


def _in_areas(
    lines: npt.NDArray[np.object_], ground: npt.NDArray[np.object_], tree: shapely.STRtree
) -> tuple[npt.NDArray[np.object_], _Indices, _Indices]:
    """Lines cut at the borders of areas: (part, asset, area)."""
    asset, area = tree.query(lines, predicate="intersects")
    order = np.lexsort((area, asset))
    asset, area = asset[order], area[order]
    parts = shapely.intersection(lines[asset], ground[area])
    for place in np.flatnonzero(asset[1:] == asset[:-1]) + 1:  # what an earlier area has is not the next one's, too
        before = area[np.searchsorted(asset, asset[place]) : place]
        parts[place] = shapely.difference(parts[place], shapely.union_all(ground[before]))
    return parts, asset.astype(np.int64), area.astype(np.int64)


def _cut_lines(lines: npt.NDArray[np.object_], asset: _Indices, area: _Indices, grid: DatasetReader) -> AssetPieces:
    """Every line at every edge of a cell that it crosses; parts of geometries that are not lines are left out."""
    parts, of_line = shapely.get_parts(lines, return_index=True)
    parts, again = shapely.get_parts(parts, return_index=True)
    of_line = of_line[again]
    is_line = np.isin(shapely.get_type_id(parts), (1, 2))
    parts, of_line = parts[is_line], of_line[is_line]
    corners, of_part = shapely.get_coordinates(parts, return_index=True)
    segment = np.flatnonzero(of_part[1:] == of_part[:-1])
    starts, ends = corners[segment], corners[segment + 1]
    number, begin, end = _crossed(np.stack(_in_cells(starts, grid), 1), np.stack(_in_cells(ends, grid), 1))
    here, there = (starts[number] + (ends - starts)[number] * share[:, np.newaxis] for share in (begin, end))
    *_, metres = _EARTH.inv(*here.T, *there.T) if len(number) else (np.zeros(0),)
    x, y = _in_cells((here + there) / 2, grid)
    line = of_line[of_part[segment[number]]]
    return _inside(AssetPieces(asset[line], area[line], _cell(y), _cell(x), np.asarray(metres) / 1000), grid)


def _crossed(starts: Floats, ends: Floats) -> tuple[_Indices, Floats, Floats]:
    """(segment, from, to) in shares of its length, of the pieces into which edges of cells cut it.

    `starts`, `ends`: (segment, 2) in cells.
    """
    numbers, shares = [np.arange(len(starts))] * 2, [np.zeros(len(starts)), np.ones(len(starts))]
    for axis in (0, 1):
        one, other = starts[:, axis], ends[:, axis]
        first, last = np.floor(np.minimum(one, other)) + 1, np.ceil(np.maximum(one, other)) - 1
        count = np.maximum(last - first + 1, 0).astype(np.int64)
        which = np.repeat(np.arange(len(starts)), count)
        edge = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        numbers.append(which)
        shares.append((edge - one[which]) / (other - one)[which])
    number, share = np.concatenate(numbers), np.concatenate(shares)
    order = np.lexsort((share, number))
    number, share = number[order], share[order]
    piece = (number[1:] == number[:-1]) & (share[1:] > share[:-1])
    return number[:-1][piece], share[:-1][piece], share[1:][piece]


def _in_cells(points: Floats, grid: DatasetReader) -> tuple[Floats, Floats]:
    """Columns and rows, with their fractions, of (point, 2) degrees."""
    left, width, top, height = grid.transform.c, grid.transform.a, grid.transform.f, grid.transform.e
    return np.round((points[:, 0] - left) / width, _EXACT), np.round((points[:, 1] - top) / height, _EXACT)


def _cell(coordinate: Floats) -> _Indices:
    return np.floor(coordinate).astype(np.int64)


def _inside(pieces: AssetPieces, grid: DatasetReader) -> AssetPieces:
    row, column = pieces.row, pieces.column
    inside = (row >= 0) & (row < grid.height) & (column >= 0) & (column < grid.width)
    return AssetPieces(pieces.asset[inside], pieces.area[inside], row[inside], column[inside], pieces.km[inside])
