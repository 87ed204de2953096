"""The stages of a block of flash floods as Prefect tasks: each says in its name and log what it does for whom."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import shapely
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.block import Past, find
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import FlashPrepared, read_assets, read_flash_floods
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.flash_floods import RAIN_FILE, KeptAsset, write_assets_kept, write_rain_kept
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.rasters import make_rasters
from ibf_pipeline.sources.rain.block import BlockRain, rain_of_block
from ibf_pipeline.sources.rain.source import RainAreas, RainSource
from ibf_pipeline.storage.shared_folder import SharedFolder
from tasks.decorator import task
from tasks.manifest import made_of
from tasks.notes import log_notes

log = logging.getLogger("ibf_pipeline.tasks")

_TOLERANCE: Final = 0.0002
"""degrees; maps of reports need no more of a road"""


@task(task_run_name="prepared flash floods of {iso3}")
def prepared_flash_floods(
    iso3: str, country: FlashFloodCountry, static: Path, folder: Path, shared: SharedFolder | None = None
) -> FlashPrepared:
    """The country's districts, library and assets, built where they are missing or out of date."""
    built = prepare_flash_floods(country, static, folder, shared=shared)
    prepared = read_flash_floods(folder, iso3)
    log.info(
        "%s: prepared layers %s; %d districts, %d areas, %d scenarios",
        iso3,
        "built" if built else "read",
        len(prepared.layers.districts),
        len(prepared.layers.areas),
        len(prepared.layers.scenarios),
    )
    return prepared


@task(task_run_name="rain of {issue_time} for {iso3}")
def obtain_rain(
    iso3: str,
    issue_time: IssueTime,
    sources: Sequence[RainSource],
    areas: RainAreas,
    longest_h: int,
    last_published: IssueTime | None,
    oldest_h: int,
    measured_h: int = 0,
) -> BlockRain:
    """The rain of a block out of all sources; each tries again by itself, and one that fails is passed over."""
    block = rain_of_block(
        sources,
        issue_time,
        areas,
        longest_h=longest_h,
        last_published=last_published,
        oldest_h=oldest_h,
        measured_h=measured_h,
    )
    log.info("%s: rain of %s: %s", iso3, issue_time, ", ".join(map(str, block.rain.attrs["origins"])))
    for note in block.notes:
        log.warning("%s: %s", iso3, note)
    return block


@task(task_run_name="events of {iso3}")
def find_districts(
    iso3: str,
    rain: xr.DataArray,
    prepared: FlashPrepared,
    country: FlashFloodCountry,
    published: datetime,
    past: Past,
    gauges: Sequence[RiverGauge],
    *,
    exercise: bool = False,
) -> FlashFloodFindings:
    """Districts that are alerted, their areas, people and assets."""
    found = find(rain, prepared.layers, country, published, past, gauges, exercise=exercise)
    log.info("%s on %s: %s", iso3, found.issue_time, found.headline)
    for event in found.events:
        log.info("%s: event %s %s, people %d", iso3, event.name, event.flags, event.people)
    log_notes(found)
    return found


@task(task_run_name="flood extents and findings of {iso3}")
def record_block(
    iso3: str,
    findings: FlashFloodFindings,
    block: BlockRain,
    prepared: FlashPrepared,
    country: FlashFloodCountry,
    run: RunFolder,
    layers: Path,
) -> RunFolder:
    """18 rasters, `events.json`, the rain, names and places of what is exposed, and the manifest: the run folder is
    whole, or as before. `layers`: the folder of the prepared layers.
    """
    folder = begin_findings(run)
    make_rasters(findings, layers, folder / "extents")
    write_findings_json(findings, folder / "events.json")
    write_rain_kept(folder, block.rain)
    write_assets_kept(folder, findings, _exposed(findings, prepared))
    keep_findings(run, folder, _manifest(findings, block, country, layers, folder / RAIN_FILE))
    log.info("%s: findings in %s", iso3, run.path)
    return run


def _exposed(findings: FlashFloodFindings, prepared: FlashPrepared) -> Iterator[KeptAsset]:
    """Names and places of what any event reaches."""
    fids: dict[str, set[str]] = {}
    for each in (each for event in findings.events for each in event.exposed):
        fids.setdefault(each.category, set()).update(each.fids)
    for category, table in read_assets(prepared.assets).items() if fids else ():
        places = table.places[table.places["fid"].isin(fids.get(category, ()))]
        shapes = places.geometry.simplify(_TOLERANCE)
        for place, shape in zip(places.itertuples(), shapes, strict=True):
            is_point = category in FLASH_FLOODS.points
            shown = "" if is_point else shapely.to_wkt(shape, rounding_precision=5)
            yield KeptAsset(category, place.fid, place.name, place.lat, place.lon, place.area, shown)


def _manifest(
    findings: FlashFloodFindings, block: BlockRain, country: FlashFloodCountry, layers: Path, rain: Path
) -> dict[str, Any]:
    """`rain`: the file of the kept rain, which is what the findings were made of."""
    return {
        "country": findings.country,
        "hazard": findings.hazard,
        "issue_time": str(findings.issue_time),
        "exercise": findings.exercise,
        "headline": findings.headline,
        "source": findings.source,
        "published": findings.published,
        "cycle": findings.cycle,
        "obtained": dict(block.origin),
        **made_of(country, [rain], layers),
    }
