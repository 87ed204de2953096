"""From the findings of a day and the state of the server to a revision on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule, errors_logged
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import require_not_withdrawn
from ibf_pipeline.runs.notification_hold import Destination
from ibf_pipeline.runs.publication_history import PublicationHistory
from ibf_pipeline.runs.revision import Revision, RevisionMetadata, RevisionState
from ibf_pipeline.runs.revision_staging import begin_revision, content_hash, keep_revision
from ibf_pipeline.targets.event_keys import event_keys
from ibf_pipeline.targets.ibf.baseline import ServerBaseline, server_baseline
from ibf_pipeline.targets.ibf.bodies import EXPOSURE, PlanParameters
from ibf_pipeline.targets.ibf.capabilities import API_BEFORE_0_284, API_FROM_0_284
from ibf_pipeline.targets.ibf.lookback.expectation import expected_of, write_expected
from ibf_pipeline.targets.ibf.planner import PROCESS, RASTER_PATH, SILENT_END, plan_calls
from ibf_pipeline.targets.ibf.sent_points import with_sent_points
from ibf_pipeline.targets.ibf.state import OpenEvent, ServerState, server_timestamp
from ibf_pipeline.targets.ibf.timestamp import date_of_calls, revision_timestamp
from ibf_pipeline.targets.problems import Problem, require_publishable
from ibf_pipeline.targets.target import MakeExtents, RevisionDraft, attach_extents

log = logging.getLogger(__name__)

UNTOLD = "trigger, nobody notified"
"""what an event was before if the server knows it as a trigger and people do not"""

PROCESSING = tuple(path for path in (PROCESS, API_FROM_0_284.end_path, API_BEFORE_0_284.close_path) if path)
"""paths of the calls that make a server turn a day's rows into events"""


@dataclass(frozen=True, slots=True)
class PlanningInput:
    """What the next revision of a day is planned from."""

    found: Findings
    past: PublicationHistory
    state: ServerState
    prepared: Mapping[int, Sequence[str]]
    """admin level -> place codes of the prepared areas, for a server that has no route that tells its own"""
    destination: Destination

    def with_sent_points(self, run: RunFolder) -> PlanningInput:
        """The same with the exposed points that revisions of the period may have left on the server."""
        replaces = replaces_upload(self.found, self.state)
        return replace(self, state=with_sent_points(self.state, run, self.destination.target, replaces=replaces))


def _beside_the_content(call: Call) -> bool:
    """A picture drawn anew is not new content, and neither is how people are notified."""
    return call.kind == "end" or call.step in ("map image", SILENT_END)


def planned(
    day: PlanningInput, extents: Mapping[int, FileBody], map_images: Mapping[str, FileBody] | None = None
) -> RevisionDraft:
    """The plan of a day's next revision as the server is now, and what it was made with (pure).

    Parameters
    ----------
    day : PlanningInput
        The findings, the server's state and the destination.
    extents : mapping
        Lead time -> raster.
    map_images : mapping, optional
        Event name -> picture.

    Raises
    ------
    ForbiddenByRule
        If the server already has a later period: time only moves forward there.

    Notes
    -----
    The content that tells one revision from the next is that of a plan on an empty server, without map images and
    without the call that notifies (docs/design/publication.md, P5).
    """
    found, state, choice, destination = day.found, day.state, day.state.choice, day.destination
    at = revision_timestamp(profile_of(found), found.issue_time, day.past.next_number, state.last_upload)
    areas = {level: sorted(state.place_codes.get(level) or day.prepared[level]) for level in found.admin_levels}
    alone = PlanParameters(at, areas, extents, state.points, map_images=map_images or {}, notify=destination.notify)
    order = replace(alone, wipe=replaces_upload(found, state), stale_points=state.exposed)
    calls = plan_calls(found, order, choice.capabilities)
    news = calls if order == alone else plan_calls(found, alone, choice.capabilities)
    content = content_hash(call for call in news if not _beside_the_content(call))
    about = RevisionMetadata(
        date=date_of_calls(at),
        target=destination.target,
        url=destination.url,
        capabilities=choice.capabilities.name,
        reason=choice.reason,
        notify=destination.notify,
        content=content,
        hold_until=destination.held_until,
    )
    return RevisionDraft(tuple(calls), about)


