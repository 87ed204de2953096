"""How much of an ensemble is there: members, and members on each day."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from ibf_pipeline.hazards.floods.screening import leave_out_days_without_water, leave_out_members_without_water
from ibf_pipeline.sources.source import ForecastFiles


@dataclass(frozen=True, slots=True)
class Completeness:
    """The members of a forecast."""

    expected: int
    present: tuple[int, ...]
    """members with a value on any day at any station"""
    by_lead_time: tuple[int, ...]
    """members with a value at any station, for each lead time of the forecast"""

    @property
    def missing(self) -> tuple[int, ...]:
        """Members that are not there."""
        return tuple(sorted(set(range(self.expected)) - set(self.present)))

    @property
    def is_whole(self) -> bool:
        """Whether every member is there on every day."""
        return self.fewest >= self.expected

    @property
    def fewest(self) -> int:
        """Members on the day that has the fewest: what a station needs on every lead time."""
        return min(self.by_lead_time)

    def __str__(self) -> str:
        text = f"{len(self.present)} of {self.expected} members"
        short = [f"{count} on {day}-day" for day, count in enumerate(self.by_lead_time) if count < len(self.present)]
        return text + (f" ({', '.join(short)})" if short else "")


def completeness(discharge: xr.DataArray, expected: int) -> Completeness:
    """Count the members of `discharge` (member, lead_time, station) that have any value, in all and day by day.

    Members that are 0 everywhere do not count, nor do days of a member that cannot be dry, as for a run.
    """
    with_water, _ = leave_out_days_without_water(leave_out_members_without_water(discharge)[0])
    valid = with_water.notnull().any("station")
    return Completeness(
        expected,
        tuple(int(member) for member in discharge["member"].values[valid.any("lead_time").values]),
        tuple(int(count) for count in valid.sum("member").values),
    )


def is_whole_and_new(files: ForecastFiles, discharge: xr.DataArray, expected: int) -> bool:
    """Whether no other source needs to be asked: every member is there, and not out of an earlier run's findings."""
    return not files.kept and completeness(discharge, expected).is_whole
