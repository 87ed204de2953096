"""Wind by distance from a storm's centre: the profile of Holland (1980) with the shape of Holland (2008).

The shape `b` of Holland (2008) is fitted to surface winds of 1 minute, so what comes out of it is a 1-minute wind;
`TEN_MINUTES` makes a 10-minute one of it. All functions take arrays that broadcast against each other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.tracks import KT

_Floats = npt.NDArray[np.float64]

TEN_MINUTES: Final = 0.93
"""10-minute wind of a 1-minute one, at sea: Harper, Kepert and Ginger (2010), WMO/TD-No. 1555, table 1.1"""
_AIR_KG_M3: Final = 1.15
"""kg/m3, density of the air at the surface"""
CUT_KM: Final = 300.0
"""km; further out there is no wind of the storm"""
_NAUTICAL_MILE_KM: Final = 1.852
_SHAPE: Final = (1.0, 2.5)
"""smallest and largest b, as Holland (1980) found it"""
LEAST_DROP_HPA: Final = 1.0
"""hPa; a centre that is hardly deeper, or not at all, than the pressure around it still has the profile's form"""
_EARTH_TURNS: Final = 7.292e-5
"""1/s"""
_GALE_MS: Final = 34 * KT
_RADIUS_PRESSURES: Final = (872.0, 940.0, 980.0, 1021.0)
_RADIUS_MILES: Final = (14.9, 15.7, 25.7, 56.9)
_PASCAL: Final = 100.0


def radius_of_pressure(pressure: npt.ArrayLike) -> _Floats:
    """Radius of maximum wind from the pressure at the centre.

    Linear between 14.9, 15.7, 25.7 and 56.9 nautical miles at 872, 940, 980 and 1021 hPa, level beyond: a fit to the
    best tracks of IBTrACS with r2 0.79, as CLIMADA has it.

    Parameters
    ----------
    pressure
        hPa, any shape.

    Returns
    -------
    numpy.ndarray
        km, of the same shape; NaN where the pressure is.

    Examples
    --------
    >>> [round(float(radius_of_pressure(hpa)), 1) for hpa in (860, 940, 980, 1030)]
    [27.6, 29.1, 47.6, 105.4]

    References
    ----------
    doi 10.1175/2009BAMS2755.1; doi 10.5194/gmd-12-3085-2019; docs/design/typhoon-wind.md
    """
    miles: _Floats = np.interp(np.asarray(pressure, float), _RADIUS_PRESSURES, _RADIUS_MILES)
    miles = np.where(np.isnan(pressure), np.nan, miles)
    return miles * _NAUTICAL_MILE_KM


def radius_of_gale(gale_km: npt.ArrayLike, wind_one_minute: npt.ArrayLike, lat: npt.ArrayLike) -> _Floats:
    """Radius of maximum wind from how far 34 kt reach.

    By the angular momentum M = r V + f r^2 / 2 that is lost on the way in, M(rm) / M(r34) = 0.699 exp(-0.00618 (V -
    v34) - 0.0021 (V - v34) f r34 / 2).

    Parameters
    ----------
    gale_km
        km, mean of the quadrants.
    wind_one_minute
        V, the largest wind, m/s, 1-minute.
    lat
        Degrees; on the equator as on the first parallel.

    Returns
    -------
    numpy.ndarray
        km; NaN for storms that are weaker than a gale.

    References
    ----------
    Chavas and Knaff (2022), equations 2, 3 and 7, doi 10.1175/WAF-D-21-0103.1
    """
    speed, metres = np.asarray(wind_one_minute, float), np.asarray(gale_km, float) * 1000
    f = 2 * _EARTH_TURNS * np.sin(np.radians(np.maximum(np.abs(lat), 1)))
    stronger = np.where(speed > _GALE_MS, speed - _GALE_MS, np.nan)
    kept = 0.699 * np.exp(-0.00618 * stronger - 0.0021 * stronger * f * metres / 2)
    momentum = kept * (metres * _GALE_MS + f * metres**2 / 2)
    radius: _Floats = speed / f * (np.sqrt(1 + 2 * f * momentum / speed**2) - 1) / 1000
    return radius


