"""A run as short tables and one page of Markdown, for where a whole report is too much (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.domain.wording import (
    alert_text,
    class_text,
    counted,
    number_text,
    people_text,
    percent_text,
)
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.calls import PublishedRevision, difference_cautions
from ibf_pipeline.report.change import Change, Correction
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.headline import cautions, headline, title_of
from ibf_pipeline.report.short_table import MOST_ROWS, ShortRow
from ibf_pipeline.report.times import cycle_word, event_moment, flags_head, flags_words, issued, span
from ibf_pipeline.report.words import area_names, listed

_EVENTS_ON_PAGE = 20


def event_rows(findings: Findings) -> list[ShortRow]:
    """One row an event, the highest class first."""
    return [_event_row(findings, event) for event in findings.events]


def area_rows(findings: Findings) -> list[ShortRow]:
    """The default-level areas of all events, those with most people first; at most `MOST_ROWS`."""
    rows = [(event, area) for event in findings.events for area in event.areas_of(findings.default_admin_level)]
    rows.sort(key=lambda row: (-row[1].people, row[1].place_code))
    return [
        {
            "area": area.name or area.place_code,
            "place code": area.place_code,
            "event": event.name,
            "alert": area_alert(event, area),
            "people affected": _people(area) if event.is_estimated else None,
            "of the population": percent_text(area.share) if event.is_estimated and area.share is not None else None,
        }
        for event, area in rows[:MOST_ROWS]
    ]


def area_alert(event: Event, area: EventArea) -> str:
    """What is said of an area of an event, in words."""
    if not area.alerted:
        return class_text("no")
    return alert_text(event.alert_class, trigger=event.trigger if area.trigger is None else area.trigger)


def change_rows(findings: Findings, changes: Sequence[Change], since: str) -> list[ShortRow]:
    """What became of every alert since an earlier run; alerts that go on as they were are in none."""
    return [
        {
            "since": since,
            "change": change.kind,
            "event": change.event,
            profile_of(findings).subject: change.name,
            "before": alert_text(change.before.alert_class, trigger=change.before.trigger) if change.before else "none",
            "now": alert_text(change.after.alert_class, trigger=change.after.trigger) if change.after else "none",
            "why": change.why,
        }
        for change in changes
    ]


def summary(
    findings: Findings,
    changes: Sequence[Change],
    compared_with: date | None,
    published: Sequence[PublishedRevision],
    report: str | None,
    correction: Correction | None = None,
) -> str:
    """The day on one page of Markdown. `report`: address or path of the whole report; `correction`: what changed since
    the day was published before."""
    name = "EXERCISE - not a real forecast: " if findings.exercise else ""
    parts = [
        f"# {name}{escaped(title_of(findings))}: {findings.headline}",
        f"Forecast of **{findings.moment_words(issued(findings))}**, "
        f"{span(findings)} {profile_of(findings).unit}s ahead.",
        escaped(headline(findings)),
        *(f"> **Mind:** {escaped(caution)}" for caution in (*difference_cautions(published), *cautions(findings))),
        _events(findings),
        _correction(findings, correction),
        _changes(findings, changes, compared_with),
        _published(published),
        f"Report with {report_extension_of(findings).pictures}: {_linked(report)}" if report else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """A text as it is, whatever Markdown would make of its characters."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))


def markdown_table(rows: Sequence[ShortRow]) -> str:
    """Rows with the same keys as a Markdown table."""
    if not rows:
        return ""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([_cell(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str | int | None) -> str:
    if value is None:
        return ""
    return number_text(value) if isinstance(value, int) else escaped(value)


def _event_row(findings: Findings, event: Event) -> ShortRow:
    profile = profile_of(findings)
    moment = findings.moment_words(event_moment(findings, event))
    return {
        "event": event.name,
        **({profile.subject: findings.named(event.key)} if profile.subject_points is not None else {}),
        "alert": alert_text(event.alert_class, trigger=event.trigger),
        "day" if profile.unit == "day" else "time": f"{moment}, {profile.lead_time_name(event.lead_time)}",
        "people": _people(event) if event.is_estimated and event.publishable else None,
        flags_head(findings): flags_words(findings, event),
        "where": listed(area_names(findings, [event]), 3) if event.areas else "no areas: cannot be published",
    }


def _people(counted: Event | EventArea) -> int | str:
    """The number, or words if not everybody is known."""
    return counted.people if counted.people_known else people_text(counted.people, known=False)


def _events(findings: Findings) -> str:
    rows = event_rows(findings)
    more = len(rows) - _EVENTS_ON_PAGE
    text = markdown_table(rows[:_EVENTS_ON_PAGE])
    return f"{text}\n\nand {counted(more, 'further event')}, in the table of events" if more > 0 else text


def revision_words(correction: Correction) -> str:
    """The publication that a day's findings replace."""
    return f"revision {correction.revision} on {correction.target} ({correction.date[:16].replace('T', ' ')} UTC)"


def _correction(findings: Findings, correction: Correction | None) -> str:
    if correction is None:
        return ""
    cycle = cycle_word(profile_of(findings))
    head = f"## Since the earlier run of this {cycle}, {escaped(revision_words(correction))}"
    return "\n".join([f"{head}\n", *_items(findings, correction.changes)])


def _items(findings: Findings, changes: Sequence[Change]) -> list[str]:
    whys = ((change.kind, f"{_called(findings, change)}: {change.why}") for change in changes)
    return [f"- **{kind}** {escaped(why)}" for kind, why in whys]


def _called(findings: Findings, change: Change) -> str:
    if profile_of(findings).subject_list is None:
        return change.event
    nameless = change.name == f"{profile_of(findings).subject} {change.event}"
    return change.name if nameless else f"{change.event} ({change.name})"


def _changes(findings: Findings, changes: Sequence[Change], compared_with: date | None) -> str:
    if compared_with is None:
        return "No earlier run to compare with."
    head = f"## Since the run of {findings.moment_words(compared_with)}"
    if not changes:
        return f"{head}\n\nNothing has changed."
    return "\n".join([f"{head}\n", *_items(findings, changes)])


def _published(published: Sequence[PublishedRevision]) -> str:
    if not published:
        return "Nothing was published."
    lines = [
        f"- {escaped(item.target)}, revision {item.number}: {escaped(item.outcome)}"
        + ("" if item.notify else "; without notification")
        + (f"; {escaped(item.seen)}" if item.seen else "")
        for item in published
    ]
    told = [f"- {escaped(notice)}" for notice in published[-1].notices]
    text = "\n".join(["## Published\n", *lines])
    return text + ("\n\n" + "\n".join(["## What the portal does not tell its recipients\n", *told]) if told else "")


def _linked(report: str) -> str:
    return f"[{escaped(report.rsplit('/', 1)[-1])}]({report})" if report.startswith("http") else f"`{report}`"
