"""What is refused before it is sent: requests that a catalogue would carry out and nobody would want."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.satellites.subscriptions.account import Account
from ibf_pipeline.satellites.subscriptions.entity import (
    EndpointAccount,
    Subscription,
    SubscriptionChange,
    SubscriptionRequest,
)
from ibf_pipeline.satellites.subscriptions.settings import Provider


def require_sound_request(request: SubscriptionRequest, name: str, provider: Provider, account: Account) -> None:
    """ForbiddenByRule for a request that would go wrong without a word.

    A POST without an endpoint makes a pull subscription and takes the running slot; an empty filter announces
    everything published.
    """
    if not request.filter.strip() and not request.everything:
        raise ForbiddenByRule(
            "the filter is empty: the catalogue would announce everything published",
            where=name,
            remedy="declare what is wanted, or say `everything: true`",
        )
    unknown = [event for event in request.events if event not in provider.events]
    if unknown or not request.events:
        raise ForbiddenByRule(
            f"events {', '.join(request.events) or 'none'}",
            where=name,
            expected="some of " + ", ".join(provider.events),
        )
    if request.kind == "pull":
        if request.endpoint is not None or request.account is not None:
            raise ForbiddenByRule("a pull subscription with an endpoint would become a push subscription", where=name)
        return
    require_sound_endpoint(request.endpoint, name)
    require_own_credentials(request.account, name, account)


def require_sound_endpoint(endpoint: str | None, name: str) -> None:
    """ForbiddenByRule if there is no endpoint, or none that the catalogue can and may call."""
    if not endpoint or not endpoint.strip():
        raise ForbiddenByRule(
            "a push subscription without an endpoint: the catalogue would make a pull subscription of it",
            where=name,
            expected="the public https address of the receiver",
            remedy="set `endpoint` (is its environment variable empty?), or declare `kind: pull`",
        )
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme != "https" or not host:
        raise ForbiddenByRule(
            "the endpoint is not reached by https", where=name, expected="https://<public name>[:port]/<path>"
        )
    if parts.username is not None or parts.password is not None:
        raise ForbiddenByRule("the endpoint has credentials in it", where=name, remedy="use the environment variables")
    last = parts.path.rsplit(":", 1)
    if len(last) == 2 and last[1].isdigit():
        raise ForbiddenByRule(
            "the port stands behind the path", where=name, expected="https://<public name>:<port>/<path>"
        )


def require_own_credentials(endpoint_account: EndpointAccount | None, name: str, account: Account) -> None:
    """ForbiddenByRule if the receiver has no credentials, or those of the catalogue's account."""
    if endpoint_account is None or not endpoint_account.username or not endpoint_account.password:
        raise ForbiddenByRule(
            "a push subscription without Basic credentials",
            where=name,
            remedy="export the variables named by username_variable and password_variable",
        )
    if endpoint_account.password == account.password or endpoint_account.username == account.username:
        raise ForbiddenByRule(
            "the receiver's credentials are those of the catalogue's account: the catalogue keeps and sends them",
            where=name,
            remedy="choose a user name and a password for the receiver alone",
        )


def require_room(status: str, existing: Sequence[Subscription], name: str, provider: Provider) -> None:
    """ForbiddenByRule if one more subscription exceeds a limit; the message offers which to pause or delete."""
    if len(existing) >= provider.total_limit:
        paused = [subscription.id for subscription in existing if not subscription.running]
        raise ForbiddenByRule(
            f"the account has {len(existing)} subscriptions",
            where=name,
            expected=f"fewer than {provider.total_limit}",
            remedy="delete one of those that are paused: " + (", ".join(paused) or "none is; pause one first"),
        )
    if status == "running":
        require_running_slot(existing, name, provider)


def require_running_slot(existing: Sequence[Subscription], name: str, provider: Provider) -> None:
    """ForbiddenByRule if all running slots are taken; the message offers which to pause."""
    running = [subscription for subscription in existing if subscription.running]
    if len(running) >= provider.running_limit:
        raise ForbiddenByRule(
            f"{len(running)} of {provider.running_limit} running subscriptions are taken",
            where=name,
            expected="a free one",
            remedy="pause one of " + ", ".join(f"{s.id} ({s.kind})" for s in running),
        )


def require_patchable(subscription: Subscription, change: SubscriptionChange, account: Account) -> None:
    """ForbiddenByRule for a change that no PATCH can make, such as the endpoint of a pull subscription."""
    if subscription.kind == "pull" and (change.endpoint is not None or change.account is not None):
        raise ForbiddenByRule("a pull subscription has no endpoint to change", where=subscription.id)
    if change.endpoint is not None:
        require_sound_endpoint(change.endpoint, subscription.id)
    if change.account is not None:
        require_own_credentials(change.account, subscription.id, account)
    if not change.body():
        raise ForbiddenByRule("nothing to change", where=subscription.id)
