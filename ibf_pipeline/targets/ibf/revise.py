"""From what a day found and what the server knows to a revision on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ibf_pipeline.found import Found
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.run_folder import Revision, RevisionAbout, RunFolder, content_hash
from ibf_pipeline.targets.ibf.capabilities import Choice
from ibf_pipeline.targets.ibf.moment import moment_of
from ibf_pipeline.targets.ibf.planner import Order, plan_calls
from ibf_pipeline.targets.ibf.state import ServerState


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan and what it was made with, not yet a revision."""

    calls: tuple[Call, ...]
    about: RevisionAbout


def draft(
    found: Found,
    extents: Mapping[int, FileBody],
    choice: Choice,
    place_codes: Mapping[int, Sequence[str]],
    *,
    moment: datetime,
    target: str,
    url: str,
    notify: bool,
    wipe: bool = False,
    stations: Mapping[str, str] | None = None,
    map_images: Mapping[str, FileBody] | None = None,
) -> Draft:
    """The plan of a revision (pure)."""

    def order(wiping: bool) -> Order:
        return Order(moment, place_codes, extents, stations, map_images or {}, notify, wiping)

    calls = plan_calls(found, order(wipe), choice.capabilities)
    content = content_hash(plan_calls(found, order(False), choice.capabilities) if wipe else calls)
    date = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    about = RevisionAbout(date, target, url, choice.capabilities.name, choice.reason, notify, content)
    return Draft(tuple(calls), about)


def is_finished(revision: Revision, journal: Journal) -> bool:
    """Whether every call of a revision is done."""
    return {call.number for call in revision.calls()} <= journal.done()


def attach_extents(found: Found, run: RunFolder, staging: Path) -> dict[int, FileBody]:
    """The rasters of all lead times, kept with the revision."""
    return {
        extent.lead_time: run.attach(staging, run.extent(extent.file_name), extent.file_name)
        for extent in found.extents
    }


def new_revision(
    found: Found, run: RunFolder, state: ServerState, *, target: str, url: str, notify: bool
) -> Revision | None:
    """Allot a revision for a day; None where its content is what the server already has.

    Raises ForbiddenByRule where time would go backwards.
    """
    number = run.next_number(target)
    moment = moment_of(found.issue_date, number, state.last_upload)
    wipe = state.last_upload is not None and state.last_upload.date() == found.issue_date
    staging = run.stage(target, number)
    plan = draft(
        found,
        attach_extents(found, run, staging),
        state.choice,
        state.place_codes,
        moment=moment,
        target=target,
        url=url,
        notify=notify,
        wipe=wipe,
        stations=state.stations,
    )
    earlier = run.revisions(target)
    if earlier and earlier[-1].about().content == plan.about.content and _is_newest(earlier[-1], state):
        return None
    return run.allot(target, number, staging, plan.calls, plan.about)


def _is_newest(revision: Revision, state: ServerState) -> bool:
    """Whether the server's last upload is this very revision: it may have been emptied, or written by others."""
    return state.last_upload is not None and f"{state.last_upload:%Y-%m-%dT%H:%M:%S}Z" == revision.about().date
