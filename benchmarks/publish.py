"""A plan of about 300 calls published to the sandbox, against a publisher that connects and logs in for every call.

The plan is that of a made day of the demo country: `--events` triggers with 3 levels x 4 indicators, lead times and
station keys each, then the other stations, 8 rasters, preview and notification. Both publishers make the same calls in
the same run, each on a fresh sandbox in a process of its own; rounds alternate and the median counts. Ours also keeps
the journal. Connections are counted where sockets are opened.

window: from the first exposure row until the call that makes events of the day, while the portal shows no alerts.
waiting: from sending a request until its answer's head is there; outside: everything else that publishing takes.
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
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
import urllib3

from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.findings import EventArea, ExtentFound
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound, StationValues
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import Answer, publish
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.schema import REVISION
from ibf_pipeline.runs.extents import write_extent
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.targets.ibf.bodies import EXPOSURE
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from ibf_pipeline.targets.ibf.planner import PlanParameters, plan_calls
from ibf_pipeline.targets.ibf.revision import PROCESSING
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient, IbfTransport
from tests.worlds.services.snapshot import snapshot

ROOT = Path(__file__).resolve().parents[1]
ISSUE = date(2026, 2, 15)
ACCOUNT = Credentials("pipeline@sandbox.example", SANDBOX_PASSWORD)


@dataclass(frozen=True, slots=True)
class Measured:
    """One publication."""

    wall: float
    """seconds"""
    waiting: float
    """seconds, for answers"""
    connections: int
    logins: int
    window: float
    """seconds from sending the first exposure row until events are made of the day: meanwhile the portal shows none"""
    state: Any
    """what the sandbox holds afterwards"""
    mails: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=17, help="triggers of the day; 17 make 303 calls")
    parser.add_argument("--rounds", type=int, default=3, help="publications of each publisher")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        country, calls = make_plan(work, options.events)
        ours, naive = [], []
        for number in range(options.rounds):
            with sandbox(country, work / f"ours-{number}") as server:
                ours.append(publish_ours(calls, work, journal_in(work / f"records-{number}"), server))
            with sandbox(country, work / f"naive-{number}") as server:
                naive.append(publish_naively(calls, work, server))
    same = all(one.state == ours[0].state and one.mails == ours[0].mails for one in (*ours, *naive))
    print(f"{len(calls)} calls, {options.rounds} rounds each, medians; same state and mails afterwards: {same}")
    walls = [report(name, runs, len(calls)) for name, runs in (("ours", ours), ("naive", naive))]
    print(f"ratio: {walls[1] / walls[0]:.1f}x")
    for pause in (0.0, 0.01):
        records, lines = recording(len(calls), options.rounds, pause)
        print(
            f"recording, {1000 * pause:.0f} ms between calls: {records * 1e6:.0f} us a call in the records, "
            f"{lines * 1e6:.0f} us as lines of a file, ratio: {records / lines:.2f}x"
        )


def recording(calls: int, rounds: int, pause: float) -> tuple[float, float]:
    """Seconds a call that the journal of a plan takes, notification and end included: in the records, and as lines that
    are appended to a file, the durable ones waited for (what earlier versions did). `pause`: seconds that the server
    takes for each call, which do not count. The best of each but the first round, which loads and compiles.
    """
    best = [float("inf"), float("inf")]
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        for number in range(1 + rounds):
            journal = journal_in(Path(folder), number + 1)
            for which, append in enumerate((journal.append, partial(append_line, Path(folder) / f"{number}.jsonl"))):
                started = time.perf_counter()
                with journal.open("benchmark") if which == 0 else nullcontext():
                    for call in range(1, calls):
                        asked = time.perf_counter()
                        time.sleep(pause)
                        started += time.perf_counter() - asked
                        append(call, "done", status=201, seconds=0.01, durable=False)
                    append(calls, "sending")
                    append(calls, "done", status=201, seconds=0.01)
                if number:
                    best[which] = min(best[which], (time.perf_counter() - started) / calls)
    return best[0], best[1]


def append_line(file: Path, call: int, state: str, *, durable: bool = True, **more: Any) -> None:
    """A line of a journal that is a file."""
    line = json.dumps({"call": call, "state": state, "at": datetime.now(UTC).isoformat(), **more})
    with file.open("ab") as stream:
        stream.write(line.encode() + b"\n")
        stream.flush()
        if durable:
            os.fsync(stream.fileno())


def journal_in(folder: Path, number: int = 1) -> Journal:
    """The journal of a revision of no run, in the records of a folder."""
    database = open_records(records_url(folder))
    key = {"country": "XDM", "hazard": "floods", "issue_time": "2026-02-15", "exercise": False, "target": "portal"}
    with database.transaction() as connection:
        connection.execute(REVISION.insert().values(id=number, number=number, **key))
    return Journal(database, number, "XDM/floods/portal", folder / "journal.jsonl", lambda: datetime.now(UTC))


def report(name: str, runs: list[Measured], calls: int) -> float:
    """Print the run of median wall time and return that time."""
    run = sorted(runs, key=lambda one: one.wall)[(len(runs) - 1) // 2]
    wall = statistics.median_low(one.wall for one in runs)
    print(
        f"{name}: {wall:.2f} s, {calls / wall:.0f} calls/s, {run.connections} connections, {run.logins} logins, "
        f"{100 * (1 - run.waiting / run.wall):.0f} % of the time outside waiting for the server; window: "
        f"{run.window:.2f} s, {100 * run.window / run.wall:.0f} % of the day's publishing"
    )
    return wall


class Meter:
    """Counts connections and adds up the time until answers."""

    def __init__(self) -> None:
        self.connections, self.logins, self.waiting = 0, 0, 0.0
        self.begun = self.made = 0.0

    def answer(self, response: requests.Response, *args: Any, **more: Any) -> None:
        """Hook of requests."""
        self.waiting += response.elapsed.total_seconds()
        self.logins += response.url.endswith("/user/login")

    def sending(self, path: str) -> None:
        """A call is about to be sent."""
        if path == EXPOSURE and not self.begun:
            self.begun = time.perf_counter()

    def answered(self, path: str) -> None:
        """A call is done."""
        if path in PROCESSING and not self.made:
            self.made = time.perf_counter()

    @property
    def window(self) -> float:
        """Seconds."""
        return self.made - self.begun

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Every connection that urllib3 opens meanwhile."""
        original = urllib3.util.connection.create_connection

        def counted(*args: Any, **more: Any) -> Any:
            self.connections += 1
            return original(*args, **more)

        urllib3.util.connection.create_connection = counted
        try:
            yield
        finally:
            urllib3.util.connection.create_connection = original


