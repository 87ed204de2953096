"""Dire Dawa written as files: nine squares of level 3 in one district, every number of which can be counted by hand.

Each square has 4 x 4 cells of 250 people; every flood of the library wets its western column alone: 1,000 people. In
that column lie a school, a health site, a waterpoint, a building and a road of each square.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.synthetic.rasters import arcsecond_grid, create_raster
from tests.worlds.countries import static_files
from tests.worlds.flash_assets import write_buildings, write_gauges, write_points, write_roads
from tests.worlds.flash_config import rain_folder, write_flash_config

ISO3: Final = "ETH"
TOWN: Final = "Dire Dawa urban"
LEVEL: Final = 3
WEST, SOUTH, CELL, ACROSS = 41.80, 9.52, 0.01, 4
CELL_ARCSEC: Final = 36
PEOPLE_IN_A_CELL: Final = 250.0
CODES: Final = tuple(f"ET1501{number:02d}" for number in range(3, 12))
SCENARIOS: Final = (Scenario("20mm_1hr", 1, 20, 1), Scenario("40mm_6hr", 6, 40, 2))
THREE: Final = {"Rumphi": CODES[:3], "Blantyre City": CODES[3:6], "Karonga": CODES[6:]}
"""other districts of the same squares, for days of three events"""
GAUGES: Final = tuple((fid, f"wflow_dire_dawa_{fid}", 9.59, 41.82 + 0.01 * fid) for fid in (1, 4, 5))
LEVELS: Final = {"warning-low": 1.5, "warning-medium": 2.0, "warning": 2.5, "trigger": 3.0}


def areas() -> dict[str, BaseGeometry]:
    """Place code -> square, from south-west to north-east."""
    side = ACROSS * CELL
    corners = [(WEST + column * side, SOUTH + row * side) for row in range(3) for column in range(3)]
    return {code: shapely.box(x, y, x + side, y + side) for code, (x, y) in zip(CODES, corners, strict=True)}


def write_dire_dawa(folder: Path, districts: Mapping[str, Sequence[str]]) -> Path:
    """Write `static/ETH` and `config` below a folder and return the folder of the configuration.

    Rain is looked for in `rain`, readings of water levels in `readings`.
    """
    static, ground = folder / "static" / ISO3, areas()
    features = [
        ({"ADM3_PCODE": code, "ADM3_EN": f"Kebele {code[-2:]}", "ADM2_PCODE": "ET1501", "ADM2_EN": TOWN}, area)
        for code, area in ground.items()
    ]
    static_files.write_geojson(static / "admin_areas" / f"adm{LEVEL}.geojson", features)
    side = 3 * ACROSS * CELL
    grid = arcsecond_grid(WEST, SOUTH, WEST + side, SOUTH + side, CELL_ARCSEC)
    with create_raster(static / "population.tif", grid, -1.0) as raster:
        raster.write(np.full((grid.height, grid.width), PEOPLE_IN_A_CELL, dtype=np.float32), 1)
    _write_library(static / "flash_floods", grid)
    _write_assets(static / "assets", ground)
    write_gauges(static / "water_level_gauges.csv", GAUGES, reference=2.0, levels=LEVELS)
    return _write_configuration(folder, districts)


def _write_library(folder: Path, grid: Grid) -> None:
    rows = [(each.name, each.duration_h, f"{each.amount_mm:g}", each.rank) for each in SCENARIOS]
    static_files.write_table(folder / "scenarios.csv", ("scenario", "duration_h", "amount_mm", "rank"), rows)
    depth = np.zeros((grid.height, grid.width), dtype=np.float32)
    for metres, each in enumerate(SCENARIOS, 1):
        depth[:, ::ACROSS] = metres
        with create_raster(folder / "depth" / f"{each.name}.tif", grid, 0.0) as raster:
            raster.write(depth, 1)


def _write_assets(folder: Path, ground: dict[str, BaseGeometry]) -> None:
    wet = [(area.bounds[0] + CELL / 2, area.bounds[1] + CELL / 2) for area in ground.values()]
    for first, name in ((100, "schools"), (200, "health_sites"), (300, "waterpoints")):
        write_points(folder / f"{name}.csv", ((first + n, f"{name} {n}", y, x) for n, (x, y) in enumerate(wet)))
    write_buildings(folder / "buildings.csv", wet, range(1, 1 + len(wet)))
    roads = [(f"Road {n}", shapely.LineString([(x, y), (x, y + 0.02)])) for n, (x, y) in enumerate(wet)]
    write_roads(folder / "roads.csv", roads, range(1, 1 + len(roads)))


def _write_configuration(folder: Path, districts: Mapping[str, Sequence[str]]) -> Path:
    sources = {
        "radar": rain_folder(folder, "observed", "Radar"),
        "model": rain_folder(folder, "forecast", "Model"),
        "river": {"kind": "water-levels", "root": str((folder / "readings").resolve())},
    }
    section = {
        "districts": {name: list(codes) for name, codes in districts.items()},
        "durations_h": sorted({each.duration_h for each in SCENARIOS}),
        "raster_arcsec": CELL_ARCSEC,
        "gauges": "water_level_gauges.csv",
    }
    country = {
        "iso3": ISO3, "name": "Ethiopia", "time_zone": "Africa/Addis_Ababa", "admin_levels": [LEVEL],
        "default_admin_level": LEVEL,
    }  # fmt: skip
    return write_flash_config(folder, country, section, sources)
