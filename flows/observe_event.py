"""Has a radar pass seen the flood of an alerted event? Runs beside forecasts, and never blocks or fails one."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import shapely
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.decorator import flow
from flows.observation_start import again_at
from flows.states import COMPLETED, FAILED, SKIPPED
from flows.wiring.day import open_configuration, run_folder
from flows.wiring.hook import Hook, open_hook
from flows.wiring.sharing import fetch_newest_layers
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.observation import (
    DayRange,
    EventObservation,
    Look,
    ObservationSource,
    flooded_km2,
    observed_share,
)
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import (
    InputInvalid,
    InputMissing,
    ServerRefused,
    ServerUnreachable,
    UsageError,
    errors_logged,
)
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.locks import file_lock
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.observations import OBSERVATION_LOCK, event_folder, shared_event, shared_looks
from ibf_pipeline.satellites.hook.downloads import Downloader
from ibf_pipeline.satellites.hook.order_desk import succeeded
from ibf_pipeline.satellites.hook.orders import OrderRequest
from ibf_pipeline.satellites.hook.settings import ObservationSettings
from ibf_pipeline.satellites.observation.catalogue import by_pass
from ibf_pipeline.satellites.observation.choice import require_late_enough, require_unseen, scene_to_order, stands_for
from ibf_pipeline.satellites.observation.looks import look_folder, read_looks, write_look
from ibf_pipeline.satellites.observation.passes import Scene, TooEarly, Unsuitable, event_days, scene_of
from ibf_pipeline.satellites.observation.verdict import verdict_of
from tasks.observation import (
    OrderContext,
    ReferenceLayers,
    WaterMasks,
    all_looks,
    ask_for_scene,
    fetch_flood_maps,
    keep_observed,
    look_for_flood_maps,
    measure,
    open_water_of,
    order_scene,
)

log = logging.getLogger("ibf_pipeline.flows")


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"observe-{parameters['country']}-{parameters['issue_date']}-{parameters['event']}"


@flow(name="observe-event", flow_run_name=_run_name)
def observe_event(
    country: str,
    issue_date: date,
    event: str,
    product_name: str | None = None,
    product_id: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    service: str | None = None,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Look for the flood of an alerted event in radar passes.

    Args:
        country: ISO3 code of a country in the configuration.
        issue_date: issue date (UTC) of the run that alerted.
        event: name of the event in that run.
        product_name: name of a Sentinel-1 GRD product that passed; without one, only existing flood maps are looked
            for. With one, a flood map stands for it only if it is of the same pass and saw enough of the event's areas.
        product_id: its id in the catalogue that announced it, for the log.
        first_day: first day (UTC) to look at; the event's first flagged day if none is given.
        last_day: last day (UTC) to look at; some days after the event's last flagged day if none is given.
        service: service of destine.yaml; its own default if none is given.
        config: folder of the configuration.
        workspace: folder for prepared layers and runs, instead of those of the settings.
    """
    try:
        if product_id is not None:
            log.info("%s: asked for by product %s (%s)", event, product_name, product_id)
        configuration = open_configuration(config, workspace)
        hook = open_hook(config, service)
        chosen = configuration.country_of(country, FloodCountry)
        run = run_folder(configuration, RunId(country, FLOODS.name, IssueTime(issue_date)))
        found = run.findings_of(FloodFindings)
        alerted = _event(found, event, run.path)
        days = event_days(alerted, issue_date, hook.settings.observation.days_after)
        days = DayRange(first_day or days.first, last_day or days.last)
        observed = _observe(hook, configuration, chosen, run, found, alerted, days, product_name)
    except Unsuitable as error:
        log.info("%s", error)
        return SKIPPED.state(f"skipped: {error}")
    except TooEarly as error:
        log.info("%s", error)
        if not again_at(error.until):
            return FAILED.state(f"nothing to look at yet: {error}", error)
        return COMPLETED.state(f"looks again at {error.until:%Y-%m-%d %H:%M} UTC: {error}")
    except InputMissing as error:
        log.error("%s", error)
        return FAILED.state(f"nothing to look at yet: {error}", error)
    seen, forecast = observed.people
    return COMPLETED.state(
        f"{observed.event}: {observed.verdict.kind} ({observed.verdict.reason}); {seen:,} people in flooded cells, "
        f"{forecast:,} affected in the forecast"
    )


