"""One process or thread at a time, by a lock file that the system frees when its holder dies."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ibf_pipeline.io.writing import writing

log = logging.getLogger(__name__)

LOCKS: Final = ".locks"
"""folder of lock files beside results"""


@contextmanager
def alone(file: Path, at_work: str = "") -> Iterator[None]:
    """Wait until nobody else holds the lock file, and hold it until the block ends.

    `at_work` says in the log what the other one is doing. Raises WriteFailed where the file cannot be made.
    """
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if at_work:
                log.info("waiting for another process that %s", at_work)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def beside(folder: Path) -> Path:
    """The lock file of a folder, next to it."""
    return folder.with_name(f".{folder.name}.lock")
