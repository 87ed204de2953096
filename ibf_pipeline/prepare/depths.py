"""Flood maps read to their end: depths in metres on the country's grid, and what makes them doubtful or none at all.

`check` and `prepare` read a map with the same function, so that what one refuses the other does not take.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.writing import write_text
from ibf_pipeline.prepare.grids import require_same_grid
from ibf_pipeline.prepare.tiles import BlockWriter, new_raster, open_raster, read_block, windows
from ibf_pipeline.prepare.values import DEEPEST, HUGE, Values, require_declared_nodata

CAPPED: Final = 0.001
"""share of a map's wet cells up to which depths of more than DEEPEST are single faults (the JRC's maps have some in
steep valleys: 401.3 m in version 2.1, 9494.89 m in version 1); one cell is single in the smallest map"""
CLASSES: Final = 10
"""a map with 3 to so many different depths, all whole numbers and none of them larger, holds classes"""
DEEP_ON_AVERAGE: Final = 15.0
"""metres; the wet cells of a country are a few metres deep on average, whatever the return period"""
UNLIKE: Final = 5.0
"""times the average depth of a neighbouring return period: real maps grow by a fifth"""
MUCH: Final = 0.5
"""share of a flood map's wet cells from which on the permanent water is doubted"""


@dataclass(frozen=True, slots=True)
class DepthFacts:
    """What a flood map holds."""

    name: str
    """of the file"""
    wet: int
    """cells at least as deep as the minimum depth"""
    masked: int
    """of them, those with permanent water"""
    average: float
    """metres, of the wet cells; 0 where there is none"""
    digest: int
    """of its depths and their places"""
    doubts: tuple[str, ...]
    """what makes its depths doubtful, in words"""


@dataclass(slots=True)
class _Depths:
    """Taken up block by block, as from `depth_in_metres`."""

    sound: Values
    beyond: Values
    """of what is deeper than DEEPEST alone"""
    wet: int = 0
    masked: int = 0
    total: float = 0.0
    capped: int = 0
    digest: int = 0
    levels: set[float] | None = field(default_factory=set)
    """the first few different depths; None from the first one on that is no whole number"""

    def add(self, depth: npt.NDArray[np.float32], window: Window) -> None:
        """Take up a block, and cap it in place."""
        self.digest = zlib.crc32(np.ascontiguousarray(depth).data, zlib.crc32(repr(window).encode(), self.digest))
        absurd = depth > DEEPEST
        if absurd.any():
            self.beyond.add(np.where(absurd, depth, 0))
            self.capped += int(np.count_nonzero(absurd))
            self.sound.add(np.where(absurd, 0, depth))
            depth[absurd] = DEEPEST
        else:
            self.sound.add(depth)
        water = depth[depth > 0]
        self.wet += water.size
        self.total += float(water.sum(dtype=np.float64))
        if self.levels is not None:
            self.levels = self.levels | set(np.unique(water)[: CLASSES + 1]) if (water % 1 == 0).all() else None

    def require(self, source: Path) -> None:
        """InputInvalid where these are no depths in metres."""
        require_declared_nodata(self.beyond, source, "flood map", depths=True)
        require_declared_nodata(self.sound, source, "flood map", depths=True)
        if self.beyond.greatest >= HUGE or self.capped > max(1, CAPPED * self.wet) or 0 < self.capped == self.wet:
            raise InputInvalid(
                f"water {self.beyond.greatest:g} deep: {self.capped:,} of {self.wet:,} wet cells are deeper than "
                f"{DEEPEST:g} m",
                where=source,
                expected=f"metres, at most {DEEPEST:g} but for single cells ({CAPPED:.1%} of the wet ones)",
                remedy="convert the map to metres, or declare its nodata value",
            )
        if self.levels is not None and 3 <= len(self.levels) <= CLASSES and max(self.levels) <= CLASSES:
            raise InputInvalid(
                f"the flood map has no depths but {', '.join(f'{level:g}' for level in sorted(self.levels))}: "
                "these are classes",
                where=source,
                expected="depths in metres, with their decimals",
                remedy="take the map of depths of the same service; depths cut to whole metres cannot be told from it",
            )

    def doubts(self, name: str) -> tuple[str, ...]:
        """What does not refuse the map and stands wherever its numbers do."""
        capped = f"{name}: {self.capped:,} of {self.wet:,} wet cells are up to {self.beyond.greatest:g} m deep, "
        many = self.levels is not None and len(self.levels) > 2 and f"{name}: every depth is a whole number, the "
        average = self.total / max(self.wet, 1)
        return tuple(
            words
            for applies, words in (
                (self.capped, f"{capped}taken as {DEEPEST:g} m"),
                (many, f"{many}greatest is {self.sound.greatest:g}: is it in metres, or in centimetres or decimetres?"),
                (average > DEEP_ON_AVERAGE, f"{name}: the water is {average:.0f} m deep on average: is it in metres?"),
            )
            if applies
        )


def depth_in_metres(raw: np.ndarray, minimum_depth: float) -> npt.NDArray[np.float32]:
    """A block of a flood map, 0 where it is below the minimum depth or no number."""
    block = raw.astype(np.float32)
    block = np.where(np.isnan(block), np.float32(0), block)
    block[block < np.float32(minimum_depth)] = 0
    return block


