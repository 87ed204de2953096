"""Whether the flood hazard tiles of a country are of one edition: by their numbers, and by the water where they meet.

The JRC numbers the tiles of an edition from 1 on, column by column from west to east, in each from north to south, and
gives a place the same number in every return period. A tile more, and all that follow it have other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.raster_blocks import open_raster, read_block

TILE: Final = 10
"""degrees"""
_FEW: Final = 20
"""wet cells along an edge, below which nothing is said of it"""
_STEP: Final = 0.3
"""metres on average between cells on both sides of an edge"""
_TIMES: Final = 5.0
"""as much as between neighbours on one side: the water goes on across an edge of one edition"""
Corner = tuple[int, int]
"""(top, left) in degrees"""
Names = Mapping[float, Mapping[Corner, str]]
"""return period -> corner -> name of the tile"""
_Line = npt.NDArray[Any]


def require_one_edition(names: Names, where: str) -> None:
    """InputInvalid, naming both tiles, if numbers say that tiles are of several editions.

    That is: a place has different numbers in two return periods, or two places have the same.
    """
    of_place: dict[Corner, tuple[int, str]] = {}
    for tiles in names.values():
        of_number: dict[int, str] = {}
        for corner, name in tiles.items():
            number = _number(name)
            known, known_name = of_place.setdefault(corner, (number, name))
            other = known_name if known != number else of_number.setdefault(number, name)
            if other != name:
                raise InputInvalid(
                    f"{other} and {name} are of two editions: "
                    + ("one place, two numbers" if known != number else "one number, two places"),
                    where=where,
                    expected="the tiles of one edition, for every return period",
                    remedy="fetch all tiles anew into an empty folder",
                )


def edition_doubts(flood_map: Path, tiles: Mapping[Corner, str]) -> list[str]:
    """What makes it doubtful that the tiles, which a map was cut out of, are of one edition, in words."""
    numbering = numbering_doubt(tiles)
    return [*([numbering] if numbering else []), *seam_doubts(flood_map, tiles)]


def numbering_doubt(tiles: Mapping[Corner, str]) -> str:
    """Tiles of a return period one below the other whose numbers do not follow each other, in words; "" for none.

    Nothing is said if the numbers are not those of the publisher at all: not growing column by column.
    """
    order = sorted(tiles, key=lambda corner: (corner[1], -corner[0]))
    numbers = [_number(tiles[corner]) for corner in order]
    if any(one >= other for one, other in pairwise(numbers)):
        return ""
    apart = [
        f"{tiles[one]} and {tiles[other]}"
        for (one, other), (first, second) in zip(pairwise(order), pairwise(numbers), strict=True)
        if one == (other[0] + TILE, other[1]) and second != first + 1
    ]
    return f"{', '.join(apart)} lie side by side and are not numbered so: of two editions?" if apart else ""


def seam_doubts(flood_map: Path, tiles: Mapping[Corner, str]) -> list[str]:
    """Edges between tiles at which the water of a map that was cut out of them does not go on, in words."""
    with open_raster(flood_map, "flood map") as raster:
        return [
            f"the water is {step:.1f} m deeper on one side of the edge between {tiles[one]} and {tiles[other]}: of two "
            "editions?"
            for one, other, lines in _edges(raster, tiles)
            if (step := _step(*lines)) > 0
        ]


def _edges(raster: DatasetReader, tiles: Mapping[Corner, str]) -> Iterator[tuple[Corner, Corner, list[_Line]]]:
    """Neighbouring tiles, with two lines of cells on each side of their edge, as far as the map has them."""
    cell, west, north = raster.transform.a, raster.transform.c, raster.transform.f
    for top, left in tiles:
        first, last = (round((north - lat) / cell) for lat in (top, top - TILE))
        start, stop = (round((lon - west) / cell) for lon in (left, left + TILE))
        rows, columns = _within(first, last, raster.height), _within(start, stop, raster.width)
        if (top, left + TILE) in tiles and 2 <= stop <= raster.width - 2:
            block = read_block(raster, Window(stop - 2, rows[0], 4, rows[1] - rows[0]), "flood map")
            yield (top, left), (top, left + TILE), list(block.T)
        if (top - TILE, left) in tiles and 2 <= last <= raster.height - 2:
            block = read_block(raster, Window(columns[0], last - 2, columns[1] - columns[0], 4), "flood map")
            yield (top, left), (top - TILE, left), list(block)


def _within(first: int, last: int, size: int) -> tuple[int, int]:
    return max(first, 0), min(last, size)


def _step(before: _Line, one: _Line, other: _Line, behind: _Line) -> float:
    """Metres between the water on both sides of an edge; 0 where it goes on, or where there is little of it."""
    across = _apart(one, other)
    if across.size < _FEW:
        return 0.0
    inside = np.concatenate([_apart(before, one), _apart(other, behind)])
    step = float(np.median(across))
    return step if step > max(_STEP, _TIMES * float(np.median(inside)) if inside.size else 0.0) else 0.0


def _apart(one: _Line, other: _Line) -> _Line:
    wet = (one > 0) & (other > 0)
    return np.asarray(np.abs(one.astype(float) - other)[wet])


def _number(name: str) -> int:
    found = re.match(r"\D*(\d+)", name)
    return int(found[1]) if found else 0
