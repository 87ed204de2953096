"""What people must be told by the pipeline itself, beside a target's own messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.wording import BEYOND_SHOWN
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.runs.verified import Verified

LAPSED_BEYOND: Final = f"trigger lapsed {BEYOND_SHOWN}"
"""kind: what the portal had as a trigger triggers on a later lead time than it can show"""
DIFFERS: Final = "portal differs"
"""kind: the portal shows something else than what was published"""
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
    """Something that people must be told by the pipeline itself."""

    kind: str
    """what it is, in words that automations and the state of a run go by, such as `alert ended`, `station blind`"""
    event: str
    text: str
    """for people, can be forwarded as it is"""


def day_of(found: Findings) -> str:
    """`Uganda, forecast of 2026-02-15`: what every notice begins with, with what its numbers leave out, and of a
    trial with the words that say so."""
    profile = profile_of(found)
    trial = f" ({found.trial})" if found.trial else ""
    named = f"{profile.short} " if profile.is_named else ""
    covers = f" ({profile.covers})" if profile.covers else ""
    return f"{found.country_name}, {named}forecast of {found.issue_time.words}{covers}{trial}"


def blind_notices(found: Findings) -> list[Notice]:
    """One for each subject without a usable forecast: silence about it is no all clear."""
    return [
        Notice(
            f"{profile_of(found).subject} blind",
            unseen.event_name,
            f"{day_of(found)}: no usable forecast for {unseen.words}: {unseen.reason}. This is no all clear.",
        )
        for unseen in found.unseen
        if unseen.condition == "blind"
    ]


def differs_notices(found: Findings, verified: Verified | None) -> list[Notice]:
    """One where the portal shows something else than what was published, with the first rows."""
    if verified is None or not verified.differs:
        return []
    rows = verified.differences
    more = f"\n- and {len(rows) - _ROWS:,} more" if len(rows) > _ROWS else ""
    text = (
        f"{day_of(found)}: {verified.words}. People may see other alerts there than they are told of. Look at the "
        "portal, and again with `ibf-pipeline verify`.\n" + "\n".join(f"- {row}" for row in rows[:_ROWS]) + more
    )
    return [Notice(DIFFERS, "the portal", text)]
