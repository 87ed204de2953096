"""Malawi written as files: static data and configuration, in a few seconds."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.synthetic.rasters import arcsecond_grid, create_raster
from ibf_pipeline.synthetic.settlement import UNSETTLED, Settlement
from tests.worlds.flash_assets import Position, write_buildings, write_gauges, write_roads
from tests.worlds.flash_config import rain_folder, write_flash_config
from tests.worlds.flash_library import rivers_through, scenarios, write_library
from tests.worlds.malawi.numbers import DISTRICTS, FLOODS, PEOPLE, SMALL_LAG, STEPS, THRESHOLDS, UPSTREAM

ISO3 = "MWI"
CELL_ARCSEC = 15
"""of library, population and extents, so that nothing has to be brought from one grid onto another"""
PEOPLE_OF_AN_AREA = 10_000
LEAST_DEPTH = 0.1
"""metres; shallower water reaches nobody"""
_POINTS = ("schools", "health_sites", "waterpoints")
_FIRST_BUILDING, _FIRST_ROAD = 3731, 1
_HOUSES = 4
"""around each school and health site"""


def write_malawi(folder: Path, source: Path) -> Path:
    """Write `static/MWI` and `config` below a folder and return the folder of the configuration.

    `source`: of Malawi's areas and points, as the portal has them. Rain is looked for in `rain`, readings of water
    levels in `water_levels`; neither is written here.
    """
    static = folder / "static" / ISO3
    boundaries = static / "admin_areas" / "adm3.geojson"
    boundaries.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / f"{ISO3}_adm3.json", boundaries)
    ground = _ground(boundaries)
    for name in _POINTS:
        _write_near(source / f"{name}_{ISO3}.csv", static / "assets" / f"{name}.csv", ground)
    grid = arcsecond_grid(*shapely.total_bounds(list(ground.values())).tolist(), CELL_ARCSEC)
    rivers = [
        river
        for number, (name, codes) in enumerate(DISTRICTS.items())
        for river in rivers_through(name, [ground[code] for code in codes], seed=number)
    ]
    write_library(static / "flash_floods", rivers, grid, scenarios(STEPS))
    _write_population(static, ground, grid)
    _write_assets(static / "assets", ground)
    _write_tables(static, source / f"gauges_{ISO3}.csv")
    return _write_configuration(folder)


def _write_near(source: Path, target: Path, ground: Mapping[str, BaseGeometry]) -> None:
    """The lines of a table of points in the boxes around the districts: those further off are never counted."""
    boxes = [shapely.box(*shapely.total_bounds([ground[code] for code in codes])) for codes in DISTRICTS.values()]
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8-sig", newline="") as given, target.open("w", encoding="utf-8") as kept:
        reader = csv.DictReader(given)
        writer = csv.DictWriter(kept, reader.fieldnames or (), lineterminator="\n")
        writer.writeheader()
        for row in reader:
            place = shapely.Point(float(row["lon"]), float(row["lat"]))
            if any(box.contains(place) for box in boxes):
                writer.writerow(row)


def _ground(file: Path) -> dict[str, BaseGeometry]:
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    return {each["properties"]["ADM3_PCODE"]: shapely.make_valid(shape(each["geometry"])) for each in features}


def _write_population(static: Path, ground: Mapping[str, BaseGeometry], grid: Grid) -> None:
    """People so that the flood of a district's scenario reaches just the wanted number of each area."""
    labels = Settlement(list(ground.values()), (), grid, 0).labels(slice(0, grid.height))
    people = (PEOPLE_OF_AN_AREA / np.maximum(np.bincount(labels.ravel()), 1))[labels].astype(np.float32)
    number = {code: place for place, code in enumerate(ground, 1)}
    for district, codes in DISTRICTS.items():
        with rasterio.open(static / "flash_floods" / "depth" / f"{FLOODS[district]}.tif") as raster:
            wet: NDArray[np.bool_] = raster.read(1) >= LEAST_DEPTH
        for code in codes:
            inside, wanted = labels == number[code], PEOPLE.get(code, 0)
            reached, dry = inside & wet, inside & ~wet
            if wanted and not reached.any():
                raise ValueError(f"the flood {FLOODS[district]} wets no cell of {code}")
            people[reached] = wanted / max(1, int(reached.sum()))
            people[dry] = (PEOPLE_OF_AN_AREA - wanted) / max(1, int(dry.sum()))
    people[(labels == 0) | (people <= 0)] = UNSETTLED
    with create_raster(static / "population.tif", grid, UNSETTLED) as raster:
        raster.write(people, 1)


def _write_assets(folder: Path, ground: Mapping[str, BaseGeometry]) -> None:
    """Houses around the real schools and health sites of the districts, roads from one to the next in an area."""
    houses: list[Position] = []
    roads: list[tuple[str, BaseGeometry]] = []
    real = [place for name in _POINTS[:2] for place in _places(folder / f"{name}.csv")]
    for code in (code for codes in DISTRICTS.values() for code in codes):
        inside = sorted({place for place in real if ground[code].contains(shapely.Point(place))})
        for lon, lat in inside:
            houses += [(lon + 0.001 * (turn % 2), lat + 0.001 * (turn // 2) + 0.0005) for turn in range(_HOUSES)]
        for start, end in itertools.pairwise(inside):
            roads.append((f"Road {len(roads) + 1} of {code}", shapely.LineString([start, end])))
    write_buildings(folder / "buildings.csv", houses, range(_FIRST_BUILDING, _FIRST_BUILDING + len(houses)))
    write_roads(folder / "roads.csv", roads, range(_FIRST_ROAD, _FIRST_ROAD + len(roads)))


def _places(file: Path) -> Iterator[Position]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            yield float(row["lon"]), float(row["lat"])


def _write_tables(static: Path, gauges: Path) -> None:
    with gauges.open(encoding="utf-8-sig", newline="") as stream:
        real = [(int(row["fid"]), row["name"], float(row["lat"]), float(row["lon"])) for row in csv.DictReader(stream)]
    write_gauges(static / "water_level_gauges.csv", real, reference=1.2, levels={}, offset_m=0.5)
    rows = [(area, upstream) for area, many in UPSTREAM.items() for upstream in many]
    for name, header, lines in (
        ("upstream.csv", ("area", "upstream"), rows),
        ("area_thresholds.csv", ("area", "people"), THRESHOLDS.items()),
    ):
        text = "".join(f"{left},{right}\n" for left, right in (header, *lines))
        (static / name).write_text(text, encoding="utf-8")


def _write_configuration(folder: Path) -> Path:
    sources = {
        "satellite": rain_folder(folder, "observed", "Satellite"),
        "model": rain_folder(folder, "forecast", "Model"),
        "water-levels": {"kind": "water-levels", "root": str((folder / "water_levels").resolve())},
    }
    section = {
        "districts": {name: list(codes) for name, codes in DISTRICTS.items()},
        "small_lag": list(SMALL_LAG),
        "upstream": "upstream.csv",
        "area_thresholds": "area_thresholds.csv",
        "gauges": "water_level_gauges.csv",
        "minimum_depth_m": LEAST_DEPTH,
        "raster_arcsec": CELL_ARCSEC,
    }
    country = {
        "iso3": ISO3, "name": "Malawi", "time_zone": "Africa/Blantyre", "admin_levels": [3], "default_admin_level": 3,
    }  # fmt: skip
    return write_flash_config(folder, country, section, sources)
