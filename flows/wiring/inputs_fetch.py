"""A forecast fetched and read without running the day."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flows.wiring.day import run_folder
from flows.wiring.operational_model import require_operational_model
from flows.wiring.sources import cells_of, open_source, prune_cache
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.reader import StationCells
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import UsageError, errors_logged
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.netcdf import FILE_LIBRARIES
from ibf_pipeline.runs.findings import read_forecast
from ibf_pipeline.sources import ForecastFiles, Source, first_usable
from ibf_pipeline.sources.completeness import Completeness, completeness, is_whole_and_new
from ibf_pipeline.sources.duplicate_members import own_members
from ibf_pipeline.sources.past_runs import FORECAST_FILE, read_files, without_damaged
from ibf_pipeline.sources.source import CachingSource
from ibf_pipeline.sources.version_acceptance import accepted_version

log = logging.getLogger("ibf_pipeline.flows")


@dataclass(frozen=True, slots=True)
class ForecastRead:
    """What was fetched and what is in it."""

    country: FloodCountry
    issue_date: date
    files: ForecastFiles
    discharge: Any
    """(member, lead_time, station) m3/s"""
    complete: Completeness
    passed_over: tuple[str, ...]
    """sources before this one, and why they were not used"""
    refused: VersionRefused | None
    """why its GloFAS version may not be used with the country's thresholds"""


def fetch_and_read(
    configuration: Configuration, iso3: str, issue_date: date, source: str | None, *, again: bool = False
) -> ForecastRead:
    """Fetch a country's forecast from one source, or from its sources in their order, and read its stations.

    `again`: whatever was fetched of the day before from the sources that are asked.
    """
    country = configuration.country_of(iso3, FloodCountry).on(issue_date)
    if source is not None and source not in configuration.settings.discharge_sources:
        raise UsageError(
            f"there is no source {source!r}" + (" of floods" if source in configuration.settings.sources else ""),
            where=configuration.folder / "settings.yaml",
            expected="one of " + ", ".join(sorted(configuration.settings.discharge_sources)),
            remedy="add it under sources in settings.yaml, or choose another",
        )
    cells = cells_of(configuration, country)
    names = country.sources if source is None else (source,)
    sources = [open_source(configuration, name, country) for name in names]

    before = forecast_of_before(configuration, iso3, issue_date)

    def use(chosen: Source) -> tuple[ForecastFiles, Any]:
        if again and isinstance(chosen, CachingSource):
            chosen.forget(issue_date)
        return fetched_cube(chosen, cells, issue_date, country, before)

    (files, discharge), passed_over = first_usable(
        sources,
        issue_date,
        use,
        lambda used: is_whole_and_new(*used, country.members.expected),
    )
    prune_cache(configuration)
    complete = completeness(discharge, country.members.expected)
    refused = None
    try:
        accepted_version(discharge, country, configuration.settings, files.files[0])
        require_operational_model(configuration, country, files, issue_date)
    except VersionRefused as error:
        refused = error
    return ForecastRead(country, issue_date, files, discharge, complete, passed_over, refused)


def fetched_cube(
    source: Source, cells: StationCells, issue_date: date, country: FloodCountry, before: Any = None
) -> tuple[ForecastFiles, Any]:
    """What a source delivers, read at the stations up to the country's horizon; see `own_forecast`."""
    files = source.fetch(issue_date)
    with FILE_LIBRARIES:
        cube = read_files(files, cells, issue_date, country.lead_times_needed, country.members.minimum)
    return own_forecast(without_damaged(files, cube), cube, before)


def own_forecast(files: ForecastFiles, cube: Any, before: Any) -> tuple[ForecastFiles, Any]:
    """A forecast without members that say nothing of their own, and its files, whose origin says so (`repeated`).

    `before`: of the day before, if there is one. InputInvalid if most members say nothing of their own.
    """
    if files.kept:
        return files, cube
    cube, said = own_members(cube, before, files.files[0].parent)
    return replace(files, origin={**files.origin, "repeated": said}) if said else files, cube


def forecast_of_before(configuration: Configuration, iso3: str, issue_date: date) -> Any:
    """The forecast that the run of the day before kept; None if there is none that can be read."""
    issue_time = IssueTime(issue_date - timedelta(days=1))
    run = run_folder(configuration, RunId(iso3, FLOODS.name, issue_time))
    with errors_logged(log, "%s: the forecast of the day before is not compared", iso3):
        kept = run.file(FORECAST_FILE) if run.is_whole and run.kept.has(FORECAST_FILE) else None
        with FILE_LIBRARIES:  # a sensor looks at several countries at the same time
            return None if kept is None else read_forecast(kept)
    return None
