"""Damage of wind to houses: Emanuel (2011)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]


def damage_ratio(wind_one_minute: npt.ArrayLike, threshold: float, half: float) -> _Floats:
    """Share of the value of houses that is lost, 0..1; not the share of houses that are destroyed.

    Parameters
    ----------
    wind_one_minute
        m/s, 1-minute; any shape.
    threshold
        m/s, 1-minute; no damage up to here.
    half
        m/s, 1-minute, at which half of the value is lost.

    Returns
    -------
    numpy.ndarray
        x^3 / (1 + x^3), x = max(v - threshold, 0) / (half - threshold); of the same shape.

    Notes
    -----
    The winds at which half is lost are fitted to reported losses, for the Philippines (region WP2): 84.7 m/s by the
    smallest error, 188.4 m/s by the right total. The two differ by an order of magnitude, so damage is always a range.

    Examples
    --------
    >>> damage_ratio([25.7, 84.7], 25.7, 84.7).tolist()
    [0.0, 0.5]
    >>> [round(float(damage_ratio(60, 25.7, half)), 4) for half in (84.7, 188.4)]
    [0.1642, 0.0093]

    References
    ----------
    Emanuel (2011), doi 10.1175/WCAS-D-11-00007.1; Eberenz et al. (2021), doi 10.5194/nhess-21-393-2021;
    docs/design/typhoon-wind.md
    """
    cubed = (np.maximum(np.asarray(wind_one_minute, float) - threshold, 0) / (half - threshold)) ** 3
    found: _Floats = cubed / (1 + cubed)
    return found
