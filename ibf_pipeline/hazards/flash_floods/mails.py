"""Whether a block notifies people (rule 17)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.hazards.mailing import LastMail, Mailing, changes, mailing_of, people_and_areas, same_event

MARKS: Final = (24, 12, 6)
"""hours; passing one of them is news"""
SOMETHING_AHEAD: Final = "something new is ahead"


def mailing(
    findings: FlashFloodFindings,
    before: FlashFloodFindings | None,
    last: LastMail[FlashFloodFindings] | None,
    now: datetime,
) -> Mailing:
    """Whether a block notifies (rule 17).

    A first or raised trigger always; else if an alert changed since the last mail: new, its class, its lead time
    passing 24, 12 or 6 hours, its people or areas by a quarter, something new ahead of one that goes on; else once a
    day as long as anything is forecast. Otherwise the block ends without notification.

    Parameters
    ----------
    findings
        Of this block.
    before
        Of the block before, mailed or not: what had ended there is new now.
    last
        The last block that people were notified of; None if there was none.
    now
        UTC.
    """
    return mailing_of(
        findings.publishable_events,
        last,
        now,
        lambda event, told: news(event, before, told),
        lambda event: event.state != "tail",
    )


def news(event: FlashFloodEvent, before: FlashFloodFindings | None, mailed: FlashFloodFindings | None) -> Iterator[str]:
    """What of an event is new since the block before, and since the one that people were `mailed` about."""
    told, previous = _same(event, mailed), _same(event, before)
    yield from changes(event, told, previous, MARKS, people_and_areas)
    if told is not None and previous is not None and _ahead(event) - _ahead(told):
        yield SOMETHING_AHEAD


def _same(event: FlashFloodEvent, findings: FlashFloodFindings | None) -> FlashFloodEvent | None:
    return same_event(event, findings.publishable_events if findings is not None else ())


def _ahead(event: FlashFloodEvent) -> set[bool]:
    """Whether triggers or warnings lie ahead of one that goes on."""
    return {later.trigger for later in event.later}
