"""A source whose forecasts are made up: a story that goes on from day to day, so that a demo has a forecast today.

Nothing of it is a forecast. The cube says so (`MADE_UP`), and with it findings, report, pictures and the run's state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.reader import StationCells
from ibf_pipeline.domain.trial import MADE_UP
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.prepare.inputs import STATIONS, THRESHOLDS, needed_return_periods
from ibf_pipeline.prepare.stations import read_stations, read_thresholds
from ibf_pipeline.runs.findings import CubeStations, write_cube
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.source import ForecastFiles
from ibf_pipeline.synthetic.ensemble import make_ensemble

log = logging.getLogger(__name__)

_FILE: Final = "made-up.nc"


@dataclass(frozen=True, slots=True)
class GeneratedSource:
    """Made-up forecasts for one country."""

    name: str
    country: FloodCountry
    cells: StationCells
    static: Path
    """folder of the country's static data"""
    story: Sequence[str]
    """wish lists, one a day"""
    days: int
    """issue dates that it has, today's the last"""
    cache: InputCache
    now: Callable[[], datetime]

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The stations' members of an issue date, the same however often they are made; InputMissing if it is not
        among the last days, WishInvalid if the story does not fit the country's stations.
        """
        behind = (self.now().date() - issue_date).days
        if not 0 <= behind < self.days:
            raise InputMissing(
                f"no forecast of {issue_date} is made up: it is " + ("not begun" if behind < 0 else "too long ago"),
                where=f"source {self.name}",
                expected=f"one of the last {self.days} days, today's among them",
                remedy="run another day, or ask for more `days` in settings.yaml",
            )
        wishes = self.story[issue_date.toordinal() % len(self.story)]
        file = self.cache.day(self.name, issue_date) / self.country.iso3 / _FILE
        self.cache.touch(self.name, issue_date)
        with self.cache.held(self.name, issue_date, self.country.iso3):
            places = CubeStations(self.cells.codes, self.cells.lat, self.cells.lon)
            write_cube(self._cube(issue_date, wishes), places, f"Made up for {self.country.iso3}", file)
        log.info("%s: %s: %s", self.name, MADE_UP, wishes or "no alert")
        origin = {"trial": MADE_UP, "wishes": wishes}
        return ForecastFiles(self.name, (file,), None, origin, at_stations=True)

    def _cube(self, issue_date: date, wishes: str) -> xr.DataArray:
        country = self.country.on(issue_date)
        stations = read_stations(self.static / STATIONS)
        thresholds = read_thresholds(self.static / THRESHOLDS, stations, needed_return_periods(country))
        cube = make_ensemble(
            thresholds,
            country.rule,
            wishes,
            members=country.members.expected,
            seed=issue_date.toordinal(),
            lead_times=country.lead_times_needed,
        )
        outside = np.zeros(len(stations), dtype=bool)
        return cube.assign_coords(outside=("station", outside)).assign_attrs(
            issue_date=issue_date.isoformat(),
            source=self.name,
            trial=MADE_UP,
            trial_notes=f"made up of the wish list: {wishes or 'no alert'}",
        )
