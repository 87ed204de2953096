"""A cycle of three storms over 1,647 municipalities, end to end, against its floor: bare posts of the same bodies.

From BUFR to a notified portal: the file of 52 members is read in a process of its own, winds, areas and triggers are
found, the calls are planned and published to the sandbox with transport and journal. The floor logs in once, keeps one
connection and posts each call's bytes, made beforehand. Each publishes to a fresh sandbox in a process of its own;
rounds alternate and the medians count. Memory is the largest of this process and of the reader's.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import xarray as xr

from benchmarks.flash_block import publish_barely, publish_ours, sandbox
from benchmarks.publish import ask
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.cycle import Cycle, find
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.publish.call import Call
from ibf_pipeline.sandbox import CountrySeed, HazardSeed
from ibf_pipeline.synthetic.track_files import write_tracks
from ibf_pipeline.targets.ibf.bodies import PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from ibf_pipeline.targets.ibf.planner import plan_calls
from ibf_pipeline.tracks.reader import read_tracks_isolated
from tests.worlds.services.portal import rectangle
from tests.worlds.storms import Storm, cycle

START = datetime(2026, 2, 15, tzinfo=UTC)
CODES = tuple(f"XTB{number:04d}" for number in range(1647))
ROW = 42
"""areas side by side, a quarter of a degree each, from 116 to 126.5 E; 40 rows from 8 N on"""
SIZE = 0.25
STORMS = tuple(
    Storm(f"2{number}W", f"STORM{'ABC'[number]}", lat, 127.0 + 5 * number, START, 50, spread=1.0)
    for number, lat in enumerate((10.0, 13.0, 16.0))
)
"""three degrees apart, each a day behind the one before: they share municipalities"""


@dataclass(frozen=True, slots=True)
class Made:
    """A cycle up to its calls."""

    found: TyphoonFindings
    calls: list[Call]
    read_s: float
    find_s: float
    plan_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="cycles, and publications of the floor")
    parser.add_argument("--areas", type=int, default=len(CODES), help="municipalities, at most 1647")
    options = parser.parse_args()
    layers = municipalities(options.areas)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        file = write_tracks(cycle(IssueTime(START.date(), 0), STORMS), work / "tracks.bufr")
        ours, floor, states, made = [], [], [], []
        for number in range(options.rounds):
            made.append(make(file, layers))
            with sandbox(work / f"ours-{number}", seed(options.areas)) as server:
                ours.append(publish_ours(made[-1].calls, work, work / f"records-{number}", ask(server, "url")))
                states.append(ask(server, "state"))
            with sandbox(work / f"floor-{number}", seed(options.areas)) as server:
                floor.append(publish_barely(made[-1].calls, work, ask(server, "url")))
                states.append(ask(server, "state"))
    _print(made, ours, floor, same=all(state == states[0] for state in states))


def _print(made: list[Made], ours: list[float], floor: list[float], *, same: bool) -> None:
    found, calls = made[-1].found, made[-1].calls
    rows = sum(len(event.areas) for event in found.events)
    print(f"{len(found.events)} storms, {found.members} members, {rows} rows of areas, {len(calls)} calls")
    print(f"{len(made)} rounds each, medians; same state and mails afterwards: {same}")
    steps = {"read": "read_s", "find": "find_s", "plan": "plan_s"}
    seconds = {step: statistics.median(getattr(each, name) for each in made) for step, name in steps.items()}
    seconds["publish"] = statistics.median(ours)
    bare = statistics.median(floor)
    print(f"ours: {sum(seconds.values()):.2f} s (" + ", ".join(f"{k} {v:.2f}" for k, v in seconds.items()) + ")")
    print(f"floor: {bare:.2f} s")
    print(f"ratio: {sum(seconds.values()) / bare:.2f}x; of publishing alone: {seconds['publish'] / bare:.2f}x")
    own, reader = (
        resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"memory: {own} MB, of the largest process beside it {reader} MB")


def make(file: Path, layers: TyphoonLayers) -> Made:
    """The findings and the calls of the cycle."""
    started = time.perf_counter()
    tracks = read_tracks_isolated([file], START)
    read = time.perf_counter()
    found = find(Cycle(tracks, source="made-up tracks"), layers, country(), START)
    there = time.perf_counter()
    calls = plan_calls(found, PlanParameters(START.replace(second=1), {3: tuple(layers.areas)}, {}), API_FROM_0_284)
    return Made(found, calls, read - started, there - read, time.perf_counter() - there)


def country() -> TyphoonCountry:
    """Its configuration: a country-wide alternative of the wind, so that it needs no regions."""
    trigger = {"scope": "country", "measure": "wind_kmh", "amount": 118, "probability": 0.5, "within_h": 72}
    content: dict[str, Any] = {
        "iso3": "XTB", "name": "Stormland", "admin_levels": [3], "default_admin_level": 3, "sources": ["tracks"],
        "monitoring": [[110, 0], [150, 0], [150, 30], [110, 30]], "province_level": 2, "triggers": [trigger],
    }  # fmt: skip
    return TyphoonCountry.model_validate(content)


def municipalities(number: int) -> TyphoonLayers:
    """Squares in rows, ten in a province, 2,500 people in each of the four to nine cells of an area, 1,000 houses."""
    west, south = 116 + SIZE * (np.arange(number) % ROW), 8 + SIZE * (np.arange(number) // ROW)
    boxes = shapely.box(west, south, west + SIZE, south + SIZE)
    codes = CODES[:number]
    offsets = [(0.05, 0.05), (0.15, 0.05), (0.05, 0.15), (0.15, 0.15)]
    lon, lat = (np.concatenate([edge + each[axis] for each in offsets]) for axis, edge in enumerate((west, south)))
    area = np.tile(np.arange(number), len(offsets))
    columns = {"lat": lat, "lon": lon, "area": area, "people": np.full(len(area), 2500.0)}
    return TyphoonLayers(
        iso3="XTB",
        areas={
            code: Area(code, f"Area {code}", 3, f"P{place // 10:03d}", 10_000.0) for place, code in enumerate(codes)
        },
        provinces={f"P{place:03d}": f"Province {place}" for place in range(-(-number // 10))},
        regions={},
        region_of={},
        centres={code: (west[place] + SIZE / 2, south[place] + SIZE / 2) for place, code in enumerate(codes)},
        cells=xr.Dataset({name: ("cell", values) for name, values in columns.items()}),
        houses=dict.fromkeys(codes, 1000.0),
        land=shapely.union_all(boxes),
    )


def seed(number: int) -> CountrySeed:
    """The country of the sandbox."""
    features = [
        {
            "type": "Feature",
            "properties": {"ADM3_PCODE": code, "ADM3_EN": f"Area {code}", "ADM2_PCODE": "XTB", "ADM2_EN": "Province"},
            "geometry": rectangle(116 + SIZE * (place % ROW), 8 + SIZE * (place // ROW), SIZE, SIZE),
        }
        for place, code in enumerate(CODES[:number])
    ]
    indicators = (TYPHOON.main_exposure, TYPHOON.people_indicator, *TYPHOON.indicators)
    return CountrySeed(
        iso3="XTB",
        name="Stormland",
        admin_areas={3: {"type": "FeatureCollection", "features": features}},
        hazards=(HazardSeed("typhoon", (3,), 3, indicators),),
    )


if __name__ == "__main__":
    main()
