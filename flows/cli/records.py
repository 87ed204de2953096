"""`ibf-pipeline records`: who is at work, and what earlier versions left. Heavy imports happen inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Config, Workspace

records_app = typer.Typer(
    help="The records: who is at work now, and what earlier versions left. docs/publishing.md",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@records_app.command("take-over")
def take_over(config: Config = "config", workspace: Workspace = None) -> None:
    """Put the plans, journals, satellite products and orders that earlier versions kept elsewhere into the records.

    With a store, runs, revisions, observations and prepared layers that only this machine has are put there. It can be
    repeated. The files of inbox and order book are then renamed to .taken-over.

    Example: ibf-pipeline records take-over
    """
    from flows.wiring.day import open_configuration
    from flows.wiring.records import open_database, put_into_store, take_over_files, take_over_runs
    from flows.wiring.sharing import share_layers

    configuration = open_configuration(config, workspace)
    database = open_database(configuration)
    with database.snapshot():  # creates the records even if nothing has to be taken over
        pass
    for iso3, revisions in take_over_runs(configuration).items():
        typer.echo(f"{iso3}: {revisions} revisions taken over")
    for iso3, places in put_into_store(configuration).items():
        typer.echo(f"{iso3}: {places} runs and revisions put into the store")
    for label in share_layers(configuration):
        typer.echo(f"{label}: prepared layers put into the store")
    for file, rows in take_over_files(configuration, workspace).items():
        typer.echo(f"{file}: {rows} rows taken over")
    typer.echo(f"the records are whole: {database.place}")


@records_app.command()
def move(
    file: Annotated[Path, typer.Argument(help="the SQLite file that the records are in now")],
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Move the records of one machine to the database server that `records` in settings.yaml names now.

    All or nothing, while nobody uses the file, which is then renamed to .moved.

    Example: ibf-pipeline records move runs/records.sqlite
    """
    from flows.wiring.day import open_configuration
    from flows.wiring.records import open_database
    from ibf_pipeline.records.relocation import move as moved

    database = open_database(open_configuration(config, workspace))
    typer.echo(f"{database.place}: {moved(file, database)} rows moved")


@records_app.command()
def holders(config: Config = "config", workspace: Workspace = None) -> None:
    """Show who holds a lock, for what, and since when: publishing, sending orders, changing subscriptions.

    Example: ibf-pipeline records holders
    """
    from flows.wiring.day import open_configuration
    from flows.wiring.records import open_database
    from ibf_pipeline.records.lease import holders as held

    for line in held(open_database(open_configuration(config, workspace))) or ["nobody is at work"]:
        typer.echo(line)