class Metered(IbfTransport):
    """Ours, with a look at the clock."""

    meter: Meter

    def send(self, call: Call) -> Answer:
        """Carry out one call."""
        self.meter.sending(call.path)
        answer = super().send(call)
        self.meter.answered(call.path)
        return answer


def publish_ours(calls: list[Call], folder: Path, journal: Journal, server: Connection) -> Measured:
    """With the project's publisher, transport and journal."""
    meter, url = Meter(), ask(server, "url")
    with meter.counting():
        client = IbfClient(url, ACCOUNT, RetryPolicy(60, 5))
        client._client._session.hooks["response"].append(meter.answer)
        started = time.perf_counter()
        transport = Metered(client, folder.joinpath)
        transport.meter = meter
        transport.prepare(calls)
        publish(calls, transport, journal)
        wall = time.perf_counter() - started
        client.close()
    counted = (wall, meter.waiting, meter.connections, meter.logins, meter.window)
    return Measured(*counted, ask(server, "state"), ask(server, "mails"))


def publish_naively(calls: list[Call], folder: Path, server: Connection) -> Measured:
    """A login and a new connection for every request; no journal, no repeats."""
    meter, url = Meter(), ask(server, "url")
    hooks = {"response": meter.answer}
    with meter.counting():
        started = time.perf_counter()
        for call in calls:
            account = {"email": ACCOUNT.email, "password": ACCOUNT.password}
            login = requests.post(f"{url}/user/login", json=account, timeout=60, hooks=hooks)
            headers = {"Authorization": f"Bearer {login.json()['user']['token']}"}
            where, query = f"{url}{call.path}", dict(call.query)
            meter.sending(call.path)
            if call.file is None:
                answer = requests.post(where, params=query, json=call.body, headers=headers, timeout=60, hooks=hooks)
            else:
                with (folder / call.file.path).open("rb") as stream:
                    files = {"file": (call.file.name, stream)}
                    answer = requests.post(where, files=files, headers=headers, timeout=60, hooks=hooks)
            answer.raise_for_status()
            meter.answered(call.path)
        wall = time.perf_counter() - started
    counted = (wall, meter.waiting, meter.connections, meter.logins, meter.window)
    return Measured(*counted, ask(server, "state"), ask(server, "mails"))


