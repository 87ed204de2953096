"""`resume`: what a person decides about a revision after the run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ibf_pipeline.errors import ForbiddenByRule, UsageError
from ibf_pipeline.publish.publisher import End
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.holding import approve
from ibf_pipeline.runs.ledger import Clock, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import (
    DECIDE,
    assume_notified,
    give_up,
    reopen,
    require_confirmed,
    require_newest_day,
    require_not_replaced,
    unconfirmed,
    waits_to_notify,
)
from ibf_pipeline.targets.open_target import OpenTarget, Publication
from ibf_pipeline.targets.problems import Consent
from ibf_pipeline.targets.without import revise_without, taken_back


@dataclass(frozen=True, slots=True)
class PublishedDay:
    """A day of a country on a target, about which a person decides."""

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
    """What a person says about an unfinished revision; at most one of them."""

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
        """What was decided; empty where nothing was: the revision is only gone on with."""
        chosen = {
            "approve": self.approve, "abort": self.abort, "notify again": self.notify_again,
            "assume notified": self.assume_notified,
        }  # fmt: skip
        return next((word for word, applies in chosen.items() if applies), "")

    @property
    def end(self) -> End | None:
        """How the notification is treated."""
        ends: dict[str, End] = {"notify again": "again", "assume notified": "assume", "approve": "send"}
        return ends.get(self.words)


def resume(
    day: PublishedDay,
    decision: Decision,
    consent: Consent,
    open_target: Callable[[], AbstractContextManager[OpenTarget]],
    now: Clock,
) -> tuple[Revision, Publication | None]:
    """Go on with the unfinished revision of a run at the first call that is not known to be done.

    The same `date`, bodies and files are sent; where a person took events back from it, another revision goes on
    without them. A notification that is unconfirmed is decided about even where its revision was given up. Raises
    ForbiddenByRule where nothing is unfinished or the server has gone on since, ServerRefused where people have decided
    something meanwhile that would be deleted, unless `consent` says so, OutcomeUnknown where the notification may have
    been sent and nobody has decided.
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
                revision = revise_without(day.run, day.prepared, revision, taken_back(revision), target, consent, now)
                return revision, target.carry_out(revision)
            target.require_resumable(revision, consent, end=decision.end)
            if closed:
                reopen(revision, now)
            return revision, target.carry_out(revision, end=decision.end)


def _decided_about(day: PublishedDay, decision: Decision) -> Revision:
    """The unfinished revision, or the one whose notification is unconfirmed; ForbiddenByRule where there is none."""
    revision = unfinished(day.run, day.target_name)
    if decision.notify_again or decision.assume_notified:
        revision = unconfirmed(day.run, day.target_name) or revision
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
    """What is known of the notification of a revision that no call is made for any more."""
    state = revision.state()
    if state.unknown_end is not None:
        return (
            f"revision {revision.number} is closed, its notification is unconfirmed: people may have been notified by "
            f"it. The next run of the day asks again; {DECIDE}"
        )
    if state.is_finished:
        return f"revision {revision.number} is closed, its notification is taken as sent"
    return f"revision {revision.number} is closed: nobody is notified by it"
