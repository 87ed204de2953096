"""Whether a day whose portal was unreachable is tried again: how often, until when, and never in a person's place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import unconfirmed


@dataclass(frozen=True, slots=True)
class Attempts:
    """The bounds of trying a day again."""

    most: int
    every: timedelta
    within: timedelta
    """of the first failure"""

    def may_begin(self, attempt: int, since: datetime, now: datetime) -> bool:
        """Whether an attempt (1 for the first) may begin now; `since`: the first failure."""
        return attempt <= self.most and now - since <= self.within

    def next_after(self, attempt: int, since: datetime, now: datetime) -> datetime | None:
        """When the attempt after this one is made; None where there is none any more."""
        at = now + self.every
        return at if self.may_begin(attempt + 1, since, at) else None

    @property
    def words(self) -> str:
        """For messages."""
        return (
            f"every {self.every / timedelta(minutes=1):g} minutes, at most {self.most} times, within "
            f"{self.within / timedelta(hours=1):g} hours"
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What an attempt does with a day."""

    kind: Literal["resume", "run", "leave"]
    """goes on with the revision that was begun, runs the day as its schedule does, or leaves it to a person"""
    why: str = ""
    """it is left"""


def next_step(run: RunFolder, target: str, *, since: datetime, mails: bool) -> Step:
    """What may be done without a person (pure but for reading the ledger).

    `since`: the first failure; `mails`: whether the run that failed was to notify people. InputInvalid where a journal
    is damaged.
    """
    later = [revision.issue_time for revision in run.later(target) if revision.state().was_begun]
    if later:
        return Step("leave", f"{later[-1].words} was begun since")
    doubtful = unconfirmed(run, target)
    if doubtful is not None:
        return Step("leave", f"the notification of revision {doubtful.number} is unconfirmed: a person decides")
    begun = unfinished(run, target)
    if begun is not None:
        why = _left_to_a_person(begun, mails=mails)
        return Step("leave", why) if why else Step("resume")
    for last in run.revisions(target)[-1:]:
        state = last.state()
        if state.is_closed:
            return Step("leave", f"revision {last.number} was given up")
        if last.about().withdraws:
            return Step("leave", f"revision {last.number} withdrew {', '.join(last.about().withdraws)}")
        if datetime.fromisoformat(state.progress.entries[-1].at) >= since:
            return Step("leave", f"revision {last.number} was published since")
    return Step("run")


def _left_to_a_person(begun: Revision, *, mails: bool) -> str:
    about = begun.about()
    if about.hold_until is not None:
        return f"revision {begun.number} is held: a person approves it"
    if about.withdraws:
        return f"revision {begun.number} withdraws {', '.join(about.withdraws)}: the person who wanted that goes on"
    if about.notify and not mails:
        return f"revision {begun.number} would notify people, and the run that failed may not"
    return ""
