"""What is left of a day after operators withdrew alerts, from the revisions that were published."""

from __future__ import annotations

import logging

from ibf_pipeline.errors import IbfError, InputMissing, StoreUnavailable
from ibf_pipeline.runs.folder import AnyFindings, RunFolder

log = logging.getLogger(__name__)


def standing_findings(findings: AnyFindings, run: RunFolder) -> AnyFindings:
    """A run's findings without the events that an operator withdrew.

    Parameters
    ----------
    findings : Findings
        Of the run.
    run : RunFolder
        The run.

    Returns
    -------
    Findings
        Withdrawn events are in its `withdrawn` and no longer in its `events`.

    Raises
    ------
    StoreUnavailable, InputMissing
        If the findings of a revision cannot be fetched.

    Notes
    -----
    For each target the newest revision that it shows decides. An event is withdrawn if some target lacks it because of
    a withdrawal and no target shows it.
    """
    taken, shown = set[str](), set[str]()
    for target in run.targets():
        withdraws, events = _newest(run, target)
        taken |= withdraws
        shown |= events
    return findings.without(taken - shown)


def _newest(run: RunFolder, target: str) -> tuple[set[str], set[str]]:
    """What the newest revision that a target shows took back, and what it has; damaged ones are passed over."""
    for revision in reversed(run.revisions(target)):
        try:
            if revision.state().is_uploaded:
                return set(revision.about().withdraws), {event.name for event in revision.findings().events}
        except (StoreUnavailable, InputMissing):
            raise  # it is not damaged: what was taken back may not come back because of it
        except (OSError, ValueError, TypeError, KeyError, IbfError) as error:
            log.warning("%s: what it took back is not known (%s)", revision.folder, error)
    return set(), set()
