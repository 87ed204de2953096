"""One process or thread at a time, by a lock file that the system releases when its holder dies."""

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
from ibf_pipeline.io.atomic_files import write_errors

log = logging.getLogger(__name__)

LOCKS: Final = ".locks"
"""folder of lock files beside results"""


@contextmanager
def file_lock(
    file: Path, activity: str = "", busy_error: IbfError | None = None, *, shared: bool = False
) -> Iterator[None]:
    """Wait until nobody else holds the lock file, and hold it until the block ends.

    Whoever holds a lock inside a folder may move the folder away: those who waited make it anew.

    Parameters
    ----------
    file : Path
        The lock file; it and its folder are made if they do not exist.
    activity : str
        What the other one is doing, for the log: "waiting for another process that ...".
    busy_error : IbfError, optional
        Raised at once if somebody else holds the lock; without it, the lock is waited for.
    shared : bool
        Others may hold it as well if they share it, too.

    Raises
    ------
    WriteFailed
        If the file cannot be made.
    """
    held = False
    while not held:
        with ExitStack() as stack:
            with write_errors(file):
                lock = stack.enter_context(_opened(file))
                _hold(lock, activity, busy_error, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            held = _is_same(lock.fileno(), file)  # not deleted while we waited
            if held:
                yield


def lock_file_of(folder: Path) -> Path:
    """The lock file of a folder, beside it.

    >>> lock_file_of(Path("runs/UGA")).as_posix()
    'runs/.UGA.lock'
    """
    return folder.with_name(f".{folder.name}.lock")


def _hold(lock: TextIO, activity: str, busy_error: IbfError | None, how: int) -> None:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        if busy_error is not None:
            raise busy_error from None
        if activity:
            log.info("waiting for another process that %s", activity)
        fcntl.flock(lock, how)


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
