"""Whether a day whose portal was unreachable is tried again: how often, until when, and what an operator has to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ibf_pipeline.runs.confirmation import unconfirmed_revision
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import unfinished
from ibf_pipeline.runs.revision import Revision


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """How often, at what interval and for how long a day is tried again."""

    max_attempts: int
    interval: timedelta
    period: timedelta
    """after the first failure: no attempt begins later"""

    def may_begin(self, attempt: int, since: datetime, now: datetime) -> bool:
        """Whether an attempt (1 for the first) may begin now; `since`: the first failure."""
        return attempt <= self.max_attempts and now - since <= self.period

    def next_after(self, attempt: int, since: datetime, now: datetime) -> datetime | None:
        """When the attempt after this one is made; None if there is none any more."""
        at = now + self.interval
        return at if self.may_begin(attempt + 1, since, at) else None

    @property
    def words(self) -> str:
        """For messages."""
        return (
            f"every {self.interval / timedelta(minutes=1):g} minutes, at most {self.max_attempts} times, within "
            f"{self.period / timedelta(hours=1):g} hours"
        )


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """What an attempt does with a day."""

    kind: Literal["resume", "run", "leave"]
    """goes on with the revision that was begun, runs the day as its schedule does, or leaves it to an operator"""
    reason: str = ""
    """of leaving it, in words; empty for the others"""


def next_attempt(run: RunFolder, target: str, *, since: datetime, mails: bool) -> NextAttempt:
    """What may be done without an operator. It reads the ledger and changes nothing.

    Parameters
    ----------
    run, target
        The day that failed, and the target's name.
    since : datetime
        The first failure; what was published since is not touched.
    mails : bool
        Whether the run that failed was to notify people. An attempt never notifies where that run might not.

    Raises
    ------
    InputInvalid
        If a journal is damaged.

    Notes
    -----
    The day is left to an operator if a later issue time was begun, a notification is unconfirmed or held, the revision
    withdraws events or was given up, or something was published since. docs/design/publication.md, P16.
    """
    later = [revision.issue_time for revision in run.later(target) if revision.state().was_begun]
    if later:
        return NextAttempt("leave", f"{later[-1].words} was begun since")
    doubtful = unconfirmed_revision(run, target)
    if doubtful is not None:
        return NextAttempt(
            "leave", f"the notification of revision {doubtful.number} is unconfirmed: an operator decides"
        )
    begun = unfinished(run, target)
    if begun is not None:
        reason = _left_to_a_person(begun, mails=mails)
        return NextAttempt("leave", reason) if reason else NextAttempt("resume")
    for last in run.revisions(target)[-1:]:
        state = last.state()
        if state.is_closed:
            return NextAttempt("leave", f"revision {last.number} was given up")
        if last.about().withdraws:
            return NextAttempt("leave", f"revision {last.number} withdrew {', '.join(last.about().withdraws)}")
        if datetime.fromisoformat(state.progress.entries[-1].at) >= since:
            return NextAttempt("leave", f"revision {last.number} was published since")
    return NextAttempt("run")


def _left_to_a_person(begun: Revision, *, mails: bool) -> str:
    about = begun.about()
    if about.hold_until is not None:
        return f"revision {begun.number} is held: an operator approves it"
    if about.withdraws:
        return f"revision {begun.number} withdraws {', '.join(about.withdraws)}: the operator who wanted that goes on"
    if about.notify and not mails:
        return f"revision {begun.number} would notify people, and the run that failed may not"
    return ""
