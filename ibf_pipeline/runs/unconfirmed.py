"""Notifications of which nobody knows whether they went out: they stay so until a person says, closed or not."""

from __future__ import annotations

import logging
from datetime import datetime

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown
from ibf_pipeline.publish.journal import REVISION
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, begun_after, close
from ibf_pipeline.runs.revision import Revision

log = logging.getLogger(__name__)


DECIDE = "find out whether people were notified, then `ibf-pipeline resume` with --notify-again or --assume-notified"


def unconfirmed(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a day whose notification is unconfirmed, given up or not; None if a later one has
    notified. One that was to notify nobody, as a withdrawal can be, leaves the question open.
    """
    for revision in reversed(run.revisions(target)):
        state = revision.state()
        if state.is_finished and revision.about().notify:
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


def approve(revision: Revision, now: Clock) -> None:
    """Check that a held notification may still be sent; ForbiddenByRule where it may not, or nobody has seen it."""
    if revision.about().hold_until is None:
        raise ForbiddenByRule("this revision is not held", where=revision.folder, remedy="resume it without --approve")
    require_in_time(revision, now)
    if not _was_held(revision):
        raise ForbiddenByRule(
            f"revision {revision.number} has not come to its notification, and nobody has seen a preview of it",
            where=revision.folder,
            expected="a notification that is held, with the server's preview where it has one",
            remedy="resume it without --approve: it stops before the notification; approve it then",
        )


def _was_held(revision: Revision) -> bool:
    """Whether the notification waits with its preview; a failed attempt to send it does not undo the approval."""
    held = {entry.call for entry in revision.state().progress.entries if entry.state == "held"}
    calls = revision.calls()
    waited = any(call.number in held for call in calls if call.kind == "end")
    return waited and (revision.preview_file.is_file() or all(call.kind != "preview" for call in calls))


def require_in_time(revision: Revision, now: Clock) -> None:
    """ForbiddenByRule, and closed for good, where the time limit of a held notification has passed.

    One that was sent without an answer is held no longer: it stays unconfirmed, whatever limit passes.
    """
    held_until = revision.about().hold_until
    until = None if held_until is None else datetime.fromisoformat(held_until)
    if until is not None and now() > until and revision.state().unknown_end is None:
        close(revision, now, "not notified: the time limit of the approval has passed")
        raise ForbiddenByRule(
            f"not notified: the approval's time limit passed at {until:%Y-%m-%d %H:%M}Z",
            where=revision.folder,
            expected="an approval in time",
            remedy="tell the recipients yourself, or run the day again: that is a new revision with its own mail",
        )
