"""What the values of a raster say about it: a number that stands for `no value` and is not declared so is found here.

GDAL hands out an undeclared nodata value as people or metres. No single rule tells it from a measurement, but what real
rasters of people and depths never have is known: the top of an integer type or a row of nines in many cells, one
greatest value in more than half of the country, one depth of more than 30 m again and again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.errors import InputInvalid

_TOPS: Final = (127, 255, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64)
"""of the types, those of 32 bits also as float32 rounds them, those of 64 bits as every float does"""
_NINES: Final = (999, 9999, 99999, 999999, 9999999)
_CLIMATE: Final = (1e20, float(np.float32(1e20)), float(np.finfo(np.float32).max))
"""the 1e20 of climate data, and the top of float32"""
SENTINELS: Final = np.array((*_TOPS, *_NINES, *_CLIMATE), dtype=np.float64)
"""what people and programs write if there is no value"""
_SENTINEL_SHARE: Final = 0.01
"""share of the cells from which on such a number was neither counted nor measured"""
_GREATEST_SHARE: Final = 1e-4
"""the same if no value is greater"""
CERTAIN_SENTINEL: Final = 9999.0
"""such a number, from this one on, is never the greatest one twice by chance, in however few cells; if there are
greater ones, `_GREATEST_SHARE` of the cells are enough for it"""
_NEIGHBOUR_RANGE: Final = 2.0
"""counts within so many of a number are as frequent as it is, if it was counted itself"""
DOUBTED_RATIO: Final = 10.0
"""times the next greatest value: so far above it, in `_GREATEST_SHARE` of the cells, a greatest count is doubted"""
_IMPOSSIBLE_RATIO: Final = 100.0
"""times the next greatest value: a greatest value so far above it, in `_IMPOSSIBLE_SHARE` of the cells, is not a
place where people live; the towns of a raster with one number for each zone are some ten times as dense as its land"""
_IMPOSSIBLE_SHARE: Final = 1 / 3
"""share of the cells"""
_ISOLATED_SHARE: Final = 0.05
"""share of the cells from which on a greatest count of people that stands alone is doubted, however great it is"""
LARGEST_DEPTH: Final = 300.0
"""metres; larger numbers are another unit"""
_COMMON_DEPTH: Final = 30.0
"""metres; no flood has one and the same depth of more than this in `_GREATEST_SHARE` of a country's cells"""
_ISOLATED_RATIO: Final = 1.25
"""times the next greatest value, from which on such a depth stands alone; else it is the top of a range of depths"""
_MAJORITY: Final = 0.5
"""share of the cells: no raster has its greatest depth, or its densest place, in more than that, and lesser ones too"""
_EXACT: Final = {2.0**63: str(2**63 - 1), 2.0**64: str(2**64 - 1)}
"""how tops are written that no float can hold"""
_CELLS: Final = 2
"""once is a measurement"""


