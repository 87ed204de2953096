"""What stands across a picture that people pass on without the report it is of (pure)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of

_DOUBTFUL: Final = "Numbers are doubtful: see the report"


def stamp_lines(findings: Findings, keys: Collection[str]) -> tuple[str, ...]:
    """The words of a trial, what the numbers leave out, and that they are doubtful: those of all the day, or the
    forecast at one of `keys`.

    Rule: a dry station without an alert is in no number of a picture, and wadis would put the words on it for months.
    """
    suspect = {each.key for each in findings.unseen if each.condition == "suspect"}
    doubtful = bool(findings.doubts) or not suspect.isdisjoint(keys)
    return tuple(filter(None, (findings.trial, profile_of(findings).covers, _DOUBTFUL if doubtful else "")))
