"""Generated countries, a whole flood day each: one after the other, and by two processes.

Each country is a square of 225 areas and 5 stations with 7 flood maps and 2 million cells at 3 arc-seconds; of its
stations one triggers, one warns. A day is: prepared layers checked and read, 51 member files read, events and people
found, 8 rasters and the findings written, calls planned and made to the built-in server, which is a process of its own
(`--target files` writes files instead). The stages are those of the flow, without Prefect's engine and without the
report. Countries and forecasts are made and prepared first; preparing is timed by itself.

linear: processor seconds a country over all countries, against those over the first fifth; 1.0 is exactly linear.
Processor seconds are those of our processes, not of the server; they say what a day costs on a busy machine too.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import inputs

STATIONS = 5
SIDE = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--countries", type=int, default=55)
    parser.add_argument("--million-cells", type=float, default=2.0)
    parser.add_argument("--target", choices=("sandbox", "files"), default="sandbox")
    parser.add_argument("--cache", type=Path, default=inputs.ROOT / "work" / "benchmarks")
    options = parser.parse_args()
    codes = [f"X{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(options.countries)]
    base = options.cache / f"countries-{options.million_cells:g}"
    started = time.perf_counter()
    prepared = [make(code, base, options.million_cells) for code in codes]
    print(f"{len(codes)} countries of {options.million_cells:g} million cells, target {options.target}")
    fresh = [seconds for seconds in prepared if seconds is not None]
    if fresh:
        print(f"prepared: {sum(fresh):.1f} s, {sum(fresh) / len(fresh):.2f} s a country "
              f"(made and prepared in {time.perf_counter() - started:.1f} s)")  # fmt: skip
    totals = {}
    for workers in (1, 2):
        work = base / f"work-{workers}"
        shutil.rmtree(work, ignore_errors=True)
        with server(base, codes, work, options.target) as url:
            totals[workers] = run(codes, workers, base, work, url)
    print(f"two processes: {totals[1] / totals[2]:.2f} times as fast as one")


def make(code: str, base: Path, millions: float) -> float | None:
    """A country with its forecast, prepared; seconds of preparing, None where it was there already."""
    from ibf_pipeline.discharge.cells import locate
    from ibf_pipeline.prepare.build import prepare_floods
    from ibf_pipeline.prepare.store import read_prepared
    from ibf_pipeline.synthetic.ensemble import make_ensemble
    from ibf_pipeline.synthetic.files import glofas_window, write_ftp_members
    from ibf_pipeline.synthetic.wishes import parse_wishes
    from tests.worlds.countries.large_country import Size, large_config, write_large_country

    folder = base / code
    country = large_config(code)
    if (folder / "made").is_file():
        return None
    size = Size(int(millions * 1e6), side=SIDE, rivers=STATIONS, towns_every=128)
    write_large_country(folder / "static", code, size)
    started = time.perf_counter()
    prepare_floods(country, folder / "static", folder / "prepared" / code, lambda step: None)
    seconds = time.perf_counter() - started
    layers, _ = read_prepared(folder / "prepared" / code, code)
    first, second = layers.stations[0].code, layers.stations[1].code
    cube = make_ensemble(
        layers.thresholds, country.rule, parse_wishes(f"{first}=---wTTTT {second}=------ww:med"), seed=1
    )
    grid = size.grid
    window = glofas_window(grid.left, grid.top - grid.height * grid.cell, grid.left + grid.width * grid.cell, grid.top)
    cells = {station.code: locate(station.cell_lat, station.cell_lon, window) for station in layers.stations}
    write_ftp_members(folder / "forecasts", inputs.ISSUE, cube, cells, window)
    (folder / "made").touch()
    return seconds


@dataclass(frozen=True, slots=True)
class Job:
    """A country's day."""

    code: str
    base: Path
    work: Path
    url: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """How it went."""

    events: int
    calls: int
    seconds: float
    processor: float
    """seconds"""
    ended: float
    """clock of the machine"""
    peak: float
    """MiB of the process until then"""


