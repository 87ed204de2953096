"""What a run was before itself: what became of alerts that were published with other findings."""

from __future__ import annotations

import logging

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError
from ibf_pipeline.report.change import Correction
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.withdrawal import standing_findings

log = logging.getLogger(__name__)


def correction(run: RunFolder, findings: Findings) -> Correction | None:
    """What changed since the newest publication of a day that says something else than `findings`, its findings now.

    None if there is none. Alerts that an operator took back do not count as a change. A revision that cannot be read is
    left out and logged.
    """
    earlier = []
    for target in run.targets():
        for revision in reversed(run.revisions(target)):
            try:
                about, was = revision.about(), revision.findings()
                withdrawal = set(about.withdraws) - {event.name for event in was.events}
                if not withdrawal and was.events != findings.events and revision.state().is_uploaded:
                    changes = compare_runs(was, standing_findings(findings, run))
                    earlier.append(Correction(target, revision.number, about.date, changes))
                    break
            except (OSError, ValueError, TypeError, KeyError, IbfError) as error:
                log.warning("%s: what it published is left out of the comparison: %s", revision.folder, error)
    newest = max(earlier, key=lambda published: published.date, default=None)
    return newest if newest is not None and newest.changes else None