def server_has_plan(plan: RevisionDraft, day: PlanningInput) -> bool:
    """Whether the server has exactly the content of a plan: then no revision is made."""
    latest = day.past.latest
    if latest is None or day.past.is_replaced or not is_newest(latest, day.state):
        return False
    return says_the_same(latest.about(), plan.about)


def server_seems_to_have_plan(day: PlanningInput) -> bool:
    """`server_has_plan` before the rasters of these findings are made: those of the latest revision stand in."""
    if day.past.latest is None:
        return False
    profile = profile_of(day.found)
    path = RASTER_PATH.format(disaster_type=profile.disaster_type)
    rasters = [call.file for call in day.past.latest.calls() if call.path == path and call.file is not None]
    lead_times = profile.lead_times if profile.raster else ()
    if len(rasters) != len(lead_times):
        return False
    return server_has_plan(planned(day, dict(zip(lead_times, rasters, strict=True))), day)


def new_revision(
    day: PlanningInput,
    run: RunFolder,
    *,
    extents: MakeExtents | None = None,
    map_images: Callable[[Path], Mapping[str, FileBody]] | None = None,
    withdraws: tuple[str, ...] = (),
    publish_withdrawn: bool = False,
    deletes: Sequence[Problem] = (),
) -> Revision | None:
    """Allot a revision for a day, with what the portal must show afterwards (`expected.json`).

    Parameters
    ----------
    extents : MakeExtents, optional
        Makes the rasters if they are not those of the run.
    map_images : callable, optional
        Draws the map of each event into a folder.
    withdraws : tuple of str
        Events that the revision takes back; it is made even if the content is the same.
    publish_withdrawn : bool
        Events that an operator withdrew may come back.
    deletes : sequence of Problem
        What people decided on the portal that a new revision would delete.

    Returns
    -------
    Revision or None
        None if the server already has this content.

    Raises
    ------
    ServerRefused
        If a revision would delete what people decided.
    ForbiddenByRule
        If time would go backwards, or events that an operator withdrew would come back.

    References
    ----------
    docs/design/publication.md, P4 and P5; docs/publishing.md, "Same day again".
    """
    found, past, target = day.found, day.past, day.destination.target
    staging = begin_revision(run, target, past.next_number)
    images, left_out = _images(found, staging, day.state, map_images)
    rasters = extents(staging) if extents else attach_extents(found, run, staging)
    day = day.with_sent_points(run)
    plan, state, latest = planned(day, rasters, images), day.state, past.latest
    if not withdraws and server_has_plan(plan, day):
        return None
    require_publishable(deletes, day.destination.url)
    if latest is not None and is_newest(latest, state) and not withdraws and not publish_withdrawn:
        require_not_withdrawn(found, latest)
    open_events = state.open_events or ()
    untold = past.unnotified_triggers({event.name for event in open_events if event.is_trigger})
    before = {event.name: UNTOLD if event.name in untold else event.alert_level for event in open_events}
    keys = event_keys(found, before, state.subjects(profile_of(found)), past.event_keys)
    today = tuple(event.name for event in open_events if _is_of_period(event, found))
    areas = {event.name: {area.place_code: area.name for area in event.areas} for event in open_events}
    last_upload = state.last_upload.isoformat() if state.last_upload else ""
    own = ServerBaseline(before, keys, today, last_upload, areas)
    about = replace(plan.about, withdraws=withdraws, left_out=left_out, unconfirmed=dict(past.unconfirmed))
    about = replace(about, of_target=asdict(own))
    # a day without it is not compared afterwards, and published all the same
    with errors_logged(log, "%s: what the portal must show could not be written down", found.country):
        takes_severity = plan.about.capabilities != API_BEFORE_0_284.name
        expected = expected_of(found, datetime.fromisoformat(plan.about.date), takes_severity=takes_severity)
        if expected is not None:
            write_expected(expected, staging)
    return keep_revision(run, target, past.next_number, staging, found, plan.calls, about)


