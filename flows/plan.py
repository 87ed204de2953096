"""`plan`: the ordered calls of a day without publishing. The draft is kept beside the revisions, never as one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flows.floods import find_day
from flows.wiring import open_day, open_ibf
from ibf_pipeline.found import Found
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.publish.call import write_plan
from ibf_pipeline.targets.ibf.moment import moment_of
from ibf_pipeline.targets.ibf.revise import Destination, Draft, attach_extents, draft, server_areas
from ibf_pipeline.targets.ibf.state import read_state


def plan_day(
    config: str, country: str, issue_date: date | None, target: str | None, workspace: str | None, *, notify: bool
) -> tuple[Found, Draft, Path]:
    """What the day found, the draft of its plan, and the file of the draft."""
    day = open_day(config, country, issue_date, target, workspace=workspace)
    found = day.run.found() if day.run.is_whole else find_day(day)[0]
    staging = day.run.stage(day.target_name, 0)
    extents = attach_extents(found, day.run, staging)
    number = day.run.next_number(day.target_name)
    layers, _ = read_prepared(day.prepared, country)
    codes = {level: tuple(area.place_code for area in layers.level(level)) for level in found.admin_levels}
    with open_ibf(day) as client:
        state = read_state(client, country, found.disaster_type, day.target.capabilities)
        plan = draft(
            found,
            extents,
            state.choice,
            server_areas(found, state, codes),
            Destination(day.target_name, client.base, notify and day.target.notifications),
            at=moment_of(found.issue_date, number, state.last_upload),
            wipe=state.last_upload is not None and state.last_upload.date() == found.issue_date,
            stations=state.stations,
        )
    file = staging / "plan.jsonl"
    write_plan(plan.calls, file)
    return found, plan, file
