"""What a flood day keeps beside its events: members at the stations, also of earlier runs, and what satellites saw."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import xarray as xr

from ibf_pipeline.domain.observation import EventObservation
from ibf_pipeline.errors import InputInvalid, InputMissing, errors_logged
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.report.earlier_runs import EarlierRun
from ibf_pipeline.runs.findings import read_forecast
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.observations import fetch_observations, read_observations

log = logging.getLogger(__name__)

FORECAST_FILE = "forecast.nc"

_BUILDUP_DAYS = 10
"""how far back the picture of a build-up reaches; older runs say nothing about the same days"""


@dataclass(frozen=True, slots=True)
class StationRun:
    """One run's forecast of a station."""

    issue_date: date
    discharge: np.ndarray
    """(member, lead_time) m3/s"""
    classes: tuple[str, ...]
    """by lead time; empty if the station was blind"""
    threshold: float
    """m3/s, of the trigger"""


@dataclass(frozen=True, slots=True)
class FloodRunData:
    """Beside the events of a day."""

    discharge: xr.DataArray
    """(member, lead_time, station) m3/s"""
    histories: Mapping[str, Sequence[StationRun]]
    """kept runs by station code, if there are earlier ones"""
    observed: tuple[EventObservation, ...] = ()


def read_run_data(findings: FloodFindings, folder: Path, run: RunFolder, earlier: Sequence[EarlierRun]) -> FloodRunData:
    """What is kept with a day's findings, and with those of earlier runs; InputInvalid if it is damaged."""
    discharge = read_forecast(folder / FORECAST_FILE)
    return FloodRunData(discharge, _histories(findings, discharge, earlier), _observed(run))


def _observed(run: RunFolder) -> tuple[EventObservation, ...]:
    """What satellites saw, by whatever machine; a damaged file or an unreachable store does not cost the report."""
    with errors_logged(log, "%s: what other machines observed cannot be had", run.iso3):
        fetch_observations(run)
    try:
        return tuple(read_observations(run.path))
    except InputInvalid as error:
        log.warning("%s", error)
        return ()


def _histories(
    findings: FloodFindings, discharge: xr.DataArray, earlier: Sequence[EarlierRun]
) -> dict[str, list[StationRun]]:
    """The kept runs of every alerted station, the day's own among them; only if there are earlier ones."""
    histories: dict[str, list[StationRun]] = {}
    for what, cube in [(findings, discharge), *_readable(findings, earlier)]:
        for event in (*findings.events, *findings.withdrawn):
            run = _station_run(what, cube, event.station_code, findings.rule.trigger_return_period)
            if run is not None:
                histories.setdefault(event.station_code, []).append(run)
    return {code: runs for code, runs in histories.items() if len(runs) > 1}


def _readable(findings: FloodFindings, earlier: Sequence[EarlierRun]) -> list[tuple[FloodFindings, xr.DataArray]]:
    cubes = []
    for run in earlier:
        was = run.found
        if not isinstance(was, FloodFindings) or (findings.issue_date - was.issue_date).days > _BUILDUP_DAYS:
            continue
        try:
            cubes.append((was, read_forecast(run.run.file(FORECAST_FILE))))
        except (InputInvalid, InputMissing):
            continue  # an old file must not stop a new day; the picture shows which runs it has
    return cubes


def _station_run(findings: FloodFindings, cube: xr.DataArray, code: str, return_period: float) -> StationRun | None:
    station = next((station for station in findings.stations if station.code == code), None)
    key = f"{return_period:g}"
    if station is None or key not in station.thresholds or code not in cube["station"].values:
        return None
    values: np.ndarray = cube.sel(station=code).values
    return StationRun(findings.issue_date, values, station.classes, station.thresholds[key])
