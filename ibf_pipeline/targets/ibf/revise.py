"""From what a day found and what the server knows to a revision on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule, only_logged
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.runs.folder import RunFolder, content_hash
from ibf_pipeline.runs.holding import Destination
from ibf_pipeline.runs.ledger import require_not_withdrawn
from ibf_pipeline.runs.past import PublishedPast
from ibf_pipeline.runs.revision import Revision, RevisionAbout, RevisionState
from ibf_pipeline.targets.ibf.about import IbfAbout, ibf_about
from ibf_pipeline.targets.ibf.bodies import EXPOSURE, Order
from ibf_pipeline.targets.ibf.capabilities import CURRENT, DESCRIBED, Choice
from ibf_pipeline.targets.ibf.lookback.expected import expected_of, write_expected
from ibf_pipeline.targets.ibf.moment import date_of_calls, moment_of
from ibf_pipeline.targets.ibf.planner import PROCESS, RASTER, SILENT_END, plan_calls
from ibf_pipeline.targets.ibf.sent_points import with_sent_points
from ibf_pipeline.targets.ibf.state import OpenEvent, ServerState, moment
from ibf_pipeline.targets.open_target import Draft, MakeExtents, attach_extents
from ibf_pipeline.targets.owners import owners
from ibf_pipeline.targets.problems import Problem, require_publishable

log = logging.getLogger(__name__)

UNTOLD = "trigger, nobody notified"
"""what an event was before where the server knows it as a trigger and people do not"""

PROCESSING = tuple(path for path in (PROCESS, CURRENT.end_path, DESCRIBED.close_path) if path)
"""calls that make a server of today turn a day's rows into events"""


def draft(
    found: Findings,
    extents: Mapping[int, FileBody],
    choice: Choice,
    place_codes: Mapping[int, Sequence[str]],
    destination: Destination,
    *,
    at: datetime,
    wipe: bool = False,
    points: Mapping[str, Mapping[str, str] | None] | None = None,
    exposed: Mapping[str, Collection[str]] | None = None,
    map_images: Mapping[str, FileBody] | None = None,
) -> Draft:
    """The plan of a revision (pure). `at`: the one `date` of every call; `exposed`: points that an earlier upload of
    the period made so.
    """

    alone = Order(at, place_codes, extents, points or {}, map_images=map_images or {}, notify=destination.notify)
    order = replace(alone, wipe=wipe, stale_points=exposed or {})
    calls = plan_calls(found, order, choice.capabilities)
    news = calls if order == alone else plan_calls(found, alone, choice.capabilities)
    content = content_hash(call for call in news if not _beside_the_content(call))
    about = RevisionAbout(
        date=date_of_calls(at),
        target=destination.target,
        url=destination.url,
        capabilities=choice.capabilities.name,
        reason=choice.reason,
        notify=destination.notify,
        content=content,
        hold_until=destination.held_until,
    )
    return Draft(tuple(calls), about)


def _beside_the_content(call: Call) -> bool:
    """A picture drawn anew is no news, and how people are notified is not what they are told."""
    return call.kind == "end" or call.step in ("map image", SILENT_END)


def server_areas(
    found: Findings, state: ServerState, prepared: Mapping[int, Sequence[str]]
) -> dict[int, Sequence[str]]:
    """Every area that the server has, by level; the prepared ones where the server has no route that tells."""
    return {level: sorted(state.place_codes.get(level) or prepared[level]) for level in found.admin_levels}


def planned(
    found: Findings,
    extents: Mapping[int, FileBody],
    past: PublishedPast,
    state: ServerState,
    prepared: Mapping[int, Sequence[str]],
    destination: Destination,
    map_images: Mapping[str, FileBody] | None = None,
) -> Draft:
    """The plan of a day's next revision, as the server is now; ForbiddenByRule where time would go backwards."""
    return draft(
        found,
        extents,
        state.choice,
        server_areas(found, state, prepared),
        destination,
        at=moment_of(profile_of(found), found.issue_time, past.number, state.last_upload),
        wipe=replaces_upload(found, state),
        points=state.points,
        exposed=state.exposed,
        map_images=map_images,
    )


def is_published(plan: Draft, past: PublishedPast, state: ServerState) -> bool:
    """Whether the server has the very content of a plan: then no revision is made, and nothing of its is lost."""
    if past.latest is None or past.is_replaced or not is_newest(past.latest, state):
        return False
    return says_the_same(past.latest.about(), plan.about)


def looks_published(
    found: Findings,
    past: PublishedPast,
    state: ServerState,
    prepared: Mapping[int, Sequence[str]],
    destination: Destination,
) -> bool:
    """The same before the rasters of these findings are made: those of the latest revision stand in for them."""
    if past.latest is None:
        return False
    profile = profile_of(found)
    path = RASTER.format(disaster_type=profile.disaster_type)
    rasters = [call.file for call in past.latest.calls() if call.path == path and call.file is not None]
    lead_times = profile.lead_times if profile.raster else ()
    if len(rasters) != len(lead_times):
        return False
    files = dict(zip(lead_times, rasters, strict=True))
    return is_published(planned(found, files, past, state, prepared, destination), past, state)


