"""Past days from the `forecast.nc` that their runs kept: exactly the numbers that were used, and no raw file."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.discharge.file_discharge import TOO_SHORT
from ibf_pipeline.discharge.reader import StationCells, read_cube
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.netcdf import open_netcdf
from ibf_pipeline.runs.findings import read_forecast
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sources.source import ForecastFiles
from ibf_pipeline.storage.storage import Storage

FORECAST_FILE: Final = "forecast.nc"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunSource:
    """The finished runs of one country."""

    name: str
    runs: Path
    country: str
    storage: Storage | None = None

    def fetch(self, issue_date: date) -> ForecastFiles:
        """`forecast.nc` of the day's run; InputMissing if the day was never run to its end."""
        run = RunFolder(self.runs, RunId(self.country, FLOODS.name, IssueTime(issue_date)), self.storage)
        if not run.is_whole or not run.kept.has(FORECAST_FILE):
            raise InputMissing(
                f"no finished run of {self.country} for {issue_date} kept its forecast",
                where=run.path,
                expected="forecast.nc and manifest.json",
                remedy="take another source",
            )
        return ForecastFiles(self.name, (run.file(FORECAST_FILE),), None, {"run": str(run.path)}, kept=True)


def read_files(
    files: ForecastFiles,
    cells: StationCells,
    issue_date: date,
    lead_times: int = len(LEAD_TIMES),
    fewest: int | None = None,
) -> xr.DataArray:
    """What a source has delivered, at the stations: as of `read_cube`, or of the run that kept it.

    `fewest`: members that suffice if loose files are damaged.
    """
    if files.kept or files.at_stations:
        return read_kept_forecast(files.files[0], cells, issue_date, lead_times)
    return read_cube(
        files.files,
        cells,
        issue_date,
        source=files.source,
        version=files.glofas_version,
        lead_times=lead_times,
        fewest=fewest if files.loose else None,
    )


def without_damaged(files: ForecastFiles, cube: xr.DataArray) -> ForecastFiles:
    """The files that `cube` was read from; what was left out is named in their origin, as that of a service is."""
    left_out = cube.attrs.get("left_out")
    if not left_out:
        return files
    said = [f"{name}: {why}" for name, why in left_out.items()]
    log.warning("%s: left out as damaged: %s", files.source, "; ".join(said))
    origin = {**files.origin, "not_used": [*said, *files.origin.get("not_used", ())]}
    return replace(files, files=tuple(file for file in files.files if file.name not in left_out), origin=origin)


def read_kept_forecast(
    file: Path, cells: StationCells, issue_date: date, lead_times: int = len(LEAD_TIMES)
) -> xr.DataArray:
    """The kept cube for the country's stations of today, in their order, as `read_cube` would give it.

    Raises InputInvalid if it is of another day, has fewer lead times, does not hold a station, or holds it at
    another cell.
    """
    cube = read_forecast(file)
    if cube.attrs.get("issue_date") != issue_date.isoformat():
        raise InputInvalid(
            f"the forecast of {cube.attrs.get('issue_date')}",
            where=file,
            expected=f"the issue date {issue_date}",
            remedy="look which run this file belongs to",
        )
    _require_lead_times(cube, lead_times, file)
    there = {str(code): number for number, code in enumerate(cube["station"].values)}
    places = _cells(file)
    for code, lat, lon in zip(cells.codes, cells.lat, cells.lon, strict=True):
        if code not in there or not np.allclose(places[there[code]], (lat, lon), atol=1e-6):
            raise InputInvalid(
                f"station {code} " + ("was at another place" if code in there else "was not a station") + " then",
                where=file,
                expected="the stations of today, each in its cell",
                remedy="run the day from its raw files, or with the static data of that time",
            )
    chosen = cube.isel(station=[there[code] for code in cells.codes], lead_time=slice(lead_times))
    chosen.attrs["glofas_process_ids"] = []
    return chosen


def _require_lead_times(cube: xr.DataArray, lead_times: int, file: Path) -> None:
    kept = cube.sizes["lead_time"]
    if kept < lead_times:
        raise InputInvalid(
            f"the run looked at {kept} lead times, 0-day to {kept - 1}-day, and kept no others",
            where=file,
            expected=f"lead times 0-day to {lead_times - 1}-day",
            remedy=f"{TOO_SHORT}, such as the raw files",
        )


def _cells(file: Path) -> list[tuple[float, float]]:
    with open_netcdf(file) as data:
        return [
            cell_centre(float(lat), float(lon)) for lat, lon in zip(data["lat"].values, data["lon"].values, strict=True)
        ]
