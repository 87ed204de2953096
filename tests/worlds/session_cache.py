"""What one process of a session has built, and the others copy: layers, forecasts, an empty database of Prefect."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_VARIABLE = "IBF_TESTS_KEPT"
if _VARIABLE not in os.environ:  # this process begins the session: those that it starts find the folder there
    os.environ[_VARIABLE] = tempfile.mkdtemp(prefix="kept-of-tests-")
    atexit.register(shutil.rmtree, os.environ[_VARIABLE], ignore_errors=True)
KEPT = Path(os.environ[_VARIABLE])


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Within it, no other process of the session is at work on what has this name."""
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kept(name: str, make: Callable[[Path], object]) -> Path:
    """The folder of this name, made whole by the first process that asks for it."""
    folder = KEPT / name
    if not folder.exists():
        with alone(name):
            if not folder.exists():
                made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=KEPT))
                make(made)
                made.rename(folder)
    return folder
