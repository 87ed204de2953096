"""`withdraw`: a correcting revision without events that an operator takes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule, IbfError, UsageError
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.words import event_text
from ibf_pipeline.runs.confirmation import unconfirmed_revision, waits_to_notify
from ibf_pipeline.runs.ledger import Clock, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import PublishedDay
from ibf_pipeline.targets.target import OpenTarget, Publication
from ibf_pipeline.targets.withdrawn_events import revise_without, take_back


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A correcting revision, and the text for those who were mailed."""

    revision: Revision
    publication: Publication
    text: str
    """for the people who were mailed"""
    doubtful: Revision | None
    """an earlier revision of the day of which nobody knows whether it notified people"""


def withdraw(
    day: PublishedDay,
    events: list[str],
    *,
    notify: bool | None,
    overrides: Overrides,
    open_target: Callable[[bool], AbstractContextManager[OpenTarget]],
    now: Clock,
    by: str = "",
) -> Withdrawal:
    """Publish a correcting revision without the named events (all of them if none is named).

    The decision is recorded before the target is asked: an unreachable server does not undo it.

    Parameters
    ----------
    day : PublishedDay
        The run and its target.
    events : list of str
        Names of events of the revision that the target shows, or of the unfinished one.
    notify : bool or None
        Whether the events that are left are mailed; None if nobody has said, which means no.
    overrides : Overrides
        As for any revision.
    by : str
        Who decides it.
    open_target : callable
        Opens the target; its argument says whether the events that are left are mailed.
    now : Clock
        Dates what is recorded.

    Raises
    ------
    ForbiddenByRule
        If nothing was published. Also if `notify` is None and events are left of which people are not known to be
        notified: the revision that was to do that is given up.
    UsageError
        If an event is not one of the revision's.

    References
    ----------
    docs/design/publication.md, P18; docs/publishing.md, "Withdraw".
    """
    purpose = f"withdraw {day.run.iso3} {day.run.issue_time}"
    with day.run.right_to_publish(day.target_name, purpose):
        published, names = _published_events(day, events)
        found = published.findings()
        remaining = found.without(names)
        if notify is None:
            _require_told(published, remaining)
        take_back(day.run, day.target_name, names, by, now)
        with open_target(bool(notify)) as target:
            revision = revise_without(day.run, day.prepared, published, names, target, overrides, now)
            revision.decided(f"withdraw {', '.join(names)}", by, now)
            text = withdrawal_text(found, names)
            revision.kept.keep_note("withdrawal.txt", text)  # also if the calls fail
            publication = target.carry_out(revision)
        return Withdrawal(revision, publication, text, unconfirmed_revision(day.run, day.target_name))


def _published_events(day: PublishedDay, events: list[str]) -> tuple[Revision, list[str]]:
    """The revision that events are taken back from, and their names.

    The newest that the target shows or may show, else the one that is half made: it would show and mail them once it is
    gone on with.
    """
    there = [*_shown(day), *filter(None, [unfinished(day.run, day.target_name)])]
    if not there:
        raise ForbiddenByRule(
            f"nothing of {day.words} was published to {day.target_name}",
            where=day.run.path,
            expected="a run that was published",
            remedy="name the run and the --target that the events are on",
        )
    own = {revision: [event.name for event in revision.findings().events] for revision in there}
    published = next((revision for revision in there if set(events) <= set(own[revision])), there[0])
    names = events or own[published]
    unknown = sorted(set(names) - set(own[published]))
    if unknown or not names:
        kind: type[IbfError] = UsageError if unknown else ForbiddenByRule
        raise kind(
            f"no event {', '.join(unknown) or 'to withdraw'} in revision {published.number}",
            expected=", ".join(own[published]) or "a run with events",
            remedy="name its events with --event, or take all of them back with --all"
            if unknown
            else "name another run",
        )
    return published, names


def _shown(day: PublishedDay) -> list[Revision]:
    """The newest revision that the target shows, or may show since its closing call may have been made; empty for none.

    If it was not, nothing is lost: what is published instead has the same events but those taken back.
    """
    for revision in reversed(day.run.revisions(day.target_name)):
        state = revision.state()
        if state.is_uploaded or (state.was_begun and state.may_be_shown):
            return [revision]
    return []


def _require_told(published: Revision, remaining: Findings) -> None:
    """ForbiddenByRule if events stay on the portal whose notification would be given up without a word."""
    left = [event.name for event in remaining.publishable_events]
    state = waits_to_notify(published)
    if left and state is not None:
        raise ForbiddenByRule(
            f"the notification of revision {published.number} {state}, and the withdrawal takes its place: "
            f"{', '.join(left)} would stay on the portal, and people may not have been notified of it",
            where=published.folder,
            expected="--notify or --no-notify",
            remedy="--notify mails what is left with the withdrawal, --no-notify mails nobody: tell the recipients "
            "yourself then",
        )


def withdrawal_text(findings: Findings, names: list[str]) -> str:
    """For the people who were mailed: the portal sends nothing about alerts that end."""
    of = "day" if findings.issue_time.hour is None else "forecast"
    lines = [
        f"Correction: {profile_of(findings).short} forecast of {findings.issue_time.words} for {findings.country_name}",
        "",
    ]
    lines.append(
        f"The following alerts of that {of} are withdrawn. They were sent in error; please do not act on them:"
    )
    for event in findings.events:
        if event.name in names:
            named = findings.named(event.key)
            what = f"{event.name}, {named}" if named else event_text(findings, event.name, event.key)
            lines.append(f"- {what} ({'trigger' if event.trigger else 'warning'})")
    left = [event.name for event in findings.events if event.name not in names]
    lines += ["", f"Still in force: {', '.join(left)}." if left else "No other alert is in force."]
    return "\n".join(lines) + "\n"
