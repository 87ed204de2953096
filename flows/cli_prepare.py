"""Commands that set a country up: `prepare`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ibf_pipeline.prepare.parts import Progress, Step

Iso3 = Annotated[str, typer.Argument(help="ISO3 code of a configured country, e.g. UGA", metavar="COUNTRY")]
Config = Annotated[str, typer.Option("--config", envvar="IBF_CONFIG", help="folder of the configuration")]
Workspace = Annotated[
    str | None,
    typer.Option("--workspace", help="folder for prepared layers, runs and sandbox instead of the settings' own"),
]


def prepare(country: Iso3, config: Config = "config", workspace: Workspace = None) -> None:
    """Build a country's prepared layers where they are missing or out of date. An interrupted one goes on.

    Example: ibf-pipeline prepare UGA
    """
    from flows.wiring import open_configuration
    from ibf_pipeline.prepare.build import prepare as build

    configuration = open_configuration(config, workspace)
    chosen = configuration.country(country)
    folder = configuration.prepared_folder(country)
    console = _console()
    with _progress(console) as progress:
        built = build(chosen, configuration.static_folder(chosen), folder, progress)
    said = f"built: {', '.join(built)}" if built else "up to date"
    console.print(f"{country}: {said}\n{folder}", soft_wrap=True)


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """A bar on a terminal, lines elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    if not console.is_terminal:
        yield lambda step: console.print(f"{step.number} of {step.of}: {_words(step)}", soft_wrap=True)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(step: Step) -> None:
            bar.update(task, total=step.of, completed=step.number - 1, description=_words(step))

        yield show


def _words(step: Step) -> str:
    return step.words + (" (kept)" if step.kept else "")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)
