"""Stations of an ensemble without a river, and without values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr


def with_gaps(cube: xr.DataArray, *, dry: Sequence[str] = (), missing: Sequence[str] = ()) -> xr.DataArray:
    """The cube with 0 m3/s at the stations in `dry` and NaN at those in `missing`."""
    cube = cube.copy()
    cube.loc[{"station": list(dry)}] = 0.0
    cube.loc[{"station": list(missing)}] = np.nan
    return cube
