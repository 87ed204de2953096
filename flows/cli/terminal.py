"""Where commands print. Rich is loaded when something is printed, not before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDEST: Final = 100_000
"""columns of a terminal, for what is never cut"""


def console(*, soft_wrap: bool = False) -> Console:
    """Standard output, without automatic colours; brackets and colons are printed as they are."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=soft_wrap, markup=False, emoji=False)


def print_whole(table: Table) -> None:
    """A table of which nothing is cut or broken into two lines, however narrow the terminal, or in a pipe: keys, names
    and checksums are what the next command needs.
    """
    from rich.measure import Measurement

    out = console(soft_wrap=True)
    out.width = max(out.width, Measurement.get(out, out.options.update(max_width=_WIDEST), table).maximum)
    out.print(table)


def print_data(content: Any, default: Any = str) -> None:
    """JSON on standard output."""
    print(json.dumps(content, indent=2, ensure_ascii=False, default=default))


def end_with(state: Any, as_json: bool = False) -> NoReturn:
    """Print the last state of a flow run, and exit with its code."""
    from rich.text import Text

    from flows.states import exit_code

    if as_json:
        print_data({"state": state.name, "message": state.message})
        raise typer.Exit(exit_code(state))
    colour = "green" if state.is_completed() else "red"
    console().print(Text(state.message or state.name, style=colour), soft_wrap=True)
    raise typer.Exit(exit_code(state))
