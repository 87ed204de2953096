"""The console script `ibf-pipeline`. Heavy imports happen inside the commands."""

from __future__ import annotations

import shutil
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    help="Flood alerts for an IBF portal out of GloFAS ensembles. Exit codes: 0 done, 1 failed, 2 bad usage, "
    "3 input not available yet, 4 notification unconfirmed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Iso3 = Annotated[str, typer.Argument(help="ISO3 code of a configured country, e.g. UGA", metavar="COUNTRY")]
Day = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="issue date (UTC); today where none is given")
]
TargetName = Annotated[str | None, typer.Option("--target", help="target of settings.yaml; else the country's own")]
Config = Annotated[str, typer.Option("--config", envvar="IBF_CONFIG", help="folder of the configuration")]
Workspace = Annotated[
    str | None,
    typer.Option("--workspace", help="folder for prepared layers, runs and sandbox instead of the settings' own"),
]


def main() -> None:
    """Entry point: errors of the pipeline end with their message and exit code, never with a traceback."""
    from ibf_pipeline.errors import IbfError

    try:
        app()
    except IbfError as error:
        print(f"ibf-pipeline: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


@app.command()
def demo(
    workspace: Annotated[str, typer.Option("--workspace", help="folder of the demo, emptied first")] = "work/demo",
    config: Config = "config",
    keep_open: Annotated[bool, typer.Option("--open", help="keep the sandbox's page open afterwards")] = False,
) -> None:
    """Run the demo country's flood day into the built-in sandbox.

    Example: ibf-pipeline demo --open
    """
    from flows.environment import settle

    base = Path(workspace)
    for name in ("prepared", "runs", "sandbox"):
        shutil.rmtree(base / name, ignore_errors=True)
    settle(base / "prefect")
    code = _run_day("XDM", date(2026, 2, 15), None, config, workspace)
    if code == 0:
        from flows.wiring import open_configuration, open_sandbox

        configuration = open_configuration(config, workspace)
        with open_sandbox(configuration, configuration.country("XDM")) as portal:
            _console().print(f"mails that the sandbox would have sent: {len(portal.mails('XDM'))}")
            if keep_open:
                _wait(portal.page_url)
        if not keep_open:
            _console().print("see the portal: ibf-pipeline demo --open")
    raise typer.Exit(code)


@app.command()
def run(
    country: Iso3,
    issue_date: Day = None,
    target: TargetName = None,
    notify: Annotated[bool, typer.Option(help="notify people at the end")] = True,
    accept_blind: Annotated[
        list[str] | None, typer.Option("--accept-blind", help="event that may close although its station is blind")
    ] = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run the flood day of a country and publish it.

    Example: ibf-pipeline run UGA --date 2026-02-15 --target sandbox
    """
    from flows.environment import settle

    settle()
    raise typer.Exit(
        _run_day(country, _day(issue_date), target, config, workspace, notify=notify, accept_blind=accept_blind)
    )


@app.command()
def plan(
    country: Iso3,
    issue_date: Day = None,
    target: TargetName = None,
    notify: Annotated[bool, typer.Option(help="plan with the notification at the end")] = True,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Show the ordered calls of a day as a table, without publishing. Runs the forecast where that was not done.

    Example: ibf-pipeline plan XDM --date 2026-02-15 --target sandbox
    """
    from flows.environment import settle

    settle()
    from flows.plan import plan_day
    from flows.tables import print_found, print_plan

    found, draft, file = plan_day(config, country, _day(issue_date), target, workspace, notify=notify)
    console = _console()
    print_found(found, console)
    console.print(f"\ncapabilities `{draft.about.capabilities}`: {draft.about.reason}")
    print_plan(draft.calls, console)
    console.print(f"\nnothing was published; the plan as data: {file}", soft_wrap=True)


@app.command()
def prepare(country: Iso3, config: Config = "config", workspace: Workspace = None) -> None:
    """Build a country's prepared layers where they are missing or out of date.

    Example: ibf-pipeline prepare UGA
    """
    import logging

    from flows.wiring import open_configuration
    from ibf_pipeline.prepare.build import prepare as build

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    configuration = open_configuration(config, workspace)
    chosen = configuration.country(country)
    folder = configuration.prepared_folder(country)
    built = build(chosen, configuration.static_folder(chosen), folder)
    _console().print(f"{country}: {'built' if built else 'up to date'}, {folder}", soft_wrap=True)


@app.command()
def sandbox(
    countries: Annotated[list[str] | None, typer.Argument(help="countries to set up; all configured ones")] = None,
    port: Annotated[int, typer.Option(help="port on this machine")] = 8510,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Serve the sandbox, a local server that behaves like the IBF API, with a page that shows its state.

    Example: ibf-pipeline sandbox XDM --port 8510
    """
    from flows.wiring import open_configuration, open_sandbox
    from ibf_pipeline.errors import InputMissing

    configuration = open_configuration(config, workspace)
    chosen = [configuration.country(code) for code in countries or configuration.country_codes()]
    seeded = [country for country in chosen if configuration.static_folder(country).is_dir()]
    for country in chosen:
        if country not in seeded:
            if countries:
                raise InputMissing(
                    f"there are no static data of {country.iso3}", where=configuration.static_folder(country)
                )
            _console().print(f"{country.iso3}: left out, there are no static data of it")
    with open_sandbox(configuration, *seeded, port=port) as server:
        _wait(server.page_url)


def _run_day(
    country: str,
    issue_date: date | None,
    target: str | None,
    config: str,
    workspace: str | None,
    *,
    notify: bool = True,
    accept_blind: list[str] | None = None,
) -> int:
    from flows.floods import floods
    from flows.outcome import print_outcome

    state = floods(country, issue_date, target, notify, True, accept_blind, config, workspace, return_state=True)
    return print_outcome(state, config, country, issue_date, target, workspace, _console())


def _wait(url: str) -> None:
    _console().print(f"the portal is at {url} - stop with Ctrl+C")
    try:
        import threading

        threading.Event().wait()
    except KeyboardInterrupt:
        pass


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


if __name__ == "__main__":
    main()
