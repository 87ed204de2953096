"""`verify`: does the portal show what was published? Heavy imports happen inside the command."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Config, HazardName, IssueDateOrTime, TargetName, Workspace
from flows.cli.terminal import console

_EXIT_CODES = {"agrees": 0, "differs": 1}
"""verdict -> exit code; 3 for what cannot be compared"""


def verify(
    run: Annotated[
        str, typer.Argument(help="country with --date, or a run: UGA/2026-02-15, runs/UGA/floods/2026-02-15")
    ],
    issue_date: IssueDateOrTime = None,
    target: TargetName = None,
    hazard: HazardName = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Read back what the portal shows of a day, and compare it with what was recorded before publishing.

    Exit code: 0 if they agree, 1 if something differs, 3 if it cannot be compared: the portal shows a
    later day by now, cannot be read, or nothing is known of what it must show.

    Example: ibf-pipeline verify UGA --date 2026-02-15
    """
    from flows.wiring.day import open_day
    from flows.wiring.decisions import open_run, reported, verify_run

    day = (
        open_run(run, config, target, workspace)
        if "/" in run
        else open_day(config, run, issue_date, target, hazard=hazard, workspace=workspace)
    )
    with reported(day):
        revision, verified = verify_run(day)
    out = console(soft_wrap=True)
    if verified is None:
        out.print(f"nothing to look at: {day.target_name} has no portal")
        raise typer.Exit(3)
    out.print(f"{day.name}, revision {revision.number} on {day.target_name}: {verified.words}")
    for row in verified.differences:
        out.print(f"- {row}", markup=False)
    for text in verified.not_checked:
        out.print(f"not checked: {text}", markup=False)
    raise typer.Exit(_EXIT_CODES.get(verified.verdict, 3))
