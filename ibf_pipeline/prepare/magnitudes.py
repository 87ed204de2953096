"""Whether thresholds can be cubic metres per second: in litres they are a thousand times too large (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import xarray as xr

from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid

BEYOND_RIVERS: Final = 400_000.0
"""m3/s at the smallest return period; the Amazon at Obidos carried 370,000 in its flood of 1953"""
OF_THE_LARGEST: Final = 50_000.0
"""m3/s at the smallest return period: the Congo, the Ganges, the Brahmaputra, the Orinoco and few others"""
THOUSAND: Final = 1000.0
"""times, from one return period to the next: one of the two is in litres; GloFAS rivers rise 2 to 8 times in all"""
STEEP: Final = 20.0
"""times: between the smallest and the largest return period; GloFAS rivers rise 2 to 8 times"""
_NAMED: Final = 4
"""stations"""
NO_LITRES: Final = "divide them by 1000 if they are litres per second; else take them from the GloFAS threshold grids"


def require_cubic_metres(code: str, periods: Sequence[float], values: Sequence[float], file: Path) -> None:
    """`values`: m3/s of a station, by `periods` (years), growing. InputInvalid where no river has such thresholds."""
    if values[0] > BEYOND_RIVERS:
        raise InputInvalid(
            f"station {code}: the {periods[0]:g}-year threshold is {values[0]:,.0f} m3/s, more than any river's flood",
            where=file,
            expected=f"m3/s, at most {BEYOND_RIVERS:,.0f}",
            remedy=NO_LITRES,
        )
    for (smaller, low), (larger, high) in pairwise(zip(periods, values, strict=True)):
        if low >= 1 and high >= THOUSAND * low:
            raise InputInvalid(
                f"station {code}: the {larger:g}-year threshold {high:g} is {high / low:,.0f} times the "
                f"{smaller:g}-year one {low:g}",
                where=file,
                expected="m3/s at every return period",
                remedy=NO_LITRES,
            )


def of_the_largest_rivers(thresholds: xr.DataArray) -> list[str]:
    """Stations (with m3/s) that only a river such as the Congo has; `thresholds`: (station, return_period) m3/s."""
    smallest = thresholds.isel(return_period=0)
    return [
        f"{code} ({value:,.0f} m3/s)"
        for code, value in zip(smallest["station"].values, smallest.values.tolist(), strict=True)
        if value > OF_THE_LARGEST
    ]


def steep(thresholds: xr.DataArray) -> list[str]:
    """Stations (with how many times) whose thresholds grow as those of no river from the smallest to the largest."""
    growth = (thresholds.isel(return_period=-1) / thresholds.isel(return_period=0)).values.tolist()
    codes = thresholds["station"].values
    return [f"{code} ({times:.0f} times)" for code, times in zip(codes, growth, strict=True) if times > STEEP]


def alike(thresholds: xr.DataArray, stations: Iterable[Station]) -> list[str]:
    """Stations with the same value at every return period as one in another cell, which no two cells of a grid have."""
    alone = {(station.cell_lat, station.cell_lon): station.code for station in stations}
    rows: dict[tuple[float, ...], list[str]] = {}
    for code in alone.values():
        rows.setdefault(tuple(thresholds.sel(station=code).values.tolist()), []).append(code)
    return [" and ".join(codes) for codes in rows.values() if len(codes) > 1]


def threshold_doubts(thresholds: xr.DataArray, stations: Sequence[Station], file: str) -> list[str]:
    """What runs say of them; `file`: the name of theirs, where it is not the usual one."""
    begin = f"{file}: " if file else ""
    known = (
        ("thresholds as of the largest rivers on Earth, or litres per second", of_the_largest_rivers(thresholds)),
        (f"thresholds that grow more than {STEEP:g} times over their return periods", steep(thresholds)),
        ("stations with one another's thresholds", alike(thresholds, stations)),
    )
    return [f"{begin}{words}: {_listed(codes)}" for words, codes in known if codes]


def _listed(stations: Sequence[str]) -> str:
    more = f" and {len(stations) - _NAMED} more" if len(stations) > _NAMED else ""
    return ", ".join(stations[:_NAMED]) + more