def _observe(
    hook: Hook,
    configuration: Configuration,
    country: FloodCountry,
    run: RunFolder,
    findings: FloodFindings,
    event: FloodEvent,
    days: DayRange,
    product: str | None,
) -> EventObservation:
    """Evidence, then areas and people, then the verdict of all looks at the event."""
    prepared = fetch_newest_layers(configuration, country.iso3, FLOODS.name)
    layers, tiles = read_prepared(prepared, country.iso3)
    ground = ReferenceLayers(country, layers, configuration.static_folder(country), tiles.areas)
    folder = event_folder(run.path, event.name)
    shared = shared_event(run, folder)
    if shared is not None:
        with (
            errors_logged(log, "%s: what other machines saw cannot be had", event.name),
            file_lock(folder / OBSERVATION_LOCK),
        ):
            shared.bring()
    scene = None if product is None else scene_of(product)
    if product is not None:
        require_unseen(event, product, [name for _, look in read_looks(folder) for name in look.products])

    def all_together() -> EventObservation:
        with file_lock(folder / OBSERVATION_LOCK), shared_looks(shared, event.name):
            observed = all_looks(event, findings, ground, hook.settings.observation, folder)
            keep_observed(observed, folder, run, prepared)
        return observed

    maps = _see_existing_maps(hook, ground, event, days, scene, folder)
    observed = all_together() if maps else None
    if observed is None or not any(stands_for(look, scene, hook.settings.observation) for look in maps):
        if product is not None and scene is not None and days.contain(scene.start):
            require_late_enough(event, product, scene, hook.settings.observation, hook.now())
        _order_and_see(hook, ground, findings, event, days, product, folder)
        observed = all_together()
    return observed


def _see_existing_maps(
    hook: Hook, ground: ReferenceLayers, event: FloodEvent, days: DayRange, scene: Scene | None, folder: Path
) -> list[Look]:
    """A look for each pass of the event's days of which there are flood maps; none where no catalogue is configured.

    A catalogue that is silent is passed over, and with a scene, which can be ordered, any trouble of its maps.
    """
    catalogue, country = hook.settings.observation.catalogue, ground.country
    if catalogue is None:
        return []
    deepest = read_boundaries(ground.static / "admin_areas", country.admin_levels)[country.deepest_admin_level]
    codes = {area.place_code for area in event.areas_of(country.deepest_admin_level)}
    shapes = [shape for code, shape in zip(deepest.place_codes, deepest.geometries, strict=True) if code in codes]
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(shapes))
    trouble = ServerUnreachable if scene is None else (ServerUnreachable, ServerRefused, InputInvalid, InputMissing)
    looks: list[Look] = []
    try:
        found = look_for_flood_maps(
            event.name, catalogue, (west, south, east, north), days, hook.retry_policy.timeout_seconds
        )
    except trouble as error:
        log.warning("%s: %s; looking on without", event.name, error)
        return looks
    for items in by_pass(found, timedelta(minutes=catalogue.pass_minutes)):
        place = look_folder(folder, items[0].moment, tuple(item.id for item in items))
        try:
            with (
                file_lock(folder / OBSERVATION_LOCK),
                closing(Client(Server(""), hook.retry_policy, hook.redact)) as client,
            ):
                fetch = Downloader(client, hook.largest_bytes, hook.now)
                evidence = fetch_flood_maps(event.name, items, fetch, catalogue.flooded_value, place)
                looks.append(_look(hook, ground, event, days, "flood map", evidence, place))
        except trouble as error:
            log.warning("%s: flood maps of %s: %s; looking on without", event.name, items[0].moment, error)
    return looks


