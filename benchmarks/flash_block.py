"""A block of flash floods published to the sandbox, against its floor: the same calls as bare HTTP posts.

A country as large as Malawi (367 areas of level 3) with three districts in alert: eight indicators and the lead times
of each, points, lines and gauges, 18 rasters, preview and notification. The floor logs in once, keeps one connection
and posts each call's bytes, made beforehand: no journal, no repeats, nothing looked at. Both publish the same plan to a
fresh sandbox in a process of its own; rounds alternate and the median counts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from benchmarks.publish import ACCOUNT, ask, journal_in
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.extents import extents_of
from ibf_pipeline.hazards.flash_floods.findings import (
    ExposedAssets,
    FlashFloodEvent,
    FlashFloodFindings,
    FlashRule,
    GaugeFound,
)
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.publisher import publish
from ibf_pipeline.sandbox import CountrySeed, HazardSeed, PointSeed, Sandbox
from ibf_pipeline.targets.ibf.bodies import PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from ibf_pipeline.targets.ibf.planner import plan_calls
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from tests.worlds.services.portal import rectangle
from tests.worlds.services.snapshot import snapshot

START = datetime(2026, 2, 15, 6, tzinfo=UTC)
AREAS = tuple(f"XFB{number:03d}" for number in range(367))
POINTS = {"schools": 458, "health_sites": 185, "waterpoints": 2000}
LINES = {"roads": 500, "buildings": 9000}
DISTRICTS = {"Karonga": (6, 4), "Rumphi": (0, 8), "Blantyre City": (15, 23)}
"""event -> lead time, areas"""
REACHED = {"schools": 12, "health_sites": 5, "waterpoints": 120, "roads": 25, "buildings": 700}
"""of each district"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="publications of each publisher")
    parser.add_argument("--raster-kb", type=int, default=100, help="size of each of the 18 rasters")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        calls = make_plan(work, options.raster_kb)
        ours, floor, states = [], [], []
        for number in range(options.rounds):
            for name, times in (("ours", ours), ("floor", floor)):
                with sandbox(work / f"{name}-{number}", seed()) as server:
                    url = ask(server, "url")
                    if name == "ours":
                        times.append(publish_ours(calls, work, work / f"records-{number}", url))
                    else:
                        times.append(publish_barely(calls, work, url))
                    states.append(ask(server, "state"))
    same = all(state == states[0] for state in states)
    print(f"{len(calls)} calls, {options.rounds} rounds each, medians; same state and mails afterwards: {same}")
    medians = [statistics.median(times) for times in (ours, floor)]
    for name, seconds in zip(("ours", "floor"), medians, strict=True):
        print(f"{name}: {seconds:.2f} s, {1000 * seconds / len(calls):.1f} ms a call")
    print(f"ratio: {medians[0] / medians[1]:.2f}x")


def publish_ours(calls: list[Call], folder: Path, records: Path, url: str) -> float:
    """Seconds with the project's publisher, transport and journal."""
    journal = journal_in(records)
    started = time.perf_counter()
    client = IbfClient(url, ACCOUNT, RetryPolicy(60, 5))
    transport = IbfTransport(client, folder.joinpath)
    transport.prepare(calls)
    publish(calls, transport, journal)
    seconds = time.perf_counter() - started
    client.close()
    return seconds


def publish_barely(calls: list[Call], folder: Path, url: str) -> float:
    """Seconds that the posts alone take."""
    bodies = {call.number: json.dumps(call.body).encode() for call in calls if call.body is not None}
    files = {call.number: (folder / call.file.path).read_bytes() for call in calls if call.file is not None}
    started = time.perf_counter()
    with requests.Session() as session:
        account = {"email": ACCOUNT.email, "password": ACCOUNT.password}
        token = session.post(f"{url}/user/login", json=account, timeout=60).json()["user"]["token"]
        session.headers["Authorization"] = f"Bearer {token}"
        for call in calls:
            where, query = f"{url}{call.path}", dict(call.query)
            if call.file is not None:
                sent = {"file": (call.file.name, files[call.number])}
                answer = session.post(where, params=query, files=sent, timeout=60)
            else:
                kind = {"Content-Type": "application/json"}
                answer = session.post(where, params=query, data=bodies[call.number], headers=kind, timeout=60)
            answer.raise_for_status()
    return time.perf_counter() - started


