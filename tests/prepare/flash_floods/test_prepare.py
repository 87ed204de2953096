"""A library of floods prepared: people, assets and water by area and scenario, all counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Geod
from rasterio.transform import from_origin

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import FlashPrepared, read_assets, read_flash_floods
from tests.worlds.countries import flash_files

STEP = Geod(ellps="WGS84").inv(10, 0.985, 10.01, 0.985)[2] / 1000
"""km, a column of the library along road 120"""
DOWN = Geod(ellps="WGS84").inv(10.035, 1, 10.035, 0.96)[2] / 1000
"""km, road 99"""


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return flash_files.write_country(tmp_path / "static")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> FlashPrepared:
    return prepared(flash_files.write_country(tmp_path_factory.mktemp("usual") / "static"))


def prepared(static: Path, **changes: object) -> FlashPrepared:
    folder = static.parent / "prepared"
    prepare_flash_floods(flash_files.country(**changes), static, folder)
    return read_flash_floods(folder, "XTV")


def amounts(found: FlashPrepared, indicator: str) -> list[list[float]]:
    """A row for A1 and A2, in each of the scenarios."""
    values: list[list[float]] = found.layers.exposure.sel(indicator=indicator).values.tolist()
    return values


def test_people_and_assets_by_area_and_scenario(usual: FlashPrepared) -> None:
    found = usual
    assert list(found.layers.exposure["area"].values) == ["A1", "A2"]
    assert [each.name for each in found.layers.scenarios] == list(flash_files.WET)
    assert amounts(found, "population_affected") == [[40, 80, 80], [0, 40, 80]]
    assert amounts(found, "nr_affected_schools") == [[1, 2, 2], [0, 1, 1]]
    assert amounts(found, "nr_affected_clinics") == [[0, 0, 0], [0, 0, 1]]
    assert amounts(found, "nr_affected_buildings") == [[1, 1, 1], [0, 0, 1]]
    np.testing.assert_allclose(
        amounts(found, "nr_affected_roads"), [[STEP, 2 * STEP, 2 * STEP], [0, STEP, 2 * STEP + DOWN]], rtol=1e-6
    )
    assert found.layers.assets["schools"]["A1", "20mm_1hr"] == ("7", "9"), "on an edge: of the cell to the east"
    assert found.layers.assets["roads"] == {
        ("A1", "10mm_1hr"): ("120",),
        ("A1", "20mm_1hr"): ("120",),
        ("A2", "20mm_1hr"): ("120",),
        ("A1", "40mm_4hr"): ("120",),
        ("A2", "40mm_4hr"): ("120", "99"),
    }


def test_all_areas_have_their_people_and_their_ground(usual: FlashPrepared) -> None:
    found = usual
    assert {code: area.population for code, area in found.layers.areas.items()} == {"A1": 80, "A2": 80, "U1": 160}
    assert [ground.bounds for ground in found.ground()][2] == pytest.approx((10.04, 0.96, 10.08, 1.0))
    assert found.bounds == pytest.approx((10.0, 0.96, 10.08, 1.0))
    assert found.layers.doubts == ()
    assert found.layers.findings == ("no file of waterpoints below assets/: they are neither counted nor sent",)


def test_assets_of_districts_with_their_depths(usual: FlashPrepared) -> None:
    tables = read_assets(usual.assets)
    assert set(tables) == {"schools", "health_sites", "buildings", "roads"}
    schools = tables["schools"]
    assert schools.places[["fid", "name", "area", "lat"]].values.tolist() == [
        ["7", "West", "A1", 0.995],
        ["8", "Middle", "A2", 0.985],
        ["9", "Edge", "A1", 0.97],
    ]
    assert schools.depth.to_numpy().tolist() == [[0.5, 1, 2], [0, 1, 2], [0, 1, 2]]
    assert tables["buildings"].exposed("10mm_1hr", ["3731"])["depth"].tolist() == [0.5]
    assert dict(zip(tables["roads"].places["fid"], tables["roads"].places["area"], strict=True))["99"] == "A2"
    assert tables["roads"].places.geometry.iloc[0].length == pytest.approx(0.04)


def test_a_finer_library_counts_the_people_of_parts_of_cells(static: Path) -> None:
    """Cells of half the size; the flood is half a cell of the population raster wide."""
    depth = np.zeros((8, 8))
    depth[:, 0] = 1.0
    for name in flash_files.WET:
        flash_files.raster(static / "flash_floods" / "depth" / f"{name}.tif", depth, cell=0.005)
    assert amounts(prepared(static), "population_affected") == [[20, 20, 20], [0, 0, 0]]


@pytest.mark.parametrize("arcsec", [36, 60])
def test_a_narrow_flood_does_not_vanish_on_the_national_grid(static: Path, arcsec: float) -> None:
    """One cell of 3.6 arc-seconds is wet, 2.5 m deep, in cells of extents of 10 and 16 times the size."""
    depth = np.zeros((40, 40))
    depth[5, 5] = 2.5
    for name in flash_files.WET:
        flash_files.raster(static / "flash_floods" / "depth" / f"{name}.tif", depth, cell=0.001)
    found = prepared(static, raster_arcsec=arcsec)
    with rasterio.open(found.tiles.depths["10mm_1hr"]) as extent, rasterio.open(found.tiles.areas) as areas:
        values = extent.read(1)
        assert values.max() == 2.5
        assert np.count_nonzero(values) == 1
        assert extent.transform == areas.transform
        assert extent.transform.a == pytest.approx(arcsec / 3600)
    assert found.tiles.wet.tolist() == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 2]]
    assert amounts(found, "population_affected") == [[pytest.approx(0.1)] * 3, [0] * 3]


def test_a_coarser_library_keeps_its_shape_on_the_national_grid(static: Path) -> None:
    found = prepared(static, raster_arcsec=18)
    with rasterio.open(found.tiles.depths["20mm_1hr"]) as extent:
        values = extent.read(1)
    assert values.shape == (8, 16)
    assert (values > 0).sum(axis=0).tolist() == [8] * 6 + [0] * 10


def test_shallow_water_and_nodata_reach_nobody(static: Path) -> None:
    depth = np.full((4, 4), 0.05)
    depth[:, 0], depth[:, 1] = 0.3, -9999
    flash_files.raster(static / "flash_floods" / "depth" / "10mm_1hr.tif", depth, nodata=-9999)
    assert amounts(prepared(static), "population_affected")[0][0] == 40
    assert amounts(prepared(static, minimum_depth_m=0.4), "population_affected")[0][0] == 0


def test_a_further_raster_is_counted_under_its_indicator(static: Path) -> None:
    flash_files.raster(static / "cattle.tif", np.full((4, 8), 3.0))
    found = prepared(static, further_layers=[{"indicator": "cattle_affected", "raster": "cattle.tif"}])
    assert amounts(found, "cattle_affected") == [[12, 24, 24], [0, 12, 24]]
    assert list(found.layers.exposure["indicator"].values)[:2] == ["population_affected", "cattle_affected"]


def test_a_population_raster_in_metres_keeps_its_people(static: Path) -> None:
    """Cells of 100 m in UTM with 0.2 people, 20 a square kilometre, those on the country's edge by their centres."""
    zone = {"crs": "EPSG:32632", "transform": from_origin(600_000, 121_000, 100, 100), "width": 300, "height": 250}
    flash_files.write_raster(static / "population.tif", np.full((250, 300), 0.2), **zone)
    wide = {"transform": from_origin(9.95, 1.05, 0.01, 0.01), "width": 20, "height": 15, "nodata": 0}
    for name in flash_files.WET:
        flash_files.write_raster(static / "flash_floods" / "depth" / f"{name}.tif", np.ones((15, 20)), **wide)
    found = prepared(static)
    people = 20 * (2 * 1.113) * (4 * 1.106)
    assert found.layers.areas["A1"].population == pytest.approx(people, rel=0.04)
    assert amounts(found, "population_affected")[0] == pytest.approx([people] * 3, rel=0.04)