def run(codes: list[str], workers: int, base: Path, work: Path, url: str | None) -> float:
    """Run every country; prints totals and returns the seconds of all of them."""
    jobs = [Job(code, base, work, url) for code in codes]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=load_libraries) as pool:
        list(pool.map(idle, range(2 * workers)))  # processes are there and have their libraries
        begun = time.time()
        done = list(pool.map(day, jobs))
        seconds = time.time() - begun
    done.sort(key=lambda entry: entry.ended)
    fifth = max(1, len(codes) // 5)
    processor = sum(entry.processor for entry in done)
    linear = (processor / len(codes)) / (sum(entry.processor for entry in done[:fifth]) / fifth)
    assert {entry.events for entry in done} == {2}
    print(
        f"{'one after the other' if workers == 1 else f'{workers} processes'}: {seconds:.1f} s, "
        f"{seconds / len(codes):.2f} s a country, {processor / len(codes):.2f} s of them processor, "
        f"linear {linear:.2f}, {sum(entry.calls for entry in done)} calls, "
        f"slowest {max(entry.seconds for entry in done):.2f} s, peak {max(entry.peak for entry in done):.0f} MiB",
        flush=True,
    )
    return seconds


def load_libraries() -> None:
    """What a worker has loaded before the clock runs."""
    import benchmarks.flood_day  # noqa: F401

    logging.getLogger("ibf_pipeline").setLevel(logging.ERROR)


def idle(number: int) -> int:
    """Nothing, long enough for every process to get one."""
    time.sleep(0.5)
    return number


def day(job: Job) -> Done:
    """The stages of a country's day in their order."""
    from benchmarks.flood_day import peak_mib
    from ibf_pipeline.config.configuration import load
    from ibf_pipeline.domain.issue_time import IssueTime
    from ibf_pipeline.domain.run_id import RunId
    from ibf_pipeline.hazards.floods.profile import FLOODS
    from ibf_pipeline.runs.folder import RunFolder
    from ibf_pipeline.sources import FolderSource
    from ibf_pipeline.targets.problems import Overrides
    from tasks.floods import (
        find_events,
        obtain_forecast,
        prepared_layers,
        read_discharge,
        record_findings,
    )
    from tasks.runs import plan_revision, publish_revision
    from tests.worlds.countries.large_country import large_config

    started, processor = time.perf_counter(), time.process_time()
    country, folder, runs = large_config(job.code), job.base / job.code, job.work / "runs"
    prepared = folder / "prepared" / job.code
    layers, tiles = prepared_layers.fn(job.code, country, folder / "static", prepared)
    files = obtain_forecast.fn(job.code, inputs.ISSUE, FolderSource("benchmark", folder / "forecasts", "4"))
    settings = load(inputs.ROOT / "config").settings
    cube = read_discharge.fn(job.code, country, settings, layers, files, inputs.ISSUE)
    found = find_events.fn(job.code, cube, layers, country)
    run_folder = RunFolder(runs, RunId(job.code, FLOODS.name, IssueTime(inputs.ISSUE)))
    record_findings.fn(job.code, found, cube, tiles, country, files, run_folder, prepared)
    with opened(job, prepared) as target:
        revision = plan_revision.fn(found, run_folder, target, overrides=Overrides(), now=_now)
        publish_revision.fn(job.code, target, revision)
        calls = len(revision.calls())
    spent = time.process_time() - processor
    return Done(len(found.events), calls, time.perf_counter() - started, spent, time.time(), peak_mib())


@contextmanager
def opened(job: Job, prepared: Path) -> Any:
    """The target of a country."""
    from ibf_pipeline.sandbox import SANDBOX_PASSWORD
    from ibf_pipeline.targets.files.target import FilesTarget
    from ibf_pipeline.targets.ibf.revision import Destination
    from ibf_pipeline.targets.ibf.target import IbfTarget
    from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient

    if job.url is None:
        yield FilesTarget("files", job.work / "out", prepared, _now)
        return
    client = IbfClient(job.url, Credentials("pipeline@sandbox.example", SANDBOX_PASSWORD))
    yield IbfTarget(client, Destination("sandbox", client.base, True, None), prepared, _now)
    client.close()


@contextmanager
def server(base: Path, codes: list[str], work: Path, target: str) -> Any:
    """The built-in server with all countries in a process of its own; its address, None for files."""
    if target == "files":
        yield None
        return
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(base, codes, work, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(timeout=20)


def serve(base: Path, codes: list[str], work: Path, pipe: Any) -> None:
    """The server until it is told to stop."""
    from ibf_pipeline.sandbox import Sandbox, seed_from_static

    sandbox = Sandbox(work / "sandbox")
    for code in codes:
        static = base / code / "static"
        sandbox.seed(seed_from_static(static, code, name=code, admin_levels=(1, 2), default_admin_level=1))
    with sandbox:
        pipe.send(sandbox.url)
        pipe.recv()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    inputs.run(main)
