"""One process or thread at a time, by a lock file that the system frees when its holder dies."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TextIO

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from ibf_pipeline.errors import IbfError
from ibf_pipeline.io.writing import writing

log = logging.getLogger(__name__)

LOCKS: Final = ".locks"
"""folder of lock files beside results"""


@contextmanager
def alone(file: Path, at_work: str = "", instead: IbfError | None = None) -> Iterator[None]:
    """Wait until nobody else holds the lock file, and hold it until the block ends.

    `at_work` says in the log what the other one is doing. `instead` is raised where there is another one: nobody is
    waited for then. Whoever holds the locks of a folder may delete it: those who waited make it anew. Raises
    WriteFailed where the file cannot be made.
    """
    held = False
    while not held:
        with ExitStack() as stack:
            with writing(file):
                lock = stack.enter_context(_opened(file))
                _hold(lock, at_work, instead)
            held = _is_same(lock.fileno(), file)  # not deleted while we waited
            if held:
                yield


def beside(folder: Path) -> Path:
    """The lock file of a folder, next to it."""
    return folder.with_name(f".{folder.name}.lock")


def _hold(lock: TextIO, at_work: str, instead: IbfError | None) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if instead is not None:
            raise instead from None
        if at_work:
            log.info("waiting for another process that %s", at_work)
        fcntl.flock(lock, fcntl.LOCK_EX)


@retry(retry=retry_if_exception_type((FileNotFoundError, FileExistsError)), stop=stop_after_attempt(100), reraise=True)
def _opened(file: Path) -> TextIO:
    """Somebody may delete the folder while it is made: pathlib then says that it is not there, or a file in its way."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a")


def _is_same(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False
