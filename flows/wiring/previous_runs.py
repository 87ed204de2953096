"""What a run of several a day continues: what people were shown, when they read it, and whether they are notified."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from flows.wiring.day import Day
from ibf_pipeline.hazards.mailing import LastMail, Mailing
from ibf_pipeline.runs.folder import AnyFindings
from ibf_pipeline.runs.ledger import unfinished
from ibf_pipeline.runs.previous_findings import latest_notified_findings, latest_shown_findings

Opened = TypeVar("Opened")
"""a source, opened"""
log = logging.getLogger("ibf_pipeline.flows")

_END_WISH: Final = "end"
"""wish that ends an exercise"""


@dataclass(frozen=True, slots=True)
class ExerciseSources(Generic[Opened]):
    """The input of an exercise."""

    sources: tuple[Opened, ...]
    ends: bool = False
    """the exercise is over: nothing of its earlier runs goes on"""


def is_end(wishes: str) -> bool:
    """Whether the wishes of an exercise end it: nothing of its earlier runs goes on."""
    return wishes.strip().lower() == _END_WISH


def shown_before(day: Day, kind: type[AnyFindings]) -> AnyFindings | None:
    """What people were shown last. Of an exercise the run just before or an earlier revision of it: after a pause an
    exercise is over, and the next one does not go on with what it had.
    """
    found = latest_shown_findings(day.run, day.target_name, kind)
    if found is None or not day.exercise:
        return found
    apart = day.issue_time.start - found.issue_time.start
    return found if apart <= timedelta(hours=day.profile.period_hours) else None


def moment_of_publication(day: Day, at: datetime) -> datetime:
    """When people read a run: now, as long as it is the newest there is, and where its schedule or sensor was late;
    of any other, as in a backfill or an exercise of another day, when it began.
    """
    begun, profile = day.issue_time.start, day.profile
    is_newest = begun <= at < profile.end(day.issue_time) + timedelta(hours=profile.hours_late)
    return at if is_newest or not day.asked else begun


def notifies(
    day: Day,
    findings: AnyFindings,
    rule: Callable[[AnyFindings, AnyFindings | None, LastMail[AnyFindings] | None, datetime], Mailing],
) -> bool:
    """Whether a run notifies, and the log says why; a notification that was planned and not sent yet goes out in any
    case. `rule`: the hazard's, of (found, shown before, last mail, now).
    """
    begun = unfinished(day.run, day.target_name)
    if begun is not None and begun.about().notify:
        return True
    told = latest_notified_findings(day.run, day.target_name, type(findings))
    last = None if told is None else LastMail(told.issue_time.start, told)  # a day is four runs: clocks jitter
    decided = rule(findings, shown_before(day, type(findings)), last, findings.issue_time.start)
    for reason in decided.reasons:
        log.info(
            "%s: %s: %s", findings.country, "people are notified" if decided.notify else "nobody is notified", reason
        )
    return decided.notify
