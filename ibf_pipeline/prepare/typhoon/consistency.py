"""What the country's file says of typhoon against what it is about: its boundaries and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.wording import counted, percent_text, some
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import DOUBTFUL, Boundaries, lost_zeros
from ibf_pipeline.prepare.typhoon.inputs import counts_houses, level_files, trigger_regions

_NAMED: Final = 5
_SEEN: Final = 0.5
"""share of the areas that the polygon has to reach before it is doubted"""


def require_known_areas(country: TyphoonCountry, levels: Mapping[int, Boundaries], static: Path) -> None:
    """InputInvalid with the first of `faults`."""
    for fault in faults(country, levels, static):
        raise fault


def faults(country: TyphoonCountry, levels: Mapping[int, Boundaries], static: Path) -> Iterator[InputInvalid]:
    """Every contradiction: regions of triggers that the boundaries have not, houses that nobody counted, a polygon that
    misses the country. `levels`: by admin level, as `read_boundaries` reads them.
    """
    yield from _regions(country, levels, static)
    if counts_houses(country) and country.housing is None:
        yield InputInvalid(
            "a trigger counts damaged houses, and the country has no file of houses",
            where=f"hazards.{country.hazard}.triggers of {country.iso3}",
            expected="a file with the houses of each area, named under `housing`",
            remedy="add it, or measure areas_damaged_10_percent instead",
        )
    yield from _monitoring(country, levels[country.default_admin_level])


def _regions(country: TyphoonCountry, levels: Mapping[int, Boundaries], static: Path) -> Iterator[InputInvalid]:
    level = country.region_level
    if level is None:
        return
    known = levels[level].place_codes
    unknown = [code for code in trigger_regions(country) if code not in known]
    if unknown:
        yield InputInvalid(
            f"{counted(len(unknown), 'region')} of triggers unknown to the boundaries: {some(unknown, _NAMED)}"
            + lost_zeros(unknown[0], known),
            where=level_files(static, country)[level],
            expected=f"the place codes of level {level}, such as {min(known)!r}, in `regions` of `triggers`",
            remedy="write triggers with the country's own regions (the default ones are the Philippines'), or take "
            "the boundaries of the same edition",
        )


def _monitoring(country: TyphoonCountry, areas: Boundaries) -> Iterator[InputInvalid]:
    polygon, where = shapely.Polygon(country.monitoring), f"hazards.{country.hazard}.monitoring of {country.iso3}"
    if not polygon.is_valid or polygon.is_empty:
        yield InputInvalid(
            f"the monitoring polygon is none ({shapely.is_valid_reason(polygon)})",
            where=where,
            expected="corners (lon, lat) in their order around it",
            remedy="list the corners one after the other along the edge",
        )
    elif not _reached(polygon, areas):
        west, _, east, _ = polygon.bounds
        swapped = shapely.Polygon([(lat, lon) for lon, lat in country.monitoring])
        yield InputInvalid(
            f"the monitoring polygon reaches no area of {country.name}",
            where=where,
            expected=f"corners (lon, lat) around {_box_words(areas)}",
            remedy="latitude and longitude are swapped: write [lon, lat]"
            if _reached(swapped, areas)
            else "it goes the long way round the world: write longitudes east of 180 degrees as 190, not as -170"
            if east - west > 180
            else "correct its corners",
        )


def monitoring_doubts(country: TyphoonCountry, areas: Boundaries) -> list[str]:
    """What runs say of a polygon that leaves out most of the country."""
    share = _reached(shapely.Polygon(country.monitoring), areas)
    if share >= _SEEN:
        return []
    return [f"the monitoring polygon reaches {percent_text(share)} of the areas: storms near the others are not seen"]


def parent_doubts(levels: Mapping[int, Boundaries]) -> list[str]:
    """What runs say of areas that lie mostly outside the province or region that the boundaries name for them."""
    words = []
    for layer in levels.values():
        rows = zip(layer.place_codes, layer.parents, layer.inside, strict=True) if layer.inside else ()
        out = [f"{code} in {parent}" for code, parent, inside in rows if inside < DOUBTFUL]
        if out:
            words.append(
                f"{counted(len(out), 'area')} of level {layer.admin_level} mostly outside of what the boundaries name "
                f"around {'it' if len(out) == 1 else 'them'} ({some(out, _NAMED)}): triggers may count "
                f"{'it' if len(out) == 1 else 'them'} in the wrong one"
            )
    return words


def _reached(polygon: shapely.Polygon, areas: Boundaries) -> float:
    """Share of the areas, by number; areas east of 180 degrees lie from -180 on, the polygon's corners beyond 180."""
    if not polygon.is_valid:
        return 0.0
    west = shapely.transform(polygon, lambda corners: corners - np.array([360, 0]))
    reached = [shapely.intersects(part, list(areas.geometries)) for part in (polygon, west)]
    return float((reached[0] | reached[1]).mean())


def _box_words(areas: Boundaries) -> str:
    west, south, east, north = shapely.total_bounds(areas.geometries).tolist()
    return f"{west:.1f} to {east:.1f} E and {south:.1f} to {north:.1f} N"
