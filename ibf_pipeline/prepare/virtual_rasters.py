"""Virtual rasters over several files: if these say different things of one cell, the last name in the list wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.raster_blocks import open_raster, read_data, windows
from ibf_pipeline.prepare.raster_files import files_behind

DEPTH_TOLERANCE: Final = 0.1
"""metres that two maps may differ by in a cell that both know"""
EDITION_MISMATCH: Final = 0.01
"""share of the cells that both know and one shows as wet, from which on two maps are of two editions"""
_MASK: Final = "mask"
_AS_ONE: Final = "build it again from the tiles of one edition, each once"


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that a virtual raster copies cells from, one to one."""

    file: Path
    column: int
    """of the virtual raster, where the copied part begins"""
    row: int
    window: Window
    """the part, in cells of the file"""
    replaces: str
    """what the virtual raster passes over: a number, or what the file masks; "" where it passes over nothing"""


def require_agreeing_sources(raster: Path, what: str) -> None:
    """InputInvalid if a raster is virtual, or made of virtual ones, and its files disagree about what it shows.

    That is: two files overlap and are wet to other depths there, or one is dry where the other is wet; or a file
    declares a nodata value, or a mask, that the virtual raster over it does not know, so that GDAL hands out what lies
    beneath as depths.
    """
    for file in (raster, *files_behind(raster)):
        try:
            with rasterio.open(file) as dataset:
                if dataset.driver != "VRT":
                    continue
                sources = list(_sources(dataset, file))
                for source in sources:
                    _require_known_nodata(source, dataset, file, what)
        except RasterioError:  # a sidecar is not a raster
            continue
        for one, other in combinations(sources, 2):
            _require_agreement(one, other, file, what)


def _sources(dataset: DatasetReader, file: Path) -> Iterator[_Source]:
    # GDAL has read it already, without any of XML's entities
    band = ElementTree.fromstring(dataset.tags(ns="xml:VRT")["xml:VRT"]).find("VRTRasterBand")  # noqa: S314
    for entry in band if band is not None else ():
        name = entry.find("SourceFilename")
        if name is None or not name.text:
            continue
        path = file.resolve().parent / name.text if name.get("relativeToVRT") == "1" else Path(name.text)
        if not path.is_file():
            continue  # of an archive
        source, target = _part(entry.find("SrcRect"), dataset), _part(entry.find("DstRect"), dataset)
        if (source.width, source.height) == (target.width, target.height):  # else resampled: no cells of its own
            masked = _MASK if (entry.findtext("UseMaskBand") or "").lower() == "true" else ""
            replaces = masked or entry.findtext("NODATA") or ""
            yield _Source(path, target.col_off, target.row_off, source, replaces)


def _part(rectangle: ElementTree.Element | None, dataset: DatasetReader) -> Window:
    """Of a file or of the virtual raster; all of it if nothing is said."""
    if rectangle is None:
        return Window(0, 0, dataset.width, dataset.height)
    return Window(*(round(float(rectangle.get(key, "0"))) for key in ("xOff", "yOff", "xSize", "ySize")))


def _require_known_nodata(source: _Source, virtual: DatasetReader, file: Path, what: str) -> None:
    """What lies beneath a mask, or a nodata value above 0, would be counted."""
    if source.replaces:
        return
    with rasterio.open(source.file) as dataset:
        value, flags = dataset.nodata, dataset.mask_flag_enums[0]
    unknown = value is not None and value > 0 and value != virtual.nodata
    hidden = MaskFlags.per_dataset in flags and MaskFlags.per_dataset not in virtual.mask_flag_enums[0]
    if unknown or hidden:
        raise InputInvalid(
            f"{source.file.name} declares {f'{value:g} as its nodata value' if unknown else 'a mask'}, and the virtual "
            f"{what} over it takes no notice of that",
            where=file,
            expected="a virtual raster that knows what its files say",
            remedy="build it again (gdalbuildvrt takes over one nodata value; -srcnodata names others)",
        )


def _require_agreement(one: _Source, other: _Source, file: Path, what: str) -> None:
    left, top = max(one.column, other.column), max(one.row, other.row)
    right = min(one.column + one.window.width, other.column + other.window.width)
    bottom = min(one.row + one.window.height, other.row + other.window.height)
    if left >= right or top >= bottom:
        return
    known = apart = 0
    with open_raster(one.file, what) as first, open_raster(other.file, what) as second:
        for window in windows(right - left, bottom - top):
            blocks = [
                _cells(dataset, source, left + window.col_off, top + window.row_off, window, what)
                for dataset, source in ((first, one), (second, other))
            ]
            differ = np.abs(blocks[0] - blocks[1])  # NaN where one of them knows nothing
            known += int(np.count_nonzero(np.isfinite(differ) & (np.fmax(*blocks) > 0)))
            apart += int(np.count_nonzero(differ > DEPTH_TOLERANCE))
    if apart > EDITION_MISMATCH * known:
        raise InputInvalid(
            f"{one.file.name} and {other.file.name} lie one above the other and differ in {apart:,} of the {known:,} "
            "cells that both know and one shows as wet: two editions?",
            where=file,
            expected="one file for each place",
            remedy=_AS_ONE,
        )


def _cells(
    dataset: DatasetReader, source: _Source, column: int, row: int, window: Window, what: str
) -> npt.NDArray[np.float64]:
    """Of a source, what the virtual raster has from a column and row on; NaN where it passes over it or has no data."""
    part = Window(
        source.window.col_off + column - source.column,
        source.window.row_off + row - source.row,
        window.width,
        window.height,
    )
    raw, has_data = read_data(dataset, part, what)
    cells = np.where(has_data, raw.astype(np.float64), np.nan)
    if source.replaces not in ("", _MASK):
        cells[cells == float(source.replaces)] = np.nan
    return cells
