"""What the depths of one flood map say about it: metres, classes, another unit, or a value that stands for dry land."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.raster_blocks import BLOCK_CELLS
from ibf_pipeline.prepare.values import CERTAIN_SENTINEL, LARGEST_DEPTH, Values, require_declared_nodata

_CAPPED_SHARE: Final = 0.001
"""share of a map's wet cells up to which depths of more than LARGEST_DEPTH are single faults (the JRC's maps have some
in steep valleys: 401.3 m in version 2.1, 9494.89 m in version 1); one cell is single in the smallest map"""
_CLASSES: Final = 10
"""a map with 2 to so many different depths, all whole numbers and none of them larger, holds classes; a map of one
depth is a mask"""
_CELLS_PER_DEPTH: Final = 10
"""wet cells for each different depth: in fewer of them, few depths say nothing"""
_WHOLE_SHARE: Final = 0.95
"""share of the wet cells from which on whole numbers are doubted: of depths in metres one in a hundred is whole"""
_CUT_OFF_SHARE: Final = 0.25
"""share of the wet cells: if so many have the greatest depth, it was cut off there, or stands for something else"""
SHALLOW: Final = 1.0
"""metres; the water's edge is shallower than that everywhere"""
_OTHER_UNITS: Final = frozenset(
    ("mm", "cm", "dm", "km", "in", "ft", "feet", "foot", "inch", "inches", "us survey foot", "%", "percent")
)
_OTHER_METRES: Final = ("milli", "centi", "deci", "kilo")


@dataclass(frozen=True, slots=True)
class WetBlock:
    """A block of a map that has water."""

    row: int
    """of blocks"""
    column: int
    lat: float
    """degrees, its middle"""
    lon: float
    wet: int
    """cells"""


