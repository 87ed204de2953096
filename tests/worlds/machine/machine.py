"""One machine of an installation, as far as the pipeline can tell: a home of its own, which can vanish, and a name.

Nothing of it lies outside the home but what any machine has: the software with its configuration, static data, and the
forecasts as their source has them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from typer.testing import CliRunner

from flows.cli.app import app
from tests.worlds.machine.site.sitecustomize import MACHINE, changes
from tests.worlds.plain_calls import plain_calls
from tests.worlds.services.prefect_server import kill_with_children, stop

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 600.0
"""seconds, for what a run or a command of one country takes where much else goes on"""
POOL = "machines"
"""the work pool of the installation"""


@dataclass(frozen=True, slots=True)
class Machine:
    """One of those that run the pipeline."""

    name: str
    home: Path
    config: Path
    variables: Mapping[str, str]
    """of the environment, the same on every machine"""

    @property
    def environment(self) -> dict[str, str]:
        """Of every process on it."""
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            **self.variables,
            "IBF_HOME": str(self.home / "ibf"),
            "PREFECT_HOME": str(self.home / "prefect"),
            "TMPDIR": str(self.home / "tmp"),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "tests/worlds/machine/site"), str(ROOT))),
            MACHINE: self.name,
        }

    def begin(self, *arguments: str) -> Command:
        """A command of the pipeline, which is not waited for."""
        program = Path(sys.executable).parent / "ibf-pipeline"
        process = subprocess.Popen(
            [str(program), *arguments, "--config", str(self.config)],
            env=self.environment, cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return Command(f"{' '.join(arguments)} on {self.name}", process)

    def command(self, *arguments: str) -> tuple[int, str]:
        """A command of the pipeline: its exit code, and what it said."""
        return self.begin(*arguments).end()

    def here(self, *arguments: str) -> tuple[int, str]:
        """A command of the pipeline as plain calls in this process, as if it were one of the machine's."""
        with self._in_this_process():
            result = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        failed = "" if result.exception is None or isinstance(result.exception, SystemExit) else repr(result.exception)
        return getattr(result.exception, "exit_code", 99) if failed else result.exit_code, result.output + failed

    @contextmanager
    def begun_here(self, *arguments: str) -> Iterator[Future[tuple[int, str]]]:
        """The same beside what else this process does meanwhile; it has ended when the block does."""
        with ThreadPoolExecutor(1) as pool:
            yield pool.submit(copy_context().run, self.here, *arguments)

    @contextmanager
    def _in_this_process(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, self.environment))
            stack.enter_context(patch("socket.gethostname", lambda: self.name))
            stack.enter_context(plain_calls())
            for module, values in changes().items():
                stack.enter_context(patch.multiple(module, **values))
            yield

    @contextmanager
    def worker(self, limit: int = 2) -> Iterator[subprocess.Popen[bytes]]:
        """A worker of the installation's pool, in a process group of its own; stopped with its runs."""
        environment = {**self.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"}
        program = str(Path(sys.executable).parent / "prefect")
        with (self.home / f"worker-{time.monotonic_ns()}.log").open("wb") as log:
            process = subprocess.Popen(
                [program, "worker", "start", "--pool", POOL, "--name", self.name, "--limit", str(limit)],
                env=environment, cwd=self.home, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                stop(process)

    def lose(self, worker: subprocess.Popen[bytes]) -> None:
        """Its power fails, and its disk is gone for good."""
        kill_with_children(worker.pid)
        worker.wait(20)
        self.lose_home()

    def lose_home(self) -> None:
        """All that was ever written on it is deleted."""
        shutil.rmtree(self.home)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that goes on."""

    what: str
    process: subprocess.Popen[str]

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said."""
        try:
            said, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"not within {PATIENCE:.0f} s: {self.what}") from None
        return self.process.returncode, said
