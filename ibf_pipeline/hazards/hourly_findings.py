"""What findings of hazards with several cycles a day have alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.local_time import local_text


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyFindings(Findings):
    """One country and one period of some hours, told by the country's clocks."""

    time_zone: str = "UTC"
    """IANA name of the clocks of the country"""
    published: datetime
    """UTC; the time that hours left are counted from"""
    cycle: datetime
    """UTC; of the forecast"""
    members: int
    """that count: the denominator of every probability"""
    not_seen: tuple[str, ...] = ()
    """what else is left out, in words, beside blind and doubtful subjects"""

    @property
    def zone(self) -> tzinfo:
        """The clocks of the country."""
        return ZoneInfo(self.time_zone)

    def moment_words(self, moment: date) -> str:
        """By the clocks of the country, with the name of their zone."""
        if isinstance(moment, datetime):
            return local_text(moment, self.zone)
        return Findings.moment_words(self, moment)
