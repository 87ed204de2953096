"""What makes numbers doubtful stands in the run's state, its report and its notices, and nowhere twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import netCDF4
import yaml

from ibf_pipeline.report.builder import make_report
from ibf_pipeline.report.floods.run_data import FloodRunData
from ibf_pipeline.report.headline import cautions
from ibf_pipeline.targets.doubts import NUMBERS_DOUBTFUL, _doubts, doubt_notices
from tests.worlds.countries.flood_findings import event, found, station
from tests.worlds.countries.tiny_country import thresholds
from tests.worlds.countries.tiny_day import ISSUE, TinyDay, edit_json
from tests.worlds.runs import flood_run, kept_notices

LITRES = "thresholds as of the largest rivers on Earth, or litres per second: G2 (51,000 m3/s)"


def test_a_doubt_of_the_static_data_is_told_with_an_alert_and_once_without(day: TinyDay) -> None:
    large = {"1.5": 51e3, "2": 60e3, "5": 70e3, "10": 80e3, "20": 90e3}
    edit_json(day.static / "thresholds.json", lambda entries: [thresholds("G1"), thresholds("G2", **large)])
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(day.root / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    state = day.flow(target="out")
    assert state.is_completed()
    assert (state.message or "").count(f"doubtful: {LITRES}") == 1
    (notice,) = kept_notices(day.run_folder, "out")
    assert (notice.kind, notice.event) == (NUMBERS_DOUBTFUL, "the inputs")
    assert f"Say so to whoever acts on them.\n- {LITRES}\n- station G2: thresholds begin at 51,000 m3/s" in notice.text
    assert cautions(day.run_folder.findings()).count(f"Doubtful: {LITRES}.") == 1
    next_day = ISSUE + timedelta(days=1)
    day.write_forecast("", issue_date=next_day)
    assert LITRES in (day.flow(target="out", issue_date=next_day).message or "")
    assert kept_notices(flood_run(day.root / "work" / "runs", "XTY", next_day), "out") == []


def test_a_doubt_that_comes_and_goes_is_told_once_in_thirty_days(day: TinyDay) -> None:
    """As a wadi does, whose station is practically dry on some days: no mail on each of them."""
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(day.root / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    told = {}
    for later, dry in ((0, True), (1, False), (2, True), (33, True)):
        issue_date = ISSUE + timedelta(days=later)
        folder = day.write_forecast("", issue_date=issue_date)
        for file in sorted(folder.iterdir()) if dry else ():
            with netCDF4.Dataset(file, "a") as data:
                row, column = day.cells["G2"]
                data["dis"][:, row, column] *= 1e-3
        assert day.flow(target="out", issue_date=issue_date).is_completed()
        run = flood_run(day.root / "work" / "runs", "XTY", issue_date)
        assert bool(run.findings().unseen) == dry
        told[later] = [notice.kind for notice in kept_notices(run, "out")]
    assert told == {0: [NUMBERS_DOUBTFUL], 1: [], 2: [], 33: [NUMBERS_DOUBTFUL]}


def test_a_doubt_is_told_when_it_is_new_and_once_a_day_with_alerts() -> None:
    quiet = replace(found([], []), notes=("a", "b", "c"), doubts=("a", "b"))
    alert = replace(found([event("G1", "--TT----", "max", {"A": 3, "A1": 3})], []), notes=("a", "b"), doubts=("a", "b"))
    for day, before, told in (
        (quiet, {}, True),
        (quiet, {"a": False}, True),
        (quiet, {"a": False, "b": False, "d": False}, False),
        (alert, {"a": False, "b": False}, True),
        (alert, {"a": True, "b": True}, False),
        (alert, {"a": True}, True),
        (replace(alert, doubts=()), {"a": False}, False),
    ):
        assert [notice.text.count("\n- ") for notice in doubt_notices(day, before)] == [2] * told, before


def test_a_suspect_station_is_a_doubt_whatever_its_numbers_are_today() -> None:
    dry = replace(station("G4"), condition="suspect", reason="practically dry: at most 0.1 m3/s")
    (notice,) = doubt_notices(found([], [dry]), {})
    assert notice.text.endswith("\n- G4 (Name of G4): practically dry: at most 0.1 m3/s")
    assert doubt_notices(found([], [dry]), {"suspect G4": False}) == []


def test_a_doubt_with_other_numbers_is_the_same_doubt() -> None:
    """Codes in parentheses and names are no numbers of it; two that are alike without theirs are both said."""
    before = replace(found([], []), doubts=("40 of 51 fit (G1), 2.5% of RP10 at 3-day", "1 cell", "2 cells", "3 cells"))
    told = dict.fromkeys(_doubts(before), False)
    assert doubt_notices(before, {})[0].text.count("\n- ") == 4
    for words, new in (("39 of 51 fit (G1), 3% of RP10 at 2-day", False), ("39 of 51 fit (G2), 3% of RP10", True)):
        assert bool(doubt_notices(replace(found([], []), doubts=(words,)), told)) == new


def test_a_report_says_a_doubt_once() -> None:
    quiet = replace(found([], []), notes=("a", "b", "c"), doubts=("a", "b"))
    report = make_report(quiet, None, {}, (), FloodRunData(None, {}))
    assert report.cautions == ("Doubtful: a.", "Doubtful: b.")
    assert report.notes == ("c",)


def test_a_report_says_a_suspect_station_and_a_question_in_its_head() -> None:
    dry = replace(station("G4"), condition="suspect", reason="practically dry: at most 0.1 m3/s")
    quiet = replace(found([], [dry]), notes=("in metres?",), doubts=("in metres?",))
    assert cautions(quiet) == [
        "1 station has a doubtful forecast, on which neither alert nor all clear can rely: Name of G4 (G4).",
        "Doubtful: in metres?",
    ]
