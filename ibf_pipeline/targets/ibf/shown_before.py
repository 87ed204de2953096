"""What a target showed before a revision, and what people were told."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.revision import Revision, RevisionState

log = logging.getLogger(__name__)


def shown_before(revision: Revision) -> Findings | None:
    """The newest findings that the target showed before this revision; None where there are none to be read."""
    return next((found for _, found in _shown(revision)), None)


def told_before(revision: Revision) -> Findings | None:
    """The newest of them by which people were notified, since nothing was alerted; None where there are none."""
    for state, found in _shown(revision):
        if not found.publishable_events:
            return None
        if state.has_notified:
            return found
    return None


def _shown(revision: Revision) -> Iterator[tuple[RevisionState, Findings]]:
    """Newest first."""
    for other in revision.run.history(revision.target):
        is_later = other.run == revision.run and other.number >= revision.number
        try:
            state = other.state()
            found = other.found() if not is_later and state.is_uploaded else None
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what was shown: %s", other.folder, error)
            continue
        if found is not None:
            yield state, found
