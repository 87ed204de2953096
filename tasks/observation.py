"""The stages of looking for a flood from above, as Prefect tasks. None of them is part of a forecast run."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

from prefect.artifacts import create_markdown_artifact

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.observation import DayRange, EventObservation, ObservedArea, flooded_km2, observed_share
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, ServerRefused, errors_logged
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.observations import observation_markdown, write_observed_event
from ibf_pipeline.satellites.hook.archives import ArchiveLimits, unpack
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.downloads import Downloader, fetch_result
from ibf_pipeline.satellites.hook.order_book import GONE
from ibf_pipeline.satellites.hook.order_desk import OrderDesk, succeeded
from ibf_pipeline.satellites.hook.orders import OrderRequest
from ibf_pipeline.satellites.hook.settings import FloodMapCatalogue, ObservationSettings, OpenWater, Polling
from ibf_pipeline.satellites.observation.catalogue import FloodMapItem, find_flood_maps
from ibf_pipeline.satellites.observation.looks import masks_of, read_looks
from ibf_pipeline.satellites.observation.verdict import judge_together
from ibf_pipeline.satellites.observation.water import write_map_water, write_observed, write_scene_water
from ibf_pipeline.satellites.observation.zonal_statistics import observe_areas
from tasks.decorator import has_server, task

log = logging.getLogger("ibf_pipeline.tasks")


@dataclass(frozen=True, slots=True)
class WaterMasks:
    """Water masks on their own grids, and what they were made of."""

    masks: tuple[Path, ...]
    passes: tuple[datetime, ...]
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderContext:
    """What an order needs: client, desk, polling and limits. Tasks get it whole, so that no secret is a parameter."""

    client: OdpClient = field(repr=False)
    desk: OrderDesk = field(repr=False)
    polling: Polling
    sleep: Callable[[float], None]
    limits: ArchiveLimits
    folder: Path


@task(task_run_name="existing flood maps for {event}")
def look_for_flood_maps(
    event: str, catalogue: FloodMapCatalogue, box: tuple[float, float, float, float], days: DayRange, timeout: float
) -> list[FloodMapItem]:
    """Flood maps of the event's days that others made."""
    found = find_flood_maps(catalogue, box, days, timeout)
    log.info("%s: %d flood maps of %s to %s in %s", event, len(found), days.first, days.last, catalogue.collection)
    return found


@task(task_run_name="fetch flood maps for {event}")
def fetch_flood_maps(
    event: str, items: list[FloodMapItem], fetch: Downloader, flooded_value: float, folder: Path
) -> WaterMasks:
    """The maps as water masks."""
    folder.mkdir(parents=True, exist_ok=True)
    masks = []
    for number, item in enumerate(items):
        fetched = fetch(item.link, folder / f"flood_map_{number}.tif")
        masks.append(folder / f"water_{number}.tif")
        write_map_water(fetched.file, flooded_value, masks[-1])
    return WaterMasks(tuple(masks), tuple(item.moment for item in items), tuple(item.id for item in items))


@task(task_run_name="ask for {request.workflow} for {event}", retries=0)
def ask_for_scene(event: str, request: OrderRequest, context: OrderContext) -> None:
    """Write the order down; ForbiddenByRule if the month's budget is used up, and nothing is ordered then.

    The same scene for another event, or the same event again, is the same order: it is paid once.
    """
    if context.desk.find(request.key) is None and context.desk.budget().left < 1:
        raise ForbiddenByRule(
            "the month's budget is used up: the scene is not ordered",
            where=request.workflow,
            remedy="look with `ibf-pipeline hook budget`; the next month begins on the first (UTC)",
        )
    entry = context.desk.submit(request)
    log.info("%s: order %s is %s", event, entry.key, entry.state)


