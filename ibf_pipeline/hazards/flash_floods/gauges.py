"""Water levels at gauges as they are sent (rule 14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.hazards.flash_floods.findings import GaugeFound

_OLDEST: Final = timedelta(hours=6)
_DAY: Final = timedelta(hours=24)
_AROUND: Final = timedelta(hours=3)
_DIGITS: Final = 3
"""of metres"""


@dataclass(frozen=True, slots=True)
class RiverGauge:
    """A gauge of the portal and what it measured."""

    fid: str
    name: str
    levels: Mapping[datetime, float]
    """time (UTC) -> water level, metres"""
    reference: Mapping[int, float] = field(default_factory=dict)
    """month 1..12 -> usual level, metres"""
    alert_levels: Mapping[str, float] = field(default_factory=dict)
    """the portal's word, such as warning or trigger -> the level from which it holds, metres"""


def gauges_found(gauges: Iterable[RiverGauge], now: datetime) -> tuple[tuple[GaugeFound, ...], tuple[str, ...]]:
    """The newest level of each gauge, that of a day before, the month's reference and the alert level (rule 14).

    Parameters
    ----------
    gauges
        With their levels, metres.
    now
        UTC.

    Returns
    -------
    found : tuple of GaugeFound
        Gauges with a level at most 6 hours old. The previous level is the nearest to 24 hours before `now`, within 3
        hours of that, else None. The alert level is `none` below all declared thresholds, and None without any; of
        words that hold from the same level it is the last declared one, which is the higher.
    left_out : tuple of str
        In words, which gauges are left out and why.
    """
    found, left_out = [], []
    for gauge in gauges:
        at = max((moment for moment in gauge.levels if moment <= now), default=None)
        if at is None or now - at > _OLDEST:
            left_out.append(f"gauge {gauge.name or gauge.fid} is left out: {_old(at, now)}")
            continue
        level = gauge.levels[at]
        near = [moment for moment in gauge.levels if abs(moment - (now - _DAY)) <= _AROUND]
        previous = min(near, key=lambda moment: (abs(moment - (now - _DAY)), moment), default=None)
        levels = sorted((limit, place, word) for place, (word, limit) in enumerate(gauge.alert_levels.items()))
        words = ["none", *(word for limit, _, word in levels if level >= limit)]
        found.append(
            GaugeFound(
                fid=gauge.fid,
                name=gauge.name,
                measured=at,
                level=round(level, _DIGITS),
                previous=None if previous is None else round(gauge.levels[previous], _DIGITS),
                reference=gauge.reference.get(now.month),
                alert_level=words[-1] if gauge.alert_levels else None,
            )
        )
    return tuple(found), tuple(left_out)


def _old(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "no level of it is there"
    return f"its last level is {counted(int((now - at) / timedelta(hours=1)), 'hour')} old"
