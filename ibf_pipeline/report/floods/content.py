"""What the report of a flood day has beside that of any hazard (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ibf_pipeline.domain.observation import EventObservation
from ibf_pipeline.hazards.floods.evidence import evidence, limit_of
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound
from ibf_pipeline.report.content import EventPart, Report, fields_of, file_stem
from ibf_pipeline.report.floods.changes import FloodChange
from ibf_pipeline.report.floods.run_data import FloodRunData
from ibf_pipeline.report.floods.words import area_notes, rule_text, why

_MOST_DRAWINGS = 12
"""events up to which hydrographs are drawings (SVG); with more they are smaller pictures, to keep the page mailable"""


@dataclass(frozen=True, slots=True)
class DayOfStation:
    """A lead time at a station: members above each threshold."""

    lead_time: int
    """days"""
    day: date
    alert_class: str
    members: int
    above: tuple[int, ...]
    """by return period, in the order of `Thresholds.return_periods`"""
    needed: int
    """members that the trigger needs"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Thresholds of a station."""

    return_periods: tuple[float, ...]
    """years"""
    values: tuple[float, ...]
    """m3/s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodEventPart(EventPart):
    """An alerted station as the report shows it."""

    event: FloodEvent
    station_name: str
    """the name"""
    why: tuple[str, ...]
    thresholds: Thresholds
    days: tuple[DayOfStation, ...]
    columns: int
    """return periods worth a column: those in the rule and those that a member is above"""
    area_notes: tuple[str, ...]
    """why levels do not add up to the same number of people"""
    hydrograph: str
    """file in the report's folder"""
    buildup: str | None
    """earlier runs of the same station; None if there are none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodReport(Report):
    """A flood day, as people read it."""

    changes: tuple[FloodChange, ...]
    events: tuple[FloodEventPart, ...]
    withdrawn: tuple[FloodEventPart, ...]
    quiet: tuple[StationFound, ...]
    blind: tuple[StationFound, ...]
    suspect: tuple[StationFound, ...]
    rule: RuleApplied
    rule_words: tuple[str, ...]
    members_expected: int
    members_missing: tuple[int, ...]
    glofas_version: str
    observed: tuple[EventObservation, ...]
    """what satellites saw of the events, if somebody looked"""


def report(plain: Report, findings: FloodFindings, kept: FloodRunData) -> FloodReport:
    """The report with the rule, the members and the other stations."""
    alerted = {event.station_code for event in (*findings.events, *findings.withdrawn)}
    return FloodReport(
        **fields_of(plain),
        quiet=tuple(s for s in findings.stations if s.code not in alerted and s.condition != "blind"),
        blind=tuple(findings.with_condition("blind")),
        suspect=tuple(findings.with_condition("suspect")),
        rule=findings.rule,
        rule_words=tuple(rule_text(findings.rule)),
        members_expected=findings.members_expected,
        members_missing=findings.members_missing,
        glofas_version=findings.glofas_version,
        observed=kept.observed,
    )


def event_part(plain: EventPart, findings: FloodFindings, event: FloodEvent, kept: FloodRunData) -> FloodEventPart:
    """An event with its station's members by day, and why it has its class."""
    station = findings.station(event.station_code)
    drawn = len(findings.events) + len(findings.withdrawn)
    stem, form = file_stem(station.code), "svg" if drawn <= _MOST_DRAWINGS else "png"
    days = tuple(_day(findings, station, lead) for lead in findings.lead_times)
    thresholds = _thresholds(station)
    return FloodEventPart(
        **fields_of(plain),
        station_name=plain.name,
        why=tuple(why(findings, event)),
        thresholds=thresholds,
        days=days,
        columns=_columns(findings, thresholds, days),
        area_notes=tuple(area_notes(findings, event)),
        hydrograph=f"hydrograph_{stem}.{form}",
        buildup=f"buildup_{stem}.{form}" if station.code in kept.histories else None,
    )


def _thresholds(station: StationFound) -> Thresholds:
    periods = sorted(station.thresholds, key=float)
    return Thresholds(tuple(float(p) for p in periods), tuple(station.thresholds[p] for p in periods))


def _day(findings: FloodFindings, station: StationFound, lead: int) -> DayOfStation:
    return DayOfStation(
        lead_time=lead,
        day=findings.issue_date + timedelta(days=lead),
        alert_class=station.classes[lead],
        members=station.members[lead],
        above=tuple(station.above[period][lead] for period in sorted(station.above, key=float)),
        needed=evidence(findings, station, lead, limit_of(findings.rule, "max")).needed,
    )


def _columns(findings: FloodFindings, thresholds: Thresholds, days: Sequence[DayOfStation]) -> int:
    used = {findings.rule.trigger_return_period, *(period for period, _ in findings.rule.classes.values())}
    wanted = (
        place + 1
        for place, period in enumerate(thresholds.return_periods)
        if period in used or any(day.above[place] for day in days)
    )
    return max(wanted)
