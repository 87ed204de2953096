"""What the report of a cycle of typhoon has beside that of any hazard (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ibf_pipeline.hazards.typhoon.findings import ProvinceFound, TyphoonEvent, TyphoonFindings, TyphoonRule
from ibf_pipeline.report.content import EventPart, Report, fields_of, file_stem
from ibf_pipeline.report.hourly_report import HourlyReport, decides, next_update
from ibf_pipeline.report.typhoon import words
from ibf_pipeline.report.typhoon.changes import hours_left
from ibf_pipeline.report.typhoon.run_data import TyphoonRunData

_MOST_DRAWINGS: Final = 6
"""events up to which the winds of members are drawn; with more, the page has their tracks alone, to be mailable"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TyphoonEventPart(EventPart):
    """An alerted storm as the report shows it."""

    event: TyphoonEvent
    facts: tuple[str, ...]
    """category, landfall, houses, members"""
    states: tuple[str, ...]
    """what must not be overlooked"""
    triggers: tuple[str, ...]
    """what is met, or missing"""
    track_map: str | None
    """file in the report's folder; None if nothing is known of its track"""
    winds: str | None
    """the same, of the members' winds"""

    @property
    def provinces(self) -> tuple[ProvinceFound, ...]:
        """Of event areas, the earliest gale first."""
        return self.event.provinces


@dataclass(frozen=True, slots=True, kw_only=True)
class TyphoonReport(HourlyReport):
    """A cycle of typhoon, as people read it."""

    events: tuple[TyphoonEventPart, ...]
    withdrawn: tuple[TyphoonEventPart, ...]
    members: int
    """of the whole cycle"""
    considered: tuple[str, ...]
    """storms that are not an event, and why"""
    rule: TyphoonRule


def event_part(
    plain: EventPart, findings: TyphoonFindings, event: TyphoonEvent, kept: TyphoonRunData
) -> TyphoonEventPart:
    """An event with its times, its provinces, what is met of the triggers, and its pictures."""
    few = len(findings.events) + len(findings.withdrawn) <= _MOST_DRAWINGS
    has_members = kept.members_of(event) is not None
    return TyphoonEventPart(
        **fields_of(plain) | {"name": event.name},
        facts=tuple(words.facts(findings, event, kept.event_before(event))),
        states=tuple(words.states(findings, event)),
        triggers=tuple(words.triggers(findings, event)),
        track_map=f"track_{file_stem(event.key)}.png" if event.track else None,
        winds=f"winds_{file_stem(event.key)}.png" if few and has_members else None,
    )


def report(plain: Report, findings: TyphoonFindings, kept: TyphoonRunData) -> TyphoonReport:
    """The report with times, storms that were considered, and the rule."""
    told = words.told_elsewhere(findings)
    return TyphoonReport(
        **fields_of(plain) | {"notes": tuple(note for note in plain.notes if note not in told)},
        time_zone=findings.time_zone,
        published_at=findings.published,
        cycle=findings.cycle,
        next_update=next_update(findings, findings.zone, "cycle"),
        decides=decides(findings),
        going_on=tuple(_going_on(findings, event, kept) for event in findings.events if event.name in plain.unchanged),
        not_seen=findings.not_seen,
        rule_words=tuple(words.rule_text(findings)),
        members=findings.members,
        considered=tuple(words.considered_text(findings)),
        rule=findings.rule,
    )


def _going_on(findings: TyphoonFindings, event: TyphoonEvent, kept: TyphoonRunData) -> str:
    old = kept.event_before(event)
    left = hours_left(kept.before, findings, old, event) if old is not None and kept.before is not None else ""
    return "; ".join(filter(None, [f"{event.name}: {words.begins(findings, event)}", left]))
