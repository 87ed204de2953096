"""`ibf-pipeline sandbox` and `demo`: the local server that behaves like the portal, and a day run into it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer

from flows.cli.day import run_and_print
from flows.cli.options import Config, Workspace
from flows.cli.terminal import console


def demo(
    uganda: Annotated[
        bool, typer.Option("--uganda", help="Uganda's trigger scenario instead; needs its real static data")
    ] = False,
    philippines: Annotated[
        bool,
        typer.Option("--philippines", help="with --hazard typhoon: Chanthu of 2021 instead; needs the real test data"),
    ] = False,
    hazard: Annotated[
        Literal["floods", "flash-floods", "typhoon"],
        typer.Option("--hazard", help="floods, three blocks of flash floods, or a typhoon from its warning to its end"),
    ] = "floods",
    workspace: Annotated[
        str, typer.Option("--workspace", help="folder of the demo, made or emptied first")
    ] = "work/demo",
    config: Config = "config",
    keep_open: Annotated[bool, typer.Option("--open", help="keep the sandbox's page open afterwards")] = False,
) -> None:
    """Run the demo country's flood day, its blocks of flash floods, or a typhoon over the demo islands, into the
    built-in sandbox.

    Example: ibf-pipeline demo --open
    """
    from flows.cli.demo_folder import empty_demo
    from flows.wiring.environment import set_prefect_defaults
    from ibf_pipeline.errors import UsageError

    if uganda and hazard != "floods":
        raise UsageError("Uganda's scenario is for floods", remedy="leave out --uganda or --hazard")
    if philippines and hazard != "typhoon":
        raise UsageError("the scenario of the Philippines is for typhoon", remedy="add --hazard typhoon")

    base = Path(workspace)
    empty_demo(base)
    set_prefect_defaults(base / "prefect")
    country, day = "XDM", date(2026, 2, 15)
    if uganda:
        from flows.cli.uganda_demo import ISSUE_DATE, set_up

        country, day, config = "UGA", ISSUE_DATE, set_up(base, config)
    if hazard == "floods":
        code = run_and_print(country, day, None, config, workspace)
    elif hazard == "flash-floods":
        from flows.cli.flash_demo import run_demo
        from flows.cli.flash_demo import set_up as set_up_flash_floods

        config = set_up_flash_floods(base, config)
        code = run_demo(config, workspace)
    else:
        from flows.cli.typhoon_demo import run_typhoon

        country, config, code = run_typhoon(config, workspace, philippines=philippines)
    if code == 0:
        _show_portal(country, config, workspace, keep_open=keep_open)
    raise typer.Exit(code)


def sandbox(
    countries: Annotated[list[str] | None, typer.Argument(help="countries to set up; all configured ones")] = None,
    port: Annotated[int, typer.Option(help="port on this machine")] = 8510,
    behaves_like: Annotated[
        Literal["current", "described"],
        typer.Option(help="the server of today, or the one that the API description of 2024 describes"),
    ] = "current",
    exercises: Annotated[bool, typer.Option("--exercises", help="the server that exercises have of their own")] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Serve the sandbox, a local server that behaves like the IBF API, with a page that shows its state.

    Example: ibf-pipeline sandbox XDM --port 8510
    """
    from flows.wiring.day import of_exercises, open_configuration
    from flows.wiring.sandbox import open_sandbox
    from ibf_pipeline.errors import InputMissing
    from ibf_pipeline.sandbox.auth import SANDBOX_PASSWORD, UPLOADS, default_users

    configuration = open_configuration(config, workspace)
    if exercises:
        configuration = of_exercises(configuration)
    codes = countries or configuration.country_codes()
    chosen = [configuration.country(code, configuration.hazards(code)[0]) for code in codes]
    seeded = [country for country in chosen if configuration.static_folder(country).is_dir()]
    for country in chosen:
        if country not in seeded:
            if countries:
                raise InputMissing(f"{country.iso3} has no static data", where=configuration.static_folder(country))
            console().print(f"{country.iso3}: left out, it has no static data")
    with open_sandbox(configuration, *seeded, port=port, behaves_like=behaves_like) as server:
        email = next(user.email for user in default_users() if user.role == UPLOADS)
        console().print(f"a target of this address logs in as {email} with the password {SANDBOX_PASSWORD}")
        _wait(server.page_url)


def _show_portal(country: str, config: str, workspace: str, *, keep_open: bool) -> None:
    from flows.wiring.day import open_configuration
    from flows.wiring.sandbox import open_sandbox

    configuration = open_configuration(config, workspace)
    with open_sandbox(configuration, configuration.country(country)) as portal:
        console().print(f"mails that the sandbox would have sent: {len(portal.mails(country))}")
        if keep_open:
            _wait(portal.page_url)
        else:
            shown = f"ibf-pipeline sandbox {country} --config {quote(config)} --workspace {quote(workspace)}"
            console().print(f"to see the portal: {shown}", soft_wrap=True)


def _wait(url: str) -> None:
    console().print(f"the portal is at {url} - stop with Ctrl+C")
    try:
        import threading

        threading.Event().wait()
    except KeyboardInterrupt:
        pass
