"""What prevents publishing a day, and what an operator accepts all the same."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ForbiddenByRule, IbfError, InputMissing, ServerRefused
from ibf_pipeline.runs.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the target and the day disagree on."""

    text: str
    blocks: bool = True
    """false: reported and worked around"""
    of_revision: bool = False
    """true: nothing if the target has the day's content already, as no revision is made then"""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What an operator accepts for one run; docs/publishing.md, "Same day again", has the options."""

    blind: tuple[str, ...] = ()
    """events that may be closed although what they are about is blind, suspect or no longer there"""
    take_over: bool = False
    """somebody else's upload of the same day may be replaced"""
    discard_decisions: bool = False
    """triggers and early actions that people set today may be deleted"""
    withdrawn: bool = False
    """events that an operator withdrew may be published again"""


def require_publishable(problems: Iterable[Problem], where: str) -> list[str]:
    """The texts of the problems that do not block.

    Raises
    ------
    ServerRefused
        If any problem blocks: one message with all of them, numbered.
    """
    listed = list(problems)
    blocking = [problem.text for problem in listed if problem.blocks]
    if blocking:
        numbered = "; ".join(f"({number}) {text}" for number, text in enumerate(blocking, 1))
        raise ServerRefused(
            f"this day cannot be published there: {numbered}", where=where, remedy="settle all of them, then run again"
        )
    return [problem.text for problem in listed]


def of_any_day(problems: Sequence[Problem]) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """Split problems into those of any day, and those that only a new revision would meet.

    If one of the former blocks, all are returned as such: the operator sees everything in one message.
    """
    always = [problem for problem in problems if not problem.of_revision]
    if any(problem.blocks for problem in always):
        return problems, ()
    return always, [problem for problem in problems if problem.of_revision]


def impossible_amounts(findings: Findings) -> Iterator[Problem]:
    """A blocking problem for each area of an event with an amount that is not a finite number of at least 0."""
    for event in findings.events:
        for area in event.areas:
            amounts = (area.people, 0 if area.share is None else area.share, *area.further.values())
            if not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
                shown = ", ".join(map(str, amounts))
                yield Problem(f"event {event.name}: an amount of {area.place_code} is not a number ({shown})")


def unreadable_extents(findings: Findings, run: RunFolder) -> Iterator[Problem]:
    """A blocking problem for each raster of the run that is missing, empty or unreadable."""
    for file in run.extents([extent.file_name for extent in findings.extents]):
        if not os.access(file, os.R_OK) or file.stat().st_size == 0:
            yield Problem(f"the raster {file} is not there, empty, or not to be read: run the day again")


def require_not_future(issue_time: IssueTime, now: datetime, *, test_target: bool) -> None:
    """Require an issue time that is not in the future: an upload dated so blinds the country on the server.

    Parameters
    ----------
    issue_time : IssueTime
        Of the day.
    now : datetime
        UTC.
    test_target : bool
        Whether the target has `test_target: true`: it takes future issue times.

    Raises
    ------
    ForbiddenByRule
        If the issue time starts after `now` and the target is not a test target.
    """
    if issue_time.start > now and not test_target:
        remedy = "correct the date; only a target with test_target: true takes future dates"
        raise ForbiddenByRule(in_the_future(issue_time, now), expected="today or earlier", remedy=remedy)


def nothing_of_the_future(issue_time: IssueTime, now: datetime, error: InputMissing) -> IbfError:
    """The error of an issue time without a forecast; if it lies in the future, one that says so first."""
    if issue_time.start <= now:
        return error
    remedy = "correct the date"
    return ForbiddenByRule(
        f"{in_the_future(issue_time, now)}; {error.found}", expected="today or earlier", remedy=remedy
    )


def in_the_future(issue_time: IssueTime, now: datetime) -> str:
    """`the issue date 2027-02-15 lies in the future: today is 2026-11-30 (UTC)`."""
    kind, present = ("date", f"today is {now:%Y-%m-%d}")
    if issue_time.hour is not None:
        kind, present = "time", f"it is {now:%Y-%m-%d %H:%M}"
    return f"the issue {kind} {issue_time.words} lies in the future: {present} (UTC)"
