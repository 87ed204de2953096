"""What the report of a block of flash floods has beside that of any hazard (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.hazards.flash_floods.findings import (
    Cause,
    FlashFloodEvent,
    FlashFloodFindings,
    FlashRule,
    GaugeFound,
)
from ibf_pipeline.report.content import EventPart, Report, fields_of, file_stem
from ibf_pipeline.report.flash_floods import words
from ibf_pipeline.report.flash_floods.assets import ReachedAssets, reached_assets
from ibf_pipeline.report.flash_floods.changes import hours_left
from ibf_pipeline.report.flash_floods.earlier_numbers import areas_with_earlier_numbers
from ibf_pipeline.report.flash_floods.run_data import FlashFloodRunData
from ibf_pipeline.report.hourly_report import HourlyReport, decides, next_update

_MOST_DRAWINGS: Final = 12
"""events up to which hyetographs are drawings (SVG); with more they are smaller pictures, to keep the page mailable"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashEventPart(EventPart):
    """An alerted district as the report shows it."""

    event: FlashFloodEvent
    worst: str
    """when its worst hour is, local time; empty if nothing is known of it"""
    sure: str
    """one run, or how many of the members"""
    marks: str
    """how the portal shows it"""
    states: tuple[str, ...]
    """why it goes on, and what comes later"""
    why: tuple[str, ...]
    reached: tuple[ReachedAssets, ...]
    """schools, roads and others, by category"""
    hyetograph: str | None
    """file in the report's folder; None if no rain was kept of its worst area"""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Of its alerted areas, most people first."""
        return self.event.causes


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashReport(HourlyReport):
    """A block of flash floods, as people read it."""

    events: tuple[FlashEventPart, ...]
    withdrawn: tuple[FlashEventPart, ...]
    one_run: bool
    still_shown: tuple[str, ...]
    """lines that the portal goes on showing"""
    gauges: tuple[GaugeFound, ...]
    rule: FlashRule


def event_part(
    plain: EventPart, findings: FlashFloodFindings, event: FlashFloodEvent, kept: FlashFloodRunData
) -> FlashEventPart:
    """An event with its times, its reasons and whom and what it reaches."""
    drawn = len(findings.events) + len(findings.withdrawn)
    form = "svg" if drawn <= _MOST_DRAWINGS else "png"
    is_known = bool(event.causes) and kept.rain is not None and event.causes[0].place_code in kept.rain["area"].values
    own = {} if event.name == event.key else {"name": event.name}
    blind = words.blind_place_codes(findings, event.district)
    areas = tuple((level, tuple(_as_seen(area, blind) for area in rows)) for level, rows in plain.areas)
    return FlashEventPart(
        **fields_of(plain) | {"areas": areas} | own,
        worst=words.worst(findings, event),
        sure=words.sure(findings, event),
        marks=words.marks(findings, event),
        states=(
            *words.states(findings, event),
            *words.earlier_numbers_lines(event, areas_with_earlier_numbers(event, kept.rain, kept.before)),
        ),
        why=tuple(words.why(findings, event)),
        reached=reached_assets(event, kept.assets),
        hyetograph=f"hyetograph_{file_stem(event.key)}.{form}" if is_known else None,
    )


def _as_seen(area: EventArea, blind: frozenset[str]) -> EventArea:
    """With the word that it is blind if its rain is not known."""
    if area.alerted or area.place_code not in blind:
        return area
    return replace(area, name=f"{area.name or area.place_code}, blind")


def report(plain: Report, findings: FlashFloodFindings, kept: FlashFloodRunData) -> FlashReport:
    """The report with times, what is not seen, and the rule."""
    told = words.told_elsewhere(findings)
    return FlashReport(
        **fields_of(plain) | {"notes": tuple(note for note in plain.notes if note not in told)},
        time_zone=findings.time_zone,
        published_at=findings.published,
        cycle=findings.cycle,
        one_run=findings.one_run,
        next_update=next_update(findings, findings.zone, "block"),
        decides=decides(findings),
        going_on=tuple(_going_on(findings, event, kept) for event in findings.events if event.name in plain.unchanged),
        not_seen=findings.not_seen,
        still_shown=tuple(words.still_shown_lines(findings)),
        gauges=findings.gauges,
        rule=findings.rule,
        rule_words=tuple(words.rule_text(findings)),
    )


def _going_on(findings: FlashFloodFindings, event: FlashFloodEvent, kept: FlashFloodRunData) -> str:
    """`Alpha: starts Sun 2026-02-15 17:00 CAT, in 9 hours; 9 hours are left, 15 before`."""
    old = [each for each in (kept.before.events if kept.before is not None else ()) if each.key == event.key]
    left = hours_left(kept.before, findings, old[0], event) if old else ""
    return "; ".join(filter(None, [f"{event.name}: {words.begins(findings, event)}", left]))
