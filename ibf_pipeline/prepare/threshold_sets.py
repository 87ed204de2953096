"""The sets of thresholds in the prepared tables: that of `thresholds.json`, and those of other GloFAS versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import xarray as xr

_FIRST: Final = "thresholds"
_LATER: Final = "thresholds_v"
_PERIOD: Final = "return_period"


def threshold_tables(first: xr.DataArray, later: Mapping[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Variables of the tables, each (station, return period) m3/s; the sets may have different return periods.

    `later`: GloFAS version -> its set.
    """
    others = {
        f"{_LATER}{version}": table.rename({_PERIOD: f"{_PERIOD}_v{version}"}) for version, table in later.items()
    }
    return {_FIRST: first, **others}


def later_sets(tables: xr.Dataset) -> dict[str, xr.DataArray]:
    """GloFAS version -> its set, as `threshold_tables` was given them."""
    found = {}
    for name in tables.data_vars:
        version = str(name).removeprefix(_LATER)
        if version != str(name):
            table = tables[name].load().rename({f"{_PERIOD}_v{version}": _PERIOD})
            found[version] = table.rename(_FIRST)
    return found
