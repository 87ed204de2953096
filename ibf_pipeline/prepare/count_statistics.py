"""What was found in a raster of counts on the way: which cells have data, and which numbers stand out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.prepare.grids import Bounds

_ZERO_SHARE: Final = 0.01
"""share of the cells with data from which on cells of 0 show that a raster writes 0 where nobody lives"""
_ROUNDING_RATIO: Final = 3
"""times the cells with one person: so many zeros, or fewer, are what rounding leaves of settled cells; where a raster
writes 0 for land without anybody there are many times more"""


@dataclass(slots=True)
class CountStatistics:
    """What a raster of counts holds in a country."""

    reaching: float = 0.0
    """of all cells that reach into the country's box"""
    inside: float = 0.0
    """the same, each cell by its share that lies in the box"""
    negative: int = 0
    """cells below 0, or infinite, that are not the declared nodata value"""
    repeated: str = ""
    """a value that may stand for `no value`, and how often it is there"""
    cells: int = 0
    """with data"""
    zeros: int = 0
    """the same with nobody"""
    ones: int = 0
    """the same with one person, neither more nor less"""
    data: Bounds | None = None
    """around all cells with data, in the raster's own coordinates"""

    @property
    def has_true_zeros(self) -> bool:
        """Whether the raster distinguishes cells without people (0) from cells without data."""
        return self.zeros > max(_ZERO_SHARE * self.cells, _ROUNDING_RATIO * self.ones)

    def doubts(self, name: str) -> list[str]:
        """What makes it doubtful whatever the country, in words."""
        known = (
            (self.negative, f"{name}: {self.negative:,} cells below 0 or infinite that are not the declared nodata "
             "value count as no data"),
            (self.repeated, f"{name} is {self.repeated}: it may stand for `no value`, and is counted as it stands"),
        )  # fmt: skip
        return [words for is_so, words in known if is_so]


@dataclass(slots=True)
class CountTally:
    """Which cells of a raster have data, taken up block by block."""

    counts: CountStatistics = field(default_factory=CountStatistics)
    box: tuple[int, int, int, int] | None = None
    """first and last row, first and last column with data"""

    def add(self, raw: npt.NDArray[Any], has_data: npt.NDArray[np.bool_], window: Window) -> None:
        """Take up a block."""
        if raw.dtype.kind != "u":
            self.counts.negative += int(np.count_nonzero((raw < 0) | np.isinf(raw)))
        rows, columns = np.flatnonzero(has_data.any(axis=1)), np.flatnonzero(has_data.any(axis=0))
        if not len(rows):
            return
        people = raw[has_data]
        self.counts.cells += people.size
        self.counts.zeros += people.size - int(np.count_nonzero(people))
        self.counts.ones += int(np.count_nonzero(people == 1))
        ends = (*(window.row_off + rows[[0, -1]]).tolist(), *(window.col_off + columns[[0, -1]]).tolist())
        top, bottom, left, right = self.box or ends
        self.box = min(top, ends[0]), max(bottom, ends[1]), min(left, ends[2]), max(right, ends[3])

    def bounds(self, raster: DatasetReader) -> Bounds | None:
        """Around all of them, in the raster's coordinates."""
        if self.box is None:
            return None
        top, bottom, left, right = self.box
        window = Window(left, top, right - left + 1, bottom - top + 1)
        return ordered(rasterio.windows.bounds(window, raster.transform))


def ordered(bounds: Sequence[float]) -> Bounds:
    """A box whichever way up its raster is."""
    left, bottom, right, top = bounds
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def counts_file(layer: Path) -> Path:
    """What is kept about a raster beside its layer."""
    return layer.with_suffix(".json")


def write_count_statistics(counts: CountStatistics, layer: Path) -> None:
    """Write it."""
    write_text(counts_file(layer), json.dumps(asdict(counts)))


def read_count_statistics(layer: Path) -> CountStatistics:
    """Read it back."""
    content = json.loads(counts_file(layer).read_text(encoding="utf-8"))
    return CountStatistics(**{**content, "data": content["data"] and ordered(content["data"])})
