"""How long and how often something is tried: one policy for every server."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_random_exponential

from ibf_pipeline.io.answers import NoAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")
LONGEST_WAIT: Final = 120.0
"""seconds between two tries, whatever a Retry-After header asks for"""
_BACKOFF: Final = wait_random_exponential(max=30)
"""up to 1, 2, 4, ... and at most 30 seconds, where the server asks for nothing"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a request is tried; clock and sleep come from outside."""

    timeout_seconds: float = 60.0
    attempts: int = 5
    sleep: Callable[[float], None] = time.sleep
    keep_trying_seconds: float = 0.0
    """after the first failure, where the server is away; 0: then, too, `attempts` is the limit"""
    clock: Callable[[], float] = time.monotonic


def is_no_answer(error: BaseException) -> bool:
    """What is tried again."""
    return isinstance(error, NoAnswer)


def was_not_carried_out(error: BaseException) -> bool:
    """What is tried again of a request that must not be carried out twice."""
    return isinstance(error, NoAnswer) and error.sent != "unknown"


def repeated(
    once: Callable[[], T],
    patience: Patience,
    *,
    keep_trying: bool = True,
    again: Callable[[BaseException], bool] = is_no_answer,
) -> T:
    """What `once` gives, tried until it does; else the last error that it raised.

    Other errors than `again` accepts end it at once. Without `keep_trying`, `attempts` is the limit in any case.
    """
    tries = _Tries(patience, patience.keep_trying_seconds if keep_trying else 0.0)
    return Retrying(
        retry=retry_if_exception(again),
        wait=tries.wait,
        stop=tries.are_over,
        before_sleep=tries.tell,
        sleep=patience.sleep,
        reraise=True,
    )(once)


class _Tries:
    """The failed tries of one call, and when it is tried next."""

    def __init__(self, patience: Patience, keep_trying_seconds: float) -> None:
        self._patience = patience
        self._seconds = keep_trying_seconds
        self._first: float | None = None
        self._counted = 0
        """against `attempts`: not those that only waited for a server which was away"""
        self._tried, self._over, self._limit = 0.0, False, ""

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next try."""
        error = state.outcome.exception() if state.outcome else None
        now = self._patience.clock()
        self._first = now if self._first is None else self._first
        self._tried = now - self._first
        seconds = _BACKOFF(state)
        if (after := getattr(error, "after", None)) is not None:
            asked = min(LONGEST_WAIT, after)
            # `Retry-After: 0` must not mean ten minutes of asking without a pause
            seconds = asked if state.attempt_number < self._patience.attempts else max(asked, seconds)
        if getattr(error, "passes", False) and self._seconds > 0:
            self._over, self._limit = self._tried >= self._seconds, f"{self._seconds:.0f} s"
            return max(0.0, min(self._seconds - self._tried, seconds))
        self._counted += 1
        self._over, self._limit = self._counted >= self._patience.attempts, f"{self._patience.attempts} attempts"
        return seconds

    def are_over(self, state: RetryCallState) -> bool:
        """Whether the last try was the last one."""
        return self._over

    def tell(self, state: RetryCallState) -> None:
        """Log a try that failed."""
        log.warning(
            "%s; trying again in %.0f s (attempt %d failed, %.0f s after the first, at most %s)",
            state.outcome.exception() if state.outcome else "",
            state.upcoming_sleep,
            state.attempt_number,
            self._tried,
            self._limit,
        )
