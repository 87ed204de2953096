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
    """Points on the unit sphere.

    Parameters
    ----------
    lat, lon
        Degrees, any shape (...), broadcast against each other.

    Returns
    -------
    numpy.ndarray
        (..., 3): x towards 0 N 0 E, y towards 0 N 90 E, z towards the north pole; NaN where a coordinate is.
    """
    phi, lam = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def distance_km(lat: npt.ArrayLike, lon: npt.ArrayLike, other_lat: npt.ArrayLike, other_lon: npt.ArrayLike) -> Floats:
    """Great circle distance in km, by the chord, which stays exact for points that are close.

    Parameters
    ----------
    lat, lon, other_lat, other_lon
        Degrees, broadcast against each other.

    Returns
    -------
    numpy.ndarray
        km, on a sphere of 6371 km; NaN where any coordinate is.

    Examples
    --------
    >>> round(float(distance_km(0, 0, 0, 1)), 1)
    111.2
    >>> round(float(distance_km(15, 179.5, 15, -179.5)), 1)
    107.4
    """
    chord = np.linalg.norm(unit_vectors(lat, lon) - unit_vectors(other_lat, other_lon), axis=-1)
    km: Floats = 2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    return km


def wrap_longitude(lon: Longitude, middle: float = 0.0) -> Longitude:
    """Longitudes within half a turn of `middle`, degrees, so that a path across 180 degrees does not jump.

    Parameters
    ----------
    lon
        Degrees, of any range.
    middle
        Degrees; the result lies in `middle` - 180 (included) to `middle` + 180. 0 gives -180..180.

    Examples
    --------
    >>> wrap_longitude(-179.0, 175.0), wrap_longitude(181.0)
    (181.0, -179.0)
    """
    return middle + (lon - middle + 180) % 360 - 180
