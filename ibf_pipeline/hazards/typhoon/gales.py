"""When the first gale reaches a place: action outdoors ends then, not when the centre comes (rule 9)."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.domain.sphere import EARTH_KM, Floats, unit_vectors
from ibf_pipeline.domain.tracks import QUADRANTS, SPEEDS_MS
from ibf_pipeline.hazards.typhoon.geometry import Flags, HourlyTrack, Moments
from ibf_pipeline.hazards.typhoon.vortex import HourlyVortex, compass
from ibf_pipeline.hazards.typhoon.wind import wind_fields

_GALE_MS: Final = SPEEDS_MS[0]
"""m/s, 10-minute: 34 kt"""


def gale_onset(storm: xr.Dataset, centres: HourlyVortex, lat: Floats, lon: Floats) -> Moments:
    """The first hour with a gale at each cell.

    By the message's 34 kt radii, each for its quadrant and even in time between two steps; in hours around which the
    message has none, by the wind field.

    Parameters
    ----------
    storm
        Dims (member, time).
    centres
        The same storm hour by hour.
    lat, lon
        (cell,) degrees.

    Returns
    -------
    numpy.ndarray
        (member, cell) datetime64, UTC; NaT if there is none.
    """
    storm = storm.transpose("member", "time", ...)
    places, path = unit_vectors(lat, lon), centres.path
    found = np.full((len(path.lat), len(lat)), np.datetime64("NaT"), "datetime64[ns]")
    told, reach = _hourly_radii(storm, path)
    for member, cells, speeds in wind_fields(centres, lat, lon):
        gale = speeds >= _GALE_MS
        hours = np.flatnonzero(told[member] & np.isfinite(path.lat[member]))
        gale[hours] = _reached(path.lat[member, hours], path.lon[member, hours], reach[member, hours], places[cells])
        found[member, cells] = np.where(gale.any(axis=0), path.time[gale.argmax(axis=0)], found[member, cells])
    return found


def _reached(lat: Floats, lon: Floats, reach: Floats, places: Floats) -> Flags:
    """(hour, cell) whether cells lie within the radius of their quadrant. `reach`: (hour, quadrant) km."""
    cosine, east, north = (
        np.einsum("hk,ck->hc", vectors, places) for vectors in (unit_vectors(lat, lon), *compass(lat, lon))
    )
    km = EARTH_KM * np.arccos(np.clip(cosine, -1, 1))
    quadrant = np.where(north >= 0, np.where(east >= 0, 0, 3), np.where(east >= 0, 1, 2))
    radius = np.take_along_axis(reach, quadrant, axis=1)
    within: Flags = (radius > 0) & (km <= radius)
    return within


def _hourly_radii(storm: xr.Dataset, path: HourlyTrack) -> tuple[Flags, Floats]:
    """(member, hour) whether the message has radii before and after, and (member, hour, quadrant) km."""
    if "radius" not in storm:
        return np.zeros(path.lat.shape, bool), np.zeros((*path.lat.shape, len(QUADRANTS)))
    given = storm["radius"].sel(speed=_GALE_MS, method="nearest").sel(quadrant=list(QUADRANTS))
    radii = given.transpose("member", "time", "quadrant").values
    known = np.isfinite(radii).any(axis=2) & np.isfinite(storm["lat"].values)
    steps = storm["time"].values.astype("datetime64[s]").astype(float)
    hours = path.time.astype("datetime64[s]").astype(float)
    told = np.stack([np.interp(hours, steps, own) == 1 for own in known.astype(float)])
    reach = np.stack(
        [np.stack([np.interp(hours, steps, quadrant) for quadrant in np.nan_to_num(own).T], axis=1) for own in radii]
    )
    return told, reach
