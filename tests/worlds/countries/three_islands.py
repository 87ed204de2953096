"""Three islands and storms that go straight over them, with numbers that can be added up by hand.

East lies at 125 to 126 E and West at 119 to 120 E, both at 11.5 to 12.5 N; North at 121 to 122 E, 17 to 18 N. Each has
two areas, half a degree high: E1 below E2. A cycle has 10 members: 8 perturbed, control (51), high resolution (52).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely
import xarray as xr

from ibf_pipeline.config.typhoon import TriggerAlternative, TyphoonCountry
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.cycle import Cycle, Past, find
from ibf_pipeline.hazards.typhoon.findings import StormFound, TyphoonEvent, TyphoonFindings
from tests.worlds.track_data import dataset

MEMBERS = (*range(1, 9), 51, 52)
FIRST = datetime(2026, 9, 10, tzinfo=UTC)
"""of the cycles, 00 UTC"""
CORNERS = {"E": (125.0, 11.5), "W": (119.0, 11.5), "N": (121.0, 17.0)}
PROVINCES = {"E": "East", "W": "West", "N": "North"}
STRONG = TriggerAlternative(
    scope="province", measure="wind_kmh", amount=118, probability=0.5, within_h=72, not_later_than_h=0
)


@dataclass(frozen=True)
class Way:
    """A member's storm: straight from a place, in degrees an hour."""

    lat: float = 12.0
    lon: float = 130.0
    east: float = -0.2
    north: float = 0.0
    from_h: int = 0
    to_h: int = 60
    wind: float = 45.0
    """m/s"""
    pressure: float = 955.0

    def later(self, hours: int) -> Way:
        """The same storm as a cycle so much later has it."""
        return replace(
            self,
            lat=self.lat + self.north * hours,
            lon=self.lon + self.east * hours,
            from_h=max(0, self.from_h - hours),
            to_h=max(0, self.to_h - hours),
        )


Storms = Mapping[str, Mapping[int, Way] | Way]
"""identifier, or `21W CHANTHU` with a name -> way of all members, or of some"""


def every(way: Way, **others: Way) -> dict[int, Way]:
    """All members alike; the high-resolution run 1 hPa deeper, so that it is a run of its own. `others`: `m3=...`."""
    own = dict.fromkeys(MEMBERS, way) | {52: replace(way, pressure=way.pressure - 1)}
    return own | {int(name[1:]): other for name, other in others.items()}


def country(**changes: Any) -> TyphoonCountry:
    """As configured."""
    settings = {
        "iso3": "XTI", "name": "Three Islands", "admin_levels": [3], "default_admin_level": 3, "province_level": 2,
        "time_zone": "Asia/Manila", "sources": ["made"], "monitoring": [(115, 5), (135, 5), (135, 25), (115, 25)],
        "members": 8, "fewest_members": 8, "triggers": [STRONG],
    }  # fmt: skip
    return TyphoonCountry.model_validate(settings | changes)


def layers(**changes: Any) -> TyphoonLayers:
    """4 cells of 2,500 people and 2,000 houses in each area."""
    areas, centres, cells = {}, {}, []
    for letter, (west, south) in CORNERS.items():
        for number in (1, 2):
            code, low = f"{letter}{number}", south + (number - 1) / 2
            areas[code] = Area(code, f"{PROVINCES[letter]} {number}", 3, letter, 10_000)
            centres[code] = (west + 0.5, low + 0.25)
            cells += [(low + y, west + x, len(areas) - 1) for y in (0.15, 0.35) for x in (0.3, 0.7)]
    lat, lon, area = np.array(cells).T
    made = TyphoonLayers(
        iso3="XTI",
        areas=areas,
        provinces=PROVINCES,
        regions={},
        region_of={},
        centres=centres,
        cells=xr.Dataset(
            {"lat": ("cell", lat), "lon": ("cell", lon), "area": ("cell", area.astype(int)),
             "people": ("cell", np.full(len(lat), 2500.0))}
        ),
        houses=dict.fromkeys(areas, 2000.0),
        land=shapely.union_all([shapely.box(x, y, x + 1, y + 1) for x, y in CORNERS.values()]),
        names={"CHANTHU": "Kiko"},
    )  # fmt: skip
    return replace(made, **changes)


def tracks(storms: Storms, hours: int = 0, *, last_h: int | None = None, step: int = 6) -> xr.Dataset:
    """A cycle `hours` after the first one; 240 h at 00 and 12 UTC, else 144 h, unless told."""
    cycle = FIRST + timedelta(hours=hours)
    last = last_h or (240 if cycle.hour % 12 == 0 else 144)
    steps = np.arange(0, last + 1, step)
    shape = (len(storms), len(MEMBERS), len(steps))
    fields = {name: np.full(shape, np.nan) for name in ("lat", "lon", "pressure", "wind")}
    seen = np.full((2, len(storms)), np.nan)
    for number, ways in enumerate(storms.values()):
        own = every(ways) if isinstance(ways, Way) else ways
        for member, way in own.items():
            there = (steps >= way.from_h) & (steps <= way.to_h)
            values = (way.lat + way.north * steps, way.lon + way.east * steps, way.pressure, way.wind)
            for name, value in zip(fields, values, strict=True):
                fields[name][number, MEMBERS.index(member)] = np.where(there, value, np.nan)
        identifier = list(storms)[number].split()[0]
        if int(identifier[:2]) < 70 and own:
            first = next(iter(own.values()))
            seen[:, number] = first.lat, first.lon
    listed = [float(len(MEMBERS if isinstance(ways, Way) else ways)) for ways in storms.values()]
    names = dict((text.split() * 2)[:2] for text in storms)
    return dataset(cycle, names, MEMBERS, steps, fields, seen, last_h=last, listed=listed).sortby("storm")


def cycle(
    storms: Storms, hours: int = 0, past: TyphoonFindings | None = None, accepted: Iterable[str] = (), **given: Any
) -> TyphoonFindings:
    """What a cycle finds that is published 6 hours after its time. `given`: of `Cycle`, country and layers."""
    settings = {name: given.pop(name) for name in list(given) if name in TyphoonCountry.model_fields and name != "rain"}
    changed = given.pop("layers", None) or layers()
    exercise = given.pop("exercise", False)
    published = FIRST + timedelta(hours=hours + given.pop("late_h", 6))
    return find(
        Cycle(tracks(storms, hours), **given),
        changed,
        country(**settings),
        published,
        Past(past, tuple(accepted)),
        exercise=exercise,
    )


def event(findings: TyphoonFindings, name: str | None = None) -> TyphoonEvent:
    """The event, or the one of a name."""
    (only,) = [each for each in findings.events if name is None or each.name == name]
    return only


def storm(findings: TyphoonFindings, key: str) -> StormFound:
    """A storm by its identity."""
    (only,) = [each for each in findings.storms if each.storm == key]
    return only


def alerted(each: TyphoonEvent) -> list[str]:
    """Codes of its alerted areas."""
    return [area.place_code for area in each.areas if area.alerted]
