"""Notifications that are held: they wait for a person's approval, with a time limit, whatever target sends them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.publish.publisher import End
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
    """the notification waits for a person's approval until then; None: it is sent at once"""

    @property
    def held_until(self) -> str | None:
        """The time limit as a new revision keeps it (UTC); None where nothing is held."""
        return _kept(self.hold_until) if self.hold_until is not None and self.notify else None


def refuse_hold(target: str, words: str) -> NoReturn:
    """ForbiddenByRule: what is held is a notification, and this target notifies nobody. `words`: what it is."""
    raise ForbiddenByRule(
        f"target {target} is {words}: there is no notification to hold",
        where=f"target {target}",
        expected="--hold only for a target that notifies people",
        remedy="leave --hold out; `ibf-pipeline plan` shows what would be written",
    )


def settle(revision: Revision, destination: Destination, end: End | None) -> None:
    """Make a revision that was begun before follow this run's wish: its notification waits, or nobody may be notified.

    `end`: what a person decided of it. ForbiddenByRule as `require_silent` says.
    """
    if not destination.notify:
        require_silent(revision)
    if destination.hold_until is not None and end is None:
        hold(revision, destination.hold_until)


def hold(revision: Revision, until: datetime) -> None:
    """Let the notification of a revision that was begun without it wait for an approval."""
    about = revision.about()
    if about.notify and about.hold_until is None:
        revision.keep(replace(about, hold_until=_kept(until)))


def is_to_wait(revision: Revision, destination: Destination, end: End | None) -> bool:
    """Whether the notification of a revision waits, by this run's wish or that of the run that planned it.

    `end`: what a person decided of it.
    """
    return end is None and (destination.hold_until or revision.about().hold_until) is not None


def end_of(revision: Revision, end: End | None) -> End:
    """What to do with the notification of a revision: what a person decided, else it waits where it is held."""
    if end is not None:
        return end
    return "hold" if revision.about().hold_until is not None else "send"


def require_silent(revision: Revision) -> None:
    """ForbiddenByRule where going on with a revision would notify people, and the run may not."""
    state = revision.state()
    if any(call.kind == "end" for call in state.left) and state.unknown_end is None:
        raise ForbiddenByRule(
            f"revision {revision.number} is unfinished and ends with a notification, and this run may notify nobody",
            where=revision.folder,
            expected="a run with notifications, or no unfinished revision",
            remedy="`ibf-pipeline resume` finishes it with its notification, `resume --abort` gives it up without one",
        )


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


def _was_held(revision: Revision) -> bool:
    """Whether the notification waits with its preview; a failed attempt to send it does not undo the approval."""
    held = {entry.call for entry in revision.state().progress.entries if entry.state == "held"}
    calls = revision.calls()
    waited = any(call.number in held for call in calls if call.kind == "end")
    return waited and (revision.kept.note(PREVIEW) is not None or all(call.kind != "preview" for call in calls))


def _kept(until: datetime) -> str:
    return f"{until:%Y-%m-%dT%H:%M:%S}Z"
