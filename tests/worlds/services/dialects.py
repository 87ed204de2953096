"""How the three catalogues differ, as their documents of July 2025 to November 2026 say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One catalogue's ways."""

    name: str
    running_limit: int
    events: tuple[str, ...]
    cancelled: str
    reply_with_id: bool
    """CREODIAS' sample reply has no Id and echoes the receiver's password"""
    value_key: str
    """`Value` in CREODIAS' sample of a notification, `value` elsewhere"""
    stage_order: bool
    """what a reply says of StageOrder, whatever was sent"""
    context: str


CREODIAS = Dialect(
    "creodias", 1, ("created",), "removed-later", False, "Value", True, "$metadata#Subscriptions/$entity"
)
NSIS = Dialect(
    "nsis", 2, ("created", "modified", "deleted"), "deletes", True, "value", False, "$metadata#OData.CSC.Subscription"
)
CDSE = Dialect(
    "cdse", 1, ("created", "modified", "deleted"), "deletes", True, "value", True, "$metadata#OData.CSC.Subscription"
)
ALL = (CREODIAS, NSIS, CDSE)
