"""What the commands of subscriptions and inbox print: blocks for people, or data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from flows.cli.terminal import console
from ibf_pipeline.satellites.subscriptions.entity import Subscription
from ibf_pipeline.satellites.subscriptions.inbox import InboxEntry
from ibf_pipeline.satellites.subscriptions.subscription_plan import SubscriptionPlan


def print_subscription_plan(provider: str, plan: SubscriptionPlan, verb: str) -> None:
    """Steps and what is stuck, one line each."""
    out = console()
    if not plan.steps and not plan.stuck:
        out.print(f"{provider}: everything is as declared")
    for step in plan.steps:
        what = f" {step.subscription_id}" if step.subscription_id else ""
        out.print(f"{provider}: {verb} {step.kind}{what} for {step.name}: {step.reason}", soft_wrap=True)
    for entry in plan.stuck:
        out.print(f"{provider}: stuck: {entry.name}: {entry.text}", soft_wrap=True)


def plan_data(provider: str, plan: SubscriptionPlan) -> dict[str, Any]:
    """The same as data; without requests, which hold the receiver's credentials."""
    return {
        "provider": provider,
        "steps": [
            {"kind": step.kind, "name": step.name, "id": step.subscription_id, "reason": step.reason}
            for step in plan.steps
        ],
        "stuck": [{"name": entry.name, "text": entry.text} for entry in plan.stuck],
    }


def print_subscription(provider: str, item: Subscription, declared_as: str | None) -> None:
    """A subscription as a block."""
    moments = [f"made {time_text(item.submitted)}"] if item.submitted else []
    moments += [f"last notified {time_text(item.last_notified)}"] if item.last_notified else []
    orders = [] if item.stage_order is None else [f"StageOrder {str(item.stage_order).lower()}"]
    block(
        item.id,
        [provider, declared_as or "(not ours)", item.kind, item.status],
        ["; ".join([", ".join(item.events), *moments, *orders]), item.endpoint or "", item.filter or "everything"],
    )


def subscription_data(provider: str, item: Subscription, declared_as: str | None) -> dict[str, Any]:
    """The same as data."""
    return {
        "provider": provider,
        "id": item.id,
        "declared_as": declared_as,
        "kind": item.kind,
        "status": item.status,
        "events": item.events,
        "submitted": time_text(item.submitted) or None,
        "last_notified": time_text(item.last_notified) or None,
        "stage_order": item.stage_order,
        "endpoint": item.endpoint,
        "filter": item.filter,
    }


def inbox_entry_data(entry: InboxEntry) -> dict[str, object]:
    """A product of the inbox as data."""
    return {
        "product": entry.product_id,
        "name": entry.name,
        "type": entry.product_type,
        "provider": entry.provider,
        "state": entry.state,
        "reason": entry.reason,
        "acquired": time_text(entry.acquired),
        "published": time_text(entry.published),
        "first seen": time_text(entry.first_seen),
    }


def block(key: str, words: Sequence[str], lines: Sequence[str]) -> None:
    """A key that is never cut, however narrow the terminal, with what belongs to it below."""
    out = console()
    for line in (f"{key}  {'  '.join(words)}", *(f"    {line}" for line in lines if line)):
        out.print(Text(line), soft_wrap=True)


def time_text(moment: datetime | None) -> str:
    """A moment in UTC to the second; empty if there is none."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"
