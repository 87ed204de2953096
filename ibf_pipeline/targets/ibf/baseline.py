"""The IBF server as it was when a revision was planned, kept beside what every revision keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.revision import RevisionMetadata


@dataclass(frozen=True, slots=True)
class ServerBaseline:
    """The server as it was before; kept with the revision under the names of these fields."""

    before: dict[str, str] = field(default_factory=dict)
    """events that were active on the target before: name -> alert level"""
    stations: dict[str, str] = field(default_factory=dict)
    """the stations that these belong to: name -> station code"""
    issued_today: tuple[str, ...] = ()
    """those of them that were first issued on this very day: the server issues them anew"""
    last_upload: str | None = None
    """the server's last upload when it was planned, empty if there was none; None: not kept"""
    areas: dict[str, dict[str, str]] = field(default_factory=dict)
    """the active events' areas on the default level: event -> place code -> name"""


def server_baseline(about: RevisionMetadata) -> ServerBaseline:
    """The server's part of what a revision was planned with; fields that were not kept have their defaults.

    Raises
    ------
    InputInvalid
        If it is damaged.
    """
    own: Any = about.of_target
    try:
        return ServerBaseline(
            before=dict(own.get("before", {})),
            stations=dict(own.get("stations", {})),
            issued_today=tuple(own.get("issued_today", ())),
            last_upload=own.get("last_upload"),
            areas={event: dict(areas) for event, areas in own.get("areas", {}).items()},
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise InputInvalid(
            f"what the revision of {about.date} was planned with cannot be read ({type(error).__name__})",
            where=about.url,
            expected="it as it was written",
            remedy="bring it back from a back-up",
        ) from None
