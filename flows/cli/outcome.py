"""What a command prints of a finished flow run, and its exit code."""

from __future__ import annotations

from datetime import date

from prefect.client.schemas.objects import State
from rich.console import Console
from rich.text import Text

from flows.cli.tables import print_found
from flows.day_state import nothing_new
from flows.states import error_of, exit_code
from flows.wiring.day import open_day
from ibf_pipeline.errors import IbfError
from ibf_pipeline.report.writer import PAGE
from ibf_pipeline.runs.revision import Revision


def print_outcome(
    state: State,
    config: str,
    country: str,
    issued: date | str | None,
    target: str | None,
    workspace: str | None,
    console: Console,
    *,
    exercise: bool = False,
    hazard: str | None = None,
) -> int:
    """Print what the day found, where it is, and how publishing ended; returns the exit code."""
    error = error_of(state)
    if error is not None:
        text = state.message if isinstance(error, IbfError) else f"failed: {type(error).__name__}: {error}"
        console.print(Text(text or str(error), style="red"), soft_wrap=True)
        return exit_code(state)
    day = open_day(config, country, issued, target, hazard=hazard, workspace=workspace, exercise=exercise)
    print_found(day.run.findings(), console)
    console.print(f"run folder: {day.run.path}", soft_wrap=True)
    if day.run.report.has(PAGE):
        console.print(f"report: {day.run.report.file(PAGE)}", soft_wrap=True)
    revisions = day.run.revisions(day.target_name)
    if revisions and nothing_new(day.target_name) not in (state.message or ""):
        console.print(_published(day.target_name, revisions[-1]), soft_wrap=True)
    console.print(Text(state.message or "", style="red" if state.is_failed() else "green"), soft_wrap=True)
    return exit_code(state)


def _published(target: str, revision: Revision) -> str:
    """How far a revision got."""
    calls, left = revision.calls(), revision.state().remaining_calls
    if not left and not revision.about().notify:
        return f"published to {target}: {len(calls)} calls; nobody is notified by them"
    if not left and revision.state().progress.is_unmailed:
        return f"published to {target}: {len(calls)} calls; it shows the day and mails nobody"
    if not left:
        return f"published to {target}: {len(calls)} calls, the last one {calls[-1].path.lstrip('/')}"
    return (
        f"published to {target} only in part: {len(calls) - len(left)} of {len(calls)} calls; next is {left[0].title}"
    )
