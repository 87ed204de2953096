"""A country of four squares on a coarse grid: every number can be counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import rasterio
from rasterio.transform import from_origin

from ibf_pipeline.config.floods import FloodCountry

CELL = 0.01
"""degrees; 20 x 10 cells from (10 E, 1 N): the raster covers 10..10.2 E, 0.9..1 N"""
PROFILE = {
    "driver": "GTiff", "width": 20, "height": 10, "count": 1, "dtype": "float32", "crs": "EPSG:4326",
    "transform": from_origin(10.0, 1.0, CELL, CELL),
}  # fmt: skip
STATIONS = "stationCode,stationName,lat,lon,fid\nG1,Upper,0.97,10.02,G1\nG2,Na,0.97,10.12,G2\n"
MAPPING = ",glofasStation,placeCode\n0,G1,01A\n1,G1,01B\n2,G2,02A\n3,no_station,02B\n"


def country(**changes: Any) -> FloodCountry:
    """Its configuration."""
    content: dict[str, Any] = {
        "iso3": "XTY",
        "name": "Tinyland",
        "admin_levels": [1, 2],
        "default_admin_level": 1,
        "trigger": {"return_period": 5, "probability": 0.6, "lead_time_limit": 7},
        "members": {"expected": 10, "minimum": 6},
        "flood_maps": {"return_periods": [10, 20]},
        "thresholds_version": "4",
        "sources": ["folder"],
    }
    return FloodCountry.model_validate({**content, **changes})


def square(left: float, right: float, top: float = 1.0, bottom: float = 0.9) -> dict[str, Any]:
    ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(level: int, code: str, parent: str | None, geometry: dict[str, Any]) -> dict[str, Any]:
    properties = {f"ADM{level}_PCODE": code, f"ADM{level}_EN": f"Area {code}"}
    if parent is not None:
        properties[f"ADM{level - 1}_PCODE"] = parent
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_areas(folder: Path, level: int, features: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"type": "FeatureCollection", "features": features}
    (folder / f"adm{level}.geojson").write_text(json.dumps(content), encoding="utf-8")


def write_raster(file: Path, values: np.ndarray, **changes: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(file, "w", **{**PROFILE, **changes}) as out:
        out.write(values.astype(changes.get("dtype", "float32")), 1)


def thresholds(code: str, **values: float) -> dict[str, Any]:
    own = crc32(code.encode()) / 2**32  # no two stations have the same
    table = {
        "1.5": 10,
        "2": 20,
        "5": 50,
        "10": 100,
        "20": 200 - own / 1000,
        **{k.lstrip("p"): v for k, v in values.items()},
    }
    pairs = [{"return_period": float(period), "threshold_value": value} for period, value in table.items()]
    return {"station_code": code, "thresholds": pairs}


def write_country(folder: Path) -> Path:
    """Two level-1 areas 01 and 02, each half of them a level-2 area; their common border runs through a cell column.

    01A 10..10.055, 01B 10.055..10.1, 02A 10.1..10.15, 02B 10.15..10.2. Two people a cell (population 400), except
    where the raster has no data. The 10-year map is 1 m deep in the top row and 0.05 m, too shallow, in the second one;
    the 20-year map is 2 m deep in the top five rows.
    """
    areas = folder / "admin_areas"
    write_areas(areas, 1, [feature(1, "01", None, square(10, 10.1)), feature(1, "02", None, square(10.1, 10.2))])
    borders = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.2)}
    write_areas(areas, 2, [feature(2, code, code[:2], square(*edges)) for code, edges in borders.items()])
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    (folder / "station_admin_mapping.csv").write_text(MAPPING, encoding="utf-8")
    entries = [thresholds("G1"), thresholds("G1"), thresholds("G2")]
    (folder / "thresholds.json").write_text(json.dumps(entries), encoding="utf-8")
    people = np.full((10, 20), 2.0)
    people[9, :] = -99999
    write_raster(folder / "population.tif", people, nodata=-99999)
    small, large = np.zeros((10, 20)), np.zeros((10, 20))
    small[0, :], small[1, :] = 1.0, 0.05
    large[:5, :] = 2.0
    write_raster(folder / "flood_maps" / "flood_map_XTY_RP10.tif", small)
    write_raster(folder / "flood_maps" / "flood_map_XTY_RP20.tif", large)
    return folder
