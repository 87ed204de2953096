"""`resume` and `withdraw`: what a person decides about a revision after the run. No Prefect server is needed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from flows.wiring.day import Day, now, open_day, open_target
from ibf_pipeline.domain.found import Found
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, InputMissing, UsageError
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.io.writing import writing
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.lock import publication_lock
from ibf_pipeline.publish.publisher import End
from ibf_pipeline.report.write import rewrite_report
from ibf_pipeline.runs.extents import write_extent
from ibf_pipeline.runs.folder import EXERCISES, Revision
from ibf_pipeline.runs.ledger import is_finished, latest_uploaded, unfinished
from ibf_pipeline.runs.unconfirmed import (
    DECIDE,
    assume_notified,
    give_up,
    give_up_replaced,
    reopen,
    require_confirmed,
    require_newest_day,
    require_not_replaced,
    unconfirmed,
    unknown_end,
    waits_to_notify,
)
from ibf_pipeline.runs.withdrawn import without_events
from ibf_pipeline.targets.ibf.publication import approve
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.problems import Consent

log = logging.getLogger("ibf_pipeline.flows")

NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says about an unfinished revision; at most one of them."""

    approve: bool = False
    abort: bool = False
    notify_again: bool = False
    assume_notified: bool = False

    def __post_init__(self) -> None:
        if sum((self.approve, self.abort, self.notify_again, self.assume_notified)) > 1:
            raise UsageError("these options exclude each other", remedy="give one of them")

    @property
    def end(self) -> End | None:
        """How the notification is treated."""
        if self.notify_again:
            return "again"
        if self.assume_notified:
            return "assume"
        return "send" if self.approve else None


def open_run(run: str, config: str, target: str | None, workspace: str | None) -> Day:
    """The day that a run folder (`.../XDM/2026-02-15`, or just `XDM/2026-02-15`) stands for; also one of an exercise
    (`exercises/XDM/2026-02-15`).
    """
    match = re.search(r"([A-Z]{3})/(\d{4}-\d{2}-\d{2})(?:/.*)?$", run.rstrip("/"))
    try:
        issue_date = date.fromisoformat(match.group(2)) if match else None
    except ValueError:
        issue_date = None
    if match is None or issue_date is None:
        raise UsageError(
            f"{run!r} names no run",
            expected="a run folder such as runs/UGA/2026-02-15, or UGA/2026-02-15",
            remedy="name a country and a day that there is",
        )
    if workspace is None and Path(run).is_dir():
        workspace = _workspace_of(Path(run).resolve(), config)
    exercise = EXERCISES in Path(run).parts
    return open_day(config, match.group(1), issue_date, target, workspace=workspace, exercise=exercise)


def resume_run(day: Day, decision: Decision, consent: Consent = NO_CONSENT) -> tuple[Revision, Publication | None]:
    """Go on with the unfinished revision of a run at the first call that is not known to be done.

    The same `date`, bodies and files are sent. A notification that is unconfirmed is decided about even where its
    revision was given up. Raises InputMissing where nothing is unfinished, ForbiddenByRule where the server has gone on
    since, ServerRefused where people have decided something meanwhile that would be deleted, unless `consent` says
    so, OutcomeUnknown where the notification may have been sent and nobody has decided.
    """
    purpose = f"resume {day.country.iso3} {day.issue_date}"
    with publication_lock(day.lock_file, purpose, now):
        revision = unfinished(day.run, day.target_name, now)
        if decision.notify_again or decision.assume_notified:
            revision = unconfirmed(day.run, day.target_name, now) or revision
        elif revision is None:
            require_confirmed(day.run, day.target_name, now)
        if revision is None:
            raise InputMissing(
                f"nothing of {day.country.iso3} on {day.issue_date} is unfinished on target {day.target_name}",
                where=day.run.path,
                remedy="nothing to resume; `ibf-pipeline run` publishes the day",
            )
        if decision.abort:
            give_up(revision, now, "aborted by a person")
            return revision, None
        closed = Journal(revision.journal_file, now).is_closed
        if closed and decision.assume_notified:
            assume_notified(revision, now)
            return revision, None
        if decision.approve:
            approve(revision, now)
        if closed:
            require_newest_day(day.run, day.target_name)
            require_not_replaced(revision, day.run, day.target_name)
        with open_target(day, notify=True) as target:
            target.require_resumable(revision, consent, end=decision.end)
            if closed:
                reopen(revision, now)
            return revision, target.carry_out(revision, end=decision.end)


def closing_words(revision: Revision) -> str:
    """What is known of the notification of a revision that no call is made for any more."""
    if unknown_end(revision, now) is not None:
        return (
            f"revision {revision.number} is closed, its notification is unconfirmed: people may have been notified by "
            f"it. The next run of the day asks again; {DECIDE}"
        )
    if is_finished(revision, now):
        return f"revision {revision.number} is closed, its notification is taken as sent"
    return f"revision {revision.number} is closed: nobody is notified by it"


