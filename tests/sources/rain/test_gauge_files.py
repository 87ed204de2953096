"""Rain gauges and water levels out of folders of readings, whatever some of the files are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.wiring.rain_sources import open_levels, open_rain_sources
from ibf_pipeline.errors import ConfigError, InputInvalid
from ibf_pipeline.hazards.flash_floods.gauges import gauges_found
from ibf_pipeline.sources.rain.levels import read_places
from tests.sources.rain.test_files import MODEL, model
from tests.sources.rain.world import NOW, after, at, block, configured, series

GAUGES: dict[str, Any] = {"kind": "rain-gauges", "root": "sensors"}
LEVELS: dict[str, Any] = {"kind": "water-levels", "root": "levels"}
TABLE = """fid,name,offset_m,reference_1,reference_2,warning-low,trigger
5,Lake Kazuni,0.5,1.0,1.2,2,3
6,Karonga,,,,,
"""


def static(root: Path, name: str, text: str) -> None:
    (root / "static" / "MWI").mkdir(parents=True, exist_ok=True)
    (root / "static" / "MWI" / name).write_text(text)


def counter(root: Path, code: str, mm_h: float, first: int = -14, last: int = 0, end: str = ".csv") -> Path:
    """Hourly readings of a counter."""
    (root / "sensors").mkdir(exist_ok=True)
    file = root / "sensors" / f"{code}{end}"
    readings = [(after(hour), 100 + mm_h * (hour - first)) for hour in range(first, last + 1)]
    if end == ".csv":
        file.write_text("time,rain\n" + "".join(f"{moment.isoformat()},{mm}\n" for moment, mm in readings))
    else:
        file.write_text(json.dumps([{"$ts": f"{moment:%y%m%d%H%M%S}", "Rain": mm} for moment, mm in readings]))
    return file


def test_gauges_stand_for_their_areas_and_leave_the_rest_to_others(tmp_path: Path) -> None:
    for began in (0, -6, -12):
        model(tmp_path / "model", began, lambda hour: 1)
    static(tmp_path, "rain_gauges.csv", "code,lat,lon,area\nK1,-10.7,33.5,\nK10,-10.7,33.6,\nFar,-12,30,\n")
    counter(tmp_path, "K1", 3)
    counter(tmp_path, "K10", 8)
    found = block(tmp_path, {"sensors": GAUGES, "model": MODEL})
    assert at(found.rain, 0, "A") == (3, "gauge K1"), "K1 is nearest, and K10.csv is not one of its files"
    assert at(found.rain, 0, "B") == (1, "model 2026-02-15T00")
    assert found.rain["observed"].sel(time="2026-02-15T06").values.tolist() == [True, False]
    assert found.notes == ("sensors: no readings of late from gauge Far",)
    assert found.origin["sources"]["sensors"]["gauges"] == ["K1", "K10"]


def test_the_last_hour_is_known_of_a_logger_that_does_not_write_on_the_hour(tmp_path: Path) -> None:
    """Its counter goes on by 5 mm an hour, written 7 minutes after each; hours after the issue time are not used."""
    model(tmp_path / "model", 0, lambda hour: 1)
    static(tmp_path, "rain_gauges.csv", "code,lat,lon,area\nK1,-10.7,33.5,\n")
    (tmp_path / "sensors").mkdir()
    rows = [f"{after(hour + 7 / 60).isoformat()},{5 * (hour + 14)}" for hour in range(-14, 3)]
    (tmp_path / "sensors" / "K1.csv").write_text("\n".join(["time,rain", *rows]))
    found = block(tmp_path, {"sensors": GAUGES, "model": MODEL})
    assert [at(found.rain, hour) for hour in (-1, 0)] == [(5, "gauge K1")] * 2
    assert at(found.rain, 1) == (1, "model 2026-02-15T06")


def test_json_of_sensors_with_keys_of_its_own(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    static(tmp_path, "kenya.csv", "code,lat,lon,area\nS,-12,30,B\n")
    counter(tmp_path, "S_1", 4, end=".json")
    keys = {"gauges": "kenya.csv", "files": "{code}_*.json", "moment": "$ts", "amount": "Rain"}
    found = block(tmp_path, {"sensors": GAUGES | keys, "model": MODEL})
    assert at(found.rain, 0, "B") == (4, "gauge S")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("time,rain\nyesterday,3\n", "gauge K1 is left out: 'yesterday' is not a timestamp"),
        ("moment,rain\n", "gauge K1 is left out: column time is missing"),
        (
            "PK\x03\x04",
            "gauge K1 is left out: this is not a readable CSV file (it is an Excel workbook or another archive)",
        ),
        ("time,rain\n2026-02-15T05:00Z,offline\n", "no readings of late from gauge K1"),
        ("", "no readings of late from gauge K1"),
    ],
)
def test_a_gauge_whose_file_is_bad_is_left_out_and_named(tmp_path: Path, content: str, said: str) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    static(tmp_path, "rain_gauges.csv", "code,lat,lon\nK1,-10.7,33.5\nK2,-10.7,34.4\n")
    counter(tmp_path, "K2", 3)
    (tmp_path / "sensors" / "K1.csv").write_text(content)
    found = block(tmp_path, {"sensors": GAUGES, "model": MODEL})
    assert at(found.rain, 0, "B") == (3, "gauge K2")
    assert np.isnan(series(found.rain, [0], "A")).all()
    assert any(note.startswith(f"sensors: {said}") for note in found.notes)


def test_gauges_without_table_folder_or_readings_are_passed_over(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    sources = {"sensors": GAUGES, "model": MODEL}
    assert "source sensors is passed over: the file is not there" in block(tmp_path, sources).notes[0]
    static(tmp_path, "rain_gauges.csv", "code,lat,lon\nK1,-10.7,33.5\n")
    found = block(tmp_path, sources)
    assert (
        "source sensors is passed over: no readings of 1 gauge from 2026-02-14 18 to 2026-02-15 06 UTC"
        in found.notes[0]
    )
    assert "no rain was measured in the 24 hours before the block (sensors)" in found.doubts[0]


def test_a_country_without_a_forecast_among_its_sources_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none of the sources of MWI is of forecasts: sensors"):
        open_rain_sources(*configured(tmp_path, {"sensors": GAUGES}))


def levels(root: Path, name: str, text: str) -> None:
    (root / "levels").mkdir(exist_ok=True)
    (root / "levels" / name).write_text(text)


def test_water_levels_with_offsets_marks_and_alert_levels(tmp_path: Path) -> None:
    static(tmp_path, "gauges.csv", TABLE)
    levels(
        tmp_path,
        "5.csv",
        "time,level\n2026-02-14T07:00Z,1.1\n2026-02-15T05:00Z,2.3*T\n2026-02-15T05:30Z,\n2026-02-15T05:40Z,fault\n",
    )
    said: list[str] = []
    gauges = open_levels(
        *configured(tmp_path, {"levels": LEVELS, "gfs": {"kind": "gfs"}}, gauges="gauges.csv"), said.append
    )
    assert not said
    assert gauges[0].levels == {datetime(2026, 2, 14, 7, tzinfo=UTC): 1.6, datetime(2026, 2, 15, 5, tzinfo=UTC): 2.8}
    (found,), left_out = gauges_found(gauges, NOW)
    assert (found.fid, found.level, found.previous, found.reference, found.alert_level) == (
        "5",
        2.8,
        1.6,
        1.2,
        "warning-low",
    )
    assert left_out == ("gauge Karonga is left out: no level of it is there",)


def test_a_second_source_of_levels_and_another_unit(tmp_path: Path) -> None:
    static(tmp_path, "gauges.csv", TABLE)
    levels(tmp_path, "5.csv", "not a table of readings")
    levels(tmp_path, "modem_5.json", json.dumps({"data": [{"at": "260215050000", "Wlev": "230"}]}))
    modem = LEVELS | {"files": "modem_{fid}.json", "moment": "at", "level": "Wlev", "unit": "cm"}
    said: list[str] = []
    sources = {"levels": LEVELS, "modem": modem, "gfs": {"kind": "gfs"}}
    gauges = open_levels(*configured(tmp_path, sources, gauges="gauges.csv"), said.append)
    assert list(gauges[0].levels.values()) == [2.8]
    assert [text.split(": ")[:2] for text in said] == [["source levels", "gauge Lake Kazuni is left out"]]


def test_levels_that_cannot_be_shown_stop_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    gfs = {"gfs": {"kind": "gfs"}}
    assert open_levels(*configured(tmp_path, gfs), said.append) == ()
    assert not said, "the country has no table of gauges"
    assert open_levels(*configured(tmp_path, gfs, gauges="gauges.csv"), said.append) == ()
    assert "the file is not there" in said[-1]
    static(tmp_path, "gauges.csv", TABLE)
    assert [gauge.levels for gauge in open_levels(*configured(tmp_path, gfs, gauges="gauges.csv"), said.append)] == [
        {},
        {},
    ]
    assert "none of the sources of MWI is of kind water-levels" in said[-1]
    levels(tmp_path, "5.csv", "time,level\n2026-02-15T05:00Z,1\n")
    levels(tmp_path, "5.old", "time,level\n2026-02-15T05:00Z,2\n")
    open_levels(*configured(tmp_path, {"levels": LEVELS, **gfs}, gauges="gauges.csv"), said.append)
    assert "gauge Lake Kazuni is left out: two levels at 2026-02-15 05:00 UTC: 1.5 and 2.5 m" in said[-1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("5,Again,,,,,", "fid '5'"),
        (",Nameless,,,,,", "fid ''"),
        ("7,Mudi,half a metre,,,,", "offset_m is 'half a metre'"),
        ('7,Mudi,,,"1,2",,', "reference_2 is '1,2'"),
        ("7,Mudi,,,,3,2", r"alert levels \[3.0, 2.0\]"),
    ],
)
def test_a_table_that_cannot_be_meant(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "gauges.csv").write_text(TABLE + line + "\n")
    with pytest.raises(InputInvalid, match=rf"line 4: {said}"):
        read_places(tmp_path / "gauges.csv")
