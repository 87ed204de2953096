"""When each day's issue of a source arrived, as its sensor saw it, and which start of the sensor that suggests.

Noted beside the cached days, `<inputs>/<source>/arrivals.json`, so that no deleted day takes it along.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.locks import file_lock
from ibf_pipeline.sources.watch import LookTimes

_MOST_DAYS: Final = 400
"""that are kept; the oldest ones go"""
_EARLIER: Final = timedelta(hours=1)
"""by which a sensor should begin earlier if the issue was there at its first look"""
_ROUNDED: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class IssueArrival:
    """A day's issue: it came after `missing` and not after `seen`."""

    issue_date: date
    country: str
    """whose ensemble was whole first"""
    seen: datetime
    """UTC: the look that found it whole began"""
    missing: datetime | None
    """UTC: the last look before, that did not find it whole; None if it was there at the first one"""


@dataclass(frozen=True, slots=True)
class ArrivalStatistics:
    """What the arrivals of some days come to, each counted from the issue date, 00 UTC."""

    days: int
    middle: timedelta
    latest: timedelta
    at_first_look: int
    """days on which the issue was there at the first look, so that it may have come earlier"""
    start: timedelta
    """suggested beginning of the sensor"""


def arrival_statistics(arrivals: Sequence[IssueArrival]) -> ArrivalStatistics | None:
    """Median and latest arrival, and the start that would have missed none of these days; None without any day.

    Rule: a sensor begins no later than at the last look that found nothing, on the earliest of the days, and an hour
    before the first look if the issue was there at that already; rounded down to ten minutes, not before 00 UTC.
    """
    if not arrivals:
        return None
    came = [_since_issue(each.issue_date, each.seen) for each in arrivals]
    before = [
        _since_issue(each.issue_date, each.seen - _EARLIER if each.missing is None else each.missing)
        for each in arrivals
    ]
    start = max(timedelta(), min(before))
    return ArrivalStatistics(
        len(arrivals),
        timedelta(seconds=median(each.total_seconds() for each in came)),
        max(came),
        sum(each.missing is None for each in arrivals),
        start - start % _ROUNDED,
    )


def since_issue_text(since_issue: timedelta) -> str:
    """`10:10`, or `01:20 (+1)` on the next day."""
    days, rest = divmod(int(since_issue.total_seconds()) // 60, 24 * 60)
    return f"{rest // 60:02d}:{rest % 60:02d}" + (f" (+{days})" if days else "")


def read_arrivals(root: Path, source: str) -> list[IssueArrival]:
    """What the sensor of a source noted, oldest day first; damaged notes count as none. `root`: of the cache."""
    found = []
    for day, noted in read_json_or_empty(_file(root, source)).items():
        try:
            missing = None if noted["missing"] is None else datetime.fromisoformat(noted["missing"])
            arrived = IssueArrival(
                date.fromisoformat(day), noted["country"], datetime.fromisoformat(noted["seen"]), missing
            )
        except (KeyError, TypeError, ValueError):
            continue
        found.append(arrived)
    return sorted(found, key=lambda each: each.issue_date)


@dataclass(frozen=True, slots=True)
class ArrivalNotes:
    """What the looks of one sensor tell of a day's arrival; looks at several countries may end at the same time."""

    root: Path
    source: str
    issue_date: date
    times: LookTimes
    _missing: dict[str, datetime] = field(default_factory=dict)
    """country -> begin of its last look that did not find it whole"""

    def missing(self, country: str, began: datetime) -> None:
        """A look that began then did not find a country's ensemble, or not whole."""
        self._missing[country] = began

    def whole(self, country: str, began: datetime) -> None:
        """A look that began then found it whole: noted if no look found it earlier, and it was in the sensor's time.

        A sensor that looks for a past day, or is started anew in the evening, tells nothing of the arrival. Raises
        WriteFailed if it cannot be noted.
        """
        before = [each for each in self._missing.values() if each < began]
        if not (before or self.times.first <= began < self.times.first + self.times.every):
            return
        file = _file(self.root, self.source)
        with file_lock(file.with_name(f".{file.name}.lock")):
            known = {each.issue_date: each for each in read_arrivals(self.root, self.source)}
            if self.issue_date in known and known[self.issue_date].seen <= began:
                return
            known[self.issue_date] = IssueArrival(self.issue_date, country, began, max(before, default=None))
            content = {str(day): _as_json(known[day]) for day in sorted(known)[-_MOST_DAYS:]}
            write_text(file, json.dumps(content, indent=1))


def _as_json(arrived: IssueArrival) -> dict[str, str | None]:
    missing = None if arrived.missing is None else arrived.missing.isoformat(timespec="seconds")
    return {"country": arrived.country, "seen": arrived.seen.isoformat(timespec="seconds"), "missing": missing}


def _file(root: Path, source: str) -> Path:
    return root / source / "arrivals.json"


def _since_issue(issue_date: date, moment: datetime) -> timedelta:
    return moment - datetime.combine(issue_date, time(), UTC)
