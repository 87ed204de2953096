"""Which assets each flood of the library reaches: by area, how many or how far, and how deep each of them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import shapely
from rasterio.windows import Window

from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.depths import DepthFacts
from ibf_pipeline.prepare.flash_floods.asset_files import ROADS
from ibf_pipeline.prepare.flash_floods.pieces import AssetPieces, cut_assets
from ibf_pipeline.prepare.flash_floods.store import AssetTable
from ibf_pipeline.prepare.raster_blocks import BLOCK_CELLS, open_raster


@dataclass(frozen=True, slots=True)
class AssetExposure:
    """What floods do to the assets of a category."""

    table: AssetTable
    amounts: npt.NDArray[np.float64]
    """(area, scenario): how many, of roads km"""
    fids: Mapping[tuple[str, str], tuple[str, ...]]
    """(place code, scenario) -> those that the flood reaches there, as the file lists them"""


def measure_asset_exposure(
    places: gpd.GeoDataFrame, category: str, areas: Boundaries, depths: Mapping[str, Path], facts: Sequence[DepthFacts]
) -> AssetExposure:
    """`depths`: scenario -> metres on the library's grid, 0 where it is dry; `facts`: of each, which blocks are wet."""
    with open_raster(next(iter(depths.values())), "flood of the library") as grid:
        pieces = cut_assets(places, category, areas, grid)
    amounts = np.zeros((len(areas.place_codes), len(depths)))
    deepest = np.zeros((len(places), len(depths)), dtype=np.float32)
    fids: dict[tuple[str, str], tuple[str, ...]] = {}
    names = places["fid"].to_numpy(dtype=object)
    by_block = _by_block(pieces)
    for number, ((scenario, file), known) in enumerate(zip(depths.items(), facts, strict=True)):
        depth = _depths_at(file, known, pieces, by_block)
        np.maximum.at(deepest[:, number], pieces.asset, depth)
        wet = depth > 0
        area, asset = np.divmod(np.unique(pieces.area[wet] * len(places) + pieces.asset[wet]), max(len(places), 1))
        if category == ROADS:
            amounts[:, number] = np.bincount(pieces.area[wet], pieces.km[wet], len(amounts))
        else:
            amounts[:, number] = np.bincount(area, minlength=len(amounts))
        for place in np.unique(area).tolist():
            own = names[asset[area == place]]
            fids[areas.place_codes[place], scenario] = tuple(dict.fromkeys(map(str, own)))
    return AssetExposure(_table(places, pieces, areas, deepest, list(depths)), amounts, fids)


Blocks = Mapping[tuple[int, int], npt.NDArray[np.int64]]
"""(row, column) of a block -> the pieces in it"""


def _by_block(pieces: AssetPieces) -> Blocks:
    row, column = pieces.row // BLOCK_CELLS, pieces.column // BLOCK_CELLS
    order = np.lexsort((column, row))
    ends = np.flatnonzero((np.diff(row[order]) != 0) | (np.diff(column[order]) != 0)) + 1
    return {(int(row[own[0]]), int(column[own[0]])): own for own in np.split(order, ends) if len(own)}


def _depths_at(file: Path, facts: DepthFacts, pieces: AssetPieces, by_block: Blocks) -> npt.NDArray[np.float32]:
    """(piece,) metres; only blocks with water are read."""
    depth = np.zeros(len(pieces.row), dtype=np.float32)
    with rasterio.open(file) as raster:
        for block in facts.blocks:
            own = by_block.get((block.row, block.column))
            if own is not None:
                top, left = block.row * BLOCK_CELLS, block.column * BLOCK_CELLS
                window = Window(left, top, min(BLOCK_CELLS, raster.width - left), min(BLOCK_CELLS, raster.height - top))
                depth[own] = raster.read(1, window=window)[pieces.row[own] - top, pieces.column[own] - left]
    return depth


def _table(
    places: gpd.GeoDataFrame,
    pieces: AssetPieces,
    areas: Boundaries,
    deepest: npt.NDArray[np.float32],
    scenarios: Sequence[str],
) -> AssetTable:
    """Those in `areas` that lie on the library, each with the area of its longest part."""
    order = np.lexsort((-_length_in_area(pieces), pieces.asset))
    asset = pieces.asset[order]
    rows, first = np.unique(asset, return_index=True)
    chosen = places.iloc[rows].reset_index(drop=True)
    some_point = shapely.point_on_surface(chosen.geometry.to_numpy())
    frame = chosen.assign(
        lat=shapely.get_y(some_point),
        lon=shapely.get_x(some_point),
        area=np.array(areas.place_codes, dtype=object)[pieces.area[order][first]],
    )
    return AssetTable(frame, pd.DataFrame(deepest[rows], columns=list(scenarios)))


def _length_in_area(pieces: AssetPieces) -> npt.NDArray[np.float64]:
    """(piece,) km that its asset has in its area."""
    _, pair = np.unique(pieces.asset * (pieces.area.max(initial=0) + 1) + pieces.area, return_inverse=True)
    return np.asarray(np.bincount(pair, pieces.km, minlength=1)[pair], dtype=np.float64)
