"""A cycle of typhoon, from ensemble tracks to findings. Every step is a pure function."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.assessment import assess_storm
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.ensemble import members_of, require_whole, without_doubled_run
from ibf_pipeline.hazards.typhoon.event_areas import whole_rain
from ibf_pipeline.hazards.typhoon.findings import StormFound, TyphoonEvent, TyphoonFindings, TyphoonRule
from ibf_pipeline.hazards.typhoon.identity import identify
from ibf_pipeline.hazards.typhoon.long_cycle import carried_from, due_within, require_long, with_long, with_whole_run
from ibf_pipeline.hazards.typhoon.notes import left_out_notes, notes_of
from ibf_pipeline.hazards.typhoon.profile import HOUSES, PEOPLE, RAINFALL, SHOWN, WINDSPEED, WITHIN_50KM
from ibf_pipeline.hazards.typhoon.selection import forecast_storms
from ibf_pipeline.hazards.typhoon.sharing import resolve_shared_areas
from ibf_pipeline.hazards.typhoon.storms import storms_missing, storms_of


@dataclass(frozen=True, slots=True)
class Cycle:
    """Input of one forecast cycle."""

    tracks: xr.Dataset
    """as `domain/tracks.py` says; no storm at all if the source has verified that there is no cyclone"""
    long: xr.Dataset | None = None
    """the last cycle of 240 hours, beside a short one (rule 4)"""
    before: xr.Dataset | None = None
    """the valid cycle 6 or 12 hours before (rule 2)"""
    rain: Mapping[str, float] | None = None
    """place code -> mm, largest rain of 24 hours; None without a source"""
    source: str = ""
    """words for people"""


@dataclass(frozen=True, slots=True)
class Past:
    """What was published of the country before this cycle."""

    findings: TyphoonFindings | None = None
    """the newest findings that were published, without events that an operator withdrew; None: there are none"""
    accepted: Collection[str] = ()
    """events, by name or storm, that may be closed although their storm is missing from the cycle"""


def find(
    given: Cycle,
    layers: TyphoonLayers,
    country: TyphoonCountry,
    published: datetime,
    past: Past | None = None,
    *,
    exercise: bool = False,
) -> TyphoonFindings:
    """Findings of one country from the tracks of one cycle.

    Parameters
    ----------
    given
        Tracks and rain.
    layers
        Of the country, as `prepare` made them.
    country
        The country's configuration.
    published
        When people will read it, with a time zone.
    past
        What was published before; None if nothing was.
    exercise
        Whether event names are those of an exercise.

    Returns
    -------
    TyphoonFindings
        One event for each storm with alerted municipalities: triggers first, then the earlier lead time, then more
        houses.

    Raises
    ------
    InputInvalid
        If the file lost members.
    InputMissing
        If a short cycle needs the last long one.

    References
    ----------
    docs/design/typhoon.md
    """
    past, layers, published = past or Past(), layers.accepting(country.accepted_doubts), published.astimezone(UTC)
    cycle, before = cycle_of(given.tracks), past.findings
    require_whole(given.tracks, country.fewest_members)
    tracks = forecast_storms(with_whole_run(without_doubled_run(given.tracks.sortby(["storm", "member"]))))
    require_long(tracks, given.long, before)
    members = members_of(tracks, country)
    here = identify(tracks, before)
    if given.long is not None:
        there = identify(given.long, before)
        tracks = with_long(tracks, given.long, here, there, due_within(tracks, before))
        here = identify(tracks, before)
    rain = whole_rain(given.rain, layers)
    context = CycleContext(layers, country, members, cycle, published, rain, carried_from(tracks))
    storms = storms_of(tracks, here, context, before, exercise=exercise)
    missing, unseen = storms_missing(here, context, given.before, before, past.accepted)
    pairs = [assess_storm(storm, context) for storm in (*storms, *missing)]
    events = _ordered(resolve_shared_areas([event for _, event in pairs if event is not None]))
    findings = TyphoonFindings(
        country=country.iso3,
        country_name=country.name,
        issue_time=IssueTime(cycle.date(), cycle.hour),
        admin_levels=country.admin_levels,
        default_admin_level=country.default_admin_level,
        indicators=_indicators(rain),
        source=given.source or str(given.tracks.attrs.get("source", "")),
        events=events,
        exercise=exercise,
        rule=_rule(country),
        time_zone=country.time_zone,
        published=published,
        cycle=cycle,
        members=members,
        last_step_h=int(given.tracks.attrs["last_step_h"]),
        storms=_storms([storm for storm, _ in pairs], unseen, events),
        doubts=layers.doubts,
        not_seen=left_out_notes(tracks, given.rain, layers, country),
    )
    return replace(findings, notes=(*notes_of(findings), *findings.not_seen, *layers.findings))


def _ordered(events: Sequence[TyphoonEvent]) -> tuple[TyphoonEvent, ...]:
    """Triggers first, then the earlier lead time, then more houses and people."""
    return tuple(sorted(events, key=lambda e: (not e.trigger, e.lead_time, *(-each for each in e.size), e.storm)))


def _storms(
    assessed_storms: Sequence[StormFound], unseen: Sequence[StormFound], events: Sequence[TyphoonEvent]
) -> tuple[StormFound, ...]:
    """Events first, in their order; a passed storm whose areas all went to another says so."""
    order = {event.storm: number for number, event in enumerate(events)}
    rows = []
    for each in assessed_storms:
        is_event = each.storm in order
        yielded = not is_event and not each.note
        rows.append(replace(each, note="its areas are alerted for a storm still to come") if yielded else each)
    return tuple(sorted((*rows, *unseen), key=lambda each: (order.get(each.storm, len(order)), each.storm)))


def _indicators(rain: Mapping[str, float] | None) -> tuple[str, ...]:
    return HOUSES, PEOPLE, WITHIN_50KM, WINDSPEED, *(() if rain is None else (RAINFALL,)), SHOWN


def _rule(country: TyphoonCountry) -> TyphoonRule:
    return TyphoonRule(
        penv_hpa=country.wind.penv_hpa,
        v_threshold_ms=country.vulnerability.v_threshold,
        v_half_ms=country.vulnerability.v_half,
        area_wind_kmh=country.area_wind_kmh,
        area_probability=country.area_probability,
        people_kmh=country.people_kmh,
        tail_h=country.tail_h,
        landfall_km=country.landfall_km,
        landfall_probability=country.landfall_probability,
    )
