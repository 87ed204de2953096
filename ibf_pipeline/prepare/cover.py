"""Areas that a raster of counts does not cover: who lives there is unknown, and not nobody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from exactextract import exact_extract

from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.count_statistics import CountStatistics, ordered
from ibf_pipeline.prepare.grids import Bounds
from ibf_pipeline.prepare.raster_blocks import open_raster

COVERED: Final = 0.95
"""share of an area from which on a raster covers it; outlines and rasters differ by some cells along a coast"""
_BLANK: Final = 0.03
"""share of the country's ground from which on areas without data are unknown even if the raster has no data
wherever nobody lives: parks and lakes are smaller (Uganda's largest area without a settlement has 1.4%)"""
_EMPTY: Final = 0.1
"""share of the country's ground from which on areas without a single person are doubted"""
_NAMED: Final = 10
"""areas"""


@dataclass(frozen=True, slots=True)
class Cover:
    """How far a raster of counts covers a country."""

    unknown: frozenset[str] = frozenset()
    """place codes of the areas of which it does not know everything"""
    doubts: tuple[str, ...] = ()
    """in words"""


def bounds_of_areas(areas: Boundaries) -> Bounds:
    """The bounding box of a level."""
    west, south, east, north = shapely.total_bounds(areas.geometries).tolist()
    return west, south, east, north


def cover_of(raster: Path, what: str, areas: Boundaries, totals: np.ndarray, counts: CountStatistics) -> Cover:
    """What a raster knows of areas. `totals`: what it holds in each of them; `counts`: what was found in it.

    Rule: an area is unknown if the raster (or its data, if it distinguishes nobody from no data) ends before it has
    COVERED of the area; or if no cell in the area has data, and the raster distinguishes the two or such areas are
    BLANK of the country together. Zeros in areas that are EMPTY of the country together are doubted, and are zeros.
    """
    shares = _shares(raster, what, areas, counts)
    beyond = [f"{code}: {share:.0%} covered" if share >= 0.005 else code for code, share in shares.items()]
    empty = [code for code, people in zip(areas.place_codes, totals, strict=True) if people <= 0 and code not in shares]
    without = _without_data(raster, what, areas, empty) if empty else []
    if not counts.has_true_zeros and _share_of_ground(areas, without) < _BLANK:
        without = []
    zeros = [code for code in empty if code not in without]
    share = _share_of_ground(areas, zeros)
    known = (
        (beyond, f"{raster.name} does not reach over {_words(beyond)}: who lives there is unknown, not nobody"),
        (without, f"{raster.name} has no data in {_words(without)}: who lives there is unknown, not nobody"),
        (
            zeros if share > _EMPTY else [],
            f"{raster.name} has nobody in {_words(zeros)}, {share:.0%} of the country: without data there, who lives "
            "there is unknown",
        ),
    )
    return Cover(frozenset((*shares, *without)), tuple(words for codes, words in known if codes))


def _shares(raster: Path, what: str, areas: Boundaries, counts: CountStatistics) -> dict[str, float]:
    """Place code -> share that is covered, of the areas that are not; in whatever coordinate system the raster is."""
    with open_raster(raster, what) as opened:
        bounds, crs = ordered(opened.bounds), opened.crs
    if counts.has_true_zeros and counts.data is not None:
        bounds = counts.data
    box = shapely.box(*bounds)
    ground = gpd.GeoSeries(list(areas.ground), crs=4326).to_crs(crs)
    if box.contains(shapely.box(*ground.total_bounds)):
        return {}
    shapes = shapely.make_valid(ground.to_numpy())
    sizes = shapely.area(shapes)
    shares = np.divide(shapely.area(shapely.intersection(shapes, box)), sizes, where=sizes > 0, out=np.ones(len(sizes)))
    return {code: share for code, share in zip(areas.place_codes, shares.tolist(), strict=True) if share < COVERED}


def _without_data(raster: Path, what: str, areas: Boundaries, codes: Collection[str]) -> list[str]:
    """Those of the areas in which no cell has data; none if 0 is the raster's nodata: it counts nobody there."""
    ground = [own for code, own in zip(areas.place_codes, areas.ground, strict=True) if code in set(codes)]
    frame = gpd.GeoDataFrame({"code": list(codes)}, geometry=ground, crs=4326)
    frame = frame[~frame.is_empty]
    with open_raster(raster, what) as opened:
        if opened.nodata == 0:
            return []
        cells = exact_extract(
            opened,
            frame.to_crs(opened.crs),
            ["count"],
            include_cols=["code"],
            output="pandas",
            strategy="raster-sequential",
            max_cells_in_memory=4_000_000,
        )
    return [str(code) for code in cells["code"][cells["count"] <= 0]]


def _share_of_ground(areas: Boundaries, codes: Collection[str]) -> float:
    sizes = shapely.area(np.array(areas.ground))
    own = np.isin(np.array(areas.place_codes), np.array(list(codes), dtype=str))
    return float(sizes[own].sum() / sizes.sum())


def _words(codes: list[str]) -> str:
    return f"{counted(len(codes), 'area')} ({some(codes, _NAMED)})"
