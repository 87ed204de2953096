"""`resume` and `withdraw` of a run that is named: its day and its target are opened. No Prefect server is needed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from flows.wiring.day import Day, now, open_configuration, open_day
from flows.wiring.sharing import fetch_run_layers
from flows.wiring.targets import open_target
from flows.wiring.trial import require_no_trial, require_no_trial_begun
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import EXERCISES
from ibf_pipeline.errors import InputMissing, UsageError, errors_logged
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.ledger import latest_uploaded, was_superseded
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.run_index import runs_of
from ibf_pipeline.runs.verification import Verification
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import Decision, PublishedDay, resume
from ibf_pipeline.targets.target import OpenTarget, Publication
from ibf_pipeline.targets.withdrawal import Withdrawal, withdraw

log = logging.getLogger("ibf_pipeline.flows")

_NO_OVERRIDES = Overrides()


def open_run(run: str, config: str, target: str | None, workspace: str | None) -> Day:
    """The day that a run folder (`.../XDM/floods/2026-02-15`, or just `XDM/floods/2026-02-15`) stands for; also one of
    an exercise (`exercises/XDM/floods/2026-02-15`). Without the hazard it is the only one of the country.
    """
    match = re.search(r"([A-Z]{3})/(?:([a-z][a-z-]*)/)?(\d{4}-\d{2}-\d{2}(?:T\d{2})?)(?:/.*)?$", run.rstrip("/"))
    try:
        issue_time = IssueTime.parse(match.group(3)) if match else None
    except ValueError:
        issue_time = None
    if match is None or issue_time is None:
        raise UsageError(
            f"{run!r} names no run",
            expected="a run folder such as runs/UGA/floods/2026-02-15, or UGA/2026-02-15",
            remedy="name a country and a day that there is",
        )
    if workspace is None and Path(run).is_dir():
        workspace = _workspace_of(Path(run).resolve(), config)
    exercise = EXERCISES in Path(run).parts
    hazard = match.group(2) or _hazard_meant(open_configuration(config, workspace), match.group(1), issue_time)
    return open_day(config, match.group(1), issue_time, target, hazard=hazard, workspace=workspace, exercise=exercise)


def _hazard_meant(configuration: Configuration, iso3: str, issue_time: IssueTime) -> str | None:
    """The hazard of a run that is named without it: None for a country with one, which needs no name.

    UsageError if more than one of the country's hazards has a run of that issue time, on whatever machine, or none.
    """
    if iso3 not in configuration.country_codes() or len(configuration.hazards(iso3)) == 1:
        return None
    runs = configuration.path(configuration.settings.paths.runs)
    hazards = configuration.hazards(iso3)
    there = [
        hazard
        for hazard in hazards
        for place in (runs, runs / EXERCISES)
        if any(run.issue_time == issue_time for run in runs_of(place, iso3, hazard, configuration.storage))
    ]
    if len(set(there)) != 1:
        raise UsageError(
            f"{iso3}/{issue_time} may be a run of any of {', '.join(hazards)}",
            expected="the hazard in the name of the run",
            remedy=f"name it, such as {iso3}/{hazards[0]}/{issue_time}",
        )
    return there[0]


def resume_run(
    day: Day, decision: Decision, overrides: Overrides = _NO_OVERRIDES
) -> tuple[Revision, Publication | None]:
    """`ibf_pipeline.targets.resumption.resume`, on the day's target."""
    if not decision.abort:
        require_no_trial_begun(day)
    return resume(_published(day), decision, overrides, partial(open_target, day, notify=True), now)


def withdraw_run(day: Day, events: list[str], *, notify: bool | None, overrides: Overrides, by: str = "") -> Withdrawal:
    """`ibf_pipeline.targets.withdrawal.withdraw`, on the day's target."""
    if notify and day.run.is_whole:
        require_no_trial(day, day.run.findings())

    def opened(notifies: bool) -> AbstractContextManager[OpenTarget]:
        return open_target(day, notify=notifies)

    return withdraw(_published(day), events, notify=notify, overrides=overrides, open_target=opened, now=now, by=by)


def verify_run(day: Day) -> tuple[Revision, Verification | None]:
    """What the day's target shows beside what it must show of the newest revision; None for a target without a portal.

    InputMissing if the target shows no whole revision of the day. A run of the country waits meanwhile: the right to
    publish is not taken, for which it would not.
    """
    with day.exclusive("verify"):
        revision = latest_uploaded(day.run, day.target_name)
        if revision is None or was_superseded(day.run, day.target_name, revision):
            raise InputMissing(
                f"no whole revision of {day.name} is on {day.target_name}",
                where=day.run.path,
                expected="a day that was published",
                remedy="publish it with `ibf-pipeline run`; what broke off is gone on with by `ibf-pipeline resume`",
            )
        with open_target(day, publishes=False) as target:
            return revision, target.look_back(revision)


def _published(day: Day) -> PublishedDay:
    return PublishedDay(day.run, day.target_name, fetch_run_layers(day))


@contextmanager
def reported(day: Day) -> Iterator[None]:
    """Write the report again after a decision, whatever became of it; a report that fails is logged and no more."""
    try:
        yield
    finally:
        # whatever a font or a shape does to a picture, the decision has been carried out; or why it was not counts more
        with errors_logged(log, "%s: the report could not be written again", day.country.iso3):
            if day.run.is_whole:
                rewrite_report(day.run, fetch_run_layers(day))


def _workspace_of(run: Path, config: str) -> str | None:
    """The workspace of a run folder that is not the settings' own: <workspace>/runs/<ISO3>/..."""
    configuration = open_configuration(config)
    runs = next((parent for parent in run.parents if parent.name == "runs"), None)
    own = configuration.path(configuration.settings.paths.runs).resolve()
    return None if runs is None or runs == own else str(runs.parent)
