"""Notifications with an unknown outcome: they stay so until an operator decides, whether given up or not."""

from __future__ import annotations

import logging

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown
from ibf_pipeline.publish.journal import WHOLE_REVISION
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, close, unfinished, was_superseded
from ibf_pipeline.runs.revision import Revision

log = logging.getLogger(__name__)


DECIDE = "find out whether people were notified, then `ibf-pipeline resume` with --notify-again or --assume-notified"
_TELL = "tell the recipients yourself if they were not notified, then `ibf-pipeline resume` with --assume-notified"
"""if sending again would mail what came later"""


def unconfirmed_revision(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a day whose notification is unconfirmed, given up or not; None if a later one notified.

    A later revision that was to notify nobody, as a withdrawal can be, does not settle the question.
    """
    for revision in reversed(run.revisions(target)):
        state = revision.state()
        if state.has_notified:
            return None
        if state.unconfirmed_call is not None:
            return revision
    return None


def unconfirmed_remedy(revision: Revision) -> str:
    """What an operator can do about an unconfirmed notification: send it again only if nothing came after it."""
    run, target = revision.run, revision.target
    came_after = was_superseded(run, target, revision) or any(later.state().was_begun for later in run.later(target))
    return _TELL if came_after else DECIDE


def require_confirmed(run: RunFolder, target: str) -> None:
    """Refuse a new revision after one that was given up with its notification unconfirmed: it would mail again.

    Raises
    ------
    OutcomeUnknown
        With the remedy of `unconfirmed_remedy`.
    """
    revision = unconfirmed_revision(run, target)
    if revision is not None and revision.state().is_closed:
        raise OutcomeUnknown(
            f"revision {revision.number} of {run.issue_time} was given up, and its notification may have gone out",
            where=revision.folder,
            expected="an operator who knows whether people were notified",
            remedy=unconfirmed_remedy(revision),
        )


def give_up(revision: Revision, now: Clock, why: str) -> bool:
    """Close a revision and record whether people were notified by it.

    Parameters
    ----------
    revision : Revision
        The one that is closed.
    now : Clock
        Dates the entry.
    why : str
        For the record, in words.

    Returns
    -------
    bool
        Whether that is unknown.
    """
    unknown = revision.state().unconfirmed_call is not None
    close(revision, now, f"{why}: {'notification unconfirmed' if unknown else 'not notified'}")
    return unknown


def give_up_replaced(run: RunFolder, target: str, by: Revision, now: Clock) -> None:
    """Give up the unfinished revisions of a day that an operator has replaced by another one."""
    for earlier in run.revisions(target):
        state = earlier.state()
        if earlier.number < by.number and not state.is_closed and not state.is_finished:
            give_up(earlier, now, f"replaced by revision {by.number}")


def give_up_held(run: RunFolder, target: str, now: Clock) -> None:
    """Give up the revision of a run that waits for approval: what was found since must not wait with it."""
    revision = unfinished(run, target)
    if revision is not None and waits_to_notify(revision) == "is held":
        log.warning("%s: held, and given up: what was found since may not wait for an approval", revision.folder)
        give_up(revision, now, "what was found since may not wait for an approval")


def waits_to_notify(revision: Revision) -> str | None:
    """What is open about the notification of a revision.

    Returns
    -------
    str or None
        `is unconfirmed`, `is held` or `was not sent`; None if it was sent, given up, or there is none.
    """
    state = revision.state()
    if not revision.about().notify or state.is_finished:
        return None
    if state.unconfirmed_call is not None:
        return "is unconfirmed"
    if state.is_closed:
        return None
    return "is held" if revision.about().hold_until is not None else "was not sent"


def assume_notified(revision: Revision, now: Clock) -> None:
    """Record that, as an operator says, the notification of a revision that was given up was sent."""
    call = revision.state().unconfirmed_call
    if call is not None:
        revision.journal(now).append(call.number, "assumed")


def require_newest_day(runs: RunFolder, target: str) -> None:
    """Refuse to send a notification again after a later day was begun: the mail would be about that day's events.

    Raises
    ------
    ForbiddenByRule
        Naming the later day.
    """
    later = [revision.issue_time for revision in runs.later(target) if revision.state().was_begun]
    if later:
        raise ForbiddenByRule(
            f"{later[-1]} has been published since: sending again would mail the events of that day",
            where=runs.path,
            expected="the newest day",
            remedy="tell the recipients yourself if they were not notified, then `resume --assume-notified`",
        )


def require_not_replaced(revision: Revision, run: RunFolder, target: str) -> None:
    """Refuse to send a notification again after a later revision of the day was begun: the mail would be about it.

    Raises
    ------
    ForbiddenByRule
        If calls of a later revision may have been made.
    """
    if was_superseded(run, target, revision):
        raise ForbiddenByRule(
            f"revision {revision.number} was replaced since: sending again would mail what the later one shows",
            where=revision.folder,
            expected="the newest revision of the day",
            remedy="tell the recipients yourself if they were not notified, then `resume --assume-notified`",
        )


def reopen(revision: Revision, now: Clock) -> None:
    """Take up a revision again that was given up: an operator wants its notification sent after all."""
    revision.journal(now).append(WHOLE_REVISION, "reopened")
