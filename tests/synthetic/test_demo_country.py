import csv
import json
from itertools import pairwise
from pathlib import Path

import exactextract
import geopandas as gpd
import netCDF4
import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr

from ibf_pipeline.discharge.cells import locate
from tests.worlds.countries.demo_country import make_demo_country
from tests.worlds.countries.demo_flash import write_demo_rain
from tests.worlds.countries.demo_rivers import GLOFAS_WINDOW, background, station_cells, stations
from tests.worlds.countries.stories import COMMITTED_DAYS, write_day

FIXTURES = Path(__file__).parents[2] / "data" / "fixtures"
COUNTRY = FIXTURES / "XDM"
CODES = [f"G900{n}" for n in range(1, 9)]
MAP_PERIODS = (10, 20, 50, 75, 100, 200, 500)


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    folder = make_demo_country(tmp_path_factory.mktemp("demo") / "XDM")
    for issue_date, (story, layout) in COMMITTED_DAYS.items():
        write_day(folder / "forecasts", story, issue_date, layout)
    write_demo_rain(folder)
    return folder


@pytest.fixture(scope="module")
def areas():
    return {level: gpd.read_file(COUNTRY / "admin_areas" / f"adm{level}.geojson") for level in (1, 2, 3)}


@pytest.fixture(scope="module")
def station_of():
    with (COUNTRY / "station_admin_mapping.csv").open(encoding="utf-8") as stream:
        return {row["placeCode"]: row["glofasStation"] for row in csv.DictReader(stream)}


def raster(path):
    with rasterio.open(path) as source:
        return source.read(1), source.profile


def flood_map(return_period):
    depth, _ = raster(COUNTRY / "flood_maps" / f"flood_map_XDM_RP{return_period}.tif")
    return np.where(depth == -9999, 0, depth)


@pytest.mark.story
def test_the_script_makes_the_committed_files_again(rebuilt):
    def names(folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert names(rebuilt) == names(COUNTRY)
    for name in sorted(names(rebuilt)):
        compare(rebuilt / name, COUNTRY / name)


def compare(made, committed):
    if made.suffix == ".geojson":
        left, right = gpd.read_file(made), gpd.read_file(committed)
        assert left.drop(columns="geometry").equals(right.drop(columns="geometry"))
        assert shapely.equals_exact(left.geometry.values, right.geometry.values, tolerance=1e-5).all()
    elif made.suffix == ".tif":
        assert np.abs(raster(made)[0] - raster(committed)[0]).max() < 0.011
        assert raster(made)[1] == raster(committed)[1]
    elif made.suffix == ".nc":
        with netCDF4.Dataset(made) as left, netCDF4.Dataset(committed) as right:
            assert left["time"].units == right["time"].units
            name = "dis" if "dis" in left.variables else "rainfall_amount"
            assert np.abs(left[name][:].filled() - right[name][:].filled()).max() < 0.11
    elif made.suffix == ".grib2":
        for kind in ("cf", "pf"):
            options = {"indexpath": "", "filter_by_keys": {"dataType": kind}}
            left, right = (xr.open_dataset(p, engine="cfgrib", backend_kwargs=options) for p in (made, committed))
            xr.testing.assert_allclose(left, right, atol=0.11)
    else:
        assert made.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")


def test_everything_together_is_small():
    assert sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()) < 15e6


def test_three_nested_levels_with_exactly_shared_borders(areas):
    assert {level: len(frame) for level, frame in areas.items()} == {1: 4, 2: 20, 3: 120}
    for level, frame in areas.items():
        assert frame.is_valid.all()
        assert (frame.geom_type == "MultiPolygon").all()
        assert shapely.coverage_is_valid(frame.geometry.values)
        assert frame[f"ADM{level}_PCODE"].is_unique
    for level in (2, 3):
        union = areas[level].dissolve(f"ADM{level - 1}_PCODE").geometry
        parents = areas[level - 1].set_index(f"ADM{level - 1}_PCODE").geometry
        for code, geometry in parents.items():
            assert union[code].symmetric_difference(geometry).area < 1e-9
    assert areas[3].loc[0, "ADM3_PCODE"] == "XD010101"
    assert set(areas[3]["ADM2_PCODE"]) == set(areas[2]["ADM2_PCODE"])


def test_one_area_is_smaller_than_a_glofas_cell(areas):
    sizes = areas[3].set_index("ADM3_EN").geometry.apply(lambda geometry: geometry.area)
    assert sizes[sizes < 0.05**2].index.tolist() == ["Ville de Neti"]
    assert max(areas[3]["ADM3_EN"].str.len()) > 90
    assert areas[3]["ADM3_EN"].str.contains("é").any()


