"""Options and lookups that all Hook commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.wiring.hook import Hook
    from ibf_pipeline.satellites.hook.order_desk import OrderDesk

Config = Annotated[str, typer.Option("--config", envvar="IBF_CONFIG", help="folder of the configuration")]
ServiceName = Annotated[str | None, typer.Option("--service", help="service of destine.yaml; else its own default")]
AsJson = Annotated[bool, typer.Option("--json", help="data instead of a table")]
Key = Annotated[str, typer.Argument(help="key fp-... of the order book, or the service's order id", metavar="ORDER")]


def open_hook(config: str, service: str | None) -> Hook:
    """The service that a command talks to."""
    from flows.wiring import hook

    return hook.open_hook(config, service)


def order_id_of(desk: OrderDesk, key: str) -> str:
    """The service's id of an order that is named by either its key or that id; InputMissing before it was sent."""
    from ibf_pipeline.errors import InputMissing

    entry = desk.find(key)
    if entry is None:
        return key
    if entry.order_id is None:
        raise InputMissing(f"order {entry.key} is {entry.state}", remedy="`ibf-pipeline hook wait` sends it")
    return entry.order_id
