"""Flood maps read to their end: depths in metres on the country's grid, and what makes them doubtful or none at all.

`check` and `prepare` read a map with the same function, so that what one refuses the other does not take.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.prepare.depth_values import DepthValues, WetBlock, require_metres
from ibf_pipeline.prepare.grids import require_same_grid
from ibf_pipeline.prepare.raster_blocks import BlockWriter, new_raster, open_raster, read_block, windows
from ibf_pipeline.prepare.values import DOUBTED_RATIO, SENTINELS, Values, require_declared_nodata
from ibf_pipeline.prepare.virtual_rasters import require_agreeing_sources


@dataclass(frozen=True, slots=True)
class DepthFacts:
    """What a flood map holds."""

    name: str
    """of the file"""
    cells: int
    """of the map"""
    wet: int
    """of them, those at least as deep as the minimum depth"""
    masked: int
    """of them, those with permanent water"""
    average: float
    """metres, of the wet cells; 0 where there is none"""
    shallow: int
    """of them, those of less than SHALLOW"""
    deepest: float
    """metres, but for depths that were capped"""
    varied: bool
    """more different depths than classes have: no mask"""
    digest: int
    """of its depths and their places"""
    blocks: tuple[WetBlock, ...]
    """those with water"""
    asked: bool
    """whether its doubts ask for the unit already"""
    doubts: tuple[str, ...]
    """what makes its depths doubtful, in words"""


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

    Raises InputInvalid if it is on another grid or holds no depths. Single depths above LARGEST_DEPTH are capped.
    """
    require_agreeing_sources(source, "flood map")
    with ExitStack() as stack:
        depth = stack.enter_context(open_raster(source, "flood map"))
        grid = stack.enter_context(open_raster(grid_file, "flood map"))
        require_same_grid(source, depth, grid)
        mask = None
        if water is not None:
            mask = stack.enter_context(open_raster(water, "permanent water"))
            require_same_grid(water, mask, grid, "permanent water")
        require_metres(source, depth)
        found, masked = DepthValues.of(depth.width * depth.height), 0
        for window in windows(depth.width, depth.height):
            raw = read_block(depth, window, "flood map")
            if not raw.any():
                continue  # most of a country is dry
            block = depth_in_metres(raw, minimum_depth)
            if not block.any():
                continue
            found.add(block, window, depth)
            if mask is not None:
                masked += _without_water(block, mask, window)
            if out is not None and block.any():
                out.write(block, window)
    found.require(source)
    return DepthFacts(
        name=source.name,
        cells=found.sound.cells,
        wet=found.wet,
        masked=masked,
        average=found.average,
        shallow=found.shallow,
        deepest=found.sound.greatest,
        varied=found.is_varied,
        digest=found.digest,
        blocks=tuple(found.blocks),
        asked=found.unit_doubt is not None,
        doubts=found.doubts(source.name),
    )


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
    blocks = tuple(WetBlock(**block) for block in content["blocks"])
    return DepthFacts(**{**content, "blocks": blocks, "doubts": tuple(content["doubts"])})


def require_water_mask(water: Path) -> None:
    """InputInvalid if the raster of permanent water holds an undeclared nodata value beside its own (0, 1, 255)."""
    with open_raster(water, "permanent water") as mask:
        values = Values(mask.width * mask.height)
        for window in windows(mask.width, mask.height):
            block = read_block(mask, window, "permanent water").astype(np.float64)
            values.add(np.where(np.isfinite(block) & (block > 0), block, 0))
    far = (
        values.greatest > DOUBTED_RATIO * values.next_greatest
    )  # classes and shares of a year's days may end in the sea
    if values.next_greatest > 0 and (far or values.greatest in SENTINELS):
        require_declared_nodata(values, water, "permanent water", depths=False)


def _without_water(block: npt.NDArray[np.float32], mask: DatasetReader, window: Window) -> int:
    """Set a block to 0 where there is permanent water; the wet cells that were."""
    hidden = (block > 0) & (read_block(mask, window, "permanent water") > 0)
    block[hidden] = 0
    return int(np.count_nonzero(hidden))
