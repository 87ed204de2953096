"""What people must be told by the pipeline itself, beside a target's own messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ibf_pipeline.domain.found import Found

Kind = Literal[
    "trigger without mail",
    "alert ended",
    "trigger lapsed beyond the limit",
    "alert could not be published",
    "station blind",
    "station suspect",
    "station no longer monitored",
    "alert goes on under another name",
    "earlier notification unconfirmed",
]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people must be told by the pipeline itself."""

    kind: Kind
    event: str
    text: str
    """for people, can be forwarded as it is"""


def blind_notices(found: Found) -> list[Notice]:
    """One for each station without a usable forecast: silence about it is no all clear."""
    day = f"{found.country_name}, forecast of {found.issue_date}"
    return [
        Notice(
            "station blind",
            station.event_name,
            f"{day}: no usable forecast for {station.code} ({station.name}): {station.reason}. This is no all clear.",
        )
        for station in found.with_condition("blind")
    ]
