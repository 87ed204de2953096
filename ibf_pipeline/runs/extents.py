"""Flood extents of a run, written block by block: only blocks that hold water are read and written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.prepare.extent_tiles import Flood, FloodTiles
from ibf_pipeline.prepare.raster_blocks import BLOCK_CELLS, bounded_gdal, new_raster, open_raster, read_block


def write_extents(
    wet: Mapping[int, Mapping[str, Flood]], tiles: FloodTiles[Flood], files: Mapping[int, Path]
) -> dict[int, int]:
    """Write the extents of a run, a file for every lead time in `files`.

    Most lead times of a run have the same wet areas in the same floods, so the same raster: it is made once and copied.

    Parameters
    ----------
    wet : Mapping[int, Mapping[str, Flood]]
        Lead time, in the unit of the hazard -> place code -> flood in that area.
    tiles : FloodTiles
        The country's prepared flood maps.
    files : Mapping[int, Path]
        Lead time -> file.

    Returns
    -------
    dict of int to int
        Lead time -> number of wet cells.

    Raises
    ------
    WriteFailed, InputInvalid
        As `write_extent`.
    """
    made: dict[frozenset[tuple[str, Flood]], int] = {}
    cells: dict[int, int] = {}
    for lead_time, file in files.items():
        first = made.setdefault(frozenset(wet[lead_time].items()), lead_time)
        if first == lead_time:
            cells[lead_time] = write_extent(wet[lead_time], tiles, file)
        else:
            with atomic_path(file) as partial:
                shutil.copyfile(files[first], partial)
            cells[lead_time] = cells[first]
    return cells


def write_extent(wet: Mapping[str, Flood], tiles: FloodTiles[Flood], file: Path) -> int:
    """Write the extent of one lead time.

    Parameters
    ----------
    wet : Mapping[str, Flood]
        Place code -> flood in that area.
    tiles : FloodTiles
        The country's prepared flood maps.
    file : Path
        float32, metres, EPSG:4326, nodata 0, tiled, DEFLATE, on the country's grid. It appears under its name only when
        it is complete.

    Returns
    -------
    int
        Number of wet cells.

    Raises
    ------
    WriteFailed
        If the disk is full.
    InputInvalid
        If the prepared rasters are damaged.

    Notes
    -----
    Inside every area of `wet` a cell has the depth of that flood's map, elsewhere 0. Blocks without water are not in
    the file; they read as 0.
    """
    floods = list(tiles.depths)
    number_of = {code: number for number, code in enumerate(tiles.place_codes)}
    position = np.full(len(tiles.place_codes) + 1, -1)  # by cell value; 0 is outside the country
    for code, flood in wet.items():
        position[number_of[code] + 1] = floods.index(flood)
    wanted = tiles.wet[position[tiles.wet[:, 2] + 1] == tiles.wet[:, 3]] if len(tiles.wet) else tiles.wet
    cells = 0
    with bounded_gdal(), _prepared(tiles.areas) as areas, new_raster(file, areas, "float32") as out:
        for row, column in np.unique(wanted[:, :2], axis=0):
            here = wanted[(wanted[:, 0] == row) & (wanted[:, 1] == column)]
            window = _window(int(row), int(column), areas.width, areas.height)
            place = position[read_block(areas, window, "area grid")]
            block = np.zeros(place.shape, dtype=np.float32)
            for flood_number in np.unique(here[:, 3]):
                with _prepared(tiles.depths[floods[int(flood_number)]]) as depth:
                    block = np.where(place == flood_number, read_block(depth, window, "depth of a flood map"), block)
            cells += int(np.count_nonzero(block))
            out.write(block, window)
    return cells


@contextmanager
def _prepared(file: Path) -> Iterator[DatasetReader]:
    try:
        with open_raster(file, "prepared raster") as dataset:
            yield dataset
    except (InputMissing, InputInvalid) as error:
        raise InputInvalid(
            error.found,
            where=error.where,
            expected="the layers as `prepare` wrote them",
            remedy=f"delete {file.parent} and run `ibf-pipeline prepare` again",
        ) from None


def _window(row: int, column: int, width: int, height: int) -> Window:
    left, top = column * BLOCK_CELLS, row * BLOCK_CELLS
    return Window(left, top, min(BLOCK_CELLS, width - left), min(BLOCK_CELLS, height - top))
