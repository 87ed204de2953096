"""The Hook commands that order, watch and fetch; `flows.cli.hook` puts them beside those that only look."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.hook_options import open_hook, order_id_of
from flows.cli.options import Config, NoTable, OrderKey, ServiceName, WorkflowName
from flows.cli.terminal import console, print_data

if TYPE_CHECKING:
    from flows.wiring.hook import Hook
    from ibf_pipeline.satellites.hook.order_desk import OrderDesk


def order(
    workflow: WorkflowName,
    products: Annotated[list[str], typer.Argument(help="names of the products to work on", metavar="PRODUCT...")],
    name: Annotated[str, typer.Option("--name", help="what you call it; our key is put behind it")] = "ibf-pipeline",
    output: Annotated[str, typer.Option("--output", help="an output of destine.yaml")] = "temporary",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="NAME=VALUE; a secret as NAME=env:VARIABLE; NAME= drops a preset"),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="all products in one order; not beyond the role's parallel items")
    ] = False,
    again: Annotated[int, typer.Option("--again", min=0, help="order the same once more: 1, then 2 ..")] = 0,
    wait_for_it: Annotated[bool, typer.Option("--wait/--no-wait", help="watch until they are finished")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """Order a workflow for one product or several; what does not fit the budget or the parallel limit waits here.

    The same order a second time is the first one, unless --again says otherwise. One order a product is the safe way:
    only such orders can be looked up by name when an answer is lost.

    Example: ibf-pipeline hook order data-harvest S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE
    --name "Tutorial data-harvest - jess11" -o desp_source_collection=EO.ESA.DAT.SENTINEL-2.MSI.L1C --wait
    """
    from ibf_pipeline.satellites.hook.input_sources import ordered_options
    from ibf_pipeline.satellites.hook.orders import OrderRequest, require_sensible

    hook = open_hook(config, service)
    options = ordered_options(hook.settings.presets.get(workflow, {}), _given(option or []), _output(hook, output))
    groups = [tuple(products)] if batch else [(product,) for product in products]
    requests = [OrderRequest(workflow, group, options, name, again) for group in groups]
    for request in requests:
        require_sensible(request)  # needs no account
    with hook.desk() as (_, desk):
        entries = [desk.submit(request) for request in requests]
        _follow(hook, desk, [entry.key for entry in entries], wait_for_it, as_json)


def wait(
    keys: Annotated[list[str] | None, typer.Argument(help="orders of the book; all open ones", metavar="ORDER")] = None,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """Send what waits and fits, clear up what is unclear, and watch until the orders are finished.

    Example: ibf-pipeline hook wait
    """
    hook = open_hook(config, service)
    with hook.desk() as (_, desk):
        chosen = [desk.entry(key).key for key in keys] if keys else [entry.key for entry in desk.unfinished()]
        _follow(hook, desk, chosen, True, as_json)


def cancel(key: OrderKey, service: ServiceName = None, config: Config = "config", as_json: NoTable = False) -> None:
    """Take back an order that waits here, or cancel it at the service; what already runs there comes to its end.

    Example: ibf-pipeline hook cancel fp-0123456789ab
    """
    from flows.cli.hook_tables import order_entry_data, print_content, print_entries, print_orders

    hook = open_hook(config, service)
    with hook.desk() as (client, desk):
        if desk.find(key) is not None:
            entry = desk.cancel(key)
            print_content(order_entry_data(entry), as_json, lambda: print_entries([entry]))
            return
        client.cancel(key)
        found = client.order(key)
    print_content(found, as_json, lambda: print_orders([found]))


def settle(
    key: OrderKey,
    order_id: Annotated[str | None, typer.Option("--order-id", help="the service has it under this id")] = None,
    never_arrived: Annotated[bool, typer.Option("--never-arrived", help="it is not there: send it again")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """Say what became of an order whose answer was lost and that cannot be looked up by name (several products).

    Example: ibf-pipeline hook settle fp-0123456789ab --order-id 25380
    """
    from flows.cli.hook_tables import order_entry_data, print_content, print_entries

    if never_arrived == (order_id is not None):
        raise typer.BadParameter("give either --order-id or --never-arrived")
    with open_hook(config, service).desk() as (_, desk):
        entry = desk.settle(key, order_id)
    print_content(order_entry_data(entry), as_json, lambda: print_entries([entry]))


def download(
    key: OrderKey,
    item: Annotated[str | None, typer.Argument(help="one item of the order; all completed ones")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="where to; the folder of destine.yaml")] = None,
    unpack: Annotated[bool, typer.Option("--unpack", help="unpack the archive beside itself, under limits")] = False,
    service: ServiceName = None,
    config: Config = "config",
    as_json: NoTable = False,
) -> None:
    """Fetch an order's results: streamed, resumed where they broke off, checksum beside the file.

    Example: ibf-pipeline hook download 25379 34079
    """
    from dataclasses import asdict

    from flows.cli.hook_tables import print_json, print_table
    from flows.cli.progress import receiving
    from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused, UsageError
    from ibf_pipeline.satellites.hook import archives
    from ibf_pipeline.satellites.hook.downloads import fetch_result
    from ibf_pipeline.satellites.hook.orders import RUNNING

    hook = open_hook(config, service)
    with hook.desk() as (client, desk):
        order_id = order_id_of(desk, key)
        look = f"look with `ibf-pipeline hook products {order_id}`"
        products = client.products(order_id)
        chosen = [product for product in products if item in (None, product.id)]
        if products and not chosen:
            raise UsageError(f"order {order_id} has no item {item}", where=hook.name, remedy=look)
        if item is None:
            chosen = [product for product in chosen if product.status == "completed"]
        if not chosen:
            waits = not products or any(product.status in RUNNING for product in products)
            kind: type[IbfError] = InputMissing if waits else ServerRefused
            raise kind(f"order {order_id} has no completed item", where=hook.name, remedy=look)
        fetched = []
        for product in chosen:
            with receiving(product.id, as_json) as progress:
                fetched.append(fetch_result(client, product, folder or hook.downloads, hook.largest_bytes, progress))
    for result in fetched:
        entries = archives.check_archive(result.file, hook.archive_limits)
        if unpack:
            archives.unpack(result.file, result.file.with_suffix(""), hook.archive_limits)
        if not as_json:
            print_table(
                ("bytes", "sha256", "files", "file"),
                [(result.record.bytes, result.record.sha256, len(entries), str(result.file))],
            )
    if as_json:
        print_json([{**asdict(result.record), "file": str(result.file)} for result in fetched])


def observe(
    country: Annotated[str, typer.Argument(help="ISO3 code of a configured country", metavar="COUNTRY")],
    issue_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="issue date (UTC) of the run")],
    event: Annotated[str, typer.Option("--event", help="name of an event of that run")],
    product: Annotated[str | None, typer.Option("--product", help="a notified Sentinel-1 GRD product")] = None,
    first_day: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="first day to look at; the event's own")
    ] = None,
    last_day: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last day to look at; the event's own")
    ] = None,
    service: ServiceName = None,
    config: Config = "config",
    workspace: Annotated[str | None, typer.Option("--workspace", help="folder of prepared layers and runs")] = None,
    as_json: NoTable = False,
) -> None:
    """Look whether a radar pass has seen an event's flood; orders a scene where no flood map exists and it is allowed.

    Example: ibf-pipeline hook observe XDM --date 2026-02-15 --event G5220 --product S1A_IW_GRDH_..
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.observe_event import observe_event
    from flows.states import SKIPPED, exit_code

    state = observe_event(
        country,
        issue_date.date(),
        event,
        product_name=product,
        first_day=None if first_day is None else first_day.date(),
        last_day=None if last_day is None else last_day.date(),
        service=service,
        config=config,
        workspace=workspace,
        return_state=True,
    )
    skipped = state.name == SKIPPED.name
    if as_json:
        print_data({"state": state.name, "message": state.message})
        raise typer.Exit(1 if skipped else exit_code(state))
    colour = "yellow" if skipped else "green" if state.is_completed() else "red"
    console(soft_wrap=True).print(state.message or state.name, style=colour)
    raise typer.Exit(1 if skipped else exit_code(state))


