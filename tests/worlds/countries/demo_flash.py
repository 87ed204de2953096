"""What the fictional country XDM has for flash floods: a library along its rivers, assets, gauges, their readings."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import shapely
import yaml
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
from ibf_pipeline.synthetic.rain import parse_rain_wishes, write_rain
from ibf_pipeline.synthetic.rasters import arcsecond_grid
from ibf_pipeline.synthetic.rivers import River
from tests.worlds.countries.demo_areas import COUNTRY_NAME, admin_areas
from tests.worlds.countries.demo_rivers import COUNTRY, SEED, rivers
from tests.worlds.flash_assets import (
    Point,
    places_in_grid,
    roads_in_grid,
    write_buildings,
    write_gauges,
    write_points,
    write_roads,
)
from tests.worlds.flash_config import write_flash_config
from tests.worlds.flash_library import scenarios, write_library

PARENTS: Mapping[str, str] = {"Kimiri": "XD0104", "Veo": "XD0202", "Lokiba": "XD0402"}
"""name of a district -> place code of its area of level 2"""
DISTRICTS: Mapping[str, tuple[str, ...]] = {
    name: tuple(f"{PARENTS[name]}{number:02d}" for number in range(1, areas + 1))
    for name, areas in (("Kimiri", 9), ("Veo", 4), ("Lokiba", 5))
}
"""name -> place codes of its areas, all those of level 3 below it"""
STEPS: Mapping[int, Sequence[int]] = {1: (20, 40, 60), 4: (30, 50, 70), 24: (50, 100, 150, 200)}
"""of the library: duration (hours) -> amounts (mm)"""
LIBRARY_GRID = arcsecond_grid(20.2, 5.2, 21.0, 5.9, 9)
GAUGES = {1: ("Sarvo bridge at Kimiri", "Sarvo", "Kimiri"), 2: ("Tavi at Veo", "Tavi", "Veo")}
"""fid -> name, its river, the district it is in"""
ISSUE = IssueTime.parse("2026-02-15T06")
"""the block whose rain and readings are here"""
WISHES = "Kimiri=@4h:70mm/4h Lokiba=@27h:150mm/24h"
"""its rain: a trigger and a warning"""

SOURCES: Mapping[str, Mapping[str, str]] = {
    "demo-rain-observed": {"kind": "rain-folder", "root": "rain", "role": "observed", "origin": "Satellite"},
    "demo-rain": {"kind": "rain-folder", "root": "rain", "role": "forecast", "origin": "Model"},
    "demo-water-levels": {"kind": "water-levels", "root": "water_levels"},
}
"""name -> settings; roots start at the static data"""

_NARROWER = 0.3
"""a flash flood's valley, as a share of the river's"""
_NEAR = 0.012
"""degrees from a river within which there are houses"""


def make_flash_demo(folder: Path) -> None:
    """Add the files of flash floods to the static folder of XDM."""
    narrow = [replace(river, valley=(river.valley[0] * _NARROWER, river.valley[1] * _NARROWER)) for river in rivers()]
    write_library(folder / "flash_floods", narrow, LIBRARY_GRID, scenarios(STEPS), seed=SEED)
    _write_assets(folder / "assets", narrow)
    levels = {"warning-low": 2.5, "warning-medium": 3.0, "warning": 3.5, "trigger": 4.0}
    write_gauges(folder / "water_level_gauges.csv", _gauges(), reference=1.6, levels=levels, offset_m=0.4)
    _write_readings(folder / "water_levels")
    sources = {name: dict(about) for name, about in SOURCES.items()}
    content = {"hazards": {"flash-floods": demo_section()}, "sources": sources}
    (folder / "flash_floods.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def demo_section() -> dict[str, Any]:
    """What XDM's configuration says of flash floods."""
    return {
        "time_zone": "Africa/Kampala",
        "admin_levels": [3],
        "default_admin_level": 3,
        "sources": list(SOURCES),
        "durations_h": list(STEPS),
        "gauges": "water_level_gauges.csv",
        "districts": {name: list(codes) for name, codes in DISTRICTS.items()},
    }


