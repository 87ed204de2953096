"""What an operator decides about a published or unfinished run: `resume` and `withdraw`."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import (
    AcceptBlind,
    By,
    Config,
    DiscardDecisions,
    RunName,
    TakeOver,
    TargetName,
    Workspace,
)
from flows.cli.terminal import console


def resume(
    run: RunName,
    target: TargetName = None,
    approve: Annotated[bool, typer.Option("--approve", help="send a held notification")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="give up the revision; nobody is notified of it")] = False,
    notify_again: Annotated[
        bool, typer.Option("--notify-again", help="send a notification that may have been sent before")
    ] = False,
    assume_notified: Annotated[
        bool, typer.Option("--assume-notified", help="assume that an unconfirmed notification was sent")
    ] = False,
    discard_decisions: DiscardDecisions = False,
    by: By = "",
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Go on with an unfinished publication at the first call that is not known to be done.

    Example: ibf-pipeline resume UGA/2026-02-15 --assume-notified
    """
    from flows.notice_events import send_notices
    from flows.wiring.decisions import open_run, reported, resume_run
    from ibf_pipeline.targets.problems import Overrides
    from ibf_pipeline.targets.resumption import Decision, closing_words

    decision = Decision(approve, abort, notify_again, assume_notified, by.strip())
    day = open_run(run, config, target, workspace)
    with reported(day):
        revision, publication = resume_run(day, decision, Overrides(discard_decisions=discard_decisions))
    out = console()
    if publication is None:
        out.print(closing_words(revision), soft_wrap=True)
        return
    outcome = publication.outcome
    out.print(f"revision {revision.number}: {outcome.made} of {outcome.calls} calls made now")
    for notice in publication.notices:
        out.print(f"NOTICE {notice.kind}: {notice.text}", soft_wrap=True)
    send_notices(day.run, day.target_name)
    if publication.notified:
        out.print("the notification was sent now")
    if publication.unmailed:
        out.print("the portal shows it and nobody was mailed: tell the recipients yourself")
    if publication.verified is not None:
        out.print(publication.verified.words, soft_wrap=True)
    if outcome.held:
        out.print("held before the notification: --approve or --abort")


def withdraw(
    run: RunName,
    event: Annotated[list[str] | None, typer.Option("--event", help="event to take back; once for each")] = None,
    all_events: Annotated[bool, typer.Option("--all", help="take back every event of the run, without asking")] = False,
    target: TargetName = None,
    notify: Annotated[
        bool | None,
        typer.Option("--notify/--no-notify", help="mail the remaining events; by default not", show_default=False),
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
    from flows.notice_events import send_notices
    from flows.wiring.decisions import open_run, reported, withdraw_run
    from ibf_pipeline.targets.problems import Overrides
    from ibf_pipeline.targets.resumption import closing_words

    day = open_run(run, config, target, workspace)
    if not event and not all_events:
        _ask_for_all(day.name)
    overrides = Overrides(tuple(accept_blind or ()), take_over, discard_decisions)
    with reported(day):
        done = withdraw_run(day, event or [], notify=notify, overrides=overrides, by=by.strip())
    out = console()
    number = done.revision.number
    out.print(f"revision {number} is published; text for the people who were mailed:\n", soft_wrap=True)
    out.print(done.text, soft_wrap=True)
    if not done.publication.notified:
        out.print("nobody was notified by the withdrawal", soft_wrap=True)
    for notice in done.publication.notices:
        out.print(f"NOTICE {notice.kind}: {notice.text}", soft_wrap=True)
    send_notices(day.run, day.target_name)
    if done.publication.verified is not None:
        out.print(done.publication.verified.words, soft_wrap=True)
    if done.doubtful is not None:
        out.print(closing_words(done.doubtful), soft_wrap=True)


def _ask_for_all(run: str) -> None:
    """Ask before every alert is taken back because no event was named; a script has to use --all."""
    from ibf_pipeline.errors import UsageError

    if not console().is_terminal:
        remedy = "name the events, or add --all to take back every one"
        raise UsageError(f"no event of {run} is named", expected="--event <name>, or --all", remedy=remedy)
    typer.confirm(f"Take back every alert of {run}?", abort=True)