def read_depths(
    source: Path, grid_file: Path, minimum_depth: float, water: Path | None, out: BlockWriter | None = None
) -> DepthFacts:
    """Read a flood map to its end; `out` gets metres, 0 where it is dry, below the minimum, nodata or permanent water.

    Raises InputInvalid where it is on another grid or holds no depths, and where all of its water is permanent water:
    no flood could ever be shown. Single depths of more than DEEPEST are capped.
    """
    with ExitStack() as stack:
        depth = stack.enter_context(open_raster(source, "flood map"))
        grid = stack.enter_context(open_raster(grid_file, "flood map"))
        require_same_grid(source, depth, grid)
        mask = None
        if water is not None:
            mask = stack.enter_context(open_raster(water, "permanent water"))
            require_same_grid(water, mask, grid, "permanent water")
        cells = depth.width * depth.height
        found = _Depths(Values(cells), Values(cells))
        for window in windows(depth.width, depth.height):
            raw = read_block(depth, window, "flood map")
            if not raw.any():
                continue  # most of a country is dry
            block = depth_in_metres(raw, minimum_depth)
            if not block.any():
                continue
            found.add(block, window)
            if mask is not None:
                found.masked += _without_water(block, mask, window)
            if out is not None and block.any():
                out.write(block, window)
    found.require(source)
    if found.wet and found.masked == found.wet:
        raise _all_masked(water, source)
    average = found.total / max(found.wet, 1)
    return DepthFacts(source.name, found.wet, found.masked, average, found.digest, found.doubts(source.name))


def write_depth(source: Path, grid_file: Path, target: Path, minimum_depth: float, water: Path | None) -> None:
    """A flood map on the country's grid as `read_depths` gives it, and its facts beside it."""
    with open_raster(grid_file, "flood map") as grid, new_raster(target, grid, "float32") as out:
        facts = read_depths(source, grid_file, minimum_depth, water, out)
    write_text(facts_file(target), json.dumps(asdict(facts)))


def facts_file(depths: Path) -> Path:
    """Beside the depths of a return period."""
    return depths.with_suffix(".json")


def read_facts(depths: Path) -> DepthFacts:
    """The facts that were written with the depths of a return period."""
    content = json.loads(facts_file(depths).read_text(encoding="utf-8"))
    return DepthFacts(**{**content, "doubts": tuple(content["doubts"])})


def require_water_mask(water: Path) -> None:
    """InputInvalid where the raster of permanent water holds an undeclared nodata value beside its own (0, 1, 255)."""
    with open_raster(water, "permanent water") as mask:
        values = Values(mask.width * mask.height)
        for window in windows(mask.width, mask.height):
            block = read_block(mask, window, "permanent water").astype(np.float64)
            values.add(np.where(np.isfinite(block) & (block > 0), block, 0))
    if values.next_greatest > 0:
        require_declared_nodata(values, water, "permanent water", depths=False)


def doubts_about(maps: Mapping[float, DepthFacts]) -> list[str]:
    """What the maps of a country say about each other, by return period, smallest first.

    Raises InputInvalid where all of several maps are one and the same.
    """
    wet = {period: facts for period, facts in maps.items() if facts.wet}
    if len(wet) == len(maps) > 1 and len({facts.digest for facts in wet.values()}) == 1:
        raise InputInvalid(
            f"the flood maps of {', '.join(f'{period:g}' for period in wet)} years are the same, cell by cell",
            where=", ".join(facts.name for facts in wet.values()),
            expected="a map of its own for every return period",
            remedy="fetch them again, or list one return period in flood_maps.return_periods",
        )
    same = [
        f"{one.name} and {other.name} are the same, cell by cell"
        for one, other in combinations(wet.values(), 2)
        if one.digest == other.digest
    ]
    unlike = [
        f"the water is {one.average:.3g} deep on average in {one.name} and {other.average:.3g} in {other.name}: are "
        "both in metres?"
        for one, other in pairwise(wet.values())
        if not 1 / UNLIKE <= other.average / one.average <= UNLIKE
    ]
    return [*same, *unlike]


def wetter(maps: Mapping[float, DepthFacts]) -> list[tuple[float, float]]:
    """Return periods next to each other whose smaller flood has more wet cells than the larger one."""
    return [(one, other) for one, other in pairwise(maps) if maps[one].wet > maps[other].wet > 0]


def much_masked(maps: Mapping[float, DepthFacts]) -> tuple[DepthFacts, float] | None:
    """The map of which permanent water covers most, and its share; None where it covers MUCH of none."""
    shares = [(facts.masked / facts.wet, facts) for facts in maps.values() if facts.wet]
    share, facts = max(shares, key=lambda entry: entry[0], default=(0.0, None))
    return (facts, share) if facts is not None and share > MUCH else None


def depth_notes(maps: Mapping[float, DepthFacts]) -> list[str]:
    """Everything doubtful about a country's flood maps, as runs say it; InputInvalid as `doubts_about`."""
    masked = much_masked(maps)
    return [
        *(doubt for facts in maps.values() for doubt in facts.doubts),
        *doubts_about(maps),
        *(f"{maps[one].name} is wetter than {maps[other].name}" for one, other in wetter(maps)),
        *([f"permanent water covers {masked[1]:.0%} of the wet cells of {masked[0].name}"] if masked else []),
    ]


def _without_water(block: npt.NDArray[np.float32], mask: DatasetReader, window: Window) -> int:
    """Set a block to 0 where there is permanent water; the wet cells that were."""
    hidden = (block > 0) & (read_block(mask, window, "permanent water") > 0)
    block[hidden] = 0
    return int(np.count_nonzero(hidden))


def _all_masked(water: object, source: Path) -> InputInvalid:
    return InputInvalid(
        f"permanent water covers every wet cell of {source.name}",
        where=water,
        expected="> 0 only where there is water on every day of the year",
        remedy="correct the raster, or declare the value that stands for no water as its nodata value",
    )
