"""A country of any number of stations, in memory: layers without files, and an ensemble of which everything happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED, Area, CountryLayers, Station
from ibf_pipeline.domain.lead_times import LEAD_TIMES

RETURN_PERIODS = (1.5, 2.0, 5.0, 10.0, 20.0)
MAPS = (10.0, 20.0)
AREAS_PER_STATION = 3
STATIONS_PER_DISTRICT = 4
"""the last area of a station lies in the next station's district, so that districts are shared"""

RISE = np.array([0.7, 0.8, 1.0, 1.2, 1.3, 1.2, 1.0, 0.8])
"""of the rivers over the lead times"""


def country(**changes: Any) -> FloodCountry:
    """Its configuration: warnings from the 1.5-year threshold on, triggers from the 5-year one."""
    content: dict[str, Any] = {
        "iso3": "XMS",
        "name": "Manyland",
        "admin_levels": [1, 2],
        "default_admin_level": 1,
        "classes": {"rule": "return-period", "return_period": {"min": 1.5, "med": 2, "max": 5}, "probability": 0.6},
        "trigger": {"return_period": 5, "probability": 0.6, "lead_time_limit": 7},
        "flood_maps": {"return_periods": list(MAPS)},
        "thresholds_version": "4",
        "sources": ["folder"],
    }
    return FloodCountry.model_validate({**content, **changes})


def layers(stations: int, seed: int = 0) -> CountryLayers:
    """Stations S0, S1 ... with three areas each; four stations share a district, and their neighbours a part of it."""
    made = np.random.default_rng(seed)
    codes = [f"S{number}" for number in range(stations)]
    mapping = {
        code: tuple(f"A{number * AREAS_PER_STATION + part}" for part in range(AREAS_PER_STATION))
        for number, code in enumerate(codes)
    }
    deepest = [place for places in mapping.values() for place in places]
    per_district = AREAS_PER_STATION * STATIONS_PER_DISTRICT
    areas = {
        place: Area(place, f"Area {place}", 2, f"D{(number + 1) // per_district}", 1000.0)
        for number, place in enumerate(deepest)
    }
    for district in range(len(deepest) // per_district + 1):
        areas[f"D{district}"] = Area(f"D{district}", f"District {district}", 1, None, 1000.0 * per_district)
    smallest = made.uniform(5.0, 500.0, (stations, 1))
    return CountryLayers(
        iso3="XMS",
        areas=areas,
        stations=tuple(Station(code, f"Station {code}", 0.0, 10.0, 0.0, 10.0) for code in codes),
        thresholds=xr.DataArray(
            smallest * np.array([1.0, 1.2, 1.7, 2.1, 2.6]),
            dims=("station", "return_period"),
            coords={"station": codes, "return_period": list(RETURN_PERIODS)},
        ),
        mapping=mapping,
        exposure=xr.DataArray(
            made.uniform(0.0, 300.0, (1, len(deepest), len(MAPS))),
            dims=("indicator", "area", "flood_map"),
            coords={"indicator": [POPULATION_AFFECTED], "area": deepest, "flood_map": list(MAPS)},
        ),
    )


def ensemble(thresholds: xr.DataArray, members: int = 51, seed: int = 0) -> xr.DataArray:
    """Discharge (member, lead_time, station) m3/s in 32 bits, as the reader gives it.

    Levels of stations lie around their thresholds and rise and fall over the days, and the members lie around them.
    Some stations are quiet, some warn and some trigger, about as large a share of a hundred as of ten thousand.
    """
    made = np.random.default_rng(seed)
    smallest = thresholds.min("return_period").values
    level = smallest * made.lognormal(-0.4, 0.6, smallest.size) * RISE[:, np.newaxis]
    values = level * made.lognormal(0.0, 0.2, (members, len(LEAD_TIMES), smallest.size))
    return xr.DataArray(
        values.astype("float32"),
        dims=("member", "lead_time", "station"),
        coords={
            "member": range(members),
            "lead_time": list(LEAD_TIMES),
            "station": thresholds["station"].values,
            "outside": ("station", np.zeros(smallest.size, dtype=bool)),
        },
        attrs={"units": "m3 s-1", "source": "made up", "glofas_version": "4", "issue_date": "2026-02-15"},
    )
