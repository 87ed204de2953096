"""The town written as files: nine squares of level 2 in one district, on clocks of Addis Ababa."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.synthetic.rasters import arcsecond_grid, create_raster
from tests.worlds.countries import static_files
from tests.worlds.flash_assets import (
    places_in_grid,
    roads_in_grid,
    write_buildings,
    write_gauges,
    write_points,
    write_roads,
)
from tests.worlds.flash_config import rain_folder, write_flash_config
from tests.worlds.flash_library import rivers_through, scenarios, write_library

ISO3 = "XRT"
TOWN = "Wadi Town"
LEVEL = 2
WEST, SOUTH, SIDE = 41.78, 9.52, 0.06
"""degrees"""
STEPS: Mapping[int, tuple[int, ...]] = {1: (10, 20, 40, 60), 2: (20, 40, 60), 6: (30, 60, 90)}
PEOPLE_IN_A_CELL = 4.0
CELL_ARCSEC = 6
NOWCAST_H = 6
"""hours that the radar looks ahead"""
RAIN_GAUGE, GAUGED = "RG1", "XRT205"
"""the rain gauge and the area in the middle, whose rain is what it measures"""
WATER_GAUGES = {4: "Upper bridge", 5: "Lower bridge"}
LEVELS = {"warning-low": 1.5, "warning-medium": 2.0, "warning": 2.5, "trigger": 3.0}


def areas() -> dict[str, BaseGeometry]:
    """Place code -> square, from south-west to north-east."""
    places = [(row, column) for row in range(3) for column in range(3)]
    return {
        f"XRT2{number:02d}": shapely.box(
            WEST + column * SIDE, SOUTH + row * SIDE, WEST + (column + 1) * SIDE, SOUTH + (row + 1) * SIDE
        )
        for number, (row, column) in enumerate(places, 1)
    }


def write_town(folder: Path) -> Path:
    """Write `static/XRT` and `config` below a folder and return the folder of the configuration.

    Rain is looked for in `rain` (`write_rain` with steps of 15 minutes and a nowcast), readings in `readings`.
    """
    static, ground = folder / "static" / ISO3, areas()
    features = [
        ({"ADM2_PCODE": code, "ADM2_EN": f"Quarter {code[-1]}", "ADM1_PCODE": "XRT2", "ADM1_EN": TOWN}, area)
        for code, area in ground.items()
    ]
    static_files.write_geojson(static / "admin_areas" / f"adm{LEVEL}.geojson", features)
    grid = arcsecond_grid(WEST, SOUTH, WEST + 3 * SIDE, SOUTH + 3 * SIDE, CELL_ARCSEC)
    rivers = rivers_through(TOWN, list(ground.values()))
    write_library(static / "flash_floods", rivers, grid, scenarios(STEPS))
    with create_raster(static / "population.tif", grid, -1.0) as raster:
        raster.write(np.full((grid.height, grid.width), PEOPLE_IN_A_CELL, dtype=np.float32), 1)
    _write_assets(static / "assets", ground)
    river = max((shapely.LineString(each.points) for each in rivers), key=shapely.length)
    bridges = [river.interpolate(share, normalized=True) for share in (1 / 3, 2 / 3)]
    gauges = [(fid, name, at.y, at.x) for (fid, name), at in zip(WATER_GAUGES.items(), bridges, strict=True)]
    write_gauges(static / "water_level_gauges.csv", gauges, reference=0.8, levels=LEVELS)
    middle = ground[GAUGED].centroid
    _write_rows(static / "rain_gauges.csv", ("code", "lat", "lon", "area"), [(RAIN_GAUGE, middle.y, middle.x, GAUGED)])
    return _write_configuration(folder)


def write_readings(
    folder: Path, issue_time: IssueTime, *, hourly_mm: Mapping[int, float], levels: Mapping[int, float]
) -> None:
    """Readings of the gauges of three days up to the issue time, below the folder of `write_town`.

    `hourly_mm`: hour (by its end, after the issue time) -> what the rain gauge measured in it, else nothing; `levels`:
    fid -> the water level now, which has risen since the day before from 0.5 m.
    """
    start, total = issue_time.start, 100.0
    rain: list[tuple[str, str]] = []
    for quarter in range(-4 * 72, 1):
        moment = start + timedelta(minutes=15 * quarter)
        total += hourly_mm.get(-(-quarter // 4), 0.0) / 4
        rain.append((_stamp(moment), f"{total:.2f}"))
    _write_rows(folder / "readings" / f"{RAIN_GAUGE}.csv", ("time", "rain"), rain)
    for fid, level in levels.items():
        steps = [(_stamp(start - timedelta(hours=hours)), f"{level if hours < 3 else 0.5:.2f}") for hours in range(30)]
        _write_rows(folder / "readings" / f"{fid}.csv", ("time", "level"), reversed(steps))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _write_assets(folder: Path, ground: Mapping[str, BaseGeometry]) -> None:
    town = shapely.union_all(list(ground.values()))
    houses = places_in_grid(town, 0.01)
    write_buildings(folder / "buildings.csv", houses, range(1, 1 + len(houses)))
    roads = [(f"Street {number}", line) for number, line in enumerate(roads_in_grid(town, 0.04), 1)]
    write_roads(folder / "roads.csv", roads, range(1, 1 + len(roads)))
    schools = [
        (number, f"School {number}", lat, lon) for number, (lon, lat) in enumerate(places_in_grid(town, 0.025), 1)
    ]
    write_points(folder / "schools.csv", schools)


def _write_rows(file: Path, header: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_configuration(folder: Path) -> Path:
    readings = str((folder / "readings").resolve())
    sources = {
        "rain-gauges": {"kind": "rain-gauges", "root": readings},
        "radar": rain_folder(folder, "nowcast", "Radar", whole_h=NOWCAST_H),
        "model": rain_folder(folder, "forecast", "Model"),
        "bridges": {"kind": "water-levels", "root": readings},
    }
    section = {
        "districts": {TOWN: list(areas())},
        "durations_h": list(STEPS),
        "warning_from_h": 24,
        "raster_arcsec": CELL_ARCSEC,
        "gauges": "water_level_gauges.csv",
    }
    country = {
        "iso3": ISO3, "name": "Radar Land", "time_zone": "Africa/Addis_Ababa", "admin_levels": [LEVEL],
        "default_admin_level": LEVEL,
    }  # fmt: skip
    return write_flash_config(folder, country, section, sources)
