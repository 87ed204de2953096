"""Sentences of typhoon alone: headline, state, landfall, triggers, what was considered (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ibf_pipeline.domain.local_time import clock_name, clock_text, local_text
from ibf_pipeline.domain.wording import amount_text, counted, day_text, number_text, percent_text, some
from ibf_pipeline.hazards.typhoon.findings import (
    Approach,
    StormFound,
    TrackPoint,
    TriggerJudged,
    TyphoonEvent,
    TyphoonFindings,
)
from ibf_pipeline.hazards.typhoon.notes import corrected_text, further_texts, notes_of
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.hazards.typhoon.wording import (
    AVERAGED,
    HOUSES_CAVEAT,
    action_text,
    approach_text,
    category_text,
    deadline_text,
    houses_text,
    landfall_text,
    left_text,
    point_at_land,
    point_now,
    short_approach,
    verdict,
)
from ibf_pipeline.report.hourly_report import classes_by_lead_time
from ibf_pipeline.report.pictures.map_words import CountryWords, EventWords, MapMarks
from ibf_pipeline.report.typhoon.track_lines import country_marks
from ibf_pipeline.report.typhoon.track_shift import shift_text
from ibf_pipeline.report.words import alert_people_text, area_names, isolated, listed

_NAMED: Final = 3
"""storms in a headline that have a sentence of their own"""
INDICATOR_WORDS: Final = {
    "houses_affected": "damage to houses by wind, one of the two curves (share of their value, 0 to 1)",
    "prob_within_50km": "centre within 50 km (share of the ensemble, 0 to 1)",
    "windspeed": f"wind (km/h, {AVERAGED})",
    "rainfall": "rain in 24 hours (mm)",
    "show_admin_area": "drawn by the portal",
}
"""the portal's indicators in words"""

_PLACES: Final[dict[Approach, str]] = {
    "landfall": "landfall", "close-pass": "its close pass", "passes": "its point nearest to land",
    "not-yet": "its point nearest to land",
}  # fmt: skip


def alerts(findings: TyphoonFindings) -> list[str]:
    """Country, cycle and local time first; then each storm with its time at land, hours left, people and provinces."""
    triggers = [event for event in findings.events if event.trigger]
    warnings = [event for event in findings.events if not event.trigger]
    cycle = f"{findings.country_name}, cycle of {day_text(findings.issue_time.day)} {findings.issue_time.hour:02d} UTC"
    local = clock_text(findings.issue_time.start, findings.zone)
    lines = [f"{cycle} ({local}): {_counts(findings, len(triggers), len(warnings))}."]
    return [*lines, *(f"{line}." for group in (triggers, warnings) for line in _lines(findings, group))]


def _counts(findings: TyphoonFindings, triggers: int, warnings: int) -> str:
    if not findings.events:
        last = local_text(TYPHOON.at(findings.issue_time, findings.lead_times[-1]), findings.zone)
        watched = [isolated(storm.event_name) for storm in considered(findings)]
        missing = [isolated(each.event_name) for each in findings.unseen]
        return "; ".join(
            [
                f"no typhoon alert until {last}",
                *([f"missing from this cycle, which is no all clear: {listed(missing)}"] if missing else []),
                *([f"considered: {listed(watched)}"] if watched else []),
            ]
        )
    parts = [f"trigger detected by the forecast for {counted(triggers, 'storm')}"] if triggers else []
    if warnings:
        parts.append(f"a warning for {warnings} more" if triggers else f"warning for {counted(warnings, 'storm')}")
    return ", ".join(parts)


def _lines(findings: TyphoonFindings, events: Sequence[TyphoonEvent]) -> Iterator[str]:
    kind = "trigger" if events and events[0].trigger else "warning"
    for event in events[:_NAMED]:
        yield f"{isolated(event.name)}: {kind}, {begins(findings, event)}; {exposed(findings, event)}"
    if rest := events[_NAMED:]:
        further = some([isolated(event.name) for event in rest], 5)
        yield f"{counted(len(rest), f'further {kind}')}: {further}, with {alert_people_text(rest)}"


