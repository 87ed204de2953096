"""The stages of a flood day as Prefect tasks: each says in its name and log what it does for whom."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.hazards.floods.screening import screen_ensemble
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import ExtentTiles, read_prepared, station_cells
from ibf_pipeline.runs.extents import write_extents
from ibf_pipeline.runs.findings import write_flood_findings
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sources import ForecastFiles, Source
from ibf_pipeline.sources.past_runs import read_files
from ibf_pipeline.sources.version_acceptance import accepted_version
from ibf_pipeline.static.local_copy import outdated
from ibf_pipeline.storage.shared_folder import SharedFolder
from tasks.artifacts import download_progress
from tasks.decorator import task
from tasks.manifest import made_of

log = logging.getLogger("ibf_pipeline.tasks")


@task(task_run_name="prepared layers of {iso3}")
def prepared_layers(
    iso3: str, country: FloodCountry, static: Path, folder: Path, shared: SharedFolder | None = None
) -> tuple[CountryLayers, ExtentTiles]:
    """The country's prepared layers, built where they are missing or out of date, without doubts that are accepted."""
    built = prepare_floods(country, static, folder, shared=shared)
    layers, tiles = read_prepared(folder, iso3)
    layers = layers.accepting(country.accepted_doubts)
    said = [*filter(None, [outdated(static)])]
    layers = replace(layers, findings=(*layers.findings, *said), doubts=(*layers.doubts, *said))
    log.info(
        "%s: prepared layers %s; %d stations, %d areas",
        iso3,
        "built" if built else "read",
        len(layers.stations),
        len(layers.areas),
    )
    return layers, tiles


@task(task_run_name="GloFAS forecast of {issue_date} for {iso3} from {source.name}")
def obtain_forecast(iso3: str, issue_date: date, source: Source) -> ForecastFiles:
    """The forecast files of a source."""
    with download_progress(iso3, issue_date):
        files = source.fetch(issue_date)
    log.info("%s: %d forecast files of %s from source %s", iso3, len(files.files), issue_date, files.source)
    return files


@task(task_run_name="discharge at the stations of {iso3}")
def read_discharge(
    iso3: str, country: FloodCountry, settings: Settings, layers: CountryLayers, files: ForecastFiles, issue_date: date
) -> xr.DataArray:
    """Discharge (member, lead_time, station) m3/s that a day can use, up to the country's horizon, of a GloFAS version
    that fits the thresholds.
    """
    cube = read_files(files, station_cells(layers), issue_date, country.lead_times_needed, country.members.minimum)
    cube.attrs["glofas_version"] = accepted_version(cube, country, settings, files.files[0])
    missing = screen_ensemble(cube, layers, country).missing
    log.info(
        "%s: %d of %d members at %d stations",
        iso3,
        country.members.expected - len(missing),
        country.members.expected,
        cube.sizes["station"],
    )
    return cube


@task(task_run_name="events of {iso3}")
def find_events(
    iso3: str, cube: xr.DataArray, layers: CountryLayers, country: FloodCountry, *, exercise: bool = False
) -> FloodFindings:
    """Classes, events, areas and people of the day."""
    found = find(cube, layers, country, exercise=exercise)
    log.info("%s on %s: %s", iso3, found.issue_date, found.headline)
    for event in found.events:
        log.info("%s: event %s %s, people %d", iso3, event.name, event.flags, event.people)
    for note in found.notes:
        log.warning("%s: %s", iso3, note)
    return found


@task(task_run_name="flood extents and findings of {iso3}")
def record_findings(
    iso3: str,
    findings: FloodFindings,
    cube: xr.DataArray,
    tiles: ExtentTiles,
    country: FloodCountry,
    files: ForecastFiles,
    run: RunFolder,
    prepared: Path,
) -> RunFolder:
    """One raster a lead time, `events.json`, `forecast.nc` and the manifest: the run folder is whole, or as before."""
    folder = begin_findings(run)
    wet = wet_areas(findings.publishable_events, country.deepest_admin_level)
    names = {extent.lead_time: extent.file_name for extent in findings.extents}
    rasters = {lead_time: folder / "extents" / name for lead_time, name in names.items()}
    for lead_time, cells in write_extents(wet, tiles, rasters).items():
        log.info("%s: %s, %d wet cells", iso3, names[lead_time], cells)
    write_flood_findings(findings, cube, folder)
    keep_findings(run, folder, _manifest(findings, country, files, cube, prepared))
    log.info("%s: findings in %s", iso3, run.path)
    return run


def _manifest(
    findings: FloodFindings, country: FloodCountry, files: ForecastFiles, cube: xr.DataArray, prepared: Path
) -> dict[str, Any]:
    return {
        "country": findings.country,
        "hazard": findings.hazard,
        "issue_date": findings.issue_date,
        "exercise": findings.exercise,
        "headline": findings.headline,
        "source": files.source,
        "obtained": dict(files.origin),
        "arrived": _utc(max((file.stat().st_mtime for file in files.files), default=None)),
        "glofas_version": findings.glofas_version,
        "glofas_process_ids": list(cube.attrs.get("glofas_process_ids", ())),
        "glofas_background_ids": list(cube.attrs.get("glofas_background_ids", ())),
        **made_of(country, files.files, prepared),
    }


def _utc(seconds: float | None) -> str:
    """Seconds since 1970 as a moment; empty for none."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
