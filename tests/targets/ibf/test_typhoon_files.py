"""A cycle of typhoon in a folder of files: tracks as points and as lines beside events and areas."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.files.target import FilesTarget
from ibf_pipeline.targets.problems import Overrides
from tests.worlds.countries.flash_days import clock
from tests.worlds.countries.two_valleys_run import write_outlines
from tests.worlds.typhoon_days import TyphoonDays
from tests.worlds.typhoon_findings import AREAS, cycle, storm

CYCLE = cycle(storm("ALPHA", AREAS[:2]), storm("BRAVO", AREAS[3:5], trigger=False, lead=96, approach="passes"))


def published(folder: Path) -> Path:
    """The folder of the cycle."""
    run: RunFolder = TyphoonDays(folder / "runs", Sandbox(folder / "box")).keep(CYCLE)
    target = FilesTarget("folder", folder / "out", write_outlines(folder / "prepared"), clock)
    revision = target.revise(CYCLE, run, Overrides())
    assert revision is not None
    target.carry_out(revision)
    assert target.revise(CYCLE, run, Overrides()) is None, "the same cycle again is nothing new"
    return folder / "out" / "PHL" / "typhoon" / "2026-11-24T00"


def test_tracks_beside_events_and_areas(tmp_path: Path) -> None:
    day = published(tmp_path)
    with (day / "track_points.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [sum(row["event"] == name for row in rows) for name in ("ALPHA", "BRAVO")] == [15, 23]
    assert [(row["event"], row["time"][:16]) for row in rows if row["landfall"] == "yes"] == [
        ("ALPHA", "2026-11-26T00:00")
    ]
    lines = json.loads((day / "tracks.geojson").read_text())["features"]
    assert [line["properties"]["event"] for line in lines] == ["ALPHA", "BRAVO"]
    with (day / "areas.csv").open(encoding="utf-8-sig", newline="") as stream:
        areas = {
            row["place_code"]: (row["houses_affected"], row["windspeed_kmh_10min"]) for row in csv.DictReader(stream)
        }
    assert areas == dict.fromkeys((*AREAS[:2], *AREAS[3:5]), ("0.2", "150"))
    assert not list(day.glob("*.tif")), "typhoon has no rasters"
