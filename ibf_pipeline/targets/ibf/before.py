"""What an IBF server showed before a publication, as far as a hazard's own notices go by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ibf_pipeline.domain.findings import Findings


@dataclass(frozen=True, slots=True)
class PortalBefore:
    """The portal before, and what it does not tell people of this publication."""

    triggers: frozenset[str]
    """events that were triggers"""
    silent: frozenset[str]
    """events of this publication that the server mails nobody about"""
    earlier: Callable[[], Findings | None]
    """reads what it showed; None for nothing that is ours"""
    mails: bool
    """whether this publication notifies people at all"""
    told: Callable[[], Findings | None]
    """reads what people were notified of last; None for nothing that is ours"""
