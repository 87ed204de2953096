"""`plan`: the ordered calls of a day without publishing. The draft is kept beside the revisions, never as one."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

from flows.wiring.day import Day, future_told, open_day
from flows.wiring.legs import leg_of
from flows.wiring.targets import open_target
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.publish.call import plan_lines
from ibf_pipeline.runs.revision_staging import begin_revision
from ibf_pipeline.targets.target import RevisionDraft

log = logging.getLogger("ibf_pipeline.flows")


def plan_day(
    config: str,
    country: str,
    issued: date | str | None,
    target: str | None,
    workspace: str | None,
    *,
    notify: bool,
    hazard: str | None = None,
) -> tuple[Findings, RevisionDraft, Path]:
    """What the day found, the draft of its plan, and the file of the draft."""
    day = open_day(config, country, issued, target, hazard=hazard, workspace=workspace)
    with day.exclusive("plan"):
        with future_told(day):
            found = _published(day) or leg_of(day).find(day, None, None)[0]
        staging = begin_revision(day.run, day.target_name, 0)
        with open_target(day, notify=notify, publishes=False) as opened:
            plan = opened.draft(found, day.run, staging)
        file = staging / "plan.jsonl"
        with write_errors(file):
            file.write_text(plan_lines(plan.calls), encoding="utf-8")
    return found, plan, file


def _published(day: Day) -> Findings | None:
    """What was found for a day that is published: it stays as it is. An unpublished day is found afresh."""
    if not day.run.is_whole or not day.run.revisions(day.target_name):
        return None
    if not day.country.says_the_same_as(day.run.manifest().get("configuration")):
        log.warning(
            "%s: the country's configuration has changed since %s was published; this plan is of what was found then, "
            "`ibf-pipeline run` finds it afresh",
            day.country.iso3,
            day.issue_date,
        )
    return day.run.findings()
