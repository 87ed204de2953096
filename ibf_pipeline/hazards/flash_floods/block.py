"""A block of flash floods, from the rain of areas to what was found. Every step is a pure function."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.exercise import exercise_name
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.flash_layers import FlashLayers
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.assets import exposed_assets, still_shown
from ibf_pipeline.hazards.flash_floods.districts import District
from ibf_pipeline.hazards.flash_floods.earlier import Evidence, kept, tail
from ibf_pipeline.hazards.flash_floods.extents import extents_of
from ibf_pipeline.hazards.flash_floods.findings import (
    DistrictFound,
    FlashFloodEvent,
    FlashFloodFindings,
    FlashRule,
)
from ibf_pipeline.hazards.flash_floods.gauges import Gauge, gauges_found
from ibf_pipeline.hazards.flash_floods.judged import Judged, judge
from ibf_pipeline.hazards.flash_floods.notes import blind_notes, event_notes, rain_notes, shown_notes, unresolved_notes
from ibf_pipeline.hazards.flash_floods.outcome import Outcome, Row, merged_flags, together
from ibf_pipeline.hazards.flash_floods.sight import (
    blind_areas,
    cycle_of,
    doubtful_areas,
    may_clear,
    require_recent,
    require_seen,
)
from ibf_pipeline.hazards.flash_floods.window import window_of


@dataclass(frozen=True, slots=True)
class Past:
    """What was published of the country before this block."""

    found: FlashFloodFindings | None = None
    """the newest findings that were published, without events that a person withdrew; None: there are none"""
    accepted: Collection[str] = ()
    """events that may be closed although some area of theirs is blind"""


def find(
    rain: xr.DataArray,
    layers: FlashLayers,
    country: FlashFloodCountry,
    published: datetime,
    past: Past | None = None,
    gauges: Sequence[Gauge] = (),
    *,
    exercise: bool = False,
) -> FlashFloodFindings:
    """What the rain of one block means for a country.

    `rain`: (member, time, area) mm an hour, as `domain/flash_layers.py` says; `published`: when people will read it,
    with a time zone.

    Raises InputMissing where the forecast's cycle is too old; InputInvalid where no area has usable rain, or one of an
    alerted district has none; ConfigError where library, areas and configuration do not fit together.
    """
    past, layers = past or Past(), layers.accepting(country.accepted_doubts)
    issue_time, published = IssueTime.parse(str(rain.attrs["issue_time"])), published.astimezone(UTC)
    cycle = cycle_of(rain)
    require_recent(cycle, issue_time.start, country.oldest_cycle_h, past.found)
    last_block = past.found.issue_time if past.found is not None else None
    window = window_of(issue_time, published, last_block, country.warning_from_h)
    judged = judge(rain, layers, country, window, past.found.measured_to if past.found is not None else {})
    districts = _districts(judged, layers, country)
    seen = [_district_found(name, district, exercise=exercise) for name, district in districts.items()]
    require_seen(seen, past.found, past.accepted, len(judged.areas))
    clears = may_clear(cycle, issue_time.start, past.found)
    blind = frozenset(code for each in seen for code in each.blind)
    events = _events(districts, layers, country, past, blind, may_clear=clears, exercise=exercise)
    levels, left_out = gauges_found(gauges, published)
    found = FlashFloodFindings(
        country=country.iso3,
        country_name=country.name,
        issue_time=issue_time,
        admin_levels=country.admin_levels,
        default_admin_level=country.default_admin_level,
        indicators=judged.exposure.indicators,
        source=", ".join(map(str, rain.attrs["origins"])),
        events=events,
        extents=extents_of(events, country.iso3),
        exercise=exercise,
        rule=_rule(country, layers),
        time_zone=country.time_zone,
        published=published,
        cycle=cycle,
        may_clear=clears,
        members=judged.members,
        measured_to=judged.measured_to,
        members_left_out=judged.own.left_out,
        one_run=rain.attrs.get("members") == "one run",
        districts=tuple(seen),
        gauges=levels,
        doubts=layers.doubts,
        not_seen=(*unresolved_notes(judged), *left_out),
    )
    found = replace(found, still_shown=still_shown(found.exposed, past.found))
    return replace(found, notes=(*_notes(found, rain, judged, country), *left_out, *layers.findings))


def _districts(judged: Judged, layers: FlashLayers, country: FlashFloodCountry) -> dict[str, District]:
    column = {code: number for number, code in enumerate(judged.areas)}
    return {
        name: District(
            judged,
            tuple(layers.areas[code] for code in codes),
            tuple(column[code] for code in codes),
            country.probability,
        )
        for name, codes in layers.districts.items()
    }


def _district_found(name: str, district: District, *, exercise: bool) -> DistrictFound:
    blind = blind_areas(district)
    return DistrictFound(
        name=name,
        event_name=exercise_name(name) if exercise else name,
        areas=tuple(area.place_code for area in district.areas),
        shares=district.shares,
        blind=blind,
        doubtful=doubtful_areas(district, blind),
    )


def _events(
    districts: Mapping[str, District],
    layers: FlashLayers,
    country: FlashFloodCountry,
    past: Past,
    blind: Collection[str],
    *,
    may_clear: bool,
    exercise: bool,
) -> tuple[FlashFloodEvent, ...]:
    """One for each alerted district; triggers first, then the earlier lead time, then more people."""
    earlier = {event.district: event for event in past.found.events} if past.found is not None else {}
    events = []
    for name, district in districts.items():
        shown = exercise_name(name) if exercise else name
        evidence = Evidence(district, may_clear, country.tail_h, may_close=bool({name, shown} & set(past.accepted)))
        outcome = outcome_of(district, earlier.get(name), evidence)
        if outcome is not None:
            rows = {code: replace(row, area=_as_known(row.area, layers, blind)) for code, row in outcome.rows.items()}
            events.append(_event(name, shown, replace(outcome, rows=rows), layers, country))
    return tuple(sorted(events, key=lambda event: (not event.trigger, event.lead_time, -event.people, event.name)))


def outcome_of(district: District, earlier: FlashFloodEvent | None, evidence: Evidence) -> Outcome | None:
    """This block's alert of a district together with what an earlier block left of one; None where there is neither.

    Beside a trigger all numbers, of this block and of the earlier one, are of hours inside its limit.
    """
    now = district.outcome()
    left = kept(earlier, evidence) if earlier is not None else None
    at_zero = tail(earlier, evidence) if earlier is not None else None
    if at_zero is not None:
        left = at_zero if left is None else replace(at_zero, flags=merged_flags(at_zero.flags, left.flags))
    if left is None:
        return now
    if left.trigger or (now is not None and now.trigger):
        left = replace(left, rows={code: row for code, row in left.rows.items() if _is_within(row, district)})
    both = together(left, now, _rows_beside(left, now, district))
    return both if any(row.area.alerted for row in both.rows.values()) else now


def _is_within(row: Row, district: District) -> bool:
    """Whether an earlier block's numbers are of an hour inside a trigger's limit (rule 9)."""
    return row.cause is None or district.judged.window.triggers_at(row.cause.peaks)


def _rows_beside(left: Outcome, now: Outcome | None, district: District) -> Mapping[str, Row]:
    if now is not None and now.trigger >= left.trigger:
        return now.rows
    if left.trigger:
        return district.rows(district.within, district.probability.trigger)
    return district.rows(np.ones_like(district.within), district.probability.warning)


def _as_known(area: EventArea, layers: FlashLayers, blind: Collection[str]) -> EventArea:
    """Its people are unknown where the population does not cover it, and where it is blind: 0 reads as an all clear."""
    ground = layers.areas.get(area.place_code)
    known = (ground is None or ground.people_known) and (area.alerted or area.place_code not in blind)
    if known == area.people_known:
        return area
    share = min(1.0, area.people / ground.population) if known and ground and ground.population > 0 else None
    return replace(area, people_known=known, share=None if share is None else round(share, 6))


def _event(name: str, shown: str, outcome: Outcome, layers: FlashLayers, country: FlashFloodCountry) -> FlashFloodEvent:
    scenarios = {code: row.scenario for code, row in outcome.rows.items() if row.scenario is not None}
    causes = [row.cause for row in outcome.rows.values() if row.cause is not None]
    exceeded = outcome.exceeded if outcome.trigger and outcome.lead_time == 0 else None
    return FlashFloodEvent(
        name=shown,
        district=name,
        alert_class="max",
        trigger=outcome.trigger,
        lead_time=outcome.lead_time,
        first_trigger=outcome.lead_time if outcome.trigger else None,
        flags=outcome.flags,
        people=outcome.people,
        areas=tuple(row.area for row in outcome.rows.values()),
        starts=outcome.starts,
        state=outcome.state,
        high_from=outcome.high_from,
        probability=round(outcome.probability, 6),
        causes=tuple(sorted(causes, key=lambda cause: (-cause.people, cause.place_code))),
        scenarios=scenarios,
        exposed=exposed_assets(scenarios, outcome.lead_time, layers),
        exceeded=exceeded,
        measured=None if exceeded is None else outcome.measured,
        until=None if exceeded is None else exceeded + timedelta(hours=country.tail_h),
        later=outcome.later,
    )


def _notes(found: FlashFloodFindings, rain: xr.DataArray, judged: Judged, country: FlashFloodCountry) -> Iterator[str]:
    yield from event_notes(found.events, found.published, country.zone, one_run=found.one_run)
    yield from rain_notes(rain, judged, country.zone)
    if not found.may_clear:
        yield f"the forecast is of {found.cycle:%Y-%m-%d %H} UTC, before this block: it alerts and takes nothing back"
    for district in found.districts:
        yield from blind_notes(district.blind, "blind")
        yield from blind_notes(district.doubtful, "doubtful")
    yield from shown_notes(found.still_shown)


def _rule(country: FlashFloodCountry, layers: FlashLayers) -> FlashRule:
    return FlashRule(
        durations_h=country.durations_h,
        people_threshold=country.people_threshold,
        warning_from_h=country.warning_from_h,
        tail_h=country.tail_h,
        trigger_probability=country.probability.trigger,
        warning_probability=country.probability.warning,
        library=tuple(layers.scenarios),
    )
