"""What a report says, as data: the page is drawn from it and `report.json` holds it (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.observed import Observed
from ibf_pipeline.domain.wording import alert_text
from ibf_pipeline.hazards.floods.evidence import evidence, limit_of
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound
from ibf_pipeline.report.calls import Published
from ibf_pipeline.report.changes import Change, Correction, compare
from ibf_pipeline.report.words import area_notes, cautions, headline, rule_text, why

MOST_DRAWINGS = 12
"""events up to which hydrographs are drawings (SVG); with more they are smaller pictures, to keep the page mailable"""

OVERVIEW = "overview.png"
"""file of the country's map"""

FORMAT = 1
"""Version of report.json."""


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


@dataclass(frozen=True, slots=True)
class EventPart:
    """An event as the report shows it."""

    event: FloodEvent
    station_name: str
    words: str
    """its class"""
    day: date
    """of its lead time"""
    why: tuple[str, ...]
    thresholds: Thresholds
    days: tuple[DayOfStation, ...]
    columns: int
    """return periods worth a column: those in the rule and those that a member is above"""
    areas: tuple[tuple[int, tuple[EventArea, ...]], ...]
    """(admin level, areas with most people first)"""
    area_notes: tuple[str, ...]
    """why levels do not add up to the same number of people"""
    hydrograph: str
    """file in the report's folder"""
    map: str
    buildup: str | None
    """earlier runs of the same station; None where there are none"""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A forecast file that went in."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """A run, as people read it."""

    format: int
    country: str
    country_name: str
    issue_date: date
    exercise: bool
    short: str
    """`2 triggers, 1 warning`"""
    headline: str
    cautions: tuple[str, ...]
    correction: Correction | None
    """where the day was published with other findings before"""
    compared_with: date | None
    """issue date of the run that changes are counted from"""
    changes: tuple[Change, ...]
    unchanged: tuple[str, ...]
    """names of events that go on as they were"""
    overview: str
    """file of the country's map"""
    events: tuple[EventPart, ...]
    withdrawn: tuple[EventPart, ...]
    """what a person took back after it was published"""
    quiet: tuple[StationFound, ...]
    blind: tuple[StationFound, ...]
    suspect: tuple[StationFound, ...]
    rule: RuleApplied
    rule_words: tuple[str, ...]
    members_expected: int
    members_missing: tuple[int, ...]
    source: str
    glofas_version: str
    notes: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    static: tuple[InputFile, ...]
    """files of the static data: boundaries, stations, thresholds, mapping, population, flood maps"""
    versions: Mapping[str, str]
    configuration: Mapping[str, Any]
    published: tuple[Published, ...]
    observed: tuple[Observed, ...]
    """what satellites saw of the events, where somebody looked"""
    default_admin_level: int
    further_indicators: tuple[str, ...]


def make_report(
    found: FloodFindings,
    before: FloodFindings | None,
    manifest: Mapping[str, Any],
    published: Sequence[Published],
    buildups: frozenset[str],
    observed: Sequence[Observed] = (),
    correction: Correction | None = None,
) -> Report:
    """The content of a report. `found`: what stands of the day; `buildups`: stations of which earlier runs are kept."""
    changes = compare(before, found)
    changed = {change.station_code for change in changes}
    alerted = {event.station_code for event in (*found.events, *found.withdrawn)}
    return Report(
        format=FORMAT,
        country=found.country,
        country_name=found.country_name,
        issue_date=found.issue_date,
        exercise=found.exercise,
        short=found.headline,
        headline=headline(found),
        cautions=tuple(cautions(found)),
        correction=correction,
        compared_with=before.issue_date if before else None,
        changes=changes,
        unchanged=tuple(event.name for event in found.events if event.station_code not in changed),
        overview=OVERVIEW,
        events=tuple(_event(found, event, buildups) for event in found.events),
        withdrawn=tuple(_event(found, event, buildups) for event in found.withdrawn),
        quiet=tuple(s for s in found.stations if s.code not in alerted and s.condition != "blind"),
        blind=tuple(found.with_condition("blind")),
        suspect=tuple(found.with_condition("suspect")),
        rule=found.rule,
        rule_words=tuple(rule_text(found.rule)),
        members_expected=found.members_expected,
        members_missing=found.members_missing,
        source=found.source,
        glofas_version=found.glofas_version,
        notes=found.notes,
        inputs=_files(manifest, "inputs"),
        static=_files(manifest, "static"),
        versions=dict(manifest.get("versions", {})),
        configuration=dict(manifest.get("configuration", {})),
        published=tuple(published),
        observed=tuple(observed),
        default_admin_level=found.default_admin_level,
        further_indicators=found.indicators[1:],
    )


def _files(manifest: Mapping[str, Any], key: str) -> tuple[InputFile, ...]:
    return tuple(InputFile(str(i["name"]), int(i["size"]), str(i["sha256"])) for i in manifest.get(key, ()))


def _event(found: FloodFindings, event: FloodEvent, buildups: frozenset[str]) -> EventPart:
    station = found.station(event.station_code)
    drawn = len(found.events) + len(found.withdrawn)
    stem, form = file_stem(station.code), "svg" if drawn <= MOST_DRAWINGS else "png"
    levels = [found.default_admin_level, *(level for level in found.admin_levels if level != found.default_admin_level)]
    areas = ((level, tuple(sorted(event.areas_of(level), key=_by_people))) for level in levels)
    days = tuple(_day(found, station, lead) for lead in LEAD_TIMES)
    thresholds = _thresholds(station)
    return EventPart(
        event=event,
        station_name=station.name or station.code,
        words=alert_text(event.alert_class, trigger=event.trigger),
        day=found.issue_date + timedelta(days=event.lead_time),
        why=tuple(why(found, event)),
        thresholds=thresholds,
        days=days,
        columns=_columns(found, thresholds, days),
        areas=tuple((level, rows) for level, rows in areas if rows),
        area_notes=tuple(area_notes(found, event)),
        hydrograph=f"hydrograph_{stem}.{form}",
        map=map_name(event),
        buildup=f"buildup_{stem}.{form}" if event.station_code in buildups else None,
    )


def _thresholds(station: StationFound) -> Thresholds:
    periods = sorted(station.thresholds, key=float)
    return Thresholds(tuple(float(p) for p in periods), tuple(station.thresholds[p] for p in periods))


def _day(found: FloodFindings, station: StationFound, lead: int) -> DayOfStation:
    return DayOfStation(
        lead_time=lead,
        day=found.issue_date + timedelta(days=lead),
        alert_class=station.classes[lead],
        members=station.members[lead],
        above=tuple(station.above[period][lead] for period in sorted(station.above, key=float)),
        needed=evidence(found, station, lead, limit_of(found.rule, "max")).needed,
    )


def _columns(found: FloodFindings, thresholds: Thresholds, days: Sequence[DayOfStation]) -> int:
    used = {found.rule.trigger_return_period, *(period for period, _ in found.rule.classes.values())}
    wanted = (
        place + 1
        for place, period in enumerate(thresholds.return_periods)
        if period in used or any(day.above[place] for day in days)
    )
    return max(wanted)


def _by_people(area: EventArea) -> tuple[int, str]:
    return -area.people, area.place_code


def map_name(event: FloodEvent) -> str:
    """File name of an event's map."""
    return f"map_{file_stem(event.station_code)}.png"


def file_stem(code: str) -> str:
    """A station code as a part of a file name; letters that a file system may refuse become their numbers."""
    return "".join(letter if letter.isascii() and letter.isalnum() else f"-{ord(letter):x}-" for letter in code)
