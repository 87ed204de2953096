"""What changed between two runs of a country and hazard: pure, for the report and for notices.

Alerts are compared by what they are about, on calendar time: a trigger for Thursday is the same trigger tomorrow, one
lead time nearer. What cannot be seen today is never called "ended".
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.change import CHANGE_KINDS, AlertComparison, Change, ChangeKind, blind_reason
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.times import event_moment


def compare_runs(before: Findings | None, today: Findings) -> tuple[Change, ...]:
    """The changes of every alert, today's triggers first.

    Alerts that go on as they were are in none. Raises InputInvalid if the runs are of two countries or hazards, or
    `before` is of a later issue time.
    """
    if before is not None and (
        (before.country, before.hazard) != (today.country, today.hazard) or before.issue_time > today.issue_time
    ):
        raise InputInvalid(
            f"{before.country} of {before.issue_time} is not an earlier run of {today.country} of {today.issue_time}",
            expected="two runs of one country, the earlier one first",
        )
    old = {event.key: event for event in before.events} if before else {}
    new = {event.key: event for event in today.events}
    gone = {event.key: event for event in today.withdrawn}
    known = {event.key for event in before.withdrawn} if before else set()
    pairs = [_compared(before, today, old.get(key), new.get(key)) for key in {**old, **new} if key not in gone]
    pairs += [_withdrawn(before, today, old.get(key), gone[key]) for key in gone if key in old or key not in known]
    explain = report_extension_of(today).change
    return tuple(sorted((explain(pair) for pair in pairs if pair is not None), key=_order))


def _order(change: Change) -> tuple[bool, int, str, str]:
    alert = change.after or change.before
    return (
        not change.is_trigger,
        CHANGE_KINDS.index(change.kind),
        alert.day.isoformat() if alert else "9999",
        change.event,
    )


def _compared(
    before: Findings | None, today: Findings, old: Event | None, new: Event | None
) -> AlertComparison[Findings, Event] | None:
    ahead = _still_ahead(before, today, old)
    moved = _moved(before, today, old, new, ahead)
    over = moved > _step(today) and not ahead  # the old one has passed, with a gap between them
    kind = "new" if over else _kind(today, old, new, moved)
    if kind is None:
        return None
    return AlertComparison(
        kind=kind,
        profile=profile_of(today),
        old=old,
        new=new,
        before=before,
        today=today,
        moved=moved,
        is_over=over,
        ahead=tuple(ahead),
    )


def _withdrawn(
    before: Findings | None, today: Findings, old: Event | None, gone: Event
) -> AlertComparison[Findings, Event]:
    return AlertComparison(
        kind="withdrawn", profile=profile_of(today), old=old, new=None, gone=gone, before=before, today=today
    )


def _kind(today: Findings, old: Event | None, new: Event | None, moved: int) -> ChangeKind | None:
    if old is None:
        return "new"
    if new is None and _is_unseen(today, old.key):
        return "blind"
    if old.trigger and (new is None or not new.trigger) and today.beyond_limit(old.key):
        return "lapsed"
    if new is None:
        return "ended"
    rank_before, rank_now = ((ALERT_CLASSES.index(event.alert_class), event.trigger) for event in (old, new))
    if rank_now != rank_before:
        return "escalated" if rank_now > rank_before else "downgraded"
    if moved:
        return "moved"
    return None if old.size == new.size else "larger" if new.size > old.size else "smaller"


def _is_unseen(today: Findings, key: str) -> bool:
    """Whether today's run says nothing of it: blind, or gone from what is known beforehand."""
    gone = profile_of(today).subject_list is not None and key not in today.known.values()
    return gone or bool(blind_reason(today, key))


def _moved(before: Findings | None, today: Findings, old: Event | None, new: Event | None, ahead: list[date]) -> int:
    """By how much the beginning moved, between two triggers or two warnings; elapsed time is not a move."""
    if before is None or old is None or new is None or old.trigger != new.trigger:
        return 0
    profile, first = profile_of(today), event_moment(today, new)
    unit = timedelta(days=1) if profile.unit == "day" else timedelta(hours=1)
    if old.exact_start is None:
        return (first - (ahead[0] if ahead else _moments(before, old)[-1])) // unit
    goes_on = new.lead_time == 0 and old.exact_start <= profile.moment(today.issue_time)
    return 0 if goes_on else round((first - old.exact_start) / unit)


def _step(findings: Findings) -> int:
    """From one lead time to the next, in the hazard's unit."""
    times = findings.lead_times
    return min((later - sooner for sooner, later in pairwise(times)), default=1)


def _moments(findings: Findings, event: Event) -> list[date]:
    """Of an event's own kind: where a trigger triggers, else where it warns; its lead time if it has neither."""
    wanted, profile = "T" if event.trigger else "w", profile_of(findings)
    flagged = [lead for lead, flag in zip(findings.lead_times, event.flags, strict=False) if flag == wanted]
    return [profile.moment(findings.issue_time, lead) for lead in flagged or [event.lead_time]]


def _still_ahead(before: Findings | None, today: Findings, old: Event | None) -> list[date]:
    """Those of the earlier run that are not over today."""
    if before is None or old is None:
        return []
    now = profile_of(today).moment(today.issue_time)
    exact = [] if old.exact_start is None else [old.exact_start]
    return [moment for moment in (*exact, *_moments(before, old)) if moment >= now]
