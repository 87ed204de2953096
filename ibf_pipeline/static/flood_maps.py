"""Flood maps of a country cut out of the JRC's global tiles (CEMS-GloFAS river flood hazard, 10 x 10 degrees).

Tiles are named by their upper left corner: `ID<n>_N10_E20_RP100_depth.tif` reaches from 10 N to 0 and from 20 E to
30 E. Depth in metres, 3 arc-seconds, EPSG:4326, nodata -9999. Where no return period has a tile there is sea,
or a tile that nobody fetched.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rasterio.io import DatasetReader
from rasterio.transform import from_origin
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.grids import Bounds, require_degrees, require_plain_band
from ibf_pipeline.prepare.raster_blocks import bounded_gdal, new_raster, open_raster, read_block, windows
from ibf_pipeline.prepare.virtual_rasters import DEPTH_TOLERANCE, EDITION_MISMATCH
from ibf_pipeline.static.editions import TILE, require_one_edition
from ibf_pipeline.static.origin import OriginFolder

_OFF: Final = 0.1
"""degrees that a tile may be off the place in its name"""
_NAME = re.compile(r"^ID\d+_([NS])(\d+)_([EW])(\d+)_RP(\d+)(?:_depth)?\.tif$", re.IGNORECASE)


def corners_of(bounds: Bounds) -> list[tuple[int, int]]:
    """(top, left) in degrees of the tiles that a country lies in."""
    west, south, east, north = bounds
    tops = range(math.floor(south / TILE) * TILE + TILE, math.ceil(north / TILE) * TILE + 1, TILE)
    lefts = range(math.floor(west / TILE) * TILE, math.ceil(east / TILE) * TILE, TILE)
    return [(top, left) for top in reversed(tops) for left in lefts]


def tile_names(place: OriginFolder, period: float) -> Mapping[tuple[int, int], str]:
    """(top, left) -> name of the tiles of a return period, as the place lists them.

    Raises InputInvalid if two names stand for the same place: the JRC numbered its tiles anew in 2025, so a folder
    may hold two editions (ID9_N60_W150 and ID10_N60_W150), and nobody could tell which one is meant.
    """
    found: dict[tuple[int, int], str] = {}
    folder = f"RP{period:g}"
    for name in sorted(place.names(folder)):
        match = _NAME.match(name)
        if match and float(match[5]) == period:
            corner = _corner(match)
            if corner in found:
                raise InputInvalid(
                    f"{found[corner]} and {name} are the same tile of two editions",
                    where=f"{place.where}/{folder}",
                    expected="one tile for each corner and return period",
                    remedy="remove those of one edition, of all return periods",
                )
            found[corner] = name
    return found


@dataclass(frozen=True, slots=True)
class CountryTiles:
    """Which tiles a country's flood maps are cut out of."""

    names: Mapping[float, Mapping[tuple[int, int], str]]
    """return period -> (top, left) -> name; the same corners for every return period"""
    without: tuple[tuple[int, int], ...]
    """corners for which no return period has a tile"""


def country_tiles(place: OriginFolder, periods: Sequence[float], bounds: Bounds) -> CountryTiles:
    """The tiles of a country by return period, as the place lists them.

    Raises InputMissing if a return period has none, or lacks one that another one has: that part of its map would
    be dry; InputInvalid if one has a tile twice (`tile_names`), or some are of another edition.
    """
    corners = corners_of(bounds)
    names = {}
    for period in periods:
        listed = tile_names(place, period)
        names[period] = {corner: listed[corner] for corner in corners if corner in listed}
    found = {corner for tiles in names.values() for corner in tiles}
    for period, tiles in names.items():
        if not tiles:
            raise InputMissing(
                f"no tile of {period:g} years covers the country ({', '.join(map(corner_name, corners))})",
                where=f"{place.where}/RP{period:g}",
                expected="tiles such as ID1_N10_E20_RP10_depth.tif, by their upper left corner",
                remedy="correct static_sources.flood_maps",
            )
        lacking = sorted(found - set(tiles))
        if lacking:
            other = next(other for other, there in names.items() if lacking[0] in there)
            raise InputMissing(
                f"there is no tile {', '.join(map(corner_name, lacking))} of {period:g} years; of {other:g} years "
                "there is",
                where=f"{place.where}/RP{period:g}",
                expected="the same tiles for every return period",
                remedy="the folder is not complete: add the tile",
            )
    require_one_edition(names, place.where)
    return CountryTiles(names, tuple(corner for corner in corners if corner not in found))


def corner_name(corner: tuple[int, int]) -> str:
    """As the names of tiles have it, e.g. N10_E20."""
    top, left = corner
    return f"{'N' if top >= 0 else 'S'}{abs(top)}_{'E' if left >= 0 else 'W'}{abs(left)}"


def obtain_flood_map(
    place: OriginFolder, period: float, names: Iterable[str], bounds: Bounds, target: Path
) -> list[str]:
    """Cut the map of a return period to a country out of its tiles; their names in order.

    Read and written block by block; the file appears when it is whole. nodata and negative depths become 0.
    Raises InputMissing if a tile is listed and cannot be had.
    """
    folder = f"RP{period:g}"
    tiles = {}
    for name in names:
        try:
            tiles[name] = place.file(f"{folder}/{name}")
        except InputMissing:
            raise InputMissing(
                f"tile {name} is listed and not there",
                where=f"{place.where}/{folder}",
                expected="every tile of the country: without it that part of the map would be dry",
                remedy="run again later, or add the tile",
            ) from None
    with bounded_gdal(), ExitStack() as stack:
        opened = [stack.enter_context(open_raster(file, "flood hazard tile")) for file in tiles.values()]
        for file, tile in zip(tiles.values(), opened, strict=True):
            require_degrees(file, tile, "flood hazard tile")
            require_plain_band(file, tile, "flood hazard tile")
            _require_place(file, tile)
            _require_aligned(file, tile, opened[0])
        _mosaic(opened, bounds, target)
    return sorted(tiles)


