"""Stations: names, places, cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.discharge.cells import GLOBAL_GRID, GLOFAS_CELL
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.forecast.events import event_names
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.magnitudes import (
    ALIKE,
    GROWING,
    LARGE,
    STEEP,
    duplicate_thresholds,
    of_the_largest_rivers,
    steep_thresholds,
    threshold_doubt,
)
from ibf_pipeline.prepare.station_places import (
    KM,
    distance_outside,
    far_doubt,
    require_in_country,
    shared_doubt,
    sharing_a_cell,
)

_EDGE: Final = 0.01
"""in cells: nearer to a cell's edge than that, and rounding decides which cell a tool takes"""
_SMALL: Final = 10.0
"""m3/s: rivers with a smaller 1.5-year flood are too small for GloFAS, or the station lies beside its river"""
_DIFFERENT: Final = 0.05
"""share by which a threshold may differ from the grid's"""


def check_stations(stations: Sequence[Station], deepest: Boundaries, event_name: str, file: Path) -> Iterator[Finding]:
    """Unique and usable names, inside the country, not on the edge of a cell, a cell of its own each."""
    yield fine("stations", f"{len(stations)} stations, each code once")
    yield from _names(stations, event_name)
    yield from _places(stations, deepest, file)
    yield from _without_river(stations)
    edges = [station.code for station in stations if on_edge(station.lat, station.lon)]
    if edges:
        yield finding("stations on an edge", stations=first_few(edges), count=len(edges), total=len(stations))
    if shared := sharing_a_cell(stations):
        yield finding("stations share a cell", stations=first_few(shared)).doubted(shared_doubt(shared))


def check_thresholds(thresholds: xr.DataArray, stations: Sequence[Station], file: str = "") -> Iterator[Finding]:
    """`thresholds`: (station, return_period) m3/s, read and therefore complete and growing; `file` as of its doubts."""
    periods = thresholds["return_period"].values
    shown = ", ".join(f"{period:g}" for period in periods)
    yield fine("thresholds", f"complete and growing for every station: {shown} years")
    codes = [str(code) for code in thresholds["station"].values]
    smallest = thresholds.isel(return_period=0).values
    small = [f"{code} ({value:.3g} m3/s)" for code, value in zip(codes, smallest, strict=True) if value < _SMALL]
    if small:
        yield finding("thresholds small", smallest=periods[0], stations=first_few(small))
    large = of_the_largest_rivers(thresholds, stations)
    if large:
        said = finding("thresholds large", smallest=periods[0], stations=first_few(large))
        yield said.doubted(threshold_doubt(LARGE, large, file))
    if grown := steep_thresholds(thresholds):
        said = finding(
            "thresholds steep", times=STEEP, smallest=periods[0], largest=periods[-1], stations=first_few(grown)
        )
        yield said.doubted(threshold_doubt(GROWING, grown, file))
    if same := duplicate_thresholds(thresholds, stations):
        yield finding("thresholds alike", stations=first_few(same)).doubted(threshold_doubt(ALIKE, same, file))


def check_river_cells(
    beside: Sequence[object], grid: Mapping[str, float], thresholds: xr.DataArray | None, period: float
) -> Iterator[Finding]:
    """Stations against the GloFAS threshold grid of a return period.

    `beside`: stations whose river flows through a neighbouring cell, in words; `grid`: m3/s at each station's cell;
    `thresholds`: those of the static data, None if they could not be read.
    """
    if beside:
        yield finding("river beside", stations=first_few(beside))
    else:
        yield fine("stations", f"river cells, by the threshold grid of {period:g} years")
    if thresholds is None or period not in thresholds["return_period"].values:
        return
    ours = {
        str(code): float(thresholds.sel(station=code, return_period=period)) for code in thresholds["station"].values
    }
    other = [
        f"{code} ({ours[code]:.3g}, in the grid {value:.3g} m3/s)"
        for code, value in grid.items()
        if code in ours and abs(ours[code] / value - 1) > _DIFFERENT
    ]
    if other:
        yield finding("thresholds differ", period=period, stations=first_few(other))
    else:
        yield fine("thresholds", f"as in the threshold grid, at {period:g} years")


def on_edge(lat: float, lon: float) -> bool:
    """Whether a point lies on the edge of a GloFAS cell, to a hundredth of a cell."""
    rows = np.array([(GLOBAL_GRID.top - lat) / GLOFAS_CELL, (lon - GLOBAL_GRID.left) / GLOFAS_CELL])
    return bool((np.abs(rows - np.rint(rows)) < _EDGE).any())


def _names(stations: Sequence[Station], event_name: str) -> Iterator[Finding]:
    named = event_names([(station.code, station.name) for station in stations], "station_name")
    by_code = [station for station in stations if named[station.code] == station.code != station.name]
    repeated = Counter(station.name for station in stations)
    twice = sorted(name for name, times in repeated.items() if times > 1 and name)
    if twice:
        yield finding("names repeated", names=first_few(repr(name) for name in twice))
    if by_code and event_name == "station_name":
        yield finding("names unusable", names=first_few(f"{s.code} ({s.name!r})" for s in by_code))
    nameless = [station.code for station in by_code if repeated[station.name] == 1 or not station.name]
    if nameless and event_name != "station_name":
        yield finding("names missing", stations=first_few(nameless))


def _without_river(stations: Sequence[Station]) -> Iterator[Finding]:
    blind = [station.code for station in stations if not station.river]
    if blind and len(blind) == len(stations):
        yield finding("every station without river", stations=first_few(blind))
    elif blind:
        yield finding("stations without river", count=len(blind), total=len(stations), stations=first_few(blind))


def _places(stations: Sequence[Station], deepest: Boundaries, file: Path) -> Iterator[Finding]:
    try:
        require_in_country(stations, deepest, file)
    except InputInvalid as error:
        yield error_finding("stations", error, "it would be forecast at another river: `prepare` refuses it")
        return
    distances = zip(stations, distance_outside(stations, deepest), strict=True)
    outside = [f"{station.code} ({degrees * KM:,.1f} km)" for station, degrees in distances if degrees > 0]
    if outside:
        far = far_doubt(stations, deepest)
        yield finding("stations outside", stations=first_few(outside)).doubted(*filter(None, [far]))
    else:
        yield fine("stations", "all inside the country")
