"""A country of three areas as static files for flash floods: every number can be counted by hand.

Areas of level 3, each 4 rows of cells of 0.01 degrees from 1 N: A1 is 2 columns from 10 E, A2 the next 2 (both of
district Alpha), U1 the next 4 (of no district). The library has 4 x 4 cells, the population raster 8 x 4 with 10 people
each. 10mm_1hr wets the first column, 20mm_1hr the first three, 40mm_4hr all four.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import from_origin

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from tests.worlds.countries.tiny_country import feature, square, write_areas, write_raster

CELL = 0.01
WET = {"10mm_1hr": (1, 0.5), "20mm_1hr": (3, 1.0), "40mm_4hr": (4, 2.0)}
"""scenario -> columns from the west, metres"""
SCENARIOS = "scenario,duration_h,amount_mm,rank\n10mm_1hr,1,10,1\n20mm_1hr,1,20,2\n40mm_4hr,4,40,3\n"
ASSETS = {
    "schools.csv": "fid,name,lat,lon\n7,West,0.995,10.005\n8,Middle,0.985,10.025\n"
    "9,Edge,0.97,10.01\n10,Hills,0.99,10.07\n",
    "health_sites.geojson": '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"fid": 1, '
    '"name": "Post"}, "geometry": {"type": "Point", "coordinates": [10.035, 0.965]}}]}',
    "buildings.csv": "wkt,fid\n"
    '"MULTIPOLYGON (((10.008 0.981, 10.012 0.981, 10.012 0.984, 10.008 0.984, 10.008 0.981)))",3731\n'
    '"POLYGON ((10.031 0.961, 10.034 0.961, 10.034 0.964, 10.031 0.964, 10.031 0.961))",3732\n',
    "roads.csv": 'wkt,fid,name\n"MULTILINESTRING ((10 0.985, 10.04 0.985))",120,M1\n'
    '"LINESTRING (10.035 1, 10.035 0.96)",99,\n',
}
"""School 7 is in the first column, 8 in the third, 9 on the edge between the first and the second, 10 in U1; the health
site in the fourth. Building 3731 straddles the first two columns (its middle is in A1), 3732 lies in the fourth. Road
120 runs 0.04 degrees east through all columns, half of it in each area; 99 down the fourth.
"""


def country(**changes: Any) -> FlashFloodCountry:
    """Its configuration; cells of extents are as those of the library."""
    keys = {
        "iso3": "XTV",
        "name": "Two Valleys",
        "admin_levels": [3],
        "default_admin_level": 3,
        "sources": ["rain"],
        "districts": {"Alpha": ("A1", "A2")},
        "durations_h": [1, 4],
        "raster_arcsec": 36,
    }
    return FlashFloodCountry.model_validate(keys | changes)


def raster(file: Path, values: np.ndarray, **changes: Any) -> None:
    """A raster from (10 E, 1 N)."""
    cell = changes.pop("cell", CELL)
    shape = {"height": values.shape[0], "width": values.shape[1]}
    write_raster(file, values, **shape, transform=from_origin(10.0, 1.0, cell, cell), **changes)


def write_country(static: Path, assets: Mapping[str, str] = ASSETS) -> Path:
    """The static folder."""
    west = {"A1": (10, 10.02), "A2": (10.02, 10.04), "U1": (10.04, 10.08)}
    areas = [feature(3, code, None, square(*edges, bottom=0.96)) for code, edges in west.items()]
    write_areas(static / "admin_areas", 3, areas)
    raster(static / "population.tif", np.full((4, 8), 10.0))
    (static / "flash_floods").mkdir()
    (static / "flash_floods" / "scenarios.csv").write_text(SCENARIOS, encoding="utf-8")
    for name, (columns, metres) in WET.items():
        depth = np.zeros((4, 4))
        depth[:, :columns] = metres
        raster(static / "flash_floods" / "depth" / f"{name}.tif", depth, nodata=0)
    (static / "assets").mkdir()
    for name, text in assets.items():
        (static / "assets" / name).write_text(text, encoding="utf-8")
    return static