def _images(
    findings: Findings, staging: Path, state: ServerState, draw: Callable[[Path], Mapping[str, FileBody]] | None
) -> tuple[Mapping[str, FileBody], tuple[str, ...]]:
    """The maps of a country that wants them in the mail, and what is left out with the reason."""
    if draw is None or not findings.publishable_events:
        return {}, ()
    if not state.choice.capabilities.map_image:
        why = f"map images (map_image: true): the server has no endpoint for them ({state.choice.capabilities.name})"
        log.info("%s: left out: %s", findings.country, why)
        return {}, (why,)
    images = draw(staging)
    return images, () if images else ("map images: they could not be drawn",)


def replaces_upload(findings: Findings, state: ServerState) -> bool:
    """Whether the server's last upload is in the same period: rows of its events would stay."""
    return state.last_upload is not None and profile_of(findings).issue_time(state.last_upload) == findings.issue_time


def _is_of_period(event: OpenEvent, findings: Findings) -> bool:
    """Whether an open event was first issued in the period of these findings."""
    issued = server_timestamp(event.first_issued) if event.first_issued else None
    return issued is not None and profile_of(findings).issue_time(issued) == findings.issue_time


def says_the_same(published: RevisionMetadata, planned: RevisionMetadata) -> bool:
    """Whether a plan has nothing new: the same content, and no notification that the published one left out."""
    return published.content == planned.content and (published.notify or not planned.notify)


def is_newest(revision: Revision, state: ServerState) -> bool:
    """Whether the server's last upload is this very revision: it may have been emptied, or written by others."""
    return state.last_upload is not None and state.last_upload == server_timestamp(revision.about().date)


def may_be_shown(state: RevisionState) -> bool:
    """Whether the server may have made events of a revision that broke off.

    Servers before 0.284 did so with each upload; later ones once a call makes them process the day.
    """
    if state.revision.about().capabilities == API_BEFORE_0_284.name:
        return True
    left = state.remaining_calls
    return not any(call in left for call in takewhile(lambda call: call.path not in PROCESSING, state.revision.calls()))


def require_resumable(revision: Revision, last_upload: datetime | None) -> None:
    """Require that the server has not gone on since: resuming would rewrite what people were notified of later.

    Parameters
    ----------
    revision : Revision
        The unfinished one.
    last_upload : datetime or None
        The server's last upload; None if there was none.

    Raises
    ------
    ForbiddenByRule
        If it is later than the `date` of the revision.

    References
    ----------
    docs/design/publication.md, P17
    """
    own = server_timestamp(revision.about().date)
    if last_upload is not None and own is not None and last_upload > own:
        raise ForbiddenByRule(
            f"revision {revision.number} is of {own:%Y-%m-%d %H:%M:%S}Z, the server's last upload of "
            f"{last_upload:%Y-%m-%d %H:%M:%S}Z",
            where=revision.folder,
            expected="no later upload on the server",
            remedy="give it up with `ibf-pipeline resume --abort` and run the day again",
        )


def require_undisturbed(revision: Revision, last_upload: datetime | None) -> None:
    """Require that the server still has what a revision left there: else its other calls make no day.

    Parameters
    ----------
    revision : Revision
        The unfinished one.
    last_upload : datetime or None
        The server's last upload; None if there was none.

    Raises
    ------
    ForbiddenByRule
        If somebody else has uploaded for an earlier time of the day, or the server was emptied or restored.
    """
    about = revision.about()
    own, before = server_timestamp(about.date), server_baseline(about).last_upload
    if before is None or own is None or last_upload == own:
        return
    done = revision.state().progress.done
    calls = [call for call in revision.calls() if call.number in done and call.path == EXPOSURE]
    has_rows = any(call.body and call.body["exposurePlaceCodes"] for call in calls)
    profile = revision.run.profile
    is_earlier = last_upload is None or profile.issue_time(last_upload) < profile.issue_time(own)  # by a wipe, too
    if has_rows or not (is_earlier or last_upload == server_timestamp(before)):
        shown = f"of {last_upload:%Y-%m-%d %H:%M:%S}Z" if last_upload else "none at all"
        raise ForbiddenByRule(
            f"the server's last upload is {shown}, which is not where revision {revision.number} stopped",
            where=revision.folder,
            expected=f"{own:%Y-%m-%d %H:%M:%S}Z" if has_rows else "what was there when it was planned",
            remedy="give it up with `ibf-pipeline resume --abort` and run the day again",
        )
