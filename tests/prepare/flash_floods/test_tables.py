"""Unkind tables and files of a library: what is refused, what is doubted, and what is passed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.flash_floods.asset_files import asset_file, read_asset_file
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.catchments import read_area_thresholds, read_upstream
from ibf_pipeline.prepare.flash_floods.library import read_scenarios, scenario_doubts, unused_durations
from ibf_pipeline.prepare.flash_floods.pieces import cut_assets
from tests.worlds.countries import flash_files

SQUARES = tuple(shapely.box(west, 0, west + 2, 4) for west in (0, 2))
AREAS = Boundaries(3, ("01", "02"), ("One", "Two"), (None, None), SQUARES, SQUARES)


def written(tmp_path: Path, text: str, name: str = "scenarios.csv") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("a,1,10,1\na,1,20,2", "scenario a stands twice"),
        ("a,1,10,1\nb,1,10,2", "the flood of 10 mm in 1 hours stands twice"),
        ("10mm_1hr,1,10,1\n60mm_1hr,1,60,", "scenarios without a rank: 60mm_1hr"),
        ("10mm_1hr,1,10,one", "rank 'one'"),
        ("10mm_1hr,1,10,1.5", "rank '1.5'"),
        ("10mm_1hr,2,10,1", "10mm_1hr has 10 mm in 2 hours"),
        ("10mm_1hr,1,12,1", "10mm_1hr has 12 mm in 1 hours"),
        ("ten,1,ten,1", "ten has 1 hours and ten mm"),
        ("ten,,10,1", "ten has no hours and 10 mm"),
        ("ten,0.5,10,1", "ten has 0.5 hours"),
        ("ten,1,-10,1", "ten has 1 hours and -10 mm"),
        ("../ten,1,10,1", "scenario '../ten'"),
        ("20mm_4hr,4,20,1", "no scenario of 1 hours"),
    ],
)
def test_a_library_that_no_run_could_use_is_refused(tmp_path: Path, lines: str, found: str) -> None:
    file = written(tmp_path, f"scenario,duration_h,amount_mm,rank\n{lines}\n")
    with pytest.raises(InputInvalid) as error:
        read_scenarios(file, [1])
    assert found in str(error.value)


def test_all_wrong_lines_are_named_at_once(tmp_path: Path) -> None:
    wrong = "".join(f"s{number},1,ten,{number}\n" for number in range(1, 8))
    file = written(tmp_path, f"scenario,duration_h,amount_mm,rank\n{wrong}fine,1,10,8\n10mm_1hr,1,12,1\n")
    with pytest.raises(
        InputInvalid, match=r"8 lines are not scenarios: line 2: .*, line 6: .* and 3 more\. Expected: "
    ):
        read_scenarios(file, [1])


def test_scenarios_of_other_durations_are_not_used(tmp_path: Path) -> None:
    file = written(tmp_path, "scenario,duration_h,amount_mm,rank\n12.5mm_1hr,1,12.5,1\n80mm_4hr,4,80,2\n")
    assert read_scenarios(file, [1]) == (Scenario("12.5mm_1hr", 1, 12.5, 1),)
    assert unused_durations(file, [1]) == [4]


@pytest.mark.parametrize(
    ("lines", "doubts"),
    [
        ([(1, 10, 1), (1, 20, 3), (4, 20, 2), (4, 40, 4)], []),
        ([(1, 10, 2), (1, 20, 1)], ["more rain in the same hours has the lower rank: 10mm_1hr and 20mm_1hr"]),
        ([(1, 10, 1), (1, 20, 2), (1, 30, 3), (1, 70, 4)], ["nothing between 30mm_1hr and 70mm_1hr"]),
        ([(1, 60, 1), (4, 40, 2)], ["4 hours end with 40 mm, 1 with 60"]),
        ([(1, 10, 1), (4, 10, 1)], ["more than one scenario has rank 1"]),
    ],
)
def test_what_cannot_be_right_of_a_library(lines: list[tuple[int, int, int]], doubts: list[str]) -> None:
    said = scenario_doubts([Scenario(f"{mm}mm_{hours}hr", hours, mm, rank) for hours, mm, rank in lines])
    assert len(said) == len(doubts)
    assert all(words in one for words, one in zip(doubts, said, strict=True))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("area,upstream\n1,02", "area '1' is not in the boundaries; there is '01'"),
        ("area,upstream\n01,XX", "area 'XX' is not in the boundaries"),
        ("area,upstream,km2\n01,02,0", "km2 is '0'"),
        ("area,upstream\n01,02\n01,02", "02 stands twice as upstream of 01"),
    ],
)
def test_catchments_of_unknown_areas_are_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(InputInvalid, match=found):
        read_upstream(written(tmp_path, text), AREAS)


@pytest.mark.parametrize(
    ("text", "found"), [("XX,5", "'XX' is not in"), ("01,many", "01 has many people"), ("01,5\n01,6", "stands twice")]
)
def test_thresholds_that_are_none_are_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(InputInvalid, match=found):
        read_area_thresholds(written(tmp_path, f"area,people\n{text}\n"), AREAS)


@pytest.mark.parametrize(
    ("category", "text", "found"),
    [
        ("schools", "fid,lat,lon\n,1,1\n", "line 2: fid is ''"),
        ("schools", "fid,lat,lon\n1,95,1\n", "the place is at 1 E, 95 N"),
        ("schools", "fid,lat,lon\n1,north,1\n", "lat 'north'"),
        ("roads", 'wkt,fid\n"LINESTRING (1 1, 2 2)",x1\n', "fid is 'x1'"),
        ("roads", 'wkt,fid\n"POINT (1 1)",1\n', "the place is Point"),
        ("roads", "wkt,fid\nLINESTRING EMPTY,1\n", "the place is nothing"),
        ("roads", "wkt,fid\nLINESTRONG,1\n", "line 2: no readable wkt"),
        ("buildings", 'wkt,fid\n"POLYGON ((600000 0, 600001 0, 600001 1, 600000 0))",1\n', "the place is at 600000 E"),
    ],
)
def test_assets_without_fid_or_place_are_refused(tmp_path: Path, category: str, text: str, found: str) -> None:
    with pytest.raises(InputInvalid) as error:
        read_asset_file(written(tmp_path, text, f"{category}.csv"), category)
    assert found in str(error.value)


def test_numbers_that_geojson_has_with_a_point_are_the_portals_fids(tmp_path: Path) -> None:
    """Tables with a gap are exported with 12.0 for 12; texts stay as they are."""
    points = [
        {"type": "Feature", "properties": {"fid": fid}, "geometry": {"type": "Point", "coordinates": [number, 1]}}
        for number, fid in enumerate((12.0, "012", 7, "a b"))
    ]
    text = json.dumps({"type": "FeatureCollection", "features": points})
    read = read_asset_file(written(tmp_path, text, "schools.geojson"), "schools")
    assert read.places["fid"].tolist() == ["12", "012", "7", "a b"]


def test_a_geojson_that_is_none_and_two_files_of_a_category_are_refused(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    file = written(tmp_path / "assets", '{"features": [{"geometry": null}]}', "schools.geojson")
    with pytest.raises(InputInvalid, match="not a GeoJSON FeatureCollection"):
        read_asset_file(file, "schools")
    written(tmp_path / "assets", "fid,lat,lon\n", "schools.csv")
    with pytest.raises(InputInvalid, match=r"there are schools\.csv and schools\.geojson"):
        asset_file(tmp_path, "schools")


def test_a_road_of_many_corners_is_read(tmp_path: Path) -> None:
    corners = ", ".join(f"{1 + number / 100000:.7f} {number / 100000:.7f}" for number in range(9000))
    text = f'wkt,fid\n"LINESTRING ({corners})",1\n'
    assert len(text) > 140_000
    assert len(read_asset_file(written(tmp_path, text, "roads.csv"), "roads").places) == 1


def test_what_stands_twice_counts_once_and_a_fid_of_two_places_marks_both(tmp_path: Path) -> None:
    """As Malawi's water points have them."""
    text = "fid,name,lat,lon\n1,A,1,1\n1,A,1,1\n2,B,1,3\n2,B,1,3.1\n"
    found = read_asset_file(written(tmp_path, text, "waterpoints.csv"), "waterpoints")
    assert (len(found.places), found.repeated, found.shared) == (3, 1, ("2",))


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """4 x 4 cells of one degree from (0 E, 4 N)."""
    shape = {"width": 4, "height": 4, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(tmp_path / "grid.tif", "w", driver="GTiff", transform=from_origin(0, 4, 1, 1), **shape):
        return tmp_path / "grid.tif"


@pytest.mark.parametrize(
    ("category", "wkt", "cells"),
    [
        ("schools", "POINT (1 3)", [(0, 1, 1)]),
        ("schools", "POINT (2 0.5)", [(0, 3, 2)]),
        ("schools", "POINT (4.5 1)", []),
        ("roads", "LINESTRING (0.5 3.5, 2.5 3.5)", [(0, 0, 0), (0, 0, 1), (1, 0, 2)]),
        ("roads", "LINESTRING (0 4, 1.5 2.5)", [(0, 0, 0), (0, 1, 1)]),
        ("roads", "LINESTRING (1.5 2, 2 2, 2 1)", [(0, 2, 1), (0, 2, 2)]),
        ("roads", "LINESTRING (3.5 0.5, 6 0.5)", [(1, 3, 3)]),
        ("roads", "MULTILINESTRING ((0.5 3.5, 0.6 3.5), (3.5 0.5, 3.6 0.5))", [(0, 0, 0), (1, 3, 3)]),
        ("buildings", "POLYGON ((1.2 3.2, 2.4 3.2, 2.4 3.4, 1.2 3.4, 1.2 3.2))", [(0, 0, 1), (0, 0, 2)]),
    ],
)
def test_assets_meet_cells_in_one_area_each(
    grid: Path, category: str, wkt: str, cells: list[tuple[int, int, int]]
) -> None:
    """(area, row, column); on an edge the cell to the south and east, on a border the first area."""
    places = gpd.GeoDataFrame({"fid": ["1"], "name": [""]}, geometry=[shapely.from_wkt(wkt)], crs=4326)
    with rasterio.open(grid) as opened:
        pieces = cut_assets(places, category, AREAS, opened)
    found = sorted(set(zip(pieces.area.tolist(), pieces.row.tolist(), pieces.column.tolist(), strict=True)))
    assert found == cells


def test_the_pieces_of_a_road_are_as_long_as_the_road(grid: Path) -> None:
    """A degree along the equator is 111.3195 km, in whichever cell and area."""
    places = gpd.GeoDataFrame(
        {"fid": ["1"], "name": [""]}, geometry=[shapely.from_wkt("LINESTRING (0.25 0.001, 3.75 0.001)")], crs=4326
    )
    with rasterio.open(grid) as opened:
        pieces = cut_assets(places, "roads", AREAS, opened)
    km = [float(pieces.km[pieces.column == column].sum()) for column in range(4)]
    assert km == [pytest.approx(share * 111.3195, rel=1e-5) for share in (0.75, 1, 1, 0.75)]


def unharmed(static: Path) -> None:
    """The configuration is wrong instead."""


def with_schools(static: Path) -> None:
    (static / "assets" / "schools.csv").write_text("fid,lat,lon\n1,0.99,10.01\n")


def in_metres(static: Path) -> None:
    flash_files.raster(static / "flash_floods" / "depth" / "10mm_1hr.tif", np.ones((4, 4)), crs="EPSG:32736")


def elsewhere(static: Path) -> None:
    for name in flash_files.WET:
        flash_files.write_raster(
            static / "flash_floods" / "depth" / f"{name}.tif",
            np.ones((4, 4)),
            width=4,
            height=4,
            transform=from_origin(40, 1, 0.01, 0.01),
        )


def other_grid(static: Path) -> None:
    flash_files.raster(static / "flash_floods" / "depth" / "40mm_4hr.tif", np.ones((4, 4)), cell=0.02)


def lost(static: Path) -> None:
    (static / "flash_floods" / "depth" / "40mm_4hr.tif").unlink()


def undeclared(static: Path) -> None:
    flash_files.raster(static / "flash_floods" / "depth" / "40mm_4hr.tif", np.full((4, 4), 9999.0))


@pytest.mark.parametrize(
    ("damage", "changes", "found"),
    [
        (in_metres, {}, "10mm_1hr.tif: the flood map is in EPSG:32736"),
        (elsewhere, {}, "the library and the areas of districts do not overlap"),
        (other_grid, {}, "is on another grid"),
        (lost, {}, "static data of XTV are missing: flash_floods/depth/40mm_4hr.tif"),
        (undeclared, {}, "9999"),
        (
            unharmed,
            {"districts": {"Alpha": ["A1", "a2"]}},
            "1 area of districts unknown to the boundaries: a2 of Alpha",
        ),
        (
            with_schools,
            {"further_layers": [{"indicator": "nr_affected_schools", "raster": "population.tif"}]},
            "nr_affected_schools is counted from a file of assets and from a raster",
        ),
        (unharmed, {"upstream": "no.csv"}, "static data of XTV are missing: no.csv"),
        (unharmed, {"durations_h": [1, 4, 24]}, "no scenario of 24 hours"),
    ],
)
def test_what_prepare_refuses_leaves_nothing_behind(
    tmp_path: Path, damage: Callable[[Path], None], changes: dict[str, Any], found: str
) -> None:
    static = flash_files.write_country(tmp_path / "static", assets={})
    damage(static)
    with pytest.raises(InputInvalid) as error:
        prepare_flash_floods(flash_files.country(**changes), static, tmp_path / "prepared")
    assert found in str(error.value)
    assert not (tmp_path / "prepared").exists()
