"""Sentences of flash floods alone: headline, state, why, what is not seen, who decides (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ibf_pipeline.domain.local_time import clock_name, clock_text, local_text
from ibf_pipeline.domain.wording import amount_text, counted, day_text, number_text, percent_text, some
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.notes import begins_text, blind_notes, cause_text, event_notes, shown_notes
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.report.hourly_report import classes_by_lead_time
from ibf_pipeline.report.pictures.map_words import CountryWords, EventWords
from ibf_pipeline.report.words import alert_people_text, area_names, isolated, listed

_NAMED: Final = 3
"""districts in a headline that have a sentence of their own"""
_EXPLAINED: Final = 5
"""areas of a district whose reason is a sentence; the table has them all"""
INDICATOR_WORDS: Final = {
    "nr_affected_buildings": "buildings",
    "nr_affected_roads": "roads (km)",
    "nr_affected_schools": "schools",
    "nr_affected_clinics": "health sites",
    "nr_affected_waterpoints": "waterpoints",
}
"""the portal's indicators in words"""


def alerts(findings: FlashFloodFindings) -> list[str]:
    """Country, block and local time first; then each district with its start, hours left, people and areas."""
    triggers = [event for event in findings.events if event.trigger]
    warnings = [event for event in findings.events if not event.trigger]
    block = f"{findings.country_name}, block of {day_text(findings.issue_time.day)} {findings.issue_time.hour:02d} UTC"
    local = clock_text(findings.issue_time.start, findings.zone)
    first = "no flash flood alert" if not findings.events else _counts(len(triggers), len(warnings))
    parts = [f"{block} ({local}): {first}{'' if findings.events else f' until {_last(findings)}'}."]
    return [*parts, *(f"{line}." for group in (triggers, warnings) for line in _lines(findings, group))]


def _counts(triggers: int, warnings: int) -> str:
    parts = []
    if triggers:
        parts.append(f"trigger detected by the forecast in {counted(triggers, 'district')}")
    if warnings:
        parts.append(f"warning in {counted(warnings, 'district')}" if not triggers else f"a warning in {warnings} more")
    return ", ".join(parts)


def _last(findings: FlashFloodFindings) -> str:
    return local_text(FLASH_FLOODS.at(findings.issue_time, findings.lead_times[-1]), findings.zone)


def _lines(findings: FlashFloodFindings, events: Sequence[FlashFloodEvent]) -> Iterator[str]:
    kind = "trigger" if events and events[0].trigger else "warning"
    for event in events[:_NAMED]:
        names = area_names(findings, [event])
        where = "" if names == [event.district] else f" in {listed([isolated(name) for name in names], 3)}"
        people = f"{alert_people_text([event])} may be affected{where}"
        yield f"{isolated(event.name)}: {kind}, {begins(findings, event)}; {people}{_later(findings, event)}"
    if rest := events[_NAMED:]:
        further = some([isolated(event.name) for event in rest], 5)
        yield f"{counted(len(rest), f'further {kind}')}: {further}, with {alert_people_text(rest)}"


