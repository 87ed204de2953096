"""Areas that a raster of counts does not reach over: who lives there is unknown, and not nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.grids import Bounds
from ibf_pipeline.prepare.tiles import open_raster

COVERED: Final = 0.95
"""share of an area from which on a raster covers it; outlines and rasters differ by some cells along a coast"""
EMPTY: Final = 0.1
"""share of the country's ground from which on areas without a single person are doubted"""
_NAMED: Final = 10
"""areas"""


def bounds_of_areas(areas: Boundaries) -> Bounds:
    """The bounding box of a level."""
    west, south, east, north = shapely.total_bounds(areas.geometries).tolist()
    return west, south, east, north


def areas_beyond(raster: Path, what: str, areas: Boundaries) -> list[str]:
    """Place codes of the areas that a raster does not cover, in whatever coordinate system it is."""
    with open_raster(raster, what) as opened:
        left, bottom, right, top = opened.bounds
        crs = opened.crs
    ground = gpd.GeoSeries(list(areas.ground), crs=4326).to_crs(crs)
    box = shapely.box(min(left, right), min(bottom, top), max(left, right), max(bottom, top))
    if box.contains(shapely.box(*ground.total_bounds)):
        return []
    shapes = shapely.make_valid(ground.to_numpy())
    sizes = shapely.area(shapes)
    shares = np.divide(shapely.area(shapely.intersection(shapes, box)), sizes, where=sizes > 0, out=np.ones(len(sizes)))
    return [code for code, share in zip(areas.place_codes, shares, strict=True) if share < COVERED]


def cover_doubts(raster: Path, what: str, areas: Boundaries, totals: np.ndarray) -> list[str]:
    """What to say of areas whose people a raster does not know; `totals`: what it holds in each of them."""
    beyond = areas_beyond(raster, what, areas)
    sizes = shapely.area(np.array(areas.ground))
    nobody = [
        code for code, people in zip(areas.place_codes, totals, strict=True) if people <= 0 and code not in set(beyond)
    ]
    share = sum(size for code, size in zip(areas.place_codes, sizes, strict=True) if code in set(nobody)) / sizes.sum()
    known = (
        (beyond, f"{raster.name} does not reach over {_words(beyond)}: who lives there is unknown, not nobody"),
        (
            nobody if share > EMPTY else [],
            f"{raster.name} has nobody in {_words(nobody)}, {share:.0%} of the country: without data there, who lives "
            "there is unknown",
        ),
    )
    return [words for codes, words in known if codes]


def _words(codes: list[str]) -> str:
    more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
    return f"{counted(len(codes), 'area')} ({', '.join(codes[:_NAMED])}{more})"
