"""Two islands on the 122nd meridian and storms of few members: numbers that a person can add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.tracks import QUADRANTS, SPEEDS_MS
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers

CYCLE = np.datetime64("2026-11-24T00:00", "ns")
AREAS = ("N1", "N2", "S1")
"""two municipalities of the northern island at 20 N, one of the southern at 10 N"""
CELLS = ((20.0, 122.0, 0, 1000), (20.1, 122.0, 0, 3000), (20.0, 122.3, 1, 500), (10.0, 122.0, 2, 2000))
"""latitude, longitude, number of the area, people"""


def islands(**changed: Any) -> TyphoonLayers:
    """N1 and N2 in province N of region RN, S1 in province S of region RS; the houses of N2 are not known."""
    lat, lon, area, people = (np.array(column) for column in zip(*CELLS, strict=True))
    parts = {
        "iso3": "XTI",
        "areas": {
            code: Area(code, f"Town {code}", 3, code[0], float(people[area == number].sum()))
            for number, code in enumerate(AREAS)
        },
        "provinces": {"N": "North", "S": "South"},
        "regions": {"RN": "Region North", "RS": "Region South"},
        "region_of": {"N": "RN", "S": "RS"},
        "centres": {"N1": (122.0, 20.075), "N2": (122.3, 20.0), "S1": (122.0, 10.0)},
        "cells": xr.Dataset(
            {"lat": ("cell", lat), "lon": ("cell", lon), "area": ("cell", area), "people": ("cell", people)}
        ),
        "houses": {"N1": 1000.0, "S1": 400.0},
        "land": shapely.union_all([shapely.box(121.9, 19.9, 122.4, 20.2), shapely.box(121.9, 9.9, 122.1, 10.1)]),
    }
    return TyphoonLayers(**parts | changed)


def islands_country(**changed: Any) -> TyphoonCountry:
    keys = {
        "iso3": "XTI", "name": "Two Islands", "admin_levels": (3,), "default_admin_level": 3, "sources": ("folder",),
        "monitoring": ((110, 0), (140, 0), (140, 30), (110, 30)), "province_level": 2, "region_level": 1,
        "triggers": (),
    }  # fmt: skip
    return TyphoonCountry(**keys | changed)


def storm(
    *members: Sequence[tuple[float, float] | None],
    wind: float | Sequence[float] = 30.0,
    pressure: float = 960.0,
    radii: Mapping[int, Sequence[float]] | None = None,
    hours: int = 6,
) -> xr.Dataset:
    """One storm; a member is its centres (lat, lon) every six hours, None where it has none.

    `wind`: m/s, of all or of each member; `pressure`: hPa; `radii`: number of a step -> km of 34 kt to NE, SE, SW and
    NW, the same for all members.
    """
    length = max(map(len, members))
    fixes = np.full((len(members), length, 2), np.nan)
    for number, own in enumerate(members):
        for step, fix in enumerate(own):
            fixes[number, step] = (np.nan, np.nan) if fix is None else fix
    there = np.isfinite(fixes[..., 0])
    radius = np.full((len(members), length, len(SPEEDS_MS), len(QUADRANTS)), np.nan)
    for step, km in (radii or {}).items():
        radius[:, step, 0] = km
    dims = ("member", "time")
    winds = np.broadcast_to(np.asarray(wind, float).reshape(-1, 1), there.shape)
    return xr.Dataset(
        {
            "lat": (dims, fixes[..., 0]),
            "lon": (dims, fixes[..., 1]),
            "pressure": (dims, np.where(there, pressure, np.nan)),
            "wind": (dims, np.where(there, winds, np.nan)),
            "wind_lat": (dims, np.full(there.shape, np.nan)),
            "wind_lon": (dims, np.full(there.shape, np.nan)),
            "radius": ((*dims, "speed", "quadrant"), radius),
        },
        {
            "member": np.arange(1, len(members) + 1),
            "time": CYCLE + np.arange(length) * np.timedelta64(hours, "h"),
            "speed": list(SPEEDS_MS),
            "quadrant": list(QUADRANTS),
        },
    )
