"""Options and lookups that all Hook commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.wiring.hook import Hook
    from ibf_pipeline.satellites.hook.client import OdpClient
    from ibf_pipeline.satellites.hook.order_desk import OrderDesk


def open_hook(config: str, service: str | None) -> Hook:
    """The service that a command talks to."""
    from flows.wiring import hook

    return hook.open_hook(config, service)


def client_or_book(hook: Hook) -> OdpClient:
    """A client; ConfigError without an account, whose remedy names --book."""
    from ibf_pipeline.errors import ConfigError

    try:
        return hook.client()
    except ConfigError as error:
        remedy = f"{error.remedy}; --book shows what the order book knows, without an account"
        raise ConfigError(error.found, where=error.where, expected=error.expected, remedy=remedy) from None


def order_id_of(desk: OrderDesk, key: str) -> str:
    """The service's id of an order that is named by either its key or that id; InputMissing before it was sent."""
    from ibf_pipeline.errors import InputMissing

    entry = desk.find(key)
    if entry is None:
        return key
    if entry.order_id is None:
        raise InputMissing(f"order {entry.key} is {entry.state}", remedy="`ibf-pipeline hook wait` sends it")
    return entry.order_id
