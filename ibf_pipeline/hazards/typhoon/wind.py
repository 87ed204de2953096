"""The wind that each member of a storm brings to the places where people live, and what it does there (rule 5).

All winds are 10-minute means at 10 m. The damage curve alone is of 1-minute winds: 10-minute / `TEN_MINUTES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.sphere import EARTH_KM, Floats, unit_vectors
from ibf_pipeline.domain.tracks import MS_TO_KMH
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.damage import damage_ratio
from ibf_pipeline.hazards.typhoon.holland import CUT_KM, TEN_MINUTES, wind_profile
from ibf_pipeline.hazards.typhoon.vortex import HourlyVortex, compass, hourly_vortex

CURVES: Final = ("strong", "weak")
"""damage curves, in the order of `vulnerability.v_half`: much damage, little damage"""
_BLOCK: Final = 500_000
"""pairs of an hour and a cell that are in memory at once"""


@dataclass(frozen=True, slots=True)
class AreaWinds:
    """What each member of one storm does to each area; 0 where a member has no storm there."""

    fastest: xr.DataArray
    """(member, area) m/s, 10-minute; the largest in time and over the area's settled cells"""
    people: xr.DataArray
    """(member, area) people in cells with at least the country's `people_kmh`"""
    damage: xr.DataArray
    """(curve, member, area) 0..1, mean over the area's people of the damage ratio where they live"""


def area_winds(storm: xr.Dataset, layers: TyphoonLayers, country: TyphoonCountry) -> AreaWinds:
    """Winds of one storm in all areas of a country (rule 5).

    Parameters
    ----------
    storm
        One storm of `domain/tracks.py`, dims (member, time); every step of it counts.
    layers
        Of the country: cells and their people.
    country
        The country's configuration: wind field, `people_kmh`, damage curves.

    Returns
    -------
    AreaWinds
        Dims (member, area); members without the storm are there with 0: whoever makes probabilities divides by the
        whole ensemble (rule 3).
    """
    cells = layers.cells
    fastest = fastest_at(hourly_vortex(storm, country.wind), cells["lat"].values, cells["lon"].values)
    people = cells["people"].values.astype(float)
    reached = np.where(fastest * MS_TO_KMH >= country.people_kmh, people, 0)
    coords = {"member": storm["member"].values, "area": list(layers.areas)}
    curves = [
        _weighted(damage_ratio(fastest / TEN_MINUTES, country.vulnerability.v_threshold, half), layers)
        for half in country.vulnerability.v_half
    ]
    return AreaWinds(
        fastest=xr.DataArray(_by_area(np.maximum, fastest, layers), coords, ("member", "area")),
        people=xr.DataArray(_by_area(np.add, reached, layers), coords, ("member", "area")),
        damage=xr.DataArray(np.stack(curves), {"curve": list(CURVES)} | coords, ("curve", "member", "area")),
    )


def fastest_at(storm: HourlyVortex, lat: Floats, lon: Floats) -> Floats:
    """The largest wind of all hours.

    Parameters
    ----------
    storm
        Hour by hour.
    lat, lon
        (cell,) degrees.

    Returns
    -------
    numpy.ndarray
        (member, cell) m/s, 10-minute; 0 where the storm never comes within 300 km.
    """
    found = np.zeros((len(storm.drop), len(lat)))
    for member, cells, speeds in wind_fields(storm, lat, lon):
        found[member, cells] = speeds.max(axis=0)
    return found


def wind_fields(storm: HourlyVortex, lat: Floats, lon: Floats) -> Iterator[tuple[int, slice, Floats]]:
    """The wind of one member after the other in blocks of cells.

    Around the centre it blows along circles, counter-clockwise in the north and clockwise in the south; the motion of
    the centre is added to it, whole within the radius of the largest wind and by rm / r beyond: after Mouton and
    Nordbeck (2005), as CLIMADA has it. Cut at 300 km. A block of all hours never holds more than half a million values,
    however many cells a country has. Members without any centre are left out.

    Parameters
    ----------
    storm
        Hour by hour.
    lat, lon
        (cell,) degrees.

    Yields
    ------
    member : int
        Place of the member.
    cells : slice
        Which cells.
    speeds : numpy.ndarray
        (hour, cell) m/s, 10-minute.

    References
    ----------
    doi 10.5194/gmd-12-3085-2019; docs/design/typhoon-wind.md
    """
    places = unit_vectors(lat, lon)
    size = max(1, _BLOCK // storm.drop.shape[1])
    for member in np.flatnonzero(storm.whole.any(axis=1)):
        for start in range(0, len(places), size):
            cells = slice(start, min(start + size, len(places)))
            yield int(member), cells, _field(storm, int(member), lat[cells], places[cells])


def _field(storm: HourlyVortex, member: int, cell_lat: Floats, places: Floats) -> Floats:
    """(hour, cell) m/s of one member at cells: their latitudes, and their unit vectors (cell, 3)."""
    speeds = np.zeros((len(storm.path.time), len(places)))
    hours = np.flatnonzero(storm.whole[member] & _beside(storm.path.lat[member], cell_lat))
    lat, lon = storm.path.lat[member, hours], storm.path.lon[member, hours]
    cells = np.flatnonzero(_beside(cell_lat, lat))
    cosine = np.einsum("hk,ck->hc", unit_vectors(lat, lon), places[cells])  # threads cost more than three products
    hour, near = np.nonzero(cosine >= np.cos(CUT_KM / EARTH_KM))
    cell = cells[near]
    km = EARTH_KM * np.arccos(np.minimum(cosine[hour, near], 1))
    to_east, to_north = (np.einsum("pk,pk->p", towards[hour], places[cell]) for towards in compass(lat, lon))
    drop, b, radius, east, north, scale = (
        values[member, hours][hour]
        for values in (storm.drop, storm.b, storm.radius, storm.east, storm.north, storm.scale)
    )
    around = scale * wind_profile(km, radius, b, drop, lat[hour])
    turn = np.where(lat[hour] < 0, -1, 1) * around / np.maximum(np.hypot(to_east, to_north), 1e-12)
    moving = np.minimum(1, radius / np.maximum(km, 1e-3))
    speeds[hours[hour], cell] = np.hypot(east * moving - turn * to_north, north * moving + turn * to_east)
    return speeds


def _beside(lat: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Which latitudes may lie within 300 km of any of the others; none if there are no others."""
    edge = float(np.degrees(CUT_KM / EARTH_KM))
    lowest, highest = others.min(initial=180) - edge, others.max(initial=-180) + edge
    beside: npt.NDArray[np.bool_] = (lat >= lowest) & (lat <= highest)
    return beside


def _by_area(gather: np.ufunc, values: Floats, layers: TyphoonLayers) -> Floats:
    """(member, area) of (member, cell); 0 of an area without cells."""
    found = np.zeros((len(layers.areas), len(values)))
    gather.at(found, layers.cells["area"].values.astype(int), values.T)
    return found.T


def _weighted(values: Floats, layers: TyphoonLayers) -> Floats:
    """(member, area) mean of (member, cell) over the people of the area's cells; over cells where nobody is known."""
    area, people = layers.cells["area"].values.astype(int), layers.cells["people"].values.astype(float)
    count = len(layers.areas)
    inhabited = np.bincount(area, people, count) > 0
    weights = np.where(inhabited[area], people, 1.0)
    total = np.maximum(np.bincount(area, weights, count), 1e-9)
    return _by_area(np.add, values * (weights / total[area]), layers)
