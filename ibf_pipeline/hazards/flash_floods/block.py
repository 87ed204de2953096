"""A block of flash floods, from the rain of areas to findings. Every step is a pure function."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.exercise import exercise_name
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.assessment import BlockAssessment, assess_block
from ibf_pipeline.hazards.flash_floods.assets import exposed_assets, still_shown
from ibf_pipeline.hazards.flash_floods.carryover import ClearingEvidence, kept_alert, tail_alert
from ibf_pipeline.hazards.flash_floods.district_alert import AlertRow, DistrictAlert, combine_alerts, merged_flags
from ibf_pipeline.hazards.flash_floods.districts import District
from ibf_pipeline.hazards.flash_floods.extents import extents_of
from ibf_pipeline.hazards.flash_floods.findings import (
    DistrictFound,
    FlashFloodEvent,
    FlashFloodFindings,
    FlashRule,
)
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge, gauges_found
from ibf_pipeline.hazards.flash_floods.notes import blind_notes, event_notes, rain_notes, shown_notes, unresolved_notes
from ibf_pipeline.hazards.flash_floods.screening import (
    blind_areas,
    doubtful_areas,
    may_clear,
    rain_cycle_of,
    require_recent,
    require_seen,
)
from ibf_pipeline.hazards.flash_floods.window import window_of


@dataclass(frozen=True, slots=True)
class Past:
    """What was published of the country before this block."""

    findings: FlashFloodFindings | None = None
    """the newest findings that were published, without events that an operator withdrew; None: there are none"""
    accepted: Collection[str] = ()
    """events that may be closed although some area of theirs is blind"""


def find(
    rain: xr.DataArray,
    layers: FlashFloodLayers,
    country: FlashFloodCountry,
    published: datetime,
    past: Past | None = None,
    gauges: Sequence[RiverGauge] = (),
    *,
    exercise: bool = False,
) -> FlashFloodFindings:
    """Findings of one country from the rain of one block.

    Parameters
    ----------
    rain
        (member, time, area) mm an hour, as `domain/flash_flood_layers.py` describes.
    layers
        Of the country, as `prepare` made them.
    country
        The country's configuration.
    published
        When people will read it, with a time zone.
    past
        What was published before; None if nothing was.
    gauges
        River gauges of the portal with their levels.
    exercise
        Whether event names are those of an exercise.

    Returns
    -------
    FlashFloodFindings
        One event for each alerted district: triggers first, then the earlier lead time, then more people.

    Raises
    ------
    InputMissing
        If the forecast's cycle is too old.
    InputInvalid
        If no area has usable rain, or an area of an alerted district has none.
    ConfigError
        If library, areas and configuration do not fit together.

    References
    ----------
    docs/design/flash-floods.md
    """
    past, layers = past or Past(), layers.accepting(country.accepted_doubts)
    before = past.findings
    issue_time, published = IssueTime.parse(str(rain.attrs["issue_time"])), published.astimezone(UTC)
    cycle = rain_cycle_of(rain)
    require_recent(cycle, issue_time.start, country.oldest_cycle_h, before)
    last_block, measured_to = (before.issue_time, before.measured_to) if before is not None else (None, {})
    window = window_of(issue_time, published, last_block, country.warning_from_h)
    assessed = assess_block(rain, layers, country, window, measured_to)
    districts = _districts(assessed, layers, country)
    seen = [_district_found(name, district, exercise=exercise) for name, district in districts.items()]
    require_seen(seen, before, past.accepted, len(assessed.areas))
    clears = may_clear(cycle, issue_time.start, before)
    blind = frozenset(code for each in seen for code in each.blind)
    events = _events(districts, layers, country, past, blind, may_clear=clears, exercise=exercise)
    levels, left_out = gauges_found(gauges, published)
    findings = FlashFloodFindings(
        country=country.iso3,
        country_name=country.name,
        issue_time=issue_time,
        admin_levels=country.admin_levels,
        default_admin_level=country.default_admin_level,
        indicators=assessed.exposure.indicators,
        source=", ".join(map(str, rain.attrs["origins"])),
        events=events,
        extents=extents_of(events, country.iso3),
        exercise=exercise,
        rule=_rule(country, layers),
        time_zone=country.time_zone,
        published=published,
        cycle=cycle,
        may_clear=clears,
        members=assessed.members,
        measured_to=assessed.measured_to,
        members_left_out=assessed.own.left_out,
        one_run=rain.attrs.get("members") == "one run",
        districts=tuple(seen),
        gauges=levels,
        doubts=layers.doubts,
        not_seen=(*unresolved_notes(assessed), *left_out),
    )
    findings = replace(findings, still_shown=still_shown(findings.exposed, before))
    return replace(findings, notes=(*_notes(findings, rain, assessed, country), *left_out, *layers.findings))


def _districts(assessed: BlockAssessment, layers: FlashFloodLayers, country: FlashFloodCountry) -> dict[str, District]:
    column = {code: number for number, code in enumerate(assessed.areas)}
    return {
        name: District(
            assessed,
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
    layers: FlashFloodLayers,
    country: FlashFloodCountry,
    past: Past,
    blind: Collection[str],
    *,
    may_clear: bool,
    exercise: bool,
) -> tuple[FlashFloodEvent, ...]:
    """One for each alerted district; triggers first, then the earlier lead time, then more people."""
    earlier = {event.district: event for event in past.findings.events} if past.findings is not None else {}
    events = []
    for name, district in districts.items():
        shown = exercise_name(name) if exercise else name
        evidence = ClearingEvidence(
            district, may_clear, country.tail_h, may_close=bool({name, shown} & set(past.accepted))
        )
        alert = alert_of_district(district, earlier.get(name), evidence)
        if alert is not None:
            rows = {code: replace(row, area=_as_known(row.area, layers, blind)) for code, row in alert.rows.items()}
            events.append(_event(name, shown, replace(alert, rows=rows), layers, country))
    return tuple(sorted(events, key=lambda event: (not event.trigger, event.lead_time, -event.people, event.name)))


def alert_of_district(
    district: District, earlier: FlashFloodEvent | None, evidence: ClearingEvidence
) -> DistrictAlert | None:
    """This block's alert of a district combined with what an earlier block left.

    Beside a trigger all numbers, of this block and of the earlier one, are of hours inside its limit (rules 9 and 11).

    Parameters
    ----------
    district
        With this block's rain.
    earlier
        Its event in the findings published last; None if it had none.
    evidence
        What this block can say against the earlier one.

    Returns
    -------
    DistrictAlert or None
        None if neither block alerts.
    """
    now = district.alert()
    left = kept_alert(earlier, evidence) if earlier is not None else None
    at_zero = tail_alert(earlier, evidence) if earlier is not None else None
    if at_zero is not None:
        left = at_zero if left is None else replace(at_zero, flags=merged_flags(at_zero.flags, left.flags))
    if left is None:
        return now
    if left.trigger or (now is not None and now.trigger):
        left = replace(left, rows={code: row for code, row in left.rows.items() if _is_within(row, district)})
    both = combine_alerts(left, now, _rows_beside(left, now, district))
    return both if any(row.area.alerted for row in both.rows.values()) else now


def _is_within(row: AlertRow, district: District) -> bool:
    """Whether an earlier block's numbers are of an hour inside a trigger's limit (rule 9)."""
    return row.cause is None or district.assessed.window.triggers_at(row.cause.peaks)


def _rows_beside(left: DistrictAlert, now: DistrictAlert | None, district: District) -> Mapping[str, AlertRow]:
    if now is not None and now.trigger >= left.trigger:
        return now.rows
    if left.trigger:
        return district.rows(district.trigger_hours, district.probability.trigger)
    return district.rows(np.ones_like(district.trigger_hours), district.probability.warning)


def _as_known(area: EventArea, layers: FlashFloodLayers, blind: Collection[str]) -> EventArea:
    """Its people are unknown where the population does not cover it, and where it is blind: 0 reads as an all clear."""
    ground = layers.areas.get(area.place_code)
    known = (ground is None or ground.people_known) and (area.alerted or area.place_code not in blind)
    if known == area.people_known:
        return area
    share = min(1.0, area.people / ground.population) if known and ground and ground.population > 0 else None
    return replace(area, people_known=known, share=None if share is None else round(share, 6))


def _event(
    name: str, shown: str, alert: DistrictAlert, layers: FlashFloodLayers, country: FlashFloodCountry
) -> FlashFloodEvent:
    scenarios = {code: row.scenario for code, row in alert.rows.items() if row.scenario is not None}
    causes = [row.cause for row in alert.rows.values() if row.cause is not None]
    exceeded = alert.exceeded if alert.trigger and alert.lead_time == 0 else None
    return FlashFloodEvent(
        name=shown,
        district=name,
        alert_class="max",
        trigger=alert.trigger,
        lead_time=alert.lead_time,
        first_trigger=alert.lead_time if alert.trigger else None,
        flags=alert.flags,
        people=alert.people,
        areas=tuple(row.area for row in alert.rows.values()),
        starts=alert.starts,
        state=alert.state,
        high_from=alert.high_from,
        probability=round(alert.probability, 6),
        causes=tuple(sorted(causes, key=lambda cause: (-cause.people, cause.place_code))),
        scenarios=scenarios,
        exposed=exposed_assets(scenarios, alert.lead_time, layers),
        exceeded=exceeded,
        measured=None if exceeded is None else alert.measured,
        until=None if exceeded is None else exceeded + timedelta(hours=country.tail_h),
        later=alert.later,
    )


def _notes(
    findings: FlashFloodFindings, rain: xr.DataArray, assessed: BlockAssessment, country: FlashFloodCountry
) -> Iterator[str]:
    yield from event_notes(findings.events, findings.published, country.zone, one_run=findings.one_run)
    yield from rain_notes(rain, assessed, country.zone)
    if not findings.may_clear:
        of = f"{findings.cycle:%Y-%m-%d %H} UTC"
        yield f"the forecast is of {of}, before this block: it alerts and takes nothing back"
    for district in findings.districts:
        yield from blind_notes(district.blind, "blind")
        yield from blind_notes(district.doubtful, "doubtful")
    yield from shown_notes(findings.still_shown)


def _rule(country: FlashFloodCountry, layers: FlashFloodLayers) -> FlashRule:
    return FlashRule(
        durations_h=country.durations_h,
        people_threshold=country.people_threshold,
        warning_from_h=country.warning_from_h,
        tail_h=country.tail_h,
        trigger_probability=country.probability.trigger,
        warning_probability=country.probability.warning,
        library=tuple(layers.scenarios),
    )