def test_catchments_and_thresholds_of_areas(static: Path) -> None:
    (static / "upstream.csv").write_text("area,upstream,km2\nA1,A1,3\nA1,U1,9\nA2,U1,\n")
    (static / "limits.csv").write_text("area,people\nA2,55\n")
    layers = prepared(static, upstream="upstream.csv", area_thresholds="limits.csv").layers
    assert layers.thresholds == {"A2": 55}
    assert layers.catchments["A1"] == {"A1": 3, "U1": 9}
    assert layers.catchments["A2"]["U1"] == pytest.approx(0.04 * 0.04 * 111.32 * 110.57, rel=0.01)


def test_nothing_is_made_where_nothing_changed_and_only_what_did(static: Path) -> None:
    country, folder = flash_files.country(), static.parent / "prepared"
    assert "assets_roads" in prepare_flash_floods(country, static, folder)
    assert prepare_flash_floods(country, static, folder) == ()
    schools = static / "assets" / "schools.csv"
    schools.write_text(schools.read_text() + "11,New,0.99,10.001\n")
    assert prepare_flash_floods(country, static, folder) == ("assets_schools", "tables")
    assert read_flash_floods(folder, "XTV").layers.assets["schools"]["A1", "10mm_1hr"] == ("7", "11")
    limited = flash_files.country(small_lag=["A1"], small_lag_durations_h=[1])
    assert prepare_flash_floods(limited, static, folder) == ("tables",)
    assert read_flash_floods(folder, "XTV").layers.small_lag == {"A1"}


def test_a_country_without_assets_has_people_alone(tmp_path: Path) -> None:
    found = prepared(flash_files.write_country(tmp_path / "static", assets={}))
    assert list(found.layers.exposure["indicator"].values) == ["population_affected"]
    assert read_assets(found.assets) == {}


def test_a_category_outside_of_all_districts_is_empty(static: Path) -> None:
    (static / "assets" / "schools.csv").write_text("fid,lat,lon\n10,0.99,10.07\n11,3,50\n")
    found = prepared(static)
    assert amounts(found, "nr_affected_schools") == [[0, 0, 0], [0, 0, 0]]
    assert len(read_assets(found.assets)["schools"].places) == 0


def test_what_is_not_there_or_damaged_is_said(static: Path) -> None:
    folder = static.parent / "prepared"
    with pytest.raises(InputMissing, match="XTV is not prepared for flash floods"):
        read_flash_floods(folder, "XTV")
    prepared(static)
    (folder / "country.json").write_text("{}")
    with pytest.raises(InputInvalid, match="are damaged"):
        read_flash_floods(folder, "XTV")