def demo_country(**changes: Any) -> FlashFloodCountry:
    """XDM for flash floods."""
    return FlashFloodCountry.model_validate({"iso3": COUNTRY, "name": COUNTRY_NAME} | demo_section() | changes)


def write_demo_config(folder: Path, static: Path) -> Path:
    """Write `config` of XDM for flash floods alone below a folder and return it; rain is looked for in `rain`."""
    rain, levels = str((folder / "rain").resolve()), str((static / "water_levels").resolve())
    sources = {
        name: {**about, "root": levels if about["kind"] == "water-levels" else rain} for name, about in SOURCES.items()
    }
    country = {"iso3": COUNTRY, "name": COUNTRY_NAME, "static": str(static.resolve())}
    return write_flash_config(folder, country, demo_section(), sources)


def write_demo_rain(static: Path) -> None:
    """Add the rain of the block `ISSUE`, which needs the prepared library."""
    with TemporaryDirectory() as folder:
        prepare_flash_floods(demo_country(), static, Path(folder) / COUNTRY)
        prepared = read_flash_floods(Path(folder) / COUNTRY, COUNTRY)
        wishes = parse_rain_wishes(WISHES)
        write_rain(static / "rain", ISSUE, wishes, prepared.layers, prepared.ground(), demo_country())


def _write_assets(folder: Path, narrow: Sequence[River]) -> None:
    near = shapely.union_all([shapely.LineString(river.points) for river in narrow]).buffer(_NEAR)
    ground = {area.code: area.geometry for area in admin_areas()[2] if area.code in PARENTS.values()}
    houses = [place for area in ground.values() for place in places_in_grid(area.intersection(near), 0.007)]
    write_buildings(folder / "buildings.csv", houses, range(3001, 3001 + len(houses)))
    roads = [(name, line) for name, code in PARENTS.items() for line in roads_in_grid(ground[code], 0.05)]
    named = [(f"{name} road {number}", line) for number, (name, line) in enumerate(roads, 1)]
    write_roads(folder / "roads.csv", named, range(101, 101 + len(named)))
    for category, word, step, first in (
        ("schools", "School", 0.024, 501),
        ("health_sites", "Clinic", 0.045, 701),
        ("waterpoints", "Well", 0.018, 901),
    ):
        write_points(folder / f"{category}.csv", _points(ground, near, word, step, first))


def _gauges() -> Iterator[Point]:
    """In the middle of what a river has of the district."""
    ground = {area.code: area.geometry for area in admin_areas()[2]}
    lines = {river.name: shapely.LineString(river.points) for river in rivers()}
    for fid, (name, river, district) in GAUGES.items():
        inside = shapely.get_parts(lines[river].intersection(ground[PARENTS[district]]))
        place = max(inside, key=shapely.length).interpolate(0.5, normalized=True)
        yield fid, name, place.y, place.x


def _points(
    ground: Mapping[str, BaseGeometry], near: BaseGeometry, word: str, step: float, first: int
) -> Iterator[Point]:
    names = {code: name for name, code in PARENTS.items()}
    places = [(code, place) for code, area in ground.items() for place in places_in_grid(area.intersection(near), step)]
    for number, (code, (lon, lat)) in enumerate(places):
        yield first + number, f"{word} {number + 1} of {names[code]}", lat, lon


def _write_readings(folder: Path) -> None:
    """Half-hourly levels of two days up to the issue time: the Sarvo has risen to a warning, the Tavi is as usual."""
    folder.mkdir(parents=True, exist_ok=True)
    for fid, rise in zip(GAUGES, (1.9, 0.0), strict=True):
        with (folder / f"{fid}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("time", "level"))
            for step in range(-96, 1):
                moment = ISSUE.start + timedelta(minutes=30 * step)
                level = 1.3 + rise * max(0.0, 1 + step / 24)
                writer.writerow((f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{level:.2f}"))
