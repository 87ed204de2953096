"""The console script `ibf-pipeline`. Heavy imports happen inside the commands."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from flows.cli.deploy import deploy_app
from flows.cli.hook import hook_app
from flows.cli.inbox import inbox_app
from flows.cli.inputs import inputs_app
from flows.cli.intake import intake
from flows.cli.operate import operate_app
from flows.cli.options import (
    AcceptBlind,
    By,
    Config,
    DiscardDecisions,
    HazardName,
    Hold,
    Iso3,
    Issued,
    Notify,
    RunName,
    TakeOver,
    TargetName,
    Workspace,
)
from flows.cli.prepare import check, fetch_static, new_country, prepare
from flows.cli.receiver import receiver
from flows.cli.records import records_app
from flows.cli.subscriptions import subscriptions_app
from flows.cli.terminal import console
from flows.cli.verify import verify

if TYPE_CHECKING:
    from ibf_pipeline.errors import IbfError

app = typer.Typer(
    help="Flood alerts for an IBF portal out of GloFAS ensembles. Exit codes: 0 done, 1 failed, 2 bad usage, "
    "3 input not available yet, 4 notification unconfirmed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, _commands in (
    ("subscriptions", subscriptions_app),
    ("inbox", inbox_app),
    ("hook", hook_app),
    ("inputs", inputs_app),
    ("records", records_app),
    (None, operate_app),
    (None, deploy_app),
):
    app.add_typer(_commands, name=_name)
for _command in (receiver, intake, prepare, check, fetch_static, new_country, verify):
    app.command()(_command)


def main() -> None:
    """Entry point: errors of the pipeline end with their message and exit code, never with a traceback."""
    from flows.wiring.environment import outlive_readers
    from ibf_pipeline.errors import IbfError

    outlive_readers()
    try:
        app()
    except IbfError as error:
        _stop(error)
    except Exception as error:
        from flows.wiring.environment import as_unreachable

        unreachable = as_unreachable(error)
        if unreachable is None:
            raise
        _stop(unreachable)


def _stop(error: IbfError) -> NoReturn:
    print(f"ibf-pipeline: {error}", file=sys.stderr)
    sys.exit(error.exit_code)


@app.command()
def demo(
    uganda: Annotated[
        bool, typer.Option("--uganda", help="Uganda's trigger scenario instead; needs its real static data")
    ] = False,
    workspace: Annotated[
        str, typer.Option("--workspace", help="folder of the demo, made or emptied first")
    ] = "work/demo",
    config: Config = "config",
    keep_open: Annotated[bool, typer.Option("--open", help="keep the sandbox's page open afterwards")] = False,
) -> None:
    """Run the demo country's flood day into the built-in sandbox.

    Example: ibf-pipeline demo --open
    """
    from flows.cli.demo_folder import empty_demo
    from flows.wiring.environment import settle

    base = Path(workspace)
    empty_demo(base)
    settle(base / "prefect")
    country, day = "XDM", date(2026, 2, 15)
    if uganda:
        from flows.cli.uganda_demo import ISSUE_DATE, set_up

        country, day, config = "UGA", ISSUE_DATE, set_up(base, config)
    code = _run_day(country, day, None, config, workspace)
    if code == 0:
        _show_portal(country, config, workspace, keep_open=keep_open)
    raise typer.Exit(code)


def _show_portal(country: str, config: str, workspace: str, *, keep_open: bool) -> None:
    from flows.wiring.day import open_configuration
    from flows.wiring.sandbox import open_sandbox

    configuration = open_configuration(config, workspace)
    with open_sandbox(configuration, configuration.country(country)) as portal:
        console().print(f"mails that the sandbox would have sent: {len(portal.mails(country))}")
        if keep_open:
            _wait(portal.page_url)
        else:
            console().print("to see the portal, run the demo with --open")


@app.command()
def run(
    country: Iso3,
    issue_date: Issued = None,
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Notify = True,
    hold: Hold = False,
    accept_blind: AcceptBlind = None,
    take_over: TakeOver = False,
    discard_decisions: DiscardDecisions = False,
    publish_withdrawn: Annotated[
        bool, typer.Option("--publish-withdrawn", help="publish events again that were withdrawn")
    ] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run the day of a country and publish it.

    Example: ibf-pipeline run UGA --date 2026-02-15 --target sandbox
    """
    from flows.wiring.environment import settle

    settle()
    options = {
        "notify": notify,
        "hold": hold,
        "accept_blind": accept_blind,
        "take_over": take_over,
        "discard_decisions": discard_decisions,
        "publish_withdrawn": publish_withdrawn,
    }
    raise typer.Exit(_run_day(country, issue_date, target, config, workspace, hazard=hazard, **options))


