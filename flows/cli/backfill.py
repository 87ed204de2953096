"""`ibf-pipeline backfill`: past days in their order."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Config, HazardName, Iso3, TargetName, Workspace, day_or_hour
from flows.cli.terminal import console


def backfill(
    country: Iso3,
    first: Annotated[
        str, typer.Option("--from", parser=day_or_hour, metavar="YYYY-MM-DD[THH]", help="first issue date, or its hour")
    ],
    last: Annotated[
        str, typer.Option("--to", parser=day_or_hour, metavar="YYYY-MM-DD[THH]", help="last issue date, or its hour")
    ],
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Annotated[bool, typer.Option("--notify", help="send notifications about past days")] = False,
    really: Annotated[bool, typer.Option("--really-notify", help="confirm --notify a second time")] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run past days in their order, without notifications; stops at the first that is not published.

    Example: ibf-pipeline backfill UGA --from 2026-02-01 --to 2026-02-14
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.backfill import backfill_days, require_notify_confirmed
    from flows.states import exit_code

    require_notify_confirmed(notify=notify, really=really)
    out, code = console(), 0
    for day in backfill_days(
        country,
        first,
        last,
        target,
        hazard=hazard,
        notify=notify,
        config=config,
        workspace=workspace,
        skipped=lambda day: out.print(f"{day}: published before, skipped"),
    ):
        code = exit_code(day.state) or code
        out.print(f"{day.issue_time}: {day.state.message}", soft_wrap=True)
        if not day.published:
            again = f"continue with --from {day.issue_time} when it is fixed"
            out.print(f"stopped at {day.issue_time}; {again}", soft_wrap=True)
    raise typer.Exit(code)
