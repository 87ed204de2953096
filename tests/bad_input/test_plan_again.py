"""`plan` after the configuration changed, and a folder with two forecasts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from flows.wiring.plan import plan_day
from ibf_pipeline.errors import InputInvalid
from tests.worlds.countries.tiny_day import ISSUE, TinyDay, edit_json


@pytest.fixture(autouse=True)
def layers(day: TinyDay) -> None:
    """Nothing here is wrong with the static data."""
    day.bring_layers()


def planned(day: TinyDay) -> list[str]:
    found, _, _ = plan_day(str(day.config), "XTY", ISSUE, "out", str(day.root / "work"), notify=False)
    return [event.name for event in found.events]


def test_the_plan_of_an_unpublished_day_is_of_todays_configuration_and_forecast(day: TinyDay, tmp_path: Path) -> None:
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(tmp_path / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    assert planned(day) == ["G1"]
    day.configure(trigger={"return_period": 5, "probability": 0.6, "lead_time_limit": 1})
    assert planned(day) == [], "the forecast triggers from 2-day on"
    day.configure()
    day.write_forecast("G2=--TTT---")
    assert planned(day) == ["G2"]


def test_a_published_day_says_where_the_configuration_has_changed(
    day: TinyDay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only what a person wrote is a change, never a key that the version of the run did not know."""
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(tmp_path / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    assert day.flow(target="out").is_completed()
    edit_json(day.run_folder.path / "manifest.json", lambda manifest: manifest["configuration"].pop("horizon") and None)
    caplog.clear()
    assert planned(day) == ["G1"]
    assert "configuration has changed" not in caplog.text
    day.configure(horizon=8)
    assert planned(day) == ["G1"]
    assert "the country's configuration has changed since 2026-02-15 was published" in caplog.text


def test_a_stray_grib_file_beside_whole_netcdf_is_said(day: TinyDay) -> None:
    (day.forecast / "control.grib2").write_bytes(b"GRIB")
    error = day.refused(InputInvalid)
    assert error.found.startswith("1 GRIB and 10 netCDF files of 2026-02-15 lie together, such as control.grib2 and")


@pytest.mark.parametrize("stray", ["control.grib2.idx", "notes.txt"])
def test_other_files_do_not_matter(day: TinyDay, stray: str) -> None:
    (day.forecast / stray).write_bytes(b"")
    assert [event.name for event in day.findings().events] == ["G1"]
