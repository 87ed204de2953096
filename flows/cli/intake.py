"""`ibf-pipeline intake`: from the catalogues into the inbox, and on to observations, from the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import AsData, Config, InboxWorkspace
from flows.cli.terminal import end_with


def intake(
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="search the catalogues now, however recently they were searched")
    ] = False,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Read the queues, search the catalogues if due, and start observations of alerted events, once.

    What the deployment `intake` does every few minutes. Code 1 if a queue, a search or a start failed; the
    others were done nevertheless.

    Example: ibf-pipeline intake --catch-up
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.intake import intake as flow

    end_with(flow(catch_up, config, workspace, return_state=True), as_json)
