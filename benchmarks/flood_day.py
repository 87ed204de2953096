"""Wall time and peak memory of a whole Uganda day: 51 members, 8 lead times, 3 levels, published to the sandbox.

By default every station triggers on every lead time, the most a day can ask for; `--wishes` takes a wish list. Inputs
are made first, and the sandbox is a process of its own; the day itself runs in a fresh process, whose peak is measured
from loading the libraries to the last call. Stages are those of the flow, without Prefect's engine around them.
compute is everything but loading the libraries and waiting for the sandbox's answers.

`--peer` adds the ratio to the sum of the peer's steps, as in `discharge.py` and `area_people_extent.py`: every member
opened for each lead time and station (10 of them timed, scaled to 51), the largest discharge of every area (1 member
and about 150 areas timed, scaled to all), people by polygonising, masking and summing, extents by cutting, merging and
writing whole (25 areas timed, scaled to all that are wet). Against reading, counting, people, extents and findings of
ours. The maxima of areas feed the peer's second rule, run by area; here areas follow their station, so nothing of ours
answers to them, and the ratio is printed without them too.
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import logging  # noqa: E402
import multiprocessing  # noqa: E402
import resource  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from multiprocessing.connection import Connection  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks import inputs  # noqa: E402
from ibf_pipeline.config.configuration import load  # noqa: E402
from ibf_pipeline.discharge.reader import find_files  # noqa: E402
from ibf_pipeline.domain.issue_time import IssueTime  # noqa: E402
from ibf_pipeline.domain.run_id import RunId  # noqa: E402
from ibf_pipeline.hazards.floods.profile import FLOODS  # noqa: E402
from ibf_pipeline.runs.folder import RunFolder  # noqa: E402
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static  # noqa: E402
from ibf_pipeline.sources import FolderSource  # noqa: E402
from ibf_pipeline.synthetic.wishes import parse_wishes  # noqa: E402
from ibf_pipeline.targets.ibf.revision import Destination  # noqa: E402
from ibf_pipeline.targets.ibf.target import IbfTarget  # noqa: E402
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient  # noqa: E402
from ibf_pipeline.targets.problems import Overrides  # noqa: E402
from tasks.floods import (  # noqa: E402
    find_events,
    obtain_forecast,
    prepared_layers,
    read_discharge,
    record_findings,
)
from tasks.runs import plan_revision, publish_revision  # noqa: E402

LOADED = time.perf_counter()
STEPS = ("51 members read", "events, areas and people found", "8 rasters and findings written")
"""what the peer has a way of its own for"""


def main() -> None:
    parser = inputs.arguments(__doc__)
    parser.add_argument("--wishes", default=None, help="wish list; every station triggers on every lead time")
    parser.add_argument("--peer", action="store_true", help="time the peer's steps too")
    parser.add_argument("--day", nargs=2, metavar=("URL", "WORK"), default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.day:
        day(options)
        return
    place = inputs.uganda(options.cell_arcsec, options.cache)
    forecasts = inputs.forecast(place, options.cache / "forecasts")[0].parent
    if options.wishes:
        forecasts = Path(tempfile.mkdtemp(dir=options.cache))
        inputs.forecast(place, forecasts, wishes=parse_wishes(options.wishes))
    work = Path(tempfile.mkdtemp(dir=options.cache))
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(place.static, work, theirs))
    server.start()
    try:
        command = [sys.executable, "-m", __spec__.name, "--day", ours.recv(), str(work), "--cache", str(options.cache)]
        command += ["--cell-arcsec", str(options.cell_arcsec)]
        (work / "forecasts").symlink_to(forecasts.resolve())
        print(f"{place.cells / 1e6:.1f} M cells, {len(place.layers.stations)} stations", flush=True)
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        print("\n".join(said[:-1]), flush=True)
        if options.peer:
            compare(place, forecasts, work, float((work / "steps").read_text()))
        print(said[-1])
    finally:
        ours.send("stop")
        server.join(timeout=20)
        shutil.rmtree(work)
        if options.wishes:
            shutil.rmtree(forecasts)


def compare(place: inputs.Uganda, forecasts: Path, work: Path, ours: float) -> None:
    """Print the peer's steps and the ratio to `ours`, seconds."""
    from benchmarks import discharge  # the libraries of the peer do not belong to the day that is measured
    from benchmarks.area_people_extent import Peer

    members = find_files(forecasts / f"{inputs.ISSUE:%Y%m%d}")
    read = members[::5][:10]
    scaled = discharge.peer(place, read)[1] * len(members) / len(read)
    wet = sorted(code for codes in place.layers.mapping.values() for code in codes)
    timed = wet[:: max(1, len(wet) // 25)][:25]
    other = Peer(place, work)
    people, extents = other.people(timed, len(wet)).seconds, other.extent(timed, len(wet)).seconds
    maxima = discharge.peer_areas(place, members, areas=150)
    both = scaled + people + extents
    print(f"peer: discharge {scaled:.1f} s, people {people:.1f} s, extents {extents:.1f} s (scaled as said above)")
    print(f"peer: largest discharge of every area {maxima:.0f} s, all its steps {both + maxima:.0f} s")
    print(f"ours: reading, counting, people, extents and findings {ours:.2f} s")
    print(f"ratio: {(both + maxima) / ours:.0f}x; without the peer's maxima of areas {both / ours:.0f}x")


def serve(static: Path, work: Path, pipe: Connection) -> None:
    """The sandbox until it is told to stop."""
    sandbox = Sandbox(work / "sandbox")
    levels = load(inputs.ROOT / "config").country(inputs.COUNTRY)
    sandbox.seed(
        seed_from_static(
            static,
            inputs.COUNTRY,
            name=levels.name,
            admin_levels=levels.admin_levels,
            default_admin_level=levels.default_admin_level,
        )
    )
    with sandbox:
        pipe.send(sandbox.url)
        pipe.recv()


def day(options: argparse.Namespace) -> None:
    """The flow's stages in their order, timed."""
    logging.getLogger("ibf_pipeline").setLevel(logging.ERROR)
    url, work = options.day[0], Path(options.day[1])
    static, prepared = inputs.folders(options.cell_arcsec, options.cache)
    country, iso3 = inputs.benchmark_country(), inputs.COUNTRY
    settings = load(inputs.ROOT / "config").settings
    laps = [("libraries loaded", LOADED - STARTED)]
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        laps.append((name, time.perf_counter() - last))
        last = time.perf_counter()

    layers, tiles = prepared_layers.fn(iso3, country, static, prepared)
    lap("prepared layers checked and read")
    source = FolderSource("benchmark", work / "forecasts", "4")
    files = obtain_forecast.fn(iso3, inputs.ISSUE, source)
    cube = read_discharge.fn(iso3, country, settings, layers, files, inputs.ISSUE)
    lap("51 members read")
    found = find_events.fn(iso3, cube, layers, country)
    lap("events, areas and people found")
    run = RunFolder(work / "runs", RunId(iso3, FLOODS.name, IssueTime(inputs.ISSUE)))
    record_findings.fn(iso3, found, cube, tiles, country, files, run, prepared)
    lap("8 rasters and findings written")
    client = TimedClient(url, Credentials("pipeline@sandbox.example", SANDBOX_PASSWORD))
    target = IbfTarget(client, Destination("sandbox", client.base, True, None), prepared, _now)
    revision = plan_revision.fn(found, run, target, overrides=Overrides(), now=_now)
    if revision is None:
        sys.exit("the sandbox already has this day")
    lap("server asked, calls planned")
    outcome = publish_revision.fn(iso3, target, revision).outcome
    lap("calls made")
    client.close()
    waiting = outcome.seconds_waiting + client.asking
    (work / "steps").write_text(str(sum(seconds for name, seconds in laps if name in STEPS)))
    for name, seconds in laps:
        print(f"{seconds:8.3f} s  {name}")
    print(f"{found.headline}; {sum(event.people for event in found.events)} people")
    print(f"{len(revision.calls())} calls; waited {waiting:.2f} s for the server")
    wall, peak = time.perf_counter() - STARTED, peak_mib()
    reading = inputs.reading_seconds(files.files)
    different = {file.read_bytes(): file for file in sorted((run.path / "extents").glob("*.tif"))}
    writing = inputs.rewriting_seconds(list(different.values()), work / "again.tif")
    compute = wall - (LOADED - STARTED) - waiting
    floor = reading + writing
    blocks = f"blocks of {len(different)} different rasters"
    print(f"floor {floor:.2f} s: the members' bytes {reading:.2f} s, {blocks} {writing:.2f} s")
    print(f"compute is {compute / floor:.1f} times that")
    print(f"flood day: {wall:.2f} s, compute {compute:.2f} s, peak {peak:.0f} MiB")


class TimedClient(IbfClient):
    """A client that knows how long its questions took."""

    asking = 0.0
    """seconds"""

    def get(self, path: str, **query: Any) -> Any:
        started = time.perf_counter()
        answer = super().get(path, **query)
        self.asking += time.perf_counter() - started
        return answer

    def openapi(self) -> Mapping[str, Any] | None:
        started = time.perf_counter()
        answer = super().openapi()
        self.asking += time.perf_counter() - started
        return answer


def peak_mib() -> float:
    """Highest resident memory of this process; getrusage would count what the parent had when it started us."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    inputs.run(main)
