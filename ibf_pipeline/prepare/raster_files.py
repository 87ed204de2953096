"""Which files GDAL reads for a raster: sidecars, masks, overviews, and whatever lies behind a virtual raster."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import rasterio
from rasterio.errors import RasterioError

from ibf_pipeline.errors import InputInvalid

_UNLISTED: Final = ("GTI", "WMS", "WMTS", "WCS", "STACTA", "STACIT")
"""drivers of GDAL whose parts it does not name: an index of tiles, or a service"""


def sidecars_of(name: str) -> tuple[str, ...]:
    """Names of the files that may lie beside a raster and that GDAL reads with it: nodata, masks, its place."""
    return f"{name}.aux.xml", f"{name}.msk", f"{name}.ovr", f"{name.rpartition('.')[0]}.tfw"


def files_behind(raster: Path) -> tuple[Path, ...]:
    """Every further file that GDAL reads for a raster, in a fixed order, with absolute paths.

    GDAL itself names the sidecars of a file and the sources of a virtual raster, one level at a time, so each of them
    is asked in turn; the sources of a mask, which it leaves out, are read from the virtual raster itself. A raster that
    cannot be opened has none: reading it says why. Raises InputInvalid if something behind it is missing, or is not on
    a local disk: a change of it could not be noticed.
    """
    here = Path(os.path.abspath(raster))
    found = {here: None}  # in the order in which they are met
    asked = deque(found)
    while asked:
        new = dict.fromkeys(file for file in _listed(asked.popleft(), raster) if file not in found)
        found |= new
        asked.extend(new)
    return tuple(found)[1:]


def _listed(file: Path, raster: Path) -> list[Path]:
    try:
        with rasterio.open(file) as dataset:
            if dataset.driver in _UNLISTED:
                raise _unlisted(file, dataset.driver)
            names = [str(name) for name in dataset.files]
            if dataset.driver == "VRT":
                names += _mask_sources(dataset.tags(ns="xml:VRT")["xml:VRT"], file)
    except RasterioError:  # a sidecar is not a raster
        return []
    return [_on_disk(name, raster) for name in names]


def _unlisted(file: Path, driver: str) -> InputInvalid:
    return InputInvalid(
        f"it is an index of other files, or a service (GDAL's {driver})",
        where=file,
        expected="a raster whose parts are named, so that a change of them is noticed",
        remedy="write it as one file (gdal_translate), or build a virtual raster over its files (gdalbuildvrt)",
    )


def _mask_sources(xml: str, file: Path) -> list[str]:
    """Sources of the mask of a virtual raster."""
    found = ElementTree.fromstring(xml).iterfind(".//MaskBand//SourceFilename")  # noqa: S314 - as GDAL writes it
    below = Path(os.path.realpath(file)).parent
    return [str(below / (n.text or "")) if n.get("relativeToVRT") == "1" else n.text or "" for n in found]


def _on_disk(name: str, raster: Path) -> Path:
    """The local file of a name of GDAL's; that of an archive for what lies in one (/vsizip/folder/tiles.zip/a.tif)."""
    if not name.startswith("/vsi"):
        file = Path(os.path.abspath(name))
        if not file.is_file():
            raise InputInvalid(
                f"it reads {file}, which is not there",
                where=raster,
                expected="every file that the raster is made of",
                remedy="put it there, or write the raster again from the files that are",
            )
        return file
    inner = Path(name[name.index("/", 1) + 1 :])
    for place in (inner, *inner.parents):
        for candidate in (place, Path("/") / place):
            if candidate.is_file():
                return Path(os.path.abspath(candidate))
    raise InputInvalid(
        f"it reads {name}",
        where=raster,
        expected="a raster whose parts are files on a local disk, so that a change of them is noticed",
        remedy="write it as one file (gdal_translate), or put its parts beside it",
    )
