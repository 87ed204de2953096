"""A flood day on one machine's files, and on what several machines share: PostgreSQL and an S3 store on loopback.

The demo country's busiest day, from the forecast to the report, each in a process of its own against a sandbox in
another one. Every way has a project of its own, whose layers are prepared before; days follow each other, the ways take
turns, in the other order every second time, and medians count: other work on the machine then weighs on all of them.
`before` is the same day by another version of the code, out of git. A portal on loopback answers at once, so that
everything else weighs more than it does in earnest: the days are also measured with a wait before each of its answers.

The pictures of the report are a dot: drawing them takes most of a day's time, the same on every way, and would hide the
rest.

wall: from the first line of the process until the day has ended, reports included; publishing: until the notification
was sent; processor: seconds of the day's process alone, not of the servers. `begun` is when its libraries were loaded,
those of the store and the database aside, which is the same on every way. Requests and bytes are those of the store's
server. boto3, which came with that server, is hidden from the days: an installation has none, and GDAL's binding would
open an account with it for every raster.
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402 - the clock starts before the libraries are loaded
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections import Counter, defaultdict  # noqa: E402
from collections.abc import Callable, Iterator, Mapping  # noqa: E402
from contextlib import ExitStack, contextmanager  # noqa: E402
from dataclasses import dataclass, fields  # noqa: E402
from datetime import date, timedelta  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402
from unittest.mock import patch  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
FIRST = date(2026, 2, 1)
COUNTRY = "XDM"
_DRAWN = ("write.overview_map", "write.event_map", "floods.drawing.draw_hydrograph", "floods.drawing.draw_buildup")


@dataclass(frozen=True, slots=True)
class Way:
    """Where an installation keeps its records and files."""

    name: str
    code: Path
    """checkout that the day runs from"""
    settings: Mapping[str, Any]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One day."""

    wall: float
    """seconds"""
    publishing: float
    """seconds until everything was published"""
    processor: float
    """seconds of the day's process"""
    begun: float
    """seconds until the libraries were loaded"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="days of each way, with and without the wait")
    parser.add_argument("--wait", type=float, default=0.15, help="seconds before each answer of a slow portal")
    parser.add_argument("--before", metavar="COMMIT", help="also the code of this commit")
    parser.add_argument("--day", nargs=3, metavar=("CONFIG", "DATE", "WAIT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.day:
        print(json.dumps(day(options.day[0], date.fromisoformat(options.day[1]), float(options.day[2]))))
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        work = Path(folder)
        ways, asked = [Way("folder", ROOT, {}, {})], Counter[str]()
        if options.before:
            ways.insert(0, Way("before", checkout(options.before, work / "before-code"), {}, {}))
        servers, requests, stored = stack.enter_context(shared())
        ways.append(servers)
        days = measure(ways, work, options.rounds, options.wait, requests, asked)
        put = stored()
    report(days, options.rounds, options.wait)
    made = 2 * options.rounds
    verbs = ", ".join(f"{count / made:.0f} {verb}" for verb, count in sorted(asked.items()))
    print(f"store, a day: {sum(asked.values()) / made:.0f} requests ({verbs}), {put / (made + 1) / 1e6:.1f} MB put")


def measure(
    ways: list[Way], work: Path, rounds: int, wait: float, requests: Callable[[], Counter[str]], asked: Counter[str]
) -> dict[tuple[str, float], list[Measured]]:
    """Days by way and wait. `asked` is told of the requests to the store but those of the first day of all."""
    from benchmarks.publish import ask, sandbox
    from ibf_pipeline.config.configuration import load
    from tests.worlds.countries.stories import write_day

    country, found = load(ROOT / "config").country(COUNTRY), defaultdict[tuple[str, float], list[Measured]](list)
    for number in range(1 + 2 * rounds):
        write_day(work / "forecasts", "busiest", FIRST + timedelta(days=number))
    with ExitStack() as stack:
        configs = {}
        for way in ways:
            portal = stack.enter_context(sandbox(country, work / f"{way.name}-sandbox"))
            configs[way.name] = project(work / way.name, way, ask(portal, "url"), work / "forecasts")
            run(way, configs[way.name], FIRST, 0.0)
        before = requests()
        for number in range(2 * rounds):
            seconds = wait if number % 2 else 0.0
            for way in ways[:: -1 if number // 2 % 2 else 1]:
                made = run(way, configs[way.name], FIRST + timedelta(days=1 + number), seconds)
                found[way.name, seconds].append(made)
        asked.update(requests() - before)
    return found


def run(way: Way, config: str, issue: date, wait: float) -> Measured:
    """A day in a process of its own."""
    command = [sys.executable, __file__, "--day", config, str(issue), str(wait)]
    account = {"IBF_EMAIL": "pipeline@sandbox.example", "IBF_PASSWORD": _password()}
    environment = {**os.environ, **account, **way.environment, "PYTHONPATH": str(way.code)}
    done = subprocess.run(command, cwd=way.code, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way.name}: {done.stdout[-2000:]}{done.stderr[-3000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def day(config: str, issue: date, wait: float) -> dict[str, float]:
    """The day as the flow makes it, without a Prefect server."""
    sys.modules["boto3"] = None  # type: ignore[assignment]
    import requests

    from flows import hazard_run
    from flows.floods import floods
    from tests.worlds.plain_calls import plain_calls
    from tests.worlds.speedups import DOT

    send, publish, published = requests.Session.send, hazard_run.publish_day, [0.0]

    def slowly(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        time.sleep(wait)
        return send(self, request, **more)

    def watched(*arguments: Any, **more: Any) -> Any:
        try:
            return publish(*arguments, **more)
        finally:
            published[0] = time.perf_counter() - STARTED

    begun = time.perf_counter() - STARTED
    requests.Session.send = slowly  # type: ignore[method-assign]
    hazard_run.publish_day = watched
    with plain_calls(), ExitStack() as stack:
        for name in _DRAWN:
            stack.enter_context(patch(f"ibf_pipeline.report.{name}", lambda *_: DOT))
        state = floods(COUNTRY, issue, None, config=config, return_state=True)
    if not state.is_completed():  # one of the day's alerts has no areas, and its state says so
        sys.exit(f"{state.name}: {state.message}")
    return {
        "wall": time.perf_counter() - STARTED, "publishing": published[0], "processor": time.process_time(),
        "begun": begun,
    }  # fmt: skip


def project(folder: Path, way: Way, url: str, forecasts: Path) -> str:
    """An installation that publishes to a portal; its configuration folder."""
    import yaml

    from tests.worlds.countries.projects import make_project

    config = make_project(folder, [], {})
    file = Path(config) / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["sources"] = {"demo": {**settings["sources"]["demo"], "root": str(forecasts)}}  # which every version knows
    settings["targets"] = {"portal": {"kind": "ibf", "url": url, "mails_countries": [COUNTRY], "test_target": True}}
    file.write_text(yaml.safe_dump({**settings, **way.settings}), encoding="utf-8")
    country = yaml.safe_load((ROOT / f"config/countries/{COUNTRY}.yaml").read_text(encoding="utf-8"))
    country.update(static=str(ROOT / "data/fixtures" / COUNTRY), target="portal", sources=["demo"])
    country.pop("hazards", None)
    (Path(config) / f"countries/{COUNTRY}.yaml").write_text(yaml.safe_dump(country), encoding="utf-8")
    return config


@contextmanager
def shared() -> Iterator[tuple[Way, Callable[[], Counter[str]], Callable[[], int]]]:
    """PostgreSQL and a store as several machines have them; what the store was asked, and the bytes that it has."""
    from tests.conftest import PROGRAMS
    from tests.worlds.services.postgres import PostgresServer
    from tests.worlds.services.s3 import S3Server

    program = next(filter(None, map(shutil.which, PROGRAMS["postgresql"])), None)
    if program is None:
        sys.exit("PostgreSQL is not installed")
    database, store = PostgresServer(program), S3Server()
    try:
        os.environ |= store.environment
        bucket = store.new_bucket()
        settings = {
            "records": "${IBF_RECORDS}",
            "store": {"url": f"s3://{bucket}/ibf", "endpoint_url": store.endpoint},
        }
        environment = {"IBF_RECORDS": database.url(database.empty()), **store.environment}

        def asked() -> Counter[str]:
            return Counter(each.method for each in store.asked)

        yield Way("shared", ROOT, settings, environment), asked, lambda: int(store.files.du(bucket))
    finally:
        store.go_away()
        database.close()


def checkout(commit: str, folder: Path) -> Path:
    """The code of a commit."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "x"], cwd=folder, input=archive, check=True)
    return folder