def _output(hook: Hook, name: str) -> dict[str, str | int]:
    from ibf_pipeline.config.loader import named

    return named("output", name, hook.settings.outputs, "destine.yaml", "add it under outputs, or choose another")


def _given(options: list[str]) -> dict[str, str | int]:
    for text in options:
        if "=" not in text:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--option")
    return {name: value for name, _, value in (text.partition("=") for text in options)}


def _follow(hook: Hook, desk: OrderDesk, keys: list[str], wait_for_it: bool, as_json: bool) -> None:
    """Send and, where asked, watch; exits 1 if an order ended badly, 4 if one is unclear, 3 if one waits."""
    from flows.cli.hook_tables import order_entry_data, print_content, print_entries
    from flows.cli.progress import watching
    from ibf_pipeline.satellites.hook.order_desk import succeeded

    if wait_for_it:
        with watching(as_json) as on_look:
            entries = desk.wait(keys, hook.settings.polling, hook.retry_policy.sleep, on_look)
    else:
        desk.advance()
        entries = [desk.entry(key) for key in keys]
    print_content([order_entry_data(entry) for entry in entries], as_json, lambda: print_entries(entries))
    if any(entry.finished and not succeeded(entry) for entry in entries):
        raise typer.Exit(1)
    if any(entry.state == "unclear" for entry in entries):
        raise typer.Exit(4)
    if any(entry.state == "waiting" for entry in entries):
        raise typer.Exit(3)
