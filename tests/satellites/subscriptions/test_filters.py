"""Filters mean what was asked for, whatever text is in them, and agree with geometry."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from odata_query import ast
from pydantic import ValidationError

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.satellites.subscriptions.filters import (
    MOST_CORNERS,
    all_of,
    collection_is,
    enclosing_polygon,
    intersects,
    literal,
    product_filter,
    product_type_is,
    published_after,
)
from ibf_pipeline.satellites.subscriptions.settings import SubscriptionSettings
from tests.budget import examples
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import NOON
from tests.worlds.services.odata_evaluation import holds, parse

degrees = st.floats(-60, 60, allow_nan=False).map(lambda value: round(value, 3))


@given(st.text(min_size=1).filter(lambda text: "\n" not in text and "\r" not in text))
@settings(max_examples=examples(15, 500), deadline=None)
def test_a_literal_means_its_text(text):
    """What the parser reads out of the filter is the text itself, quotes and all."""
    tree = parse(collection_is(text))
    assert isinstance(tree, ast.Compare)
    assert tree.right == ast.String(text)
    product = {"Collection": "other", "Attributes": [{"Name": "productType", "Value": text}]}
    assert holds(parse(product_type_is(text)), product)
    assert not holds(tree, {"Collection": text + "'"})


def test_a_quote_is_doubled():
    assert literal("Cote d'Ivoire's") == "'Cote d''Ivoire''s'"


def test_the_documents_filter_is_what_we_build():
    assert product_filter("SENTINEL-1", ["IW_SLC__1S"], None) == (
        "Collection/Name eq 'SENTINEL-1' and Attributes/OData.CSC.StringAttribute/any(att:att/Name eq 'productType' "
        "and att/OData.CSC.StringAttribute/Value eq 'IW_SLC__1S')"
    )


CLEAR = (
    "Attributes/OData.CSC.DoubleAttribute/any(att:att/Name eq 'cloudCover' "
    "and att/OData.CSC.DoubleAttribute/Value le 20.5)"
)


def test_a_condition_of_ones_own_stands_beside_the_built_one_whatever_is_in_it():
    """`or` in it does not open what the rest asks for."""
    condition = f"{CLEAR} or Name eq 'it''s (this) one'"
    tree = parse(product_filter("SENTINEL-2", [], None, condition))
    clear = {"Attributes": [{"Name": "cloudCover", "Value": 20.5}]}
    assert holds(tree, {"Collection": "SENTINEL-2", **clear})
    assert holds(tree, {"Collection": "SENTINEL-2", "Name": "it's (this) one"})
    assert not holds(tree, {"Collection": "SENTINEL-2", "Attributes": [{"Name": "cloudCover", "Value": 20.6}]})
    assert not holds(tree, {"Collection": "SENTINEL-1", **clear})


@pytest.mark.parametrize("condition", ["a eq 1) or (b eq 2", "a eq 'x", "(a eq 1", "a eq 'x') or Name eq ('y"])
def test_a_condition_that_would_change_the_rest_is_no_condition(condition: str):
    with pytest.raises(ValidationError, match="is not closed, or is closed twice"):
        SubscriptionSettings(provider="cdse", collection="SENTINEL-2", filter=condition)
    assert SubscriptionSettings(provider="cdse", filter=CLEAR).filter == CLEAR


@given(degrees, degrees, degrees, degrees)
@settings(max_examples=examples(15, 300), deadline=None)
def test_the_area_selects_what_geometry_selects(west, south, other_west, other_south):
    area, box = (
        shapely.box(west, south, west + 2, south + 2),
        (other_west, other_south, other_west + 1, other_south + 1),
    )
    product = radar_product(1, NOON, box)
    assert holds(parse(intersects(area)), product) == area.intersects(shapely.box(*box))


def test_several_types_are_alternatives_beside_the_rest():
    tree = parse(product_filter("SENTINEL-1", ["A", "IW_GRDH_1S"], shapely.box(0, 0, 1, 1)))
    inside, outside = radar_product(1, NOON, (0.5, 0.5, 2, 2)), radar_product(2, NOON, (5, 5, 6, 6))
    assert holds(tree, inside)
    assert not holds(tree, outside)
    assert not holds(tree, {**inside, "Collection": "SENTINEL-2"})


def test_published_after():
    product = radar_product(1, NOON, (0, 0, 1, 1))  # published at 13:00
    assert holds(parse(all_of([published_after(NOON), ""])), product)
    assert not holds(parse(published_after(NOON.replace(hour=13))), product)


@given(st.lists(st.tuples(degrees, degrees), min_size=3, max_size=60), st.integers(5, MOST_CORNERS))
@settings(max_examples=examples(15, 300), deadline=None)
def test_the_enclosing_polygon_encloses(points, corners):
    outline = shapely.MultiPoint(points).buffer(0.2)
    polygon = enclosing_polygon(outline, max(corners, 9))
    assert polygon.covers(outline)
    assert len(polygon.exterior.coords) <= max(corners, 9) + 4


def test_a_country_across_the_180th_meridian_is_refused():
    with pytest.raises(ConfigError, match="one subscription with an `area` on either side"):
        enclosing_polygon(shapely.MultiPolygon([shapely.box(177, -19, 179, -16), shapely.box(-180, -19, -178, -16)]))