def drop_of_wind(wind_one_minute: npt.ArrayLike) -> _Floats:
    """Pressure drop at the centre from the largest wind, for fixes without pressure: V = 6.7 kt (1010 - pc)^0.644.

    Parameters
    ----------
    wind_one_minute
        V, m/s, 1-minute.

    Returns
    -------
    numpy.ndarray
        hPa below the surroundings.

    Examples
    --------
    >>> round(float(drop_of_wind(100 * KT)), 1)
    66.5

    References
    ----------
    Atkinson and Holliday (1977), western North Pacific, doi 10.1175/1520-0493(1977)105<0421:TCMSLP>2.0.CO;2
    """
    knots = np.asarray(wind_one_minute, float) / KT
    drop: _Floats = (knots / 6.7) ** (1 / 0.644)
    return drop


def holland_b(drop: npt.ArrayLike, deepening: npt.ArrayLike, lat: npt.ArrayLike, translation: npt.ArrayLike) -> _Floats:
    """Shape b of the profile for 1-minute surface winds, 1..2.5.

    b = -4.4e-5 dp^2 + 0.01 dp + 0.03 dpc/dt - 0.014 abs(lat) + 0.15 vt^x + 1, x = 0.6 (1 - dp / 215).

    Parameters
    ----------
    drop
        dp, hPa below the surroundings.
    deepening
        dpc/dt, hPa/h, negative while the centre deepens.
    lat
        Degrees.
    translation
        vt, m/s, motion of the centre.

    Examples
    --------
    >>> round(float(holland_b(60, 0, 15, 5)), 3), round(float(holland_b(5, 0, 40, 0)), 3)
    (1.533, 1.0)

    References
    ----------
    Holland (2008), equation 11, doi 10.1175/2008MWR2395.1
    """
    dp = np.asarray(drop, float)
    moving = np.asarray(translation, float) ** (0.6 * (1 - dp / 215))
    b = -4.4e-5 * dp**2 + 0.01 * dp + 0.03 * np.asarray(deepening, float) - 0.014 * np.abs(lat) + 0.15 * moving + 1
    clipped: _Floats = np.clip(b, *_SHAPE)
    return clipped


def wind_profile(
    distance: npt.ArrayLike, radius: npt.ArrayLike, b: npt.ArrayLike, drop: npt.ArrayLike, lat: npt.ArrayLike
) -> _Floats:
    """Wind around the centre at a distance from it, without the storm's own motion; of the averaging period of b.

    V(r) = sqrt((b / rho) (rm / r)^b dp exp(-(rm / r)^b) + (r f / 2)^2) - r f / 2.

    Parameters
    ----------
    distance
        r, km.
    radius
        rm, km, of the largest wind.
    b
        Shape, as of `holland_b`.
    drop
        dp, hPa below the surroundings.
    lat
        Degrees, of the centre.

    Returns
    -------
    numpy.ndarray
        m/s; 0 in the centre itself.

    Examples
    --------
    >>> [round(float(wind_profile(km, 40, 1.5, 60, 15)), 1) for km in (0, 40, 100, 300)]
    [0.0, 52.9, 37.4, 14.2]

    References
    ----------
    Holland (1980), doi 10.1175/1520-0493(1980)108<1212:AAMOTW>2.0.CO;2
    """
    r = np.maximum(np.asarray(distance, float), 1e-3)
    ratio = (np.asarray(radius, float) / r) ** b
    turning = r * 1000 * _EARTH_TURNS * np.sin(np.radians(np.abs(lat)))
    pushed = np.asarray(b) / _AIR_KG_M3 * ratio * np.asarray(drop) * _PASCAL * np.exp(-np.minimum(ratio, 700))
    found: _Floats = np.sqrt(pushed + turning**2) - turning
    return found