def new_revision(
    found: Findings,
    run: RunFolder,
    past: PublishedPast,
    state: ServerState,
    prepared: Mapping[int, Sequence[str]],
    destination: Destination,
    *,
    extents: MakeExtents | None = None,
    map_images: Callable[[Path], Mapping[str, FileBody]] | None = None,
    withdraws: tuple[str, ...] = (),
    publish_withdrawn: bool = False,
    deletes: Sequence[Problem] = (),
) -> Revision | None:
    """Allot a revision for a day; None where its content is what the server already has.

    `deletes`: what people decided that a revision would delete. Raises ServerRefused where there is any,
    ForbiddenByRule where time would go backwards, or where events that a person withdrew would come back.
    """
    target = destination.target
    staging = run.stage(target, past.number)
    images, left_out = _images(found, staging, state, map_images)
    rasters = extents(staging) if extents else attach_extents(found, run, staging)
    state = with_sent_points(state, run, target, replaces=replaces_upload(found, state))
    plan = planned(found, rasters, past, state, prepared, destination, images)
    latest = past.latest
    if not withdraws and is_published(plan, past, state):
        return None
    require_publishable(deletes, destination.url)
    if latest is not None and is_newest(latest, state) and not withdraws and not publish_withdrawn:
        require_not_withdrawn(found, latest)
    open_events = state.open_events or ()
    untold = past.untold({event.name for event in open_events if event.is_trigger})
    before = {event.name: UNTOLD if event.name in untold else event.alert_level for event in open_events}
    keys = owners(found, before, state.subjects(profile_of(found)), past.keys)
    today = tuple(event.name for event in open_events if _is_of_period(event, found))
    areas = {event.name: {area.place_code: area.name for area in event.areas} for event in open_events}
    last_upload = state.last_upload.isoformat() if state.last_upload else ""
    own = IbfAbout(before, keys, today, last_upload, areas)
    about = replace(plan.about, withdraws=withdraws, left_out=left_out, unconfirmed=dict(past.unconfirmed))
    about = replace(about, of_target=asdict(own))
    # a day without it is not compared afterwards, and published all the same
    with only_logged(log, "%s: what the portal must show could not be written down", found.country):
        takes_severity = plan.about.capabilities != DESCRIBED.name
        expected = expected_of(found, datetime.fromisoformat(plan.about.date), takes_severity=takes_severity)
        if expected is not None:
            write_expected(expected, staging)
    return run.allot(target, past.number, staging, found, plan.calls, about)


def _images(
    found: Findings, staging: Path, state: ServerState, draw: Callable[[Path], Mapping[str, FileBody]] | None
) -> tuple[Mapping[str, FileBody], tuple[str, ...]]:
    """The maps of a country that wants them in the mail, and what is left out with the reason."""
    if draw is None or not found.publishable_events:
        return {}, ()
    if not state.choice.capabilities.map_image:
        why = f"map images (map_image: true): the server has no endpoint for them ({state.choice.capabilities.name})"
        log.info("%s: left out: %s", found.country, why)
        return {}, (why,)
    images = draw(staging)
    return images, () if images else ("map images: they could not be drawn",)


def replaces_upload(found: Findings, state: ServerState) -> bool:
    """Whether the server's last upload is in the same period: rows of its events would stay."""
    return state.last_upload is not None and profile_of(found).issue_time(state.last_upload) == found.issue_time


def _is_of_period(event: OpenEvent, found: Findings) -> bool:
    """Whether an open event was first issued in the period of these findings."""
    issued = moment(event.first_issued) if event.first_issued else None
    return issued is not None and profile_of(found).issue_time(issued) == found.issue_time


def says_the_same(published: RevisionAbout, planned: RevisionAbout) -> bool:
    """Whether a plan has nothing new: the same content, and no notification that was left out before."""
    return published.content == planned.content and (published.notify or not planned.notify)


def is_newest(revision: Revision, state: ServerState) -> bool:
    """Whether the server's last upload is this very revision: it may have been emptied, or written by others."""
    return state.last_upload is not None and state.last_upload == moment(revision.about().date)


def may_be_shown(state: RevisionState) -> bool:
    """Whether the server may have made events of a revision that broke off.

    The servers of the description did so with each upload; those of today once they are told to process the day.
    """
    if state.revision.about().capabilities == DESCRIBED.name:
        return True
    left = state.left
    return not any(call in left for call in takewhile(lambda call: call.path not in PROCESSING, state.revision.calls()))


def require_resumable(revision: Revision, last_upload: datetime | None) -> None:
    """ForbiddenByRule where the server has gone on since: resuming would rewrite what people were told later."""
    own = moment(revision.about().date)
    if last_upload is not None and own is not None and last_upload > own:
        raise ForbiddenByRule(
            f"revision {revision.number} is of {own:%Y-%m-%d %H:%M:%S}Z, the server's last upload of "
            f"{last_upload:%Y-%m-%d %H:%M:%S}Z",
            where=revision.folder,
            expected="no later upload on the server",
            remedy="give it up with `ibf-pipeline resume --abort` and run the day again",
        )


def require_undisturbed(revision: Revision, last_upload: datetime | None) -> None:
    """ForbiddenByRule where the server no longer has what a revision left there, so that its other calls make no day.

    Somebody else has uploaded for an earlier moment of the day, or the server was emptied or brought back.
    """
    about = revision.about()
    own, before = moment(about.date), ibf_about(about).last_upload
    if before is None or own is None or last_upload == own:
        return
    done = revision.state().progress.done
    calls = [call for call in revision.calls() if call.number in done and call.path == EXPOSURE]
    has_rows = any(call.body and call.body["exposurePlaceCodes"] for call in calls)
    profile = revision.run.profile
    is_earlier = last_upload is None or profile.issue_time(last_upload) < profile.issue_time(own)  # by a wipe, too
    if has_rows or not (is_earlier or last_upload == moment(before)):
        shown = f"of {last_upload:%Y-%m-%d %H:%M:%S}Z" if last_upload else "none at all"
        raise ForbiddenByRule(
            f"the server's last upload is {shown}, which is not where revision {revision.number} stopped",
            where=revision.folder,
            expected=f"{own:%Y-%m-%d %H:%M:%S}Z" if has_rows else "what was there when it was planned",
            remedy="give it up with `ibf-pipeline resume --abort` and run the day again",
        )
