"""What findings add to the page of the morning (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.trial import trial_words
from ibf_pipeline.domain.wording import BEYOND_SHOWN
from ibf_pipeline.report.morning.content import AlertGroup, Link, PageSubject, Unshown
from ibf_pipeline.report.times import event_moment
from ibf_pipeline.report.words import listed

_NAMED = 3


def alerts_of(
    findings: Findings, subject: PageSubject, *, trigger: bool, notes: Sequence[str] = (), links: Sequence[Link] = ()
) -> list[AlertGroup]:
    """The triggers of a run, or its warnings, by the day on which they begin. `notes`: what holds for all of them."""
    by_day: dict[date, list[Event]] = {}
    for event in findings.events:
        if event.trigger == trigger:
            by_day.setdefault(_day(findings, event), []).append(event)
    return [_alert(findings, subject, day, events, notes, links) for day, events in sorted(by_day.items())]


def unshown_of(findings: Findings, subject: PageSubject) -> list[Unshown]:
    """Its alerts at stations without areas."""
    return [Unshown(subject, event.name, event.trigger) for event in findings.unpublishable_events]


def _alert(
    findings: Findings,
    subject: PageSubject,
    day: date,
    events: Sequence[Event],
    notes: Sequence[str],
    links: Sequence[Link],
) -> AlertGroup:
    shown = [event for event in events if event.publishable]
    first = min(event_moment(findings, event) for event in events)
    trial = trial_words(findings.trial, alerts=True)
    own = [*([trial] if trial else []), *_not_shown(events)]
    return AlertGroup(
        subject,
        day,
        len(events),
        sum(event.people for event in shown if event.is_estimated),
        all(event.is_estimated and event.people_known for event in shown),
        f"from {_clock(findings, first)}" if isinstance(first, datetime) else "",
        (*notes, *own),
        tuple(links),
    )


def _not_shown(events: Sequence[Event]) -> list[str]:
    """What the portal does not show, though people may look for it there."""
    hidden = [event.name for event in events if not event.publishable and not event.beyond_portal]
    later = [event.name for event in events if event.beyond_portal]
    parts = [f"not on the portal, no areas: {listed(hidden, _NAMED)}"] if hidden else []
    return [*parts, *([f"{BEYOND_SHOWN}: {listed(later, _NAMED)}"] if later else [])]


def _day(findings: Findings, event: Event) -> date:
    """The day on which an event begins, in the time zone of the findings."""
    moment = event_moment(findings, event)
    return date.fromisoformat(findings.moment_words(moment).split()[1]) if isinstance(moment, datetime) else moment


def _clock(findings: Findings, moment: datetime) -> str:
    return " ".join(findings.moment_words(moment).split()[2:])
