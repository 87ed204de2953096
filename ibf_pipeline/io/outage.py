"""How long a server was missed: all threads of a process wait for it once, not one after the other."""

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
    """Of one server; clock (seconds) and sleep come from outside."""

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
        """Until it is time for another try; the error where it was waited for long enough."""
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

    def is_over(self) -> None:
        """It has answered."""
        with self._mutex:
            if self._began is not None:
                log.info("the server answers again, %.0f s after it was missed", self._clock() - self._began)
            self._began = None
