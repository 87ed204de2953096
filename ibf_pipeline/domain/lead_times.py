"""Lead times of daily hazards."""

from __future__ import annotations

LEAD_TIMES = tuple(range(8))
"""Lead times in days; 0 is the mean discharge of the issue date itself."""


def lead_time_name(days: int) -> str:
    """`4` as the IBF API spells it: `4-day`."""
    return f"{days}-day"


QUIET_LEAD_TIME = 7
"""days: the lead time under which stations without an event are sent"""
