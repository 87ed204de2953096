"""Where people live on the grid of the wind: areas cut into its cells, people by exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.sphere import Floats
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.ground import polygons_of

_Indices = npt.NDArray[np.int64]
_SETTLED: Final = 1.0
"""people from which on a cell is settled: rasters that spread people over all land leave fractions of one everywhere"""
_EXACT: Final = 6
"""decimals of a cell to which coordinates count: an edge that decimals miss by rounding is the edge"""


@dataclass(frozen=True, slots=True)
class AreaPieces:
    """(piece,) parts of areas, each within one area and one cell of the wind's grid, areas in their order."""

    area: _Indices
    """number of the area"""
    lon: Floats
    lat: Floats
    """degrees, centre of the cell"""
    inside: Floats
    """(piece, 2) longitude and latitude of a point of the piece"""
    shapes: tuple[BaseGeometry, ...]


def cut_areas(areas: Boundaries, cell_degrees: float) -> AreaPieces:
    """The ground of areas cut at the edges of cells, which are multiples of their size.

    An area that keeps no ground of its own (`own_ground`) has no piece.
    """
    parts = [_of_area(number, ground, cell_degrees) for number, ground in enumerate(areas.ground)]
    area, column, row = (np.concatenate([part[place] for part in parts]) for place in range(3))
    shapes = np.concatenate([part[3] for part in parts])
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    lon, lat = (np.round((numbers + 0.5) * cell_degrees, 9) for numbers in (column, row))
    return AreaPieces(area, lon, lat, inside, tuple(shapes))


def _of_area(
    number: int, ground: BaseGeometry, cell: float
) -> tuple[_Indices, _Indices, _Indices, npt.NDArray[np.object_]]:
    """(area, column, row, shape) of its pieces."""
    if ground.is_empty:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros(0, object)
    west, south, east, north = np.round(np.array(ground.bounds) / cell, _EXACT)
    columns = np.arange(np.floor(west), np.ceil(east)).astype(np.int64)
    rows = np.arange(np.floor(south), np.ceil(north)).astype(np.int64)
    column, row = (grid.ravel() for grid in np.meshgrid(columns, rows))
    boxes = shapely.box(column * cell, row * cell, (column + 1) * cell, (row + 1) * cell)
    shapely.prepare(ground)
    whole = shapely.contains_properly(ground, boxes)
    partly = shapely.intersects(ground, boxes) & ~whole
    boxes[partly] = [polygons_of(part) for part in shapely.intersection(boxes[partly], ground)]
    keep = (whole | partly) & ~shapely.is_empty(boxes)
    return np.full(int(keep.sum()), number), column[keep], row[keep], boxes[keep]


def settled_cells(pieces: AreaPieces, people: Floats, areas: Boundaries) -> xr.Dataset:
    """Cells (cell): `lat`, `lon`, `area`, `people`, of the pieces in which somebody lives, areas in their order.

    `people`: of each piece. Rule: a piece counts from SETTLED people on; what lives in smaller ones is added to the
    area's fullest, so that areas keep their people. An area without anybody keeps one cell without people, at a point
    inside it and not at a cell's centre.
    """
    rows: list[tuple[float, float, int, float]] = []
    starts = np.searchsorted(pieces.area, np.arange(len(areas.place_codes) + 1))
    for number, (first, after) in enumerate(pairwise(starts.tolist())):
        own = people[first:after]
        if own.sum() <= 0:
            lon, lat = middle(pieces, people, areas, number)
            rows.append((lat, lon, number, 0.0))
            continue
        fullest = int(own.argmax())
        kept = (own >= _SETTLED) | (np.arange(len(own)) == fullest)
        lives = np.where(kept, own, 0)
        lives[fullest] += own[~kept].sum()
        at = first + np.flatnonzero(kept)
        rows += zip(
            pieces.lat[at].tolist(), pieces.lon[at].tolist(), [number] * len(at), lives[kept].tolist(), strict=True
        )
    lats, lons, numbers, lives_in = zip(*rows, strict=True)
    return xr.Dataset(
        {
            "lat": ("cell", np.array(lats)),
            "lon": ("cell", np.array(lons)),
            "area": ("cell", np.array(numbers, dtype=np.int64)),
            "people": ("cell", np.array(lives_in)),
        }
    )


def middle(pieces: AreaPieces, people: Floats, areas: Boundaries, number: int) -> tuple[float, float]:
    """Longitude and latitude of the middle of an area's people, if that lies inside it.

    Else a point of its fullest piece; of an area without people any point inside.
    """
    first, after = np.searchsorted(pieces.area, [number, number + 1])
    own = people[first:after]
    if own.sum() <= 0:
        point = shapely.point_on_surface(areas.geometries[number])
        return round(point.x, 6), round(point.y, 6)
    lon, lat = (own @ pieces.inside[first:after] / own.sum()).tolist()
    if not areas.geometries[number].covers(shapely.Point(lon, lat)):
        lon, lat = pieces.inside[first + int(own.argmax())].tolist()
    return round(lon, 6), round(lat, 6)
