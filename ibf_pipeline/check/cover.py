"""Where a raster lies, compared with the country."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rasterio.io import DatasetReader

from ibf_pipeline.check.finding import Finding, finding
from ibf_pipeline.prepare.count_statistics import ordered
from ibf_pipeline.prepare.counts import box_in
from ibf_pipeline.prepare.grids import Bounds
from ibf_pipeline.prepare.reach import ends_inside, reach_doubt


def check_elsewhere(file: Path, raster: DatasetReader, country: Bounds) -> Iterator[Finding]:
    """Whether a raster of any coordinate system lies in another country. `country`: the bounding box of this one."""
    west, south, east, north = country
    box = degrees_of(raster)
    if box is None or box[0] >= east or box[2] <= west or box[1] >= north or box[3] <= south:
        yield finding("raster elsewhere", file=file.name)


def check_cover(file: Path, raster: DatasetReader, country: Bounds) -> Iterator[Finding]:
    """The same, and whether it ends inside the country."""
    elsewhere = list(check_elsewhere(file, raster, country))
    box = degrees_of(raster)
    if elsewhere or box is None:
        yield from elsewhere
        return
    missing = ends_inside(box, (box[2] - box[0]) / raster.width, country)
    if missing:
        yield finding("raster ends inside", file=file.name, missing=missing).doubted(reach_doubt(file.name, missing))


def degrees_of(raster: DatasetReader) -> Bounds | None:
    """The bounding box of a raster in degrees, whichever way up it is; None if its corners lie nowhere on Earth."""
    bounds = ordered(raster.bounds)
    if raster.crs.to_epsg() == 4326:
        return bounds
    box = box_in(bounds, raster.crs, "EPSG:4326")
    return box if box is not None and box[0] < box[2] and box[1] < box[3] else None
