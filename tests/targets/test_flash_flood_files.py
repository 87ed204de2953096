"""Flash floods in a folder of files: exposed points and lines, water levels and reasons as tables, and 18 rasters."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.runs.flash_floods import KeptAsset, write_assets_kept
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.files.target import FilesTarget
from ibf_pipeline.targets.problems import Overrides
from tests.worlds.countries.flash_days import EXPOSED, GAUGES, FlashDays, clock
from tests.worlds.countries.two_valleys import found, rain
from tests.worlds.countries.two_valleys_run import write_outlines

SCHOOL = KeptAsset("schools", "16", "Saint-Étienne", -10.72, 33.35, "A1")
BLOCK = found(rain(EXPOSED), gauges=GAUGES)


def published(folder: Path) -> Path:
    """The folder of the block."""
    run = FlashDays(folder / "runs", Sandbox(folder / "box")).keep(BLOCK)
    write_assets_kept(run.path, BLOCK, [SCHOOL])
    return publish(folder, run)


def publish(folder: Path, run: RunFolder) -> Path:
    target = FilesTarget("folder", folder / "out", write_outlines(folder / "prepared"), clock)
    revision = target.revise(BLOCK, run, Overrides())
    assert revision is not None
    target.carry_out(revision)
    assert target.revise(BLOCK, run, Overrides()) is None, "the same block again is nothing new"
    return folder / "out" / "XTV" / "flash-floods" / "2026-02-15T06"


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_and_rasters_of_a_block(tmp_path: Path) -> None:
    day = published(tmp_path)
    exposed = rows(day / "exposed.csv")
    assert [(row["event"], row["category"], row["fid"], row["lead_time_hours"]) for row in exposed] == [
        ("Alpha", "roads", "120", "3"), ("Alpha", "schools", "7", "3"), ("Alpha", "schools", "16", "3"),
        ("Beta", "schools", "9", "15"),
    ]  # fmt: skip
    assert [row["name"] for row in exposed] == ["", "", "Saint-Étienne", ""], "names where they are kept"
    gauges = {row["fid"]: (row["level_m"], row["day_before_m"], row["alert_level"]) for row in rows(day / "gauges.csv")}
    assert gauges == {"5": ("3.0", "2.5", "warning"), "6": ("1.25", "", "")}
    assert {row["place_code"] for row in rows(day / "areas.csv")} == {"A1", "A2", "B1"}
    assert len(list(day.glob("flood_extent_*-hour_XTV.tif"))) == len(FLASH_FLOODS.lead_times)
    places = json.loads((day / "exposed.geojson").read_text())["features"]
    assert [place["geometry"] is not None for place in places] == [False, False, True, False]


def test_damaged_names_cost_no_block(tmp_path: Path) -> None:
    run = FlashDays(tmp_path / "runs", Sandbox(tmp_path / "box")).keep(BLOCK)
    (run.path / "assets.json").write_text("[{")
    assert [row["name"] for row in rows(publish(tmp_path, run) / "exposed.csv")] == [""] * 4