def _mosaic(tiles: list[DatasetReader], bounds: Bounds, target: Path) -> None:
    cell = tiles[0].transform.a
    left, top = math.floor(bounds[0] / cell + 1e-6), math.floor(-bounds[3] / cell + 1e-6)
    width = math.ceil(bounds[2] / cell - 1e-6) - left
    height = math.ceil(-bounds[1] / cell - 1e-6) - top
    grid = {"width": width, "height": height, "transform": from_origin(left * cell, -top * cell, cell, cell)}
    common = _Common(tiles)
    with new_raster(target, tiles[0], "float32", **grid) as out:
        for window in windows(width, height):
            block = np.zeros((window.height, window.width), dtype=np.float32)
            owner = np.zeros(block.shape, dtype=np.int16)
            for number, tile in enumerate(tiles, 1):
                here, depth = _parts(block, tile, left + window.col_off, top + window.row_off)
                if depth.any():
                    whose = owner[here]
                    common.add(number, block[here], depth, whose)
                    whose[depth > 0] = number
                    np.maximum(block[here], depth, out=block[here])
            if block.any():
                out.write(block, window)
        common.require_agreement(target)


@dataclass(slots=True)
class _Common:
    """Cells that two tiles both show as wet."""

    tiles: list[DatasetReader]
    both: int = 0
    apart: int = 0
    """of them, those that differ by more than DEPTH_TOLERANCE"""
    pair: tuple[int, int] = (0, 0)
    """numbers of two tiles that do"""

    def add(self, number: int, there: np.ndarray, depth: np.ndarray, whose: np.ndarray) -> None:
        """Tile `number` with its `depth` on top of what is `there`, from the tiles `whose` numbers these are."""
        wet = (there > 0) & (depth > 0)
        differ = wet & (np.abs(there - depth) > DEPTH_TOLERANCE)
        self.both += int(np.count_nonzero(wet))
        if differ.any():
            self.apart += int(np.count_nonzero(differ))
            self.pair = (int(whose[differ][0]), number)

    def require_agreement(self, target: Path) -> None:
        """InputInvalid if tiles overlap and differ."""
        if self.apart > EDITION_MISMATCH * self.both:
            one, other = (Path(self.tiles[number - 1].name).name for number in self.pair)
            raise InputInvalid(
                f"{one} and {other} overlap and differ in {self.apart:,} of {self.both:,} cells that both show as wet",
                where=target,
                expected="tiles of one edition",
                remedy="fetch all tiles anew into an empty folder",
            )


def _parts(block: np.ndarray, tile: DatasetReader, left: int, top: int) -> tuple[tuple[slice, slice], np.ndarray]:
    """The part of a block that a tile covers, and its depths there, 0 where it is dry or has no data.

    `left` and `top` count cells from the equator and Greenwich.
    """
    cell = tile.transform.a
    tile_left, tile_top = round(tile.transform.c / cell), round(-tile.transform.f / cell)
    first_column, last_column = max(left, tile_left), min(left + block.shape[1], tile_left + tile.width)
    first_row, last_row = max(top, tile_top), min(top + block.shape[0], tile_top + tile.height)
    if first_column >= last_column or first_row >= last_row:
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0))
    window = Window(first_column - tile_left, first_row - tile_top, last_column - first_column, last_row - first_row)
    depth = read_block(tile, window, "flood hazard tile")
    depth = np.where(np.isfinite(depth) & (depth > 0), depth, 0)
    return (slice(first_row - top, last_row - top), slice(first_column - left, last_column - left)), depth


def _require_place(file: Path, tile: DatasetReader) -> None:
    """InputInvalid if a tile lies elsewhere than its name says: that part of the map would be dry."""
    match = _NAME.match(file.name)
    if match is None:
        return
    top, left = _corner(match)
    west, south, east, north = tile.bounds
    if max(abs(west - left), abs(north - top), left + TILE - east, south - top + TILE) > _OFF:
        raise InputInvalid(
            f"the tile reaches from {west:g} to {east:g} E and from {south:g} to {north:g} N",
            where=file,
            expected=f"{TILE} degrees from its upper left corner, which is {corner_name((top, left))} by its name",
            remedy="fetch it again",
        )


def _corner(match: re.Match[str]) -> tuple[int, int]:
    """(top, left) in degrees, of a name."""
    top = int(match[2]) * (1 if match[1].upper() == "N" else -1)
    return top, int(match[4]) * (1 if match[3].upper() == "E" else -1)


def _require_aligned(file: Path, tile: DatasetReader, first: DatasetReader) -> None:
    cell = first.transform.a
    offsets = [abs(value / cell - round(value / cell)) for value in (tile.transform.c, tile.transform.f)]
    if abs(tile.transform.a / cell - 1) > 1e-6 or abs(tile.transform.e / cell + 1) > 1e-6 or max(offsets) > 0.01:
        raise InputInvalid(
            f"the tile has cells of {tile.transform.a:.8g} degrees from ({tile.transform.c:g}, {tile.transform.f:g})",
            where=file,
            expected=f"cells of {cell:.8g} degrees, edges at whole multiples of them",
            remedy="fetch the tiles of one edition",
        )
