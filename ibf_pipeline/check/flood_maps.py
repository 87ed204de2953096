"""Flood maps and permanent water: their headers, and then every pixel once, block by block, as `prepare` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from ibf_pipeline.check.cover import check_cover, degrees_of
from ibf_pipeline.check.finding import Finding, finding, fine, of_error
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.grids import (
    Bounds,
    all_masked,
    depth_in_metres,
    require_degrees,
    require_depths,
    require_same_grid,
)
from ibf_pipeline.prepare.raster_files import files_behind
from ibf_pipeline.prepare.tiles import bounded_gdal, open_raster, read_block, windows
from ibf_pipeline.prepare.values import Values

MUCH: Final = 0.5
"""share of a flood map's wet cells from which on the permanent water is doubted"""
_REFUSED: Final = "`prepare` refuses it, so no run can say who is affected"


@dataclass(slots=True)
class _Counted:
    """What the pixels say, by return period."""

    wet: dict[float, int] = field(default_factory=dict)
    """cells at least as deep as the minimum depth"""
    masked: dict[float, int] = field(default_factory=dict)
    """of them, those with permanent water"""


def check_flood_maps(
    maps: Mapping[float, Path], country: Bounds, minimum_depth: float, water: Path | None
) -> Iterator[Finding]:
    """CRS, one grid for all, nodata, cover of the country's bounding box; depths, water in every map, growth.

    `maps`: return period -> file, smallest first; `minimum_depth` metres; `water`: the raster of permanent water.
    """
    first = next(iter(maps.values()))
    sound = {}
    for period, file in maps.items():
        found = list(_header(file, first, "flood map", country if file == first else None))
        yield from found
        if all(finding.level != "error" for finding in found):
            sound[period] = file
    if water is not None and water.is_file():
        found = list(_header(water, first, "permanent water", None))
        yield from found
        water = None if any(finding.level == "error" for finding in found) else water
    counted = _Counted()
    for period, file in sound.items():
        try:
            counted.wet[period], counted.masked[period] = _count(file, minimum_depth, water)
        except (InputMissing, InputInvalid) as error:
            yield of_error("rasters", error, _REFUSED)
    yield from _dry_or_shrinking(counted.wet, sound)
    if water is not None:
        yield from _masked(counted, sound, water)
    if len(counted.wet) == len(maps):
        with open_raster(first, "flood map") as grid:
            words = f"{grid.width * grid.height / 1e6:.1f} million cells of {grid.transform.a * 3600:.4g} arc-seconds"
        yield fine("rasters", f"{len(maps)} flood maps on one grid, {words}")


def bounds_of(file: Path) -> Bounds | None:
    """The box of a flood map in degrees; None where it cannot be read."""
    try:
        with open_raster(file, "flood map") as raster:
            require_degrees(file, raster, "flood map")
            return degrees_of(raster)
    except InputInvalid:
        return None


def _header(file: Path, grid_file: Path, what: str, country: Bounds | None) -> Iterator[Finding]:
    try:
        files_behind(file)  # refuses what `prepare` cannot watch for changes
        with open_raster(file, what) as raster:
            require_degrees(file, raster, what)
            with open_raster(grid_file, "flood map") as grid:
                require_same_grid(file, raster, grid, what)
            if raster.nodata is None:
                yield _no_nodata(file, what)
            if country is not None:
                yield from check_cover(file, raster, country)
    except (InputMissing, InputInvalid) as error:
        yield of_error("rasters", error, _REFUSED)


def _count(file: Path, minimum_depth: float, water: Path | None) -> tuple[int, int]:
    """Wet cells of a map, and those of them that are permanent water; InputInvalid as `prepare` raises it."""
    wet, masked = 0, 0
    with bounded_gdal(), open_raster(file, "flood map") as raster, open_raster(water or file, "raster") as other:
        values = Values(raster.width * raster.height)
        for window in windows(raster.width, raster.height):
            raw = read_block(raster, window, "flood map")
            if not raw.any():
                continue
            depth = depth_in_metres(raw, minimum_depth)
            values.add(depth)
            block = depth > 0
            wet += int(np.count_nonzero(block))
            if water is not None and block.any():
                masked += int(np.count_nonzero(block & (read_block(other, window, "permanent water") > 0)))
    require_depths(values, file)
    return wet, masked


def _dry_or_shrinking(wet: Mapping[float, int], maps: Mapping[float, Path]) -> Iterator[Finding]:
    for period, cells in wet.items():
        if not cells:
            yield finding("flood map dry", file=maps[period].name, period=period)
    for (smaller, fewer), (larger, more) in pairwise(wet.items()):
        if more and fewer > more:
            yield finding(
                "flood maps shrink",
                smaller_map=maps[smaller].name,
                larger_map=maps[larger].name,
                fewer=fewer,
                more=more,
                smaller=smaller,
                larger=larger,
            )


def _masked(counted: _Counted, maps: Mapping[float, Path], water: Path) -> Iterator[Finding]:
    shares = {period: counted.masked[period] / cells for period, cells in counted.wet.items() if cells}
    if not shares:
        return
    period, share = max(shares.items(), key=lambda entry: entry[1])
    if share == 1:
        yield of_error("rasters", all_masked(water, maps[period]), "`prepare` refuses it: no flood would ever be shown")
    elif share > MUCH:
        yield finding("water covers much", water=water.name, share=share, map=maps[period].name)
    else:
        yield fine("rasters", f"{water.name} covers at most {share:.0%} of a flood map's wet cells")


def _no_nodata(file: Path, what: str) -> Finding:
    reading = "a depth; more than 300 m is refused" if what == "flood map" else "water that is always there"
    return finding("no nodata", file=file.name, reading=reading)
