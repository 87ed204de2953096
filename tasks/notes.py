"""Notes and doubts of findings in the log of a run."""

from __future__ import annotations

import logging

from ibf_pipeline.domain.findings import Findings

log = logging.getLogger("ibf_pipeline.tasks")


def log_notes(findings: Findings) -> None:
    """Every note as information, every doubt as a warning."""
    for note in findings.notes:
        log.info("%s: %s", findings.country, note)
    for doubt in findings.doubts:
        log.warning("%s: %s", findings.country, doubt)
