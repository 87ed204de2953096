"""A flood day, from the discharge cube to the findings. Read it top to bottom; every step is a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.country import POPULATION_AFFECTED, CountryLayers
from ibf_pipeline.domain.exercise import exercise_name
from ibf_pipeline.domain.findings import EventArea, ExtentFound
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.portal_view import portal_notes
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound
from ibf_pipeline.hazards.floods.forecast.classes import classify
from ibf_pipeline.hazards.floods.forecast.events import Timing, event_names, flags, timing
from ibf_pipeline.hazards.floods.forecast.probabilities import exceedance, largest_return_period
from ibf_pipeline.hazards.floods.forecast.stations import station_values, suspect_reasons
from ibf_pipeline.hazards.floods.impact.allocation import allocate, precedence
from ibf_pipeline.hazards.floods.impact.exposure import ExposureTable
from ibf_pipeline.hazards.floods.impact.extents import extent_file_name
from ibf_pipeline.hazards.floods.impact.flood_map import event_return_period, flood_map_for
from ibf_pipeline.hazards.floods.notes import (
    event_notes,
    members_doubts,
    members_notes,
    people_doubts,
    people_notes,
    reliance_doubts,
    station_notes,
    trial_notes,
)
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.floods.screening import screen_ensemble


def find(
    discharge: xr.DataArray, layers: CountryLayers, country: FloodCountry, *, exercise: bool = False
) -> FloodFindings:
    """Findings of one country from the forecast of one issue date.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s as from `read_cube`, one station per prepared station; lead times in days from
        0 to the country's horizon. Classes and flags are of all of them, whatever the portal shows.
    layers
        Of the country, as `prepare` made them.
    country
        The country's configuration: rule, members, flood maps.
    exercise
        Whether event names are those of an exercise.

    Returns
    -------
    FloodFindings
        Events in order of class, lead time and people; a station without areas has an event that cannot be published.

    Raises
    ------
    InputMissing
        With fewer members than the country's minimum.
    InputInvalid
        If every station is blind or every value is 0 m3/s: missing input is never "no flood".

    References
    ----------
    docs/design/floods.md
    """
    ensemble = screen_ensemble(discharge, layers, country)
    missing = ensemble.missing
    codes = [station.code for station in layers.stations]
    discharge, thresholds = ensemble.discharge.sel(station=codes), layers.thresholds.sel(station=codes)
    counts = exceedance(discharge, thresholds)
    classes = classify(counts, country.rule)
    alerts = timing(classes["alert_class"].values, classes["trigger"].values)
    names = event_names([(station.code, station.name) for station in layers.stations], country.event_name)
    if exercise:
        names = {code: exercise_name(name) for code, name in names.items()}
    stations = _stations_found(discharge, thresholds, counts, classes, alerts, ensemble.blind, names, layers, country)
    periods = _return_periods(counts, classes, alerts, country).tolist()
    exposure = ExposureTable(layers.exposure)
    alerted = [
        _event(station, alerts, number, period, layers, exposure, country)
        for number, (station, period) in enumerate(zip(stations, periods, strict=True))
        if station.condition != "blind" and alerts.rank[number] > 0
    ]
    events = _with_areas(alerted, layers, exposure, country)
    of_members = tuple(members_doubts(ensemble))
    of_stations = tuple(reliance_doubts(stations, events))
    return FloodFindings(
        country=country.iso3,
        country_name=country.name,
        issue_time=IssueTime.parse(discharge.attrs["issue_date"]),
        lead_times=tuple(discharge["lead_time"].values.tolist()),
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
            *trial_notes(discharge),
            *members_notes(discharge["member"].values, ensemble, country.members.expected),
            *of_members,
            *of_stations,
            *station_notes(stations, country.members.expected - len(missing)),
            *event_notes(events, country),
            *portal_notes(events, country.default_admin_level),
            *people_notes(events, layers),
            *layers.findings,
        ),
        doubts=(*of_stations, *of_members, *people_doubts(events, layers), *layers.doubts),
        exercise=exercise,
        trial=str(discharge.attrs.get("trial", "")),
    )


def _stations_found(
    discharge: xr.DataArray,
    thresholds: xr.DataArray,
    counts: xr.Dataset,
    classes: xr.Dataset,
    alerts: Timing,
    blind: Sequence[str | None],
    names: Mapping[str, str],
    layers: CountryLayers,
    country: FloodCountry,
) -> list[StationFound]:
    """What is found of every station: arrays of all of them, in the country's order, taken apart once."""
    ranks = classes["alert_class"].values
    values = station_values(
        discharge,
        counts,
        thresholds,
        alerts,
        blind,
        trigger=country.rule.trigger,
        level=country.stations.forecast_level,
    )
    suspect = suspect_reasons(discharge, thresholds, country.stations.suspect_below)
    periods = [f"{period:g}" for period in thresholds["return_period"].values.tolist()]
    return [
        StationFound(
            code=station.code,
            name=station.name,
            lat=station.lat,
            lon=station.lon,
            condition="blind" if unseen else "suspect" if doubtful else "fine",
            reason=unseen or doubtful or "",
            event_name=names[station.code],
            flags="-" * len(marks) if unseen else marks,
            classes=() if unseen else tuple(ALERT_CLASSES[rank] for rank in by_day),
            values=shown,
            members=tuple(members),
            above={period: tuple(count) for period, count in zip(periods, above, strict=True)},
            thresholds=dict(zip(periods, limits, strict=True)),
        )
        for station, unseen, doubtful, shown, marks, by_day, members, above, limits in zip(
            layers.stations,
            blind,
            suspect,
            values,
            flags(ranks, classes["trigger"].values),
            map(np.ndarray.tolist, ranks.T),
            map(np.ndarray.tolist, counts["members"].transpose("station", "lead_time").values),
            map(np.ndarray.tolist, counts["above"].transpose("station", "return_period", "lead_time").values),
            map(np.ndarray.tolist, thresholds.transpose("station", "return_period").values),
            strict=True,
        )
    ]


