"""OData filters of products: collection, product types, area, publication time; literals quoted for any text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.satellites.odata import literal, odata_timestamp

MOST_CORNERS = 40
"""of an area in a filter: the filter travels in a URL"""


def collection_is(name: str) -> str:
    """Products of one collection."""
    return f"Collection/Name eq {literal(name)}"


def product_type_is(name: str) -> str:
    """Products with one value of the attribute productType."""
    return (
        "Attributes/OData.CSC.StringAttribute/any(att:att/Name eq 'productType' "
        f"and att/OData.CSC.StringAttribute/Value eq {literal(name)})"
    )


def intersects(area: BaseGeometry) -> str:
    """Products whose footprint meets a polygon (degrees, longitude first)."""
    corners = ",".join(f"{x:.4f} {y:.4f}" for x, y in area.exterior.coords)
    return f"OData.CSC.Intersects(area=geography'SRID=4326;POLYGON(({corners}))')"


def published_after(moment: datetime) -> str:
    """Products published after a time."""
    return f"PublicationDate gt {odata_timestamp(moment)}"


def all_of(parts: Sequence[str]) -> str:
    """Conditions that all hold; empty for none. A condition with `or` in it brings its own brackets."""
    return " and ".join(part for part in parts if part)


def product_filter(
    collection: str | None, product_types: Sequence[str], area: BaseGeometry | None, further: str | None = None
) -> str:
    """The filter of a declared subscription; empty if nothing is asked for. `further`: a condition as it stands."""
    types = [product_type_is(name) for name in product_types]
    return all_of(
        [
            collection_is(collection) if collection else "",
            f"({' or '.join(types)})" if len(types) > 1 else "".join(types),
            intersects(area) if area is not None else "",
            f"({further.strip()})" if further else "",
        ]
    )


def enclosing_polygon(geometry: BaseGeometry, corners: int = MOST_CORNERS) -> BaseGeometry:
    """A convex polygon of few corners with all of a geometry inside.

    The hull is widened and simplified by the same distance, doubled until the corners suffice. The catalogues take
    no multipolygon, and their polygon has no way to cross the 180th meridian: ConfigError for such a country.
    """
    hull = shapely.convex_hull(geometry)
    west, _, east, _ = hull.bounds
    if east - west > 180:
        raise ConfigError(
            f"the outline spans {east - west:.0f} degrees of longitude",
            expected="an area on one side of the 180th meridian",
            remedy="declare one subscription with an `area` on either side",
        )
    margin = 0.001
    polygon = hull.buffer(margin, quad_segs=2, join_style="mitre")
    while len(polygon.exterior.coords) > corners or not polygon.covers(hull):
        margin *= 2
        polygon = shapely.simplify(hull.buffer(margin, quad_segs=2, join_style="mitre"), margin * 0.9)
    return shapely.box(-180, -90, 180, 90).intersection(polygon)
