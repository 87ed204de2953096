"""Whether a block notifies people (rule 17), and whether it may wait for a person (rule 16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ibf_pipeline.domain.findings import Event
from ibf_pipeline.domain.wording import counted, number_text
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings

MARKS: Final = (24, 12, 6)
"""hours; passing one of them is news"""
DAILY: Final = timedelta(hours=24)
URGENT: Final = 12
"""hours; a trigger within them is not held for approval"""
LOWERED: Final = "lowered to a warning"
AHEAD: Final = "something new is ahead"


@dataclass(frozen=True, slots=True)
class LastMail:
    """The last block that people were notified of."""

    at: datetime
    found: FlashFloodFindings


@dataclass(frozen=True, slots=True)
class Mailing:
    """Whether to notify, and why."""

    notify: bool
    reasons: tuple[str, ...]


def mailing(
    found: FlashFloodFindings, before: FlashFloodFindings | None, last: LastMail | None, now: datetime
) -> Mailing:
    """Whether a block notifies: four mails a day about the same would be read by nobody.

    A first or raised trigger always; else where an alert changed since the last mail: new, its class, its lead time
    passing 24, 12 or 6 hours, its people or areas by a quarter, something new ahead of one that goes on; else once a
    day as long as anything is forecast. Otherwise the block ends without notification.

    `before`: the block before, mailed or not: what had ended there is new now. `now`: UTC.
    """
    if not found.publishable_events:
        return Mailing(False, ("nothing is alerted",))
    told = last.found if last is not None else None
    reasons = [f"{event.name}: {new}" for event in found.publishable_events for new in news(event, before, told)]
    if reasons:
        return Mailing(True, tuple(reasons))
    ahead = any(event.state != "tail" for event in found.publishable_events)
    if last is not None and ahead and now - last.at >= DAILY:
        return Mailing(True, ("nobody was notified for a day",))
    return Mailing(False, ("nothing changed since the last notification",))


def may_wait(found: FlashFloodFindings) -> bool:
    """Whether a notification may be held for a person's approval: not with a trigger within 12 hours."""
    return not any(event.trigger and event.lead_time <= URGENT for event in found.publishable_events)


def news(event: FlashFloodEvent, before: FlashFloodFindings | None, mailed: FlashFloodFindings | None) -> Iterator[str]:
    """What of an event is new since the block before, and since the one that people were `mailed` about."""
    told, previous = _same(event, mailed), _same(event, before)
    if told is None or previous is None:
        yield f"new {'trigger' if event.trigger else 'warning'}"
        return
    if event.trigger and not (told.trigger and previous.trigger):
        yield "raised to a trigger"
    elif event.trigger != told.trigger:
        yield LOWERED
    passed = [mark for mark in MARKS if told.lead_time > mark >= event.lead_time]
    if passed:
        yield (
            f"less than {counted(passed[-1], 'hour')} ahead"
            if event.lead_time < passed[-1]
            else f"{counted(passed[-1], 'hour')} ahead"
        )
    for what, then, here in (("people", told.people, event.people), ("areas", _areas(told), _areas(event))):
        if here != then and abs(here - then) * 4 >= then:
            yield f"{what} {number_text(then)} to {number_text(here)}"
    if _ahead(event) - _ahead(told):
        yield AHEAD


def _same(event: FlashFloodEvent, found: FlashFloodFindings | None) -> FlashFloodEvent | None:
    return next((each for each in found.publishable_events if each.key == event.key), None) if found else None


def _areas(event: Event) -> int:
    return sum(area.alerted for area in event.areas)


def _ahead(event: FlashFloodEvent) -> set[bool]:
    """Whether triggers or warnings lie ahead of one that goes on."""
    return {later.trigger for later in event.later}