def _return_periods(
    counts: xr.Dataset, classes: xr.Dataset, alerts: Timing, country: FloodCountry
) -> npt.NDArray[np.float64]:
    """(station,) years: rule 7 for triggers; a warning that shows people has at least the return period of its class.

    Of the lead times that the portal shows; of all where it can show none of the event. 0 where there is neither.
    """
    reached = largest_return_period(counts, country.rule.trigger.probability).values
    choice, limits = country.flood_maps.event_return_period, country.rule.classes
    own = (np.arange(len(reached)) < len(FLOODS.lead_times))[:, np.newaxis] | alerts.beyond_portal
    of_triggers = event_return_period(reached, classes["trigger"].values & own, choice)
    if not country.people.for_warnings:
        return of_triggers
    of_classes = np.array([limits[name].return_period if name in limits else 0.0 for name in ALERT_CLASSES])
    alerted = (classes["alert_class"].values > 0) & own
    of_warnings = np.maximum(event_return_period(reached, alerted), of_classes[alerts.rank])
    return np.where(alerts.triggered, of_triggers, of_warnings)


def _event(
    station: StationFound,
    alerts: Timing,
    number: int,
    period: float,
    layers: CountryLayers,
    exposure: ExposureTable,
    country: FloodCountry,
) -> FloodEvent:
    """`number`: of the station in the arrays of `alerts`; `period`: years, of extent and people."""
    trigger, lead_time = bool(alerts.triggered[number]), int(alerts.lead_time[number])
    maps = country.flood_maps
    flood_map = flood_map_for(period, maps.return_periods, maps.below_smallest) if period > 0 else None
    deepest = layers.mapping.get(station.code, ())
    areas = tuple(_row(place_code, [(flood_map, place_code)], layers, exposure) for place_code in deepest)
    return FloodEvent(
        name=station.event_name,
        station_code=station.code,
        alert_class=ALERT_CLASSES[alerts.rank[number]],
        trigger=trigger,
        lead_time=lead_time,
        first_trigger=lead_time if trigger else None,
        flags=station.flags,
        return_period=period,
        flood_map=flood_map,
        people=sum(area.people for area in areas),
        areas=areas,
    )


def _row(
    place_code: str, counted: Sequence[tuple[float | None, str]], layers: CountryLayers, exposure: ExposureTable
) -> EventArea:
    """A row of an event: whole people of the deepest areas summed, and the share of the area's own population.

    `counted`: (flood map, deepest place code) of every area whose exposure counts here. Rule: people of an area that
    the population raster does not cover are not known to be nobody, and have no share of a population.
    """
    area = layers.areas[place_code]
    totals: dict[str, int | float] = dict.fromkeys(exposure.indicators, 0)
    affected = 0.0
    for flood_map, code in counted:
        if flood_map is None:
            continue
        values = dict(zip(exposure.indicators, exposure.of(code, flood_map), strict=True))
        for indicator, value in values.items():
            totals[indicator] += int(np.rint(value))
        affected += float(values[POPULATION_AFFECTED])
    people = int(totals.pop(POPULATION_AFFECTED))
    estimated = [code for flood_map, code in counted if flood_map is not None]
    known = all(layers.areas[code].people_known for code in estimated)
    share = min(1.0, affected / area.population) if area.population > 0 else 0.0
    return EventArea(
        area.admin_level,
        place_code,
        area.name,
        people,
        round(share, 6) if area.people_known or not estimated else None,
        totals,
        people_known=known,
    )


def _with_areas(
    alerted: list[FloodEvent], layers: CountryLayers, exposure: ExposureTable, country: FloodCountry
) -> list[FloodEvent]:
    """Add the levels above the deepest one, each area in one event, and put the events in order (rules 5 and 6).

    Events that the portal cannot show yet share areas among themselves: they take none from one that it shows.
    """
    flood_maps = {event.name: event.flood_map for event in alerted}
    rows: dict[str, list[EventArea]] = {event.name: [] for event in alerted}
    kept: dict[str, tuple[str, ...]] = {}
    given: dict[str, tuple[tuple[str, str], ...]] = {}
    together = [[event for event in alerted if event.beyond_portal == beyond] for beyond in (False, True)]
    for level, events in product(country.admin_levels[:-1], together):
        parent_of, default = partial(layers.ancestor, admin_level=level), level == country.default_admin_level
        allocation = allocate(events, parent_of, keep_at_least_one=default)
        kept.update(allocation.kept)
        given.update(allocation.given if default else {})
        for share in allocation.shares:
            counted = [(flood_maps[event], code) for event, code in share.counts]
            rows[share.event].append(_row(share.place_code, counted, layers, exposure))
    whole = [
        replace(
            event,
            areas=(*rows[event.name], *event.areas),
            shared_areas_kept=kept.get(event.name, ()),
            shared_areas_given=given.get(event.name, ()),
        )
        for event in alerted
    ]
    return sorted(whole, key=precedence)


def _extents(events: Sequence[FloodEvent], iso3: str) -> tuple[ExtentFound, ...]:
    return tuple(
        ExtentFound(
            lead_time,
            extent_file_name(lead_time, iso3),
            tuple(
                event.name
                for event in events
                if event.publishable and event.flood_map is not None and event.flags[lead_time] == "T"
            ),
        )
        for lead_time in FLOODS.lead_times
    )


def _rule_applied(country: FloodCountry) -> RuleApplied:
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
