"""A country of four areas as static files for typhoon: every number can be counted by hand.

Areas of level 3 side by side from 0.9 to 1 N, and the cells of 0.1 degrees of the wind's grid that they reach into:
A1 10 to 10.125 E, A2 to 10.215, A3 to 10.3, A4 to 10.4. The provinces P1 and P2 and the regions R1 and R2 around them
meet at 10.2 E, so that A2 reaches into both. The raster has 10 people in each of its cells of 0.05 degrees, nobody in
A4; no file says which area is in which province.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import from_origin

from ibf_pipeline.config.typhoon import TyphoonCountry
from tests.worlds.countries.tiny_country import feature, square, write_areas, write_raster

EDGES = {"A1": (10.0, 10.125), "A2": (10.125, 10.215), "A3": (10.215, 10.3), "A4": (10.3, 10.4)}
HALVES = ((10.0, 10.2), (10.2, 10.4))
HOUSES = "place_code,houses\nA1,20\nA2,10\nA3,8\nA4,1\n"
NAMES = "name,local_name\nCHANTHU,Kiko\nConson,Jolina\n"
TRIGGER: dict[str, Any] = {
    "scope": "regions", "regions": ["R2"], "measure": "wind_kmh", "amount": 118, "probability": 0.5
}  # fmt: skip


def country(**changes: Any) -> TyphoonCountry:
    """Its configuration."""
    keys = {
        "iso3": "XTI",
        "name": "Four Islands",
        "admin_levels": [3],
        "default_admin_level": 3,
        "province_level": 2,
        "region_level": 1,
        "sources": ["tracks"],
        "monitoring": [[5, -5], [20, -5], [20, 10], [5, 10]],
        "housing": "housing.csv",
        "names": "names.csv",
        "triggers": [TRIGGER],
    }
    return TyphoonCountry.model_validate(keys | changes)


def write_country(static: Path) -> Path:
    """The static folder."""
    areas = static / "admin_areas"
    write_areas(areas, 3, [feature(3, code, None, square(*edges)) for code, edges in EDGES.items()])
    for level, letter in ((2, "P"), (1, "R")):
        halves = [feature(level, f"{letter}{number}", None, square(*edges)) for number, edges in enumerate(HALVES, 1)]
        write_areas(areas, level, halves)
    people = np.full((2, 8), 10.0)
    people[:, 6:] = 0
    write_raster(
        static / "population.tif", people, width=8, height=2, nodata=-1, transform=from_origin(10.0, 1.0, 0.05, 0.05)
    )
    (static / "housing.csv").write_text(HOUSES, encoding="utf-8")
    (static / "names.csv").write_text(NAMES, encoding="utf-8")
    return static
