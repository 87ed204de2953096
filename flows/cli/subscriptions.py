"""Commands of the catalogue subscriptions: `subscriptions`, `inbox` and `receiver`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import AsData, Config, InboxWorkspace
from flows.cli.terminal import console

if TYPE_CHECKING:
    from flows.wiring.subscriptions import Eodata
    from ibf_pipeline.satellites.subscriptions.entity import Subscription
    from ibf_pipeline.satellites.subscriptions.inbox import Entry
    from ibf_pipeline.satellites.subscriptions.reconcile import Plan

subscriptions_app = typer.Typer(help="Subscriptions to satellite product catalogues.", no_args_is_help=True)
inbox_app = typer.Typer(help="Satellite products that were announced or found.", no_args_is_help=True)

ProviderName = Annotated[
    str | None, typer.Option("--provider", help="a name under providers in eodata.yaml; else all in use")
]
OneProvider = Annotated[str, typer.Option("--provider", help="a name under providers in eodata.yaml")]


@subscriptions_app.command("plan")
def plan_command(provider: ProviderName = None, config: Config = "config", workspace: InboxWorkspace = None) -> None:
    """Show what `apply` would do; nothing is changed.

    Example: ibf-pipeline subscriptions plan
    """
    from ibf_pipeline.satellites.subscriptions.apply import plan_subscriptions

    eodata = _open(config, workspace)
    for name in _providers(eodata, provider):
        with eodata.client(name) as client:
            _print_plan(name, plan_subscriptions(client, eodata.ledger, eodata.wanted(name)), "would")


@subscriptions_app.command("apply")
def apply_command(
    provider: ProviderName = None,
    adopt: Annotated[
        str | None, typer.Option("--adopt", help="id of a subscription made elsewhere that is exactly as declared")
    ] = None,
    renew_credentials: Annotated[
        bool, typer.Option("--renew-credentials", help="send the receiver's present credentials to the catalogue again")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Make the subscriptions as declared in eodata.yaml: creates, pauses, patches, recreates. Shows the plan first.

    Example: ibf-pipeline subscriptions apply --yes
    """
    from ibf_pipeline.satellites.subscriptions.apply import (
        adopt_subscription,
        apply_subscriptions,
        plan_subscriptions,
        renew_endpoint_accounts,
    )

    stuck = False
    eodata = _open(config, workspace)
    for name in _providers(eodata, provider):
        wanted = eodata.wanted(name)
        with eodata.client(name) as client:
            if adopt is not None:
                declared = adopt_subscription(client, eodata.ledger, wanted, adopt)
                console().print(f"{name}: {adopt} is ours now, as {declared}")
            plan = plan_subscriptions(client, eodata.ledger, wanted)
            _print_plan(name, plan, "will")
            if plan.steps and not yes:
                typer.confirm("carry this out?", abort=True)
            done = apply_subscriptions(client, eodata.ledger, wanted)
            console().print(f"{name}: {len(done.steps)} steps taken")
            if renew_credentials:
                count = renew_endpoint_accounts(client, eodata.ledger, wanted)
                console().print(f"{name}: credentials of {count} subscriptions renewed")
            for entry in done.stuck:
                console().print(f"{name}: {entry.name}: {entry.text}", soft_wrap=True)
            stuck = stuck or bool(done.stuck)
    if eodata.settings.subscriptions and eodata.configuration.settings.operations.intake_schedule is None:
        console().print(
            "the intake is on no schedule: name one in operations.intake_schedule of settings.yaml, then "
            "`ibf-pipeline deploy`",
            soft_wrap=True,
        )
    raise typer.Exit(1 if stuck else 0)


