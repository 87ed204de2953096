"""Commands for operating many countries. Heavy imports happen inside them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

operate_app = typer.Typer()

Day = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="issue date (UTC); today where none is given")
]
TargetName = Annotated[str | None, typer.Option("--target", help="target of settings.yaml; else the country's own")]
Config = Annotated[str, typer.Option("--config", envvar="IBF_CONFIG", help="folder of the configuration")]
Workspace = Annotated[
    str | None,
    typer.Option("--workspace", help="folder for prepared layers, runs and sandbox instead of the settings' own"),
]


@operate_app.command("all-countries")
def run_all_countries(
    countries: Annotated[list[str] | None, typer.Argument(help="ISO3 codes; all configured countries")] = None,
    issue_date: Day = None,
    target: TargetName = None,
    notify: Annotated[bool, typer.Option(help="notify people at the end")] = True,
    limit: Annotated[int | None, typer.Option(min=1, help="countries at the same time; else as configured")] = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run the flood day of every configured country; one country's trouble does not stop the others.

    Exit code: 0 where every country is done; 4 where a notification is unconfirmed, else 1 where one failed, else 3.

    Example: ibf-pipeline all-countries --date 2026-02-15 --limit 2
    """
    from flows.environment import settle

    settle()
    from rich.console import Console

    from flows.all_countries import all_countries
    from flows.outcome import exit_code

    state: Any = all_countries(
        issue_date.date() if issue_date else None, countries, target, notify, limit=limit, config=config,
        workspace=workspace, return_state=True,
    )  # fmt: skip
    Console(highlight=False).print(state.message, soft_wrap=True, style="green" if state.is_completed() else "red")
    raise typer.Exit(exit_code(state))
