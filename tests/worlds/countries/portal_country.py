"""A country of the portal: its own areas out of the real test data, and everything else made up around them.

Rivers run north to south, one through each of the two largest areas of the deepest level; a raster cell in column c
and row r holds 1 + (7 c + 3 r) % 9 people, on land and at sea.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import rasterio
import shapely
import yaml
from exactextract import exact_extract
from rasterio.transform import from_origin

from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.sandbox import CountrySeed, Sandbox, StationSeed
from tests.worlds.countries import tiny_country

COUNTRIES: Final = (
    "AGO", "BDI", "BEN", "BFA", "COM", "CPV", "DJI", "GMB", "LBR", "MOZ",
    "NAM", "NER", "NGA", "RWA", "SEN", "STP", "SYC", "TCD", "TGO", "ZMB",
)  # fmt: skip
WITHOUT_RIVER: Final = ("COM", "CPV", "STP", "SYC")
"""islands whose streams are smaller than a cell of GloFAS"""
PERIODS: Final = (10, 20)


def levels_of(areas: Path, iso3: str) -> tuple[int, ...]:
    """The admin levels that there are files of."""
    return tuple(sorted(int(file.stem[-1]) for file in areas.glob(f"{iso3}_adm*.json")))


def country_seed(areas: Path, iso3: str) -> CountrySeed:
    """The country as the portal has it: where it has no codes of parents, they are null."""
    levels = levels_of(areas, iso3)
    collections = {level: _collection(areas, iso3, level) for level in levels}
    return CountrySeed(
        iso3=iso3,
        name=f"Country {iso3}",
        admin_levels=levels,
        default_admin_level=levels[0],
        admin_areas=collections,
        stations=() if iso3 in WITHOUT_RIVER else tuple(_stations(collections[levels[-1]]["features"])),
    )


def _collection(areas: Path, iso3: str, level: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((areas / f"{iso3}_adm{level}.json").read_text(encoding="utf-8"))
    return content


def _stations(features: Sequence[dict[str, Any]]) -> Iterator[StationSeed]:
    """One in the middle of each of the two largest areas that are one polygon."""
    outlines = [feature["geometry"]["coordinates"] for feature in features]
    rings = [outline[0] if isinstance(outline[0][0][0], float) else outline[0][0] for outline in outlines]
    polygons = sorted((shapely.make_valid(shapely.Polygon(ring)) for ring in rings), key=shapely.area)
    for number, polygon in enumerate(reversed(polygons[-2:]), 1):
        point = shapely.point_on_surface(polygon)
        yield StationSeed(f"P{number}", f"River {number}", round(point.y, 4), round(point.x, 4))


def write_project(folder: Path, portal: Sandbox) -> Path:
    """The configuration folder: the sandbox of exercises, and the portal."""
    config = folder / "config"
    (config / "countries").mkdir(parents=True)
    settings = {
        "sources": {"folder": {"kind": "folder", "root": "forecasts"}},
        "targets": {
            "sandbox": {"kind": "ibf", "embedded_sandbox": True, "exercises": True, "test_target": True},
            "portal": {"kind": "ibf", "url": portal.url},
        },
    }
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    return config


def configure(config: Path, iso3: str) -> None:
    """What a person changes in the file that `new-country` wrote: the made-up country has two flood maps."""
    file = config / "countries" / f"{iso3}.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["flood_maps"]["return_periods"] = list(PERIODS)
    content |= {"static_sources": {"portal": "portal"}, "sources": ["folder"], "target": "sandbox"}
    content["members"] = {"expected": 10, "minimum": 6}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def bring_files(static: Path, seed: CountrySeed, across: int = 500) -> None:
    """Thresholds, population and flood maps, which no portal has; `across`: cells along the country's longer side."""
    (static / "thresholds.json").write_text(json.dumps([tiny_country.thresholds(s.code) for s in seed.stations]))
    deepest = read_boundaries(static / "admin_areas", seed.admin_levels)[seed.admin_levels[-1]]
    west, south, east, north = shapely.total_bounds(np.array(deepest.geometries))
    cell = max(east - west, north - south) / across
    columns, rows = int((east - west) / cell) + 2, int((north - south) / cell) + 2
    grid = {"width": columns, "height": rows, "transform": from_origin(west - cell / 2, north + cell / 2, cell, cell)}
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    tiny_country.write_raster(static / "population.tif", 1.0 + (7 * column + 3 * row) % 9, **grid)
    for period in PERIODS:
        depth = np.zeros((rows, columns))
        for station in seed.stations:
            depth[np.abs(column - (station.lon - west + cell / 2) / cell) <= period / 5] = period / 10
        tiny_country.write_raster(static / "flood_maps" / f"flood_map_{seed.iso3}_RP{period}.tif", depth, **grid)


def people_in_union(static: Path, level: Boundaries) -> float:
    """What the population raster holds inside the union of a level, each cell with its exact share."""
    union = gpd.GeoDataFrame(geometry=[shapely.union_all(np.array(level.geometries))], crs=4326)
    return _sum(static, union)


def people_area_by_area(static: Path, level: Boundaries) -> float:
    """The same, area by area: whoever lives where areas overlap counts for each of them."""
    return _sum(static, gpd.GeoDataFrame(geometry=list(level.geometries), crs=4326))


def _sum(static: Path, frame: gpd.GeoDataFrame) -> float:
    with rasterio.open(static / "population.tif") as people:
        return float(exact_extract(people, frame, ["sum"], output="pandas")["sum"].sum())


@contextmanager
def portal_of(folder: Path, seed: CountrySeed) -> Iterator[Sandbox]:
    """A portal that has the country."""
    sandbox = Sandbox(folder)
    sandbox.seed(seed)
    with sandbox:
        yield sandbox
