"""Times and lead times as people read them, in days or hours (pure)."""

from __future__ import annotations

from datetime import date
from typing import Final

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.wording import day_text
from ibf_pipeline.hazards.registry import profile_of

_MOST_MARKS: Final = 40


def issued(findings: Findings) -> date:
    """The day of its issue time, or the timestamp (UTC) if lead times are hours."""
    return profile_of(findings).moment(findings.issue_time)


def issued_text(issue_time: IssueTime) -> str:
    """`Sun 2026-02-15, 06 UTC`."""
    return f"{day_text(issue_time.day)}, {issue_time.start:%H} UTC"


def cycle_word(profile: HazardProfile) -> str:
    """What one issue time stands for."""
    return "day" if profile.period_hours == 24 else "cycle"


def ahead(profile: HazardProfile, lead_time: int) -> str:
    """`the day of the forecast`, `4 days ahead`."""
    return f"{profile.lead_time_words(lead_time)} ahead" if lead_time else f"the {profile.unit} of the forecast"


def event_moment(findings: Findings, event: Event) -> date:
    """When an event begins: exactly if that is known, else at its lead time."""
    return event.exact_start or profile_of(findings).moment(findings.issue_time, event.lead_time)


def begins(findings: Findings, event: Event) -> str:
    """When an event begins: `first day Thu 2026-02-19 (4-day)`; `12 hours ahead, Sun 2026-02-15 18:00 UTC`."""
    profile, moment = profile_of(findings), findings.moment_words(event_moment(findings, event))
    if profile.unit == "day":
        return f"first day {moment} ({profile.lead_time_name(event.lead_time)})"
    return f"{ahead(profile, event.lead_time)}, {moment}"


def span(findings: Findings) -> str:
    """`0 to 7`, `0 to 72`: its lead times from the first to the last."""
    return f"{findings.lead_times[0]} to {findings.lead_times[-1]}"


def flags_words(findings: Findings, event: Event) -> str:
    """The flags as they are, one mark for each lead time; if those are too many to be counted by eye, the lead times
    that have a mark: `T 48; w 60, 96`.
    """
    if len(event.flags) <= _MOST_MARKS:
        return event.flags
    at = {
        mark: [str(lead) for lead, flag in zip(findings.lead_times, event.flags, strict=False) if flag == mark]
        for mark in "Tw"
    }
    return "; ".join(f"{mark} {', '.join(leads)}" for mark, leads in at.items() if leads)


def flags_head(findings: Findings) -> str:
    """`days 0-7`: what stands above the flags of events."""
    return f"{profile_of(findings).unit}s {findings.lead_times[0]}-{findings.lead_times[-1]}"
