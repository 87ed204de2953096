"""Whether thresholds can be cubic metres per second: in litres they are a thousand times too large (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import xarray as xr

from ibf_pipeline.domain.country import Station
from ibf_pipeline.domain.wording import some
from ibf_pipeline.errors import InputInvalid

_BEYOND_RIVERS: Final = 400_000.0
"""m3/s at the smallest return period; the Amazon at Obidos carried 370,000 in its flood of 1953"""
_OF_THE_LARGEST: Final = 50_000.0
"""m3/s at the smallest return period, which the floods of most years reach on the great rivers alone"""
_OF_THE_GREAT: Final = 300_000.0
"""m3/s at the smallest return period: as much is not unusual on the great rivers, below the Amazon's record"""
_GREAT_RIVERS: Final = {
    "Amazon": (-11.0, -76.0, 2.0, -48.0),
    "Orinoco": (6.0, -69.0, 10.0, -60.0),
    "Congo": (-8.0, 12.0, 5.0, 28.0),
    "Ganges and Brahmaputra": (21.5, 84.0, 28.5, 96.5),
    "Yangtze": (28.0, 105.0, 33.0, 122.5),
    "Mekong": (8.5, 102.0, 19.0, 108.0),
    "Yenisei": (55.0, 80.0, 74.0, 97.0),
    "Lena": (58.0, 105.0, 75.0, 136.0),
}
"""south, west, north, east in degrees, around those that carry more than OF_THE_LARGEST in the floods of most years"""
_THOUSAND: Final = 1000.0
"""times, from one return period to the next: one of the two is in litres; GloFAS rivers rise 2 to 8 times in all"""
STEEP: Final = 60.0
"""times: between the smallest and the largest return period; GloFAS rivers rise 2 to 8 times, those of deserts, whose
floods vary by 1.5 times their average from year to year, by 36"""
_RIVER: Final = 50.0
"""m3/s at the smallest return period, from which on a station has a river that flows in most years: a wadi may be as
steep as it likes"""
_NAMED: Final = 4
"""stations"""
NO_LITRES: Final = "divide them by 1000 if they are litres per second; else take them from the GloFAS threshold grids"


LARGE: Final = "thresholds as of the largest rivers on Earth, or litres per second"
GROWING: Final = f"thresholds that grow more than {STEEP:g} times over their return periods"
ALIKE: Final = "stations with one another's thresholds"


def require_cubic_metres(code: str, periods: Sequence[float], values: Sequence[float], file: Path) -> None:
    """`values`: m3/s of a station, by `periods` (years), growing. InputInvalid if no river has such thresholds."""
    if values[0] > _BEYOND_RIVERS:
        raise InputInvalid(
            f"station {code}: the {periods[0]:g}-year threshold is {values[0]:,.0f} m3/s, more than any river's flood",
            where=file,
            expected=f"m3/s, at most {_BEYOND_RIVERS:,.0f}",
            remedy=NO_LITRES,
        )
    for (smaller, low), (larger, high) in pairwise(zip(periods, values, strict=True)):
        if low >= 1 and high >= _THOUSAND * low:
            raise InputInvalid(
                f"station {code}: the {larger:g}-year threshold {high:g} is {high / low:,.0f} times the "
                f"{smaller:g}-year one {low:g}",
                where=file,
                expected="m3/s at every return period",
                remedy=NO_LITRES,
            )


def of_the_largest_rivers(thresholds: xr.DataArray, stations: Sequence[Station]) -> list[str]:
    """Stations (with m3/s) that only a great river has, and that lie on none, or have more than any of these.

    `thresholds`: (station, return_period) m3/s, of the `stations`.
    """
    smallest = {station.code: thresholds.sel(station=station.code).values.tolist()[0] for station in stations}
    return [
        f"{station.code} ({smallest[station.code]:,.0f} m3/s)"
        for station in stations
        if smallest[station.code] > (_OF_THE_GREAT if _on_a_great_river(station) else _OF_THE_LARGEST)
    ]


def _on_a_great_river(station: Station) -> bool:
    return any(
        south <= station.lat <= north and west <= station.lon <= east
        for south, west, north, east in _GREAT_RIVERS.values()
    )


def steep_thresholds(thresholds: xr.DataArray) -> list[str]:
    """Stations (with how many times) whose thresholds grow as those of no river from the smallest to the largest."""
    smallest = thresholds.isel(return_period=0).values.tolist()
    growth = (thresholds.isel(return_period=-1) / thresholds.isel(return_period=0)).values.tolist()
    rows = zip(thresholds["station"].values, smallest, growth, strict=True)
    return [f"{code} ({times:.0f} times)" for code, value, times in rows if times > STEEP and value > _RIVER]


def duplicate_thresholds(thresholds: xr.DataArray, stations: Iterable[Station]) -> list[str]:
    """Stations with the same value at every return period as one in another cell, which no two cells of a grid have."""
    alone = {(station.cell_lat, station.cell_lon): station.code for station in stations}
    rows: dict[tuple[float, ...], list[str]] = {}
    for code in alone.values():
        rows.setdefault(tuple(thresholds.sel(station=code).values.tolist()), []).append(code)
    return [" and ".join(codes) for codes in rows.values() if len(codes) > 1]


def threshold_doubts(thresholds: xr.DataArray, stations: Sequence[Station], file: str) -> list[str]:
    """What runs say of them; `file`: the name of theirs, if it is not the usual one."""
    known = (
        (LARGE, of_the_largest_rivers(thresholds, stations)),
        (GROWING, steep_thresholds(thresholds)),
        (ALIKE, duplicate_thresholds(thresholds, stations)),
    )
    return [threshold_doubt(words, found, file) for words, found in known if found]


def threshold_doubt(words: str, found: Sequence[str], file: str) -> str:
    """What is doubtful about thresholds, such as LARGE; `file`: of a later set, else empty."""
    said = f"{words}: {some(found, _NAMED)}"
    return f"{file}: {said}" if file else said
