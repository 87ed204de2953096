"""The hours that a block looks at, and under which lead time each of them is sent (rules 6, 8 and 9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS

LAST_HOUR: Final = FLASH_FLOODS.lead_times[-1]
BLOCK_HOURS: Final = FLASH_FLOODS.period_hours
FURTHEST_BACK: Final = 24
"""hours: as far as the window reaches back if blocks in between were not published"""


@dataclass(frozen=True, slots=True)
class Window:
    """The hours of one block; an hour is named by its end, whole hours after the issue time."""

    issue_time: IssueTime
    published: datetime
    """when people can read it, UTC"""
    first: int
    """the hour after which it begins, negative"""
    warning_from_h: int
    looked_at_to: int
    """the hour of the last block that was published, `first` or after it; up to here everything was looked at before"""

    @property
    def hours(self) -> npt.NDArray[np.int64]:
        """All of them: those since the last block, and 48 to come."""
        return np.arange(self.first + 1, LAST_HOUR + 1)

    @property
    def lead_times(self) -> npt.NDArray[np.int64]:
        """(hour,) the lead time that each is sent under."""
        return np.array([self.lead_time(self.time_of_hour(hour)) for hour in self.hours.tolist()])

    @property
    def last_past_hour(self) -> int:
        """The last hour that has ended at publication."""
        return int((self.published - self.issue_time.start) // timedelta(hours=1))

    def time_of_hour(self, hour: int) -> datetime:
        """The end of an hour, UTC."""
        return self.issue_time.start + timedelta(hours=hour)

    def hour(self, moment: datetime) -> int:
        """The hour that ends at a time; of a time within an hour, that hour."""
        return -int((self.issue_time.start - moment) // timedelta(hours=1))

    def lead_time(self, moment: datetime) -> int:
        """The lead time that a time is sent under: the largest allowed value that is not later (rule 8).

        Counted from the start of the block, so that nobody counts on more time than there is. What begins at or before
        publication is 0-hour; what no portal shows any more is 48.

        Examples
        --------
        A block of 06 UTC that is published at 08 UTC: hour 2 is over, 13 is sent as 12, 30 as 24.

        >>> block = IssueTime.parse("2026-02-15T06")
        >>> window = window_of(block, block.start + timedelta(hours=2), None, 24)
        >>> [window.lead_time(window.time_of_hour(hour)) for hour in (2, 3, 13, 30, 60)]
        [0, 3, 12, 24, 48]
        """
        hour = self.hour(moment)
        if moment <= self.published or hour <= 0:
            return 0
        shown = FLASH_FLOODS.shown(hour)
        return LAST_HOUR if shown is None else shown

    def may_trigger(self, lead_time: int) -> bool:
        """Whether a trigger can stand at a lead time as it is sent: below `warning_from_h` (rule 9)."""
        return lead_time < self.warning_from_h

    def triggers_at(self, moment: datetime) -> bool:
        """Whether a trigger can stand at a time (rule 9)."""
        return self.may_trigger(self.lead_time(moment))


def window_of(issue_time: IssueTime, published: datetime, last_block: IssueTime | None, warning_from_h: int) -> Window:
    """The hours -6 to +48, further back if blocks were missed: a burst between two blocks must not vanish (rule 6).

    Parameters
    ----------
    issue_time
        Of the block.
    published
        When people can read it, with a time zone.
    last_block
        The last one that was published, None if there was none.
    warning_from_h
        Lead time (hours) from which there are warnings instead of triggers.

    Returns
    -------
    Window
        It reaches back at most 24 hours.
    """
    missed = BLOCK_HOURS if last_block is None else int((issue_time.start - last_block.start) // timedelta(hours=1))
    first = -min(max(missed, BLOCK_HOURS), FURTHEST_BACK)
    return Window(issue_time, published.astimezone(UTC), first, warning_from_h, looked_at_to=first)
