"""What an IBF server showed before a publication, as far as a hazard's own notices go by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ibf_pipeline.domain.findings import Findings


@dataclass(frozen=True, slots=True)
class NoticeContext:
    """The portal before a publication, and what it does not mail about it."""

    triggers: frozenset[str]
    """events that were triggers"""
    unmailed: frozenset[str]
    """events of this publication that the server mails nobody about"""
    last_shown: Callable[[], Findings | None]
    """reads the findings that the portal showed; None if they were not ours"""
    mails: bool
    """whether this publication notifies people at all"""
    last_notified: Callable[[], Findings | None]
    """reads the findings that people were notified of last; None if they were not ours"""
