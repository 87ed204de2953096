"""Stations, thresholds and mapping of another edition, damaged or incomplete."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr
import yaml

from ibf_pipeline.check.country import check_static
from ibf_pipeline.check.stations import check_thresholds
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.fetch_records import write_fetch_record
from ibf_pipeline.prepare.magnitudes import threshold_doubts
from ibf_pipeline.prepare.store import read_prepared
from tasks.floods import prepared_layers
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import thresholds
from tests.worlds.countries.tiny_day import TinyDay, edit_json, edit_text


def test_a_mapping_with_an_unknown_place_code(day: TinyDay) -> None:
    edit_text(day.static / "station_admin_mapping.csv", "02A", "99X")
    error = day.refused(InputInvalid)
    assert error.found == "line 4: place code '99X' is not an area of the deepest level"
    assert error.where.endswith("station_admin_mapping.csv")
    assert error.expected == "a code such as '01A'"


def test_a_mapping_that_lost_leading_zeros(day: TinyDay) -> None:
    edit_text(day.static / "station_admin_mapping.csv", ",01A", ",1A")
    assert day.refused(InputInvalid).found.endswith("deepest level; there is '01A': leading zeros were lost")


def test_boundaries_that_lost_leading_zeros(day: TinyDay) -> None:
    edit_text(day.static / "admin_areas" / "adm2.geojson", '"01A"', '"1A"')
    assert day.refused(InputInvalid).found.endswith("there is '1A': leading zeros were lost there")


def test_place_codes_as_numbers(day: TinyDay) -> None:
    edit_text(day.static / "admin_areas" / "adm2.geojson", '"ADM2_PCODE": "01A"', '"ADM2_PCODE": 101')
    error = day.refused(InputInvalid)
    assert error.found == "feature 1 has ADM2_PCODE 101"
    assert "numbers lose leading zeros" in error.expected


def test_areas_missing_in_the_mapping_are_reported_and_the_day_goes_on(day: TinyDay) -> None:
    edit_text(day.static / "station_admin_mapping.csv", "1,G1,01B\n", "")
    found = day.findings()
    assert [area.place_code for area in found.events[0].areas_of(2)] == ["01A"]
    assert "1 areas of the deepest level are not in the mapping (01B): taken as no_station" in found.notes


def test_an_area_of_two_stations(day: TinyDay) -> None:
    edit_text(day.static / "station_admin_mapping.csv", "3,no_station,02B", "3,G2,01A")
    assert day.refused(InputInvalid).found == "line 5: area 01A is mapped to G1 and to G2"


def test_a_station_that_is_in_no_list(day: TinyDay) -> None:
    edit_text(day.static / "station_admin_mapping.csv", "G2", "G7")
    assert "station 'G7' is not in stations.csv" in day.refused(InputInvalid).found


def test_a_station_of_the_mapping_that_cannot_alert_is_left_out_with_a_word(day: TinyDay) -> None:
    """G1 and G2 have their lines; G7, of another edition, is listed with an area that nobody knows and with 02B."""
    edit_text(day.static / "station_admin_mapping.csv", "3,no_station,02B", "3,G7,02B\n4,G7,99X")
    found = day.findings()
    assert "station G7 of the mapping is not in stations.csv: its 2 areas count as no_station" in found.notes
    assert [event.name for event in found.events] == ["G1"]
    said = {one.found: one.level for one in check_static(tiny_country.country(), day.static)[0]}
    assert said["stations that stations.csv does not list: G7"] == "warning"


def test_lines_of_no_station_may_name_any_place(day: TinyDay) -> None:
    expected = day.findings()
    edit_text(day.static / "station_admin_mapping.csv", "3,no_station,02B", "3,no_station,02B\n4,no_station,99X")
    found = day.findings()
    assert (found.events, found.notes) == (expected.events, expected.notes)
    assert not [one for one in check_static(tiny_country.country(), day.static)[0] if "99X" in one.found]


def test_a_proposed_mapping_reaches_nobody(day: TinyDay) -> None:
    """`live` notifies; a folder of files does not, and is written with a word about the mapping."""
    mapping = day.static / "station_admin_mapping.csv"
    mapping.rename(mapping.with_suffix(".proposed.csv"))
    error = day.refused(ForbiddenByRule, target="live")
    assert error.found == "no operator has confirmed which areas the stations of XTY stand for"
    assert error.where == str(mapping.with_suffix(".proposed.csv"))
    assert "rename it to station_admin_mapping.csv" in error.remedy
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(day.root / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    assert day.flow(target="out").is_completed()
    assert (
        "the mapping is a proposal that no person has confirmed: for rehearsals only" in day.run_folder.findings().notes
    )
    mapping.with_suffix(".proposed.csv").rename(mapping)
    assert not [note for note in day.findings().notes if "proposal" in note]


def test_a_mapping_that_gives_no_station_an_area(day: TinyDay) -> None:
    (day.static / "station_admin_mapping.csv").write_text(",glofasStation,placeCode\n0,no_station,01A\n")
    assert day.refused(InputInvalid).found == "no station has an area"


def test_a_table_with_other_columns(day: TinyDay) -> None:
    edit_text(day.static / "station_admin_mapping.csv", "placeCode", "pcode")
    assert day.refused(InputInvalid).found.startswith("column placeCode is missing among")


def test_thresholds_of_a_station_missing(day: TinyDay) -> None:
    edit_json(day.static / "thresholds.json", lambda entries: [e for e in entries if e["station_code"] != "G2"])
    assert day.refused(InputInvalid).found == "stations without thresholds: G2"


def test_the_triggers_threshold_missing(day: TinyDay) -> None:
    def without_5(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            entry["thresholds"] = [pair for pair in entry["thresholds"] if pair["return_period"] != 5]

    edit_json(day.static / "thresholds.json", without_5)
    assert day.refused(InputInvalid).found == "station G1 has no threshold for 5 years"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (19.0, "station G2: the 5-year threshold 19 is not above the 2-year one 20"),
        (20.0, "station G2: the 5-year threshold 20 is not above the 2-year one 20"),
        (-5.0, "station G2 has thresholds"),
        (1e6, "station G2 has thresholds"),
        (
            float("nan"),
            "the 5-year threshold of station G2 is nan, which is not a number",
        ),
        (
            "50",
            "the 5-year threshold of station G2 is '50', which is not a number",
        ),
        (10**400, "not a list of stations with thresholds"),
    ],
)
def test_thresholds_that_do_not_grow_or_are_no_discharge(day: TinyDay, value: Any, said: str) -> None:
    edit_json(day.static / "thresholds.json", lambda entries: [thresholds("G1"), thresholds("G2", p5=value)])
    error = day.refused(InputInvalid)
    assert said in error.found
    assert error.where.endswith("thresholds.json")
    assert ("without quotation marks" in error.remedy) == ("which is not a number" in said)


def test_thresholds_repeated_identically_are_fine(day: TinyDay) -> None:
    edit_json(day.static / "thresholds.json", lambda entries: entries * 7)
    assert [event.name for event in day.findings().events] == ["G1"]


def test_thresholds_repeated_differently(day: TinyDay) -> None:
    edit_json(day.static / "thresholds.json", lambda entries: [*entries, thresholds("G1", p10=101)])
    assert day.refused(InputInvalid).found == "station G1 is listed more than once with different thresholds"


def test_a_return_period_that_stands_twice_with_different_thresholds(day: TinyDay) -> None:
    """Within one station the last of two values would win without a word."""

    def repeat(entries: list[dict[str, Any]]) -> None:
        entries[1]["thresholds"].append({"return_period": 5, "threshold_value": 90})

    edit_json(day.static / "thresholds.json", repeat)
    assert "station G1 is listed more than once with different thresholds" in day.refused(InputInvalid).found


@pytest.mark.parametrize("content", ["", "[", "{}{", '{"a": 1}', "[1]", '[{"station_code": "G1"}]', "[" * 100_000])
def test_a_damaged_thresholds_file(day: TinyDay, content: str) -> None:
    (day.static / "thresholds.json").write_text(content)
    error = day.refused(InputInvalid)
    assert "not a list of stations with thresholds" in error.found
    assert error.expected == "[{station_code, thresholds: [{return_period, threshold_value}]}]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("G2,Na", "G1,Na", "line 3: station code 'G1' stands twice"),
        ("0.97,10.12", "10.12,0.97", "every station lies outside the country"),
        ("0.97,10.12", "0.97,somewhere", "line 3: lon is 'somewhere'"),
        ("0.97,10.12", "97,10.12", "line 3: lat is '97'"),
    ],
)
def test_stations_that_are_wrong(day: TinyDay, old: str, new: str, said: str) -> None:
    stations = day.static / "stations.csv"
    edit_text(stations, old, new)
    if "every" in said:
        edit_text(stations, "0.97,10.02", "10.02,0.97")
    error = day.refused(InputInvalid)
    assert error.found.startswith(said)
    assert error.where.endswith("stations.csv")


def test_an_empty_country(day: TinyDay) -> None:
    (day.static / "stations.csv").write_text("stationCode,stationName,lat,lon,fid\n")
    assert day.refused(InputInvalid).found == "there is no station in it"


def test_static_data_that_are_not_there(day: TinyDay) -> None:
    (day.static / "stations.csv").unlink()
    (day.static / "population.tif").unlink()
    error = day.refused(InputInvalid)
    assert error.found == "static data of XTY are missing: stations.csv, population.tif"
    assert error.exit_code == 1, "3 stands for what waiting fixes"


def test_a_station_whose_cell_is_no_river_is_blind_and_never_quiet(day: TinyDay) -> None:
    """G1 would trigger; the table says that its cell is no river, so nothing that it says counts."""
    stations = day.static / "stations.csv"
    stations.write_text("stationCode,stationName,lat,lon,river\nG1,Upper,0.97,10.02,0\nG2,Na,0.97,10.12,\n")
    found = day.findings()
    assert [(s.code, s.condition, s.reason) for s in found.stations if s.condition == "blind"] == [
        ("G1", "blind", "on a cell that is no river")
    ]
    assert found.events == ()
    assert "G2" in {station.code for station in found.stations if station.values is not None}
    stations.write_text("stationCode,stationName,lat,lon,river\nG1,Upper,0.97,10.02,no\nG2,Na,0.97,10.12,\n")
    assert day.refused(InputInvalid).found == "line 2: river is 'no'"


def test_a_decimal_comma_moves_no_station(day: TinyDay) -> None:
    """Upper at 0,97 N 10,02 E read as 0 N 97 E would be blind or another river, and its trigger lost."""
    edit_text(day.static / "stations.csv", "G1,Upper,0.97,10.02,G1", "G1,Upper,0,97,10,02,G1")
    error = day.refused(InputInvalid)
    assert error.found == "line 2 has 7 fields (G1,Upper,0,97,10,02,G1)"
    assert error.where == str(day.static / "stations.csv")
    assert error.expected == "5 fields as in the header (stationCode,stationName,lat,lon,fid)"


@pytest.mark.parametrize(
    ("line", "fields"),
    [("G2,Na,0.97,10,12,G2", 6), ("G2,Na,0.97,10.12,G2,", 6), ("G2,Na, or Lower,0.97,10.12,G2", 6)],
    ids=["one decimal comma", "an empty field", "a comma in a name"],
)
def test_a_line_with_more_fields_than_the_header(day: TinyDay, line: str, fields: int) -> None:
    edit_text(day.static / "stations.csv", "G2,Na,0.97,10.12,G2", line)
    assert day.refused(InputInvalid).found == f"line 3 has {fields} fields ({line})"


def test_a_name_with_a_comma_in_quotes_is_one_field(day: TinyDay) -> None:
    edit_text(day.static / "stations.csv", "G1,Upper,", 'G1,"Upper, left bank",')
    assert day.findings().station("G1").name == "Upper, left bank"


def test_a_line_of_the_mapping_with_more_fields_than_its_header(day: TinyDay) -> None:
    """Blank lines and lines within quotes count: the error names the line of the file."""
    edit_text(day.static / "station_admin_mapping.csv", "1,G1,01B\n", "\n1,,G1,01B\n")
    error = day.refused(InputInvalid)
    assert error.found == "line 4 has 4 fields (1,,G1,01B)"
    assert error.where == str(day.static / "station_admin_mapping.csv")


def thresholds_of_g2(day: TinyDay, *values: float) -> None:
    table = dict(zip(("1.5", "2", "5", "10", "20"), values, strict=True))
    edit_json(day.static / "thresholds.json", lambda entries: [thresholds("G1"), thresholds("G2", **table)])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            (410e3, 450e3, 620e3, 700e3, 800e3),
            "the 1.5-year threshold is 410,000 m3/s, more than any river's flood",
        ),
        ((10e6, 20e6, 50e6, 100e6, 200e6), "station G2 has thresholds"),
        ((10, 20, 50, 100, 200e3), "G2: the 20-year threshold 200000 is 2,000 times the 10-year one 100"),
    ],
    ids=["of a large river", "of the largest", "the rarest alone"],
)
def test_thresholds_in_litres_are_refused_by_check_and_prepare(
    day: TinyDay, values: tuple[float, ...], said: str
) -> None:
    thresholds_of_g2(day, *values)
    error = day.refused(InputInvalid)
    assert said in error.found
    assert "litres per second" in error.remedy
    found = check_static(tiny_country.country(), day.static)[0]
    assert any(said in one.found for one in found if (one.level, one.subject) == ("error", "thresholds"))


def test_thresholds_that_may_be_litres_are_doubted_by_check_and_run(day: TinyDay) -> None:
    thresholds_of_g2(day, 51e3, 60e3, 70e3, 80e3, 90e3)
    notes = day.findings().notes
    assert "thresholds as of the largest rivers on Earth, or litres per second: G2 (51,000 m3/s)" in notes
    found = check_static(tiny_country.country(), day.static)[0]
    said = [one.found for one in found if (one.level, one.subject) == ("warning", "thresholds")]
    assert "1.5-year thresholds as of the largest rivers on Earth: G2 (51,000 m3/s)" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((200, 100, 50, 20, 10), "station G2: the 2-year threshold 100 is not above the 1.5-year one 200"),
        ((50, 50, 50, 50, 50), "station G2: the 2-year threshold 50 is not above the 1.5-year one 50"),
        ((0, 20, 50, 100, 200), "station G2 has thresholds [0.0, 20.0, 50.0, 100.0, 200.0]"),
    ],
    ids=["descending", "all alike", "zero"],
)
def test_thresholds_that_no_river_has(day: TinyDay, values: tuple[float, ...], said: str) -> None:
    thresholds_of_g2(day, *values)
    assert day.refused(InputInvalid).found == said
    found = check_static(tiny_country.country(), day.static)[0]
    assert any(said in one.found for one in found if (one.level, one.subject) == ("error", "thresholds"))


def test_a_key_that_stands_twice_in_one_entry_of_the_thresholds(day: TinyDay) -> None:
    """Python takes the last of the two."""
    file = day.static / "thresholds.json"
    edit_text(file, '"station_code": "G2"', '"station_code": "G2", "station_code": "G1"')
    assert "station_code stands twice in {'station_code': 'G1'" in day.refused(InputInvalid).found


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ((51, 60, 70, 100, 5e3), "thresholds that grow more than 60 times over their return periods: G2 (98 times)"),
        ((10, 20, 50, 100, 199), "stations with one another's thresholds: G1 and G2"),
    ],
)
def test_thresholds_that_are_doubted(day: TinyDay, values: tuple[float, ...], doubt: str) -> None:
    entry = dict(zip(("1.5", "2", "5", "10", "20"), values, strict=True))
    edit_json(day.static / "thresholds.json", lambda _: [thresholds("G1", p20=199), thresholds("G2", **entry)])
    prepare_floods(tiny_country.country(), day.static, day.prepared)
    assert read_prepared(day.prepared, "XTY")[0].doubts == (doubt,)
    found = check_static(tiny_country.country(), day.static)[0]
    assert any("G2" in one.found for one in found if (one.level, one.subject) == ("warning", "thresholds"))


@pytest.mark.parametrize(
    ("values", "lat", "lon", "doubted"),
    [
        ((1, 5, 20, 60, 200), 0.97, 10.12, []),
        ((60, 200, 700, 2000, 3500), 0.97, 10.12, []),
        ((60, 200, 700, 2000, 3700), 0.97, 10.12, ["growth"]),
        ((250e3, 260e3, 280e3, 300e3, 320e3), -1.95, -55.5, []),
        ((55e3, 60e3, 65e3, 70e3, 75e3), -4.3, 15.3, []),
        ((65e3, 70e3, 80e3, 90e3, 100e3), 25.2, 89.7, []),
        ((310e3, 320e3, 330e3, 340e3, 350e3), -1.95, -55.5, ["litres"]),
        ((55e3, 60e3, 65e3, 70e3, 75e3), 0.97, 10.12, ["litres"]),
    ],
    ids=["wadi", "desert river", "steeper", "Amazon", "Congo", "Brahmaputra", "beyond the Amazon", "a small river"],
)
def test_thresholds_of_real_rivers_are_not_doubted(
    values: tuple[float, ...], lat: float, lon: float, doubted: list[str]
) -> None:
    table = xr.DataArray(
        [list(values)],
        dims=("station", "return_period"),
        coords={"station": ["G2"], "return_period": [1.5, 2, 5, 10, 20]},
    )
    station = Station("G2", "Na", lat, lon, lat, lon)
    kinds = {"growth": "thresholds that grow", "litres": "thresholds as of the largest rivers"}
    said = threshold_doubts(table, [station], "")
    assert [name for name, words in kinds.items() if any(one.startswith(words) for one in said)] == doubted
    assert len(said) == len(doubted)
    levels = {"growth": "thresholds grow", "litres": "1.5-year thresholds as of the largest"}
    found = [one.found for one in check_thresholds(table, [station]) if one.level == "warning"]
    assert [name for name, words in levels.items() if any(one.startswith(words) for one in found)] == doubted


def test_what_was_doubtful_about_fetched_files_is_said_by_the_run_until_they_change(day: TinyDay) -> None:
    doubt = "2 stations proposed on large rivers by a rule that knows no gauges"
    file = day.static / "stations.csv"
    write_fetch_record(day.static, file.name, {"from": "a list", "doubt": doubt, "sha256": sha256(file)})
    layers, _ = prepared_layers.fn("XTY", tiny_country.country(), day.static, day.prepared)
    assert (layers.doubts, layers.findings[-1]) == ((doubt,), doubt)
    edit_text(file, "Upper", "Mill bridge")
    assert prepared_layers.fn("XTY", tiny_country.country(), day.static, day.prepared)[0].doubts == ()


def test_ground_that_no_area_of_the_deepest_level_keeps_is_doubted(day: TinyDay) -> None:
    file = day.static / "admin_areas" / "adm2.geojson"
    edit_json(file, lambda content: {**content, "features": content["features"][:-1]})
    edit_text(day.static / "station_admin_mapping.csv", "3,no_station,02B\n", "")
    prepare_floods(tiny_country.country(), day.static, day.prepared)
    assert read_prepared(day.prepared, "XTY")[0].doubts == (
        "1 area of level 1 (02) not filled by those of level 2: nobody is counted in the rest",
    )
    found = [one.found for one in check_static(tiny_country.country(), day.static)[0] if one.level == "warning"]
    assert "areas of level 1 that those of level 2 do not fill: 02 (50%)" in found
