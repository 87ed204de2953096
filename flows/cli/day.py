"""One day of one country: `run`, `plan` and `report`. Heavy imports happen inside the commands."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from flows.cli.options import (
    AcceptBlind,
    Config,
    DiscardDecisions,
    HazardName,
    Hold,
    Iso3,
    IssueDateOrTime,
    Notify,
    RunName,
    TakeOver,
    TargetName,
    Workspace,
)
from flows.cli.terminal import console


def run(
    country: Iso3,
    issue_date: IssueDateOrTime = None,
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Notify = True,
    hold: Hold = False,
    accept_blind: AcceptBlind = None,
    take_over: TakeOver = False,
    discard_decisions: DiscardDecisions = False,
    publish_withdrawn: Annotated[
        bool, typer.Option("--publish-withdrawn", help="publish events again that were withdrawn")
    ] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run the day of a country and publish it.

    Example: ibf-pipeline run UGA --date 2026-02-15 --target sandbox
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    options = {
        "notify": notify,
        "hold": hold,
        "accept_blind": accept_blind,
        "take_over": take_over,
        "discard_decisions": discard_decisions,
        "publish_withdrawn": publish_withdrawn,
    }
    raise typer.Exit(run_and_print(country, issue_date, target, config, workspace, hazard=hazard, **options))


def plan(
    country: Iso3,
    issue_date: IssueDateOrTime = None,
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Annotated[bool, typer.Option(help="plan with the notification at the end")] = True,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Show the ordered calls of a day as a table, without publishing. Runs the forecast if that was not done yet.

    Example: ibf-pipeline plan XDM --date 2026-02-15 --target sandbox
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.cli.tables import print_found, print_plan
    from flows.wiring.plan import plan_day

    found, draft, file = plan_day(config, country, issue_date, target, workspace, notify=notify, hazard=hazard)
    out = console()
    print_found(found, out)
    out.print(f"\ncapabilities `{draft.about.capabilities}`: {draft.about.reason}")
    print_plan(draft.calls, out)
    out.print(f"\nnothing was published; the plan as data: {file}", soft_wrap=True)


def report(
    run: RunName,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Write the report of a finished run again, with what has been published since.

    Example: ibf-pipeline report UGA/2026-02-15
    """
    from flows.wiring.decisions import open_run
    from flows.wiring.sharing import fetch_run_layers
    from ibf_pipeline.report.writer import rewrite_report

    day = open_run(run, config, None, workspace)
    console().print(f"report: {rewrite_report(day.run, fetch_run_layers(day))}", soft_wrap=True)


def run_and_print(
    country: str,
    issued: date | str | None,
    target: str | None,
    config: str,
    workspace: str | None,
    *,
    hazard: str | None = None,
    **options: Any,
) -> int:
    """Run the flow of the country's hazard and print how it ended; the exit code. `options`: of the flow."""
    from flows.cli.outcome import print_outcome
    from flows.hazard_flows import flow_of
    from flows.wiring.day import open_day

    # a wrong argument is reported at once, not by a flow run
    of = open_day(config, country, issued, target, hazard=hazard, workspace=workspace).country.hazard
    state: Any = flow_of(of)(country, issued, target, config=config, workspace=workspace, return_state=True, **options)
    return print_outcome(state, config, country, issued, target, workspace, console(), hazard=of)