def test_stations_carry_the_oddities(station_of, areas):
    with (COUNTRY / "stations.csv").open(encoding="utf-8") as stream:
        rows = {row["stationCode"]: row for row in csv.DictReader(stream)}
    assert list(rows) == CODES
    assert [code for code, row in rows.items() if row["stationName"] == "Mira"] == ["G9004", "G9005"]
    assert rows["G9005"]["fid"] == ""
    assert "G9006" not in station_of.values()
    assert set(station_of.values()) == {*CODES, "no_station"} - {"G9006"}
    assert set(station_of) == set(areas[3]["ADM3_PCODE"])
    shared = {code[:6] for code, station in station_of.items() if station == "G9003"} & {
        code[:6] for code, station in station_of.items() if station == "G9008"
    }
    assert shared == {"XD0303"}


def test_a_station_lies_exactly_on_a_cell_edge():
    edge = next(station for station in stations() if station.code == "G9008")
    assert edge.lat == 5.35
    row, column = locate(edge.lat, edge.lon, GLOFAS_WINDOW)
    assert GLOFAS_WINDOW.top - row * GLOFAS_WINDOW.cell == pytest.approx(5.35)
    assert background()[row, column] != background()[row - 1, column]


def test_every_station_but_one_lies_on_a_river_cell():
    water = {code: background()[cell] for code, cell in station_cells().items()}
    assert water.pop("G9007") == 0
    assert min(water.values()) > 5
    assert len(set(station_cells().values())) == 8


def test_thresholds_grow_and_one_entry_is_repeated():
    entries = json.loads((COUNTRY / "thresholds.json").read_text(encoding="utf-8"))
    codes = [entry["station_code"] for entry in entries]
    assert sorted(codes) == sorted([*CODES, "G9002"])
    twice = [entry for entry in entries if entry["station_code"] == "G9002"]
    assert twice[0] == twice[1]
    for entry in entries:
        levels = [item["threshold_value"] for item in entry["thresholds"]]
        assert [item["return_period"] for item in entry["thresholds"]] == [1.5, 2, 5, 10, 20, 50, 100, 200, 500]
        assert all(low < high for low, high in pairwise(levels))


@pytest.mark.parametrize("return_period", MAP_PERIODS)
def test_flood_maps_have_the_form_of_the_jrc_maps(return_period):
    depth, profile = raster(COUNTRY / "flood_maps" / f"flood_map_XDM_RP{return_period}.tif")
    assert (profile["dtype"], profile["nodata"], profile["compress"], profile["tiled"]) == (
        "float32",
        -9999,
        "deflate",
        True,
    )
    assert profile["crs"].to_epsg() == 4326
    assert profile["transform"].a == pytest.approx(1 / 1200)
    assert depth.shape == (1200, 1200)
    assert depth[depth != -9999].min() >= 0.02


def test_larger_floods_are_deeper_and_wider():
    maps = [flood_map(return_period) for return_period in MAP_PERIODS]
    for smaller, larger in pairwise(maps):
        assert (larger >= smaller).all()
        assert (larger > 0).sum() > (smaller > 0).sum()
    assert maps[0].max() == pytest.approx(1.3, abs=0.01)
    assert maps[-1].max() == pytest.approx(3.65, abs=0.01)


def test_every_mapped_river_area_has_flooded_people(areas, station_of):
    people, profile = raster(COUNTRY / "population.tif")
    people = np.where(people == -99999, 0, people)
    west, north = profile["transform"].c, profile["transform"].f
    row, column = round((6.0 - north) * 1200), round((west - 20.0) * 1200)
    depth = flood_map(10)[row : row + people.shape[0], column : column + people.shape[1]]
    wet = np.where(depth >= 0.1, people, 0).astype(float)
    source = exactextract.raster.NumPyRasterSource(
        wet, west, north - people.shape[0] / 1200, west + people.shape[1] / 1200, north, srs_wkt=profile["crs"].to_wkt()
    )
    frame = areas[3].assign(station=areas[3]["ADM3_PCODE"].map(station_of))
    columns = ["station", "ADM2_PCODE"]
    found = exactextract.exact_extract(source, frame, ["sum"], include_cols=columns, output="pandas")
    affected = found.groupby(columns)["sum"].sum()
    for station in ("G9001", "G9002", "G9003", "G9004", "G9005", "G9008"):
        assert (affected[station] > 10).all()
        assert affected[station].sum() > 1000
    assert affected["G9007"].sum() == 0


def test_population_is_fractional_sparse_and_adds_up(areas):
    people, profile = raster(COUNTRY / "population.tif")
    assert (profile["dtype"], profile["nodata"]) == ("float32", -99999)
    settled = people[people != -99999]
    assert 0.03 < settled.size / people.size < 0.10
    assert (settled % 1 != 0).mean() > 0.9
    with (COUNTRY / "population_totals.csv").open(encoding="utf-8") as stream:
        totals = {row["placeCode"]: float(row["value"]) for row in csv.DictReader(stream)}
    assert len(totals) == 4 + 20 + 120
    assert sum(totals[code] for code in areas[1]["ADM1_PCODE"]) == pytest.approx(settled.sum(dtype=float), rel=1e-6)
    town = areas[3].set_index("ADM3_EN").loc["Ville de Neti", "ADM3_PCODE"]
    assert totals[town] == pytest.approx(41250.5, rel=1e-5)
    assert [code for code, total in totals.items() if total == 0] == ["XD040404"]
