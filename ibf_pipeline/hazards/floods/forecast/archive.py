"""Whether a source that does not say which model it serves serves the one that the thresholds are of."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

_FITTING: Final = (0.7, 1.4)
"""smallest and largest share of the 2-year threshold"""
_PERIOD: Final = 2.0
"""years; the level that half of all years exceed"""


def archive_misfits(maxima: xr.DataArray, thresholds: xr.DataArray) -> list[str | None]:
    """Why stations are blind because the source's own archive does not fit their thresholds.

    Parameters
    ----------
    maxima
        (station,) m3/s, median annual maximum of the archive; NaN if it has none.
    thresholds
        (station, return_period) m3/s.

    Returns
    -------
    list of str or None
        (station,) in words; None if the archive fits.

    Notes
    ----- The 2-year level is by its definition the median of the annual maxima, so for one model at one cell the two
    are alike; 0.7 to 1.4 times, bounds included, leaves room for other years and another fit. GloFAS v4 discharge is 2
    to 2.5 times that of v5 at public Somali points, and a cell beside the river carries a tenth of it: either would
    read as an all clear, or as a flood that nobody has.

    Examples
    --------
    >>> thresholds = xr.DataArray([[100.0], [100.0]], {"return_period": [2.0]}, ("station", "return_period"))
    >>> [reason is None for reason in archive_misfits(xr.DataArray([140.0, 10.0], dims="station"), thresholds)]
    [True, False]
    """
    if _PERIOD not in thresholds["return_period"].values:
        return ["no 2-year threshold to hold the source's archive against"] * maxima.size
    limits = thresholds.sel(return_period=_PERIOD).values.tolist()
    return [_misfit(maximum, limit) for maximum, limit in zip(maxima.values.tolist(), limits, strict=True)]


def _misfit(maximum: float, limit: float) -> str | None:
    if not np.isfinite(maximum):
        return "the source's own archive has too few years there to be held against the thresholds"
    low, high = _FITTING
    if low * limit <= maximum <= high * limit:
        return None
    ratio = f"{maximum / limit:.2g} times" if limit > 0 else "not to be compared with"
    return (
        f"the source serves another model version or another cell: the median annual maximum of its archive, "
        f"{maximum:.4g} m3/s, is {ratio} the 2-year threshold of {limit:g} m3/s ({low:g} to {high:g} times fits)"
    )