@contextmanager
def reported(day: Day) -> Iterator[None]:
    """Write the report again after a decision, whatever became of it; a report that fails is logged and no more."""
    try:
        yield
    finally:
        if day.run.is_whole:
            try:
                rewrite_report(day.run, day.prepared)
            except Exception:  # whatever a font or a shape does to a picture, the decision has been carried out
                log.exception("%s: the report could not be written again", day.country.iso3)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A correcting revision, and what people must be told."""

    revision: Revision
    publication: Publication
    text: str
    """for the people who were mailed"""
    doubtful: Revision | None
    """an earlier revision of the day of which nobody knows whether it notified people"""


def withdraw_run(day: Day, events: list[str], *, notify: bool | None, consent: Consent) -> Withdrawal:
    """Publish a correcting revision without the named events (all of them where none is named).

    `notify`: whether the events that are left are mailed; None where nobody has said, which is no. Raises InputMissing
    where nothing was published, ForbiddenByRule where nobody has said and events are left of which people are not known
    to be notified: the revision that was to do it is given up.
    """
    purpose = f"withdraw {day.country.iso3} {day.issue_date}"
    with publication_lock(day.lock_file, purpose, now):
        published, names = _published_events(day, events)
        found = published.found()
        remaining = without_events(found, names)
        if notify is None:
            _require_told(published, remaining)
        with open_target(day, notify=bool(notify)) as target:
            withdraws = tuple(sorted({*names, *published.about().withdraws}))
            extents = partial(_extents, day, remaining)
            revision = target.revise(remaining, day.run, consent, extents=extents, withdraws=withdraws)
            if revision is None:
                raise ForbiddenByRule("the target already is without these events", where=published.folder)
            give_up_replaced(day.run, day.target_name, revision, now)
            text = withdrawal_text(found, names)
            with writing(revision.folder / "withdrawal.txt"):
                (revision.folder / "withdrawal.txt").write_text(text, encoding="utf-8")  # also if the calls fail
            publication = target.carry_out(revision)
        return Withdrawal(revision, publication, text, unconfirmed(day.run, day.target_name, now))


def _published_events(day: Day, events: list[str]) -> tuple[Revision, list[str]]:
    """The revision that the target shows, and the names of its events that are taken back."""
    published = latest_uploaded(day.run, day.target_name, now)
    if published is None:
        raise InputMissing(
            f"nothing of {day.country.iso3} on {day.issue_date} was published to {day.target_name}", where=day.run.path
        )
    found = published.found()
    names = events or [event.name for event in found.events]
    unknown = sorted(set(names) - {event.name for event in found.events})
    if unknown or not names:
        raise ConfigError(
            f"no event {', '.join(unknown) or 'to withdraw'} in revision {published.number}",
            expected=", ".join(event.name for event in found.events) or "a run with events",
        )
    return published, names


def _require_told(published: Revision, remaining: Found) -> None:
    """ForbiddenByRule where events stay on the portal whose notification would be given up without a word."""
    left = [event.name for event in remaining.publishable_events]
    state = waits_to_notify(published, now)
    if left and state is not None:
        raise ForbiddenByRule(
            f"the notification of revision {published.number} {state}, and the withdrawal takes its place: "
            f"{', '.join(left)} would stay on the portal, and people may not have been told of it",
            where=published.folder,
            expected="--notify or --no-notify",
            remedy="--notify mails what is left with the withdrawal, --no-notify mails nobody: tell the recipients "
            "yourself then",
        )


def _extents(day: Day, remaining: Found, staging: Path) -> Mapping[int, FileBody]:
    """The flood extents of what is left, kept with the revision."""
    _, tiles = read_prepared(day.prepared, day.country.iso3)
    wet = wet_areas(remaining.publishable_events, day.country.deepest_admin_level)
    folder = staging / "made"
    folder.mkdir()
    bodies = {}
    for extent in remaining.extents:
        write_extent(wet[extent.lead_time], tiles, folder / extent.file_name)
        bodies[extent.lead_time] = day.run.attach(staging, folder / extent.file_name, extent.file_name)
        (folder / extent.file_name).unlink()
    folder.rmdir()
    return bodies


def withdrawal_text(found: Found, names: list[str]) -> str:
    """For the people who were mailed: the portal sends nothing about alerts that end."""
    lines = [f"Correction: flood forecast of {found.issue_date} for {found.country_name}", ""]
    lines.append("The following alerts of that day are withdrawn. They were sent in error; please do not act on them:")
    for event in found.events:
        if event.name in names:
            station = found.station(event.station_code)
            lines.append(f"- {event.name}, {station.name} ({'trigger' if event.trigger else 'warning'})")
    left = [event.name for event in found.events if event.name not in names]
    lines += ["", f"Still in force: {', '.join(left)}." if left else "No other alert is in force."]
    return "\n".join(lines) + "\n"


def _workspace_of(run: Path, config: str) -> str | None:
    """The workspace of a run folder that is not the settings' own: <workspace>/runs/<ISO3>/<date>/..."""
    from flows.wiring.day import open_configuration

    configuration = open_configuration(config)
    runs = next((parent for parent in run.parents if parent.name == "runs"), None)
    own = configuration.path(configuration.settings.paths.runs).resolve()
    return None if runs is None or runs == own else str(runs.parent)
