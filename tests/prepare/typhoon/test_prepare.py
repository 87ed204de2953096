"""A country prepared for typhoon: cells, houses, provinces and land, all counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from rasterio.transform import from_origin

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.typhoon.geometry import crossings
from ibf_pipeline.hazards.typhoon.selection import enters_monitoring_area
from ibf_pipeline.prepare.typhoon.build import prepare_typhoon
from ibf_pipeline.prepare.typhoon.store import TyphoonPrepared, read_typhoon
from tests.worlds.countries import typhoon_files
from tests.worlds.countries.tiny_country import feature, square, write_areas, write_raster
from tests.worlds.two_islands import CYCLE, storm


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return typhoon_files.write_country(tmp_path / "static")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> TyphoonPrepared:
    return prepared(typhoon_files.write_country(tmp_path_factory.mktemp("usual") / "static"))


def prepared(static: Path, **changes: Any) -> TyphoonPrepared:
    folder = static.parent / "prepared"
    prepare_typhoon(typhoon_files.country(**changes), static, folder)
    return read_typhoon(folder, "XTI")


def refused(static: Path, **changes: Any) -> str:
    with pytest.raises(InputInvalid) as error:
        prepared(static, **changes)
    return str(error.value)


def cells(found: TyphoonPrepared) -> list[tuple[str, float, float, float]]:
    """Area, latitude, longitude, people."""
    table, codes = found.layers.cells, list(found.layers.areas)
    rows = zip(table["area"].values, table["lat"].values, table["lon"].values, table["people"].values, strict=True)
    return [(codes[area], float(lat), float(lon), round(float(people), 6)) for area, lat, lon, people in rows]


def test_people_live_in_cells_of_the_wind_by_exact_fractions(usual: TyphoonPrepared) -> None:
    assert cells(usual) == [
        ("A1", 0.95, 10.05, 40),
        ("A1", 0.95, 10.15, 10),
        ("A2", 0.95, 10.15, 30),
        ("A2", 0.95, 10.25, 6),
        ("A3", 0.95, 10.25, 34),
        ("A4", 0.95, 10.35, 0),
    ], "half a column of the raster in A1; nobody in A4, which keeps a point inside it"
    people = {code: round(area.population, 6) for code, area in usual.layers.areas.items()}
    assert people == {"A1": 50, "A2": 36, "A3": 34, "A4": 0}


def test_an_area_on_a_border_belongs_to_where_most_of_it_lies(usual: TyphoonPrepared) -> None:
    assert {code: area.parent for code, area in usual.layers.areas.items()} == {
        "A1": "P1",
        "A2": "P1",
        "A3": "P2",
        "A4": "P2",
    }
    assert usual.layers.provinces == {"P1": "Area P1", "P2": "Area P2"}
    assert usual.layers.regions == {"R1": "Area R1", "R2": "Area R2"}
    assert usual.layers.region_of == {"P1": "R1", "P2": "R2"}


def test_centres_lie_in_the_middle_of_the_people(usual: TyphoonPrepared) -> None:
    lon, lat = usual.layers.centres["A1"]
    assert (lon, lat) == pytest.approx((10.05 * 0.8 + 10.1125 * 0.2, 0.95)), "40 people around 10.05, 10 in the rest"
    for code, (lon, lat) in usual.layers.centres.items():
        west, east = typhoon_files.EDGES[code]
        assert west < lon < east
        assert 0.9 < lat < 1


def test_houses_names_land_and_what_rain_needs(usual: TyphoonPrepared) -> None:
    layers = usual.layers
    assert layers.houses == {"A1": 20, "A2": 10, "A3": 8, "A4": 1}
    assert layers.names == {"CHANTHU": "Kiko", "CONSON": "Jolina"}
    assert layers.land.area == pytest.approx(0.4 * 0.1)
    assert usual.bounds == pytest.approx((10, 0.9, 10.4, 1))
    assert [round(own.area, 6) for own in usual.ground()] == [0.0125, 0.009, 0.0085, 0.01]
    assert layers.doubts == (
        "population.tif has nobody in 1 area (A4), 25% of the country: without data there, who lives there is unknown",
    )


def test_islands_of_one_area_keep_their_people_and_its_middle_lies_on_one_of_them(static: Path) -> None:
    parts = [square(*edges)["coordinates"] for edges in ((10.0, 10.05), (10.375, 10.4))]
    write_areas(static / "admin_areas", 3, [feature(3, "A1", None, {"type": "MultiPolygon", "coordinates": parts})])
    write_raster(
        static / "population.tif",
        np.full((2, 8), 10.0),
        width=8,
        height=2,
        transform=from_origin(10.0, 1.0, 0.05, 0.05),
    )
    found = prepared(static, housing=None)
    assert cells(found) == [("A1", 0.95, 10.05, 20), ("A1", 0.95, 10.35, 10)]
    assert found.layers.centres["A1"] == pytest.approx((10.025, 0.95)), "not on the water between them"
    assert found.layers.land.distance(shapely.Point(10.2, 0.95)) == pytest.approx(0.15)


def test_a_country_on_both_sides_of_180_degrees_is_one_piece_there(static: Path) -> None:
    """Land from 179.6 to 180.2 E. A storm from 179 to 181 E at 0.95 N meets it after 0.6 of 2 degrees, 108 of 360
    minutes; one that crosses 180 degrees 2 degrees further north meets none."""
    parts = {"A1": [(179.6, 180.0), (-180.0, -179.9)], "A2": [(-179.9, -179.8)]}
    shapes = {code: [square(*edges)["coordinates"] for edges in own] for code, own in parts.items()}
    areas = [feature(3, code, None, {"type": "MultiPolygon", "coordinates": own}) for code, own in shapes.items()]
    write_areas(static / "admin_areas", 3, areas)
    row = np.zeros((2, 7200))
    row[:, :4], row[:, -8:] = 10, 10
    write_raster(static / "population.tif", row, width=7200, height=2, transform=from_origin(-180.0, 1.0, 0.05, 0.05))
    alone = {"housing": None, "triggers": [], "province_level": None, "region_level": None}
    around = [[170, -10], [190, -10], [190, 10], [170, 10]]
    found = prepared(static, monitoring=around, **alone)
    assert found.layers.land.bounds == pytest.approx((179.6, 0.9, 180.2, 1.0))
    assert found.layers.land.geom_type == "Polygon"
    assert found.layers.doubts == ()
    here, north = (storm([(lat, 179), (lat, -179)]) for lat in (0.95, 2.95))
    assert crossings(here, found.layers.land) == CYCLE + np.timedelta64(108, "m")
    assert np.isnat(crossings(north, found.layers.land)).all()
    assert [enters_monitoring_area(each, around) for each in (here, storm([(0.95, -160), (0.95, -169)]))] == [
        True,
        False,
    ]
    assert "write longitudes east of 180 degrees as 190, not as -170" in refused(
        static, monitoring=[[170, -10], [-170, -10], [-170, 10], [170, 10]], **alone
    )


def test_fractions_of_a_person_make_no_cell_and_are_not_lost(static: Path) -> None:
    people = np.tile([0.2, 0.2, 10, 9, 8, 7, 6, 5], (2, 1))
    write_raster(static / "population.tif", people, width=8, height=2, transform=from_origin(10.0, 1.0, 0.05, 0.05))
    assert [row for row in cells(prepared(static)) if row[0] == "A1"] == [("A1", 0.95, 10.15, 10.8)]


def test_a_finer_grid_has_more_cells_and_the_same_people(static: Path) -> None:
    found = prepared(static, wind={"cell_degrees": 0.05})
    own = [row for row in cells(found) if row[0] == "A1"]
    assert [row[1:] for row in own] == [
        (lat, lon, people) for lat in (0.925, 0.975) for lon, people in ((10.025, 10), (10.075, 10), (10.125, 5))
    ]


def test_nothing_is_made_where_nothing_changed_and_only_what_did(static: Path) -> None:
    country, folder = typhoon_files.country(), static.parent / "prepared"
    assert prepare_typhoon(country, static, folder) == ("boundaries", "people", "tables")
    assert prepare_typhoon(country, static, folder) == ()
    (static / "housing.csv").write_text(typhoon_files.HOUSES.replace("A1,20", "A1,21"))
    assert prepare_typhoon(country, static, folder) == ("tables",)
    assert read_typhoon(folder, "XTI").layers.houses["A1"] == 21
    finer = typhoon_files.country(wind={"cell_degrees": 0.05})
    assert prepare_typhoon(finer, static, folder) == ("people", "tables")
    assert prepare_typhoon(typhoon_files.country(housing=None), static, folder) == ("people", "tables")
    assert read_typhoon(folder, "XTI").layers.houses == {}


def test_a_file_that_was_deleted_or_renamed_is_missed_at_once(static: Path) -> None:
    prepared(static)
    (static / "housing.csv").rename(static / "houses.csv")
    assert "static data of XTI are missing: housing.csv" in refused(static)
    assert prepared(static, housing="houses.csv").layers.houses["A1"] == 20
    (static / "admin_areas" / "adm2.geojson").unlink()
    assert "admin_areas/adm2.geojson" in refused(static, housing="houses.csv")
    without = prepared(static, housing="houses.csv", province_level=None, region_level=None, triggers=[])
    assert without.layers.provinces == {}
    assert without.layers.areas["A1"].parent is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"triggers": [typhoon_files.TRIGGER | {"regions": ["R2", "PH01"]}]}, "1 region of triggers unknown"),
        ({"monitoring": [[120, 10], [130, 10], [130, 20]]}, "reaches no area of Four Islands"),
        ({"monitoring": [[0.5, 9], [1.5, 9], [1.5, 11], [0.5, 11]]}, "latitude and longitude are swapped"),
        ({"monitoring": [[9, 0], [11, 2], [11, 0], [9, 2]]}, "the monitoring polygon is none"),
        (
            {"housing": None, "triggers": [{"scope": "country", "measure": "houses_damaged", "amount": 9}]},
            "the country has no file of houses",
        ),
    ],
)
def test_a_configuration_that_contradicts_the_country_is_refused(
    static: Path, changes: dict[str, Any], words: str
) -> None:
    assert words in refused(static, **changes)


def test_a_changed_trigger_is_compared_with_the_boundaries_again(static: Path) -> None:
    prepared(static)
    assert "1 region of triggers unknown" in refused(static, triggers=[typhoon_files.TRIGGER | {"regions": ["R9"]}])


def test_doubts_name_areas_without_houses_and_in_the_wrong_province(static: Path) -> None:
    (static / "housing.csv").write_text("place_code,houses\nA1,20\n")
    areas = [feature(3, code, "P1", square(*edges)) for code, edges in typhoon_files.EDGES.items()]
    write_areas(static / "admin_areas", 3, areas)
    doubts = " / ".join(prepared(static).layers.doubts)
    assert "housing.csv has no houses for 3 areas (A2, A3, A4)" in doubts
    assert "2 areas of level 3 mostly outside of what the boundaries name around them (A3 in P1, A4 in P1)" in doubts


def test_what_is_not_there_or_damaged_is_said(static: Path) -> None:
    folder = static.parent / "prepared"
    with pytest.raises(InputMissing, match="XTI is not prepared for typhoon"):
        read_typhoon(folder, "XTI")
    prepared(static)
    (folder / "country.json").write_text("{}")
    with pytest.raises(InputInvalid, match="are damaged"):
        read_typhoon(folder, "XTI")
