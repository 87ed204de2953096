"""A flood day, from the discharge cube to what was found. Read it top to bottom; every step is a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import xarray as xr

from ibf_pipeline.config.country import Country
from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.country import POPULATION_AFFECTED, CountryLayers
from ibf_pipeline.domain.country import Station as PreparedStation
from ibf_pipeline.domain.exercise import exercise_name
from ibf_pipeline.domain.found import Event, EventArea, ExtentFound, Found, RuleApplied, StationFound
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.hazards.floods.forecast.classes import classify
from ibf_pipeline.hazards.floods.forecast.events import Timing, event_names, flags, timing
from ibf_pipeline.hazards.floods.forecast.probabilities import exceedance, largest_return_period
from ibf_pipeline.hazards.floods.forecast.stations import station_values, suspect_reason
from ibf_pipeline.hazards.floods.impact.areas import Claim, allocate
from ibf_pipeline.hazards.floods.impact.exposure import ExposureTable
from ibf_pipeline.hazards.floods.impact.extents import extent_file_name
from ibf_pipeline.hazards.floods.impact.flood_map import event_return_period, flood_map_for
from ibf_pipeline.hazards.floods.notes import event_notes, members_notes, nobody_affected, station_notes
from ibf_pipeline.hazards.floods.screening import usable


def find(discharge: xr.DataArray, layers: CountryLayers, country: Country, *, exercise: bool = False) -> Found:
    """What the forecast of one issue date means for a country.

    `discharge`: (member, lead_time, station) m3/s as from `read_cube`, one station per prepared station.

    Raises InputMissing with fewer members than the country's minimum, InputInvalid where every station is blind or
    every value is 0: missing input is never "no flood".
    """
    ensemble = usable(discharge, layers, country)
    discharge, missing = ensemble.discharge, ensemble.missing
    thresholds = layers.thresholds.sel(station=discharge["station"].values)
    exposure = ExposureTable(layers.exposure)
    counts = exceedance(discharge, thresholds)
    classes = classify(counts, country.rule)
    reached = largest_return_period(counts, country.rule.trigger.probability)
    names = event_names([(station.code, station.name) for station in layers.stations], country.event_name)
    if exercise:
        names = {code: exercise_name(name) for code, name in names.items()}

    stations: list[StationFound] = []
    alerted: list[Event] = []
    for station in layers.stations:
        at = {"station": [station.code]}
        ranks = classes["alert_class"].sel(station=station.code).values
        triggers = classes["trigger"].sel(station=station.code).values
        blind = ensemble.blind[station.code]
        event = None if blind else timing(ranks, triggers)
        stations.append(
            _station_found(
                station, discharge.sel(at), counts.sel(at), thresholds.sel(at), ranks, triggers, event, blind, country,
                names[station.code],
            )
        )  # fmt: skip
        if event is not None:
            period = _return_period(reached.sel(station=station.code).values, ranks, triggers, event, country)
            name, day_flags = names[station.code], flags(ranks, triggers)
            alerted.append(_event(name, station.code, event, day_flags, period, layers, exposure, country))
    events = _with_areas(alerted, layers, exposure, country)
    return Found(
        country=country.iso3,
        country_name=country.name,
        issue_date=date.fromisoformat(discharge.attrs["issue_date"]),
        admin_levels=country.admin_levels,
        default_admin_level=country.default_admin_level,
        rule=_rule_applied(country),
        indicators=(POPULATION_AFFECTED, *(layer.indicator for layer in country.people.further_layers)),
        percentage=country.people.percentage,
        source=str(discharge.attrs.get("source", "")),
        glofas_version=str(discharge.attrs.get("glofas_version", "")),
        members_expected=country.members.expected,
        members_missing=missing,
        events=tuple(events),
        stations=tuple(stations),
        extents=_extents(events, country.iso3),
        notes=(
            *members_notes(discharge["member"].values, ensemble, country.members.expected),
            *station_notes(stations, country.members.expected - len(missing)),
            *event_notes(events, country),
            *nobody_affected(events, layers),
            *layers.findings,
        ),
        exercise=exercise,
    )


def _station_found(
    station: PreparedStation,
    discharge: xr.DataArray,
    counts: xr.Dataset,
    thresholds: xr.DataArray,
    ranks: np.ndarray,
    triggers: np.ndarray,
    event: Timing | None,
    blind: str | None,
    country: Country,
    event_name: str,
) -> StationFound:
    trigger = country.rule.trigger
    periods = [float(period) for period in thresholds["return_period"].values]
    suspect = None
    if blind is None:
        suspect = suspect_reason(discharge, float(thresholds.min()), country.stations.suspect_below)
    return StationFound(
        code=station.code,
        name=station.name,
        lat=station.lat,
        lon=station.lon,
        condition="blind" if blind else "suspect" if suspect else "fine",
        reason=blind or suspect or "",
        event_name=event_name,
        flags="-" * len(LEAD_TIMES) if blind else flags(ranks, triggers),
        classes=() if blind else tuple(ALERT_CLASSES[rank] for rank in ranks),
        values=None
        if blind
        else station_values(
            discharge,
            counts,
            thresholds,
            event,
            return_period=trigger.return_period,
            probability=trigger.probability,
            level=country.stations.forecast_level,
        ),
        members=tuple(int(n) for n in counts["members"].isel(station=0).values),
        above={
            f"{period:g}": tuple(int(n) for n in counts["above"].sel(return_period=period).isel(station=0).values)
            for period in periods
        },
        thresholds={f"{period:g}": float(thresholds.sel(return_period=period).item()) for period in periods},
    )


def _return_period(
    reached: np.ndarray, ranks: np.ndarray, triggers: np.ndarray, event: Timing, country: Country
) -> float:
    """Rule 7 for triggers; a warning that shows people has at least the return period of its class."""
    if event.first_trigger is not None:
        return event_return_period(reached, triggers, country.flood_maps.event_return_period)
    if not country.people.for_warnings:
        return 0.0
    of_class = country.rule.classes.get(event.alert_class)
    return max(event_return_period(reached, ranks > 0), of_class.return_period if of_class else 0.0)


def _event(
    name: str, station: str, event: Timing, day_flags: str, period: float, layers: CountryLayers,
    exposure: ExposureTable, country: Country,
) -> Event:  # fmt: skip
    trigger = event.first_trigger is not None
    maps = country.flood_maps
    flood_map = flood_map_for(period, maps.return_periods, maps.below_smallest) if period > 0 else None
    deepest = layers.mapping.get(station, ())
    areas = tuple(_row(place_code, [(flood_map, place_code)], layers, exposure) for place_code in deepest)
    return Event(
        name=name,
        station_code=station,
        alert_class=event.alert_class,
        trigger=trigger,
        lead_time=event.lead_time,
        first_trigger=event.first_trigger,
        flags=day_flags,
        return_period=period,
        flood_map=flood_map,
        people=sum(area.people for area in areas),
        areas=areas,
    )


def _row(
    place_code: str, counted: Sequence[tuple[float | None, str]], layers: CountryLayers, exposure: ExposureTable
) -> EventArea:
    """A row of an event: whole people of the deepest areas summed, and the share of the area's own population.

    `counted`: (flood map, deepest place code) of every area whose exposure counts here.
    """
    area = layers.areas[place_code]
    totals = dict.fromkeys(exposure.indicators, 0)
    affected = 0.0
    for flood_map, code in counted:
        if flood_map is None:
            continue
        values = dict(zip(exposure.indicators, exposure.of(code, flood_map), strict=True))
        for indicator, value in values.items():
            totals[indicator] += int(np.rint(value))
        affected += float(values[POPULATION_AFFECTED])
    people = totals.pop(POPULATION_AFFECTED)
    share = min(1.0, affected / area.population) if area.population > 0 else 0.0
    return EventArea(area.admin_level, place_code, area.name, people, round(share, 6), totals)


def _with_areas(alerted: list[Event], layers: CountryLayers, exposure: ExposureTable, country: Country) -> list[Event]:
    """Add the levels above the deepest one, each area in one event, and put the events in order (rules 5 and 6)."""
    claims = [
        Claim(
            event.name,
            ALERT_CLASSES.index(event.alert_class),
            event.lead_time,
            event.people,
            tuple(area.place_code for area in event.areas),
        )
        for event in alerted
    ]
    flood_maps = {event.name: event.flood_map for event in alerted}
    rows: dict[str, list[EventArea]] = {event.name: [] for event in alerted}
    kept: dict[str, tuple[str, ...]] = {}
    for level in country.admin_levels[:-1]:
        allocation = allocate(
            claims,
            partial(layers.ancestor, admin_level=level),
            keep_at_least_one=level == country.default_admin_level,
        )
        kept.update(allocation.kept)
        for share in allocation.shares:
            counted = [(flood_maps[event], code) for event, code in share.counts]
            rows[share.event].append(_row(share.place_code, counted, layers, exposure))
    events = [
        replace(event, areas=(*rows[event.name], *event.areas), shared_areas_kept=kept.get(event.name, ()))
        for event in alerted
    ]
    return sorted(
        events, key=lambda event: (-ALERT_CLASSES.index(event.alert_class), event.lead_time, -event.people, event.name)
    )


def _extents(events: Sequence[Event], iso3: str) -> tuple[ExtentFound, ...]:
    return tuple(
        ExtentFound(
            lead_time,
            extent_file_name(lead_time, iso3),
            tuple(
                event.name for event in events
                if event.publishable and event.flood_map is not None and event.flags[lead_time] == "T"
            ),
        )
        for lead_time in LEAD_TIMES
    )  # fmt: skip


def _rule_applied(country: Country) -> RuleApplied:
    rule = country.rule
    return RuleApplied(
        class_rule=rule.class_rule,
        classes={name: (limit.return_period, float(limit.probability)) for name, limit in rule.classes.items()},
        trigger_return_period=rule.trigger.return_period,
        trigger_probability=float(rule.trigger.probability),
        trigger_lead_time_limit=rule.trigger_lead_time_limit,
        minimum_depth=country.flood_maps.minimum_depth,
        below_smallest_map=country.flood_maps.below_smallest,
        thresholds_version=country.thresholds_version,
    )