def _later(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    """`; further ahead a warning from Mon 2026-02-16 20:00 CAT`."""
    later = [
        f"a {'trigger' if e.trigger else 'warning'} from {local_text(e.starts, findings.zone)}" for e in event.later
    ]
    return f"; further ahead {listed(later)}" if later else ""


def begins(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    """`starts Sun 2026-02-15 17:00 CAT, in 9 hours`; of a tail until when it is shown."""
    words = begins_text(event, findings.published, findings.zone)
    tail = event.state == "tail" and event.until is not None
    return f"{words}, shown at 0-hour until {local_text(event.until, findings.zone)}" if tail and event.until else words


def cautions(findings: FlashFloodFindings) -> list[str]:
    """The portal's own mails; a forecast that is older than the block."""
    parts = []
    if not findings.may_clear:
        cycle = local_text(findings.cycle, findings.zone)
        parts.append(f"The forecast of rain is older than this block, of {cycle}: it can alert and takes nothing back.")
    if findings.publishable_events:
        name = clock_name(findings.published, findings.zone)
        wrong = "Clock times in the portal's mails are wrong from the second one of a mail on"
        parts.append(f"{wrong}; those here are right ({name}).")
    return parts


def worst(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    """When the worst hour is, of the area with most people; empty if nothing is known of it."""
    return local_text(event.causes[0].peaks, findings.zone) if event.causes else ""


def sure(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    """One run, or the share of the members."""
    if findings.one_run:
        return "One run of the forecast: it has no probability."
    kind, needed = "trigger", findings.rule.trigger_probability
    if not event.trigger:
        kind, needed = "warning", findings.rule.warning_probability
    share = f"{percent_text(event.probability)} of {counted(findings.members, 'member')} exceed by its start"
    return f"{share}; a {kind} needs {percent_text(needed)}. These shares are uncalibrated."


def marks(findings: FlashFloodFindings, event: FlashFloodEvent) -> str:
    """`In the portal at 9-hour: trigger at 9, 10 and 11 hours, warning at 15 hours.`"""
    return f"In the portal at {FLASH_FLOODS.lead_time_name(event.lead_time)}: {classes_by_lead_time(findings, event)}."


def states(findings: FlashFloodFindings, event: FlashFloodEvent) -> list[str]:
    """Why it goes on though this block may not say so, and what comes after it."""
    lines = []
    if event.state == "kept":
        lines.append("An earlier block's alert that nothing takes back yet; its numbers are those of then.")
    if event.until is not None:
        last = (
            "" if event.exceeded is None else f"; the limit was last passed {local_text(event.exceeded, findings.zone)}"
        )
        lines.append(
            f"Shown at 0-hour until {local_text(event.until, findings.zone)}, "
            f"longer if the limit is passed again{last}. Its numbers are the larger ones of then and now."
        )
    for later in event.later:
        kind = "trigger" if later.trigger else "warning"
        lines.append(
            f"Further ahead: {kind} from {local_text(later.starts, findings.zone)} "
            f"({FLASH_FLOODS.lead_time_name(later.lead_time)}), {number_text(later.people)} people."
        )
    return lines


def earlier_numbers_lines(event: FlashFloodEvent, areas: Sequence[str]) -> list[str]:
    """Which areas have the larger numbers of an earlier block, if it is not said of all."""
    if not areas or event.state == "kept":
        return []
    return [f"Numbers of an earlier block, larger than this one's: {some([isolated(name) for name in areas], 4)}."]


def why(findings: FlashFloodFindings, event: FlashFloodEvent) -> list[str]:
    """The rain of the areas with most people, what it stands for and whom that reaches."""
    lines = [
        f"{isolated(cause.name or cause.place_code)}: {_cause(findings, cause)}." for cause in event.causes[:_EXPLAINED]
    ]
    sooner = [cause for cause in event.causes if cause.starts == event.starts and cause.starts < cause.peaks]
    if sooner:
        began, name = sooner[0].start_duration_h, isolated(sooner[0].name or sooner[0].place_code)
        at = local_text(event.starts, findings.zone)
        lines.append(f"The limit is passed first at {at}, in {name}, by the rain of {counted(began, 'hour')}.")
    rest = len(event.causes) - _EXPLAINED
    if rest > 0:
        lines.append(f"{counted(rest, 'further area')}: in the table below.")
    return lines


def _cause(findings: FlashFloodFindings, cause: Cause) -> str:
    doubts = [] if cause.resolved else ["the source's steps are longer than a sum that decided"]
    return "; ".join([cause_text(cause, findings.published, findings.zone), rain_words(findings, cause), *doubts])


def rain_words(findings: FlashFloodFindings, cause: Cause) -> str:
    """What of the rain has fallen, and what is forecast.

    Of hours that are over this block's own rain has all fallen: what had not are numbers of an earlier block, which
    this one's rain may contradict.
    """
    ahead = max(0.0, cause.amount_mm - cause.fallen_mm)
    if ahead >= 0.5 and cause.peaks <= findings.published:
        fallen = f"; {cause.fallen_mm:.0f} mm of it had fallen then" if cause.fallen_mm >= 0.5 else ""
        return f"forecast by an earlier block{fallen}"
    if cause.fallen_mm < 0.5:
        return "all of it is forecast"
    if ahead < 0.5:
        return "all of it has fallen" if cause.observed else "all of it is due by now, none of it was measured"
    by_now = "have fallen" if cause.observed else "are due by now, none of it was measured"
    return f"{cause.fallen_mm:.0f} mm of it {by_now}, {ahead:.0f} mm are forecast"


def still_shown_lines(findings: FlashFloodFindings) -> list[str]:
    """Lines that the portal's map goes on showing though nothing reaches them now."""
    return [
        f"The portal may go on showing earlier {category} as exposed at {FLASH_FLOODS.lead_time_name(lead)}: none are "
        "exposed there now."
        for category, lead in findings.still_shown
    ]


def told_elsewhere(findings: FlashFloodFindings) -> frozenset[str]:
    """Notes that the page says in a place of their own."""
    both = (
        ((each.blind, "blind") for each in findings.districts),
        ((each.doubtful, "doubtful") for each in findings.districts),
    )
    unseen = (note for group in both for codes, condition in group for note in blind_notes(codes, condition))
    events = event_notes(
        (*findings.events, *findings.withdrawn), findings.published, findings.zone, one_run=findings.one_run
    )
    return frozenset((*events, *unseen, *findings.not_seen, *shown_notes(findings.still_shown)))


def rule_text(findings: FlashFloodFindings) -> list[str]:
    """The country's rule in sentences."""
    rule = findings.rule
    hours = listed([f"{hours}" for hours in rule.durations_h], 12)
    lines = [
        f"Rain is summed over {hours} hours; the nearest flood of the library ({counted(len(rule.library), 'scenario')}"
        f") says whom it reaches. An area is alerted above {amount_text(rule.people_threshold)} people, or above its "
        "own limit where it has one.",
        f"A trigger begins less than {rule.warning_from_h} hours ahead; what begins later is a warning, up to "
        f"{findings.lead_times[-1]} hours.",
        f"A trigger that has begun stays at 0-hour for {rule.tail_h} hours after the limit was last passed.",
    ]
    if not findings.one_run:
        trigger, warning = (percent_text(share) for share in (rule.trigger_probability, rule.warning_probability))
        lines.append(f"Of the members {trigger} make a trigger and {warning} a warning; both are uncalibrated.")
    return lines


def event_words(findings: FlashFloodFindings, event: FlashFloodEvent) -> EventWords:
    """Words of the map of an event."""
    drawn = sorted(set(event.scenarios.values()))
    return EventWords(
        people="may be affected",
        extent=f"flash flood extent: {some(drawn, 2)}" if drawn else "",
        subject=FLASH_FLOODS.subject,
        footer=(
            f"Rain: {findings.source}.",
            f"Alerted above {amount_text(findings.rule.people_threshold)} people in an area, or its own limit.",
            "People and depth: the country's library of floods.",
        ),
        begins=begins_text(event, findings.published, findings.zone),
        blind=blind_place_codes(findings, event.district),
    )


def country_words(findings: FlashFloodFindings) -> CountryWords:
    """Words of the map of the country, and its districts."""
    districts = {each.name: each.areas for each in findings.districts}
    return CountryWords(
        "flash flood extent of the triggers", f"rain: {findings.source}", districts, blind_place_codes(findings)
    )


def blind_place_codes(findings: FlashFloodFindings, district: str | None = None) -> frozenset[str]:
    """Place codes of areas whose rain is not known, of one district or of all."""
    return frozenset(code for each in findings.districts if district in (None, each.name) for code in each.blind)
