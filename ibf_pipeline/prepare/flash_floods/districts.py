"""Districts against what they are made of: the boundaries' areas, and the library that floods them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import Boundaries, lost_zeros
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.grids import Bounds
from ibf_pipeline.prepare.inputs import boundary_files
from ibf_pipeline.prepare.raster_blocks import open_raster


def require_known_districts(country: FlashFloodCountry, place_codes: Sequence[str], static: Path) -> None:
    """InputInvalid if a district has an area that the boundaries have not."""
    known = set(place_codes)
    unknown = [(name, code) for name, codes in country.districts.items() for code in codes if code not in known]
    if unknown:
        name, code = unknown[0]
        raise InputInvalid(
            f"{counted(len(unknown), 'area')} of districts unknown to the boundaries: {code} of {name}"
            + lost_zeros(code, known),
            where=boundary_files(static, country)[country.default_admin_level],
            expected=f"the place codes of level {country.default_admin_level} in `districts`",
            remedy="correct `districts` in the country's file, or take the boundaries of the same edition",
        )


def counted_bounds(districts: Boundaries, library: Path) -> Bounds:
    """Where districts and library both are; InputInvalid if that is nowhere."""
    with open_raster(library, "flood of the library") as raster:
        own = raster.bounds
    box = bounds_of_areas(districts)
    west, south = max(box[0], own.left), max(box[1], own.bottom)
    east, north = min(box[2], own.right), min(box[3], own.top)
    if west >= east or south >= north:
        raise InputInvalid(
            "the library and the areas of districts do not overlap",
            where=library,
            expected="floods of the districts",
            remedy="take the library of this country, or correct its corners",
        )
    return west, south, east, north
