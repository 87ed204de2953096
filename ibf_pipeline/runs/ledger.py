"""The ledger: which revisions of a day are finished, begun or given up, from the records."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionState

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def unfinished(run: RunFolder, target: str) -> Revision | None:
    """The revision of a run that was begun and is neither finished nor closed; None if a later one is finished."""
    for revision in reversed(run.revisions(target)):
        state = revision.state()
        if not state.is_closed:
            return None if state.is_finished else revision
    return None


def latest_finished(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a run all of whose calls are done."""
    return next((revision for revision in reversed(run.revisions(target)) if revision.state().is_finished), None)


def was_superseded(run: RunFolder, target: str, revision: Revision) -> bool:
    """Whether calls of a newer revision may have been made: the target then no longer shows this one completely."""
    return any(later.state().was_begun for later in run.revisions(target) if later.number > revision.number)


def latest_uploaded(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a run that the target shows: every call is done, except perhaps the notification."""
    return next((revision for revision in reversed(run.revisions(target)) if revision.state().is_uploaded), None)


def is_unmailed(run: RunFolder, target: str) -> bool:
    """Whether the newest finished revision was to notify people, and the target shows it without a mail."""
    latest = latest_finished(run, target)
    return latest is not None and latest.about().notify and latest.state().progress.is_unmailed


def close(revision: Revision, now: Clock, why: str) -> None:
    """Give up a revision: it is never resumed. `why` goes into the journal."""
    revision.journal(now).close(why)


def close_older(run: RunFolder, target: str, now: Clock) -> list[Revision]:
    """Close unfinished revisions of earlier days, damaged ones included, because a later day is being published.

    Returns
    -------
    list of Revision
        Those that were closed.
    """
    closed = []
    for revision in run.earlier(target):
        state = revision.state()
        if not state.is_closed and not _known(state, lambda each: each.is_finished):
            doubt = ": notification unconfirmed" if _known(state, lambda each: each.unconfirmed_call) else ""
            close(revision, now, f"{run.issue_time} is published{doubt}")
            closed.append(revision)
    return closed


def _known(state: RevisionState, ask: Callable[[RevisionState], object]) -> bool:
    """What a revision says of itself; no if it is damaged."""
    try:
        return bool(ask(state))
    except InputInvalid as error:
        log.warning("an earlier revision is damaged: %s", error)
        return False


def require_not_withdrawn(findings: Findings, latest: Revision) -> None:
    """Refuse to show events again that the latest revision withdrew.

    Raises
    ------
    ForbiddenByRule
        Naming the events.
    """
    back = sorted({event.name for event in findings.events} & set(latest.about().withdraws))
    if back:
        raise ForbiddenByRule(
            f"{', '.join(back)} was withdrawn by revision {latest.number}",
            where=latest.folder,
            expected="an operator who wants it back",
            remedy="publish it again with --publish-withdrawn",
        )


def is_published(run: RunFolder, target: str) -> bool:
    """Whether a day is on its target and nothing of it is left to repair.

    False while a later revision of the day is unfinished, or was given up half-way and no later day is published.
    """
    latest = latest_finished(run, target)
    if latest is None or unfinished(run, target) is not None:
        return False
    is_past = any(revision.state().is_uploaded for revision in run.later(target))
    return is_past or not was_superseded(run, target, latest)
