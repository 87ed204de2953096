"""CSV and GeoJSON of a day: opened by a spreadsheet and a GIS, and by nobody as a program."""

import csv
import json
from dataclasses import replace
from datetime import date

import geopandas as gpd
import pytest
import shapely

from ibf_pipeline.report.exports import write_exports
from ibf_pipeline.report.table_files import cell
from ibf_pipeline.report.tables import area_rows, event_rows
from tests.worlds.countries.square_country import square_config, square_day, square_discharge, square_layers

DAY = date(2026, 2, 16)
NAMES = ("=1+1", "Río, con coma", "አባይ")


@pytest.fixture
def folder(tmp_path):
    from ibf_pipeline.hazards.floods.day import find

    layers = square_layers(3, NAMES, ("@SUM(A1)", "-cmd|' /C calc'!A0", "+1"))
    rises = {"S01": {0: (38, 350.0)}, "S02": {2: (51, 550.0)}}
    found = find(square_discharge(layers, DAY, rises, blind=["S03"]), layers, square_config())
    write_exports(found, {"0001": shapely.box(30, 1, 30.2, 1.2)}, tmp_path)
    return tmp_path


def rows(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_events_are_one_row_each(folder):
    first, second = rows(folder / "events.csv")
    assert (first["event"], first["lead_time_days"], first["day"], first["people_affected"]) == (
        "S01", "0", "2026-02-16", "100",
    )  # fmt: skip
    assert (second["event"], second["day"], second["people_affected"], second["flood_map_years"]) == (
        "S02", "2026-02-18", "200", "20.0",
    )  # fmt: skip
    assert first["days"] == "T......."
    assert second["station"] == "Río, con coma"


def test_areas_of_every_level_add_up(folder):
    areas = rows(folder / "areas.csv")
    people = {level: sum(int(a["people_affected"]) for a in areas if a["admin_level"] == level) for level in ("1", "2")}
    assert people == {"1": 300, "2": 300}
    assert [a["place_code"] for a in areas if a["admin_level"] == "2"] == ["0001", "0002"]


def test_stations_with_members_by_day_and_blind_ones_without_values(folder):
    first, _, blind = rows(folder / "stations.csv")
    assert [first[f"members_above_trigger_{lead}_day"] for lead in range(3)] == ["38", "0", "0"]
    assert (blind["condition"], blind["alert_class"], blind["days"], blind["members_above_trigger_0_day"]) == (
        "blind", "", "", "",
    )  # fmt: skip


@pytest.mark.parametrize("exercise", [False, True])
def test_every_row_says_whether_it_is_of_an_exercise(tmp_path, exercise):
    found = square_day(DAY, {"S01": {0: (38, 350.0)}})
    write_exports(replace(found, exercise=exercise), {}, tmp_path)
    for name in ("events", "areas", "stations"):
        assert {row["exercise"] for row in rows(tmp_path / f"{name}.csv")} == {"yes" if exercise else "no"}
        features = json.loads((tmp_path / f"{name}.geojson").read_text())["features"]
        assert {feature["properties"]["exercise"] for feature in features} == {exercise}


def test_a_spreadsheet_takes_it_for_utf8_and_runs_nothing(folder):
    assert (folder / "stations.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "አባይ" in (folder / "stations.csv").read_text(encoding="utf-8-sig")
    for name in ("events", "areas", "stations"):
        for row in rows(folder / f"{name}.csv"):
            assert not any(str(value).startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
    assert rows(folder / "stations.csv")[0]["station"] == "'=1+1"


@pytest.mark.parametrize(
    ("value", "shown"), [("=A1", "'=A1"), ("\tx", "'\tx"), (-1.5, -1.5), (True, "yes"), ("x=", "x=")]
)
def test_only_texts_that_a_spreadsheet_would_run_are_changed(value, shown):
    assert cell(value) == shown


def test_a_gis_reads_place_codes_as_text(folder):
    types = dict(
        zip(rows(folder / "areas.csv")[0], (folder / "areas.csvt").read_text().strip().split(","), strict=True)
    )
    assert types["place_code"] == '"String"'
    assert types["people_affected"] == '"Integer"'
    areas = gpd.read_file(folder / "areas.geojson", engine="pyogrio")
    assert set(areas["place_code"]) == {"Q1", "0001", "0002"}
    assert areas.crs.to_epsg() == 4326
    assert areas.loc[areas["place_code"] == "0001"].geometry.item().area == pytest.approx(0.04)
    assert areas.loc[areas["place_code"] == "0002"].geometry.item() is None


def test_people_of_a_warning_are_empty_and_not_0(tmp_path):
    write_exports(square_day(DAY, {"S01": {3: (38, 150.0)}}), {}, tmp_path)
    assert [row["people_affected"] for row in rows(tmp_path / "events.csv")] == [""]
    assert {row["people_affected"] for row in rows(tmp_path / "areas.csv")} == {""}


def test_people_who_are_unknown_are_empty_and_a_part_of_them_is_that_part(tmp_path):
    day = square_day(DAY, {"S01": {3: (38, 350.0)}})
    (event,) = day.events
    first, *others = (replace(area, people_known=False, share=None) for area in event.areas)
    day = replace(day, events=(replace(event, areas=(replace(first, people=0), *others)),))
    write_exports(day, {}, tmp_path)
    assert [row["people_affected"] for row in rows(tmp_path / "events.csv")] == ["100"]
    assert [row["people_affected"] for row in rows(tmp_path / "areas.csv")] == ["", *["100"] * len(others)]
    assert {row["share_of_population"] for row in rows(tmp_path / "areas.csv")} == {""}
    assert [row["people affected"] for row in area_rows(day)][:1] == ["unknown"]
    assert [row["people"] for row in event_rows(day)] == ["at least 100"]


def test_points_are_longitude_then_latitude(folder):
    events = json.loads((folder / "events.geojson").read_text(encoding="utf-8"))
    assert events["features"][0]["geometry"] == {"type": "Point", "coordinates": [30.1, 1.1]}
    assert events["features"][0]["properties"]["station"] == "=1+1"  # data, not a spreadsheet: unchanged


def test_a_day_without_events_has_files_without_rows(tmp_path):
    write_exports(square_day(DAY, {}), {}, tmp_path)
    assert rows(tmp_path / "events.csv") == []
    assert (tmp_path / "events.csv").read_text(encoding="utf-8-sig").startswith("country,issue_date,exercise,event,")
    assert json.loads((tmp_path / "areas.geojson").read_text())["features"] == []
    assert len(rows(tmp_path / "stations.csv")) == 3
