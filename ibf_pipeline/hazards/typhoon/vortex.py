"""A storm hour by hour: what its wind is computed from, between the 6-hourly fixes of its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.typhoon import WindSettings
from ibf_pipeline.domain.sphere import EARTH_KM, Floats, distance_km, unit_vectors
from ibf_pipeline.domain.tracks import SPEEDS_MS
from ibf_pipeline.hazards.typhoon.geometry import HourlyTrack, hourly_track
from ibf_pipeline.hazards.typhoon.holland import (
    LEAST_DROP_HPA,
    TEN_MINUTES,
    drop_of_wind,
    holland_b,
    radius_of_gale,
    radius_of_pressure,
    wind_profile,
)

_RADIUS_KM: Final = (10.0, 150.0)
"""km, within which a radius from the message is kept: its grid resolves no less, and more is a band of rain far out"""
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class HourlyVortex:
    """The centres of all members, (member, hour); NaN where there is no storm, or neither wind nor pressure of it."""

    path: HourlyTrack
    drop: Floats
    """hPa below the pressure around the storm"""
    b: Floats
    """shape of the profile"""
    radius: Floats
    """km, of the largest wind"""
    east: Floats
    """m/s, motion of the centre"""
    north: Floats
    """m/s"""
    scale: Floats
    """10-minute wind around the centre for each m/s of the profile (rule 5)"""

    @property
    def whole(self) -> npt.NDArray[np.bool_]:
        """(member, hour) whether a wind field can be computed."""
        return np.isfinite(self.scale)


def hourly_vortex(storm: xr.Dataset, settings: WindSettings) -> HourlyVortex:
    """One storm hour by hour (rule 5).

    Centres move along great circles, pressure and wind change evenly in time. If a fix has no pressure or no wind,
    those of the fixes before and after it stand in; without any pressure it is that of the wind, without any wind the
    pressure alone says it.

    Parameters
    ----------
    storm
        One storm of `domain/tracks.py`, dims (member, time).
    settings
        Of the wind field: surrounding pressure, source of the radius, factor.

    Returns
    -------
    HourlyVortex
        Arrays (member, hour).

    References
    ----------
    docs/design/typhoon-wind.md
    """
    storm = storm.transpose("member", "time", ...)
    path = hourly_track(storm)
    wind = _evenly(storm, storm["wind"].values, path)
    pressure = _evenly(storm, storm["pressure"].values, path)
    pressure = np.where(np.isnan(pressure), settings.penv_hpa - drop_of_wind(wind / TEN_MINUTES), pressure)
    drop = np.maximum(settings.penv_hpa - pressure, LEAST_DROP_HPA)
    east, north = _motion(path)
    speed = np.hypot(east, north)
    b = holland_b(drop, _change(pressure), path.lat, speed)
    radius = radius_of_pressure(pressure)
    if settings.radius != "pressure":
        told = _told_radius(storm) if settings.radius == "message" else _gale_radius(storm)
        own = np.clip(_evenly(storm, told, path), *_RADIUS_KM)
        radius = np.where(np.isnan(own), radius, own)
    scale = _scale(wind_profile(radius, radius, b, drop, path.lat), wind * settings.factor, speed, settings.factor)
    return HourlyVortex(path, drop, b, radius, east, north, scale)


def _scale(largest: Floats, stated: Floats, translation: Floats, factor: float) -> Floats:
    """By what a profile is multiplied (rule 5): up to the stated wind, less the translation that is added again, and
    never down. `largest`: m/s, 1-minute, of the profile; `stated`: m/s, 10-minute; both from the forecast.
    """
    own = largest * TEN_MINUTES * factor
    return np.fmax(own, stated - translation) / largest


def _told_radius(storm: xr.Dataset) -> Floats:
    """(member, time) km from the centre to where the message has the largest wind."""
    return distance_km(*(storm[name].values for name in ("lat", "lon", "wind_lat", "wind_lon")))


def _gale_radius(storm: xr.Dataset) -> Floats:
    """(member, time) km by how far its gale reaches, in the quadrants that have any."""
    reach = storm["radius"].sel(speed=SPEEDS_MS[0], method="nearest")
    mean = reach.where(reach > 0).mean("quadrant").transpose("member", "time").values
    return radius_of_gale(mean, storm["wind"].values / TEN_MINUTES, storm["lat"].values)


def _evenly(storm: xr.Dataset, values: Floats, path: HourlyTrack) -> Floats:
    """(member, hour) of values (member, time), even between the steps that have one; NaN where there is no centre."""
    steps = storm["time"].values.astype("datetime64[s]").astype(float)
    hours = path.time.astype("datetime64[s]").astype(float)
    found = np.full(path.lat.shape, np.nan)
    for member, own in enumerate(np.asarray(values, float)):
        there = np.isfinite(own) & np.isfinite(storm["lat"].values[member])
        if there.any():
            found[member] = np.interp(hours, steps[there], own[there])
    return np.where(np.isnan(path.lat), np.nan, found)


def _change(values: Floats) -> Floats:
    """An hour's change of (member, hour, ...): over the hours before and after, or the one there is; 0 of one alone."""
    steps = np.diff(values, axis=1)
    edge = np.full_like(values[:, :1], np.nan)
    sides = np.stack([np.concatenate([edge, steps], axis=1), np.concatenate([steps, edge], axis=1)])
    known = np.isfinite(sides)
    change: Floats = np.where(known, sides, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return change


def _motion(path: HourlyTrack) -> tuple[Floats, Floats]:
    """Motion of the centre to east and north, m/s, (member, hour)."""
    moved = _change(unit_vectors(path.lat, path.lon)) * EARTH_KM * 1000 / _HOUR_S
    east, north = compass(path.lat, path.lon)
    return (moved * east).sum(axis=-1), (moved * north).sum(axis=-1)


def compass(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """Unit vectors that point east and north.

    Parameters
    ----------
    lat, lon
        (...) degrees, of the same shape.

    Returns
    -------
    east, north : numpy.ndarray
        (..., 3), in the axes of `unit_vectors`.
    """
    phi, lam = np.radians(lat), np.radians(lon)
    east = np.stack([-np.sin(lam), np.cos(lam), np.zeros_like(lam)], axis=-1)
    north = np.stack([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)], axis=-1)
    return east, north
