"""The line on which a wished storm moves: a great circle to the place of the wish, in from the sea.

It depends on the place and the country's land alone, so that a wish that is repeated in the next cycle has the same.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.names import same_name
from ibf_pipeline.domain.sphere import DEGREE_KM, EARTH_KM, distance_km, wrap_longitude
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.geometry import longitudes_around
from ibf_pipeline.synthetic.track_wishes import TrackWish
from ibf_pipeline.synthetic.wishes import WishInvalid
from ibf_pipeline.tracks.storm_message import Floats

_BACK_KM: Final = 2000.0
"""so far out a storm has not crossed the country's land before"""
_ON_KM: Final = 600.0
_STEP_KM: Final = 20.0
_CLOSE_KM: Final = 4.0
"""what a wish may be missed by"""
EVERY_H: Final = 6
"""hours between the steps of a forecast"""
_SPEED_KMH: Final = (18, 24)
_SIMPLER: Final = 0.01
"""degrees of a coast's outline, for passes: a kilometre"""
_NEAR_KM: Final = 30.0
"""a landfall is at a point of latitude and longitude where it is not further away"""
_HEADING: Final = {True: 290.0, False: 250.0}
"""degrees, on the northern and the southern half: west and away from the equator"""
_TURNS: Final = tuple(sign * turn for turn in range(0, 190, 10) for sign in ((1, -1) if 0 < turn < 180 else (1,)))
_POINT: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*/\s*(-?\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class StormPath:
    """A great circle through a point; beyond the place of the wish it may turn to another."""

    lat: float
    lon: float
    heading: float
    """degrees, at that point"""
    heading_after: float
    wished_km: float = 0.0
    """along it from that point to where the storm is in the wished hour; 0 where it turns there"""

    def at(self, km: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude so many km after the place of the wish; before it they are negative."""
        heading = np.where(np.asarray(km) > 0, self.heading_after, self.heading)
        return great_circle_point(self.lat, self.lon, heading, np.asarray(km, float) + self.wished_km)


def speed_kmh(wish: TrackWish) -> int:
    """Of a storm that is wished for there."""
    return _SPEED_KMH[0] + seed_of(wish) % (_SPEED_KMH[1] - _SPEED_KMH[0] + 1)


def seed_of(wish: TrackWish) -> int:
    """What decides on speed and members: the place alone."""
    return zlib.crc32(same_name(wish.place).encode())


class UnknownPlace(WishInvalid):
    """A wish as it should be, for a place that the country does not have."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What a wish calls a place."""

    points: tuple[tuple[float, float], ...]
    """longitude and latitude of what may be aimed at"""
    areas: frozenset[str] = frozenset()
    """place codes; empty of a point"""

    @property
    def middle(self) -> tuple[float, float]:
        """Longitude and latitude of the point that is nearest to all of them."""
        points = np.array(self.points)
        lon, lat = points[int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
        return float(lon), float(lat)


def storm_path(wish: TrackWish, layers: TyphoonLayers) -> StormPath:
    """The line of a wish; WishInvalid if the country has no such place, or none is possible there."""
    place = _place(wish, layers)
    if wish.what == "seen":
        lon, lat = place.middle
        return _through(lat, lon, _HEADING[lat >= 0])
    for line in _landfalls(wish, place, layers) if wish.off_km is None else _passes(wish.off_km, place, layers):
        return line
    of = f"{wish.off_km:g} km off" if wish.off_km is not None else "at"
    raise WishInvalid(
        f"no storm comes from the open sea to a {wish.what} {of} {wish.place} without meeting other land before",
        where=_where(wish),
        remedy="wish for a province at the open sea, for another distance, or with `seen` for a point of the track",
    )


def great_circle_point(
    lat: npt.ArrayLike, lon: npt.ArrayLike, heading: npt.ArrayLike, km: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Where a great circle is after so many km, degrees."""
    arc, bearing, start = np.asarray(km, float) / EARTH_KM, np.radians(heading), np.radians(lat)
    sine = np.sin(start) * np.cos(arc) + np.cos(start) * np.sin(arc) * np.cos(bearing)
    east = np.arctan2(np.sin(bearing) * np.sin(arc) * np.cos(start), np.cos(arc) - np.sin(start) * sine)
    return np.degrees(np.arcsin(sine)), wrap_longitude(np.asarray(lon, float) + np.degrees(east))


def _place(wish: TrackWish, layers: TyphoonLayers) -> _Place:
    if match := _POINT.fullmatch(wish.place):
        lat, lon = float(match[1]), float(match[2])
        if not (abs(lat) <= 60 and abs(lon) <= 180):
            raise WishInvalid(f"the place {wish.place}", where=_where(wish), expected="latitude/longitude, degrees")
        return _Place(((lon, lat),))
    if provinces := _called(wish.place, layers.provinces):
        found = [code for code, area in layers.areas.items() if area.parent in provinces]
    elif regions := _called(wish.place, layers.regions):
        found = [code for code, area in layers.areas.items() if layers.region_of.get(area.parent or "") in regions]
    else:
        found = _called(wish.place, {code: area.name for code, area in layers.areas.items()})
        if len(found) > 1:
            raise WishInvalid(
                f"{len(found)} areas are called {wish.place}", where=_where(wish), expected="one place",
                remedy=f"write its place code ({', '.join(found[:5])}), its province, or latitude/longitude",
            )  # fmt: skip
    if not found:
        names = sorted(layers.provinces.values()) or sorted(area.name for area in layers.areas.values())
        raise UnknownPlace(
            f"there is no place {wish.place!r}", where=_where(wish), expected=f"one of {', '.join(names[:90])}"
        )
    return _Place(tuple(layers.centres[code] for code in found), frozenset(found))


def _called(place: str, names: Mapping[str, str]) -> list[str]:
    """Codes of what has that name or code."""
    return [code for code, name in names.items() if same_name(place) in (same_name(name), same_name(code))]


def _where(wish: TrackWish) -> str:
    return f"wish for the track of {wish.name}"


class _Coast:
    """The outline of all land, to find quickly where a line meets it."""

    def __init__(self, land: BaseGeometry) -> None:
        self._land = land
        ends, ring = shapely.get_coordinates(shapely.get_parts(shapely.boundary(land)), return_index=True)
        together = ring[1:] == ring[:-1]
        self._pieces = shapely.linestrings(np.stack([ends[:-1][together], ends[1:][together]], axis=1))
        self._tree = shapely.STRtree(self._pieces)

    def first(self, drawn: shapely.LineString) -> tuple[float, float] | None:
        """Longitude and latitude where a line comes in from the sea; None if it does not, or begins on land."""
        met = self._tree.query(drawn, predicate="intersects")
        if not len(met) or shapely.intersects_xy(self._land, *drawn.coords[0]):
            return None
        crossed = shapely.get_coordinates(shapely.intersection(self._pieces[met], drawn))
        along = shapely.line_locate_point(drawn, shapely.points(crossed))
        lon, lat = crossed[int(np.argmin(along))]
        return float(lon), float(lat)


def _landfalls(wish: TrackWish, place: _Place, layers: TyphoonLayers) -> Iterator[StormPath]:
    """Lines in from the open sea whose first landfall is there, the usual headings first."""
    coast = _Coast(layers.land)
    for turn in _TURNS:
        for lon, lat in place.points:
            line = _through(lat, lon, (_HEADING[lat >= 0] + turn) % 360)
            drawn = _drawn(line, np.arange(-_BACK_KM, _NEAR_KM + _STEP_KM, _STEP_KM), layers.land)
            found = coast.first(drawn)
            if found is None or not _belongs(place, found[1], found[0], layers):
                continue
            start = drawn.coords[0]
            line = replace(line, wished_km=float(distance_km(start[1], start[0], found[1], found[0])) - _BACK_KM)
            if _lands_in_steps(line, wish, coast, layers.land):
                yield line


def _lands_in_steps(line: StormPath, wish: TrackWish, coast: _Coast, land: BaseGeometry) -> bool:
    """Whether straight lines between the steps of a forecast land there too, and touch no other land before."""
    speed = speed_kmh(wish)
    first_h = -EVERY_H * (_BACK_KM // (speed * EVERY_H)) - wish.at_h % EVERY_H
    found = coast.first(_drawn(line, speed * np.arange(first_h, _ON_KM / speed, EVERY_H), land))
    lat, lon = line.at(np.array(0.0))
    return found is not None and float(distance_km(found[1], found[0], lat, lon)) < _CLOSE_KM


class _Sea:
    """Where a storm can go that keeps so many km from land."""

    def __init__(self, land: BaseGeometry, lat: float, off_km: float) -> None:
        self._scale = np.array([np.cos(np.radians(lat)), 1.0])
        self._off_km = off_km
        self._around = land
        self._land = self._flat(shapely.simplify(land, _SIMPLER))
        self._closed, self._wider = (
            shapely.buffer(self._land, (off_km + km) / DEGREE_KM, quad_segs=6) for km in (-1, 2)
        )
        for each in (self._land, self._closed, self._wider):
            shapely.prepare(each)

    def clear(self, line: StormPath, last_km: float) -> bool:
        """Whether a leg keeps away, between the place of the wish and so many km after it, or before it."""
        km = np.arange(0, abs(last_km) + _STEP_KM, _STEP_KM) * np.sign(last_km)
        near, far = (self._flat(_drawn(line, part, self._around)) for part in (km[:4], km[3:]))
        return not (shapely.intersects(self._closed, near) or shapely.intersects(self._wider, far))

    def off(self, lat: float, lon: float, bearing: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Going out from a place: where all land is first far enough away, and what is nearest; both lat, lon."""
        lats, lons = great_circle_point(lat, lon, bearing, np.arange(0.0, _ON_KM, 2.0))
        points = shapely.points(np.column_stack([longitudes_around(lons, self._around), lats]) * self._scale)
        far = np.flatnonzero(shapely.distance(points, self._land) * DEGREE_KM >= self._off_km)
        if not len(far):
            return None
        x, y = shapely.get_coordinates(shapely.shortest_line(self._land, points[far[0]]))[0] / self._scale
        return (float(lats[far[0]]), float(lons[far[0]])), (float(y), float(x))

    def _flat(self, shape: BaseGeometry) -> BaseGeometry:
        """Degrees of longitude as long as those of latitude."""
        return shapely.transform(shape, lambda at: at * self._scale)


def _passes(off_km: float, place: _Place, layers: TyphoonLayers) -> Iterator[StormPath]:
    """Lines that come as near to the place's land as wished, and no nearer to any; those that turn least come first."""
    lon, lat = place.middle
    sea, usual = _Sea(layers.land, lat, off_km), _HEADING[lat >= 0]
    ways = []
    for bearing in range(0, 360, 15):
        found = sea.off(lat, lon, float(bearing))
        if found is None or not _belongs(place, *found[1], layers):
            continue
        legs = {turn: _through(*found[0], (usual + turn) % 360) for turn in _TURNS}
        to = next((turn for turn, leg in legs.items() if sea.clear(leg, -_BACK_KM)), None)
        after = [turn for turn, leg in legs.items() if sea.clear(leg, _ON_KM)]
        if to is not None and after:
            turn = min(after, key=lambda each: abs(wrap_longitude(each - to)))
            line = replace(legs[to], heading_after=legs[turn].heading)
            ways.append((abs(wrap_longitude(turn - to)) + abs(to), bearing, line))
    yield from (line for _, _, line in sorted(ways, key=lambda way: way[:2]))


def _through(lat: float, lon: float, heading: float) -> StormPath:
    return StormPath(lat, lon, heading, heading)


def _drawn(line: StormPath, km: Floats, land: BaseGeometry) -> shapely.LineString:
    lat, lon = line.at(km)
    return shapely.linestrings(np.column_stack([longitudes_around(lon, land), lat]))


def _belongs(place: _Place, lat: float, lon: float, layers: TyphoonLayers) -> bool:
    """Whether a piece of coast is that of the place: by the nearest settled cell, or near enough to a point."""
    if not place.areas:
        x, y = place.middle
        return float(distance_km(lat, lon, y, x)) <= _NEAR_KM
    cells = layers.cells
    km = distance_km(lat, lon, cells["lat"].values, cells["lon"].values)
    return list(layers.areas)[int(cells["area"].values[int(np.argmin(km))])] in place.areas
