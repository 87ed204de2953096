"""A grid of a country's own: cells whose edges are multiples of their size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.prepare.grids import Bounds
from ibf_pipeline.prepare.raster_blocks import open_raster, raster_profile

_SAME: Final = 1e-9
"""of a cell, by which rounding puts an edge off its multiple"""
_ROOM: Final = 0.05
"""degrees"""


@dataclass(frozen=True, slots=True)
class NationalGrid:
    """Cells whose edges are multiples of their size."""

    width: int
    height: int
    transform: Affine
    crs: CRS


def national_grid(country: Bounds, arcsec: float) -> NationalGrid:
    """The one that covers a country's bounding box (degrees)."""
    a_degree = 3600 / arcsec
    west, south, east, north = (edge * a_degree for edge in country)
    left, top = math.floor(west + _SAME), math.ceil(north - _SAME)
    right, bottom = math.ceil(east - _SAME), math.floor(south + _SAME)
    corner = Affine(1 / a_degree, 0, left / a_degree, 0, -1 / a_degree, top / a_degree)
    return NationalGrid(right - left, top - bottom, corner, CRS.from_epsg(4326))


def write_grid(grid: NationalGrid, target: Path) -> None:
    """A raster without any value, that others are brought onto."""
    with write_errors(target), rasterio.open(target, "w", **raster_profile(grid, "uint8")):
        pass


def counting_grid(counts: Path, scratch: Path, country: Bounds, arcsec: float) -> Path:
    """The raster on whose grid all areas of a country are counted: one of counts in degrees itself.

    Else one of cells of `arcsec` that is written to `scratch`, with room for cells on the country's bounding box.
    """
    with open_raster(counts, "population raster") as raster:
        plain = (
            raster.crs is not None and raster.crs.to_epsg() == 4326 and not (raster.transform.b or raster.transform.d)
        )
        if plain and raster.transform.e < 0 < raster.transform.a:
            return counts
    west, south, east, north = country
    write_grid(national_grid((west - _ROOM, south - _ROOM, east + _ROOM, north + _ROOM), arcsec), scratch)
    return scratch