@app.command()
def resume(
    run: RunName,
    target: TargetName = None,
    approve: Annotated[bool, typer.Option("--approve", help="send a held notification")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="give the revision up; it notifies nobody any more")] = False,
    notify_again: Annotated[
        bool, typer.Option("--notify-again", help="send a notification that may have been sent before")
    ] = False,
    assume_notified: Annotated[
        bool, typer.Option("--assume-notified", help="take it that a notification of unknown fate was sent")
    ] = False,
    discard_decisions: DiscardDecisions = False,
    by: By = "",
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Go on with an unfinished publication at the first call that is not known to be done.

    Example: ibf-pipeline resume UGA/2026-02-15 --assume-notified
    """
    from prefect.settings import PREFECT_API_URL

    from flows.ending import tell
    from flows.wiring.decisions import open_run, reported, resume_run
    from ibf_pipeline.targets.problems import Consent
    from ibf_pipeline.targets.resume import Decision, closing_words

    decision = Decision(approve, abort, notify_again, assume_notified, by.strip())
    day = open_run(run, config, target, workspace)
    with reported(day):
        revision, publication = resume_run(day, decision, Consent(discard_decisions=discard_decisions))
    out = console()
    if publication is None:
        out.print(closing_words(revision), soft_wrap=True)
        return
    outcome = publication.outcome
    out.print(f"revision {revision.number}: {outcome.made} of {outcome.calls} calls made now")
    for notice in publication.notices:
        out.print(f"NOTICE {notice.kind}: {notice.text}", soft_wrap=True)
    if PREFECT_API_URL.value() and not approve:  # what is approved was told when it was held
        tell(publication.published, publication.notices)
    if publication.notified:
        out.print("the notification was sent now")
    if publication.unmailed:
        out.print("the portal shows it and nobody was mailed: tell the recipients yourself")
    if publication.verified is not None:
        out.print(publication.verified.words, soft_wrap=True)
    if outcome.held:
        out.print("held before the notification: --approve or --abort")


@app.command()
def withdraw(
    run: RunName,
    event: Annotated[list[str] | None, typer.Option("--event", help="event to take back; all of them")] = None,
    target: TargetName = None,
    notify: Annotated[
        bool | None,
        typer.Option(
            "--notify/--no-notify", help="mail the remaining events; not, unless asked for", show_default=False
        ),
    ] = None,
    accept_blind: AcceptBlind = None,
    take_over: TakeOver = False,
    discard_decisions: DiscardDecisions = False,
    by: By = "",
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Publish a correcting revision without some events, and print the text for the people who were mailed.

    Example: ibf-pipeline withdraw UGA/2026-02-15 --event G5220
    """
    from prefect.settings import PREFECT_API_URL

    from flows.ending import tell
    from flows.wiring.decisions import open_run, reported, withdraw_run
    from ibf_pipeline.targets.problems import Consent
    from ibf_pipeline.targets.resume import closing_words

    day = open_run(run, config, target, workspace)
    consent = Consent(tuple(accept_blind or ()), take_over, discard_decisions)
    with reported(day):
        done = withdraw_run(day, event or [], notify=notify, consent=consent, by=by.strip())
    out = console()
    number = done.revision.number
    out.print(f"revision {number} is published; text for the people who were mailed:\n", soft_wrap=True)
    out.print(done.text, soft_wrap=True)
    if not done.publication.notified:
        out.print("nobody was notified by the withdrawal", soft_wrap=True)
    for notice in done.publication.notices:
        out.print(f"NOTICE {notice.kind}: {notice.text}", soft_wrap=True)
    if PREFECT_API_URL.value():
        tell(done.publication.published, done.publication.notices)
    if done.publication.verified is not None:
        out.print(done.publication.verified.words, soft_wrap=True)
    if done.doubtful is not None:
        out.print(closing_words(done.doubtful), soft_wrap=True)


