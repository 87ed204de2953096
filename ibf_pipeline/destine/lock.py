"""One process or thread at a time, by a lock file that the system frees when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCKS: Final = ".locks"
"""folder of lock files beside results"""


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock file, and hold it until the block ends."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