@contextmanager
def sandbox(folder: Path, country: CountrySeed) -> Iterator[Connection]:
    """A sandbox in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(folder, country, theirs))
    process.start()
    try:
        yield ours
    finally:
        ours.send("stop")
        process.join(timeout=20)


def serve(folder: Path, country: CountrySeed, pipe: Connection) -> None:
    """The sandbox until it is told to stop."""
    with Sandbox(folder) as server:
        server.seed(country)
        while (asked := pipe.recv()) != "stop":
            answers = {"url": lambda: server.url, "state": lambda: (snapshot(server), len(server.mails()))}
            pipe.send(answers[asked]())


def seed() -> CountrySeed:
    """Areas in rows of squares, and points and lines in numbers like Malawi's."""
    features = [
        {
            "type": "Feature",
            "properties": {"ADM3_PCODE": code, "ADM3_EN": f"Area {code}", "ADM2_PCODE": "XFB", "ADM2_EN": "District"},
            "geometry": rectangle(30 + number % 20, number // 20, 1, 1),
        }
        for number, code in enumerate(AREAS)
    ]
    gauges = {"gauges": tuple(PointSeed(fid, f"Gauge {fid}", 0.5, 30.5) for fid in ("5", "6", "7"))}
    points = {
        category: tuple(PointSeed(str(fid), f"{category} {fid}", 0.5, 30.5) for fid in range(number))
        for category, number in POINTS.items()
    }
    return CountrySeed(
        iso3="XFB",
        name="Flashland",
        admin_areas={3: {"type": "FeatureCollection", "features": features}},
        hazards=(HazardSeed("flash-floods", (3,), 3, ("population_affected", *FLASH_FLOODS.indicators)),),
        points=points | gauges,
        lines={category: tuple(range(number)) for category, number in LINES.items()},
    )


def make_plan(work: Path, raster_kb: int) -> list[Call]:
    """The plan of the block; its rasters lie in `work`."""
    found = made_block()
    rasters = {}
    for extent in found.extents:
        (work / extent.file_name).write_bytes(os.urandom(1000 * raster_kb))
        rasters[extent.lead_time] = FileBody(extent.file_name, extent.file_name, sha256(work / extent.file_name))
    return plan_calls(found, PlanParameters(START.replace(second=1), {3: AREAS}, rasters), API_FROM_0_284)


def made_block() -> FlashFloodFindings:
    """Three districts: begun, a trigger and a warning."""
    events, first = [], 0
    for place, (name, (lead_time, areas)) in enumerate(DISTRICTS.items()):
        events.append(_district(name, lead_time, AREAS[first : first + areas], place))
        first += areas
    measured = {"measured": START, "previous": 1.5, "reference": 1.25, "alert_level": "none"}
    return FlashFloodFindings(
        country="XFB", country_name="Flashland", issue_time=IssueTime(date(2026, 2, 15), 6), admin_levels=(3,),
        default_admin_level=3, indicators=("population_affected", *FLASH_FLOODS.indicators), source="made up",
        events=tuple(events), extents=extents_of(events, "XFB"),
        rule=FlashRule((1, 2, 4, 12, 24, 48), 20, 15, 120, 0.5, 0.3), published=START, cycle=START, members=1,
        one_run=True, districts=(),
        gauges=tuple(GaugeFound(fid=fid, name=fid, level=2.5, **measured) for fid in ("5", "6", "7")),
    )  # fmt: skip


def _district(name: str, lead_time: int, codes: tuple[str, ...], place: int) -> FlashFloodEvent:
    amounts: dict[str, Any] = dict.fromkeys(FLASH_FLOODS.indicators, 3 + place)
    flag = "w" if lead_time >= 15 else "T"
    return FlashFloodEvent(
        name=name, alert_class="max", trigger=flag == "T", lead_time=lead_time,
        first_trigger=lead_time if flag == "T" else None,
        flags="".join(flag if lead >= lead_time else "-" for lead in FLASH_FLOODS.lead_times),
        people=100 * len(codes), areas=tuple(EventArea(3, code, code, 100, 0.1, amounts) for code in codes),
        district=name, starts=START, probability=1.0, causes=(), scenarios={},
        exposed=tuple(
            ExposedAssets(category, lead_time, tuple(str(place * number + each) for each in range(number)))
            for category, number in REACHED.items()
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main()
