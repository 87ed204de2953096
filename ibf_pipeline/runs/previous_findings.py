"""What a target showed of a country before a run or a revision, and what people were notified of."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.folder import AnyFindings, RunFolder
from ibf_pipeline.runs.revision import RevisionState

log = logging.getLogger(__name__)


def latest_shown_findings(
    run: RunFolder, target: str, kind: type[AnyFindings], below: int | None = None
) -> AnyFindings | None:
    """The newest findings that the target shows of the country, up to this run and including it.

    Events that an operator took back are not in them. Exercises and real runs each have their own.

    Parameters
    ----------
    run : RunFolder
        The run; of later ones nothing is read.
    target : str
        Name of the target.
    kind : type of Findings
        Findings of the hazard; others are ignored.
    below : int, optional
        Of this run, only revisions before this number.

    Returns
    -------
    Findings or None
        None if the target shows none. A revision that cannot be read is skipped: an older one then counts.
    """
    return next((found for _, found in _shown(run, target, kind, below)), None)


def latest_notified_findings(
    run: RunFolder, target: str, kind: type[AnyFindings], below: int | None = None
) -> AnyFindings | None:
    """The newest of those findings that people were notified of; parameters as `latest_shown_findings`.

    Returns
    -------
    Findings or None
        None if there are none, or if a run without events came after them.
    """
    for state, found in _shown(run, target, kind, below):
        if not found.publishable_events:
            return None
        if state.has_notified:
            return found
    return None


def _shown(
    run: RunFolder, target: str, kind: type[AnyFindings], below: int | None
) -> Iterator[tuple[RevisionState, AnyFindings]]:
    """Newest first. One that cannot be read is passed over: an older one then says what goes on."""
    for revision in run.history(target):
        if below is not None and revision.run == run and revision.number >= below:
            continue
        try:
            state = revision.state()
            found = revision.findings() if state.is_uploaded else None
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what was shown: %s", revision.folder, error)
            continue
        if isinstance(found, kind):
            yield state, found