def _order_and_see(
    hook: Hook,
    ground: ReferenceLayers,
    findings: FloodFindings,
    event: FloodEvent,
    days: DayRange,
    product: str | None,
    folder: Path,
) -> None:
    """Open water in the notified scene, ordered where the event's class allows it and the budget has room."""
    rule = hook.settings.observation
    if product is None:
        raise InputMissing(
            f"no flood map of {days.first} to {days.last} and no product to order",
            where=event.name,
            expected="a flood map of the catalogue, or --product",
            remedy="try again after the next pass",
        )
    moment = scene_to_order(event, product, days, rule).start
    options = {**hook.settings.outputs.get("temporary", {}), **hook.settings.presets.get(rule.order_workflow, {})}
    label = f"{findings.country} {findings.issue_date} {event.name}"
    request = OrderRequest(rule.order_workflow, (product,), options, label)
    with hook.desk() as (client, desk):
        context = OrderContext(
            client, desk, hook.settings.polling, hook.retry_policy.sleep, hook.archive_limits, hook.downloads
        )
        with hook.book().lock("scenes"):
            require_unseen(event, product, _asked_for(hook, request))
            ask_for_scene(event.name, request, context)
        files = order_scene(event.name, request, context)
    place = look_folder(folder, moment, (product,))
    with file_lock(folder / OBSERVATION_LOCK):
        evidence = open_water_of(event.name, files, rule.open_water, product, moment, place)
        _look(hook, ground, event, days, "open water", evidence, place)


def _asked_for(hook: Hook, request: OrderRequest) -> list[str]:
    """Products of which this result was ordered, and is there or may still come."""
    entries = [entry for entry in hook.book().entries(hook.name) if succeeded(entry) or not entry.finished]
    return [
        name
        for entry in entries
        if (entry.request.workflow, entry.request.options) == (request.workflow, request.options)
        for name in entry.request.identifiers
    ]


def _look(
    hook: Hook,
    ground: ReferenceLayers,
    event: FloodEvent,
    days: DayRange,
    source: ObservationSource,
    evidence: WaterMasks,
    place: Path,
) -> Look:
    """Measure one look on its own and keep it."""
    rule = hook.settings.observation
    areas = tuple(measure(event, evidence.masks, ground, rule, place))
    lakes_among_it = source == "open water" and ground.country.flood_maps.permanent_water is None
    verdict = verdict_of(
        flooded_km2(areas), observed_share(areas), evidence.passes, days, rule, lakes_among_it=lakes_among_it
    )
    look = Look(
        source=source,
        first_day=days.first,
        last_day=days.last,
        passes=evidence.passes,
        products=evidence.products,
        method=_method(rule, source, lakes_among_it=lakes_among_it),
        verdict=verdict,
        areas=areas,
    )
    write_look(look, place)
    return look


def _event(findings: FloodFindings, name: str, run: Path) -> FloodEvent:
    for event in findings.events:
        if event.name == name and event.areas:
            return event
        if event.name == name:
            raise Unsuitable(
                "the event's station has no areas: there is nothing to compare a pass with",
                where=name,
                remedy=f"link station {event.station_code} to areas in the country's data",
            )
    names = ", ".join(event.name for event in findings.events if event.areas)
    raise UsageError(
        f"the run has no event {name!r} with areas",
        where=run,
        expected=f"one of {names}" if names else "any event",
        remedy="look with `ibf-pipeline plan`",
    )


def _method(rule: ObservationSettings, source: ObservationSource, *, lakes_among_it: bool) -> str:
    share = f"a cell counts as flooded where at least {rule.cell_share:.0%} of what was seen of it is water"
    if source == "flood map" and rule.catalogue is not None:
        return f"Flood maps of {rule.catalogue.collection} ({rule.catalogue.asset}); {share}."
    lakes = (
        "lakes and rivers among it, since the country has no layer of permanent water: it cannot show a flood, only "
        "that there is none"
        if lakes_among_it
        else "the country's permanent water left out"
    )
    return (
        f"Open water where VH lies below {rule.open_water.threshold_decibel:g} dB, {lakes}; {share}. A fixed threshold "
        "also takes radar shadow and smooth dry ground for water, and sees none under trees or between houses."
    )
