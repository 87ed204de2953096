"""`withdraw`: a correcting revision without events that a person takes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule, IbfError, UsageError
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.io.writing import write_text
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.report.words import event_text
from ibf_pipeline.runs.ledger import Clock, latest_uploaded
from ibf_pipeline.runs.rasters import make_rasters
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import give_up_replaced, unconfirmed, waits_to_notify
from ibf_pipeline.targets.open_target import OpenTarget, Publication
from ibf_pipeline.targets.problems import Consent
from ibf_pipeline.targets.resume import PublishedDay


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A correcting revision, and what people must be told."""

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
    consent: Consent,
    open_target: Callable[[bool], AbstractContextManager[OpenTarget]],
    now: Clock,
    by: str = "",
) -> Withdrawal:
    """Publish a correcting revision without the named events (all of them where none is named).

    `by`: who decides it. `notify`: whether the events that are left are mailed; None where nobody has said, which is
    no. Raises ForbiddenByRule where nothing was published, and where nobody has said and events are left of which
    people are not known to be notified: the revision that was to do it is given up.
    """
    purpose = f"withdraw {day.run.iso3} {day.run.issue_time}"
    with day.run.right_to_publish(day.target_name, purpose):
        published, names = _published_events(day, events)
        found = published.found()
        remaining = found.without(names)
        if notify is None:
            _require_told(published, remaining)
        with open_target(bool(notify)) as target:
            withdraws = tuple(sorted({*names, *published.about().withdraws}))
            extents = partial(_extents, day, remaining)
            revision = target.revise(remaining, day.run, consent, extents=extents, withdraws=withdraws)
            if revision is None:
                raise ForbiddenByRule("the target already is without these events", where=published.folder)
            give_up_replaced(day.run, day.target_name, revision, now)
            revision.decided(f"withdraw {', '.join(names)}", by, now)
            text = withdrawal_text(found, names)
            write_text(revision.folder / "withdrawal.txt", text)  # also if the calls fail
            publication = target.carry_out(revision)
        return Withdrawal(revision, publication, text, unconfirmed(day.run, day.target_name))


def _published_events(day: PublishedDay, events: list[str]) -> tuple[Revision, list[str]]:
    """The revision that the target shows, and the names of its events that are taken back."""
    published = latest_uploaded(day.run, day.target_name)
    if published is None:
        raise ForbiddenByRule(
            f"nothing of {day.words} was published to {day.target_name}",
            where=day.run.path,
            expected="a run that was published",
            remedy="name the run and the --target that the events are on",
        )
    found = published.found()
    names = events or [event.name for event in found.events]
    unknown = sorted(set(names) - {event.name for event in found.events})
    if unknown or not names:
        kind: type[IbfError] = UsageError if unknown else ForbiddenByRule
        raise kind(
            f"no event {', '.join(unknown) or 'to withdraw'} in revision {published.number}",
            expected=", ".join(event.name for event in found.events) or "a run with events",
            remedy="name its events with --event, or none for all of them" if unknown else "name another run",
        )
    return published, names


def _require_told(published: Revision, remaining: Findings) -> None:
    """ForbiddenByRule where events stay on the portal whose notification would be given up without a word."""
    left = [event.name for event in remaining.publishable_events]
    state = waits_to_notify(published)
    if left and state is not None:
        raise ForbiddenByRule(
            f"the notification of revision {published.number} {state}, and the withdrawal takes its place: "
            f"{', '.join(left)} would stay on the portal, and people may not have been told of it",
            where=published.folder,
            expected="--notify or --no-notify",
            remedy="--notify mails what is left with the withdrawal, --no-notify mails nobody: tell the recipients "
            "yourself then",
        )


def _extents(day: PublishedDay, remaining: Findings, staging: Path) -> Mapping[int, FileBody]:
    """The extents of what is left, kept with the revision."""
    folder = staging / "made"
    folder.mkdir()
    make_rasters(remaining, day.prepared, folder)
    bodies = {}
    for extent in remaining.extents:
        bodies[extent.lead_time] = day.run.attach(staging, folder / extent.file_name, extent.file_name)
        (folder / extent.file_name).unlink()
    folder.rmdir()
    return bodies


def withdrawal_text(found: Findings, names: list[str]) -> str:
    """For the people who were mailed: the portal sends nothing about alerts that end."""
    of = "day" if found.issue_time.hour is None else "forecast"
    lines = [f"Correction: {profile_of(found).short} forecast of {found.issue_time.words} for {found.country_name}", ""]
    lines.append(
        f"The following alerts of that {of} are withdrawn. They were sent in error; please do not act on them:"
    )
    for event in found.events:
        if event.name in names:
            named = found.named(event.key)
            what = f"{event.name}, {named}" if named else event_text(found, event.name, event.key)
            lines.append(f"- {what} ({'trigger' if event.trigger else 'warning'})")
    left = [event.name for event in found.events if event.name not in names]
    lines += ["", f"Still in force: {', '.join(left)}." if left else "No other alert is in force."]
    return "\n".join(lines) + "\n"
