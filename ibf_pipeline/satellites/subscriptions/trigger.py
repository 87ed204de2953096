"""Which product starts the observation of which event, and that each pair starts once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import IbfError
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent
from ibf_pipeline.satellites.subscriptions.inbox import Entry, Inbox, Start

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Observation:
    """The request to observe an event in a product."""

    key: str
    """the same for every attempt: whoever starts it uses it as idempotency key"""
    event: AlertedEvent
    product: Entry


Starter = Callable[[Observation], str | None]
"""Starts observations; starting one key twice is one start. Id of the run, None where there is nothing to start but
the announcement was made."""


@dataclass(frozen=True, slots=True)
class Triggered:
    """What a pass over the inbox did."""

    started: tuple[Start, ...]
    ignored: int
    waiting: int
    failures: tuple[str, ...]
    """starts to be tried again in the next pass, in words"""


def observation_key(event: AlertedEvent, product: Entry) -> str:
    """`eodata:<country>:<event>:<product>`; a replay gets a key of its own."""
    again = f":replay{product.round}" if product.round else ""
    return f"eodata:{event.country}:{event.name}:{product.product_id}{again}"


def is_seen_by(event: AlertedEvent, footprint: BaseGeometry) -> bool:
    """Whether a footprint covers some of the event's areas, or its station: a shared border is not enough."""
    if event.where.area == 0:
        return bool(footprint.covers(event.where))
    return bool(footprint.intersection(event.where).area > 0)


def trigger(
    inbox: Inbox, alerts: Sequence[AlertedEvent], starter: Starter, now: datetime, *, max_age: timedelta
) -> Triggered:
    """Compare every product that may still start something with the alerted events.

    A product older than `max_age` by its acquisition starts nothing: re-published archives are announced as new.
    First the start, then the note of it: after a crash in between the start is repeated with the same key.
    """
    oldest = now - max_age
    started: list[Start] = []
    failures: list[str] = []
    ignored = waiting = 0
    for product in inbox.undecided(oldest):
        if product.acquired is None or product.footprint is None:
            continue
        if product.acquired < oldest:
            hours = (now - product.acquired).total_seconds() / 3600
            limit = max_age.total_seconds() / 3600
            inbox.decide(product.product_id, "ignored", f"acquired {hours:.0f} h ago, the limit is {limit:.0f} h")
            ignored += 1
            continue
        seen = [event for event in alerts if is_seen_by(event, product.footprint)]
        done = {start.key for start in inbox.starts(product.product_id)}
        for event in seen:
            observation = Observation(observation_key(event, product), event, product)
            if observation.key in done:
                continue
            try:
                run = starter(observation)
            except IbfError as error:
                failures.append(f"{observation.key}: {error}")
                continue
            start = Start(observation.key, product.product_id, event.country, event.name, product.round, run)
            inbox.record_start(start, _reason(start))
            log.info("%s: %s", product.name or product.product_id, _reason(start))
            started.append(start)
        if not seen and product.state == "waiting":
            reason = f"inside the footprint is none of {len(alerts)} alerted events"
            if product.reason != reason:
                inbox.decide(product.product_id, "waiting", reason)
            waiting += 1
    return Triggered(tuple(started), ignored, waiting, tuple(failures))


def _reason(start: Start) -> str:
    what = f"observation of {start.country} {start.event}"
    return f"{what}: flow run {start.run}" if start.run else f"{what} announced; there is no deployment to start"
