"""The stages of a run that are the same for every hazard, as Prefect tasks: planned, published, reported."""

from __future__ import annotations

import logging
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import errors_logged
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.confirmation import require_confirmed
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, close_older, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import OpenTarget, Publication
from tasks.decorator import task

log = logging.getLogger("ibf_pipeline.tasks")


@task(task_run_name="report of {iso3}")
def write_run_report(iso3: str, run: RunFolder, prepared: Path) -> Path | None:
    """Page, pictures and tables of a finished run; None if they failed, which never fails the day."""
    # whatever a font or a shape does to a picture, the alert has been sent
    with errors_logged(log, "%s: the report could not be written; what was published is not touched by it", iso3):
        page = rewrite_report(run, prepared)
        log.info("%s: report %s", iso3, page)
        return page
    return None


@task(task_run_name="plan the calls of {findings.country} for {target.name}")
def plan_revision(
    findings: Findings, run: RunFolder, target: OpenTarget, *, overrides: Overrides, now: Clock
) -> Revision | None:
    """The revision to publish next: an unfinished one of this day, else a new one; None if nothing is left to do."""
    iso3 = findings.country
    begun = unfinished(run, target.name)
    if begun is not None:
        target.require_resumable(begun, overrides)
        log.warning("%s: resuming revision %d", iso3, begun.number)
        return begun
    require_confirmed(run, target.name)
    revision = target.revise(findings, run, overrides)
    if revision is None:
        log.info("%s: target %s has this very content: nothing to publish", iso3, target.name)
        return None
    for closed in close_older(run, target.name, now):
        log.warning("%s: %s was never finished and is closed", iso3, closed.folder)
    log.info("%s: revision %d, %d calls", iso3, revision.number, len(revision.calls()))
    return revision


@task(task_run_name="publish {iso3} to {target.name}, revision {revision.number}")
def publish_revision(
    iso3: str, target: OpenTarget, revision: Revision, end: NotificationMode | None = None
) -> Publication:
    """Make the calls of a revision, each once the one before is done; the last one notifies."""
    publication = target.carry_out(revision, end=end)
    outcome = publication.outcome
    sent = "the notification was sent" if publication.notified else "no notification was sent"
    log.info("%s: %d of %d calls to %s made now, %s", iso3, outcome.made, outcome.calls, target.name, sent)
    for notice in publication.notices:
        log.warning("%s: NOTICE %s: %s", iso3, notice.kind, notice.text)
    return publication
