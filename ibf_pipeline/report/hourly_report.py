"""What reports of hazards with several cycles a day have alike (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.local_time import local_text
from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.hazards.mailing import URGENT_HOURS, may_wait
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.change import (
    AlertComparison,
    Change,
    EventT,
    FindingsT,
    change_words,
    people_of_both,
    plain_change,
    sentences,
)
from ibf_pipeline.report.content import Report
from ibf_pipeline.report.words import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyReport(Report):
    """A cycle, as people read it: by the clocks of the country, with what may change soon."""

    time_zone: str
    """IANA name"""
    published_at: datetime
    """UTC; hours left are counted from it"""
    cycle: datetime
    """UTC; of the forecast"""
    next_update: str
    decides: str
    going_on: tuple[str, ...]
    """alerts that are as they were, with the hours that are left now and were left before"""
    not_seen: tuple[str, ...]
    """in words, beside blind and doubtful subjects"""
    rule_words: tuple[str, ...]

    @property
    def zone(self) -> tzinfo:
        """The clocks of the country."""
        return ZoneInfo(self.time_zone)


def explained(
    compared: AlertComparison[FindingsT, EventT],
    differences: Callable[[AlertComparison[FindingsT, EventT]], Iterable[str]],
    ended: Callable[[AlertComparison[FindingsT, EventT]], Iterable[str]],
) -> Change:
    """A change with what explains it: of an alert that goes on its `differences`, of one that `ended` why."""
    plain = plain_change(compared)
    if compared.old is None or compared.new is None or compared.kind in ("withdrawn", "new"):
        lost = compared.kind == "ended" and compared.old is not None
        return replace(plain, why=sentences([change_words(compared), *ended(compared)])) if lost else plain
    parts = [change_words(compared), people_of_both(compared.old, compared.new), *differences(compared)]
    return replace(plain, why=sentences(parts))


def next_update(findings: Findings, zone: tzinfo, block: str) -> str:
    """When people may look again. `block`: what the hazard calls a period."""
    profile = profile_of(findings)
    issued = findings.issue_time.start + timedelta(hours=profile.period_hours)
    expected = issued + timedelta(hours=profile.hours_late)
    return f"The next update is that of the {block} of {issued:%H} UTC, not before {local_text(expected, zone)}."


def hours_text(left: timedelta, left_before: timedelta | None) -> str:
    """`9 hours are left, 15 before`, in whole hours; empty if it had begun before. None: there is no earlier run."""
    now, then = (each // timedelta(hours=1) for each in (left, left_before or timedelta()))
    if then <= 0 and now <= 0:
        return ""
    if now <= 0:
        return f"it has begun; {counted(then, 'hour')} {'was' if then == 1 else 'were'} left before"
    words = f"{counted(now, 'hour')} {'is' if now == 1 else 'are'} left"
    return words + (f", {then} before" if then > 0 else "; it had begun before")


def came_and_went(what: str, then: Mapping[str, str], now: Mapping[str, str], most: int) -> str:
    """`areas: A new; B no longer`, by names of codes, at most so many of each; empty if all stayed."""
    came = [name for code, name in now.items() if code not in then]
    went = [name for code, name in then.items() if code not in now]
    parts = [f"{some(names, most)} {word}" for names, word in ((came, "new"), (went, "no longer")) if names]
    return f"{what}: {'; '.join(parts)}" if parts else ""


def classes_by_lead_time(findings: Findings, event: Event) -> str:
    """`trigger at 9, 10 and 11 hours, warning at 15 hours`."""
    parts = []
    for mark, word in (("T", "trigger"), ("w", "warning")):
        at = [str(lead) for lead, flag in zip(findings.lead_times, event.flags, strict=True) if flag == mark]
        parts += (
            [f"{word} at {listed(at, len(findings.lead_times))} {'hour' if at == ['1'] else 'hours'}"] if at else []
        )
    return ", ".join(parts)


def decides(findings: Findings) -> str:
    """Whether the notification may wait for an operator, and who decides about what is done."""
    held = ""
    if findings.publishable_events:
        begins = f"A trigger has begun or begins within {URGENT_HOURS} hours"
        urgent = f"{begins}: its notification is not held for an operator's approval."
        held = "Its notification may be held for an operator's approval." if may_wait(findings) else urgent
    act = "Whether anything is activated is decided by people, not by this forecast." if findings.events else ""
    return f"{held} {act}".strip()
