"""Waiting for the forecast of a day or a block: one look after the other, for all countries of a source (pure but for
what is passed).

Rule: a whole ensemble starts its country at once. An incomplete one above the country's minimum is waited for until the
last look, then used. What is not there by then is "input not available yet"; what is wrong, and no matter of waiting,
is called by its name, and if waiting cannot help, at once. A country that has further sources, which nobody looks
at, is started at the last look whatever was found: its run asks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from ibf_pipeline.config.rain_sources import BlockWaiting
from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing


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


def look_times(issue_time: IssueTime, waiting: Waiting | BlockWaiting) -> LookTimes:
    """When one looks for the forecast of an issue time, be it a day's or a block's."""
    if not isinstance(waiting, BlockWaiting):
        return LookTimes.of(issue_time.day, waiting)
    first, last = (issue_time.start + timedelta(hours=h) for h in (waiting.first_look_h, waiting.until_h))
    return LookTimes(first, last, timedelta(minutes=waiting.every_minutes))


@dataclass(frozen=True, slots=True)
class Availability:
    """What one look found for a country."""

    whole: bool
    """every member on every day"""
    usable: bool
    """at least the country's minimum"""
    text: str
    """for people: how many members, or why there are none"""
    fault: bool = False
    """something is wrong; it is not only that the forecast is not there yet"""
    lasting: bool = False
    """the fault stays until an operator changes something here: there is nothing to wait for"""


@dataclass(slots=True)
class Watched:
    """How the waiting ended, by country."""

    started: dict[str, str] = field(default_factory=dict)
    """country -> what its run started with"""
    done: dict[str, str] = field(default_factory=dict)
    """country -> why no run was needed"""
    absent: dict[str, str] = field(default_factory=dict)
    """country -> what was missing at the last look"""
    faulty: dict[str, str] = field(default_factory=dict)
    """country -> what is wrong and what to do"""
    not_started: dict[str, str] = field(default_factory=dict)
    """country -> why its run could not be started though the forecast is there"""


def watch(
    countries: Sequence[str],
    times: LookTimes,
    *,
    look: Callable[[Sequence[str], float | None], Iterable[tuple[str, Availability]]],
    start: Callable[[str], str | None],
    done: Callable[[str], str | None],
    unwatched: Callable[[str], Sequence[str]] = lambda country: (),
    tell: Callable[[str], None],
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    watched: Watched | None = None,
) -> Watched:
    """Look until every country was started or the last look is over; a watch that begins late looks once.

    `look` answers for each country as soon as it knows, and for every one within the seconds given (at the last look:
    whenever it knows), so that a country is started while others are still looked at. `look` and `done` must not raise
    for what only concerns one country.
    `start` raises RuntimeError if a run could not be started, InputMissing if it was over at once because no
    source has the forecast, and says why none is needed if that is so. `done` says why a country needs no run any
    more, for example that it was published from another source. `unwatched` names the sources of a country that nobody
    looks at. `tell` is called before each pause with what is waited for. `watched`: what looks before this have come
    to, which is gone on with: it is up to date whenever `sleep` is called.
    """
    watched = Watched() if watched is None else watched
    settled = watched.started | watched.done | watched.absent | watched.faulty | watched.not_started
    waiting = [country for country in countries if country not in settled]
    if now() < times.first:
        tell(f"looking from {times.first:%H:%M} UTC on")
        sleep((times.first - now()).total_seconds())
    while True:
        began = now()
        last = began >= times.last
        watched.done |= {country: reason for country in waiting if (reason := done(country)) is not None}
        waiting = [country for country in waiting if country not in watched.done]
        found: dict[str, Availability] = {}
        for country, seen in look(tuple(waiting), None if last else times.every.total_seconds()) if waiting else ():
            if seen.whole or (last and seen.usable):
                _start(country, seen.text, start, watched)
            elif (seen.lasting and not unwatched(country)) or (last and seen.fault):
                watched.faulty[country] = seen.text
            else:
                found[country] = seen
        waiting = [country for country in waiting if country in found]
        if not waiting or last:
            watched.absent |= {country: found[country].text for country in waiting}
            _ask_others(unwatched, start, watched)
            return watched
        following = min(began + times.every, times.last)
        texts = grouped({country: found[country].text for country in waiting})
        tell(f"waiting for {texts}; next look at {following:%H:%M}, last one at {times.last:%H:%M} UTC")
        if following > now():
            sleep((following - now()).total_seconds())


def _start(country: str, text: str, start: Callable[[str], str | None], watched: Watched) -> None:
    try:
        needless = start(country)
    except RuntimeError as error:
        watched.not_started[country] = str(error)
    except InputMissing as error:
        watched.absent[country] = f"{text}; {error.found}"
    else:
        if needless is None:
            watched.started[country] = text
        else:
            watched.done[country] = needless


def _ask_others(
    unwatched: Callable[[str], Sequence[str]], start: Callable[[str], str | None], watched: Watched
) -> None:
    """Start those whose forecast did not come from here and may be elsewhere; what is faulty here stays named."""
    for country in sorted({*watched.absent, *watched.faulty}):
        if others := unwatched(country):
            asks = f"its run asks {' and '.join(others)}"
            _start(country, f"{watched.absent[country]}; {asks}" if country in watched.absent else asks, start, watched)
        if country in watched.started or country in watched.done:
            watched.absent.pop(country, None)


def grouped(texts: dict[str, str]) -> str:
    """`AAA, BBB (same text); CCC (another)`."""
    groups: dict[str, list[str]] = {}
    for country, text in sorted(texts.items()):
        groups.setdefault(text, []).append(country)
    return "; ".join(f"{', '.join(countries)} ({text})" for text, countries in groups.items())


def _moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC)
