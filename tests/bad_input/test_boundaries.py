"""Boundaries that are invalid, empty, overlap or do not nest: taken with a word where that is safe, else refused."""

from __future__ import annotations

from typing import Any

import pytest

from ibf_pipeline.check.country import check_static
from ibf_pipeline.errors import InputInvalid
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square, write_areas
from tests.worlds.countries.tiny_day import TinyDay, edit_json


def replace_area(day: TinyDay, code: str, geometry: Any, level: int = 2) -> None:
    """Give an area another geometry."""

    def change(content: dict[str, Any]) -> None:
        for entry in content["features"]:
            if entry["properties"][f"ADM{level}_PCODE"] == code:
                entry["geometry"] = geometry

    edit_json(day.static / "admin_areas" / f"adm{level}.geojson", change)


REPAIRED = "boundaries: 1 outline repaired; `ibf-pipeline check XTY` lists them"


def checked(day: TinyDay) -> str:
    """What `check` finds in the static data."""
    return "\n".join(finding.found for finding in check_static(tiny_country.country(), day.static)[0])


def ring(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(point) for point in (*points, points[0])]]}


def test_a_polygon_nested_as_multipolygon_is_read_as_one_and_reported(day: TinyDay) -> None:
    expected = day.findings().events
    wrong = {"type": "Polygon", "coordinates": [square(10, 10.055)["coordinates"]]}
    replace_area(day, "01A", wrong)
    found = day.findings()
    assert found.events == expected
    assert REPAIRED in found.notes
    assert "area 01A was labelled Polygon but nested as MultiPolygon: read as MultiPolygon" in checked(day)


def test_a_bow_tie_is_refused(day: TinyDay) -> None:
    """Its two halves turn in opposite directions, so that what it encloses is not what was meant."""
    replace_area(day, "01A", ring((10, 0.9), (10.055, 1.0), (10.055, 0.9), (10, 1.0)))
    error = day.refused(InputInvalid)
    assert error.found.startswith("area 01A is an invalid polygon (Self-intersection")
    assert error.where.endswith("adm2.geojson")
    assert error.remedy == "repair the polygon in a GIS"


def test_a_tiny_loop_is_repaired_and_reported(day: TinyDay) -> None:
    """A self-crossing of 0.001 degrees at a corner changes the area by far less than 1 %."""
    loop = ring((10, 0.9), (10.055, 0.9), (10.055, 0.999), (10.054, 1.0), (10.055, 1.0), (10.054, 0.999), (10, 1.0))
    replace_area(day, "01A", loop)
    found = day.findings()
    assert REPAIRED in found.notes
    assert "1 outlines were repaired: area 01A was an invalid polygon (Self-intersection" in checked(day)
    assert abs(found.events[0].people - 20) <= 1, "11 people in 01A and 9 in 01B, but for the corner"


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (None, "area 01A has no readable geometry"),
        ({"type": "Point", "coordinates": [10, 1]}, "area 01A is an empty or linear Point"),
        ({"type": "Polygon", "coordinates": []}, "area 01A is an empty or linear Polygon"),
        ({"type": "Polygon", "coordinates": [[[10, 1], [10, 0.9]]]}, "area 01A has no readable geometry"),
        (ring((10, 0.9), (10.02, 0.9), (10.05, 0.9)), "area 01A is an invalid polygon"),
        (ring((10, 0.9), (10.05, 0.9), (float("nan"), 1.0)), "area 01A reaches from"),
        (ring((1_110_000, 99_000), (1_120_000, 99_000), (1_120_000, 100_000)), "area 01A reaches from"),
    ],
)
def test_a_geometry_that_is_no_area(day: TinyDay, geometry: Any, said: str) -> None:
    replace_area(day, "01A", geometry)
    assert day.refused(InputInvalid).found.startswith(said)


def test_an_area_beyond_180_degrees_is_to_be_cut_there(day: TinyDay) -> None:
    replace_area(day, "01A", ring((179.5, 0.9), (181, 0.9), (181, 1.0), (179.5, 1.0)))
    error = day.refused(InputInvalid)
    assert error.found == "area 01A reaches from (179.5, 0.9) to (181, 1)"
    assert error.remedy.startswith("cut the areas at 180 degrees")
    replace_area(day, "01A", ring((1_110_000, 99_000), (1_120_000, 99_000), (1_120_000, 100_000)))
    assert day.refused(InputInvalid).remedy == "reproject the boundaries"


@pytest.mark.parametrize("code", ["01A ", " ", None, 1])
def test_a_place_code_that_is_no_text_or_has_blanks_around_it(day: TinyDay, code: Any) -> None:
    areas = day.static / "admin_areas" / "adm2.geojson"
    edit_json(areas, lambda c: c["features"][0]["properties"].update(ADM2_PCODE=code))
    error = day.refused(InputInvalid)
    assert (error.found, error.where) == (f"feature 1 has ADM2_PCODE {code!r}", str(areas))
    assert "without blanks" in error.expected


def test_a_parent_that_is_on_no_level(day: TinyDay) -> None:
    areas = day.static / "admin_areas" / "adm2.geojson"
    edit_json(areas, lambda c: c["features"][0]["properties"].update(ADM1_PCODE="1"))
    error = day.refused(InputInvalid)
    assert error.found == (
        "1 areas have a parent that is not on level 1: 01A names 1; there is '01': leading zeros were lost"
    )


