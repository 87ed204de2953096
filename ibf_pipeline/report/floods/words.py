"""Sentences of floods alone: the rule, why an event has its class, what maps say beside the frame's words (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from ibf_pipeline.domain.portal_view import event_views
from ibf_pipeline.domain.wording import (
    alert_text,
    class_text,
    counted,
    days_text,
    number_text,
    people_text,
    percent_text,
)
from ibf_pipeline.hazards.floods.evidence import evidence, high_beyond_limit, limit_of
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied
from ibf_pipeline.report.pictures.map_words import CountryWords, EventWords
from ibf_pipeline.report.words import alert_people_text, area_names, listed


def people_affected(findings: FloodFindings, events: Sequence[FloodEvent]) -> str:
    """How many people live where the flood maps of events are wet."""
    people = alert_people_text(events)
    depth = f"{findings.rule.minimum_depth:g} m"
    where = listed(area_names(findings, events))
    live = "lives" if people.endswith("person") else "live"
    return f"{people[0].upper()}{people[1:]} {live} where the water may be {depth} or deeper, in {where}."


def people_unknown(where: str) -> str:
    """Where a trigger has areas and no flood map by which people could be counted."""
    return f"People are not estimated, as no flood map applies, in {where}."


def cautions(findings: FloodFindings) -> list[str]:
    """Members that are missing."""
    return [f"The ensemble is incomplete: {_members(findings)}."] if findings.members_missing else []


def event_words(findings: FloodFindings, event: FloodEvent) -> EventWords:
    """Words of the map of an event."""
    depth = f"{findings.rule.minimum_depth:g} m or deeper"
    if not event.areas:
        people = "no areas are mapped to this station: the portal cannot show the alert"
    elif event.flood_map is not None:
        people = f"where the water may be {depth}"
    else:
        people = "no flood map applies" if event.trigger else "a warning: people and flood extent are not estimated"
    share, rule = percent_text(findings.rule.trigger_probability), findings.rule
    footer = [
        f"Discharge: GloFAS {findings.glofas_version}, {_members(findings)}.",
        f"Trigger: {share} of the members above the {rule.trigger_return_period:g}-year threshold.",
    ]
    estimated = event.flood_map is not None and bool(event.areas)
    if estimated:
        footer.append("People and depth: the country's prepared population and flood maps.")
    return EventWords(
        people=people,
        extent=f"flood extent: {event.flood_map:g}-year flood map, {depth}" if estimated and event.trigger else "",
        subject="GloFAS station of the forecast",
        footer=tuple(footer),
    )


def country_words(findings: FloodFindings) -> CountryWords:
    """Words of the map of the country."""
    extent = f"flood extent of the triggers, {findings.rule.minimum_depth:g} m or deeper"
    return CountryWords(extent, f"GloFAS {findings.glofas_version}")


def _members(findings: FloodFindings) -> str:
    return f"{findings.members_expected - len(findings.members_missing)} of {findings.members_expected} members"


def rule_text(rule: RuleApplied) -> list[str]:
    """The country's rule in sentences."""
    share = percent_text(rule.trigger_probability)
    lines = [
        f"Trigger: at least {share} of the members above the {rule.trigger_return_period:g}-year threshold, on a lead "
        f"time of at most {days_text(rule.trigger_lead_time_limit)}."
    ]
    if rule.class_rule == "disable":
        lines.append("This country has no warnings.")
    for name in ("min", "med", "max"):
        if name in rule.classes and name != "max":
            period, probability = rule.classes[name]
            lines.append(
                f"{class_text(name).capitalize()}: at least {percent_text(probability)} of the members above the "
                f"{period:g}-year threshold."
            )
    if rule.class_rule != "disable":
        lines.append("What is as high as a trigger beyond the lead time limit counts as a medium warning.")
    gets = "the smallest one" if rule.below_smallest_map == "use-smallest" else "an empty extent and nobody affected"
    lines.append(
        f"Thresholds: GloFAS version {rule.thresholds_version}. Water counts from {rule.minimum_depth:g} m on. A "
        f"trigger below the return period of the smallest flood map gets {gets}."
    )
    return lines


def why(findings: FloodFindings, event: FloodEvent) -> list[str]:
    """Why an event has its class, its day, its people: members against thresholds, and the flood map used."""
    station = findings.station(event.station_code)
    lines = []
    if event.trigger:
        here = evidence(findings, station, event.lead_time, limit_of(findings.rule, "max"))
        lines.append(f"{here.text}: trigger.")
        earlier = event.flags[: event.lead_time].count("w")
        if earlier:
            before = counted(earlier, "lead time") + (" has" if earlier == 1 else " have")
            lines.append(f"{before} a warning before the first trigger day.")
    else:
        lead = station.classes.index(event.alert_class)
        beyond = [item for item in high_beyond_limit(findings, station) if station.classes[item.lead_time] == "med"]
        if event.alert_class == "med" and beyond and beyond[0].lead_time == lead:
            limit = days_text(findings.rule.trigger_lead_time_limit)
            lines.append(
                f"{beyond[0].text}: as high as a trigger, beyond the trigger lead time limit of {limit}, so a medium "
                "warning."
            )
        else:
            here = evidence(findings, station, lead, limit_of(findings.rule, event.alert_class))
            lines.append(f"{here.text}: {alert_text(event.alert_class, trigger=False)}.")
    lines.append(_flood_map(findings, event))
    return lines


def area_notes(findings: FloodFindings, event: FloodEvent) -> list[str]:
    """Why the people of an event's areas on a higher level are not those of the event itself."""
    notes = []
    if event.shared_areas_kept:
        notes.append(
            f"{listed(event.shared_areas_kept)} belongs to another event too and is shown here with this event's own "
            "people: without it the event could not be seen in the portal."
        )
    for level in findings.admin_levels[:-1]:
        areas = event.areas_of(level)
        people = sum(area.people for area in areas)
        if people == event.people or event.flood_map is None:
            continue
        if not areas:
            notes.append(f"Its areas of admin level {level} are shown with another event that has them too.")
            continue
        more = "more" if people > event.people else "less"
        own = people_text(event.people, known=event.people_known)
        notes.append(
            f"Admin level {level} adds up to {number_text(people)}, {more} than the event's own {own}: an area that "
            "several events share is shown whole with one of them, so that the portal counts nobody twice."
        )
    shown = (view for view in event_views(findings.events, findings.default_admin_level) if view.event == event)
    return [*notes, *(f"{note[0].upper()}{note[1:]}." for view in shown for note in view.map_notes)]


def _flood_map(findings: FloodFindings, event: FloodEvent) -> str:
    if not event.areas:
        return "No areas are mapped to this station, so there are neither people nor an extent."
    if event.flood_map is None:
        if event.trigger:
            return (
                f"The forecast reaches the {event.return_period:g}-year threshold, below the smallest flood map: the "
                "country's setting leaves the extent empty."
            )
        return "People and extent are estimated for triggers only."
    text = f"People and extent are those of the {event.flood_map:g}-year flood map"
    chance = "trigger probability" if event.trigger else "probability of the rule"
    reached = f"the return period reached with the {chance} is {event.return_period:g} years"
    if event.flood_map > event.return_period:
        return f"{text}, the smallest there is: {reached}."
    return f"{text}: {reached}."
