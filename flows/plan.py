"""`plan`: the ordered calls of a day without publishing. The draft is kept beside the revisions, never as one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flows.floods import find_day
from flows.wiring import open_day, open_target
from ibf_pipeline.found import Found
from ibf_pipeline.publish.call import write_plan
from ibf_pipeline.targets.open_target import Draft
from ibf_pipeline.writing import writing


def plan_day(
    config: str, country: str, issue_date: date | None, target: str | None, workspace: str | None, *, notify: bool
) -> tuple[Found, Draft, Path]:
    """What the day found, the draft of its plan, and the file of the draft."""
    day = open_day(config, country, issue_date, target, workspace=workspace)
    with day.alone("plan"):
        found = day.run.found() if day.run.is_whole else find_day(day)[0]
        staging = day.run.stage(day.target_name, 0)
        with open_target(day, notify=notify) as opened:
            plan = opened.draft(found, day.run, staging)
        file = staging / "plan.jsonl"
        with writing(file):
            write_plan(plan.calls, file)
    return found, plan, file