def report(days: Mapping[tuple[str, float], list[Measured]], rounds: int, wait: float) -> None:
    """Print medians, and their ratios to the files of one machine and to the code before."""
    print(f"{rounds} days each, medians; {os.getloadavg()[0]:.0f} processes at work on {os.cpu_count()} cores")
    for seconds in (0.0, wait):
        print(f"portal that answers {f'after {1000 * seconds:.0f} ms' if seconds else 'at once'}:")
        of = {name: medians(each) for (name, waited), each in days.items() if waited == seconds}
        for name, one in of.items():
            print(
                f"  {name}: {one.wall:.2f} s, published after {one.publishing:.2f} s, {one.processor:.2f} s of "
                f"processor; libraries {one.begun:.2f} s"
            )
        for name, to in (("folder", "before"), ("shared", "folder")):
            if to in of:
                one, other = of[name], of[to]
                print(
                    f"  ratio {name} to {to}: {one.wall / other.wall:.2f}x, until published "
                    f"{one.publishing / other.publishing:.2f}x, processor {one.processor / other.processor:.2f}x"
                )


def medians(days: list[Measured]) -> Measured:
    """Each figure by itself."""
    return Measured(*(statistics.median(getattr(each, field.name) for each in days) for field in fields(Measured)))


def _password() -> str:
    from ibf_pipeline.sandbox import SANDBOX_PASSWORD

    return SANDBOX_PASSWORD


if __name__ == "__main__":
    main()
