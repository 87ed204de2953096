"""`ibf-pipeline inbox`: satellite products that were announced or found, from the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.options import AsData, Config, InboxWorkspace
from flows.cli.subscriptions import open_eodata
from flows.cli.terminal import console, print_data

inbox_app = typer.Typer(help="Satellite products that were announced or found.", no_args_is_help=True)

EntryState = Literal["incomplete", "waiting", "triggered", "ignored"]
_YOUNGEST_SETTLED = 7
"""days; younger triggered products are still compared with further alerts"""
ProductId = Annotated[str, typer.Argument(help="as `list` shows it, or its beginning", metavar="ID")]


@inbox_app.command("list")
def list_products(
    state: Annotated[EntryState | None, typer.Option("--state", help="only products in this state")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="products, the latest first")] = 50,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """List products, the latest first, with what became of them.

    Example: ibf-pipeline inbox list --state triggered
    """
    from flows.cli.subscriptions_tables import block, inbox_entry_data, time_text

    eodata = open_eodata(config, workspace)
    entries, counts, full = eodata.inbox.entries(state, limit), eodata.inbox.counts(), eodata.inbox.fullness_error()
    if as_json:
        products = [inbox_entry_data(entry) for entry in entries]
        print_data({"counts": counts, "full": full.found if full else None, "products": products})
        return
    for entry in entries:
        words = [entry.state, *([f"acquired {time_text(entry.acquired)}"] if entry.acquired else [])]
        block(entry.product_id, words, [entry.name, entry.reason])
    console().print(", ".join(f"{number} {word}" for word, number in counts.items()), soft_wrap=True)
    if full:
        console().print(str(full), soft_wrap=True)


@inbox_app.command()
def show(
    product_id: ProductId, as_json: AsData = False, config: Config = "config", workspace: InboxWorkspace = None
) -> None:
    """Show all that is known of a product: notifications, starts, and the catalogue's own description; always as data.

    Example: ibf-pipeline inbox show 0dd083d4-360e-4693-9791-1215da02c3a3
    """
    from flows.cli.subscriptions_tables import inbox_entry_data

    eodata = open_eodata(config, workspace)
    entry = eodata.inbox.entry(product_id)
    content = {
        **inbox_entry_data(entry),
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
    print_data(content)


@inbox_app.command()
def download(
    product_id: ProductId,
    folder: Annotated[Path | None, typer.Option("--folder", help="where to; the folder of eodata.yaml")] = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="keep it although size or checksum are not the catalogue's")
    ] = False,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Fetch a product from its catalogue: resumed where it broke off, size and checksum compared with what it says.

    Example: ibf-pipeline inbox download 0dd083d4-360e-4693-9791-1215da02c3a3
    """
    from dataclasses import asdict

    from flows.cli.progress import receiving
    from flows.cli.subscriptions_tables import block
    from ibf_pipeline.satellites.subscriptions.download import fetch_product

    eodata = open_eodata(config, workspace)
    entry = eodata.inbox.entry(product_id)
    rules = eodata.settings.downloads
    place = folder or eodata.configuration.path(rules.folder)
    with eodata.client(entry.provider) as client, receiving(entry.product_id, as_json) as progress:
        got = fetch_product(
            client, entry.product_id, place, int(rules.largest_gigabytes * 1e9), unverified=unverified,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_data(asdict(got))
        return
    block(str(got.file), [f"{got.bytes:,} bytes", got.verified], [f"sha256 {got.sha256}"])


@inbox_app.command()
def replay(
    product_id: ProductId, as_json: AsData = False, config: Config = "config", workspace: InboxWorkspace = None
) -> None:
    """Let the next intake compare a product with the alerts again; what it starts then is a new start.

    Example: ibf-pipeline inbox replay 0dd083d4-360e-4693-9791-1215da02c3a3
    """
    entry = open_eodata(config, workspace).inbox.replay(product_id)
    if as_json:
        print_data({"product": entry.product_id, "state": entry.state, "replay": entry.round})
        return
    console().print(f"{entry.product_id}: {entry.state}, replay {entry.round}", soft_wrap=True)


@inbox_app.command()
def prune(
    older_than: Annotated[int, typer.Option("--older-than", min=0, help="days since a product was first seen")] = 90,
    state: Annotated[
        EntryState | None,
        typer.Option("--state", help="only products in this state; `waiting` and `incomplete` ones are dropped"),
    ] = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Forget the contents of settled products; drop those that still wait where their state is named.

    Ids stay, so that a late duplicate is recognised. What is dropped starts nothing any more, unless it is replayed.

    Example: ibf-pipeline inbox prune --older-than 90
    """
    from datetime import timedelta

    from flows.wiring.day import now
    from ibf_pipeline.errors import UsageError
    from ibf_pipeline.satellites.subscriptions.inbox import SETTLED

    chosen = [state] if state else list(SETTLED)
    if older_than < _YOUNGEST_SETTLED and "triggered" in chosen:
        raise UsageError(
            f"--older-than {older_than} with triggered products, which may still start an observation",
            expected=f"at least {_YOUNGEST_SETTLED} days",
            remedy="name the states that are meant, such as --state waiting",
        )
    count = open_eodata(config, workspace).inbox.prune(now() - timedelta(days=older_than), chosen)
    if as_json:
        print_data({"pruned": count, "states": chosen})
        return
    console().print(f"{count} products pruned")
