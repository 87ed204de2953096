"""Commands that set a country up: `prepare`, `new-country`, `fetch-static` and `check`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import AsData, Config, HazardName, Iso3, TargetName, Workspace
from flows.cli.terminal import console

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from ibf_pipeline.check.finding import Finding
    from ibf_pipeline.config.floods import FloodCountry
    from ibf_pipeline.prepare.parts import BuildProgress, BuildStep


_SHOWN = 10
"""notes of `prepare` on the terminal"""


def prepare(
    country: Iso3,
    propose_mapping: Annotated[
        bool, typer.Option("--propose-mapping", help="write a proposal of the station-to-area mapping, and stop")
    ] = False,
    hazard: HazardName = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Build a country's prepared layers where they are missing or out of date. An interrupted one goes on.

    Example: ibf-pipeline prepare UGA
    """
    from flows.wiring.day import open_configuration
    from flows.wiring.hazards import of_installation
    from flows.wiring.idle_countries import is_without_river
    from flows.wiring.legs import LEGS
    from flows.wiring.local_static import local_static
    from flows.wiring.sharing import shared_layers
    from ibf_pipeline.config.floods import FloodCountry
    from ibf_pipeline.prepare.inputs import NO_RIVER

    configuration = open_configuration(config, workspace)
    chosen = configuration.country(country, hazard)
    folder, out = configuration.prepared_folder(country, chosen.hazard), console()
    static = local_static(configuration, chosen)
    if is_without_river(configuration, chosen):
        out.print(f"{country}: {NO_RIVER}: the set-up is finished, and there is nothing to prepare.", soft_wrap=True)
        return
    if propose_mapping:
        _propose(FloodCountry.of(chosen), static, out)
        return
    preparing = of_installation(LEGS, chosen.hazard).preparing
    shared = shared_layers(configuration, country, chosen.hazard)
    with _progress(out) as progress:
        built = preparing.build(chosen, static, folder, progress, shared)
    said = f"built: {', '.join(built)}" if built else "up to date"
    out.print(f"{country}: {said}\n{folder}", soft_wrap=True)
    doubts, noticed = preparing.notes(chosen, folder)
    for text in doubts:
        out.print(f"doubtful: {text}", soft_wrap=True, markup=False)
    for text in noticed[:_SHOWN]:
        out.print(f"note: {text}", soft_wrap=True, markup=False)
    if len(noticed) > _SHOWN:
        out.print(f"and {len(noticed) - _SHOWN} more notes: `ibf-pipeline check {country}`")


def _propose(country: FloodCountry, static: Path, out: Console) -> None:
    from ibf_pipeline.prepare.inputs import MAPPING
    from ibf_pipeline.static.fetch import write_proposal

    file, mapped, areas = write_proposal(country, static)
    out.print(f"{file}: a station for {mapped} of {areas} areas.", soft_wrap=True)
    if (static / MAPPING).is_file():
        out.print(f"{MAPPING} exists and stays in use; to use the proposal, put it in its place.", soft_wrap=True)
    else:
        out.print(
            f"Look through it and rename it to {MAPPING}: until then it is for rehearsals that notify nobody.",
            soft_wrap=True,
        )


def new_country(
    country: Annotated[str, typer.Argument(help="ISO3 code of the new country, e.g. KEN", metavar="COUNTRY")],
    name: Annotated[str | None, typer.Option("--name", help="as people write it; else as the portal has it")] = None,
    admin_levels: Annotated[
        str | None, typer.Option("--admin-levels", help="e.g. 2,3; else as the portal has them")
    ] = None,
    default_level: Annotated[int | None, typer.Option("--default-level", help="the level of events")] = None,
    public: Annotated[
        bool, typer.Option("--public", help="everything from sources that need no account; no portal is asked")
    ] = False,
    boundaries: Annotated[
        str | None, typer.Option("--boundaries", help="with --public: another file or URL of the areas (COD-AB)")
    ] = None,
    target: TargetName = None,
    config: Config = "config",
) -> None:
    """Write a commented configuration file of a new country, and say what is still missing.

    Example: ibf-pipeline new-country KEN --name Kenya
    """
    from flows.cli.new_country import what_is_left, write_country
    from flows.wiring.day import open_configuration
    from ibf_pipeline.errors import ConfigError
    from ibf_pipeline.static.country_template import COD_AB

    configuration = open_configuration(config)
    areas = (boundaries or COD_AB.format(lower=country.lower())) if public or boundaries else None
    try:
        levels = None if admin_levels is None else [int(level) for level in admin_levels.split(",")]
    except ValueError:
        raise ConfigError(
            f"admin levels {admin_levels!r}", expected="numbers with commas, e.g. 2,3", remedy="correct --admin-levels"
        ) from None
    file = write_country(configuration, country, name, levels, default_level, target, areas)
    out = console()
    out.print(f"{file} is written. Next steps:", soft_wrap=True)
    for text in what_is_left(configuration, country, file, is_public=areas is not None):
        out.print(text if text.startswith("    ") else f"- {text}", soft_wrap=True, markup=False)


