"""Places on a sphere: unit vectors, distances along great circles, longitudes beside each other."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Longitude = TypeVar("Longitude", float, Floats)

EARTH_KM: Final = 6371.0
"""km, mean radius"""
DEGREE_KM: Final = 111.195
"""km, a degree of a great circle"""


def unit_vectors(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
    """Points of the unit sphere, (..., 3), of latitudes and longitudes in degrees."""
    phi, lam = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def distance_km(lat: npt.ArrayLike, lon: npt.ArrayLike, other_lat: npt.ArrayLike, other_lon: npt.ArrayLike) -> Floats:
    """Great circle distance in km; degrees, broadcast against each other; NaN where any is.

    By the chord, which stays exact for points that are close.
    """
    chord = np.linalg.norm(unit_vectors(lat, lon) - unit_vectors(other_lat, other_lon), axis=-1)
    km: Floats = 2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    return km


def near(lon: Longitude, middle: float = 0.0) -> Longitude:
    """Longitudes as those of their kind that are within half a turn of another, degrees: 181 around 175, not -179.

    So no path jumps at 180 degrees; around 0 they are -180..180 again.
    """
    return middle + (lon - middle + 180) % 360 - 180
