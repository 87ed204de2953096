"""A real Prefect server and a worker on loopback, as an operator runs them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from zoneinfo import available_timezones

import httpx
import prefect

from tests.worlds.session_cache import alone

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 120

WITHOUT_BLOCKS = {
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}
"""A server that does not register what kinds of blocks there are takes five seconds less to start: whoever saves one
registers its kind."""
_QUIET = {
    **WITHOUT_BLOCKS,
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.2",
    "PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    **{
        f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
        for service in ("SCHEDULER", "LATE_RUNS", "TRIGGERS", "FOREMAN", "CANCELLATION_CLEANUP")
    },
}


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """A running server."""

    url: str
    """of the API"""
    home: Path
    """PREFECT_HOME of everything that talks to it"""

    @property
    def environment(self) -> dict[str, str]:
        """Environment of commands, workers and runs."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(self.home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "DO_NOT_TRACK": "1",
        }

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a console script of the environment against the server."""
        program = Path(sys.executable).parent / arguments[0]
        return subprocess.run(
            [str(program), *arguments[1:]], env=self.environment, capture_output=True, text=True, timeout=180
        )

    def forget_what_is_registered(self) -> None:
        """Take away automations, deployments, work pools and limits; what has run stays."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            for kind in ("automations", "deployments", "v2/concurrency_limits", "work_pools"):
                while found := _answer(client, "POST", f"/{kind}/filter", json={}).json():
                    for each in found:
                        _answer(client, "DELETE", f"/{kind}/{each['name' if kind == 'work_pools' else 'id']}")

    @contextmanager
    def worker(self, pool: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker of a pool in a process group of its own; stopped with its runs."""
        program = Path(sys.executable).parent / "prefect"
        log = (self.home / f"worker-{time.monotonic_ns()}.log").open("wb")
        process = subprocess.Popen(
            [str(program), "worker", "start", "--pool", pool, *options],
            env={**self.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            stop(process)
            log.close()


def _answer(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """What the server answers once its database is free: on SQLite it says 503 while it writes something else."""
    for _ in range(100):
        answer = client.request(method, path, **options)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(0.1)
    return answer.raise_for_status()


def kill_with_children(pid: int) -> None:
    """Kill a process and all that descend from it, as a machine does that loses its power."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            kill_with_children(int(stat.parent.name))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a process and everything that it started."""
    try:
        os.killpg(process.pid, how)
        process.wait(timeout=20)
    except ProcessLookupError:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


@contextmanager
def same_again(server: PrefectServer, home: Path) -> Iterator[PrefectServer]:
    """A second server with what the first one has at this moment: it shows its pages and does nothing by itself."""
    home.mkdir(parents=True)
    with (
        contextlib.closing(sqlite3.connect(server.home / "prefect.db", timeout=60)) as there,
        contextlib.closing(sqlite3.connect(home / "prefect.db")) as here,
    ):
        there.backup(here)
        here.execute("PRAGMA journal_mode=WAL")
    with prefect_server(home, quiet=True, pages=True) as second:
        yield second


def made_database(home: Path) -> None:
    """Give a home of Prefect its database. Made once: its hundred migrations take ten seconds."""
    kept = ROOT / ".pytest_cache" / f"prefect-{prefect.__version__}.db"
    home.mkdir(parents=True, exist_ok=True)
    with alone("prefect"):
        if not kept.exists():
            _migrate(kept)
    shutil.copyfile(kept, home / "prefect.db")


def _migrate(kept: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with tempfile.TemporaryDirectory() as made:
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
            env={**environment, "PREFECT_HOME": made, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
            check=True, capture_output=True, timeout=START_SECONDS,
        )  # fmt: skip
        kept.parent.mkdir(exist_ok=True)
        whole = kept.with_name(f"{os.getpid()}.db")
        with contextlib.closing(sqlite3.connect(Path(made) / "prefect.db")) as database:
            database.execute("VACUUM INTO ?", (str(whole),))
        with contextlib.closing(sqlite3.connect(whole)) as database:
            database.execute("PRAGMA journal_mode=WAL")  # or its first two readers refuse each other
        whole.replace(kept)


@contextmanager
def prefect_server(
    home: Path, *, quiet: bool = False, pages: bool = False, database: str | None = None
) -> Iterator[PrefectServer]:
    """Start a server on a free port of this machine, with its own database, or the one that its home has already.

    `database`: URL of an empty one on a database server instead.

    `quiet`: it answers and keeps what it is told, and does nothing by itself: no run is scheduled or late, no
    automation fires, and there are no pages unless `pages` are wanted.
    """
    home.mkdir(parents=True, exist_ok=True)
    if database is None and not (home / "prefect.db").exists():
        made_database(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = PrefectServer(f"http://127.0.0.1:{port}/api", home)
    usual = [str(Path(sys.executable).parent / "prefect"), "server", "start"]
    command = (
        [sys.executable, "-m", "tests.worlds.services.brisk_server"]
        if quiet and not pages and database is None
        else usual
    )
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env={
                **server.environment,
                "PREFECT_SERVER_UI_API_URL": server.url,
                "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
                **(_QUIET if quiet else {}),
                **({"PREFECT_SERVER_UI_ENABLED": "true"} if pages else {}),
                **({"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if database else {}),
            },
            cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_until_healthy(server, process)
            yield server
        finally:
            stop(process)


@contextmanager
def eager_client() -> Iterator[None]:
    """Within it, this process loses no time as a client.

    Its runs send no sign of life: the thread for it holds up the end of each by half a second. A server whose database
    is busy is asked again at once and often, where Prefect waits for 2, 4, 8 seconds and then gives up. No certificates
    are read: that takes 30 ms a client, and no server here has one. Time zones are listed once, not for each schedule.
    """
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    without_certificates = SimpleNamespace(
        SSLContext=ssl.SSLContext,
        CERT_NONE=ssl.CERT_NONE,
        create_default_context=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    hasty = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.2)))
    with (
        patch("prefect.flow_engine.BaseFlowRunEngine.heartbeat_seconds", None),
        patch("prefect.types._datetime.available_timezones", cache(available_timezones)),
        patch("prefect.client.base.time", hasty),
        patch("prefect.client.orchestration.ssl", without_certificates),
        temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 100}),
    ):
        yield


def _wait_until_healthy(server: PrefectServer, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=2) as client:
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError((server.home / "server.log").read_text(encoding="utf-8"))
            try:
                if client.get(f"{server.url}/health").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.3)
    raise RuntimeError(f"the Prefect server did not start within {START_SECONDS} s")