def fetch_static(
    country: Iso3,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="fetch again what was fetched; files that people changed stay")
    ] = False,
    hazard: HazardName = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Obtain the static data that the country's static_sources name, and say what is still missing.

    Example: ibf-pipeline fetch-static KEN
    """
    from flows.wiring.day import open_configuration
    from flows.wiring.static import fetch_country
    from ibf_pipeline.static.fetch import still_missing

    configuration = open_configuration(config, workspace)
    chosen = configuration.country(country, hazard)
    out = console()
    written = fetch_country(
        configuration, chosen, lambda text: out.print(text, soft_wrap=True, markup=False), refresh=refresh
    )
    out.print(f"{country}: {len(written)} files fetched, {configuration.static_folder(chosen)}", soft_wrap=True)
    missing = still_missing(chosen, configuration.static_folder(chosen))
    if missing:
        out.print("still missing:")
        for text in missing:
            out.print(f"- {text}", soft_wrap=True)
        raise typer.Exit(3)
    out.print(f"complete: `ibf-pipeline check {country}`, then `ibf-pipeline prepare {country}`")


def check(
    country: Iso3,
    target: TargetName = None,
    glofas: Annotated[
        str | None, typer.Option("--glofas", help="instead: compare its thresholds with those of this GloFAS version")
    ] = None,
    hazard: Annotated[str | None, typer.Option("--hazard", help="only this one; else all of the country")] = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Validate everything about a country without building anything. Exit code 1 if there is an error.

    Example: ibf-pipeline check UGA
    """
    import json

    if glofas is not None:
        from flows.cli.check_versions import print_versions

        print_versions(config, country, glofas, workspace, as_json=as_json)
        return

    from flows.cli.check import check_country
    from ibf_pipeline.check.finding import as_rows, worst_first

    findings = worst_first(check_country(config, country, target, workspace, hazard))
    if as_json:
        typer.echo(json.dumps(list(as_rows(findings)), ensure_ascii=False, indent=1))
    else:
        print_findings(country, findings, console())
    raise typer.Exit(1 if any(finding.level == "error" for finding in findings) else 0)


_TABLE_FROM = 100
"""columns of the terminal"""
_MOST_ROWS = 8
"""of a table, which takes more lines than the same in words"""
_LONGEST = 240
"""characters of what was found: the names of sixty areas would push everything else off the screen"""
_COLOURS = {"error": "bold red", "warning": "yellow", "not checked": "dim", "accepted": "dim", "fine": "green"}


def print_findings(country: str, findings: list[Finding], out: Console) -> None:
    from rich.text import Text

    told = [replace(finding, found=_cut(finding.found)) for finding in findings if finding.level != "fine"]
    if out.width < _TABLE_FROM or len(told) > _MOST_ROWS:
        _print_blocks(told, out)
    elif told:
        out.print(_table(told))
    faulted = {finding.subject for finding in told}
    fine = dict.fromkeys(finding.subject for finding in findings if finding.subject not in faulted)
    if fine:
        out.print(
            Text("fine", style=_COLOURS["fine"]).append(
                f"  {', '.join(fine)} (--json says what was found)", style="default"
            )
        )
    counts = [(level, sum(finding.level == level for finding in findings)) for level in _COLOURS]
    out.print(f"{country}: " + ", ".join(f"{count} {level}" for level, count in counts if count))


def _table(findings: list[Finding]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False, expand=False)
    table.add_column("", no_wrap=True)
    table.add_column("about", no_wrap=True)
    table.add_column("found", ratio=5, overflow="fold")
    table.add_column("what it means", ratio=4, overflow="fold")
    table.add_column("what to do", ratio=4, overflow="fold")
    for finding in findings:
        texts = (Text(text) for text in (finding.found, finding.meaning, finding.remedy))
        table.add_row(Text(finding.level, style=_COLOURS[finding.level]), finding.subject, *texts, end_section=True)
    return table


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST].rsplit(', ', 1)[0]}, ... (--json has them all)"


def _print_blocks(findings: list[Finding], out: Console) -> None:
    """Line by line, since a table would break file names and commands; what several findings share, once."""
    from rich.text import Text

    said: set[str] = set()
    for finding in findings:
        head = Text(finding.level, style=_COLOURS[finding.level])
        out.print(head.append(f"  {finding.subject}: {finding.found}", style="default"), soft_wrap=True)
        words = " -> ".join(filter(None, (finding.meaning, finding.remedy)))
        if words and words not in said:
            said.add(words)
            out.print(Text(f"    {words}"), soft_wrap=True)


@contextmanager
def _progress(out: Console) -> Iterator[BuildProgress]:
    """A bar on a terminal, lines elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    if not out.is_terminal:
        yield lambda step: out.print(f"{step.number} of {step.of}: {step}", soft_wrap=True)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(step: BuildStep) -> None:
            bar.update(task, total=step.of, completed=step.number - 1, description=str(step))

        yield show
