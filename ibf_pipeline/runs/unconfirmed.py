"""Notifications of which nobody knows whether they went out: they stay so until a person says, closed or not."""

from __future__ import annotations

import logging

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown
from ibf_pipeline.publish.journal import REVISION
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, begun_after, close, unfinished
from ibf_pipeline.runs.revision import Revision

log = logging.getLogger(__name__)


DECIDE = "find out whether people were notified, then `ibf-pipeline resume` with --notify-again or --assume-notified"


def unconfirmed(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a day whose notification is unconfirmed, given up or not; None if a later one has
    notified. One that was to notify nobody, as a withdrawal can be, leaves the question open.
    """
    for revision in reversed(run.revisions(target)):
        state = revision.state()
        if state.has_notified:
            return None
        if state.unknown_end is not None:
            return revision
    return None


def require_confirmed(run: RunFolder, target: str) -> None:
    """OutcomeUnknown where a revision was given up with its notification unconfirmed: a new one would mail again."""
    revision = unconfirmed(run, target)
    if revision is not None and revision.state().is_closed:
        raise OutcomeUnknown(
            f"revision {revision.number} of {run.issue_time} was given up, and its notification may have gone out",
            where=revision.folder,
            expected="a person who knows whether people were notified",
            remedy=DECIDE,
        )


def give_up(revision: Revision, now: Clock, why: str) -> bool:
    """Close a revision, and keep whether people were notified by it: returns whether that is unknown."""
    unknown = revision.state().unknown_end is not None
    close(revision, now, f"{why}: {'notification unconfirmed' if unknown else 'not notified'}")
    return unknown


def give_up_replaced(run: RunFolder, target: str, by: Revision, now: Clock) -> None:
    """Give up the unfinished revisions of a day that a person has replaced by another one."""
    for earlier in run.revisions(target):
        state = earlier.state()
        if earlier.number < by.number and not state.is_closed and not state.is_finished:
            give_up(earlier, now, f"replaced by revision {by.number}")


def give_up_held(run: RunFolder, target: str, now: Clock) -> None:
    """Give up the revision of a run that waits for a person's approval: what follows it may not wait."""
    revision = unfinished(run, target)
    if revision is not None and waits_to_notify(revision) == "is held":
        log.warning("%s: held, and given up: what was found since may not wait for an approval", revision.folder)
        give_up(revision, now, "what was found since may not wait for an approval")


def waits_to_notify(revision: Revision) -> str | None:
    """What became of a notification that is not known as sent and that nobody has given up; None for any other."""
    state = revision.state()
    if not revision.about().notify or state.is_finished:
        return None
    if state.unknown_end is not None:
        return "is unconfirmed"
    if state.is_closed:
        return None
    return "is held" if revision.about().hold_until is not None else "was not sent"


def assume_notified(revision: Revision, now: Clock) -> None:
    """Keep a person's word that the notification of a revision that was given up had gone out."""
    call = revision.state().unknown_end
    if call is not None:
        revision.journal(now).append(call.number, "assumed")


def require_newest_day(runs: RunFolder, target: str) -> None:
    """ForbiddenByRule where a later day was begun on the target: sending again would mail that day's events."""
    later = [revision.issue_time for revision in runs.later(target) if revision.state().was_begun]
    if later:
        raise ForbiddenByRule(
            f"{later[-1]} has been published since: sending again would mail the events of that day",
            where=runs.path,
            expected="the newest day",
            remedy="tell the recipients yourself if they were not notified, then `resume --assume-notified`",
        )


def require_not_replaced(revision: Revision, run: RunFolder, target: str) -> None:
    """ForbiddenByRule where a later revision of the day was begun: sending again would mail what that one shows."""
    if begun_after(run, target, revision):
        raise ForbiddenByRule(
            f"revision {revision.number} was replaced since: sending again would mail what the later one shows",
            where=revision.folder,
            expected="the newest revision of the day",
            remedy="tell the recipients yourself if they were not notified, then `resume --assume-notified`",
        )


def reopen(revision: Revision, now: Clock) -> None:
    """Take up a revision again that was given up: a person wants its notification sent after all."""
    revision.journal(now).append(REVISION, "reopened")
