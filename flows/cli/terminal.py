"""Where commands print. Rich is loaded when something is printed, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console


def console(*, soft_wrap: bool = False) -> Console:
    """Standard output, without colours of its own."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=soft_wrap)


def end_with(state: Any) -> NoReturn:
    """Say how a flow run ended, in its own words, and end with its exit code."""
    from rich.text import Text

    from flows.states import exit_code

    colour = "green" if state.is_completed() else "red"
    console().print(Text(state.message or state.name, style=colour), soft_wrap=True)
    raise typer.Exit(exit_code(state))
