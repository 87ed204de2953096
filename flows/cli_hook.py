"""`ibf-pipeline hook`: the DestinE Hook service from the terminal. Heavy imports happen inside the commands."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.hook import Hook
    from ibf_pipeline.destine.order_desk import OrderDesk

hook_app = typer.Typer(
    help="Order evidence from the DestinE Hook service (OnDemand Processing API). docs/hook.md walks through it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Config = Annotated[str, typer.Option("--config", envvar="IBF_CONFIG", help="folder of the configuration")]
ServiceName = Annotated[str | None, typer.Option("--service", help="service of destine.yaml; else its own default")]
AsJson = Annotated[bool, typer.Option("--json", help="data instead of a table")]
Key = Annotated[str, typer.Argument(help="key fp-... of the order book, or the service's order id", metavar="ORDER")]


@hook_app.command()
def check(service: ServiceName = None, config: Config = "config", as_json: AsJson = False) -> None:
    """Tell the prerequisites of the Hook service one by one, and which of them is missing.

    Example: ibf-pipeline hook check
    """
    from dataclasses import asdict

    from flows.hook_tables import print_findings, print_json
    from ibf_pipeline.destine.access import check_access
    from ibf_pipeline.destine.order_book import OrderBook

    hook = _open(config, service)
    with closing(OrderBook(hook.configuration.path(hook.settings.order_book))) as book:
        findings = check_access(
            hook.client, lambda client: hook.desk_of(client, book), hook.service, hook.settings
        )  # fmt: skip
        if as_json:
            kept = list(findings)
            print_json([asdict(finding) for finding in kept])
            whole = all(finding.state != "missing" for finding in kept)
        else:
            whole = print_findings(findings)
    raise typer.Exit(0 if whole else 1)


@hook_app.command()
def workflows(service: ServiceName = None, config: Config = "config", as_json: AsJson = False) -> None:
    """List the workflows that the account may order.

    Example: ibf-pipeline hook workflows
    """
    from flows.hook_tables import print_json, print_table, workflow_data

    with closing(_open(config, service).client()) as client:
        found = client.workflows()
    if as_json:
        print_json([workflow_data(workflow) for workflow in found])
    else:
        print_table(("name", "title", "version"), [(w.name, w.display_name, w.version) for w in found])


@hook_app.command()
def describe(
    name: Annotated[str, typer.Argument(help="name of a workflow, e.g. data-harvest")],
    service: ServiceName = None,
    config: Config = "config",
    as_json: AsJson = False,
) -> None:
    """Show a workflow's options as the service describes them now.

    Example: ibf-pipeline hook describe data-harvest
    """
    from flows.hook_tables import print_json, print_workflow, workflow_data

    with closing(_open(config, service).client()) as client:
        found = client.workflow(name)
    if as_json:
        print_json(workflow_data(found))
    else:
        print_workflow(found)


@hook_app.command()
def order(
    workflow: Annotated[str, typer.Argument(help="name of a workflow, e.g. data-harvest")],
    products: Annotated[list[str], typer.Argument(help="names of the products to work on", metavar="PRODUCT...")],
    name: Annotated[str, typer.Option("--name", help="what you call it; our key is put behind it")] = "ibf-pipeline",
    output: Annotated[str, typer.Option("--output", help="an output of destine.yaml")] = "temporary",
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="NAME=VALUE; a secret as NAME=env:VARIABLE")
    ] = None,
    batch: Annotated[bool, typer.Option("--batch", help="all products in one order instead of one order each")] = False,
    again: Annotated[int, typer.Option("--again", min=0, help="order the same once more: 1, then 2 ..")] = 0,
    wait_for_it: Annotated[bool, typer.Option("--wait/--no-wait", help="watch until they are finished")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: AsJson = False,
) -> None:
    """Order a workflow for one product or several; what does not fit the budget or the parallel limit waits here.

    The same order a second time is the first one, unless --again says otherwise. One order a product is the safe way:
    only such orders can be looked up by name when an answer is lost.

    Example: ibf-pipeline hook order data-harvest S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE
    --name "Tutorial data-harvest - jess11" -o desp_source_collection=EO.ESA.DAT.SENTINEL-2.MSI.L1C --wait
    """
    from ibf_pipeline.destine.orders import OrderRequest

    hook = _open(config, service)
    options = {**_output(hook, output), **hook.settings.presets.get(workflow, {}), **_given(option or [])}
    groups = [tuple(products)] if batch else [(product,) for product in products]
    with hook.desk() as (_, desk):
        entries = [desk.submit(OrderRequest(workflow, group, options, name, again)) for group in groups]
        _follow(hook, desk, [entry.key for entry in entries], wait_for_it, as_json)


@hook_app.command()
def wait(
    keys: Annotated[list[str] | None, typer.Argument(help="orders of the book; all open ones", metavar="ORDER")] = None,
    service: ServiceName = None,
    config: Config = "config",
    as_json: AsJson = False,
) -> None:
    """Send what waits and fits, clear up what is unclear, and watch until the orders are finished.

    Example: ibf-pipeline hook wait
    """
    hook = _open(config, service)
    with hook.desk() as (_, desk):
        chosen = [desk.entry(key).key for key in keys] if keys else [entry.key for entry in desk.unfinished()]
        _follow(hook, desk, chosen, True, as_json)


@hook_app.command()
def orders(
    name: Annotated[str | None, typer.Option("--name", help="only orders whose name holds this text")] = None,
    here: Annotated[bool, typer.Option("--book", help="the order book's own, without asking the service")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: AsJson = False,
) -> None:
    """List the account's orders as the service knows them, newest first; with --book those of the order book.

    Example: ibf-pipeline hook orders --name jess11
    """
    from flows.hook_tables import entry_data, order_data, print_entries, print_json, print_orders
    from ibf_pipeline.destine.order_book import OrderBook

    hook = _open(config, service)
    if here:
        with closing(OrderBook(hook.configuration.path(hook.settings.order_book))) as book:
            entries = [entry for entry in book.entries(hook.name) if name is None or name in entry.request.name]
        if as_json:
            print_json([entry_data(entry) for entry in entries])
        else:
            print_entries(entries)
        return
    with closing(hook.client()) as client:
        found = [entry for entry in client.orders() if name is None or name in entry.name]
    if as_json:
        print_json([order_data(entry) for entry in found])
    else:
        print_orders(found)


@hook_app.command()
def status(key: Key, service: ServiceName = None, config: Config = "config", as_json: AsJson = False) -> None:
    """Ask the service how an order stands. Sends nothing.

    Example: ibf-pipeline hook status 25380
    """
    from flows.hook_tables import entry_data, order_data, print_entries, print_json, print_orders

    hook = _open(config, service)
    with hook.desk() as (client, desk):
        entry = desk.find(key)
        if entry is not None and entry.order_id is None:
            if as_json:
                print_json(entry_data(entry))
            else:
                print_entries([entry])
            return
        found = client.order(key if entry is None else str(entry.order_id))
    if as_json:
        print_json(order_data(found))
    else:
        print_orders([found])


@hook_app.command()
def products(key: Key, service: ServiceName = None, config: Config = "config", as_json: AsJson = False) -> None:
    """List an order's items, how they ended, and until when their links hold.

    Example: ibf-pipeline hook products 25379
    """
    from flows.hook_tables import print_json, print_products, product_data

    hook = _open(config, service)
    with hook.desk() as (client, desk):
        found = client.products(_order_id(desk, key))
    if as_json:
        print_json([product_data(product) for product in found])
    else:
        print_products(found, hook.patience.now())


@hook_app.command()
def download(
    key: Key,
    item: Annotated[str | None, typer.Argument(help="one item of the order; all completed ones")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="where to; the folder of destine.yaml")] = None,
    unpack: Annotated[bool, typer.Option("--unpack", help="unpack the archive beside itself, under limits")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: AsJson = False,
) -> None:
    """Fetch an order's results: streamed, resumed where they broke off, checksum beside the file.

    Example: ibf-pipeline hook download 25379 34079
    """
    from dataclasses import asdict

    from flows.hook_progress import receiving
    from flows.hook_tables import print_json, print_table
    from ibf_pipeline.destine import archives
    from ibf_pipeline.destine.downloads import fetch_product
    from ibf_pipeline.errors import InputMissing

    hook = _open(config, service)
    with hook.desk() as (client, desk):
        order_id = _order_id(desk, key)
        chosen = [product for product in client.products(order_id) if item in (None, product.id)]
        if item is None:
            chosen = [product for product in chosen if product.status == "completed"]
        if not chosen:
            raise InputMissing(
                f"order {order_id} has no completed item{'' if item is None else f' {item}'}", where=hook.name,
                remedy=f"look with `ibf-pipeline hook products {order_id}`",
            )  # fmt: skip
        fetched = []
        for product in chosen:
            with receiving(product.id, as_json) as progress:
                fetched.append(
                    fetch_product(client, product, folder or hook.downloads, hook.largest_bytes, progress)
                )  # fmt: skip
    for result in fetched:
        entries = archives.check_archive(result.file, hook.archive_limits)
        if unpack:
            archives.unpack(result.file, result.file.with_suffix(""), hook.archive_limits)
        if not as_json:
            print_table(("bytes", "sha256", "files", "file"), [
                (result.record.bytes, result.record.sha256, len(entries), str(result.file))
            ])  # fmt: skip
    if as_json:
        print_json([{**asdict(result.record), "file": str(result.file)} for result in fetched])


@hook_app.command()
def files(
    prefix: Annotated[str, typer.Argument(help="only keys that start so, e.g. the key fp-... of an order")] = "",
    service: ServiceName = None,
    config: Config = "config",
    as_json: AsJson = False,
) -> None:
    """List the results in the private bucket of destine.yaml.

    Example: ibf-pipeline hook files dedl_jess11/
    """
    import os
    from dataclasses import asdict

    from flows.hook_tables import print_files, print_json
    from ibf_pipeline.destine.private_files import list_files
    from ibf_pipeline.errors import ConfigError

    hook = _open(config, service)
    if hook.settings.private_storage is None:
        raise ConfigError(
            "no private_storage is configured", where=Path(config) / "destine.yaml",
            remedy="fill in endpoint_url and bucket; docs/hook.md shows how",
        )  # fmt: skip
    found = list_files(hook.settings.private_storage, prefix, os.environ, hook.redact)
    if as_json:
        print_json([asdict(file) for file in found])
    else:
        print_files(found)


@hook_app.command()
def cancel(key: Key, service: ServiceName = None, config: Config = "config", as_json: AsJson = False) -> None:
    """Take back an order that waits here, or cancel it at the service; what already runs there comes to its end.

    Example: ibf-pipeline hook cancel fp-0123456789ab
    """
    from flows.hook_tables import entry_data, order_data, print_entries, print_json, print_orders

    hook = _open(config, service)
    with hook.desk() as (client, desk):
        if desk.find(key) is not None:
            entry = desk.cancel(key)
            if as_json:
                print_json(entry_data(entry))
            else:
                print_entries([entry])
            return
        client.cancel(key)
        found = client.order(key)
    if as_json:
        print_json(order_data(found))
    else:
        print_orders([found])


@hook_app.command()
def settle(
    key: Key,
    order_id: Annotated[str | None, typer.Option("--order-id", help="the service has it under this id")] = None,
    never_arrived: Annotated[bool, typer.Option("--never-arrived", help="it is not there: send it again")] = False,
    service: ServiceName = None,
    config: Config = "config",
) -> None:
    """Say what became of an order whose answer was lost and that cannot be looked up by name (several products).

    Example: ibf-pipeline hook settle fp-0123456789ab --order-id 25380
    """
    from flows.hook_tables import print_entries

    if never_arrived == (order_id is not None):
        raise typer.BadParameter("give either --order-id or --never-arrived")
    with _open(config, service).desk() as (_, desk):
        print_entries([desk.settle(key, order_id)])


@hook_app.command()
def budget(service: ServiceName = None, config: Config = "config", as_json: AsJson = False) -> None:
    """Show what the account may still order this month, counted here and at the service.

    Example: ibf-pipeline hook budget
    """
    from flows.hook_tables import budget_data, print_budget, print_json

    hook = _open(config, service)
    with hook.desk() as (_, desk):
        found = desk.budget()
    if as_json:
        print_json(budget_data(hook.name, found))
    else:
        print_budget(hook.name, found)


def _open(config: str, service: str | None) -> Hook:
    from flows.hook import open_hook

    return open_hook(config, service)


def _output(hook: Hook, name: str) -> dict[str, str | int]:
    from ibf_pipeline.errors import ConfigError

    if name not in hook.settings.outputs:
        raise ConfigError(
            f"there is no output {name!r}", where="destine.yaml",
            expected="one of " + (", ".join(sorted(hook.settings.outputs)) or "none is configured"),
            remedy="add it under outputs, or choose another",
        )  # fmt: skip
    return hook.settings.outputs[name]


def _given(options: list[str]) -> dict[str, str | int]:
    for text in options:
        if "=" not in text:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--option")
    return {name: value for name, _, value in (text.partition("=") for text in options)}


def _order_id(desk: OrderDesk, key: str) -> str:
    from ibf_pipeline.errors import InputMissing

    entry = desk.find(key)
    if entry is None:
        return key
    if entry.order_id is None:
        raise InputMissing(f"order {entry.key} is {entry.state}", remedy="`ibf-pipeline hook wait` sends it")
    return entry.order_id


def _follow(hook: Hook, desk: OrderDesk, keys: list[str], wait_for_it: bool, as_json: bool) -> None:
    """Send and, where asked, watch; exits 1 where an order ended badly, 4 where one is unclear, 3 where one waits."""
    from flows.hook_progress import watching
    from flows.hook_tables import entry_data, print_entries, print_json
    from ibf_pipeline.destine.order_desk import succeeded

    if wait_for_it:
        with watching(as_json) as on_look:
            entries = desk.wait(keys, hook.settings.polling, hook.patience.sleep, on_look)
    else:
        desk.advance()
        entries = [desk.entry(key) for key in keys]
    if as_json:
        print_json([entry_data(entry) for entry in entries])
    else:
        print_entries(entries)
    if any(entry.finished and not succeeded(entry) for entry in entries):
        raise typer.Exit(1)
    if any(entry.state == "unclear" for entry in entries):
        raise typer.Exit(4)
    if any(entry.state == "waiting" for entry in entries):
        raise typer.Exit(3)
