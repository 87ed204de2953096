"""Work in a process of its own, that may be killed or limited."""

from __future__ import annotations

import os
from collections.abc import Callable


def begin(work: Callable[[], None]) -> int:
    """The number of a child process that does the work and ends."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return child


def in_child(work: Callable[[], None]) -> int:
    """The wait status of a child process that does the work: 0 where it went well."""
    return os.waitpid(begin(work), 0)[1]