@dataclass(slots=True)
class Values:
    """Counts of the values of a raster that stand out, taken up block by block.

    Values are numbers as they are used: people a cell or metres, nodata as 0.
    """

    cells: int
    """of the raster, or of the part of it that counts"""
    greatest: float = 0.0
    greatest_cells: int = 0
    next_greatest: float = 0.0
    """the greatest value below `greatest`; 0 where there is none above 0"""
    sentinels: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(SENTINELS), dtype=np.int64))
    """cells with each of `SENTINELS`"""
    alike: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(SENTINELS), dtype=np.int64))
    """cells with another number, at most `_NEIGHBOUR_RANGE` from each of `SENTINELS`"""

    def add(self, block: npt.NDArray[np.floating]) -> None:
        """Take up a block of values >= 0; one that holds nothing but zeros may be left out."""
        top = float(block.max())
        if top <= 0:
            return
        if top > self.greatest:
            self.next_greatest, self.greatest, self.greatest_cells = self.greatest, top, 0
        if top == self.greatest:
            self.greatest_cells += int(np.count_nonzero(block == top))
        below = float(np.max(block, where=block < self.greatest, initial=0.0))
        self.next_greatest = max(self.next_greatest, below)
        if top < SENTINELS.min():
            return
        large = block[block >= SENTINELS.min() - _NEIGHBOUR_RANGE]
        for place in np.flatnonzero(top >= SENTINELS):
            same = int(np.count_nonzero(large == SENTINELS[place]))
            self.sentinels[place] += same
            self.alike[place] += int(np.count_nonzero(np.abs(large - SENTINELS[place]) <= _NEIGHBOUR_RANGE)) - same

    @property
    def is_isolated(self) -> bool:
        """Whether nothing comes near the greatest value: the top of a range does not, whatever its unit is."""
        return self.greatest > _ISOLATED_RATIO * self.next_greatest

    def undeclared_nodata(self, *, depths: bool) -> float | None:
        """The value that must stand for `no value`, None if none has to; `depths` in metres, else people."""
        share = self.greatest_cells / max(self.cells, 1)
        stand_out = (self.sentinels >= _CELLS) & (self.sentinels > self.alike)
        if self.greatest_cells >= _CELLS:
            if self.greatest in SENTINELS and self.greatest >= CERTAIN_SENTINEL:
                return self.greatest
            if self.greatest in SENTINELS[stand_out] and share >= _GREATEST_SHARE:
                return self.greatest
            if (
                depths
                and share >= _GREATEST_SHARE
                and _COMMON_DEPTH < self.greatest <= LARGEST_DEPTH
                and self.is_isolated
            ):
                return self.greatest
            if share > _MAJORITY and self.next_greatest > 0 and (depths or self.is_isolated):
                return self.greatest
            if share > _IMPOSSIBLE_SHARE and self.greatest > _IMPOSSIBLE_RATIO * self.next_greatest > 0:
                return self.greatest
        enough = np.where(SENTINELS >= CERTAIN_SENTINEL, _GREATEST_SHARE, _SENTINEL_SHARE) * self.cells
        often = np.flatnonzero(stand_out & (self.sentinels > enough))
        return float(SENTINELS[often[-1]]) if len(often) else None

    def doubtful(self) -> float | None:
        """Of people: a value that may, but need not, stand for `no value`; None without one.

        One of `SENTINELS` far more often than the numbers beside it, or a greatest value `DOUBTED_RATIO` above all
        others that comes again and again, either in `_GREATEST_SHARE` of the cells; or an isolated greatest value in
        `_ISOLATED_SHARE` of them. One with decimals is the density of a zone: programs write whole numbers for
        `no value`.
        """
        enough = max(_GREATEST_SHARE * self.cells, _CELLS)
        often = (
            enough if self.greatest > DOUBTED_RATIO * self.next_greatest else max(_ISOLATED_SHARE * self.cells, _CELLS)
        )
        if self.greatest_cells > often and self.next_greatest > 0 and self.is_isolated and self.greatest % 1 == 0:
            return self.greatest
        stand_out = np.flatnonzero((self.sentinels > enough) & (self.sentinels > DOUBTED_RATIO * self.alike))
        return float(SENTINELS[stand_out[-1]]) if len(stand_out) else None

    def cells_with(self, value: float) -> int:
        """How many cells have a value that `undeclared_nodata` or `doubtful` gave."""
        return self.greatest_cells if value == self.greatest else int(self.sentinels[value == SENTINELS][0])


def how_often(values: Values, value: float) -> str:
    """`255 in 50.00% of the cells (100 of 200)`."""
    number, cells = _EXACT.get(value, f"{value:.15g}"), values.cells_with(value)
    return f"{number} in {cells / values.cells:.2%} of the cells ({cells:,} of {values.cells:,})"


def require_declared_nodata(values: Values, file: Path, what: str, *, depths: bool) -> None:
    """InputInvalid, with the value and its share of the cells, if a raster holds an undeclared nodata value."""
    value = values.undeclared_nodata(depths=depths)
    if value is None:
        return
    number = _EXACT.get(value, f"{value:.15g}")
    raise InputInvalid(
        f"the {what} is {how_often(values, value)}: this stands for `no value` and is not declared so, or values were "
        "cut off there",
        where=file,
        expected="a declared nodata value, and numbers that were counted or measured everywhere else",
        remedy=f"declare it (`rio edit-info --nodata {number} FILE`); if values were cut off, write it in a wider type",
    )
