"""Environment of Prefect in our own processes, set before Prefect is imported: quiet, no telemetry, short errors."""

from __future__ import annotations

import atexit
import gc
import io
import logging
import os
import select
import sys
from pathlib import Path
from typing import Any, Final, TextIO

from ibf_pipeline.errors import IbfError, ServerUnreachable

_STARTUP: Final = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
RETRIES: Final = {"PREFECT_CLIENT_MAX_RETRIES": "7"}
"""of a question to the Prefect server, 2, 4, 8, ... 128 seconds apart: a server that restarts for up to four minutes
ends no day. Prefect's own five are over after 50 to 75 seconds"""

_ALLOCATIONS: Final = 50_000
"""of objects between two looks of the garbage collector, 700 otherwise; arrays go when their last name does, without
it"""


def set_prefect_defaults(home: Path | None = None) -> None:
    """Defaults that the operator's own environment overrides; with `home` Prefect keeps its files there."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault(_STARTUP, "120")
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "ibf_pipeline")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    for name, value in RETRIES.items():
        os.environ.setdefault(name, value)
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        os.environ["PREFECT_HOME"] = str(home)
        os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")


def collect_rarely() -> None:
    """Of what a process loads, almost nothing is garbage: looked through some 800 times while loading and once more at
    the end, it takes 2 of 9 seconds of processor.
    """
    gc.set_threshold(_ALLOCATIONS)
    atexit.register(gc.freeze)


def read_env_files(folder: Path) -> None:
    """Accounts out of `.env` and `.env_tutorial` of a folder, as the Hook tutorial has them; what is exported stays."""
    import dotenv

    for name in (".env", ".env_tutorial"):
        if (folder / name).is_file():
            dotenv.load_dotenv(folder / name)


class _WithoutReader(io.FileIO):
    """A stream that goes on where its reader has left, its terminal is gone or its disk is full."""

    def write(self, data: Any) -> int:
        """What nobody can read any more counts as written; a reader that is slow is waited for."""
        try:
            while (written := super().write(data)) is None:
                select.select([], [self], [])
        except OSError:
            return memoryview(data).nbytes
        return written


def outlive_readers() -> None:
    """Work in progress never ends because nobody reads its output, as with `| head`, or because the encoding lacks the
    country's letters, as under cron.
    """
    if sys.stdout is sys.__stdout__:
        sys.stdout = _outliving(sys.__stdout__, "replace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _outliving(sys.__stderr__, "backslashreplace")


def _outliving(stream: TextIO | None, errors: str) -> TextIO:
    """`stream`: None if the parent process has closed it; libraries need one."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8", errors=errors)
    raw = io.BufferedWriter(_WithoutReader(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(raw, stream.encoding, errors, line_buffering=True)


class ShortErrors(logging.Filter):
    """Prefect's lines about an IbfError: no traceback, and not the message again, which the run's state has.

    Of a task they are warnings: whether the run fails of it is for the run to say, which may turn to another source.
    Errors of any other kind are left as they are: their traceback is what finds the fault.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stopped: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Shortens the record; keeps it."""
        error = record.exc_info[1] if record.exc_info else None
        task = getattr(record, "task_run_id", None)
        if isinstance(error, IbfError):
            record.exc_info, record.exc_text = None, None
            record.msg, record.args = f"stopped by {type(error).__name__}", ()
            if isinstance(task, str):
                self._stopped.add(task)
                record.msg = f"stopped: {error.found}"
                record.levelno, record.levelname = logging.WARNING, "WARNING"
        elif isinstance(task, str) and task in self._stopped and str(record.msg).startswith("Finished in state "):
            self._stopped.discard(task)
            record.msg, record.args = "Finished in state Failed", ()
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        elif task is None and _says_failed(str(record.msg)):
            record.levelno, record.levelname = logging.ERROR, "ERROR"
        return True


def _says_failed(text: str) -> bool:
    """Prefect's line about a run: it names the type of a state behind the message where the name is another."""
    failed = text.startswith("Finished in state Failed(") or text.endswith("type=FAILED)")
    return failed and text.startswith("Finished in state ")


def shorten_errors() -> None:
    """In this process, whichever it is: a command, a worker's run, a country's process."""
    for name in ("prefect.task_runs", "prefect.flow_runs"):
        logger = logging.getLogger(name)
        if not any(isinstance(known, ShortErrors) for known in logger.filters):
            logger.addFilter(ShortErrors())


def as_unreachable(error: Exception) -> ServerUnreachable | None:
    """What an error of Prefect's client means where its server is not there; else None."""
    httpx = sys.modules.get("httpx")  # not loaded: the command had nothing to do with Prefect
    if httpx is None:
        return None
    if isinstance(error, httpx.HTTPStatusError):
        found = f"the Prefect server answered {error.response.status_code} to {error.request.url.path}"
    elif "connect to ephemeral Prefect API" in str(error):
        return ServerUnreachable(
            "the Prefect server that a command starts for itself was not up in time",
            where="this machine",
            expected=f"up within {os.environ.get(_STARTUP, 'its')} seconds",
            remedy=f"run it again when the machine has less to do, or set {_STARTUP} to more seconds",
        )
    elif isinstance(error, httpx.TransportError) or "Failed to reach API" in str(error):
        found = "the Prefect server cannot be reached"
    else:
        return None
    return ServerUnreachable(
        found,
        where=os.environ.get("PREFECT_API_URL", "Prefect"),
        expected="a running Prefect server where PREFECT_API_URL is set",
        remedy="start it, or unset PREFECT_API_URL: the day then runs without one, and is published",
    )
