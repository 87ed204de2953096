"""What the pipeline itself says of flash floods, where the portal is silent or goes on showing something (pure).

The server mails an event that has begun only when it was first issued, never what an event has further ahead, and
draws roads and buildings that were exposed until their lead time has others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.local_time import local_text
from ibf_pipeline.domain.wording import number_text, people_words
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings, LaterAlert
from ibf_pipeline.hazards.flash_floods.mails import SOMETHING_AHEAD, news
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.mailing import LOWERED
from ibf_pipeline.report.words import event_text, listed
from ibf_pipeline.targets.ibf.notice_context import NoticeContext
from ibf_pipeline.targets.notice import CHANGED, FURTHER_AHEAD, LOWERED_TRIGGER, Notice, intro

_LINES_SHOWN: Final = "lines still shown"
_PORTAL: Final = "the portal"


def flash_flood_notices(findings: FlashFloodFindings, context: NoticeContext) -> Iterator[Notice]:
    """For each event: that a trigger is a warning now, what lies further ahead, what has changed without a mail; then
    the lines that the map goes on showing.

    Parameters
    ----------
    findings : FlashFloodFindings
        Of the block.
    context : NoticeContext
        The portal before this publication.

    References
    ----------
    docs/publishing.md, which lists the notices.
    """
    before = _own(context.last_shown())
    told = _own(context.last_notified()) or before
    for event in findings.publishable_events:
        if not event.trigger and event.name in context.triggers and not findings.beyond_limit(event.key):
            yield Notice(LOWERED_TRIGGER, event.name, _lowered(findings, event))
        new = set(news(event, before, before))
        if event.later and (_is_first(event, before) or SOMETHING_AHEAD in new):
            yield Notice(FURTHER_AHEAD, event.name, _ahead(findings, event))
        is_new_trigger = event.trigger and event.name not in context.triggers  # has a notice of its own
        changed = [words for words in news(event, before, told) if words not in (SOMETHING_AHEAD, LOWERED)]
        if changed and event.name in context.unmailed and not is_new_trigger:
            yield Notice(CHANGED, event.name, _changed(findings, event, changed))
    yield from _lines(findings, before)


def _own(findings: Findings | None) -> FlashFloodFindings | None:
    return findings if isinstance(findings, FlashFloodFindings) else None


def _is_first(event: FlashFloodEvent, before: FlashFloodFindings | None) -> bool:
    return all(event.key != other.key for other in (before.publishable_events if before else ()))


def _lowered(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    first = FLASH_FLOODS.lead_time_name(event.lead_time)
    return (
        f"{intro(findings)}: what was a trigger at {_words(findings, event)} is a warning now, first on {first}, for "
        f"{people_words(event.people, known=event.people_known)}. The portal shows it as such."
    )


def _ahead(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    told = "; ".join(_later_text(findings, later) for later in event.later)
    return (
        f"{intro(findings)}: beside the alert at {_words(findings, event)}, shown at "
        f"{FLASH_FLOODS.lead_time_name(event.lead_time)}, more is ahead: {told}. The portal has it among the event's "
        "lead times alone and mails nobody about it: tell the recipients yourself."
    )


def _later_text(findings: FlashFloodFindings, later: LaterAlert) -> str:
    where = f" in {listed(later.areas)}" if later.areas else ""
    return (
        f"a {'trigger' if later.trigger else 'warning'} at {FLASH_FLOODS.lead_time_name(later.lead_time)}, from "
        f"{local_text(later.starts, findings.zone)}, for {number_text(later.people)} people{where}"
    )


def _changed(findings: FlashFloodFindings, event: FlashFloodEvent, changes: list[str]) -> str:
    return (
        f"{intro(findings)}: the alert at {_words(findings, event)} goes on and has changed: {listed(changes)}. It has "
        "begun, so the portal shows this and mails nobody about it: tell the recipients yourself."
    )


def _lines(findings: FlashFloodFindings, before: FlashFloodFindings | None) -> Iterator[Notice]:
    """Once, when a lead time is new among those that go on showing lines; the report has all of them each time."""
    new = [pair for pair in findings.still_shown if before is None or pair not in before.still_shown]
    if new:
        places = listed([f"{category} at {FLASH_FLOODS.lead_time_name(lead_time)}" for category, lead_time in new])
        text = (
            f"{intro(findings)}: the portal's map goes on showing {places} as exposed, though none are there any more; "
            "it drops them when that lead time has others. Say so to whoever looks at the map."
        )
        yield Notice(_LINES_SHOWN, _PORTAL, text)


def _words(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    return event_text(findings, event.name, event.key)
