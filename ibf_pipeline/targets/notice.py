"""What the pipeline itself must report to people, beside a target's own messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.wording import BEYOND_SHOWN, NOT_SHOWN
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.words import event_text
from ibf_pipeline.runs.verification import DIFFERS, Verification

LAPSED_BEYOND: Final = f"trigger lapsed {BEYOND_SHOWN}"
"""kind: what the portal had as a trigger triggers on a later lead time than it can show"""
_ROWS = 10
"""differences that a notice lists"""
TRIGGER_BEYOND: Final = f"trigger {BEYOND_SHOWN}"
"""kind: an event triggers there, and is published as the warning that it is within the portal's lead times"""
LOWERED_TRIGGER: Final = "trigger lowered to a warning"
FURTHER_AHEAD: Final = "further alert ahead"
CHANGED: Final = "alert changed without mail"
AREA_ENDED: Final = "area no longer alerted"
"""kind: an area dropped out of an event that goes on"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the pipeline itself must report to people. docs/publishing.md lists all kinds."""

    kind: str
    """what it is, in words that automations and the state of a run go by, such as `alert ended`, `station blind`"""
    event: str
    text: str
    """for people, can be forwarded as it is"""


def intro(findings: Findings) -> str:
    """`Uganda, forecast of 2026-02-15`: what every notice begins with, then what its numbers leave out, and that it is
    a trial if it is one.
    """
    profile = profile_of(findings)
    trial = f" ({findings.trial})" if findings.trial else ""
    named = f"{profile.short} " if profile.is_named else ""
    covers = f" ({profile.covers})" if profile.covers else ""
    return f"{findings.country_name}, {named}forecast of {findings.issue_time.words}{covers}{trial}"


def blind_notices(findings: Findings) -> list[Notice]:
    """One for each subject without a usable forecast: silence about it is not an all clear."""
    return [
        Notice(
            f"{profile_of(findings).subject} blind",
            unseen.event_name,
            f"{intro(findings)}: no usable forecast for {unseen.words}: {unseen.reason}. This is no all clear.",
        )
        for unseen in findings.unseen
        if unseen.condition == "blind"
    ]


def hidden_notices(findings: Findings) -> list[Notice]:
    """One for each alert without areas: no target can show it, and nothing else reports it."""
    return [
        Notice(
            NOT_SHOWN,
            event.name,
            f"{intro(findings)}: {event_text(findings, event.name, event.key)} is alerted and has no areas in the "
            "mapping: the portal cannot show it. Tell the recipients yourself.",
        )
        for event in findings.unpublishable_events
    ]


def differs_notices(findings: Findings, verified: Verification | None) -> list[Notice]:
    """One if the portal shows something else than what was published, with the first rows."""
    if verified is None or not verified.differs:
        return []
    rows = verified.differences
    more = f"\n- and {len(rows) - _ROWS:,} more" if len(rows) > _ROWS else ""
    text = (
        f"{intro(findings)}: {verified.words}. People may see other alerts there than they are told of. Look at the "
        "portal, and again with `ibf-pipeline verify`.\n" + "\n".join(f"- {row}" for row in rows[:_ROWS]) + more
    )
    return [Notice(DIFFERS, "the portal", text)]
