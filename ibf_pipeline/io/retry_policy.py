"""How long and how often something is tried: one policy for every server."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_random_exponential

from ibf_pipeline.io.http_errors import NoAnswer

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_LONGEST_WAIT: Final = 120.0
"""seconds between two tries, whatever a Retry-After header asks for"""
_BACKOFF: Final = wait_random_exponential(max=30)
"""up to 1, 2, 4, ... and at most 30 seconds, where the server asks for nothing"""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often a request is tried.

    Notes
    -----
    Between two attempts: a random time of up to 1, 2, 4, ... and at most 30 s, or what the server asks for, at most
    `_LONGEST_WAIT`.
    """

    timeout_seconds: float = 60.0
    attempts: int = 5
    sleep: Callable[[float], None] = time.sleep
    keep_trying_seconds: float = 0.0
    """after the first failure, where the server is unreachable; 0: then, too, `attempts` is the limit"""
    clock: Callable[[], float] = time.monotonic


def is_no_answer(error: BaseException) -> bool:
    """Whether a request is repeated after this error."""
    return isinstance(error, NoAnswer)


def was_not_carried_out(error: BaseException) -> bool:
    """Whether a request that must not be carried out twice is repeated after this error."""
    return isinstance(error, NoAnswer) and error.sent != "unknown"


def retry_call(
    once: Callable[[], _T],
    retry_policy: RetryPolicy,
    *,
    keep_trying: bool = True,
    again: Callable[[BaseException], bool] = is_no_answer,
) -> _T:
    """Call a function until it returns.

    Parameters
    ----------
    once : Callable[[], T]
        One attempt.
    retry_policy : RetryPolicy
        How long and how often.
    keep_trying : bool
        False: `attempts` is the limit also while the server is unreachable.
    again : Callable[[BaseException], bool]
        Which errors are followed by another attempt; any other ends the call at once.

    Raises
    ------
    Exception
        The last error that `once` raised.
    """
    attempts = _Attempts(retry_policy, retry_policy.keep_trying_seconds if keep_trying else 0.0)
    return Retrying(
        retry=retry_if_exception(again),
        wait=attempts.wait,
        stop=attempts.are_over,
        before_sleep=attempts.tell,
        sleep=retry_policy.sleep,
        reraise=True,
    )(once)


class _Attempts:
    """The failed attempts of one call, and when the next one is made."""

    def __init__(self, retry_policy: RetryPolicy, keep_trying_seconds: float) -> None:
        self._retry_policy = retry_policy
        self._seconds = keep_trying_seconds
        self._first: float | None = None
        self._counted = 0
        """against `attempts`: not those that only waited for a server which was away"""
        self._tried, self._over, self._limit = 0.0, False, ""

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt."""
        error = state.outcome.exception() if state.outcome else None
        now = self._retry_policy.clock()
        self._first = now if self._first is None else self._first
        self._tried = now - self._first
        seconds = _BACKOFF(state)
        if (after := getattr(error, "after", None)) is not None:
            asked = min(_LONGEST_WAIT, after)
            # `Retry-After: 0` must not mean ten minutes of asking without a pause
            seconds = asked if state.attempt_number < self._retry_policy.attempts else max(asked, seconds)
        if getattr(error, "passes", False) and self._seconds > 0:
            self._over, self._limit = self._tried >= self._seconds, f"{self._seconds:.0f} s"
            return max(0.0, min(self._seconds - self._tried, seconds))
        self._counted += 1
        most = self._retry_policy.attempts
        self._over, self._limit = self._counted >= most, f"{most} attempts"
        return seconds

    def are_over(self, state: RetryCallState) -> bool:
        """Whether there is no further attempt."""
        return self._over

    def tell(self, state: RetryCallState) -> None:
        """Log an attempt that failed."""
        log.warning(
            "%s; trying again in %.0f s (attempt %d failed, %.0f s after the first, at most %s)",
            state.outcome.exception() if state.outcome else "",
            state.upcoming_sleep,
            state.attempt_number,
            self._tried,
            self._limit,
        )