def ask(server: Connection, what: str) -> Any:
    """Something that the sandbox's process knows."""
    server.send(what)
    return server.recv()


@contextmanager
def sandbox(country: FloodCountry, folder: Path) -> Iterator[Connection]:
    """A sandbox in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(country, folder, theirs))
    process.start()
    try:
        yield ours
    finally:
        ours.send("stop")
        process.join(timeout=20)


def serve(country: FloodCountry, folder: Path, pipe: Connection) -> None:
    """The sandbox until it is told to stop."""
    server = Sandbox(folder)
    server.seed(
        seed_from_static(
            ROOT / "data/fixtures" / country.iso3,
            country.iso3,
            name=country.name,
            admin_levels=country.admin_levels,
            default_admin_level=country.default_admin_level,
        )
    )
    with server:
        while (asked := pipe.recv()) != "stop":
            answers = {
                "url": lambda: server.url,
                "state": lambda: snapshot(server),
                "mails": lambda: len(server.mails()),
            }
            pipe.send(answers[asked]())


def make_plan(work: Path, events: int) -> tuple[FloodCountry, list[Call]]:
    """The demo country and the plan of a made day; its rasters lie in `work`."""
    country = load(ROOT / "config").country("XDM")
    prepare_floods(country, ROOT / "data/fixtures/XDM", work / "prepared")
    layers, tiles = read_prepared(work / "prepared", "XDM")
    rasters = {}
    for day in range(8):
        name = f"flood_extent_{day}-day_XDM.tif"
        write_extent({}, tiles, work / name)
        rasters[day] = FileBody(name, name, sha256(work / name))
    codes = {level: [area.place_code for area in layers.level(level)] for level in country.admin_levels}
    moment = datetime(ISSUE.year, ISSUE.month, ISSUE.day, 0, 0, 1, tzinfo=UTC)
    return country, plan_calls(
        made_day(country, layers, codes, events), PlanParameters(moment, codes, rasters), API_FROM_0_284
    )


def made_day(country: FloodCountry, layers: CountryLayers, codes: dict[int, list[str]], events: int) -> FloodFindings:
    """Triggers at stations that are the demo's or made up; the demo's own are quiet beside them."""
    quiet = [
        StationFound(
            station.code,
            station.name,
            station.lat,
            station.lon,
            "fine",
            "",
            station.code,
            "--------",
            ("no",) * 8,
            StationValues(7, 12.5, 2.0, 50.0, "no"),
            (51,) * 8,
            {},
            {},
        )
        for station in layers.stations
    ]
    alerted = [
        replace(quiet[0], code=f"E{number}", event_name=f"E{number}", values=StationValues(3, 99.0, 5.0, 50.0, "max"))
        for number in range(events)
    ]
    made = []
    for number, station in enumerate(alerted):
        areas = tuple(EventArea(level, codes[level][number % len(codes[level])], "", 100, 0.1, {}) for level in codes)
        made.append(
            FloodEvent(
                name=station.code,
                station_code=station.code,
                alert_class="max",
                trigger=True,
                lead_time=3,
                first_trigger=3,
                flags="---TT---",
                return_period=5.0,
                flood_map=10.0,
                people=100,
                areas=areas,
            )
        )
    return FloodFindings(
        country=country.iso3,
        country_name=country.name,
        issue_time=IssueTime(ISSUE),
        admin_levels=country.admin_levels,
        default_admin_level=country.default_admin_level,
        rule=RuleApplied("return-period", {}, 5.0, 0.6, 5, 0.1, "use-smallest", "4"),
        indicators=("population_affected",),
        percentage=True,
        source="made",
        glofas_version="4",
        members_expected=51,
        members_missing=(),
        events=tuple(made),
        stations=(*alerted, *quiet),
        extents=tuple(ExtentFound(day, f"flood_extent_{day}-day_XDM.tif", ()) for day in range(8)),
    )


if __name__ == "__main__":
    main()