def test_the_code_of_a_parent_counts_wherever_the_outline_lies(day: TinyDay) -> None:
    """01A and 01B have 11 and 9 people in the water, 99 and 81 in all; 01A is now in 02, which has 180 of its own."""
    areas = day.static / "admin_areas" / "adm2.geojson"
    edit_json(areas, lambda c: c["features"][0]["properties"].update(ADM1_PCODE="02"))
    found = day.findings()
    assert (
        "boundaries: 1 area reaching out of their parents (1 mostly); `ibf-pipeline check XTY` lists them"
        in found.notes
    )
    assert "1 areas of level 2 reach out of their parents, 1 of them for the most part: 01A in 02 (0%)" in checked(day)
    areas_1 = {area.place_code: area.people for area in found.events[0].areas_of(1)}
    assert areas_1 == {"01": 9, "02": 11}


@pytest.mark.parametrize(("bottom", "share", "mostly"), [(0.85, "67%", 0), (0.78, "45%", 1), (0.895, None, 0)])
def test_an_area_that_reaches_out_of_its_parent(day: TinyDay, bottom: float, share: str | None, mostly: int) -> None:
    """01B from 1.0 N to `bottom`; its parent ends at 0.9."""
    replace_area(day, "01B", square(10.055, 10.1, bottom=bottom))
    said = checked(day)
    assert ("reach out" in said) == (share is not None)
    if share is not None:
        assert (
            f"1 areas of level 2 reach out of their parents, {mostly} of them for the most part: 01B in 01 ({share})"
            in said
        )
    assert any("reaching out of their parents" in note for note in day.findings().notes) == (share is not None)


def test_place_codes_twice(day: TinyDay) -> None:
    areas = day.static / "admin_areas" / "adm2.geojson"
    edit_json(areas, lambda c: c["features"].append(c["features"][0]))
    assert day.refused(InputInvalid).found == "place code 01A stands for more than one area"


def test_a_place_code_on_two_levels(day: TinyDay) -> None:
    """Rows of both levels would be one area."""
    areas = day.static / "admin_areas" / "adm2.geojson"
    edit_json(areas, lambda c: c["features"][0]["properties"].update(ADM2_PCODE="02"))
    assert day.refused(InputInvalid).found == "place code 02 stands on level 2 and on level 1"


def test_boundaries_in_metres(day: TinyDay) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}
    edit_json(day.static / "admin_areas" / "adm2.geojson", lambda c: c.update(crs=crs))
    error = day.refused(InputInvalid)
    assert error.found == "boundaries in urn:ogc:def:crs:EPSG::32632"


def test_a_level_without_a_file(day: TinyDay) -> None:
    (day.static / "admin_areas" / "adm1.geojson").unlink()
    assert day.refused(InputInvalid).found == "static data of XTY are missing: admin_areas/adm1.geojson"


def test_a_country_without_areas(day: TinyDay) -> None:
    write_areas(day.static / "admin_areas", 2, [])
    assert day.refused(InputInvalid).found == "there is no area in it"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html>",
        "[]",
        '{"features": 3}',
        '{"features": [3]}',
        '{"features": [{"properties": ["x"]}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_feature_collection(day: TinyDay, content: str) -> None:
    (day.static / "admin_areas" / "adm2.geojson").write_text(content)
    error = day.refused(InputInvalid)
    assert error.found.startswith("this is not a GeoJSON FeatureCollection")


def test_an_older_run_and_older_prepared_layers_survive_bad_boundaries(prepared_day: TinyDay) -> None:
    stamp = (prepared_day.prepared / "stamp.json").read_bytes()
    write_areas(prepared_day.static / "admin_areas", 1, [feature(1, "01", None, square(10, 10.1))])
    assert "02" in prepared_day.refused(InputInvalid).found
    assert (prepared_day.prepared / "stamp.json").read_bytes() == stamp


def test_people_where_areas_overlap_count_once_for_the_smaller_area(day: TinyDay) -> None:
    """01A reaches 10..10.06 E and 01B 10.055..10.1, the smaller one: in its row of water 01A keeps 11 people of 12."""
    replace_area(day, "01A", square(10, 10.06))
    found = day.findings()
    assert (
        "boundaries: 1 overlap of neighbours, people there counted once; `ibf-pipeline check XTY` lists them"
        in found.notes
    )
    assert {area.place_code: area.people for area in found.events[0].areas_of(2)} == {"01A": 11, "01B": 9}
    assert (
        "1 pairs of areas of level 2 overlap, in shares of the smaller one: 01B (Area 01B) and 01A (Area 01A) by 11.11%"
        in checked(day)
    )


def test_one_area_under_two_codes_counts_for_the_first_and_is_said(day: TinyDay) -> None:
    replace_area(day, "01B", square(10, 10.055))
    assert {area.place_code: area.people for area in day.findings().events[0].areas_of(2)} == {"01A": 11, "01B": 0}
    assert "areas of level 2 that smaller ones cover wholly: 01B" in checked(day)
