"""What a target showed of a country before a run or a revision, and what people were told."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.folder import Kind, RunFolder
from ibf_pipeline.runs.revision import RevisionState

log = logging.getLogger(__name__)


def newest_shown(run: RunFolder, target: str, kind: type[Kind], below: int | None = None) -> Kind | None:
    """The newest findings of the country that the target shows, up to this run and of it, without events that a person
    took back; None where there are none. Exercises and real runs each have their own.

    `below`: of this run only revisions before that one.
    """
    return next((found for _, found in _shown(run, target, kind, below)), None)


def newest_told(run: RunFolder, target: str, kind: type[Kind], below: int | None = None) -> Kind | None:
    """The newest of them by which people were notified, since the last run without any event; None where there are
    none.
    """
    for state, found in _shown(run, target, kind, below):
        if not found.publishable_events:
            return None
        if state.has_notified:
            return found
    return None


def _shown(run: RunFolder, target: str, kind: type[Kind], below: int | None) -> Iterator[tuple[RevisionState, Kind]]:
    """Newest first. One that cannot be read is passed over: an older one then says what goes on."""
    for revision in run.history(target):
        if below is not None and revision.run == run and revision.number >= below:
            continue
        try:
            state = revision.state()
            found = revision.found() if state.is_uploaded else None
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what was shown: %s", revision.folder, error)
            continue
        if isinstance(found, kind):
            yield state, found
