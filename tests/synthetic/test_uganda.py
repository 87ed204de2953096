import csv
import json
from dataclasses import replace
from itertools import pairwise

import exactextract
import geopandas as gpd
import numpy as np
import pytest
import rasterio

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.uganda import make_uganda, read_areas, uganda_rivers
from tests.conftest import real_data
from tests.synthetic.plain_rule import RETURN_PERIOD_RULE, flags, table
from tests.worlds.countries.uganda import uganda

MAP_PERIODS = (10, 20, 50, 75, 100, 200, 500)

pytestmark = pytest.mark.uganda


@pytest.fixture(scope="module")
def source():
    return real_data("uganda")


@pytest.fixture(scope="module", params=[pytest.param(15, marks=pytest.mark.story), 30])
def country(request):
    return uganda(request.param)


@pytest.fixture(scope="module")
def areas(source):
    frame = gpd.read_file(source / "UGA_adm4.json")
    return frame.assign(geometry=frame.geometry.make_valid())


@pytest.fixture(scope="module")
def totals(source):
    with (source / "population_UGA.csv").open(encoding="utf-8") as stream:
        return {row["placeCode"]: float(row["value"]) for row in csv.DictReader(stream) if row["adminLevel"] == "4"}


def people_in(country):
    with rasterio.open(country / "population.tif") as raster:
        people = raster.read(1)
        assert raster.nodata == -99999
        return np.where(people == -99999, 0, people).astype(float), raster.bounds, raster.crs.to_wkt()


def test_the_given_files_are_taken_over_as_they_are(country, source):
    for name, given in {
        "admin_areas/adm2.geojson": "UGA_adm2.json",
        "admin_areas/adm3.geojson": "UGA_adm3.json",
        "admin_areas/adm4.geojson": "UGA_adm4.json",
        "stations.csv": "glofas_stations_UGA.csv",
        "thresholds.json": "UGA_station_thresholds.json",
        "station_admin_mapping.csv": "UGA_station_district_mapping.csv",
    }.items():
        assert (country / name).read_bytes() == (source / given).read_bytes()
    assert sorted(path.name for path in (country / "flood_maps").iterdir()) == sorted(
        f"flood_map_UGA_RP{return_period}.tif" for return_period in MAP_PERIODS
    )


def test_people_of_every_area_match_its_total(country, areas, totals):
    found = exactextract.exact_extract(
        str(country / "population.tif"), areas, ["sum"], include_cols=["ADM4_PCODE"], output="pandas"
    )
    wanted = found["ADM4_PCODE"].map(totals).to_numpy()
    assert len(found) == 1520
    assert (np.abs(found["sum"].to_numpy() - wanted) / np.maximum(wanted, 1)).max() < 0.005
    people, _, _ = people_in(country)
    assert people.sum() == pytest.approx(sum(totals.values()), rel=1e-4)
    assert (people % 1 != 0)[people > 0].mean() > 0.9


def test_every_mapped_district_of_a_station_has_people_in_the_smallest_flood(country, areas, source):
    people, bounds, wkt = people_in(country)
    with rasterio.open(country / "flood_maps" / "flood_map_UGA_RP10.tif") as raster:
        wet = np.where(raster.read(1) >= 0.1, people, 0)
    flooded = exactextract.raster.NumPyRasterSource(
        wet, bounds.left, bounds.bottom, bounds.right, bounds.top, srs_wkt=wkt
    )
    station_of = {area.code: area.station or "none" for area in read_areas(source)}
    frame = areas.assign(station=areas["ADM4_PCODE"].map(station_of))
    columns = ["station", "ADM2_PCODE"]
    found = exactextract.exact_extract(flooded, frame, ["sum"], include_cols=columns, output="pandas")
    affected = found[found["station"] != "none"].groupby(columns)["sum"].sum()
    districts = affected.groupby("station").size().to_dict()
    assert (districts["G5075"], districts["G5220"], districts["G5230"]) == (7, 6, 2)
    assert len(districts) == 8
    assert (affected > 100).all()


def test_floods_are_nested_and_sparse(country):
    depths = []
    for return_period in MAP_PERIODS:
        with rasterio.open(country / "flood_maps" / f"flood_map_UGA_RP{return_period}.tif") as raster:
            depth = raster.read(1)
        depths.append(np.where(depth == -9999, 0, depth))
    assert all((larger >= smaller).all() for smaller, larger in pairwise(depths))
    assert 0.005 < (depths[0] > 0).mean() < (depths[-1] > 0).mean() < 0.03


def test_the_same_call_gives_the_same_rivers(source):
    areas = read_areas(source)
    first, second = uganda_rivers(source, areas), uganda_rivers(source, areas)
    assert all(np.array_equal(one.points, two.points) for one, two in zip(first, second, strict=True))
    assert {river.name.split()[0] for river in first} == {area.station for area in areas if area.station}


def test_missing_data_are_named(tmp_path):
    with pytest.raises(InputMissing, match=r"UGA_adm2.json.*population_UGA.csv"):
        make_uganda(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("limit", "wishes", "expected"),
    [
        (
            7,
            "G5075=wwwww---:min G5220=----TTTT G5230=------ww:med",
            {"G5075": "wwwww---", "G5220": "----TTTT", "G5230": "------ww"},
        ),
        (7, "G5230=-----ww-:med", {"G5230": "-----ww-"}),
        (7, "G5220=---wTTTT", {"G5220": "---wTTTT"}),
        (7, "", {}),
        (5, "G5220=----TTTT", {"G5220": "----TTww"}),
    ],
)
def test_the_scenarios_of_the_server_can_be_made(source, limit, wishes, expected):
    levels = thresholds_of(source)
    rule = replace(RETURN_PERIOD_RULE, trigger_lead_time_limit=limit)
    cube = make_ensemble(levels, rule, wishes)
    said = {code: flags(cube, levels, rule, code) for code in levels["station"].values}
    assert {code: text for code, text in said.items() if text.strip("-")} == expected


def thresholds_of(source):
    entries = json.loads((source / "UGA_station_thresholds.json").read_text(encoding="utf-8"))
    levels = {entry["station_code"]: [item["threshold_value"] for item in entry["thresholds"]] for entry in entries}
    return table(**levels)
