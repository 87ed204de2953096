"""One run at a time for a country on one machine.

The operating system frees a lock with its holder.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.writing import writing

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1800.0
"""for another run of the country: longer than a day of a large country takes"""
_POLL_SECONDS = 0.5


@contextmanager
def country_lock(
    file: Path, purpose: str, now: Callable[[], datetime], patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold `file` for a whole run of a country: its prepared layers, its run folders and what it publishes.

    Waits for another run, and says so; ForbiddenByRule that names it where it does not end in time, WriteFailed where
    nobody can hold the file.
    """
    until = time.monotonic() + patience_seconds
    with ExitStack() as stack:
        told = False
        while True:
            try:
                _take(file, purpose, now, stack)
                break
            except _Held:
                if time.monotonic() >= until:
                    raise ForbiddenByRule(
                        f"another run of the country is still at work: {_holder(file)}",
                        where=file,
                        expected="one run at a time for a country",
                        remedy="wait until it has ended or end that process, then run again",
                    ) from None
            if not told:
                log.warning("waiting: another run of the country is at work: %s", _holder(file))
                told = True
            time.sleep(_POLL_SECONDS)
        yield


def _take(file: Path, purpose: str, now: Callable[[], datetime], stack: ExitStack) -> None:
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            stream = opened.enter_context(file.open("a+", encoding="utf-8"))
            _lock(stream)
            stack.enter_context(opened.pop_all())
        stream.truncate(0)
        about = {"purpose": purpose, "process": os.getpid(), "host": socket.gethostname(), "since": now().isoformat()}
        stream.write(json.dumps(about))
        stream.flush()


class _Held(Exception):
    """Another process holds the lock."""


def _lock(stream: TextIO) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _Held from None


def _holder(file: Path) -> str:
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        return f"{about['purpose']}, process {about['process']} on {about['host']} since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "its holder has not said who it is"
