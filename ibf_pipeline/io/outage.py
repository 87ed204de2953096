"""How long a server has been unreachable: all threads of a process wait for it together, not one after the other."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from ibf_pipeline.errors import IbfError

log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = (0.1, 5.0)
"""between two tries: the first pause, and the longest"""
_TRY_SECONDS: Final = 60.0
"""that a try may take"""


class Outage:
    """Of one server.

    Parameters
    ----------
    seconds : float
        How long it is waited for, from the first failure on.
    clock : Callable[[], float]
        Seconds.
    sleep : Callable[[float], None]
        Seconds.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`seconds`: that it is waited for, counted from when it was missed first."""
        self._seconds, self._clock, self._sleep = seconds, clock, sleep
        self._mutex = threading.Lock()
        self._began: float | None = None
        self._seen = 0.0
        self._pause = 0.0

    def wait(self, error: IbfError) -> None:
        """Wait until the next attempt, 0.1 s at first and 5 s at most.

        Raises
        ------
        IbfError
            `error`, if the server was waited for long enough.
        """
        with self._mutex:
            now = self._clock()
            if self._began is None or now - self._seen > self._seconds + _TRY_SECONDS:  # nobody asked since
                self._began, self._pause = now, _PAUSE_SECONDS[0]
                log.warning("%s: %s; it is tried again for %.0f s", error.where, error.found, self._seconds)
            self._seen = now
            left = self._began + self._seconds - now
            if left <= 0:
                raise error
            pause = min(left, self._pause * random.uniform(0.5, 1.0))  # noqa: S311
            self._pause = min(2 * self._pause, _PAUSE_SECONDS[1])
        self._sleep(pause)

    def ended(self) -> None:
        """The server has answered."""
        with self._mutex:
            if self._began is not None:
                log.info("the server answers again, %.0f s after it was missed", self._clock() - self._began)
            self._began = None
