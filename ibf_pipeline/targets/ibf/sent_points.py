"""Points that earlier revisions of a period have made exposed: they stay so on the portal until they are sent again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.ibf.bodies import POINT_DATA
from ibf_pipeline.targets.ibf.flash_floods import EXPOSURE_KEY
from ibf_pipeline.targets.ibf.state import ServerState

log = logging.getLogger(__name__)


def with_sent_points(state: ServerState, run: RunFolder, target: str, *, replaces: bool) -> ServerState:
    """The state with the exposed points of this run's period alone: those that the server shows where its last upload
    is of that period, which it `replaces`, and what our own revisions of the run have sent, whole or not.

    While one of them is half made the server tells of the period before.

    Parameters
    ----------
    state : ServerState
        As it was just read.
    run, target
        The run, and the target's name.
    replaces : bool
        Whether the server's last upload is of the period of the run.
    """
    profile = run.profile
    if set(profile.points) <= {profile.subject_points}:
        return state  # it has no points that are exposed or not
    exposed = {category: set(codes) for category, codes in state.exposed.items() if replaces}
    for revision in run.revisions(target):
        for category, code in _sent(revision):
            exposed.setdefault(category, set()).add(code)
    return replace(state, exposed={category: frozenset(codes) for category, codes in exposed.items()})


def _sent(revision: Revision) -> Iterator[tuple[str, str]]:
    try:
        calls = revision.calls() if revision.state().was_begun else []
    except InputInvalid as error:
        log.warning("%s cannot be read; points that it made exposed may stay so: %s", revision.folder, error)
        return
    for call in calls:
        body = call.body or {}
        if call.path == POINT_DATA and body["key"] == EXPOSURE_KEY:
            for row in body["dynamicPointData"]:
                yield str(body["pointDataCategory"]), str(row["fid"])
