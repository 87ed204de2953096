"""When four runs a day notify people, for every 6-hourly hazard.

docs/design/flash-floods.md, rule 17, and docs/design/typhoon.md, rule 15.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.wording import counted, number_text

_EventT = TypeVar("_EventT", bound=Event)
_FindingsT = TypeVar("_FindingsT", bound=Findings)
_DAILY: Final = timedelta(hours=24)
URGENT_HOURS: Final = 12
"""hours; a trigger within them is not held for approval"""
LOWERED: Final = "lowered to a warning"


@dataclass(frozen=True, slots=True)
class LastMail(Generic[_FindingsT]):
    """The last run that people were notified of."""

    at: datetime
    findings: _FindingsT


@dataclass(frozen=True, slots=True)
class Mailing:
    """Whether to notify, and why."""

    notify: bool
    reasons: tuple[str, ...]


def mailing_of(
    events: Sequence[_EventT],
    last: LastMail[_FindingsT] | None,
    now: datetime,
    news: Callable[[_EventT, _FindingsT | None], Iterable[str]],
    is_ahead: Callable[[_EventT], bool],
) -> Mailing:
    """Whether to notify: if an event has news, else once a day while anything is ahead.

    Four mails a day about the same would be read by nobody.

    Parameters
    ----------
    events
        Those that can be published.
    last
        The last run that people were notified of; None if there was none.
    now
        UTC.
    news
        What of an event is new since the findings that people were notified of, in words.
    is_ahead
        Whether an event still lies ahead, so that a day without a mail is too long.

    Returns
    -------
    Mailing
        With reasons, one for each piece of news.
    """
    if not events:
        return Mailing(False, ("nothing is alerted",))
    told = last.findings if last is not None else None
    reasons = [f"{event.name}: {new}" for event in events for new in news(event, told)]
    if reasons:
        return Mailing(True, tuple(reasons))
    if last is not None and any(map(is_ahead, events)) and now - last.at >= _DAILY:
        return Mailing(True, ("nobody was notified for a day",))
    return Mailing(False, ("nothing changed since the last notification",))


def may_wait(findings: Findings) -> bool:
    """Whether a notification may be held for an operator's approval: not with a trigger within 12 hours."""
    return not any(event.trigger and event.lead_time <= URGENT_HOURS for event in findings.publishable_events)


def same_event(event: _EventT, events: Iterable[_EventT]) -> _EventT | None:
    """The event of other findings with the same key, whatever it is called."""
    return next((each for each in events if each.key == event.key), None)


def changes(
    event: _EventT,
    told: _EventT | None,
    previous: _EventT | None,
    marks: Sequence[int],
    sizes: Callable[[_EventT], Iterable[tuple[str, int]]],
) -> Iterator[str]:
    """What of an event is new: that it is there, its class, marks that its lead time has passed, a size by a quarter.

    Parameters
    ----------
    event
        Of this run.
    told
        The event as people were last notified of it; None if they were not.
    previous
        As the run before had it, mailed or not: what had ended there is new now.
    marks
        Hours, the longest first.
    sizes
        Amounts by name, always in the same order.

    Yields
    ------
    str
        One change each, in words.
    """
    if told is None or previous is None:
        yield f"new {'trigger' if event.trigger else 'warning'}"
        return
    if event.trigger and not (told.trigger and previous.trigger):
        yield "raised to a trigger"
    elif event.trigger != told.trigger:
        yield LOWERED
    passed = [mark for mark in marks if told.lead_time > mark >= event.lead_time]
    if passed:
        hours = counted(passed[-1], "hour")
        yield f"less than {hours} ahead" if event.lead_time < passed[-1] else f"{hours} ahead"
    for (what, then), (_, here) in zip(sizes(told), sizes(event), strict=True):
        if here != then and abs(here - then) * 4 >= then:
            yield f"{what} {number_text(then)} to {number_text(here)}"


def people_and_areas(event: Event) -> tuple[tuple[str, int], tuple[str, int]]:
    """The sizes that people are told of."""
    return ("people", event.people), ("areas", sum(area.alerted for area in event.areas))
