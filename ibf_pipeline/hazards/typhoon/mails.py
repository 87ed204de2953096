"""Whether a cycle notifies people (rule 15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ibf_pipeline.domain.wording import some
from ibf_pipeline.hazards.mailing import LastMail, Mailing, changes, mailing_of, people_and_areas, same_event
from ibf_pipeline.hazards.typhoon.findings import ProvinceFound, TyphoonEvent, TyphoonFindings

MARKS: Final = (72, 48, 24)
"""hours; passing one of them is news"""
PROVINCES: Final = "newly alerted: "
TRIGGERED: Final = "trigger now in "


def mailing(
    findings: TyphoonFindings,
    before: TyphoonFindings | None,
    last: LastMail[TyphoonFindings] | None,
    now: datetime,
) -> Mailing:
    """Whether a cycle notifies (rule 15).

    A first or raised trigger always; else if an alert changed since the last mail: new, its class, its lead time
    passing 72, 48 or 24 hours, people or areas by a quarter, a province newly alerted or triggered (rule 11); else once
    a day while any storm is still ahead. Otherwise the cycle ends without notification.

    Parameters
    ----------
    findings
        Of this cycle.
    before
        Of the cycle before, mailed or not: what had ended there is new now.
    last
        The last cycle that people were notified of; None if there was none.
    now
        UTC.
    """
    return mailing_of(
        findings.publishable_events,
        last,
        now,
        lambda event, told: news(event, before, told),
        lambda event: event.state != "passed",
    )


def news(event: TyphoonEvent, before: TyphoonFindings | None, mailed: TyphoonFindings | None) -> Iterator[str]:
    """What of an event is new since the cycle before, and since the one that people were `mailed` about."""
    told, previous = _same(event, mailed), _same(event, before)
    yield from changes(event, told, previous, MARKS, people_and_areas)
    if told is None or previous is None:
        return
    triggered = [each.name for each in event.provinces if each.trigger and not _has(told, each, trigger=True)]
    alerted = [each.name for each in event.provinces if not each.passed and not _has(told, each, trigger=False)]
    if triggered and told.trigger:
        yield TRIGGERED + some(triggered, 4)
    if alerted:
        yield PROVINCES + some(alerted, 4)


def _has(event: TyphoonEvent, province: ProvinceFound, *, trigger: bool) -> bool:
    return any(each.code == province.code and each.trigger >= trigger for each in event.provinces)


def _same(event: TyphoonEvent, findings: TyphoonFindings | None) -> TyphoonEvent | None:
    return same_event(event, findings.publishable_events if findings is not None else ())
