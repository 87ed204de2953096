"""What the service's own archive says of our cells: asked for rarely, kept with the time of the question."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.sources.open_meteo_service import FloodService, at_once

ArchiveCell = tuple[float, float]
"""centre: lat, lon in degrees"""
_FEWEST_YEARS: Final = 10
_FEWEST_DAYS: Final = 330
"""that a year needs to have been seen"""


def median_maximum(values: npt.NDArray[np.float32], first: date) -> float:
    """Median of the annual maxima (m3/s) of daily values that begin on `first`; NaN with fewer than 10 whole years.

    A year with fewer than 330 days counts for none: its flood may be among the days that are missing.
    """
    days = np.datetime64(first, "D") + np.arange(values.size)
    years = days.astype("datetime64[Y]")
    seen = np.isfinite(values)
    maxima = [
        float(values[(years == year) & seen].max())
        for year in np.unique(years)
        if int(((years == year) & seen).sum()) >= _FEWEST_DAYS
    ]
    return statistics.median(maxima) if len(maxima) >= _FEWEST_YEARS else float("nan")


@dataclass(frozen=True, slots=True)
class ArchivedMaximum:
    """What was answered for one cell."""

    maximum: float | None
    """m3/s; none if it has too few years"""
    asked: str
    """moment, UTC"""


@dataclass(frozen=True, slots=True)
class Archive:
    """The answers for a country, in one file."""

    file: Path
    years: tuple[int, int]
    believed: timedelta
    """so long no cell is asked for again"""
    now: Callable[[], datetime]

    def maxima(self, service: FloodService, cells: Sequence[ArchiveCell]) -> list[float]:
        """Median annual maximum (m3/s) in each cell, NaN where there is none; what is known is not asked for again.

        Answers are kept as they come: what was asked for before the service had enough of us is not asked for twice.
        """
        known = dict(self._kept())
        first, last = date(self.years[0], 1, 1), date(self.years[1], 12, 31)
        unknown = [cell for cell in dict.fromkeys(cells) if self._key(cell) not in known]
        most = at_once(first, last, ensemble=False)
        for group in (unknown[start : start + most] for start in range(0, len(unknown), most)):
            served = service.ask(group, first, last)
            for cell, one in zip(group, served, strict=True):
                maximum = median_maximum(one.values[0], first)
                known[self._key(cell)] = ArchivedMaximum(None if np.isnan(maximum) else maximum, self.now().isoformat())
            self._keep(known)
        found = [known[self._key(cell)].maximum for cell in cells]
        return [float("nan") if maximum is None else maximum for maximum in found]

    def _key(self, cell: ArchiveCell) -> str:
        return f"{cell[0]:.3f} {cell[1]:.3f} {self.years[0]}-{self.years[1]}"

    def _kept(self) -> Iterator[tuple[str, ArchivedMaximum]]:
        """Answers that are young enough; a damaged file is as good as none."""
        for key, content in read_json_or_empty(self.file).items():
            try:
                known = ArchivedMaximum(**content)
                young = self.now() - datetime.fromisoformat(known.asked) < self.believed
            except (TypeError, ValueError):
                continue
            if young:
                yield key, known

    def _keep(self, known: dict[str, ArchivedMaximum]) -> None:
        write_text(self.file, json.dumps({key: asdict(one) for key, one in known.items()}, indent=1))
