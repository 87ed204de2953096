"""From the declared subscriptions to the next thing to do, judged by what the catalogue lists right now.

Only one step is decided at a time; after it the catalogue is asked again. An interrupted run therefore needs no
memory: the next one sees what is there and goes on. Subscriptions that the pipeline did not make are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ibf_pipeline.satellites.subscriptions.entity import Subscription, SubscriptionRequest
from ibf_pipeline.satellites.subscriptions.ledger import Owned, is_as_requested, same_filter
from ibf_pipeline.satellites.subscriptions.settings import Provider

MOST_STEPS = 60
"""in one run for one provider: ten subscriptions, each created, swapped and deleted"""


@dataclass(frozen=True, slots=True)
class DeclaredSubscription:
    """A declared subscription with its filter built."""

    name: str
    request: SubscriptionRequest


@dataclass(frozen=True, slots=True)
class SubscriptionStep:
    """One thing to do."""

    kind: Literal["create", "pause", "resume", "patch", "delete"]
    name: str
    """of the declaration"""
    subscription_id: str | None
    """None for one that is to be made"""
    reason: str
    request: SubscriptionRequest | None = None
    """what to make (create), or whose endpoint and credentials to send (patch)"""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A declaration that cannot be met, and what an operator can do."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SubscriptionPlan:
    """All steps in order, and what stays undone."""

    steps: tuple[SubscriptionStep, ...]
    stuck: tuple[Stuck, ...]


def next_subscription_step(
    wanted: Sequence[DeclaredSubscription], live: Sequence[Subscription], owned: Mapping[str, Owned], provider: Provider
) -> tuple[SubscriptionStep | None, list[Stuck]]:
    """The next step, None if everything is as declared or nothing more can be done; and what is stuck.

    A change of filter, events or kind makes a new subscription first (paused, if no running slot is free), then
    pauses the old one, lets the new one run, and deletes the old one last: the gap is as short as the limits allow.
    """
    stuck: list[Stuck] = []
    names = {entry.name for entry in wanted}
    ours = [(subscription, owned[subscription.id]) for subscription in live if subscription.id in owned]
    for subscription, entry in ours:
        if entry.name not in names and subscription.running:
            reason = "no longer declared; `subscriptions delete` removes it"
            return SubscriptionStep("pause", entry.name, subscription.id, reason), stuck
    for item in wanted:
        mine = [pair for pair in ours if pair[1].name == item.name]
        found = _next_for(item, mine, live, provider)
        if isinstance(found, SubscriptionStep):
            return found, stuck
        if found is not None:
            stuck.append(found)
    return None, stuck


def _next_for(
    item: DeclaredSubscription,
    mine: Sequence[tuple[Subscription, Owned]],
    live: Sequence[Subscription],
    provider: Provider,
) -> SubscriptionStep | Stuck | None:
    request = item.request
    fitting = [subscription for subscription, entry in mine if _fits(request, subscription, entry)]
    fitting.sort(key=lambda subscription: (not subscription.running, subscription.id))
    stale = [subscription for subscription, _ in mine if subscription not in fitting[:1]]
    free = provider.running_limit - sum(subscription.running for subscription in live)
    if not fitting:
        return _make(item, stale, live, provider, free)
    target = fitting[0]
    if request.kind == "push" and (target.endpoint or "").rstrip("/") != (request.endpoint or "").rstrip("/"):
        return SubscriptionStep("patch", item.name, target.id, f"the endpoint is {target.endpoint}", request)
    for subscription in stale:
        if subscription.running:
            return SubscriptionStep("pause", item.name, subscription.id, "replaced by " + target.id)
    if request.status != target.status:
        if request.status == "paused":
            return SubscriptionStep("pause", item.name, target.id, "declared paused")
        if free > 0:
            return SubscriptionStep("resume", item.name, target.id, "declared running")
        return _no_slot(item, live, provider)
    if stale:
        return SubscriptionStep("delete", item.name, stale[0].id, "replaced by " + target.id)
    return None


def _make(
    item: DeclaredSubscription,
    stale: Sequence[Subscription],
    live: Sequence[Subscription],
    provider: Provider,
    free: int,
) -> SubscriptionStep | Stuck:
    request = item.request
    if len(live) >= provider.total_limit:
        if stale:
            reason = "makes room for its replacement; the catalogue search closes the gap"
            return SubscriptionStep("delete", item.name, stale[0].id, reason)
        resting = ", ".join(s.id for s in live if not s.running)
        text = f"the account has {len(live)} of {provider.total_limit} subscriptions: delete one"
        return Stuck(item.name, text + (f" of {resting}" if resting else ""))
    if request.status == "running" and free <= 0:
        if not any(subscription.running for subscription in stale):
            return _no_slot(item, live, provider)
        paused = replace(request, status="paused")
        return SubscriptionStep("create", item.name, None, "changed; paused until the old one gives its slot", paused)
    return SubscriptionStep("create", item.name, None, "changed" if stale else "declared and not there", request)


def _fits(request: SubscriptionRequest, subscription: Subscription, entry: Owned) -> bool:
    """Whether a subscription is the declared one, by what was asked for: replies may show another filter."""
    return (
        subscription.kind == request.kind
        and same_filter(entry.filter, request.filter)
        and set(entry.events) == set(request.events)
    )


def _no_slot(item: DeclaredSubscription, live: Sequence[Subscription], provider: Provider) -> Stuck:
    running = ", ".join(f"{s.id} ({s.kind})" for s in live if s.running)
    text = f"all {provider.running_limit} running subscriptions are taken: pause one of {running}"
    for subscription in live:
        if is_as_requested(subscription, item.request):
            text += f"; {subscription.id} is exactly as declared: `subscriptions apply --adopt {subscription.id}`"
    return Stuck(item.name, text)


def dry_run(
    wanted: Sequence[DeclaredSubscription],
    live: Sequence[Subscription],
    owned: Mapping[str, Owned],
    provider_name: str,
    provider: Provider,
) -> SubscriptionPlan:
    """Every step that `apply` would take, by carrying each out on a copy of what is there."""
    world, book = list(live), dict(owned)
    steps: list[SubscriptionStep] = []
    for number in range(MOST_STEPS):
        step, stuck = next_subscription_step(wanted, world, book, provider)
        if step is None:
            return SubscriptionPlan(tuple(steps), tuple(stuck))
        steps.append(step)
        world, book = _after(step, world, book, provider_name, f"(new-{number})")
    return SubscriptionPlan(tuple(steps), (Stuck("", f"more than {MOST_STEPS} steps"),))


def _after(
    step: SubscriptionStep, live: list[Subscription], owned: dict[str, Owned], provider: str, new_id: str
) -> tuple[list[Subscription], dict[str, Owned]]:
    if step.kind == "create" and step.request is not None:
        request = step.request
        made = Subscription(new_id, request.status, request.events, request.filter, request.endpoint, None)
        entry = Owned(new_id, provider, step.name, request.kind, request.filter, request.events)
        return [*live, made], {**owned, new_id: entry}
    if step.kind == "delete":
        return [s for s in live if s.id != step.subscription_id], owned
    changes = {
        "pause": {"status": "paused"},
        "resume": {"status": "running"},
        "patch": {"endpoint": step.request.endpoint if step.request else None},
    }[step.kind]
    return [replace(s, **changes) if s.id == step.subscription_id else s for s in live], owned  # type: ignore[arg-type]
