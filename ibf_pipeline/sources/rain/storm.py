"""Rain of a storm: the largest of 24 hours in each area while it is near, from the first source that has it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.rain.assembly import leading
from ibf_pipeline.rain.daily_rain import largest_of_24h
from ibf_pipeline.sources.fallback import PASSED_OVER
from ibf_pipeline.sources.rain.areal_rain import utc_minute
from ibf_pipeline.sources.rain.source import RainAreas, RainSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StormRain:
    """Rain beside the tracks of a cycle, if there is any."""

    largest: Mapping[str, float] | None = None
    """place code -> mm in 24 hours; None if nothing is known of it"""
    not_seen: tuple[str, ...] = ()
    """why, in words"""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """where it was fetched from; for the manifest"""


def rain_of_storm(
    sources: Sequence[RainSource],
    issue_time: IssueTime,
    areas: RainAreas,
    first: datetime,
    last: datetime,
    oldest_h: int,
) -> StormRain:
    """The largest 24 hours of each area between two times (UTC). Whatever goes wrong is said, and raises nothing:
    rain stops no alert about wind.

    `oldest_h`: how many hours before the issue time the cycle of a forecast may have begun.
    """
    failed = []
    for source in sources:
        try:
            given = source.hours(issue_time, areas, first, last)
        except PASSED_OVER as error:
            log.warning("source %s of rain is passed over: %s", source.name, error)
            failed.append(f"{source.name}: {error.found}")
            continue
        leads = leading(issue_time, areas.codes, given.series, oldest_h)
        hours = np.arange(utc_minute(first).astype("datetime64[h]") + 1, utc_minute(last).astype("datetime64[h]") + 1)
        rain = (
            None if leads is None else leads.rain.reindex(time=hours.astype("datetime64[ns]"), area=list(areas.codes))
        )
        largest = {} if rain is None else largest_of_24h(rain)
        if leads is None or rain is None or not largest:
            failed.append(f"{source.name}: no cycle reaches far enough")
            continue
        seen = hours[np.isfinite(rain.values).any(axis=(0, 2))][-1]
        short = () if seen == hours[-1] else (f"rain after {_words(seen)} UTC: {leads.label} ends there",)
        return StormRain(largest, short, {"label": leads.label, **given.origin})
    return StormRain(not_seen=(f"rain: {'; '.join(failed)}",))


def _words(hour: np.datetime64) -> str:
    return str(hour.astype("datetime64[m]")).replace("T", " ")
