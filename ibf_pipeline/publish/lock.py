"""One publication at a time for a country, hazard and target. The operating system frees the lock with its holder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ibf_pipeline.errors import ForbiddenByRule


@contextmanager
def publication_lock(file: Path, purpose: str, now: Callable[[], datetime]) -> Iterator[None]:
    """Hold `file` while publishing; ForbiddenByRule that says who holds it already."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ForbiddenByRule(
                f"another run is publishing there: {_holder(file)}",
                where=file,
                expected="one publication at a time for a country, hazard and target",
                remedy="wait until it has ended, then run again",
            ) from None
        stream.truncate(0)
        holder = {"purpose": purpose, "process": os.getpid(), "host": socket.gethostname(), "since": now().isoformat()}
        stream.write(json.dumps(holder))
        stream.flush()
        yield


def _holder(file: Path) -> str:
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        return f"{about['purpose']}, process {about['process']} on {about['host']} since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "its holder has not said who it is"
