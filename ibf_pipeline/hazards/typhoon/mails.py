"""What of a storm is new to people (rule 15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ibf_pipeline.domain.wording import counted, number_text
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings

MARKS: Final = (72, 48, 24)
"""hours; passing one of them is news"""
LOWERED: Final = "lowered to a warning"


def news(event: TyphoonEvent, before: TyphoonFindings | None, mailed: TyphoonFindings | None) -> Iterator[str]:
    """What of an event is new since the cycle before, and since the one that people were `mailed` about."""
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
        yield f"{counted(passed[-1], 'hour')} or less ahead"
    for what, then, here in (("people", told.people, event.people), ("areas", _areas(told), _areas(event))):
        if here != then and abs(here - then) * 4 >= then:
            yield f"{what} {number_text(then)} to {number_text(here)}"


def _same(event: TyphoonEvent, found: TyphoonFindings | None) -> TyphoonEvent | None:
    return next((each for each in found.publishable_events if each.key == event.key), None) if found else None


def _areas(event: TyphoonEvent) -> int:
    return sum(area.alerted for area in event.areas)