@subscriptions_app.command("list")
def list_command(
    provider: ProviderName = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """List all subscriptions of the accounts, and which of them are ours.

    Example: ibf-pipeline subscriptions list --provider cdse
    """

    found: list[tuple[str, Subscription]] = []
    eodata = _open(config, workspace)
    ours = {entry.id: entry.name for entry in eodata.ledger.owned(missing=True)}
    for name in [provider] if provider else eodata.providers_in_use():
        with eodata.client(name) as client:
            found += [(name, item) for item in client.info()]
    if as_json:
        content = [
            {
                "provider": name,
                "id": item.id,
                "declared_as": ours.get(item.id),
                "kind": item.kind,
                "status": item.status,
                "events": item.events,
                "last_notified": _time(item.last_notified) or None,
                "endpoint": item.endpoint,
                "filter": item.filter,
            }
            for name, item in found
        ]
        print(json.dumps(content, indent=1, ensure_ascii=False))
        return
    for name, item in found:
        notified = f"; last notified {_time(item.last_notified)}" if item.last_notified else ""
        _block(
            item.id,
            [name, ours.get(item.id, "(not ours)"), item.kind, item.status],
            [f"{', '.join(item.events)}{notified}", item.filter or "everything"],
        )


@subscriptions_app.command("delete")
def delete_command(
    subscription_id: Annotated[str, typer.Argument(help="as `list` shows it")],
    provider: OneProvider,
    foreign: Annotated[bool, typer.Option("--foreign", help="even if the pipeline did not make it")] = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Delete one subscription with its queue. A declared one comes back with the next `apply`.

    Example: ibf-pipeline subscriptions delete 6d73b84b-93c6-42aa-8c87-036585cfce04 --provider nsis
    """
    from ibf_pipeline.satellites.subscriptions.apply import delete_subscription

    eodata = _open(config, workspace)
    with eodata.client(provider) as client:
        delete_subscription(client, eodata.ledger, subscription_id, foreign=foreign)
    console().print(f"{provider}: {subscription_id.lower()} deleted")


@inbox_app.command("list")
def inbox_list(
    state: Annotated[
        str | None, typer.Option("--state", help="incomplete, waiting, triggered or ignored; else all")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="products, the latest first")] = 50,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """List products, the latest first, with what became of them.

    Example: ibf-pipeline inbox list --state triggered
    """
    eodata = _open(config, workspace)
    entries, counts = eodata.inbox.entries(state, limit), eodata.inbox.counts()
    if as_json:
        content = {"counts": counts, "products": [_entry_data(entry) for entry in entries]}
        print(json.dumps(content, indent=1, ensure_ascii=False))
        return
    for entry in entries:
        words = [entry.state, *([f"acquired {_time(entry.acquired)}"] if entry.acquired else [])]
        _block(entry.product_id, words, [entry.name, entry.reason])
    console().print(", ".join(f"{number} {word}" for word, number in counts.items()))


@inbox_app.command("show")
def inbox_show(
    product_id: Annotated[str, typer.Argument(help="as `list` shows it, or its beginning")],
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Show all that is known of a product: notifications, starts, and the catalogue's own description.

    Example: ibf-pipeline inbox show 0dd083d4-360e-4693-9791-1215da02c3a3
    """
    eodata = _open(config, workspace)
    entry = eodata.inbox.entry(product_id)
    content = {
        **_entry_data(entry),
        "notifications": [
            {"subscription": subscription, "event": event, "door": door, "times": times}
            for subscription, event, door, times in eodata.inbox.notifications(entry.product_id)
        ],
        "starts": [
            {"country": start.country, "event": start.event, "run": start.run, "key": start.key}
            for start in eodata.inbox.starts(entry.product_id)
        ],
        "catalogue": json.loads(entry.content) if entry.content else None,
    }
    print(json.dumps(content, indent=1, ensure_ascii=False))


@inbox_app.command("replay")
def inbox_replay(
    product_id: Annotated[str, typer.Argument(help="as `list` shows it")],
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Let the next intake compare a product with the alerts again; what it starts then is a new start.

    Example: ibf-pipeline inbox replay 0dd083d4-360e-4693-9791-1215da02c3a3
    """
    eodata = _open(config, workspace)
    entry = eodata.inbox.replay(product_id)
    console().print(f"{entry.product_id}: {entry.state}, replay {entry.round}")


@inbox_app.command("prune")
def inbox_prune(
    older_than: Annotated[int, typer.Option("--older-than", min=7, help="days since a product was first seen")] = 90,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Forget the contents of settled products. Their ids stay, so that a late duplicate is recognised.

    Example: ibf-pipeline inbox prune --older-than 90
    """
    from datetime import timedelta

    from flows.wiring.day import now

    eodata = _open(config, workspace)
    count = eodata.inbox.prune(now() - timedelta(days=older_than))
    console().print(f"{count} products pruned")


def receiver(
    port: Annotated[int | None, typer.Option(help="instead of the settings' port")] = None,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Serve the receiver of push notifications on this machine, behind a proxy that ends TLS (docs/subscriptions.md).

    Example: ibf-pipeline receiver --port 8600
    """
    import logging

    import uvicorn

    from flows.wiring.subscriptions import open_receiver
    from ibf_pipeline.satellites.subscriptions.serving import serving

    app, settings = open_receiver(config, workspace)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    console().print(
        f"listening at http://{settings.host}:{port or settings.port}/, on any path - stop with Ctrl+C", soft_wrap=True
    )
    uvicorn.Server(serving(app, settings, port)).run()


def _open(config: str, workspace: str | None) -> Eodata:
    from flows.wiring.subscriptions import open_eodata

    return open_eodata(config, workspace)


def _providers(eodata: Eodata, chosen: str | None) -> list[str]:
    """The provider that was named, else all in use; a word where there are none."""
    found = [chosen] if chosen else eodata.providers_in_use()
    if not found:
        console().print("nothing is declared under subscriptions in eodata.yaml, and none was made by this pipeline")
    return found


def _print_plan(provider: str, plan: Plan, verb: str) -> None:
    out = console()
    if not plan.steps and not plan.stuck:
        out.print(f"{provider}: everything is as declared")
    for step in plan.steps:
        what = f" {step.subscription_id}" if step.subscription_id else ""
        out.print(f"{provider}: {verb} {step.kind}{what} for {step.name}: {step.reason}", soft_wrap=True)
    for entry in plan.stuck:
        out.print(f"{provider}: stuck: {entry.name}: {entry.text}", soft_wrap=True)


def _entry_data(entry: Entry) -> dict[str, object]:
    return {
        "product": entry.product_id,
        "name": entry.name,
        "type": entry.product_type,
        "provider": entry.provider,
        "state": entry.state,
        "reason": entry.reason,
        "acquired": _time(entry.acquired),
        "published": _time(entry.published),
        "first seen": _time(entry.first_seen),
    }


def _block(key: str, words: Sequence[str], lines: Sequence[str]) -> None:
    """A key that is never cut, however narrow the terminal, with what belongs to it below."""
    from rich.text import Text

    out = console()
    for line in (f"{key}  {'  '.join(words)}", *(f"    {line}" for line in lines if line)):
        out.print(Text(line), soft_wrap=True)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"
