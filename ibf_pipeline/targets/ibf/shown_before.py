"""What a target showed before a revision."""

from __future__ import annotations

import logging

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.revision import Revision

log = logging.getLogger(__name__)


def shown_before(revision: Revision) -> Findings | None:
    """The newest findings that the target showed before this revision; None where there are none to be read."""
    for other in revision.run.history(revision.target):
        is_later = other.run == revision.run and other.number >= revision.number
        try:
            if not is_later and other.state().is_uploaded:
                return other.found()
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what was shown: %s", other.folder, error)
    return None
