"""Where a storm's centre passes: along great circles of a sphere, landfall, and nearness to land.

Between two fixes the centre moves along the great circle at an even speed. Fixes at most `_BRIDGED` apart are joined:
one step that the tracker missed does not hide a pass; before, after and between longer gaps there is no storm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.sphere import EARTH_KM, Floats, distance_km, unit_vectors, wrap_longitude

Flags = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]

_HOUR: Final = np.timedelta64(1, "h")
_BRIDGED: Final = np.timedelta64(12, "h")
"""longest time between two fixes that are joined"""
_FINE: Final = 1e-9
"""radians, 6 mm: shorter arcs are points"""


@dataclass(frozen=True, slots=True)
class HourlyTrack:
    """Where the centre is hour by hour."""

    time: Moments
    """(hour,) UTC, hourly from the first to the last step"""
    lat: Floats
    """(member, hour) degrees; NaN where there is no storm"""
    lon: Floats
    """(member, hour) degrees, -180..180"""


def segment_km(point: Floats, start: Floats, end: Floats) -> Floats:
    """km from points to the arc of the great circle between two ends, the shorter one.

    Parameters
    ----------
    point, start, end
        Unit vectors (..., 3), broadcast against each other.

    Returns
    -------
    numpy.ndarray
        The distance to the great circle if the foot lies between the ends, else to the nearer end; NaN where any is.

    Examples
    --------
    A point one degree north of the middle of an arc on the equator, and one beyond its end:

    >>> start, end = unit_vectors(0, 0), unit_vectors(0, 10)
    >>> [round(float(segment_km(unit_vectors(*point), start, end)), 1) for point in ((1, 5), (0, 12))]
    [111.2, 222.4]
    """
    normal = np.cross(start, end)
    length = np.linalg.norm(normal, axis=-1)
    pole = normal / np.where(length > _FINE, length, 1)[..., np.newaxis]
    beside = (length > _FINE) & (_dot(np.cross(pole, start), point) > 0) & (_dot(np.cross(end, pole), point) > 0)
    across = np.arcsin(np.clip(np.abs(_dot(pole, point)), 0, 1))
    nearer_end = np.arccos(np.clip(np.maximum(_dot(start, point), _dot(end, point)), -1, 1))
    km: Floats = EARTH_KM * np.where(beside, across, nearer_end)
    return km


def nearest_km(storm: xr.Dataset, points: npt.ArrayLike) -> Floats:
    """km between each point and each member's whole path.

    Parameters
    ----------
    storm
        One storm of `domain/tracks.py`, dims (member, time).
    points
        (point, 2) longitude and latitude, degrees.

    Returns
    -------
    numpy.ndarray
        (member, point) km; infinite if a member has no storm.
    """
    lon, lat = np.asarray(points, float).reshape(-1, 2).T
    targets = unit_vectors(lat, lon)
    time, fixes = storm["time"].values, _fixes(storm)
    km = np.full((len(fixes), len(targets)), np.inf)
    for member, all_fixes in enumerate(fixes):
        there = np.isfinite(all_fixes[:, 0])
        own, at = all_fixes[there], time[there]
        if not len(own):
            continue
        joined = np.append(np.diff(at) <= _BRIDGED, False)  # the others are pieces without length
        ends = own[np.arange(len(own)) + joined]
        km[member] = segment_km(targets, own[:, np.newaxis], ends[:, np.newaxis]).min(axis=0)
    return km


def within_km(storm: xr.Dataset, points: npt.ArrayLike, km: float) -> Flags:
    """Whether a member's centre passes within so many km of a point, by segments.

    Parameters
    ----------
    storm, points
        As `nearest_km`.
    km
        The largest distance that counts.

    Returns
    -------
    numpy.ndarray
        (member, point) bool.
    """
    return nearest_km(storm, points) <= km


def longitudes_around(lon: Floats, shape: BaseGeometry) -> Floats:
    """The same longitudes, within half a turn of the middle of a shape: so that paths do not jump at 180 degrees.

    Parameters
    ----------
    lon
        Degrees, any shape.
    shape
        EPSG:4326. In one piece if it lies on both sides: its longitudes go on beyond 180 (`prepare`'s `land_of`).
    """
    return wrap_longitude(lon, float(np.mean(shape.bounds[::2])))


def hourly_track(storm: xr.Dataset) -> HourlyTrack:
    """The centre of each member hour by hour, along great circles.

    Parameters
    ----------
    storm
        Dims (member, time), steps growing; fixes at most 12 hours apart are joined.

    Returns
    -------
    HourlyTrack
        (member, hour) degrees; NaN where there is no storm.
    """
    steps = storm["time"].values.astype("datetime64[ns]")
    hours = np.arange(steps[0], steps[-1] + _HOUR, _HOUR)
    fixes = _fixes(storm)
    found = np.full((len(fixes), len(hours), 3), np.nan)
    for member, all_fixes in enumerate(fixes):
        there = np.isfinite(all_fixes[:, 0])
        found[member] = _along(steps[there], all_fixes[there], hours)
    lat = np.degrees(np.arctan2(found[..., 2], np.hypot(found[..., 0], found[..., 1])))
    return HourlyTrack(hours, lat, np.degrees(np.arctan2(found[..., 1], found[..., 0])))


def crossings(storm: xr.Dataset, land: BaseGeometry) -> Moments:
    """When the centre is first over land, by segments: a narrow island between two fixes counts (rule 9).

    A storm whose path begins over land crosses at its first time.

    Parameters
    ----------
    storm
        Dims (member, time).
    land
        Valid, EPSG:4326.

    Returns
    -------
    numpy.ndarray
        (member,) datetime64, UTC; NaT for members that never are.
    """
    path = hourly_track(storm)
    shapely.prepare(land)
    found = np.full(len(path.lat), np.datetime64("NaT"), dtype="datetime64[ns]")
    for member, (lat, lon) in enumerate(zip(path.lat, path.lon, strict=True)):
        number, lines = _lines(lat, longitudes_around(lon, land))
        hit = np.flatnonzero(shapely.intersects(land, lines))
        if len(hit):
            first = lines[hit[0]]
            inside = shapely.get_coordinates(shapely.intersection(first, land))
            found[member] = _moment(path.time, number[hit[0]], min((_share(first, each) for each in inside), default=0))
    return found


def nearest_to_land(
    lat: npt.ArrayLike, lon: npt.ArrayLike, time: Moments, land: BaseGeometry
) -> tuple[np.datetime64, float]:
    """When one path is nearest to land, and how near.

    The nearest place is sought in a plane that is true to scale at the latitude of the nearest pass; the distance to it
    is along the great circle.

    Parameters
    ----------
    lat, lon
        (time,) degrees, NaN where there is no storm.
    time
        (time,) UTC.
    land
        EPSG:4326.

    Returns
    -------
    time : numpy.datetime64
        UTC; the first time over land if the path crosses it, NaT of a path without any fix.
    km : float
        0 if it crosses, infinite of a path without any fix.
    """
    one = xr.Dataset(
        {"lat": (("member", "time"), np.atleast_2d(np.asarray(lat, float))),
         "lon": (("member", "time"), np.atleast_2d(np.asarray(lon, float)))},
        {"time": np.asarray(time).astype("datetime64[ns]")},
    )  # fmt: skip
    crossed = crossings(one, land)[0]
    if not np.isnat(crossed):
        return crossed, 0.0
    path = hourly_track(one)
    number, lines = _lines(path.lat[0], longitudes_around(path.lon[0], land))
    if not len(lines):
        return np.datetime64("NaT", "ns"), np.inf
    scale = np.cos(np.radians(np.mean(land.bounds[1::2])))
    for _ in range(2):  # once more at the latitude that was found
        flat, wide = shapely.transform(lines, _scaled(scale)), shapely.transform(land, _scaled(scale))
        shapely.prepare(wide)
        nearest = int(np.argmin(shapely.distance(wide, flat)))
        scale = np.cos(np.radians(lines[nearest].centroid.y))
    here, there = shapely.get_coordinates(shapely.shortest_line(flat[nearest], wide)) / (scale, 1)
    km = float(distance_km(here[1], here[0], there[1], there[0]))
    return _moment(path.time, number[nearest], _share(lines[nearest], here)), km


def _fixes(storm: xr.Dataset) -> Floats:
    """(member, time, 3) unit vectors."""
    storm = storm.transpose("member", "time", ...)
    return unit_vectors(storm["lat"].values, storm["lon"].values)


def _dot(one: Floats, other: Floats) -> Floats:
    """Cosine of the angle between unit vectors (..., 3)."""
    cosine: Floats = np.einsum("...k,...k->...", one, other)
    return cosine


def _along(steps: Moments, fixes: Floats, hours: Moments) -> Floats:
    """(hour, 3) of one member: its fixes at their steps, and evenly along the great circle between those joined."""
    found = np.full((len(hours), 3), np.nan)
    at = np.searchsorted(hours, steps)
    found[at] = fixes
    for start in np.flatnonzero((np.diff(steps) <= _BRIDGED) & (np.diff(at) > 1)):
        one, other = fixes[start], fixes[start + 1]
        count = at[start + 1] - at[start]
        share = np.arange(1, count)[:, np.newaxis] / count
        arc = 2 * np.arcsin(np.clip(np.linalg.norm(one - other) / 2, 0, 1))
        if arc < _FINE:
            found[at[start] + 1 : at[start + 1]] = one
        else:
            mixed = np.sin((1 - share) * arc) * one + np.sin(share * arc) * other
            found[at[start] + 1 : at[start + 1]] = mixed / np.sin(arc)
    return found


def _lines(lat: Floats, lon: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_]]:
    """The hours at which pieces of a path begin, and those; a last or lonely fix is a piece without length."""
    there = np.isfinite(lat)
    number = np.flatnonzero(there)
    follower = np.where(there[np.minimum(number + 1, len(lat) - 1)], np.minimum(number + 1, len(lat) - 1), number)
    corners = np.stack([np.column_stack([lon[k], lat[k]]) for k in (number, follower)], axis=1)
    start = corners[:, 0, 0]
    corners[:, 1, 0] = start + wrap_longitude(
        corners[:, 1, 0] - start
    )  # half a turn away from the land it does not jump
    lines: npt.NDArray[np.object_] = shapely.linestrings(corners)
    return number, lines


def _share(line: shapely.LineString, place: Floats) -> float:
    """0..1, how far along a line a place on it is."""
    return float(line.project(shapely.Point(place)) / line.length) if line.length else 0.0


def _moment(time: Moments, number: int, share: float) -> np.datetime64:
    moment: np.datetime64 = time[number] + np.timedelta64(round(share * 3600), "s")
    return moment


def _scaled(scale: float) -> Callable[[Floats], Floats]:
    return lambda corners: corners * (scale, 1)
