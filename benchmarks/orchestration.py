"""What Prefect costs in a day: its share of the wall time and its task runs, without and with a server.

The demo country's busiest day goes to the embedded sandbox three times, each in a fresh process and a fresh folder:
the stages alone; the flow as a command runs it where there is no server; the flow with a server. `whole` is the wall
time of the process, `day` that of the stages or of the flow in it. A run by a worker adds the start of its process,
which is about the difference of the two.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

DAY = date(2026, 2, 15)
WAYS = ("stages", "command", "server")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--ways", nargs="+", choices=WAYS, default=WAYS, help="only these; stages is always one of them"
    )
    parser.add_argument("--way", choices=WAYS, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(run(options.way, options.work)))
        return
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        prepare(work)
        results = {way: measured(way, work) for way in WAYS if way == "stages" or way in options.ways}
    alone = results["stages"]["day"]
    print(f"{'':10} {'whole s':>8} {'day s':>8} {'Prefect s':>10} {'share of day':>13} {'task runs':>10}")
    for way, result in results.items():
        cost = result["day"] - alone
        share = f"{100 * cost / result['day']:.0f} %" if way != "stages" else "-"
        print(f"{way:10} {result['whole']:8.1f} {result['day']:8.1f} {cost:10.1f} {share:>13} {result['tasks']:10d}")


def measured(way: str, work: Path) -> dict[str, Any]:
    """A day in a fresh process."""
    with server(work) if way == "server" else nothing() as environment:
        started = time.perf_counter()
        command = [sys.executable, "-m", __spec__.name, "--way", way, "--work", str(work)]
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{way}: {done.stderr[-2000:]}")
        whole = time.perf_counter() - started
    return {**json.loads(done.stdout.splitlines()[-1]), "whole": whole}


def prepare(work: Path) -> None:
    """Prepared layers, once for all three."""
    from flows.wiring.day import open_day
    from ibf_pipeline.prepare.build import prepare_floods as build

    day = open_day("config", "XDM", DAY, None, workspace=str(work / "ws"))
    build(day.country, day.configuration.static_folder(day.country), day.prepared)


def run(way: str, work: Path) -> dict[str, Any]:
    """One day; `day`: seconds of it, without loading the libraries."""
    from flows.wiring.environment import set_prefect_defaults

    if way != "server":  # a part that asks for a server after all ends the measurement
        os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
        os.environ.pop("PREFECT_API_URL", None)
    set_prefect_defaults(work / f"home-{way}")
    workspace = work / f"ws-{way}"
    workspace.mkdir()
    (workspace / "prepared").symlink_to(work / "ws" / "prepared")
    if way == "stages":
        return stages(str(workspace))
    from prefect.client.orchestration import get_client

    from flows.floods import floods

    started = time.perf_counter()
    state: Any = floods("XDM", DAY, config="config", workspace=str(workspace), return_state=True)
    seconds = time.perf_counter() - started
    assert state.is_completed(), state
    if way == "command":
        return {"day": seconds, "tasks": 0}
    time.sleep(5)  # task runs reach the server after the flow's end
    with get_client(sync_client=True) as client:
        return {"day": seconds, "tasks": len(client.read_task_runs())}


def stages(workspace: str) -> dict[str, Any]:
    """The flow's own stages, in their order, as plain functions; fails where one of them asks for a Prefect server."""
    from flows import hazard_run
    from flows.wiring import flood_leg
    from flows.wiring.day import open_day
    from ibf_pipeline.targets.problems import Overrides

    for name in ("prepared_layers", "obtain_forecast", "read_discharge", "find_events", "record_findings"):
        setattr(flood_leg, name, getattr(flood_leg, name).fn)
    plan, publish = hazard_run.plan_revision.fn, hazard_run.publish_revision.fn
    plain = partial(hazard_run.publish_revisions, plan=plan, publish=publish)
    hazard_run.publish_revisions = plain  # type: ignore[assignment]
    started = time.perf_counter()
    day = open_day("config", "XDM", DAY, None, workspace=workspace)
    found, folder = flood_leg.find_day(day)
    hazard_run.publish_day(day, found, folder, notify=True, hold=False, overrides=Overrides())
    hazard_run.write_run_report.fn("XDM", folder, day.prepared)
    return {"day": time.perf_counter() - started, "tasks": 0}


@contextmanager
def nothing() -> Iterator[dict[str, str]]:
    yield {}


@contextmanager
def server(work: Path) -> Iterator[dict[str, str]]:
    """A Prefect server on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PREFECT_HOME": str(work / "server"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    program = Path(sys.executable).parent / "prefect"
    process = subprocess.Popen(
        [str(program), "server", "start", "--port", str(port)],
        env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.5)
        time.sleep(3)
        yield {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
