"""`resume`: what an operator decides about a revision after the run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ibf_pipeline.errors import ForbiddenByRule, UsageError
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.runs.confirmation import (
    assume_notified,
    give_up,
    reopen,
    require_confirmed,
    require_newest_day,
    require_not_replaced,
    unconfirmed_remedy,
    unconfirmed_revision,
    waits_to_notify,
)
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, unfinished
from ibf_pipeline.runs.notification_hold import approve
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import OpenTarget, Publication
from ibf_pipeline.targets.withdrawn_events import revise_without, taken_back


@dataclass(frozen=True, slots=True)
class PublishedDay:
    """A day of a country on a target, about which an operator decides."""

    run: RunFolder
    target_name: str
    prepared: Path
    """the country's prepared layers"""

    @property
    def words(self) -> str:
        """`UGA on 2026-02-15`."""
        return f"{self.run.iso3} on {self.run.issue_time.words}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator says about an unfinished revision; at most one of them."""

    approve: bool = False
    abort: bool = False
    notify_again: bool = False
    assume_notified: bool = False
    by: str = ""
    """who decides"""

    def __post_init__(self) -> None:
        if sum((self.approve, self.abort, self.notify_again, self.assume_notified)) > 1:
            raise UsageError("these options exclude each other", remedy="give one of them")

    @property
    def words(self) -> str:
        """What was decided; empty if nothing was: the revision is only gone on with."""
        chosen = {
            "approve": self.approve, "abort": self.abort, "notify again": self.notify_again,
            "assume notified": self.assume_notified,
        }  # fmt: skip
        return next((word for word, applies in chosen.items() if applies), "")

    @property
    def end(self) -> NotificationMode | None:
        """How the notification is treated."""
        ends: dict[str, NotificationMode] = {"notify again": "again", "assume notified": "assume", "approve": "send"}
        return ends.get(self.words)


def resume(
    day: PublishedDay,
    decision: Decision,
    overrides: Overrides,
    open_target: Callable[[], AbstractContextManager[OpenTarget]],
    now: Clock,
) -> tuple[Revision, Publication | None]:
    """Go on with the unfinished revision of a run at the first call that is not known to be done.

    The same `date`, bodies and files are sent again. If an operator took events back from the revision, another one
    goes on without them.

    Parameters
    ----------
    day : PublishedDay
        The run and its target.
    decision : Decision
        Recorded before any call. An unconfirmed notification is decided about even if its revision was given up.
    overrides : Overrides
        `discard_decisions`: what people decided on the portal meanwhile may be deleted. The others are for the
        revision that goes on without events, as for any new one.
    open_target : callable
        Opens the target; it is not opened for a decision that needs no call.
    now : Clock
        Dates what is recorded.

    Returns
    -------
    tuple
        The revision, and what carrying it out came to; None if no call was made.

    Raises
    ------
    ForbiddenByRule
        If nothing is unfinished, or the server has gone on since.
    ServerRefused
        If people have decided something on the portal meanwhile that would be deleted.
    OutcomeUnknown
        If the notification may have been sent and nobody has decided.

    References
    ----------
    docs/design/publication.md, P10, P12 and P17; docs/publishing.md, "Exit code 4" and "Held".
    """
    purpose = f"resume {day.run.iso3} {day.run.issue_time}"
    with day.run.right_to_publish(day.target_name, purpose):
        revision = _decided_about(day, decision)
        if decision.approve:
            approve(revision, now)
        if decision.words:
            revision.decided(decision.words, decision.by, now)
        if decision.abort:
            give_up(revision, now, "aborted by a person")
            return revision, None
        closed = revision.state().is_closed
        if closed and decision.assume_notified:
            assume_notified(revision, now)
            return revision, None
        if closed:
            require_newest_day(day.run, day.target_name)
            require_not_replaced(revision, day.run, day.target_name)
        with open_target() as target:
            if not decision.words and taken_back(revision) and waits_to_notify(revision) == "was not sent":
                revision = revise_without(day.run, day.prepared, revision, taken_back(revision), target, overrides, now)
                return revision, target.carry_out(revision)
            target.require_resumable(revision, overrides, end=decision.end)
            if closed:
                reopen(revision, now)
            return revision, target.carry_out(revision, end=decision.end)


def _decided_about(day: PublishedDay, decision: Decision) -> Revision:
    """The unfinished revision, or the one whose notification is unconfirmed; ForbiddenByRule if there is none."""
    revision = unfinished(day.run, day.target_name)
    if decision.notify_again or decision.assume_notified:
        revision = unconfirmed_revision(day.run, day.target_name) or revision
    elif revision is None:
        require_confirmed(day.run, day.target_name)
    if revision is None:
        raise ForbiddenByRule(
            f"nothing of {day.words} is unfinished on target {day.target_name}",
            where=day.run.path,
            remedy="nothing to resume; `ibf-pipeline run` publishes the day",
        )
    return revision


def closing_words(revision: Revision) -> str:
    """What is known of the notification of a closed revision."""
    state = revision.state()
    if state.unconfirmed_call is not None:
        return (
            f"revision {revision.number} is closed, its notification is unconfirmed: people may have been notified by "
            f"it. The next run of the day asks again; {unconfirmed_remedy(revision)}"
        )
    if state.is_finished:
        return f"revision {revision.number} is closed, its notification is taken as sent"
    return f"revision {revision.number} is closed: nobody is notified by it"
