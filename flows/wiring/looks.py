"""Looks at the forecasts of several countries side by side: a slow one keeps no other waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from ibf_pipeline.sources.threads import in_this_context
from ibf_pipeline.sources.watch import Availability

_AT_A_TIME = 32
"""countries"""
STILL_FETCHED = Availability(False, False, "still being fetched")
"""what is known of a country whose look is not over"""


class Looks:
    """One look a country at a time; one that is not over in time goes on, and answers at a later look."""

    def __init__(self, look: Callable[[str], Availability], countries: int) -> None:
        self._look = look
        self._pool = ThreadPoolExecutor(min(_AT_A_TIME, max(1, countries)), thread_name_prefix="look")
        self._running: dict[str, Future[Availability]] = {}

    def __call__(self, countries: Sequence[str], seconds: float | None) -> Iterator[tuple[str, Availability]]:
        """What was found for each country, as soon as it is found; STILL_FETCHED for the rest after so many seconds."""
        for country in countries:
            if country not in self._running:
                self._running[country] = self._pool.submit(in_this_context(self._look), country)
        asked = {self._running[country]: country for country in countries}
        try:
            for future in as_completed(asked, timeout=seconds):
                del self._running[asked[future]]
                yield asked.pop(future), future.result()
        except TimeoutError:
            for country in asked.values():
                yield country, STILL_FETCHED

    @property
    def go_on(self) -> bool:
        """Whether one is not over: it ends with its process."""
        return bool(self._running)

    def close(self) -> None:
        """Begin no further looks; waits for none."""
        self._pool.shutdown(wait=False, cancel_futures=True)
