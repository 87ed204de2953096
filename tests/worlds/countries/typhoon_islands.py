"""Two islands on the 15th parallel, five degrees apart: storms that move west reach them one after the other.

Areas of level 3, squares of half a degree: V1 and V2 in the valley of the eastern island from 124 to 124.5 E, W1 and W2
on the western one from 119.5 to 120 E; the southern of each from 15 to 15.5 N. 100 people live in each cell of 0.1
degrees, and each area has 500 houses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from rasterio.transform import from_origin

from tests.worlds.countries.tiny_country import feature, square, write_areas, write_raster

EDGES: Final = {"V": (124.0, 124.5), "W": (119.5, 120.0)}
"""west and east edge of an island"""
CODES: Final = ("V1", "V2", "W1", "W2")
PROVINCES: Final = {"PV": "Valley", "PW": "West"}
SECTION: Final[dict[str, Any]] = {
    "monitoring": [[115, 5], [135, 5], [135, 25], [115, 25]],
    "province_level": 2,
    "housing": "housing.csv",
    "names": "names.csv",
    "triggers": [{"scope": "province", "measure": "wind_kmh", "amount": 118, "probability": 0.5, "within_h": 72}],
    "time_zone": "Asia/Manila",
}
"""of hazards.typhoon"""


def write_country(static: Path) -> Path:
    """The static folder."""
    halves = {"1": (15.5, 15.0), "2": (16.0, 15.5)}
    areas = [feature(3, code, f"P{code[0]}", square(*EDGES[code[0]], *halves[code[1]])) for code in CODES]
    write_areas(static / "admin_areas", 3, areas)
    provinces = [feature(2, f"P{letter}", None, square(*edges, 16.0, 15.0)) for letter, edges in EDGES.items()]
    for province in provinces:
        province["properties"]["ADM2_EN"] = PROVINCES[province["properties"]["ADM2_PCODE"]]
    write_areas(static / "admin_areas", 2, provinces)
    people = np.full((10, 50), 100.0)
    people[:, 5:45] = 0
    write_raster(
        static / "population.tif", people, width=50, height=10, nodata=-1, transform=from_origin(119.5, 16.0, 0.1, 0.1)
    )
    (static / "housing.csv").write_text(
        "place_code,houses\n" + "".join(f"{code},500\n" for code in CODES), encoding="utf-8"
    )
    (static / "names.csv").write_text("name,local_name\nCHANTHU,Kiko\nCONSON,Jolina\n", encoding="utf-8")
    return static
