"""Days of the cache that machines share: what one has fetched, another finds as it was fetched, and asks no source.

The folder of a day is on each machine what the last one that held it left there: whole files with their records and
times, those of a forecast that is not whole yet too, and what was ordered. A file that only begins to arrive, and those
as delivered, stay where they are.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from ibf_pipeline.errors import IbfError, InputInvalid, StoreUnavailable
from ibf_pipeline.records.lease import LeaseLost
from ibf_pipeline.storage.mirror import Mirror
from ibf_pipeline.storage.shared import SharedPlace, Sharing

log = logging.getLogger(__name__)

_AWAY_SECONDS: Final = 900.0
"""a store that was waited for in vain is left alone so long: forecasts are then fetched from their sources"""

RAW: Final = "raw"
"""folder of files as delivered, and of those that are not whole yet; others begin with it"""


@dataclass(slots=True)
class SharedDays:
    """What machines share of a cache."""

    sharing: Sharing
    _away_until: float = field(default=0.0, init=False)

    @contextmanager
    def held(self, folder: Path, place: str, country: str | None, instead: IbfError | None) -> Iterator[None]:
        """Hold a day on all machines; its folder is brought up to date before, and shared after.

        `country`: the part of the folder that is meant. `instead` is raised where another machine holds it.
        """
        day = self._day(folder, place, country)
        with day.place.alone(f"is fetching {place}", instead):
            self._unless_away(day.bring)
            try:
                yield
            except IbfError:
                self._unless_away(day.share)
                raise
            self._unless_away(day.share)

    def share(self, folder: Path, place: str, country: str | None) -> None:
        """Share what lies there by now, in the middle of holding it."""
        self._unless_away(self._day(folder, place, country).share)

    def _day(self, folder: Path, place: str, country: str | None) -> Mirror:
        shared = SharedPlace(self.sharing, place, "forecast", country or "")
        return Mirror(shared, folder, partial(_is_shared, country), f"-{country}" if country else "")

    def _unless_away(self, do: Callable[[], None]) -> None:
        """What goes wrong with the store stops nothing: a forecast is then fetched from its source by each machine."""
        if time.monotonic() < self._away_until:
            return
        try:
            do()
        except StoreUnavailable as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            log.warning("forecasts are not shared for %.0f minutes: %s", _AWAY_SECONDS / 60, error)
        except (LeaseLost, InputInvalid, OSError) as error:
            log.warning("a forecast is not shared: %s", error)


def _is_shared(country: str | None, name: PurePath) -> bool:
    first = name.parts[0]
    is_raw = first == RAW or first.startswith(f"{RAW}-")
    return not is_raw and (country is None or first == country or first.startswith(f"{country}-"))