def exposed(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    """`12,345 people in winds of 89 km/h (10-minute mean) or more, in Batanes and Cagayan`."""
    places = [isolated(each.name) for each in event.provinces] or [isolated(n) for n in area_names(findings, [event])]
    where = f", in {listed(places, 3)}" if places else ""
    winds = f"{amount_text(findings.rule.people_kmh)} km/h ({AVERAGED})"
    return f"{alert_people_text([event])} in winds of {winds} or more{where}"


def begins(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    """When it is at land, and whether that is a direct hit or close pass; of one that is gone, until when it stays."""
    if event.state == "passed":
        until = (
            f", its areas keep their numbers until {local_text(event.ends_at, findings.zone)}" if event.ends_at else ""
        )
        return f"has passed{until}"
    return approach_text(event, findings.published, findings.zone)


def cautions(findings: TyphoonFindings) -> list[str]:
    """What the portal says otherwise: clock times of its mails, landfall, and maps of storms that share areas."""
    parts = [
        f"{isolated(event.name)}: {corrected_text(event)}."
        for event in findings.publishable_events
        if event.landfall.corrected
    ]
    parts += [f"{line}." for line in dict.fromkeys(_shared(event) for event in findings.events) if line]
    if findings.publishable_events:
        name = clock_name(findings.published, findings.zone)
        wrong = "Clock times in the portal's mails are too late, those of triggers and all after the first of a mail"
        parts.append(f"{wrong}; those here are right ({name}).")
    return parts


def _shared(event: TyphoonEvent) -> str:
    if not event.shared_with:
        return ""
    both = listed([isolated(name) for name in sorted((event.name, *event.shared_with))])
    return f"{both} share areas: the portal's maps mix them up, and lists and mails are right"


def facts(findings: TyphoonFindings, event: TyphoonEvent, before: TyphoonEvent | None) -> list[str]:
    """Category now and at land, landfall in the ensemble, what is exposed, how the track shifted, how sure that is."""
    now, there, gone = point_now(event, findings.published), point_at_land(event), event.state == "passed"
    lines = [] if now is None else [f"{_when_seen(findings, now, gone=gone)}: {category_text(now)}."]
    if there is not None and not gone:
        at = local_text(there.moment, findings.zone)
        lines.append(f"At {_PLACES[event.landfall.approach]}: {category_text(there)}, {at}.")
    if not gone:
        lines.append(f"{landfall_text(event, findings.zone, findings.cycle)}. Reference: {event.reference}.")
    lines += [
        f"{_capital(exposed(findings, event))} (mean over the members).",
        f"Damage to houses, low to high: {houses_text(event.houses_low, event.houses_high)}; {HOUSES_CAVEAT}.",
    ]
    if shifted := shift_text(event, before):
        lines.append(f"{_capital(shifted)}.")
    return [*lines, *([] if gone else [_sure(findings, event)]), _marks(findings, event)]


def _when_seen(findings: TyphoonFindings, point: TrackPoint, *, gone: bool) -> str:
    if point.moment > findings.published:
        return f"Not there yet; its track begins {local_text(point.moment, findings.zone)}"
    return "Last seen" if gone else "Now, by the forecast"


def _sure(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    have = f"{number_text(event.members_with_storm)} of {counted(findings.members, 'member')} have the storm"
    few = (
        ": few, and every chance here counts the others as no"
        if event.members_with_storm * 2 < findings.members
        else ""
    )
    return f"{have}{few}."


def _marks(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    """`In the portal at 21-hour, counted from the cycle: trigger at 21 hours, warning at 96 hours.`"""
    at_lead = TYPHOON.lead_time_name(event.lead_time)
    return f"In the portal at {at_lead}, counted from the cycle: {classes_by_lead_time(findings, event)}."


def states(findings: TyphoonFindings, event: TyphoonEvent) -> list[str]:
    """What must not be overlooked: until when anything can be done, where its numbers are from, its names, sharing."""
    lines = [action_text(event, findings.published, findings.zone)] if event.state != "passed" else []
    lines += [f"{_capital(further)}." for further in further_texts(event, findings)]
    if event.state == "carried":
        lines.append(
            f"Beyond the last step of this cycle ({counted(findings.last_step_h, 'hour')}): its numbers are those of "
            "the last long one."
        )
    if event.state == "passed":
        until = f" until {local_text(event.ends_at, findings.zone)}" if event.ends_at is not None else ""
        lines.append(f"The storm has passed: its areas keep what they had{until}.")
    gone = [isolated(each.name) for each in event.provinces if each.passed]
    if gone and event.state != "passed":
        lines.append(f"Passed already, with the numbers of then: {some(gone, 5)}.")
    if event.identifier == event.international_name:
        lines.append(f"It has no name yet: {event.identifier} is its number, and its alert is renamed with it.")
    if event.renamed_from is not None:
        lines.append(f"Called {isolated(event.renamed_from)} on the portal until now: the same storm.")
    if shared := _shared(event):
        lines.append(f"{shared}.")
    return [line for line in lines if line]


def triggers(findings: TyphoonFindings, event: TyphoonEvent) -> list[str]:
    """Each alternative of the country's triggers: that it is met, or what is missing and how long it still can be."""
    return [*(_judged(findings, each) for each in event.triggers), *_without_deadline(findings, event)]


def _without_deadline(findings: TyphoonFindings, event: TyphoonEvent) -> Iterator[str]:
    """The hours that are left if an alternative is not met and names none; once, as they are the same for all."""
    at, open_ended = event.landfall.reference_at, any(not each.met and each.deadline is None for each in event.triggers)
    if open_ended and event.state != "passed" and at > findings.published:
        place = _PLACES[event.landfall.approach]
        left = f"{local_text(at, findings.zone)}, {left_text(at, findings.published)}"
        yield f"A rule without a deadline can be met up to {place}, {left}, and after it."


def _judged(findings: TyphoonFindings, judged: TriggerJudged) -> str:
    where = f" in {listed([isolated(name) for name in judged.where], 4)}" if judged.where else ""
    made = counted(len(judged.areas), "area")
    head, reason = _capital(verdict(judged)), f"; {judged.reason}" if judged.reason else ""
    if judged.met and judged.counts:
        return f"{head}: {judged.name}: {judged.reached}{where}; a trigger for {made}."
    if judged.met:
        return f"{head}: {judged.name}: {judged.reached}{where}{reason}."
    kept = f"; still a trigger for {made}" if judged.areas else ""
    until = "" if judged.areas else deadline_text(judged, findings.published, findings.zone)
    return f"{head}: {judged.name}; now {judged.reached}{where}{reason}{kept}{until}."


def considered(findings: TyphoonFindings) -> tuple[StormFound, ...]:
    """Storms that are not an event, with a reason; those that are missing from the cycle are blind, not considered."""
    told = {event.storm for event in (*findings.events, *findings.withdrawn)} | {each.key for each in findings.unseen}
    return tuple(storm for storm in findings.storms if storm.storm not in told)


def considered_text(findings: TyphoonFindings) -> list[str]:
    """Each of them with the reason why it is not an event."""
    return [_considered(findings, storm) for storm in considered(findings)]


def _considered(findings: TyphoonFindings, storm: StormFound) -> str:
    have = f"{number_text(storm.members_with_storm)} of {counted(findings.members, 'member')}"
    seen = f"in {have}" if storm.in_cycle else "not in this cycle's tracks"
    return f"{isolated(storm.event_name)}, {seen}: {storm.note or 'no event'}."


def told_elsewhere(findings: TyphoonFindings) -> frozenset[str]:
    """Notes that the page says in a place of their own."""
    return frozenset((*notes_of(replace(findings, events=(*findings.events, *findings.withdrawn))), *findings.not_seen))


def rule_text(findings: TyphoonFindings) -> list[str]:
    """The country's rule in sentences, with what the numbers are."""
    rule = findings.rule
    strong, weak = (f"{speed:g} m/s" for speed in rule.v_half_ms)
    return [
        f"Winds are {AVERAGED}s at 10 m: of an area the largest at any of its inhabited cells, mean over the members. "
        f"Every share is one of {counted(findings.members, 'member')}; one without the storm counts as no.",
        f"An area is alerted where {percent_text(rule.area_probability)} of the members have "
        f"{amount_text(rule.area_wind_kmh)} km/h ({AVERAGED}) or more, or the centre within 50 km.",
        f"People are those in winds of {amount_text(rule.people_kmh)} km/h ({AVERAGED}) or more.",
        f"Houses: {HOUSES_CAVEAT}. 1-minute winds: no damage below {rule.v_threshold_ms:g} m/s, half at {strong} "
        f"(high) or {weak} (low). They differ by a factor of ten and more: the truth lies between.",
        f"A landfall is shown where the reference comes within {amount_text(rule.landfall_km)} km of land, or "
        f"{percent_text(rule.landfall_probability)} of the members cross it.",
        f"Areas that a storm has passed keep their numbers for {rule.tail_h} hours.",
    ]


def event_words(findings: TyphoonFindings, event: TyphoonEvent) -> EventWords:
    """Words of the map of an event."""
    return EventWords(
        people=f"in {amount_text(findings.rule.people_kmh)} km/h ({AVERAGED}) or more",
        extent="",
        subject=TYPHOON.subject,
        footer=(
            f"{_capital(TYPHOON.covers)}.",
            f"Winds are {AVERAGED}s.",
            f"Tracks: {findings.source}.",
        ),
        begins=_kept_until(findings, event) or short_approach(event, findings.published, findings.zone),
        title=event.name,
    )


def _kept_until(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    if event.state != "passed":
        return ""
    return f"has passed, kept until {local_text(event.ends_at, findings.zone)}" if event.ends_at else "has passed"


def country_words(findings: TyphoonFindings) -> CountryWords:
    """Words of the map of the country, and the tracks of its storms."""
    _marks: tuple[MapMarks, ...] = country_marks(findings)
    return CountryWords("", f"tracks: {findings.source}", marks=_marks)


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
