"""The content of a report, out of what a run found (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.domain.wording import alert_text
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.calls import PublishedRevision, difference_cautions, mail_cautions
from ibf_pipeline.report.change import Correction
from ibf_pipeline.report.content import OVERVIEW, REPORT_FORMAT, EventPart, InputFile, LeadTime, Report, map_name
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.headline import cautions, headline
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.report.times import event_moment, issued
from ibf_pipeline.report.words import further_indicators, subject_text


def make_report(
    findings: Findings,
    before: Findings | None,
    manifest: Mapping[str, Any],
    published: Sequence[PublishedRevision],
    kept: Any,
    correction: Correction | None = None,
) -> Report:
    """The content of a report. `findings`: what stands of the run; `kept`: what its hazard keeps beside it."""
    changes, extension = compare_runs(before, findings), report_extension_of(findings)
    changed = {change.key for change in changes}
    plain = Report(
        format=REPORT_FORMAT,
        country=findings.country,
        country_name=findings.country_name,
        hazard=findings.hazard,
        issue_date=findings.issue_date,
        issue_time=str(findings.issue_time),
        exercise=findings.exercise,
        short=findings.headline,
        headline=headline(findings),
        cautions=(*mail_cautions(published), *difference_cautions(published), *cautions(findings)),
        correction=correction,
        compared_with=issued(before) if before else None,
        changes=changes,
        unchanged=tuple(event.name for event in findings.events if event.key not in changed),
        overview=OVERVIEW,
        events=tuple(extension.event_part(_part(findings, event), findings, event, kept) for event in findings.events),
        withdrawn=tuple(
            extension.event_part(_part(findings, event), findings, event, kept) for event in findings.withdrawn
        ),
        unseen=tuple(findings.unseen),
        source=findings.source,
        notes=tuple(note for note in findings.notes if note not in findings.doubts),
        inputs=_files(manifest, "inputs"),
        static=_files(manifest, "static"),
        versions=dict(manifest.get("versions", {})),
        configuration=dict(manifest.get("configuration", {})),
        published=tuple(published),
        default_admin_level=findings.default_admin_level,
        further_indicators=further_indicators(findings),
        tables=("events", "areas", *(table.name for table in extension.tables(findings, kept))),
    )
    return extension.report(plain, findings, kept)


def _files(manifest: Mapping[str, Any], key: str) -> tuple[InputFile, ...]:
    return tuple(InputFile(str(i["name"]), int(i["size"]), str(i["sha256"])) for i in manifest.get(key, ()))


def _part(findings: Findings, event: Event) -> EventPart:
    profile = profile_of(findings)
    levels = [
        findings.default_admin_level,
        *(level for level in findings.admin_levels if level != findings.default_admin_level),
    ]
    areas = ((level, tuple(sorted(event.areas_of(level), key=_by_people))) for level in levels)
    return EventPart(
        event=event,
        name=findings.named(event.key) or subject_text(findings, event.key),
        words=alert_text(event.alert_class, trigger=event.trigger),
        day=event_moment(findings, event),
        begins=report_extension_of(findings).begins(findings, event),
        lead_times=tuple(
            LeadTime(profile.lead_time_name(lead), profile.moment(findings.issue_time, lead), flag)
            for lead, flag in zip(findings.lead_times, event.flags, strict=False)
        ),
        areas=tuple((level, rows) for level, rows in areas if rows),
        map=map_name(event),
    )


def _by_people(area: EventArea) -> tuple[int, str]:
    return -area.people, area.place_code
