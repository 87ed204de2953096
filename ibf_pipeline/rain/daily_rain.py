"""The largest rain of 24 hours in a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

_HOURS: Final = 24


def largest_of_24h(rain: xr.DataArray) -> Mapping[str, float]:
    """Largest running sum of 24 hours by area, mm: of each member, then the mean over the members.

    `rain`: (member, time, area) mm in the hour that ends at `time`, hourly without gaps. A sum with a missing hour
    counts for nothing; an area without any whole sum is left out.

    >>> import numpy as np
    >>> hours = np.ones((1, 30, 2)) * [2.0, np.nan]
    >>> largest_of_24h(xr.DataArray(hours, {"area": ["wet", "unknown"]}, ("member", "time", "area")))
    {'wet': 48.0}
    """
    hours = rain.transpose("member", "time", "area").astype(float)
    if hours.sizes["time"] < _HOURS:
        return {}
    largest = hours.rolling(time=_HOURS).sum().max("time").mean("member")
    return {
        str(code): float(mm) for code, mm in zip(rain["area"].values, largest.values, strict=True) if np.isfinite(mm)
    }
