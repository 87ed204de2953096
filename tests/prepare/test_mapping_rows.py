"""Rows of the mapping and columns of a table that can be taken in two ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.stations import read_mapping, read_stations
from tests.worlds.countries.tiny_country import STATIONS

CODES = ("01A", "01B", "02A")


def test_an_empty_station_is_said(tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text(STATIONS)
    stations = read_stations(tmp_path / "stations.csv")
    file = tmp_path / "mapping.csv"
    file.write_text("glofasStation,placeCode\nG1,01A\n,01B\nG2,02A\n")
    mapping, findings = read_mapping(file, stations, CODES)
    assert mapping == {"G1": ("01A",), "G2": ("02A",)}
    assert findings == ["1 area with an empty station in the mapping (01B): no_station"]


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text(STATIONS)
    stations = read_stations(tmp_path / "stations.csv")
    file = tmp_path / "mapping.csv"
    file.write_text("glofasStation,placeCode,placeCode\nG1,01A,02A\n")
    with pytest.raises(InputInvalid, match="column placeCode stands twice"):
        read_mapping(file, stations, CODES)
