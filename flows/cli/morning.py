"""`ibf-pipeline morning`. Heavy imports happen inside the command."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Config, Workspace
from flows.cli.terminal import console


def morning(
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="of the page; the newest if none is given"),
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="copy the page to this file, such as of a web server")] = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Fetch the page of the morning, which runs write, and say where it is: one HTML file for people without the UI.

    Example: ibf-pipeline morning --to /var/www/morning.html
    """
    from flows.wiring.day import open_configuration
    from ibf_pipeline.io.atomic_files import write_bytes
    from ibf_pipeline.report.morning.archive import fetched_page

    configuration = open_configuration(config, workspace)
    runs = configuration.path(configuration.settings.paths.runs)
    page = fetched_page(day and day.date(), runs, configuration.storage)
    if to is not None:
        write_bytes(to, page.read_bytes())
    console().print(str(to or page), soft_wrap=True)
