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
from datetime import date
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from ibf_pipeline.errors import IbfError, InputInvalid, StoreUnavailable
from ibf_pipeline.records.lease import LeaseLost
from ibf_pipeline.storage.file_sets import newest_below
from ibf_pipeline.storage.mirror import Mirror
from ibf_pipeline.storage.shared_folder import SharedFolder
from ibf_pipeline.storage.store_location import SharedStorage

log = logging.getLogger(__name__)

_INPUTS: Final = "inputs"
_AWAY_SECONDS: Final = 900.0
"""a store that was waited for in vain is left alone so long: forecasts are then fetched from their sources"""

RAW: Final = "raw"
"""folder of files as delivered, and of those that are not whole yet; others begin with it"""


@dataclass(frozen=True, slots=True)
class StoredDay:
    """What the store has of one source and day."""

    source: str
    issue_date: str
    """YYYYMMDD"""
    country: str
    """empty for a day that is fetched for all countries at once"""
    size: int
    """bytes"""


@dataclass(slots=True)
class SharedDays:
    """What machines share of a cache."""

    sharing: SharedStorage
    _away_until: float = field(default=0.0, init=False)

    @contextmanager
    def held(self, folder: Path, place: str, country: str | None, instead: IbfError | None) -> Iterator[None]:
        """Hold a day on all machines; its folder is brought up to date before, and shared after.

        `country`: the part of the folder that is meant. `instead` is raised if another machine holds it.
        """
        day = self._day(folder, place, country)
        with day.place.exclusive(f"is fetching {place}", instead):
            self._unless_away(day.bring)
            try:
                yield
            except IbfError:
                self._unless_away(day.share)
                raise
            self._unless_away(day.share)

    def stored(self) -> list[StoredDay]:
        """What the store has, by source and day."""
        found = []
        for kept in newest_below(self.sharing.database, _INPUTS, there=True):
            source, issue_date, *country = kept.place.split("/")[1:]
            found.append(StoredDay(source, issue_date, "".join(country), sum(each.size for each in kept.files)))
        return found

    def share(self, folder: Path, place: str, country: str | None) -> None:
        """Share what lies there by now, in the middle of holding it."""
        self._unless_away(self._day(folder, place, country).share)

    def _day(self, folder: Path, place: str, country: str | None) -> Mirror:
        shared = SharedFolder(self.sharing, place, "forecast", country or "")
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


def day_key(source: str, issue_date: date, country: str | None) -> str:
    """What records and store call a day of a source, or a country's part of it."""
    return f"{_INPUTS}/{source}/{issue_date:%Y%m%d}" + ("" if country is None else f"/{country}")


def _is_shared(country: str | None, name: PurePath) -> bool:
    first = name.parts[0]
    is_raw = first == RAW or first.startswith(f"{RAW}-")
    return not is_raw and (country is None or first == country or first.startswith(f"{country}-"))
