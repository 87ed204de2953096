"""What is prepared of a country for flash floods: its districts, its library of floods, and whom each of them reaches.

The rain of areas that goes with it is one `xarray.DataArray` named `rain`, dims (member, time, area): millimetres
fallen in the hour that ends at `time` (UTC); NaN where it is missing, never 0. Coordinates beside its dims: `origin`
(time, area), index into `attrs["origins"]` or -1; `observed` (time, area), whether it was measured; `step_hours` (time,
area), length of the source's own step. Attributes: `issue_time`, `cycle` (ISO timestamp of the forecast's cycle, UTC),
`origins`, `members` ("one run" for a forecast without members).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import xarray as xr

from ibf_pipeline.domain.country import Area, PreparedLayers


@dataclass(frozen=True, slots=True)
class Scenario:
    """A flood of the library: what so much rain in so many hours does."""

    name: str
    """`80mm_4hr`"""
    duration_h: int
    amount_mm: float
    rank: int | None
    """its place among all scenarios, the worst last; None if the library does not say, which is an error"""


@dataclass(frozen=True, slots=True)
class FlashFloodLayers(PreparedLayers):
    """Everything static that a block's rain needs, in memory."""

    iso3: str
    areas: Mapping[str, Area]
    """by place code, those of the level at which events exist"""
    districts: Mapping[str, tuple[str, ...]]
    """name of the event -> place codes of its areas"""
    scenarios: tuple[Scenario, ...]
    exposure: xr.DataArray
    """(indicator, area, scenario): people first, then further amounts, where that scenario's flood reaches the area"""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """place code -> people above which the area is alerted, where it is not the country's own number"""
    catchments: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """place code -> the areas whose rain runs there (itself among them or not) -> their size, in any one unit"""
    small_lag: frozenset[str] | None = None
    """areas that answer to short rain; None: all do"""
    assets: Mapping[str, Mapping[tuple[str, str], tuple[str, ...]]] = field(default_factory=dict)
    """category of points or lines -> (place code, scenario) -> fids of those that the flood reaches"""
