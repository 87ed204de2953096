"""Waiting for a day's forecast: one look after the other, for all countries of a source (pure but for what is passed).

Rule: a whole ensemble starts its country at once. An incomplete one above the country's minimum is waited for until the
last look, then used. What is not there by then is "input not available yet".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from ibf_pipeline.config_sources import Waiting


@dataclass(frozen=True, slots=True)
class LookTimes:
    """When one looks for the forecast of an issue date (UTC)."""

    first: datetime
    last: datetime
    every: timedelta

    @classmethod
    def of(cls, issue_date: date, waiting: Waiting) -> LookTimes:
        """The times of the settings on an issue date; an end before the beginning is on the next morning."""
        first, last = _moment(issue_date, waiting.first_look), _moment(issue_date, waiting.until)
        if last < first:
            last += timedelta(days=1)
        return cls(first, last, timedelta(minutes=waiting.every_minutes))


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found for a country."""

    whole: bool
    """every member on every day"""
    usable: bool
    """at least the country's minimum"""
    text: str
    """for people: how many members, or why there are none"""


@dataclass(slots=True)
class Watched:
    """How the waiting ended, by country."""

    started: dict[str, str] = field(default_factory=dict)
    """country -> what its run started with"""
    done: dict[str, str] = field(default_factory=dict)
    """country -> why no run was needed"""
    absent: dict[str, str] = field(default_factory=dict)
    """country -> what was missing at the last look"""
    not_started: dict[str, str] = field(default_factory=dict)
    """country -> why its run could not be started though the forecast is there"""


def watch(
    countries: Sequence[str],
    times: LookTimes,
    *,
    look: Callable[[Sequence[str]], Mapping[str, Look]],
    start: Callable[[str], None],
    done: Callable[[str], str | None],
    tell: Callable[[str], None],
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Watched:
    """Look until every country was started or the last look is over; a watch that begins late looks once.

    `look` answers for all countries at once. `look` and `done` must not raise for what only concerns one country.
    `start` raises RuntimeError where a run could not be started. `done` says why a country needs no run any more, for
    example that it was published from another source. `tell` is called before each pause with what is waited for.
    """
    watched = Watched()
    waiting = list(countries)
    if now() < times.first:
        tell(f"looking from {times.first:%H:%M} UTC on")
        sleep((times.first - now()).total_seconds())
    while True:
        last = now() >= times.last
        watched.done |= {country: reason for country in waiting if (reason := done(country)) is not None}
        waiting = [country for country in waiting if country not in watched.done]
        found = look(waiting) if waiting else {}
        for country in tuple(waiting):
            if found[country].whole or (last and found[country].usable):
                _start(country, found[country], start, watched)
                waiting.remove(country)
        if not waiting or last:
            watched.absent = {country: found[country].text for country in waiting}
            return watched
        tell(_waiting_for({country: found[country].text for country in waiting}, times, now()))
        sleep(max(0.0, min(times.every, times.last - now()).total_seconds()))


def _start(country: str, found: Look, start: Callable[[str], None], watched: Watched) -> None:
    try:
        start(country)
    except RuntimeError as error:
        watched.not_started[country] = str(error)
    else:
        watched.started[country] = found.text


def _waiting_for(texts: dict[str, str], times: LookTimes, moment: datetime) -> str:
    following = min(moment + times.every, times.last)
    return f"waiting for {grouped(texts)}; next look at {following:%H:%M}, last one at {times.last:%H:%M} UTC"


def grouped(texts: dict[str, str]) -> str:
    """`AAA, BBB (same text); CCC (another)`."""
    groups: dict[str, list[str]] = {}
    for country, text in texts.items():
        groups.setdefault(text, []).append(country)
    return "; ".join(f"{', '.join(countries)} ({text})" for text, countries in groups.items())


def _moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC)
