"""What stands in the way of publishing a day, and what an operator accepts all the same."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ForbiddenByRule, ServerRefused
from ibf_pipeline.runs.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the target and the day disagree on."""

    text: str
    blocks: bool = True
    """false: reported and worked around"""
    of_revision: bool = False
    """true: nothing where the target has the day's content already, as no revision is made then"""


@dataclass(frozen=True, slots=True)
class Consent:
    """What an operator accepts for one run."""

    blind: tuple[str, ...] = ()
    """events that may be closed although what they are about is blind, suspect or no longer there"""
    take_over: bool = False
    """somebody else's upload of the same day may be replaced"""
    discard_decisions: bool = False
    """triggers and early actions that people set today may be deleted"""
    withdrawn: bool = False
    """events that a person withdrew may be published again"""


def require_publishable(problems: Iterable[Problem], where: str) -> list[str]:
    """The texts of what is only reported; ServerRefused listing everything that blocks."""
    listed = list(problems)
    blocking = [problem.text for problem in listed if problem.blocks]
    if blocking:
        numbered = "; ".join(f"({number}) {text}" for number, text in enumerate(blocking, 1))
        raise ServerRefused(
            f"this day cannot be published there: {numbered}", where=where, remedy="settle all of them, then run again"
        )
    return [problem.text for problem in listed]


def of_any_day(problems: Sequence[Problem]) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """What stands in the way whatever the target has, and what only a new revision would meet.

    All of it is the former where anything of that blocks: people are told of everything at once.
    """
    always = [problem for problem in problems if not problem.of_revision]
    if any(problem.blocks for problem in always):
        return problems, ()
    return always, [problem for problem in problems if problem.of_revision]


def impossible_amounts(found: Findings) -> Iterator[Problem]:
    """Amounts of an event's areas that are no finite number of at least 0."""
    for event in found.events:
        for area in event.areas:
            amounts = (area.people, 0 if area.share is None else area.share, *area.further.values())
            if not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
                shown = ", ".join(map(str, amounts))
                yield Problem(f"event {event.name}: an amount of {area.place_code} is no number ({shown})")


def unreadable_extents(found: Findings, run: RunFolder) -> Iterator[Problem]:
    """Rasters of the run that are not there, empty, or not to be read."""
    for file in run.extents([extent.file_name for extent in found.extents]):
        if not os.access(file, os.R_OK) or file.stat().st_size == 0:
            yield Problem(f"the raster {file} is not there, empty, or not to be read: run the day again")


def require_not_future(issue_time: IssueTime, now: datetime, *, test_target: bool) -> None:
    """Refuse a future issue time: one upload dated in the future blinds the country on the server."""
    if issue_time.start > now and not test_target:
        kind, latest = ("date", f"{now:%Y-%m-%d}") if issue_time.hour is None else ("time", f"{now:%Y-%m-%d %H:%M} UTC")
        raise ForbiddenByRule(
            f"the issue {kind} {issue_time.words} lies in the future",
            where=f"issue {kind} (--date)",
            expected=f"{latest} or earlier",
            remedy="correct the date; only a target with test_target: true takes future dates",
        )
