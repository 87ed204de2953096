"""A standing doubt that an operator has looked into: kept in the notes, told to nobody, and named by `check`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from ibf_pipeline.check.country import check_static
from ibf_pipeline.check.finding import Finding
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.report.builder import make_report
from ibf_pipeline.report.floods.run_data import FloodRunData
from ibf_pipeline.report.headline import cautions
from ibf_pipeline.targets.day_summary import day_in_words
from tests.worlds.countries import tiny_country
from tests.worlds.countries.flood_findings import found
from tests.worlds.countries.tiny_country import thresholds, write_raster
from tests.worlds.countries.tiny_day import TinyDay, edit_json, edit_text
from tests.worlds.runs import kept_notices

LITRES = "thresholds as of the largest rivers on Earth, or litres per second: G1 (51,000 m3/s)"
LARGE = {"1.5": 51e3, "2": 60e3, "5": 70e3, "10": 80e3, "20": 90e3}


def large_rivers(day: TinyDay) -> None:
    edit_json(day.static / "thresholds.json", lambda _: [thresholds("G1", **LARGE), thresholds("G2")])


def checked(day: TinyDay, **changes: Any) -> list[Finding]:
    return check_static(tiny_country.country(**changes), day.static)[0]


def test_an_accepted_doubt_is_a_note_of_the_day_and_nothing_else(day: TinyDay) -> None:
    large_rivers(day)
    day.configure(accepted_doubts=["litres per second: G1 (51,000"])
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(day.root / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    state = day.flow(target="out")
    assert state.is_completed()
    assert "litres" not in (state.message or "")
    of_day = day.run_folder.findings()
    assert (of_day.doubts, of_day.notes.count(f"accepted: {LITRES}")) == ((), 1)
    assert not any("litres" in words for words in cautions(of_day))
    assert f"accepted: {LITRES}" in make_report(of_day, None, {}, (), FloodRunData(None, {})).notes
    assert not any(LITRES in notice.text for notice in kept_notices(day.run_folder, "out"))


def test_a_doubt_in_other_numbers_is_told_again(day: TinyDay) -> None:
    large_rivers(day)
    prepare_floods(tiny_country.country(), day.static, day.prepared)
    layers = read_prepared(day.prepared, "XTY")[0]
    assert layers.accepting(["G1 (52,000 m3/s)"]) == layers
    assert layers.accepting(["G1 (51,000 m3/s)"]).doubts == ()


def test_check_names_what_is_accepted_and_what_is_doubted_no_more(day: TinyDay) -> None:
    large_rivers(day)
    (said,) = [one for one in checked(day, accepted_doubts=[LITRES]) if "largest rivers" in one.found]
    assert (said.level, said.remedy) == ("accepted", "")
    accepted = ["litres per second: G1", "flood_map_XTY_RP10.tif: average depth"]
    (gone,) = [one for one in checked(day, accepted_doubts=accepted) if one.found.startswith("accepted_doubts")]
    assert (gone.level, "flood_map_XTY_RP10.tif" in gone.found) == ("warning", True)
    edit_text(day.static / "station_admin_mapping.csv", ",02A", ",99X")
    assert not any(one.found.startswith("accepted_doubts") for one in checked(day, accepted_doubts=accepted))


def test_check_knows_every_doubt_that_runs_have(day: TinyDay) -> None:
    large_rivers(day)
    edit_text(day.static / "station_admin_mapping.csv", "no_station,02B", "G7,02B")
    edit_text(day.static / "stations.csv", "G2,Na,0.97,10.12", "G2,Na,0.97,10.021")
    (day.static / "population_totals.csv").write_text("adminLevel,placeCode,value\n1,01,170\n1,02,190\n")
    deep = np.zeros((10, 20))
    deep[:7, :] = 1.0
    write_raster(day.static / "flood_maps" / "flood_map_XTY_RP10.tif", deep)
    prepare_floods(tiny_country.country(), day.static, day.prepared)
    doubts = read_prepared(day.prepared, "XTY")[0].doubts
    findings = checked(day)
    assert len(doubts) > 3
    assert {doubt for one in findings for doubt in one.doubts} == set(doubts)
    assert {one.level for one in findings if one.doubts} == {"warning"}
    accepted = checked(day, accepted_doubts=list(doubts))
    assert {one.level for one in accepted if one.doubts} == {"accepted"}
    assert not any(one.found.startswith("accepted_doubts") for one in accepted)


@pytest.mark.parametrize("text", ["", "  ", "G1", "RP10.tif"])
def test_a_text_of_many_doubts_is_no_acceptance(text: str) -> None:
    with pytest.raises(ValidationError, match="accepted_doubts"):
        tiny_country.country(accepted_doubts=[text])


def test_the_state_says_the_first_of_many_doubts_in_one_short_line() -> None:
    day = replace(found([], []), doubts=("a " * 100, "b", "c"))
    words = day_in_words(day, [])
    assert words.count("doubtful") == 1
    assert words.endswith("a ... (and 2 other doubts, in the report)")
    assert len(words) < 250
    assert day_in_words(replace(day, doubts=("b",)), []).endswith("; doubtful: b")
