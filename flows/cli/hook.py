"""`ibf-pipeline hook`: the DestinE Hook service from the terminal. Heavy imports happen inside the commands."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.hook_options import client_or_book, open_hook, order_id_of
from flows.cli.hook_orders import cancel, download, observe, order, settle, wait
from flows.cli.options import Config, NoTable, OrderKey, ServiceName, WorkflowName

hook_app = typer.Typer(
    help="Order evidence from the DestinE Hook service (OnDemand Processing API). docs/hook.md walks through it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@hook_app.command()
def check(service: ServiceName = None, config: Config = "config", as_json: NoTable = False) -> None:
    """Check the prerequisites of the Hook service one by one, and name those that are missing.

    Example: ibf-pipeline hook check
    """
    import os

    from flows.cli.hook_tables import print_access_findings, print_json
    from ibf_pipeline.satellites.hook.access import check_access

    hook = open_hook(config, service)
    book = hook.book()
    findings = check_access(
        hook.client, lambda client: hook.desk_of(client, book), hook.service, hook.settings, os.environ
    )
    if as_json:
        kept = list(findings)
        print_json(kept)
        whole = all(finding.fine for finding in kept)
    else:
        whole = print_access_findings(findings)
    raise typer.Exit(0 if whole else 1)


@hook_app.command()
def workflows(service: ServiceName = None, config: Config = "config", as_json: NoTable = False) -> None:
    """List the workflows that the account may order.

    Example: ibf-pipeline hook workflows
    """
    from dataclasses import asdict

    from flows.cli.hook_tables import print_content, print_table
    from ibf_pipeline.satellites.hook.input_sources import origin_of

    with closing(open_hook(config, service).client()) as client:
        found = client.workflows()
    print_content(
        [{**asdict(each), "origin": origin_of(each.name)} for each in found],
        as_json,
        lambda: print_table(
            ("name", "title", "version", "origin"),
            [(w.name, w.display_name, w.version, origin_of(w.name)) for w in found],
        ),
    )


@hook_app.command()
def describe(
    name: WorkflowName,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """Show a workflow's options as the service describes them now.

    Example: ibf-pipeline hook describe data-harvest
    """
    from flows.cli.hook_tables import print_content, print_workflow

    with closing(open_hook(config, service).client()) as client:
        found = client.workflow(name)
    print_content(found, as_json, lambda: print_workflow(found))


@hook_app.command()
def orders(
    name: Annotated[str | None, typer.Option("--name", help="only orders whose name holds this text")] = None,
    here: Annotated[bool, typer.Option("--book", help="from the order book only, without asking the service")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """List the account's orders as the service knows them, newest first; with --book those of the order book.

    Example: ibf-pipeline hook orders --name jess11
    """
    from flows.cli.hook_tables import order_entry_data, print_content, print_entries, print_orders

    hook = open_hook(config, service)
    if here:
        entries = [entry for entry in hook.book().entries(hook.name) if name is None or name in entry.request.name]
        print_content([order_entry_data(entry) for entry in entries], as_json, lambda: print_entries(entries))
        return
    with closing(client_or_book(hook)) as client:
        found = [entry for entry in client.orders() if name is None or name in entry.name]
    print_content(found, as_json, lambda: print_orders(found))


@hook_app.command()
def status(key: OrderKey, service: ServiceName = None, config: Config = "config", as_json: NoTable = False) -> None:
    """Ask the service for the status of an order. Sends nothing.

    Example: ibf-pipeline hook status 25380
    """
    from flows.cli.hook_tables import order_entry_data, print_content, print_entries, print_orders

    hook = open_hook(config, service)
    with hook.desk() as (client, desk):
        entry = desk.find(key)
        if entry is not None and entry.order_id is None:
            print_content(order_entry_data(entry), as_json, lambda: print_entries([entry]))
            return
        if entry is None:
            found = client.order(key)
        else:
            found = client.order(str(entry.order_id), entry.key, len(entry.request.identifiers))
    print_content(found, as_json, lambda: print_orders([found]))


@hook_app.command()
def products(key: OrderKey, service: ServiceName = None, config: Config = "config", as_json: NoTable = False) -> None:
    """List an order's items, how they ended, and until when their links hold.

    Example: ibf-pipeline hook products 25379
    """
    from flows.cli.hook_tables import print_content, print_products, product_data

    hook = open_hook(config, service)
    with hook.desk() as (client, desk):
        found = client.products(order_id_of(desk, key))
    print_content([product_data(product) for product in found], as_json, lambda: print_products(found, hook.now()))


@hook_app.command()
def files(
    prefix: Annotated[str, typer.Argument(help="only keys that start so, e.g. the key fp-... of an order")] = "",
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """List the results in the private bucket of destine.yaml.

    Example: ibf-pipeline hook files dedl_jess11/
    """
    import os

    from flows.cli.hook_tables import print_content, print_files
    from ibf_pipeline.errors import ConfigError
    from ibf_pipeline.satellites.hook.private_files import list_files

    hook = open_hook(config, service)
    if hook.settings.private_storage is None:
        raise ConfigError(
            "no private_storage is configured",
            where=Path(config) / "destine.yaml",
            remedy="fill in endpoint_url and bucket; docs/hook.md shows how",
        )
    found = list_files(hook.settings.private_storage, prefix, os.environ, hook.redact)
    print_content(found, as_json, lambda: print_files(found))


@hook_app.command()
def budget(
    here: Annotated[bool, typer.Option("--book", help="from the order book only, without asking the service")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """Show what the account may still order this month, counted here and at the service.

    Example: ibf-pipeline hook budget
    """
    from flows.cli.hook_tables import budget_data, print_book_budget, print_budget, print_content
    from ibf_pipeline.satellites.hook.order_book import ExternalUsage, Quota
    from ibf_pipeline.satellites.hook.order_desk import budget_of

    hook = open_hook(config, service)
    if here:
        known = budget_of(hook.name, hook.book(), Quota(*hook.service.quota), ExternalUsage(0, 0), hook.now())
        data = budget_data(hook.name, known) | {"left": None, "used_elsewhere": None}
        print_content(data, as_json, lambda: print_book_budget(hook.name, known))
        return
    with closing(client_or_book(hook)) as client:
        found = hook.desk_of(client, hook.book()).budget()
    print_content(budget_data(hook.name, found), as_json, lambda: print_budget(hook.name, found))


for command in (order, wait, download, cancel, settle, observe):
    hook_app.command()(command)
