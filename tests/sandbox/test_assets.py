"""Points and lines of a country from the files of its static folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.sandbox import HazardSeed, PointSeed, Sandbox, seed_assets, seed_from_static
from tests.worlds.services.portal import Clock, Portal, small_country

FLOODS, FLASH = HazardSeed("floods", (2,), 2), HazardSeed("flash-floods", (3,), 3)
FILES = {
    "schools.csv": "fid,name,lat,lon,amenity,depth\n0016,École ወንዝ,0.25,31.25,school,0\n17,,0.5,32.5,,1\n",
    "health_sites.csv": "fid;name;type;lat;lon\n1;Clinic;Hospital;0.4;31.4\n",
    "buildings.csv": 'wkt,fid\n"MULTIPOLYGON (((31.1 0.1, 31.2 0.1, 31.2 0.2, 31.1 0.1)))",3731\n',
}


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    for name in ("admin_areas", "assets"):
        (folder / name).mkdir(parents=True)
    for level in (2, 3):
        areas = small_country("COA").admin_areas[level]
        (folder / "admin_areas" / f"adm{level}.geojson").write_text(json.dumps(areas))
    (folder / "stations.csv").write_text("stationCode,stationName,lat,lon,fid\nG1,Bridge,0.5,31.5,G1\n")
    for name, text in FILES.items():
        (folder / "assets" / name).write_text(text, encoding="utf-8")
    points = [{"type": "Feature", "properties": {"fid": 5, "name": None, "type": "Borehole"}, "geometry": place(31.5)}]
    write(folder / "assets/waterpoints.geojson", points)
    road = {"type": "MultiLineString", "coordinates": [[[31, 0], [32, 1]]]}
    write(folder / "assets/roads.geojson", [{"type": "Feature", "properties": {"fid": "120"}, "geometry": road}])
    return folder


def place(lon: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [lon, 0.5, 900]}


def write(file: Path, features: list[dict[str, object]]) -> None:
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


@pytest.fixture
def coast(static: Path, tmp_path: Path) -> Iterator[Portal]:
    """A country with floods and flash floods on one server, everything from its own files."""
    (static / "levels.csv").write_text("fid,name,offset_m,lat,lon\n6,Karonga,1.5,0.6,31.6\n7,Mudi,,,\n8,Bua,,,\n")
    seed = seed_from_static(static, "COA", name="Coast", hazards=(FLOODS, FLASH))
    with Sandbox(tmp_path / "box", now=Clock()) as server:
        server.seed(seed_assets(seed, static, "levels.csv"))
        yield Portal(server, "COA", "flash-floods")


def shown(portal: Portal, category: str) -> dict[str, dict[str, object]]:
    answer = portal.get(f"point-data/{category}/COA", disasterType="flash-floods").json()
    about = {f["properties"]["fid"]: f["properties"] | {"at": f["geometry"]["coordinates"]} for f in answer["features"]}
    return {fid: {k: v for k, v in found.items() if k != "pointDataId"} for fid, found in about.items()}


def test_every_category_as_the_service_shows_it(coast: Portal) -> None:
    none = {"dynamicData": None}
    assert shown(coast, "schools") == {
        "0016": {"fid": "0016", "name": "École ወንዝ", "amenity": "school", "at": [31.25, 0.25], **none},
        "17": {"fid": "17", "name": "17", "amenity": None, "at": [32.5, 0.5], **none},
    }
    assert shown(coast, "health_sites")["1"] == {
        "fid": "1", "name": "Clinic", "type": "Hospital", "at": [31.4, 0.4], **none
    }  # fmt: skip
    assert shown(coast, "waterpoints")["5"] == {
        "fid": "5", "name": "5", "type": "Borehole", "report_date": None, "at": [31.5, 0.5], **none
    }  # fmt: skip
    # The country reaches from 31 to 35 and from 0 to 1: those without a place stand in its middle.
    at = {fid: found["at"] for fid, found in shown(coast, "gauges").items()}
    assert at == {"6": [31.6, 0.6], "7": [33, 0.5], "8": [33.13333, 0.5]}
    assert list(shown(coast, "glofas_stations")) == ["G1"]  # of floods
    assert [(line.category, line.fid) for c in ("roads", "buildings") for line in coast.sandbox.lines(c)] == [
        ("roads", 120),
        ("buildings", 3731),
    ]


def test_both_hazards_are_set_up(coast: Portal) -> None:
    [country] = requests.get(f"{coast.sandbox.url}/country", timeout=5).json()
    settings = {s["disasterType"]: s["defaultAdminLevel"] for s in country["countryDisasterSettings"]}
    assert settings == {"floods": 2, "flash-floods": 3}


def test_gauges_have_a_file_of_their_own(static: Path) -> None:
    (static / "assets/gauges.csv").write_text("id,lon,lat,fid,name,Country\n5,33.6,-11.1,5,Lake Kazuni,MWI\n")
    seed = seed_assets(small_country("COA"), static, "levels.csv")  # which is not even read
    assert [(g.fid, g.name, g.lat, dict(g.properties)) for g in seed.points["gauges"]] == [
        ("5", "Lake Kazuni", -11.1, {})
    ]


def test_points_that_share_an_id_are_all_there(coast: Portal) -> None:
    """1,444 of the 16,733 water points of Malawi have the id of another one."""
    wells = tuple(PointSeed("5", f"Well {n}", 0.5, 31.5) for n in range(3))
    coast.sandbox.seed(replace(small_country("COA"), hazards=(FLASH,), points={"waterpoints": wells}))
    features = coast.get("point-data/waterpoints/COA", disasterType="flash-floods").json()["features"]
    assert [f["properties"]["name"] for f in features] == ["Well 0", "Well 1", "Well 2"]
    assert len({f["properties"]["pointDataId"] for f in features}) == 3


def test_a_name_is_not_needed_and_a_road_may_be_long(static: Path) -> None:
    (static / "assets/schools.csv").write_text("fid,lat,lon\n16,0.5,31\n")
    (static / "assets/roads.geojson").unlink()
    (static / "assets/roads.csv").write_text(f'fid,wkt\n20,"LINESTRING ({"31.12345 0.12345, " * 10_000}32 1)"\n')
    seed = seed_assets(small_country("COA"), static)
    assert [school.name for school in seed.points["schools"]] == ["16"]
    assert list(seed.lines["roads"]) == [20]


def test_a_category_without_a_file_is_one_of_which_there_is_nothing(static: Path) -> None:
    (static / "assets/roads.geojson").unlink()
    before = replace(small_country("COA"), lines={"roads": (7,)})
    assert dict(seed_assets(before, static).lines)["roads"] == (7,)
    assert seed_assets(before, static.parent) == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("schools.csv", 'fid,name,lat,lon\n1,A,"0,5",31\n', "line 2: fid '1' at '0,5'"),
        ("schools.csv", "fid,name,lat,lon\n,A,0.5,31\n", "line 2: fid ''"),
        ("buildings.csv", "wkt,fid\nPOINT (1 1),x1\n", "line 2: fid 'x1'"),
        ("buildings.csv", "wkt,fid\nPOINT (1 1),3731.5\n", "3731.5"),
        ("waterpoints.geojson", "[]", "this is not GeoJSON"),
        ("waterpoints.geojson", '{"features": [{"properties": {"fid": 1}, "geometry": null}]}', "feature 1: fid '1'"),
    ],
)
def test_what_the_service_could_not_keep(static: Path, name: str, text: str, said: str) -> None:
    (static / "assets" / name).write_text(text)
    with pytest.raises(InputInvalid, match=name) as refused:
        seed_assets(small_country("COA"), static)
    assert said in str(refused.value)