@app.command()
def backfill(
    country: Iso3,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first issue date")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last issue date")],
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Annotated[bool, typer.Option("--notify", help="send notifications about past days")] = False,
    really: Annotated[bool, typer.Option("--really-notify", help="confirm --notify a second time")] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Run past days in their order, without notifications; stops at the first that is not published.

    Example: ibf-pipeline backfill UGA --from 2026-02-01 --to 2026-02-14
    """
    from flows.wiring.environment import settle

    settle()
    from flows.backfill import backfill_days, require_confirmed
    from flows.states import exit_code

    require_confirmed(notify=notify, really=really)
    out, code = console(), 0
    for day in backfill_days(
        country,
        first.date(),
        last.date(),
        target,
        hazard=hazard,
        notify=notify,
        config=config,
        workspace=workspace,
        skipped=lambda day: out.print(f"{day}: published before, skipped"),
    ):
        code = exit_code(day.state) or code
        out.print(f"{day.issue_time}: {day.state.message}", soft_wrap=True)
        if not day.published:
            again = f"go on with --from {day.issue_time.day} when it is mended"
            out.print(f"stopped at {day.issue_time}; {again}", soft_wrap=True)
    raise typer.Exit(code)


@app.command()
def plan(
    country: Iso3,
    issue_date: Issued = None,
    target: TargetName = None,
    hazard: HazardName = None,
    notify: Annotated[bool, typer.Option(help="plan with the notification at the end")] = True,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Show the ordered calls of a day as a table, without publishing. Runs the forecast where that was not done.

    Example: ibf-pipeline plan XDM --date 2026-02-15 --target sandbox
    """
    from flows.wiring.environment import settle

    settle()
    from flows.cli.plan import plan_day
    from flows.cli.tables import print_found, print_plan

    found, draft, file = plan_day(config, country, issue_date, target, workspace, notify=notify, hazard=hazard)
    out = console()
    print_found(found, out)
    out.print(f"\ncapabilities `{draft.about.capabilities}`: {draft.about.reason}")
    print_plan(draft.calls, out)
    out.print(f"\nnothing was published; the plan as data: {file}", soft_wrap=True)


@app.command()
def report(
    run: RunName,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Write the report of a finished run again, with what has been published since.

    Example: ibf-pipeline report UGA/2026-02-15
    """
    from flows.wiring.decisions import open_run
    from ibf_pipeline.report.write import rewrite_report

    day = open_run(run, config, None, workspace)
    console().print(f"report: {rewrite_report(day.run, day.prepared)}", soft_wrap=True)


@app.command()
def sandbox(
    countries: Annotated[list[str] | None, typer.Argument(help="countries to set up; all configured ones")] = None,
    port: Annotated[int, typer.Option(help="port on this machine")] = 8510,
    behaves_like: Annotated[
        Literal["current", "described"],
        typer.Option(help="the server of today, or the one that the API description of 2024 describes"),
    ] = "current",
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Serve the sandbox, a local server that behaves like the IBF API, with a page that shows its state.

    Example: ibf-pipeline sandbox XDM --port 8510
    """
    from flows.wiring.day import open_configuration
    from flows.wiring.sandbox import open_sandbox
    from ibf_pipeline.errors import InputMissing

    configuration = open_configuration(config, workspace)
    codes = countries or configuration.country_codes()
    chosen = [configuration.country(code, configuration.hazards(code)[0]) for code in codes]
    seeded = [country for country in chosen if configuration.static_folder(country).is_dir()]
    for country in chosen:
        if country not in seeded:
            if countries:
                raise InputMissing(
                    f"there are no static data of {country.iso3}", where=configuration.static_folder(country)
                )
            console().print(f"{country.iso3}: left out, there are no static data of it")
    with open_sandbox(configuration, *seeded, port=port, behaves_like=behaves_like) as server:
        _wait(server.page_url)


def _run_day(
    country: str,
    issued: date | str | None,
    target: str | None,
    config: str,
    workspace: str | None,
    *,
    hazard: str | None = None,
    **options: Any,
) -> int:
    from flows.cli.outcome import print_outcome
    from flows.hazard_flows import flow_of
    from flows.wiring.day import open_day

    # what was asked for wrongly is told at once, not by a flow run
    of = open_day(config, country, issued, target, hazard=hazard, workspace=workspace).country.hazard
    state: Any = flow_of(of)(country, issued, target, config=config, workspace=workspace, return_state=True, **options)
    return print_outcome(state, config, country, issued, target, workspace, console(), hazard=of)


def _wait(url: str) -> None:
    console().print(f"the portal is at {url} - stop with Ctrl+C")
    try:
        import threading

        threading.Event().wait()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
