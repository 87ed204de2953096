"""Which product starts the observation of which event, and that each pair starts once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import IbfError
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent
from ibf_pipeline.satellites.subscriptions.inbox import NO_DEPLOYMENT, Inbox, InboxEntry, Start

log = logging.getLogger(__name__)

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ObservationRequest:
    """The request to observe an event in a product."""

    key: str
    """the same for every attempt: whoever starts it uses it as idempotency key"""
    event: AlertedEvent
    product: InboxEntry
    announced: bool = False
    """whether it was announced before: then only a run is new"""


LookStarter = Callable[[ObservationRequest], str | None]
"""Starts observations; starting one key twice is one start. Id of the run, None if there is nothing to start but
the announcement was made."""


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """What a pass over the inbox did."""

    started: tuple[Start, ...]
    announced: tuple[Start, ...]
    """for which there is no deployment yet; started as soon as there is one, or expired with the product's age"""
    ignored: int
    waiting: int
    failures: tuple[str, ...]
    """starts to be tried again in the next pass, in words"""


def observation_key(event: AlertedEvent, product: InboxEntry) -> str:
    """`eodata:<country>:<event>:<product>`; a replay gets a key of its own."""
    again = f":replay{product.round}" if product.round else ""
    return f"eodata:{event.country}:{event.name}:{product.product_id}{again}"


def is_seen_by(event: AlertedEvent, footprint: BaseGeometry) -> bool:
    """Whether a footprint covers some of the event's areas, or its station: a shared border is not enough."""
    if event.where.area == 0:
        return bool(footprint.covers(event.where))
    return bool(footprint.intersection(event.where).area > 0)


def match_products(
    inbox: Inbox, alerts: Sequence[AlertedEvent], starter: LookStarter, now: datetime, *, max_age: timedelta
) -> MatchSummary:
    """Compare every product that may still start something with the alerted events.

    A product older than `max_age` by its acquisition starts nothing: re-published archives are announced as new. What
    was only announced, for want of a deployment, is tried again until then.
    First the start, then the note of it: after a crash in between the start is repeated with the same key.
    """
    oldest = now - max_age
    made: list[Start] = []
    failures: list[str] = []
    ignored = _expire(inbox, oldest, max_age)
    waiting = 0
    for product in inbox.open_products(oldest):
        if product.acquired is None or product.footprint is None:
            continue
        if product.acquired < oldest:
            hours, limit = (now - product.acquired) / _HOUR, max_age / _HOUR
            inbox.decide(product.product_id, "ignored", f"acquired {hours:.0f} h ago, the limit is {limit:.0f} h")
            ignored += 1
            continue
        seen = [event for event in alerts if is_seen_by(event, product.footprint)]
        begun, troubles = _start(inbox, product, seen, starter)
        made += begun
        failures += troubles
        if not seen and product.state == "waiting":
            reason = f"inside the footprint is none of {len(alerts)} alerted events"
            if product.reason != reason:
                inbox.decide(product.product_id, "waiting", reason)
            waiting += 1
    started = tuple(start for start in made if start.run is not None)
    announced = tuple(start for start in made if start.run is None)
    return MatchSummary(started, announced, ignored, waiting, tuple(failures))


def _start(
    inbox: Inbox, product: InboxEntry, seen: Sequence[AlertedEvent], starter: LookStarter
) -> tuple[list[Start], list[str]]:
    """Start what a product shows and no run was started for; what was started or announced, and what failed."""
    before = {start.key: start for start in inbox.starts(product.product_id)}
    made, failures = [], []
    for event in seen:
        key = observation_key(event, product)
        if key in before and before[key].run is not None:
            continue
        try:
            run = starter(ObservationRequest(key, event, product, announced=key in before))
        except IbfError as error:
            failures.append(f"{key}: {error}")
            continue
        start = Start(key, product.product_id, event.country, event.name, product.round, run)
        made.append(start)
        if run is not None or key not in before:
            inbox.record_start(start, _reason(start))
            log.info("%s: %s", product.name or product.product_id, _reason(start))
    return made, failures


def _expire(inbox: Inbox, oldest: datetime, max_age: timedelta) -> int:
    """Say of products that have become too old what was announced for them and never started; how many."""
    expired = inbox.announced_before(oldest)
    for product in expired:
        starts = [start for start in inbox.starts(product.product_id) if start.round == product.round]
        named = ", ".join(f"{start.country} {start.event}" for start in starts if start.run is None)
        reason = f"announced for {named} and never started: within {max_age / _HOUR:.0f} h there was {NO_DEPLOYMENT}"
        whole = all(start.run is None for start in starts)
        log.warning("%s: %s", product.name or product.product_id, reason)
        inbox.decide(product.product_id, "ignored" if whole else "triggered", reason)
    return len(expired)


def _reason(start: Start) -> str:
    what = f"observation of {start.country} {start.event}"
    return f"{what}: flow run {start.run}" if start.run else f"{what} announced; there is {NO_DEPLOYMENT}"