@task(task_run_name="order {request.workflow} for {event}", retries=0)
def order_scene(event: str, request: OrderRequest, context: OrderContext) -> list[Path]:
    """Send the order that was written down, wait for it, and fetch its files."""
    (entry,) = context.desk.wait([request.key], context.polling, context.sleep)
    if not succeeded(entry):
        gone = f"`ibf-pipeline hook settle {entry.key} --never-arrived` orders it once more"
        raise ServerRefused(
            f"order {entry.order_id or entry.key} ended as {entry.state}: {entry.message}",
            where=request.workflow,
            remedy=gone if entry.state == GONE else "`--again` in `ibf-pipeline hook order` pays for another try",
        )
    files: list[Path] = []
    for product in context.client.products(str(entry.order_id)):
        fetched = fetch_result(context.client, product, context.folder, context.limits.bytes)
        files += unpack(fetched.file, fetched.file.with_suffix(""), context.limits)
    log.info("%s: order %s brought %d files", event, entry.order_id, len(files))
    return files


@task(task_run_name="open water for {event}")
def open_water_of(
    event: str, files: list[Path], rule: OpenWater, product: str, moment: datetime, folder: Path
) -> WaterMasks:
    """The scene's VH raster as a water mask."""
    chosen = [file for file in files if fnmatch(file.name, rule.file_pattern)]
    if len(chosen) != 1:
        names = ", ".join(sorted(file.name for file in chosen or files)[:8])
        raise InputInvalid(
            f"{len(chosen)} files of the result match {rule.file_pattern}: {names}",
            where=product,
            expected="one",
            remedy="correct observation.open_water.file_pattern in destine.yaml",
        )
    folder.mkdir(parents=True, exist_ok=True)
    mask = folder / "water_0.tif"
    write_scene_water(chosen[0], rule, mask)
    return WaterMasks((mask,), (moment,), (product,))


@dataclass(frozen=True, slots=True)
class ReferenceLayers:
    """What a water mask is compared with."""

    country: FloodCountry
    layers: CountryLayers
    static: Path
    """folder of the country's static layers"""
    labels: Path
    """raster of area numbers: the country's grid"""


@task(task_run_name="flooded areas and people of {event.name}")
def measure(
    event: FloodEvent, masks: Sequence[Path], ground: ReferenceLayers, rule: ObservationSettings, folder: Path
) -> list[ObservedArea]:
    """What was observed in the event's areas; `observed.tif` stays in `folder` for inspection."""
    country, static, labels = ground.country, ground.static, ground.labels
    water = static / country.flood_maps.permanent_water if country.flood_maps.permanent_water else None
    write_observed(masks, labels, water, rule.cell_share, folder / "observed.tif")
    areas = observe_areas(event, ground.layers, country, static, folder / "observed.tif", labels, folder / "scratch")
    shutil.rmtree(folder / "scratch")
    return areas


def all_looks(
    event: FloodEvent, findings: FloodFindings, ground: ReferenceLayers, rule: ObservationSettings, folder: Path
) -> EventObservation:
    """The event as all looks kept in its folder show it, those with a pass on its days: see `judge_together`."""
    kept = read_looks(folder)
    counted = [(place, look) for place, look in kept if look.on_the_days] or kept
    if len(counted) == 1:
        place, only = counted[0]
        areas: Sequence[ObservedArea] = only.areas
        shutil.copyfile(place / "observed.tif", folder / "observed.tif")
    else:
        masks = [mask for place, _ in counted for mask in masks_of(place)]
        areas = measure(event, masks, ground, rule, folder)
    verdict = judge_together(
        [(look.verdict, flooded_km2(look.areas)) for _, look in counted], observed_share(areas), rule
    )
    return EventObservation(
        country=findings.country,
        issue_date=findings.issue_date,
        event=event.name,
        verdict=verdict,
        default_admin_level=findings.default_admin_level,
        areas=tuple(areas),
        looks=tuple(look for _, look in kept),
    )


@task(task_run_name="keep what was observed of {observed.event}")
def keep_observed(observed: EventObservation, folder: Path, run: RunFolder, prepared: Path) -> None:
    """Beside the run, in its report once no run of the country is at work, and as an artifact."""
    write_observed_event(observed, folder)
    with (
        errors_logged(log, "%s: the report could not be written again", observed.event),
        run.exclusive(f"report of {observed.event}"),
    ):
        rewrite_report(run, prepared)
    if has_server():
        key = f"observed-{observed.country}-{observed.issue_date}-{folder.name}".lower()
        create_markdown_artifact(
            observation_markdown(observed),
            key="".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in key),
        )
    log.info("%s: %s, %s", observed.event, observed.verdict.kind, observed.verdict.reason)
