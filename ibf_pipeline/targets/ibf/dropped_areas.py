"""Areas that drop out of an event that goes on: the portal closes them there, and no mail says so (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.words import event_text, listed
from ibf_pipeline.targets.notice import AREA_ENDED, Notice, intro


def dropped_areas(findings: Findings, before: Mapping[str, Mapping[str, str]]) -> Iterator[Notice]:
    """One notice for each event that goes on with fewer areas, or has areas that no event shows any more.

    Parameters
    ----------
    findings : Findings
        Of the day.
    before : mapping
        The active events before this publication: name -> place code on the default admin level -> name of the area.

    References
    ----------
    docs/publishing.md, notice "area no longer alerted".
    """
    about = profile_of(findings).about
    areas = {event.name: event.alerted_areas_of(findings.default_admin_level) for event in findings.publishable_events}
    holders = {area.place_code: name for name, listed_areas in areas.items() for area in listed_areas}
    for event in findings.publishable_events:
        had, has = before.get(event.name, {}), {area.place_code for area in areas[event.name]}
        gone = [_words(code, name, holders.get(code)) for code, name in sorted(had.items()) if code not in has]
        if gone:
            words = event_text(findings, event.name, event.key)
            text = (
                f"{intro(findings)}: the alert {about} {words} goes on without {listed(gone)}. The portal closes "
                f"{'it' if len(gone) == 1 else 'them'} there and sends no mail about that."
            )
            yield Notice(AREA_ENDED, event.name, text)
    yield from _gone_with_withdrawn(findings, holders)


def _gone_with_withdrawn(findings: Findings, holders: Mapping[str, str]) -> Iterator[Notice]:
    """Of areas that an event shares with one that an operator took back, with which they were shown."""
    about = profile_of(findings).about
    names = {area.place_code: area.name for event in findings.withdrawn for area in event.areas}
    withdrawn = {event.name for event in findings.withdrawn}
    for event in findings.publishable_events:
        gone = [(code, other) for code, other in event.given_areas if other in withdrawn and code not in holders]
        if gone:
            areas = listed([_words(code, names.get(code, ""), None) for code, _ in gone])
            others = listed(sorted({other for _, other in gone}))
            words = event_text(findings, event.name, event.key)
            text = (
                f"{intro(findings)}: the alert {about} {words} has {areas} too, which the portal showed with {others} "
                f"alone. {others} was withdrawn, and the portal shows no alert there now. This is no all clear: tell "
                "the recipients yourself."
            )
            yield Notice(AREA_ENDED, event.name, text)


def _words(code: str, name: str, holder: str | None) -> str:
    named = f"{name} ({code})" if name else code
    return f"{named}, which is shown with {holder} now," if holder else named
