"""The ledger: which revisions of a day are done, begun or given up, read from their plans and journals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.found import Found
from ibf_pipeline.publish.journal import REVISION, Journal
from ibf_pipeline.run_folder import Revision, RunFolder, runs_of, with_exercises

Clock = Callable[[], datetime]


def is_finished(revision: Revision, now: Clock) -> bool:
    """Whether every call of a revision is done."""
    return {call.number for call in revision.calls()} <= Journal(revision.journal_file, now).done()


def unfinished(run: RunFolder, target: str, now: Clock) -> Revision | None:
    """The revision of a run that was begun and neither finished nor closed."""
    for revision in reversed(run.revisions(target)):
        if not Journal(revision.journal_file, now).is_closed and not is_finished(revision, now):
            return revision
    return None


def latest_finished(run: RunFolder, target: str, now: Clock) -> Revision | None:
    """The newest revision of a run all of whose calls are done."""
    return next((revision for revision in reversed(run.revisions(target)) if is_finished(revision, now)), None)


def latest_uploaded(run: RunFolder, target: str, now: Clock) -> Revision | None:
    """The newest revision of a run that the target shows: all of its calls are done, but perhaps the notification."""
    for revision in reversed(run.revisions(target)):
        uploads = {call.number for call in revision.calls() if call.kind != "end"}
        if uploads <= Journal(revision.journal_file, now).done():
            return revision
    return None


def published_dates(runs: Path, iso3: str, target: str) -> set[str]:
    """The `date` of every revision of a country on a target of which at least one call was made, exercises too."""
    return {
        revision.about().date
        for run in with_exercises(runs, iso3)
        for revision in run.revisions(target)
        if revision.journal_file.is_file()
    }


def close(revision: Revision, now: Clock, why: str) -> None:
    """Give up a revision: it is never resumed."""
    Journal(revision.journal_file, now).append(REVISION, "closed", error=why)


def close_older(runs: Path, run: RunFolder, target: str, now: Clock) -> list[Revision]:
    """Close unfinished revisions of earlier days: a later day is being published."""
    closed = []
    for earlier in runs_of(runs, run.iso3):
        if earlier.issue_date < run.issue_date:
            while (revision := unfinished(earlier, target, now)) is not None:
                close(revision, now, f"{run.issue_date} is published")
                closed.append(revision)
    return closed


def close_earlier(run: RunFolder, target: str, revision: Revision, now: Clock) -> None:
    """Close unfinished revisions of the same day that a person has replaced by another one."""
    for earlier in run.revisions(target):
        if earlier.number < revision.number and not is_finished(earlier, now):
            close(earlier, now, f"replaced by revision {revision.number}")


def require_not_withdrawn(found: Found, latest: Revision) -> None:
    """ForbiddenByRule where events that the latest revision took back would come back."""
    back = sorted({event.name for event in found.events} & set(latest.about().withdraws))
    if back:
        raise ForbiddenByRule(
            f"{', '.join(back)} was withdrawn by revision {latest.number}",
            where=latest.folder,
            expected="a person who wants it back",
            remedy="publish it again with --publish-withdrawn",
        )
