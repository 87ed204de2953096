"""Held notifications: they wait for the approval of an operator, with a time limit, whatever target sends them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.runs.ledger import Clock, close
from ibf_pipeline.runs.revision import PREVIEW, Revision


@dataclass(frozen=True, slots=True)
class Destination:
    """Where and how a revision is published."""

    target: str
    """name in the settings"""
    url: str
    """or the place that it is"""
    notify: bool
    hold_until: datetime | None = None
    """the notification waits for an operator's approval until then; None: it is sent at once"""

    @property
    def held_until(self) -> str | None:
        """The time limit as a new revision keeps it (UTC); None if nothing is held."""
        return _kept(self.hold_until) if self.hold_until is not None and self.notify else None


def refuse_hold(target: str, words: str) -> NoReturn:
    """Refuse to hold on a target that notifies nobody.

    Parameters
    ----------
    target : str
        Name of the target.
    words : str
        What the target is.

    Raises
    ------
    ForbiddenByRule
        Always.
    """
    raise ForbiddenByRule(
        f"target {target} is {words}: there is no notification to hold",
        where=f"target {target}",
        expected="--hold only for a target that notifies people",
        remedy="leave --hold out; `ibf-pipeline plan` shows what would be written",
    )


def apply_hold(revision: Revision, destination: Destination, end: NotificationMode | None) -> None:
    """Make a revision that was begun before follow this run: hold its notification, or refuse to notify.

    Parameters
    ----------
    revision : Revision
        The revision.
    destination : Destination
        Of this run.
    end : NotificationMode or None
        What an operator decided about its notification.

    Raises
    ------
    ForbiddenByRule
        As `require_silent`.
    """
    if not destination.notify:
        require_silent(revision)
    if destination.hold_until is not None and end is None:
        hold(revision, destination.hold_until)


def hold(revision: Revision, until: datetime) -> None:
    """Let the notification of a revision that was begun without a hold wait for approval until `until` (UTC)."""
    about = revision.about()
    if about.notify and about.hold_until is None:
        revision.keep(replace(about, hold_until=_kept(until)))


def is_to_wait(revision: Revision, destination: Destination, end: NotificationMode | None) -> bool:
    """Whether the notification of a revision waits, because this run or the one that planned it wants that.

    Parameters
    ----------
    revision : Revision
        Its metadata say what the run that planned it wants.
    destination : Destination
        Says what this run wants.
    end : NotificationMode or None
        What an operator decided about the notification; then it does not wait.
    """
    return end is None and (destination.hold_until or revision.about().hold_until) is not None


def notification_mode(revision: Revision, end: NotificationMode | None) -> NotificationMode:
    """What to do with the notification of a revision: what an operator decided, else `hold` or `send`."""
    if end is not None:
        return end
    return "hold" if revision.about().hold_until is not None else "send"


def require_silent(revision: Revision) -> None:
    """Refuse to go on with a revision that would notify people, in a run that may not notify anybody.

    Raises
    ------
    ForbiddenByRule
        If its notification is left and its outcome is not in doubt.
    """
    state = revision.state()
    if any(call.kind == "end" for call in state.remaining_calls) and state.unconfirmed_call is None:
        raise ForbiddenByRule(
            f"revision {revision.number} is unfinished and ends with a notification, and this run may notify nobody",
            where=revision.folder,
            expected="a run with notifications, or no unfinished revision",
            remedy="`ibf-pipeline resume` finishes it with its notification, `resume --abort` gives it up without one",
        )


def approve(revision: Revision, now: Clock) -> None:
    """Check that a held notification may still be sent.

    Raises
    ------
    ForbiddenByRule
        If the revision is not held, its time limit has passed, or nobody has seen its preview.
    """
    if revision.about().hold_until is None:
        raise ForbiddenByRule("this revision is not held", where=revision.folder, remedy="resume it without --approve")
    require_in_time(revision, now)
    if not _was_held(revision):
        raise ForbiddenByRule(
            f"revision {revision.number} has not come to its notification, and nobody has seen a preview of it",
            where=revision.folder,
            expected="a notification that is held, with the server's preview if it has one",
            remedy="resume it without --approve: it stops before the notification; approve it then",
        )


def require_in_time(revision: Revision, now: Clock) -> None:
    """Close a revision whose time limit for the approval has passed.

    If its notification was sent without an answer, it is no longer held: it stays unconfirmed after any limit.

    Raises
    ------
    ForbiddenByRule
        If the limit has passed; the revision is then closed for good.
    """
    held_until = revision.about().hold_until
    until = None if held_until is None else datetime.fromisoformat(held_until)
    if until is not None and now() > until and revision.state().unconfirmed_call is None:
        close(revision, now, "not notified: the time limit of the approval has passed")
        raise ForbiddenByRule(
            f"not notified: the approval's time limit passed at {until:%Y-%m-%d %H:%M}Z",
            where=revision.folder,
            expected="an approval in time",
            remedy="tell the recipients yourself, or run the day again: that is a new revision with its own mail",
        )


def _was_held(revision: Revision) -> bool:
    """Whether the notification waits with its preview; a failed attempt to send it does not undo the approval."""
    held = {entry.call for entry in revision.state().progress.entries if entry.state == "held"}
    calls = revision.calls()
    waited = any(call.number in held for call in calls if call.kind == "end")
    return waited and (revision.kept.note(PREVIEW) is not None or all(call.kind != "preview" for call in calls))


def _kept(until: datetime) -> str:
    return f"{until:%Y-%m-%dT%H:%M:%S}Z"
