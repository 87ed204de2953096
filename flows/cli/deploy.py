"""Commands that deal with a Prefect server. Heavy imports happen inside them."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Config, IssueDate, Workspace
from flows.cli.terminal import console, print_whole

deploy_app = typer.Typer()


@deploy_app.command()
def deploy(
    config: Config = "config",
    workspace: Workspace = None,
    runs_config: Annotated[
        str | None,
        typer.Option("--runs-config", help="configuration folder where the runs take place, e.g. /app/config"),
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="seconds to wait for a Prefect server that is just starting")
    ] = 60,
) -> None:
    """Register everything with the Prefect server: deployments, schedules, limits, automations. Changes what differs.

    Example: PREFECT_API_URL=http://127.0.0.1:4200/api ibf-pipeline deploy
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from rich.table import Table
    from rich.text import Text

    from flows.deployment.deploy import await_server, server_address
    from flows.deployment.deploy import deploy as register
    from flows.deployment.server_settings import server_words
    from flows.wiring.accounts import needed_accounts
    from flows.wiring.day import open_configuration
    from flows.wiring.tested_set import untested

    out = console()
    if untested():
        out.print(untested(), soft_wrap=True)
    if server_address() is not None:
        await_server(wait, lambda address: out.print(f"waiting for the Prefect server at {address}", soft_wrap=True))
    done = register(config, workspace, runs_config=runs_config)
    table = Table("what", "name", "", "note", box=None, pad_edge=False)
    for item in done:
        style = "dim" if item.outcome == "unchanged" else ""
        table.add_row(item.kind, Text(item.name), item.outcome, Text(item.note), style=style)
    print_whole(table)
    if accounts := needed_accounts(open_configuration(config, workspace)):
        out.print(f"workers need in their environment, before they start: {'; '.join(accounts)}", soft_wrap=True)
    for words in server_words():
        out.print(words, soft_wrap=True)
    if not any(item.name == "ibf: failed runs" and item.outcome != "removed" for item in done):
        out.print("nobody is told of failures: name a block in operations.notification_block of settings.yaml")
    if any(item.outcome == "left out" for item in done):
        raise typer.Exit(1)


@deploy_app.command()
def heartbeat(issue_date: IssueDate = None, config: Config = "config", workspace: Workspace = None) -> None:
    """Exit 1 if a country's day has not ended well, naming it. Needs no Prefect server: for cron or a monitor.

    Example: ibf-pipeline heartbeat --date 2026-02-15
    """
    from flows.heartbeat import overdue_runs
    from flows.wiring.day import now, open_configuration

    day = issue_date.date() if issue_date else now().date()
    missing = overdue_runs(open_configuration(config, workspace), day, config, workspace)
    out = console()
    for problem in missing:
        out.print(problem, soft_wrap=True, style="red")
    out.print(f"{day}: " + (f"{len(missing)} not finished" if missing else "every country's day has ended"))
    raise typer.Exit(1 if missing else 0)
