"""The hydrograph of any station of a kept run, alerted or not: drawn when it is asked for."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.report.floods.run_data import FORECAST_FILE
from ibf_pipeline.runs.findings import read_forecast
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.storage.storage import Storage

log = logging.getLogger(__name__)


def run_hydrograph(
    runs: Path, iso3: str, issue_date: date, station_code: str, storage: Storage | None = None
) -> bytes | None:
    """SVG of a station's forecast in the run of a country and issue date below `runs`; None if it is not kept."""
    from ibf_pipeline.report.floods.hydrograph import hydrograph  # matplotlib is slow to load and few callers get here
    from ibf_pipeline.report.pictures.figure import svg

    run = RunFolder(runs, RunId(iso3, FLOODS.name, IssueTime(issue_date)), storage)
    try:
        if not run.is_whole:
            return None
        found, discharge = run.findings_of(FloodFindings), read_forecast(run.file(FORECAST_FILE))
    except IbfError as error:
        log.warning("%s: no hydrograph of %s: %s", iso3, station_code, error)
        return None
    station = next((station for station in found.stations if station.code == station_code), None)
    if station is None or station_code not in discharge["station"].values:
        return None
    return svg(hydrograph(found, station, discharge.sel(station=station_code).values))
