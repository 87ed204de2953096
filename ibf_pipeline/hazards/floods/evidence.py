"""Why a lead time has its class: members above a threshold against the number that the rule needs (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.domain.wording import day_text, discharge_text, percent_text

if TYPE_CHECKING:  # they ask here what is beyond the limit
    from ibf_pipeline.hazards.floods.findings import FloodFindings, RuleApplied, StationFound


@dataclass(frozen=True, slots=True)
class Evidence:
    """The members of one run at one station on one day, counted against one threshold."""

    issue_date: date
    lead_time: int
    """days"""
    day: date
    above: int
    """members with discharge strictly above the threshold"""
    members: int
    """members present"""
    needed: int
    """the smallest count that the rule takes: ceil(probability * members)"""
    return_period: float
    """years"""
    threshold: float
    """m3/s"""
    probability: float
    """0..1, of the rule"""

    @property
    def met(self) -> bool:
        """Whether enough members are above."""
        return self.members > 0 and self.above >= self.needed

    @property
    def text(self) -> str:
        """`38 of 51 members above the 5-year threshold (412 m3/s) on Thu 2026-02-19 (4-day); the rule needs 31
        (60 %)`."""
        return (
            f"{self.count_text} above the {self.return_period:g}-year threshold ({discharge_text(self.threshold)} m³/s)"
            f" on {day_text(self.day)} ({self.lead_time}-day); the rule needs {self.needed}"
            f" ({percent_text(self.probability)})"
        )

    @property
    def count_text(self) -> str:
        """`38 of 51 members`."""
        return f"{self.above} of {self.members} members"


def limit_of(rule: RuleApplied, alert_class: str) -> tuple[float, float]:
    """(return period in years, probability 0..1) that decide a class; those of the trigger if the class has none."""
    if alert_class == "max" or alert_class not in rule.classes:
        return rule.trigger_return_period, rule.trigger_probability
    return rule.classes[alert_class]


def evidence(findings: FloodFindings, station: StationFound, lead_time: int, limit: tuple[float, float]) -> Evidence:
    """Count the members of a station on one lead time against a limit.

    Parameters
    ----------
    findings
        Findings of the day.
    station
        One of its stations.
    lead_time
        Days.
    limit
        (return period in years, probability 0..1), as of `limit_of`.

    Returns
    -------
    Evidence
        How many members are above, out of how many, and how many the rule needs.

    Raises
    ------
    KeyError
        If the station has no threshold of that return period.
    """
    return_period, probability = limit
    key = f"{return_period:g}"
    members = station.members[lead_time]
    return Evidence(
        issue_date=findings.issue_date,
        lead_time=lead_time,
        day=findings.issue_date + timedelta(days=lead_time),
        above=station.above[key][lead_time],
        members=members,
        needed=members_needed(probability, members),
        return_period=return_period,
        threshold=station.thresholds[key],
        probability=probability,
    )


def high_beyond_limit(findings: FloodFindings, station: StationFound) -> list[Evidence]:
    """Lead times after the trigger lead time limit that meet the trigger's threshold and probability; none if blind."""
    if station.condition == "blind":
        return []
    limit = limit_of(findings.rule, "max")
    last = findings.rule.trigger_lead_time_limit
    later = (evidence(findings, station, lead, limit) for lead in findings.lead_times if lead > last)
    return [item for item in later if item.met]
