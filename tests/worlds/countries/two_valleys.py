"""A country of two valleys for flash floods, with numbers that can be added up by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED, Area
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers, Scenario
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.block import Past, find
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge

ISSUE = "2026-02-15T06"
FIRST, LAST = -53, 48
"""hours after the issue time"""
AREAS = ("A1", "A2", "B1", "U1")
"""two of district Alpha, one of Beta, one in the hills above"""
DISTRICTS = {"Alpha": ("A1", "A2"), "Beta": ("B1",)}
TABLE = {
    "10mm_1hr": (1, 10, 1, 5),
    "20mm_4hr": (4, 20, 2, 10),
    "20mm_1hr": (1, 20, 3, 30),
    "40mm_4hr": (4, 40, 4, 50),
    "30mm_1hr": (1, 30, 5, 60),
    "100mm_24hr": (24, 100, 6, 100),
    "80mm_4hr": (4, 80, 7, 212),
    "200mm_24hr": (24, 200, 8, 2000),
    "120mm_4hr": (4, 120, 9, 3000),
}
"""scenario -> hours, mm, rank, people in A1 and B1; half as many in A2"""
Wet = Mapping[str, Mapping[int, float]]
"""area -> hour -> mm; all others are dry"""


def layers(**changes: Any) -> FlashFloodLayers:
    """Its layers; people, and a tenth of them as houses."""
    people = np.array([[number * share for *_, number in TABLE.values()] for share in (1.0, 0.5, 1.0, 0.0)])
    exposure = xr.DataArray(
        np.stack([people, people / 10]),
        dims=("indicator", "area", "scenario"),
        coords={
            "indicator": [POPULATION_AFFECTED, "nr_affected_buildings"],
            "area": list(AREAS),
            "scenario": list(TABLE),
        },
    )
    made = FlashFloodLayers(
        iso3="XTV",
        areas={code: Area(code, f"Area {code}", 3, None, 10_000) for code in AREAS},
        districts=DISTRICTS,
        scenarios=tuple(Scenario(name, hours, mm, rank) for name, (hours, mm, rank, _) in TABLE.items()),
        exposure=exposure,
        assets={
            "schools": {("A1", "80mm_4hr"): ("16", "7"), ("B1", "80mm_4hr"): ("9",)},
            "roads": {("A1", "80mm_4hr"): ("120",), ("A2", "80mm_4hr"): ("120", "99")},
        },
    )
    return replace(made, **changes)


def country(**changes: Any) -> FlashFloodCountry:
    """Its configuration."""
    keys = {
        "iso3": "XTV",
        "name": "Two Valleys",
        "time_zone": "Africa/Blantyre",
        "admin_levels": [3],
        "default_admin_level": 3,
        "sources": ["rain"],
        "districts": DISTRICTS,
        "durations_h": [1, 4, 24],
    }
    return FlashFloodCountry.model_validate(keys | changes)


def rain(
    wet: Wet | Sequence[Wet],
    issue: str = ISSUE,
    *,
    observed_to: int = 0,
    missing: Mapping[str, Iterable[int]] | None = None,
    step: float = 1,
    cycle: str | None = None,
) -> xr.DataArray:
    """`wet`: of the one run, or of each member; `observed_to`: the last hour that was measured; `missing`: area ->
    hours without a value; `step`: hours, of the forecast.
    """
    members = [wet] if isinstance(wet, Mapping) else wet
    hours = np.arange(FIRST, LAST + 1)
    start = IssueTime.parse(issue).start
    amount = np.zeros((len(members), len(hours), len(AREAS)), dtype=np.float32)
    for number, member in enumerate(members):
        for area, by_hour in member.items():
            for hour, mm in by_hour.items():
                amount[number, hour - FIRST, AREAS.index(area)] = mm
    observed = np.broadcast_to((hours <= observed_to)[:, np.newaxis], amount.shape[1:]).copy()
    gone = np.zeros(amount.shape[1:], dtype=bool)
    for area, lost in (missing or {}).items():
        gone[[hour - FIRST for hour in lost], AREAS.index(area)] = True
    amount[:, gone] = np.nan
    both = ("time", "area")
    return xr.DataArray(
        amount,
        dims=("member", *both),
        coords={
            "member": range(len(members)),
            "time": [np.datetime64(start.replace(tzinfo=None), "ns") + np.timedelta64(int(h), "h") for h in hours],
            "area": list(AREAS),
            "origin": (both, np.where(gone, -1, np.where(observed, 0, 1)).astype(np.int8)),
            "observed": (both, observed & ~gone),
            "step_hours": (both, np.where(gone, np.nan, np.where(observed, 0.5, step)).astype(np.float32)),
        },
        name="rain",
        attrs={
            "issue_time": issue,
            "cycle": cycle or start.isoformat(),
            "origins": ("IMERG Late", "GFS"),
            "members": "one run" if isinstance(wet, Mapping) else "ensemble",
        },
    )


def found(
    cube: xr.DataArray,
    before: FlashFloodFindings | None = None,
    *,
    late: float = 0,
    accepted: Sequence[str] = (),
    gauges: Sequence[RiverGauge] = (),
    static: FlashFloodLayers | None = None,
    exercise: bool = False,
    **changes: Any,
) -> FlashFloodFindings:
    """What a block finds, published `late` hours after its issue time; `changes`: of the configuration."""
    published = IssueTime.parse(str(cube.attrs["issue_time"])).start + timedelta(hours=late)
    past = Past(before, accepted)
    return find(cube, static or layers(), country(**changes), published, past, gauges, exercise=exercise)


def block(number: int) -> str:
    """The issue time `number` blocks after the first one."""
    moment = IssueTime.parse(ISSUE).start + timedelta(hours=6 * number)
    return f"{moment:%Y-%m-%dT%H}"


def only(result: FlashFloodFindings, district: str = "Alpha") -> FlashFloodEvent:
    """The event of a district."""
    return next(event for event in result.events if event.district == district)


def at(hour: float, issue: str = ISSUE) -> datetime:
    """The moment so many hours after an issue time."""
    return IssueTime.parse(issue).start + timedelta(hours=hour)
