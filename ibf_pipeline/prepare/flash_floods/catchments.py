"""Tables of areas: what runs to them from upstream, and their own numbers of people."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import pyproj

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import Row, decimal_number, read_rows
from ibf_pipeline.prepare.boundaries import Boundaries, lost_zeros

_EARTH: Final = pyproj.Geod(ellps="WGS84")


def read_upstream(file: Path, areas: Boundaries) -> dict[str, dict[str, float]]:
    """`area,upstream[,km2]`: place code -> areas of its catchment -> km2, that of the outline if none is given.

    Raises InputInvalid if a code is unknown, a line stands twice or a size is invalid.
    """
    outlines = dict(zip(areas.place_codes, areas.geometries, strict=True))
    catchments: dict[str, dict[str, float]] = {}
    for row in read_rows(file, ("area", "upstream")):
        area, part, size = _known(row, "area", outlines, file), _known(row, "upstream", outlines, file), None
        if row.get("km2"):
            size = decimal_number(row["km2"])
            if size is None or size <= 0:
                raise _wrong(f"line {row.line}: km2 is {row['km2']!r}", file, "square kilometres above 0, or nothing")
        if part in catchments.setdefault(area, {}):
            raise _wrong(f"line {row.line}: {part} stands twice as upstream of {area}", file, "every pair once")
        catchments[area][part] = square_km(outlines[part]) if size is None else size
    return catchments


def read_area_thresholds(file: Path, areas: Boundaries) -> dict[str, float]:
    """`area,people`: place code -> people; InputInvalid if a code is unknown or twice, or people are not a number."""
    thresholds: dict[str, float] = {}
    for row in read_rows(file, ("area", "people")):
        area, people = _known(row, "area", areas.place_codes, file), decimal_number(row["people"])
        if people is None or people < 0:
            raise _wrong(
                f"line {row.line}: {area} has {row['people'] or 'no number of'} people", file, "people, 0 or more"
            )
        if area in thresholds:
            raise _wrong(f"line {row.line}: area {area} stands twice", file, "every area once")
        thresholds[area] = people
    return thresholds


def square_km(outline: object) -> float:
    """Geodesic size of a polygon in degrees."""
    return abs(float(_EARTH.geometry_area_perimeter(outline)[0])) / 1e6


def _known(row: Row, column: str, codes: Collection[str], file: Path) -> str:
    code = row[column]
    if code not in codes:
        hint = lost_zeros(code, codes)
        raise _wrong(f"line {row.line}: area {code!r} is not in the boundaries{hint}", file, "place codes as they have")
    return code


def _wrong(found: str, file: Path, expected: str) -> InputInvalid:
    return InputInvalid(found, where=file, expected=expected, remedy="correct that line, or remove it")
