"""What a run of several a day goes on with: what people were shown, when they read it, and whether they are told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from flows.wiring.day import Day
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.runs.folder import Kind
from ibf_pipeline.runs.ledger import unfinished
from ibf_pipeline.runs.shown_before import newest_shown

log = logging.getLogger("ibf_pipeline.flows")

END: Final = "end"
"""wish that ends an exercise"""


def is_end(wishes: str) -> bool:
    """Whether the wishes of an exercise end it: nothing of its earlier runs goes on."""
    return wishes.strip().lower() == END


def shown_before(day: Day, kind: type[Kind]) -> Kind | None:
    """What people were shown last. Of an exercise the run just before or an earlier revision of it: after a pause an
    exercise is over, and the next one does not go on with what it had.
    """
    found = newest_shown(day.run, day.target_name, kind)
    if found is None or not day.exercise:
        return found
    apart = day.issue_time.start - found.issue_time.start
    return found if apart <= timedelta(hours=day.profile.period_hours) else None


def moment_of_publication(day: Day, at: datetime) -> datetime:
    """When people read a run: now, as long as it is the newest there is, and where its schedule or sensor was late;
    of any other, as in a backfill or an exercise of another day, when it began.
    """
    begun, profile = day.issue_time.start, day.profile
    is_newest = begun <= at < profile.end(day.issue_time) + timedelta(hours=profile.hours_late)
    return at if is_newest or not day.asked else begun


def is_begun_to_notify(day: Day) -> bool:
    """Whether a notification was planned and not sent yet: it goes out in any case."""
    begun = unfinished(day.run, day.target_name)
    return begun is not None and begun.about().notify


def as_decided(found: Findings, notify: bool, reasons: Iterable[str]) -> bool:
    """`notify`, and the log says why."""
    for reason in reasons:
        log.info("%s: %s: %s", found.country, "people are notified" if notify else "nobody is notified", reason)
    return notify
