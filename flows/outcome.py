"""What a finished flow run tells the person at the terminal, and its exit code."""

from __future__ import annotations

from datetime import date

from prefect.client.schemas.objects import State
from rich.console import Console
from rich.text import Text

from flows.tables import print_found
from flows.wiring import open_day
from ibf_pipeline.errors import IbfError


def print_outcome(
    state: State, config: str, country: str, issue_date: date | None, target: str | None, workspace: str | None,
    console: Console,
) -> int:  # fmt: skip
    """Print what the day found, where it is, and how publishing ended; returns the exit code."""
    error = state.result(raise_on_failure=False) if state.is_failed() or state.is_crashed() else None
    if isinstance(error, IbfError):
        console.print(Text(state.message or str(error), style="red"))
        return error.exit_code
    if isinstance(error, BaseException):
        console.print(Text(f"failed: {type(error).__name__}: {error}", style="red"))
        return 1
    day = open_day(config, country, issue_date, target, workspace=workspace)
    print_found(day.run.found(), console)
    console.print(f"run folder: {day.run.path}", soft_wrap=True)
    revisions = day.run.revisions(day.target_name)
    if revisions:
        calls = revisions[-1].calls()
        console.print(f"published to {day.target_name}: {len(calls)} calls, the last one {calls[-1].path.lstrip('/')}")
    console.print(Text(state.message or "", style="red" if state.is_failed() else "green"))
    return 1 if state.is_failed() else 0