@dataclass(slots=True)
class DepthValues:
    """Taken up block by block, in metres, 0 where it is dry."""

    sound: Values
    beyond: Values
    """of what is deeper than LARGEST_DEPTH alone"""
    wet: int = 0
    total: float = 0.0
    capped: int = 0
    whole: int = 0
    """wet cells whose depth is a whole number"""
    shallow: int = 0
    """wet cells of less than SHALLOW"""
    digest: int = 0
    levels: set[float] = field(default_factory=set)
    """different depths, CLASSES of them and one more at least if there are so many"""
    blocks: list[WetBlock] = field(default_factory=list)

    @classmethod
    def of(cls, cells: int) -> DepthValues:
        """Of a map of so many cells."""
        return cls(Values(cells), Values(cells))

    @property
    def average(self) -> float:
        """Metres, of the wet cells; 0 where there is none."""
        return self.total / max(self.wet, 1)

    @property
    def is_varied(self) -> bool:
        """Whether there are more different depths than classes."""
        return len(self.levels) > _CLASSES

    @property
    def has_levels(self) -> bool:
        """Whether there are so few different depths, and each so often, that these may be classes."""
        return 1 < len(self.levels) <= _CLASSES and self.wet >= _CELLS_PER_DEPTH * len(self.levels)

    def add(self, depth: npt.NDArray[np.float32], window: Window, raster: DatasetReader) -> None:
        """Take up a block, and cap it in place."""
        self.digest = zlib.crc32(np.ascontiguousarray(depth).data, zlib.crc32(repr(window).encode(), self.digest))
        absurd = depth > LARGEST_DEPTH
        if absurd.any():
            self.beyond.add(np.where(absurd, depth, 0))
            self.capped += int(np.count_nonzero(absurd))
            self.sound.add(np.where(absurd, 0, depth))
            depth[absurd] = LARGEST_DEPTH
        else:
            self.sound.add(depth)
        water = depth[depth > 0]
        self.wet += water.size
        self.total += float(water.sum(dtype=np.float64))
        self.whole += int(np.count_nonzero(water % 1 == 0))
        self.shallow += int(np.count_nonzero(water < SHALLOW))
        if not self.is_varied:
            self.levels |= set(np.unique(depth[(depth > 0) & ~absurd])[: _CLASSES + 1].tolist())
        west, south, east, north = rasterio.windows.bounds(window, raster.transform)
        self.blocks.append(
            WetBlock(
                window.row_off // BLOCK_CELLS,
                window.col_off // BLOCK_CELLS,
                (south + north) / 2,
                (west + east) / 2,
                int(water.size),
            )
        )

    def require(self, source: Path) -> None:
        """InputInvalid if these are not depths in metres."""
        require_declared_nodata(self.beyond, source, "flood map", depths=True)
        require_declared_nodata(self.sound, source, "flood map", depths=True)
        huge = self.beyond.greatest >= CERTAIN_SENTINEL
        if huge or self.capped > max(1, _CAPPED_SHARE * self.wet) or 0 < self.capped == self.wet:
            single = f"of less than {CERTAIN_SENTINEL:,.0f}" if huge else f"({_CAPPED_SHARE:.1%} of the wet ones)"
            raise InputInvalid(
                f"water {self.beyond.greatest:g} deep: {self.capped:,} of {self.wet:,} wet cells are deeper than "
                f"{LARGEST_DEPTH:g} m",
                where=source,
                expected=f"metres, at most {LARGEST_DEPTH:g} but for single cells {single}",
                remedy="convert the map to metres, or declare its nodata value",
            )
        if self.whole == self.wet and self.has_levels and max(self.levels) <= _CLASSES:
            raise InputInvalid(
                f"the flood map has no depths but {', '.join(f'{level:g}' for level in sorted(self.levels))}: "
                "these are classes",
                where=source,
                expected="depths in metres, with their decimals; or a mask of one value where it is wet",
                remedy="take the map of depths of the same service; depths cut to whole metres cannot be told from it",
            )

    def doubts(self, name: str) -> tuple[str, ...]:
        """What does not refuse the map and stands wherever its numbers do."""
        return tuple(f"{name}: {words}" for words in (self._capped(), self.unit_doubt, self._cut_off()) if words)

    @property
    def unit_doubt(self) -> str | None:
        """The first sign of another unit or of classes in the map's own values; None without any."""
        share = self.whole / max(self.wet, 1)
        few = ", ".join(f"{level:.3g}" for level in sorted(self.levels)) if self.has_levels else ""
        if len(self.levels) > 1 and share >= _WHOLE_SHARE:
            whole = "every depth is a whole number" if share == 1 else f"{share:.0%} of the depths are whole numbers"
            classes = f", or are {few} classes" if few else ""
            top = f"the greatest is {self.sound.greatest:g}"
            return f"{whole}, {top}: is it in metres, or in centimetres or decimetres{classes}?"
        return f"there are no depths but {few}: are these classes?" if few else None

    def _capped(self) -> str | None:
        if not self.capped:
            return None
        many = f"{self.capped:,} of {self.wet:,} wet cells"
        return f"{many} are up to {self.beyond.greatest:g} m deep, taken as {LARGEST_DEPTH:g} m"

    def _cut_off(self) -> str | None:
        share = self.sound.greatest_cells / max(self.wet, 1)
        if not self.is_varied or share <= _CUT_OFF_SHARE:
            return None
        where = f"{share:.0%} of the wet cells have the greatest depth, {self.sound.greatest:g}"
        return f"{where}: was it cut off there, or does this stand for something else?"


def require_metres(source: Path, raster: DatasetReader) -> None:
    """InputInvalid if a flood map declares that it is in another unit; many declare none."""
    declared = str(
        raster.units[0] or next((raster.tags(1)[key] for key in ("units", "unit") if key in raster.tags(1)), "")
    )
    unit = declared.strip().lower()
    if unit in _OTHER_UNITS or unit.startswith(_OTHER_METRES):
        raise InputInvalid(
            f"the flood map declares its unit as {declared}",
            where=source,
            expected="depths in metres",
            remedy="convert it to metres (gdal_calc), and declare m",
        )
