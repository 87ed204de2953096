"""What wind does to houses: Emanuel (2011)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def damage_ratio(wind_one_minute: npt.ArrayLike, threshold: float, half: float) -> Floats:
    """0..1, the share of the value of houses that is lost; not the share of houses that are destroyed.

    x = max(v - threshold, 0) / (half - threshold); x^3 / (1 + x^3): Emanuel (2011), doi 10.1175/WCAS-D-11-00007.1.
    The winds at which half is lost are fitted to reported losses, for the Philippines (region WP2) by Eberenz et al.
    (2021), doi 10.5194/nhess-21-393-2021: 84.7 m/s by the smallest error, 188.4 m/s by the right total. The two differ
    by an order of magnitude, so damage is a range wherever it is told.

    `wind_one_minute`, `threshold`, `half`: m/s, 1-minute.
    """
    cubed = (np.maximum(np.asarray(wind_one_minute, float) - threshold, 0) / (half - threshold)) ** 3
    found: Floats = cubed / (1 + cubed)
    return found
