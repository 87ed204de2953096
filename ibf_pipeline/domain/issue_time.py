"""When a forecast was issued: of daily hazards the day, of 6-hourly ones date and hour of the cycle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import total_ordering


@total_ordering
@dataclass(frozen=True, slots=True)
class IssueTime:
    """Issue time of one run, UTC. As text it names folders and records, and sorts in time within a hazard."""

    day: date
    hour: int | None = None
    """None for daily hazards"""

    def __str__(self) -> str:
        """`2026-02-15`, or `2026-02-15T06` of the cycle of 06 UTC."""
        return self.day.isoformat() if self.hour is None else f"{self.day.isoformat()}T{self.hour:02d}"

    def __lt__(self, other: IssueTime) -> bool:
        return self.start < other.start

    @property
    def words(self) -> str:
        """For people: `2026-02-15`, `2026-02-15 06 UTC`."""
        return self.day.isoformat() if self.hour is None else f"{self.day.isoformat()} {self.hour:02d} UTC"

    @property
    def start(self) -> datetime:
        """As a timestamp, UTC; midnight for daily hazards."""
        return datetime.combine(self.day, time(self.hour or 0), UTC)

    @classmethod
    def parse(cls, text: str) -> IssueTime:
        """The issue time of a text that `str` gave.

        Raises
        ------
        ValueError
            If the text is neither a day nor a day and an hour of 00 to 23.

        Examples
        --------
        >>> IssueTime.parse("2026-02-15T06").start.isoformat()
        '2026-02-15T06:00:00+00:00'
        >>> str(IssueTime.parse("2026-02-15"))
        '2026-02-15'
        """
        match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}))?", text)
        if match is None or int(match[2] or 0) > 23:
            raise ValueError(f"{text!r} is neither a day such as 2026-02-15 nor a cycle such as 2026-02-15T06")
        return cls(date.fromisoformat(match[1]), None if match[2] is None else int(match[2]))
