"""What `check` says about a country's files: each fault of the seed data, found where it was put in."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ibf_pipeline.check.country import check_static
from ibf_pipeline.check.finding import Finding, worst_first
from ibf_pipeline.check.stations import on_edge
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare_floods
from tests.worlds.countries import tiny_country
from tests.worlds.countries.uganda import uganda


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tiny_country.write_country(tmp_path / "static")


def findings(static: Path, **changes: Any) -> list[Finding]:
    return check_static(tiny_country.country(**changes), static)[0]


def only(found: list[Finding], level: str, subject: str) -> list[str]:
    return [finding.found for finding in found if (finding.level, finding.subject) == (level, subject)]


def test_a_sound_country_has_no_error_and_every_finding_says_what_to_do(static: Path) -> None:
    found = findings(static)
    assert [finding for finding in found if finding.level == "error"] == []
    assert all(finding.meaning and finding.remedy for finding in found if finding.level != "fine")
    assert {finding.subject for finding in found} == {
        "static data", "boundaries", "stations", "mapping", "thresholds", "rasters",
    }  # fmt: skip
    assert only(found, "warning", "stations") == ["stations without a usable name: G2"], "Na is no name"
    assert "2 flood maps on one grid, 0.0 million cells of 36 arc-seconds" in only(found, "fine", "rasters")


def test_missing_files_are_named_and_the_rest_is_checked(static: Path) -> None:
    (static / "population.tif").unlink()
    (static / "station_admin_mapping.csv").unlink()
    found = findings(static)
    (text,) = only(found, "error", "static data")
    assert text.endswith("station_admin_mapping.csv, population.tif")
    assert only(found, "fine", "thresholds")
    assert only(found, "fine", "boundaries")


def test_a_second_set_of_thresholds_is_looked_at_before_its_day_comes(static: Path) -> None:
    later = [{"version": "5", "valid_from": "2026-12-01"}]
    (text,) = only(findings(static, later_thresholds=later), "error", "static data")
    assert text.endswith("thresholds_v5.json")
    file = static / "thresholds_v5.json"
    file.write_text((static / "thresholds.json").read_text())
    found = findings(static, later_thresholds=later)
    assert only(found, "error", "thresholds") == []
    assert "those of GloFAS v5, from 2026-12-01 on, too" in only(found, "fine", "thresholds")
    file.write_text("[]")
    found = findings(static, later_thresholds=later)
    (text,) = only(found, "error", "thresholds")
    assert text.startswith(f"{file}: stations without thresholds: G1, G2")


def test_every_fault_of_a_mapping_at_once(static: Path) -> None:
    rows = ["G1,01A", "G1,01B", "G2,01B", "G2,9Z9", "G7,02A", "G2,1A"]
    (static / "station_admin_mapping.csv").write_text("glofasStation,placeCode\n" + "\n".join(rows) + "\n")
    found = findings(static)
    assert only(found, "error", "mapping") == [
        "2 place codes are not areas of level 2: 1A, 9Z9; there is '01A': leading zeros were lost",
        "1 areas are mapped to more than one station: 01B (G1, G2)",
    ]
    assert only(found, "warning", "mapping") == [
        "stations that stations.csv does not list: G7",
        "1 of 4 areas are not in the file: 02B",
        "1 of 1 alerted areas of level 1 belong to more than one station: Area 01 (G1, G2)",
    ]


def test_areas_without_a_name(static: Path) -> None:
    file = static / "admin_areas" / "adm2.geojson"
    file.write_text(file.read_text().replace('"ADM2_EN"', '"ADM2_FR"', 1))
    assert only(findings(static), "warning", "boundaries") == ["areas of level 2 without ADM2_EN: 01A"]


def test_areas_that_the_level_below_leaves_empty(static: Path) -> None:
    """A third one beside the two has none below it; 02 loses its eastern half."""
    areas = static / "admin_areas"
    sides = {"01": (10.0, 10.1), "02": (10.1, 10.2), "03": (10.2, 10.3)}
    features = [tiny_country.feature(1, code, None, tiny_country.square(*edges)) for code, edges in sides.items()]
    tiny_country.write_areas(areas, 1, features)
    content = json.loads((areas / "adm2.geojson").read_text())
    tiny_country.write_areas(areas, 2, content["features"][:3])
    assert only(findings(static), "warning", "boundaries") == [
        "areas of level 1 without any area of level 2: 03",
        "areas of level 1 that those of level 2 do not fill: 02 (50%)",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("no_station,01A", "1 areas are mapped to more than one station: 01A (G1, no_station)"),
        (",01A", "1 areas are mapped to more than one station: 01A (G1, no_station)"),
        ("G9,", None),
        ("no_station,9Z9", None),
        ("no_station,", None),
        (",", None),
        (",02B", None),
    ],
)
def test_check_and_prepare_agree_about_a_row_of_the_mapping(
    row: str, said: str | None, static: Path, tmp_path: Path
) -> None:
    """02B is no_station already; a row without station and area, as Excel leaves them, says nothing."""
    file = static / "station_admin_mapping.csv"
    rows = ["G1,01A", "G1,01B", "G2,02A", "no_station,02B", row]
    file.write_text("glofasStation,placeCode\n" + "\n".join(rows) + "\n")
    assert only(findings(static), "error", "mapping") == ([] if said is None else [said])
    with nullcontext() if said is None else pytest.raises(InputInvalid, match=r"line 6: area 01A"):
        prepare_floods(tiny_country.country(), static, tmp_path / "prepared")


def test_stations_on_cells_without_river(static: Path) -> None:
    file = static / "stations.csv"
    lines = tiny_country.STATIONS.splitlines()
    for second, level in (("1", "warning"), ("0", "error")):
        file.write_text("\n".join((f"{lines[0]},river", f"{lines[1]},0", f"{lines[2]},{second}")) + "\n")
        (said,) = [text for text in only(findings(static), level, "stations") if "river" in text]
        assert said.startswith("1 of 2 stations lies" if level == "warning" else "every station lies")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adminLevel,placeCode,value\n1,01,0\n", "nobody on level 1"),
        ("adminLevel,placeCode,value\n1,01,nan\n", "01 has nan people"),
        ("adminLevel,placeCode,value\n1,01,5\n1,01,6\n", "01 has 5 and 6 people"),
    ],
)
def test_totals_that_are_none(text: str, said: str, static: Path) -> None:
    (static / "population_totals.csv").write_text(text)
    (found,) = only(findings(static), "error", "rasters")
    assert said in found


def test_totals_with_a_decimal_comma(static: Path) -> None:
    """200,5 would count as 200."""
    (static / "population_totals.csv").write_text("adminLevel,placeCode,value\n1,01,200,5\n1,02,160\n")
    (found,) = only(findings(static), "error", "rasters")
    assert "population_totals.csv: line 2 has 4 fields (1,01,200,5)" in found


def test_totals_of_other_levels_are_none_to_compare_with(static: Path) -> None:
    (static / "population_totals.csv").write_text("adminLevel,placeCode,value\n7,01,5\n")
    assert "no known total to compare it with" in only(findings(static), "not checked", "rasters")[0]


def test_totals_of_another_indicator_do_not_count(static: Path) -> None:
    rows = ["1,01,populationTotal,200", "1,02,populationTotal,160", "1,01,populationFemale,90"]
    text = "adminLevel,placeCode,indicator,value\n" + "\n".join(rows) + "\n"
    (static / "population_totals.csv").write_text(text)
    assert "population.tif adds up to 360, population_totals.csv to 360 (0.00% apart)" in only(
        findings(static), "fine", "rasters"
    )


def test_stations_without_areas(static: Path) -> None:
    file = static / "station_admin_mapping.csv"
    file.write_text(file.read_text().replace("G2", "no_station"))
    assert only(findings(static), "warning", "mapping") == ["stations without areas: G2"]
    file.write_text(file.read_text().replace("G1", "no_station"))
    assert only(findings(static), "error", "mapping") == ["no station has an area"]


def test_names_places_edges_and_cells_of_stations(static: Path) -> None:
    rows = ["G1,Twice,0.97,10.02,", "G2,Twice,0.971,10.021,", "G3,North_1,0.95,10.12,", "G4,Far,3,10.1,"]
    (static / "stations.csv").write_text("stationCode,stationName,lat,lon,fid\n" + "\n".join(rows) + "\n")
    entries = [tiny_country.thresholds(f"G{number}") for number in range(1, 5)]
    (static / "thresholds.json").write_text(json.dumps(entries))
    assert only(findings(static, event_name="station_name"), "warning", "stations") == [
        "names of more than one station: 'Twice'",
        "names that cannot be an event's name: G1 ('Twice'), G2 ('Twice'), G3 ('North_1')",
        "outside the boundaries of the country: G4 (222.0 km)",
        "on the edge of a GloFAS cell: G3, G4 (2 of 4 stations)",
        "stations in one and the same GloFAS cell: G1, G2",
    ]
    rows = ["G1,Upper,10.02,0.97,", "G2,Lower,10.12,0.97,"]
    (static / "stations.csv").write_text("stationCode,stationName,lat,lon,fid\n" + "\n".join(rows) + "\n")
    (text,) = only(findings(static), "error", "stations")
    assert "every station lies outside the country (expected: lat and lon in degrees" in text


@pytest.mark.parametrize(
    ("lat", "lon", "edge"),
    [(-0.68333, 29.8, True), (0.325, 34.075, False), (5.35, 20.53085, True), (0.97, 10.02, False)],
)
def test_the_edge_of_a_cell(lat: float, lon: float, *, edge: bool) -> None:
    assert on_edge(lat, lon) is edge


def test_suspicious_and_impossible_thresholds(static: Path) -> None:
    entries = [tiny_country.thresholds("G1", **{"p1.5": 2.4}), tiny_country.thresholds("G2")]
    (static / "thresholds.json").write_text(json.dumps(entries))
    (small,) = only(findings(static), "warning", "thresholds")
    assert small == "suspiciously small 1.5-year thresholds: G1 (2.4 m3/s)"
    (static / "thresholds.json").write_text(json.dumps([tiny_country.thresholds("G1", p5=5), entries[1]]))
    (text,) = only(findings(static), "error", "thresholds")
    assert "the 5-year threshold 5 is not above the 2-year one 20" in text


def test_boundaries_that_do_not_belong_together(static: Path) -> None:
    squares = [tiny_country.feature(1, "03", None, tiny_country.square(10, 10.2))]
    tiny_country.write_areas(static / "admin_areas", 1, squares)
    (text,) = only(findings(static), "error", "boundaries")
    assert "4 areas have a parent that is not on level 1: 01A names 01" in text


def test_what_could_not_be_checked_is_named(static: Path) -> None:
    """Behind boundaries that cannot be read hides a raster that is none; behind stations, thresholds that are none."""
    (static / "population.tif").write_text("<html>")
    (static / "thresholds.json").write_text("{")
    assert only(findings(static), "not checked", "static data") == []
    boundaries, stations = static / "admin_areas" / "adm1.geojson", static / "stations.csv"
    whole, listed = boundaries.read_text(encoding="utf-8"), stations.read_text(encoding="utf-8")
    boundaries.write_text("{}", encoding="utf-8")
    assert only(findings(static), "not checked", "static data") == [
        "station places, mapping, rasters: no usable boundaries"
    ]
    stations.write_text("nothing", encoding="utf-8")
    assert only(findings(static), "not checked", "static data") == [
        "station places, mapping, thresholds, rasters: no usable boundaries and stations"
    ]
    boundaries.write_text(whole, encoding="utf-8")
    assert only(findings(static), "not checked", "static data") == [
        "station places, mapping, thresholds: no usable stations"
    ]
    stations.write_text(listed, encoding="utf-8")
    assert only(findings(static), "not checked", "static data") == []


def test_an_empty_station_in_the_mapping_is_a_warning(static: Path) -> None:
    file = static / "station_admin_mapping.csv"
    file.write_text(file.read_text().replace("G1,01B", ",01B"))
    assert "1 of 4 areas have an empty station in the file: 01B" in only(findings(static), "warning", "mapping")


def test_rasters_of_another_grid_unit_or_country(static: Path) -> None:
    maps = static / "flood_maps"
    tiny_country.write_raster(maps / "flood_map_XTY_RP20.tif", np.ones((10, 19)), width=19, nodata=-9999)
    tiny_country.write_raster(static / "population.tif", np.full((10, 20), 2.0), nodata=-99999)
    (static / "population_totals.csv").write_text("adminLevel,placeCode,value\n1,01,200\n1,02,240\n2,01A,7\n")
    found = findings(static)
    (text,) = only(found, "error", "rasters")
    assert "the flood map is on another grid (19 x 10 cells" in text
    assert only(found, "warning", "rasters") == [
        "flood_map_XTY_RP10.tif declares no nodata value",
        "population.tif adds up to 400, population_totals.csv to 440 (-9.1%)",
    ]
    (static / "population_totals.csv").write_text("adminLevel,placeCode,value\n1,01,40000\n")
    said = "population.tif adds up to 200 in the 1 of 2 areas compared, population_totals.csv to 40,000 (-99.5%)"
    assert said in " ".join(only(findings(static), "error", "rasters"))


def test_a_population_cell_that_holds_more_than_can_be(static: Path) -> None:
    """A cell of 0.01 degrees is 1.24 square kilometres: at most 1,239,214 people."""
    people = np.full((10, 20), 2.0)
    people[0, 0] = 2147483647
    tiny_country.write_raster(static / "population.tif", people, nodata=-99999)
    (found,) = only(findings(static), "error", "rasters")
    assert "population.tif: 2.14748e+09 people in one cell (expected: people a cell, at most 1,239,214" in found


def test_a_population_that_ends_inside_the_country(static: Path) -> None:
    tiny_country.write_raster(static / "population.tif", np.full((10, 5), 2.0), width=5, nodata=-99999)
    said = "population.tif does not reach over 4 areas (01A: 91% covered, 01B, 02A, 02B)"
    assert f"{said}: who lives there is unknown, not nobody" in only(findings(static), "warning", "rasters")


def test_the_demo_country(configuration: Configuration, demo_country: FloodCountry) -> None:
    """Its faults are those that it was made with."""
    found, _ = check_static(demo_country, configuration.static_folder(demo_country))
    warnings = [finding.found for finding in found if finding.level == "warning"]
    assert warnings == [
        "names of more than one station: 'Mira'",
        "on the edge of a GloFAS cell: G9008 (1 of 8 stations)",
        "stations without areas: G9006 Daro at Beles",
        "2 of 11 alerted areas of level 2 belong to more than one station: Kimiri (G9001, G9005), Bave (G9003, G9008)",
        "suspiciously small 1.5-year thresholds: G9007 (2.46 m3/s)",
    ]
    assert not [finding for finding in found if finding.level == "error"]


@pytest.mark.uganda
def test_uganda(configuration: Configuration) -> None:
    """1,460 of 1,520 areas are mapped, one polygon is invalid, G5317 lies on an edge, G5230 on the border."""
    found, _ = check_static(configuration.country("UGA"), uganda())
    assert not [finding for finding in found if finding.level == "error"]
    warnings = [finding.found for finding in found if finding.level == "warning"]
    assert len(warnings) == 4
    assert "area UG10140207 was an invalid polygon" in warnings[0]
    assert warnings[1] == "outside the boundaries of the country: G5230 (0.1 km)"
    assert warnings[2] == "on the edge of a GloFAS cell: G5317 (1 of 8 stations)"
    assert warnings[3].startswith("60 of 1520 areas are not in the file")
    assert "level 2: 135, level 3: 203, level 4: 1520" in only(found, "fine", "boundaries")[0]
    assert only(found, "fine", "mapping")[1] == "no two stations share an area of level 2"
    assert [text for text in only(found, "fine", "rasters") if "population_totals.csv" in text]


def test_the_worst_comes_first() -> None:
    mixed = [Finding(level, "portal", level) for level in ("fine", "warning", "not checked", "error", "warning")]
    assert [f.level for f in worst_first(mixed)] == ["error", "warning", "warning", "not checked", "fine"]
