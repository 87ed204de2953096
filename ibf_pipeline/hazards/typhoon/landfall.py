"""When and whether a storm reaches land (rules 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.sphere import EARTH_KM, Floats
from ibf_pipeline.domain.tracks import datetime_of
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.findings import Approach, AreaImpact, Landfall
from ibf_pipeline.hazards.typhoon.geometry import crossings, hourly_track, longitudes_around, nearest_to_land
from ibf_pipeline.hazards.typhoon.selection import HORIZON_H
from ibf_pipeline.hazards.typhoon.spread import time_spread

_CHANCE: Final = 0.10
"""share of members within 50 km of somebody from which the portal's `not predicted to make landfall` is corrected"""


@dataclass(frozen=True, slots=True)
class Visit:
    """The reference at land: it crosses, or comes close and leaves again."""

    moment: datetime
    """of its first crossing, else when it is nearest"""
    km: float
    """from land then; 0 where it crosses"""
    until: datetime
    """the last hour within that distance"""


def visits(line: xr.Dataset, land: BaseGeometry, km: float) -> tuple[Visit, ...]:
    """Each time that a track comes to land: crosses it, or passes within `km` (rule 9).

    By segments and great circles: two fixes at sea with an island between them are a crossing. One visit lasts as long
    as the centre stays within `km`; crossings inside it are one landfall.

    Parameters
    ----------
    line
        (time) `lat`, `lon`, degrees.
    land
        EPSG:4326.
    km
        Distance from land, 15 by default in a country's file.

    Returns
    -------
    tuple of Visit
        Growing in time.
    """
    path = hourly_track(line.expand_dims("member"))
    lat, lon = path.lat[0], path.lon[0]
    found = []
    for hours in _near_hours(lat, lon, land, km):
        moment, away = nearest_to_land(lat[hours], lon[hours], path.time[hours], land)
        if away <= km:
            found.append(Visit(datetime_of(moment), round(away, 3), datetime_of(path.time[hours[-1]])))
    return tuple(found)


def landfall_of(
    storm: xr.Dataset, line: xr.Dataset, stops: Sequence[Visit], impacts: Sequence[AreaImpact], context: CycleContext
) -> Landfall:
    """What the ensemble says about landfall (rules 8 and 9).

    The reference's first visit decides: a crossing is a landfall, a pass within 15 km a close pass, and its nearest
    point is shown so too if at least 0.30 of the ensemble cross. Else it passes, or is nearest at its last point: not
    yet. If it only passes and somebody has a chance of 0.10 or more of the centre within 50 km, the portal's sentence
    is to be corrected.

    Parameters
    ----------
    storm
        Dims (member, time).
    line
        (time) the reference, places of earlier cycles first.
    stops
        Visits of the reference.
    impacts
        Of all areas.
    context
        Of the cycle; its members are the denominator (rule 3).
    """
    land, members = context.layers.land, context.members
    first = crossings(storm, land)
    crossed = first[~np.isnat(first)]
    probability = len(crossed) / members
    approach: Approach
    if stops:
        moment, km = stops[0].moment, stops[0].km
        approach = "landfall" if km == 0 else "close-pass"
    else:
        at, km = nearest_to_land(line["lat"].values, line["lon"].values, line["time"].values, land)
        moment, last = datetime_of(at), datetime_of(line["time"].values[-1])
        shown = reaches(len(crossed), members, context.country.landfall_probability)
        approach = "close-pass" if shown else "not-yet" if moment >= last else "passes"
    chance = max((each.within_50km for each in impacts), default=0.0)
    return Landfall(
        approach=approach,
        probability=round(probability, 6),
        when=time_spread(first, members),
        reference_at=moment,
        reference_km=round(float(km), 3),
        corrected=approach == "passes" and chance >= _CHANCE - 1e-9,
    )


def reaches(count: int, members: int, share: float) -> bool:
    """Whether so many of the members are at least that share of them, whatever floats say.

    Parameters
    ----------
    count, members
        Numbers of members: those that count, and all.
    share
        0..1.

    Examples
    --------
    >>> reaches(3, 10, 0.3), reaches(2, 10, 0.3)
    (True, False)
    """
    return count >= share * members - 1e-9


def lead_time_of(moment: datetime, cycle: datetime, published: datetime) -> int:
    """Whole hours from the cycle time, rounded down, 0..168; 0 at or before publication (rule 8).

    Counted from the cycle and nothing taken off: the portal adds it to the cycle time.

    Parameters
    ----------
    moment, cycle, published
        UTC.

    Examples
    --------
    >>> cycle = datetime(2021, 9, 10)
    >>> [lead_time_of(cycle + timedelta(hours=h), cycle, cycle + timedelta(hours=8)) for h in (8, 21.9, 200)]
    [0, 21, 168]
    """
    if moment <= published:
        return 0
    return min(HORIZON_H, max(0, (moment - cycle) // timedelta(hours=1)))


def _near_hours(lat: Floats, lon: Floats, land: BaseGeometry, km: float) -> list[npt.NDArray[np.intp]]:
    """Runs of hours between which the path is within `km` of land, or a little more.

    On Mercator's map, which is true to scale around each place; its scale is that of the place.
    """
    near = longitudes_around(lon, land)
    there = np.isfinite(lat)
    hours = np.flatnonzero(there).tolist()
    pieces = [(hour, hour + 1 if hour + 1 < len(lat) and there[hour + 1] else hour) for hour in hours]
    if not pieces:
        return []
    flat = _mercator(np.column_stack([near, lat]))
    lines = shapely.linestrings([[flat[one], flat[other]] for one, other in pieces])
    wide = shapely.transform(land, _mercator)
    shapely.prepare(wide)
    scale = np.cos(np.radians([max(abs(lat[one]), abs(lat[other])) for one, other in pieces]))
    close = shapely.distance(wide, lines) * EARTH_KM * scale <= km * 1.02 + 0.01
    runs: list[list[int]] = []
    for number, (one, other) in enumerate(pieces):
        if not close[number]:
            continue
        if runs and runs[-1][-1] == one:
            runs[-1].append(other)
        else:
            runs.append([one, other])
    return [np.unique(run) for run in runs]


def _mercator(corners: Floats) -> Floats:
    """Longitude and latitude in degrees to the plane, in radians of the equator."""
    lon, lat = np.radians(corners[:, 0]), np.radians(np.clip(corners[:, 1], -85, 85))
    return np.column_stack([lon, np.arctanh(np.sin(lat))])
