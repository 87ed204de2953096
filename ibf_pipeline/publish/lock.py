"""One publication at a time for a country, hazard and target. The operating system frees the lock with its holder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.writing import writing


@contextmanager
def publication_lock(file: Path, purpose: str, now: Callable[[], datetime]) -> Iterator[None]:
    """Hold `file` while publishing; ForbiddenByRule that says who holds it already, WriteFailed where nobody can."""
    with ExitStack() as stack:
        try:
            with writing(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                stream = stack.enter_context(file.open("a+", encoding="utf-8"))
                _lock(stream)
        except _Held:
            raise ForbiddenByRule(
                f"another run is publishing there: {_holder(file)}",
                where=file,
                expected="one publication at a time for a country, hazard and target",
                remedy="wait until it has ended, then run again",
            ) from None
        with writing(file):
            stream.truncate(0)
            about = {
                "purpose": purpose,
                "process": os.getpid(),
                "host": socket.gethostname(),
                "since": now().isoformat(),
            }
            stream.write(json.dumps(about))
            stream.flush()
        yield


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
