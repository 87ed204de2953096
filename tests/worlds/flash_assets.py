"""Invented assets of flash floods in the files that `prepare` reads: houses and roads in a grid, points, gauges."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

Position = tuple[float, float]
"""longitude and latitude in degrees"""
Point = tuple[int, str, float, float]
"""fid, name, latitude and longitude"""
_POINT: Final = ("fid", "name", "lat", "lon")


def write_buildings(path: Path, places: Sequence[Position], fids: Sequence[int]) -> Path:
    """A small square house at each place: `wkt,fid`, MULTIPOLYGON."""
    half = 0.00005
    houses = [shapely.MultiPolygon([shapely.box(x - half, y - half, x + half, y + half)]) for x, y in places]
    return _write(path, ("wkt", "fid"), ((_wkt(house), fid) for house, fid in zip(houses, fids, strict=True)))


def write_roads(path: Path, lines: Sequence[tuple[str, BaseGeometry]], fids: Sequence[int]) -> Path:
    """Roads (name, line): `wkt,name,fid`, MULTILINESTRING."""
    rows = ((_wkt(shapely.MultiLineString([line])), name, fid) for (name, line), fid in zip(lines, fids, strict=True))
    return _write(path, ("wkt", "name", "fid"), rows)


def write_points(path: Path, points: Iterable[Point]) -> Path:
    """Schools, health sites or waterpoints."""
    return _write(path, _POINT, (_of_point(point) for point in points))


def write_gauges(
    path: Path, gauges: Iterable[Point], *, reference: float, levels: Mapping[str, float], offset_m: float = 0.0
) -> Path:
    """Water level gauges: usual levels of the months, and levels from which words hold; all in metres."""
    header = (*_POINT, "offset_m", *(f"reference_{month}" for month in range(1, 13)), *levels)
    usual = [f"{reference + 0.2 * np.cos(2 * np.pi * (month - 2) / 12):.2f}" for month in range(1, 13)]
    rows = ((*_of_point(gauge), offset_m, *usual, *levels.values()) for gauge in gauges)
    return _write(path, header, rows)


def places_in_grid(area: BaseGeometry, step: float) -> list[Position]:
    """Places inside an area at distances of `step` degrees, from south to north."""
    west, south, east, north = area.bounds
    across, up = np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step)
    x, y = (each.ravel() for each in np.meshgrid(across, up))
    inside = shapely.contains_xy(area, x, y)
    return [(round(float(a), 6), round(float(b), 6)) for a, b in zip(x[inside], y[inside], strict=True)]


def roads_in_grid(area: BaseGeometry, step: float) -> Iterator[BaseGeometry]:
    """Lines across an area, from west to east and from south to north, `step` degrees apart."""
    west, south, east, north = area.bounds
    for y in np.arange(south + step / 2, north, step):
        yield from _inside(shapely.LineString([(west, y), (east, y)]), area)
    for x in np.arange(west + step / 2, east, step):
        yield from _inside(shapely.LineString([(x, south), (x, north)]), area)


def _inside(line: BaseGeometry, area: BaseGeometry) -> Iterator[BaseGeometry]:
    yield from (part for part in shapely.get_parts(line.intersection(area)) if part.geom_type == "LineString")


def _of_point(point: Point) -> tuple[object, ...]:
    fid, name, lat, lon = point
    return fid, name, f"{lat:.6f}", f"{lon:.6f}"


def _wkt(geometry: BaseGeometry) -> str:
    return shapely.to_wkt(geometry, rounding_precision=6, trim=True)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path
