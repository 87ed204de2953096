"""A country of squares, in memory: as many stations as wanted, any names, numbers that a person can add up.

Every station has its own deepest area (level 2) and each row of ten areas is one area of level 1. Every
deepest area holds 1,000 people, of whom 100 live where the 10-year flood map is wet, 200 where the 20-year one is, and
so on up to 700.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED, Area, CountryLayers, Station
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings

COUNTRY = "XSQ"
THRESHOLDS: Mapping[float, float] = {1.5: 100, 2: 200, 5: 300, 10: 400, 20: 500, 50: 600, 100: 700, 200: 800, 500: 900}
"""m3/s by return period in years, at every station"""
FLOOD_MAPS = (10.0, 20.0, 50.0, 75.0, 100.0, 200.0, 500.0)
PEOPLE = 1000
"""people in every deepest area"""
QUIET = 50.0
"""m3/s of members that are above no threshold"""
ROW = 10
"""deepest areas in one area of level 1"""
SIDE = 0.2
"""degrees, of a deepest area"""

Rises = Mapping[int, tuple[int, float]]
"""lead time -> (members that rise, m3/s that they rise to); the other members and days are quiet"""


def square_config(**changes: object) -> FloodCountry:
    """The country's configuration, by default with Uganda's rule; `changes` replace whole keys of it."""
    content: dict[str, object] = {
        "iso3": COUNTRY,
        "name": "Squareland",
        "admin_levels": [1, 2],
        "default_admin_level": 1,
        "classes": {
            "rule": "return-period",
            "return_period": {"min": 1.5, "med": 2.0, "max": 5.0},
            "probability": 0.6,
        },
        "trigger": {"return_period": 5.0, "probability": 0.6, "lead_time_limit": 5},
        "flood_maps": {"return_periods": list(FLOOD_MAPS)},
        "thresholds_version": "4",
        "sources": ["folder"],
    }
    return FloodCountry.model_validate({**content, **changes})


def station_code(number: int) -> str:
    """`S01` for the first."""
    return f"S{number + 1:02d}"


def corner(number: int) -> tuple[float, float]:
    """West and south edge of a deepest area, degrees."""
    return 30.0 + SIDE * (number % ROW), 1.0 + SIDE * (number // ROW)


def square_layers(stations: int, names: Sequence[str] = (), area_names: Sequence[str] = ()) -> CountryLayers:
    """The country's layers; stations and deepest areas without a name of their own are called by number."""
    areas: dict[str, Area] = {}
    made: list[Station] = []
    for number in range(stations):
        west, south = corner(number)
        row = f"Q{number // ROW + 1}"
        areas.setdefault(row, Area(row, f"Row {number // ROW + 1}", 1, None, 0.0))
        areas[row] = Area(row, areas[row].name, 1, None, areas[row].population + PEOPLE)
        code = area_code(number)
        areas[code] = Area(code, _named(area_names, number, "Square"), 2, row, float(PEOPLE))
        lat, lon = south + SIDE / 2, west + SIDE / 2
        made.append(Station(station_code(number), _named(names, number, "Station"), lat, lon, lat, lon))
    codes = [area_code(number) for number in range(stations)]
    affected = np.array([[[100.0 * (place + 1) for place in range(len(FLOOD_MAPS))] for _ in codes]])
    return CountryLayers(
        iso3=COUNTRY,
        areas=areas,
        stations=tuple(made),
        thresholds=xr.DataArray(
            np.tile(np.array(list(THRESHOLDS.values()), dtype=float), (stations, 1)),
            dims=("station", "return_period"),
            coords={"station": [station.code for station in made], "return_period": list(THRESHOLDS)},
        ),
        mapping={station.code: (code,) for station, code in zip(made, codes, strict=True)},
        exposure=xr.DataArray(
            affected,
            dims=("indicator", "area", "flood_map"),
            coords={"indicator": [POPULATION_AFFECTED], "area": codes, "flood_map": list(FLOOD_MAPS)},
        ),
    )


def area_code(number: int) -> str:
    """Place code of a station's deepest area, with a leading zero as real ones have."""
    return f"0{number + 1:03d}"


def square_discharge(
    layers: CountryLayers, issue_date: date, rises: Mapping[str, Rises], *, members: int = 51, blind: Sequence[str] = ()
) -> xr.DataArray:
    """Discharge (member, lead_time, station) m3/s: on each day the first members rise, the others stay quiet.

    Stations in `blind` have no values.
    """
    codes = [station.code for station in layers.stations]
    cube = np.full((members, len(LEAD_TIMES), len(codes)), QUIET, dtype=np.float32)
    for code, days in rises.items():
        for lead_time, (count, value) in days.items():
            cube[:count, lead_time, codes.index(code)] = value
    for code in blind:
        cube[:, :, codes.index(code)] = np.nan
    return xr.DataArray(
        cube,
        dims=("member", "lead_time", "station"),
        coords={
            "member": np.arange(members),
            "lead_time": list(LEAD_TIMES),
            "station": codes,
            "outside": ("station", np.zeros(len(codes), dtype=bool)),
        },
        name="discharge",
        attrs={"issue_date": issue_date.isoformat(), "source": "generated", "glofas_version": "4"},
    )


def square_day(
    issue_date: date,
    rises: Mapping[str, Rises],
    *,
    stations: int = 3,
    config: FloodCountry | None = None,
    members: int = 51,
    blind: Sequence[str] = (),
) -> FloodFindings:
    """What a day finds where the given members rise."""
    layers = square_layers(stations)
    cube = square_discharge(layers, issue_date, rises, members=members, blind=blind)
    return find(cube, layers, config or square_config())


def _named(names: Sequence[str], number: int, word: str) -> str:
    return names[number] if number < len(names) else f"{word} {number + 1}"
