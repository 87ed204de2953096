"""Commands for operating many countries. Heavy imports happen inside them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli.options import Config, HazardName, Hold, Iso3, IssueDateOrTime, Notify, TargetName, Workspace
from flows.cli.terminal import console, end_with

operate_app = typer.Typer()


@operate_app.command("all-countries")
def run_all_countries(
    countries: Annotated[list[str] | None, typer.Argument(help="ISO3 codes; all configured countries")] = None,
    issue_date: IssueDateOrTime = None,
    target: TargetName = None,
    hazard: Annotated[
        str | None, typer.Option("--hazard", help="of the countries that have it; else all with one run a day")
    ] = None,
    notify: Notify = True,
    limit: Annotated[int | None, typer.Option(min=1, help="countries at the same time; else as configured")] = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run the day of every configured country, or its block of hours; the failure of one does not stop the others.

    Exit code: 0 if every country is done; 4 if a notification is unconfirmed, else 1 if one failed, else 3.

    Example: ibf-pipeline all-countries --date 2026-02-15 --limit 2
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.all_countries import all_countries

    state: Any = all_countries(
        issue_date,
        countries,
        target,
        notify,
        limit=limit,
        config=config,
        workspace=workspace,
        hazard=hazard,
        return_state=True,
    )
    end_with(state)


@operate_app.command()
def scenario(
    country: Iso3,
    wishes: Annotated[
        list[str],
        typer.Argument(
            help="of floods STATION=DAYS, one character a lead time: - no class, w warning, T trigger; of flash floods "
            "DISTRICT=@HOUR; of typhoon STORM=landfall@HOUR:PLACE:WIND:SPREAD; `end` ends an exercise of the latter two"
        ),
    ],
    issue_date: IssueDateOrTime = None,
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Annotated[bool, typer.Option(help="send the notification of the exercise")] = False,
    hold: Hold = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Exercise: the ordinary day with a made-up forecast, marked as an exercise wherever it appears.

    Days end in :min, :med or :max for the class of the warnings, and in @50 for a peak at the 50-year threshold.

    Example: ibf-pipeline scenario UGA G5220=---wTTTT G5230=------ww:med

    Example: ibf-pipeline scenario PHL CHANTHU=landfall@48h:Cagayan:45ms:80km --hazard typhoon
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.cli.outcome import print_outcome
    from flows.scenario import scenario as run
    from flows.wiring.day import open_day
    from flows.wiring.wishes import require_wishes

    # a wrong argument is reported at once, before a server is started
    day = open_day(config, country, issue_date, target, hazard=hazard, workspace=workspace, exercise=True)
    require_wishes(day, " ".join(wishes), hazard)
    state: Any = run(
        country,
        " ".join(wishes),
        issue_date,
        target,
        notify=notify,
        hold=hold,
        hazard=hazard,
        config=config,
        workspace=workspace,
        return_state=True,
    )
    raise typer.Exit(
        print_outcome(state, config, country, issue_date, target, workspace, console(), exercise=True, hazard=hazard)
    )


@operate_app.command("compare")
def compare_with_portal(
    country: Iso3,
    issue_date: IssueDateOrTime = None,
    target: Annotated[
        str | None,
        typer.Option("--target", help="portal that the other pipeline publishes to; else the country's own target"),
    ] = None,
    hazard: HazardName = None,
    kept: Annotated[bool, typer.Option("--kept", help="list the days that were compared before")] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Compare a day that was run here with what a portal shows of it, event by event. Publishes nothing.

    Without --date it is the day that the portal shows.

    Exit code: 0 if everything agrees, 1 if something differs or the portal shows a later day, 3 if the day
    is not there yet.

    Example: ibf-pipeline compare UGA --target portal
    """
    from flows.cli.compare import compare_day, kept_of, print_compared, print_kept
    from flows.wiring.day import target_of

    out = console(soft_wrap=True)
    target = target_of(config, country, target, hazard)
    if kept:
        print_kept(kept_of(config, country, target, workspace, hazard), out)
        return
    day, rows = compare_day(config, country, issue_date, target, workspace, hazard)
    print_compared(day, rows, target, out)
    raise typer.Exit(0 if all(row.verdict == "agrees" for row in rows) else 1)
