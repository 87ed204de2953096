"""Carrying out what the comparison of declared and existing subscriptions asks for."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerRefused
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
from ibf_pipeline.satellites.subscriptions.entity import Subscription, SubscriptionChange, SubscriptionRequest
from ibf_pipeline.satellites.subscriptions.ledger import Ledger, Owned, is_as_requested
from ibf_pipeline.satellites.subscriptions.subscription_plan import (
    MOST_STEPS,
    DeclaredSubscription,
    Stuck,
    SubscriptionPlan,
    SubscriptionStep,
    dry_run,
    next_subscription_step,
)

log = logging.getLogger(__name__)


def plan_subscriptions(
    client: CatalogueClient, ledger: Ledger, wanted: Sequence[DeclaredSubscription]
) -> SubscriptionPlan:
    """What `apply` would do; nothing is changed, at the catalogue or in the ledger."""
    for item in wanted:
        client.require_sound(item.request, item.name)
    owned = {entry.id: entry for entry in ledger.owned(client.name, missing=True)}
    return dry_run(wanted, _listed(client, ledger), owned, client.name, client.provider)


def apply_subscriptions(
    client: CatalogueClient, ledger: Ledger, wanted: Sequence[DeclaredSubscription]
) -> SubscriptionPlan:
    """Take steps until everything is as declared; the steps taken and what stays undone.

    ForbiddenByRule before the first step if one of the declarations would be refused, and while another process
    applies.
    """
    for item in wanted:
        client.require_sound(item.request, item.name)
    with ledger.lock():
        steps: list[SubscriptionStep] = []
        for _ in range(MOST_STEPS):
            live = _listed(client, ledger)
            _settle(client.name, ledger, live)
            owned = {entry.id: entry for entry in ledger.owned(client.name)}
            step, stuck = next_subscription_step(wanted, live, owned, client.provider)
            if step is None:
                return SubscriptionPlan(tuple(steps), tuple(stuck))
            if steps and step == steps[-1]:
                text = f"{client.name} accepted to {step.kind} {step.subscription_id or step.name} and shows no change"
                return SubscriptionPlan(tuple(steps), (*stuck, Stuck(step.name, text)))
            log.info("%s: %s %s: %s", client.name, step.kind, step.subscription_id or step.name, step.reason)
            _carry_out(step, client, ledger, live)
            steps.append(step)
        return SubscriptionPlan(
            tuple(steps), (Stuck("", f"not settled after {MOST_STEPS} steps: see `subscriptions list`"),)
        )


def renew_endpoint_accounts(client: CatalogueClient, ledger: Ledger, wanted: Sequence[DeclaredSubscription]) -> int:
    """Send the receiver's credentials to every push subscription of ours that is declared; how many.

    The catalogue never shows credentials, so that a change of them can only be declared, not seen.
    """
    live = {subscription.id: subscription for subscription in client.existing()}
    accounts = {item.name: item.request.account for item in wanted}
    count = 0
    for entry in ledger.owned(client.name):
        account, subscription = accounts.get(entry.name), live.get(entry.id)
        if account is not None and subscription is not None and subscription.kind == "push":
            client.edit(subscription, SubscriptionChange(account=account))
            count += 1
    return count


def delete_subscription(client: CatalogueClient, ledger: Ledger, subscription_id: str, *, foreign: bool) -> None:
    """Delete one subscription; ForbiddenByRule for one that the pipeline did not make, unless that is wanted."""
    wanted = _ours(client, ledger, subscription_id, foreign=foreign)
    client.delete(wanted.id)
    ledger.remove(wanted.id)


def cancel_subscription(client: CatalogueClient, ledger: Ledger, subscription_id: str, *, foreign: bool) -> None:
    """Set one subscription to `cancelled`, which cannot be taken back; ForbiddenByRule as above."""
    wanted = _ours(client, ledger, subscription_id, foreign=foreign)
    client.cancel(wanted.id)
    ledger.remove(wanted.id)


def _ours(client: CatalogueClient, ledger: Ledger, subscription_id: str, *, foreign: bool) -> Subscription:
    wanted = client.get(subscription_id)
    if not foreign and ledger.provider_of(wanted.id) != client.name:
        raise ForbiddenByRule(
            f"subscription {wanted.id} was not made by this pipeline",
            where=client.name,
            remedy="say --foreign if it shall be removed all the same",
        )
    return wanted


def adopt_subscription(
    client: CatalogueClient, ledger: Ledger, wanted: Sequence[DeclaredSubscription], subscription_id: str
) -> str:
    """Take over a subscription that is exactly what a declaration asks for; the declaration's name."""
    found = client.get(subscription_id)
    for item in wanted:
        request = item.request
        if is_as_requested(found, request):
            ledger.add(Owned(found.id, client.name, item.name, request.kind, request.filter, request.events))
            return item.name
    raise ForbiddenByRule(
        f"subscription {found.id} is not what any declaration asks for",
        where=client.name,
        expected="the same kind, events and filter",
        remedy="declare it so, or delete it with --foreign",
    )


def _settle(provider: str, ledger: Ledger, live: Sequence[Subscription]) -> None:
    for entry in ledger.settle(provider, live):
        log.warning("%s: %s was made by an interrupted run for %s; claimed", provider, entry.id, entry.name)
    lost, back = ledger.record_listing(provider, live)
    for entry in lost:
        log.warning("%s: %s (%s) is no longer listed; it stays ours", provider, entry.id, entry.name)
    for entry in back:
        log.warning("%s: %s (%s) is listed again", provider, entry.id, entry.name)


def _listed(client: CatalogueClient, ledger: Ledger) -> list[Subscription]:
    """What the catalogue lists; asked again if one of ours is missing, since listings were incomplete before."""
    live = client.existing()
    ours = {entry.id for entry in ledger.owned(client.name)}
    return live if ours <= {subscription.id for subscription in live} else client.existing()


def _carry_out(step: SubscriptionStep, client: CatalogueClient, ledger: Ledger, live: Sequence[Subscription]) -> None:
    if step.kind == "create" and step.request is not None:
        _create(step.name, step.request, client, ledger, live)
        return
    target = next(subscription for subscription in live if subscription.id == step.subscription_id)
    if step.kind == "pause":
        client.pause(target)
    elif step.kind == "resume":
        client.resume(target)
    elif step.kind == "delete":
        client.delete(target.id)
        ledger.remove(target.id)
    elif step.request is not None:
        client.edit(target, SubscriptionChange(endpoint=step.request.endpoint, account=step.request.account))


def _create(
    name: str, request: SubscriptionRequest, client: CatalogueClient, ledger: Ledger, live: Sequence[Subscription]
) -> None:
    ledger.open_intent(client.name, name, request, live)
    try:
        new_id = client.create(request)
    except (ServerRefused, ForbiddenByRule):
        ledger.drop_intent(client.name, name)
        raise
    if new_id is not None:
        ledger.add(Owned(new_id, client.name, name, request.kind, request.filter, request.events))
    elif not ledger.settle(client.name, client.existing()):
        raise OutcomeUnknown(
            f"{name} was made, and nothing in the list of subscriptions looks like it",
            where=client.name,
            remedy="look with `subscriptions list`, then `subscriptions apply --adopt <id>`",
        )
