"""How far a raster reaches over a country: beyond its edge there is no water and nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ibf_pipeline.prepare.grids import Bounds
from ibf_pipeline.prepare.raster_blocks import open_raster

_CELLS: Final = 10
"""that a raster may end inside the country's bounding box"""


def ends_inside(raster: Bounds, cell: float, country: Bounds) -> float:
    """Degrees by which a raster ends inside the country's bounding box; 0 where that is a few cells at most."""
    west, south, east, north = country
    missing = max(raster[0] - west, raster[1] - south, east - raster[2], north - raster[3], 0.0)
    return missing if missing > _CELLS * cell else 0.0


def reach_doubts(flood_map: Path, country: Bounds) -> list[str]:
    """What runs say of a country whose flood maps, all on the grid of this one, end inside it."""
    with open_raster(flood_map, "flood map") as raster:
        missing = ends_inside(raster.bounds, raster.transform.a, country)
    return [reach_doubt(flood_map.name, missing)] if missing else []


def reach_doubt(name: str, missing: float) -> str:
    """The words of it; `missing`: degrees."""
    return f"{name} ends {missing:.2f} degrees inside the country's bounding box: no flood is shown beyond its edge"
