"""Sentences of the report: what is alerted and where, the rule, and why an event has its class (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ibf_pipeline.domain.wording import (
    BEYOND_PORTAL,
    BEYOND_SHOWN,
    TRIGGER_WORDS,
    alert_text,
    class_text,
    counted,
    day_text,
    days_text,
    number_text,
    percent_text,
)
from ibf_pipeline.hazards.floods.evidence import evidence, high_beyond_limit, limit_of
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound
from ibf_pipeline.hazards.floods.profile import FLOODS

_NAMED = 5


def headline(found: FloodFindings) -> str:
    """What is alerted and where, for a reader who knows no hydrology."""
    last = found.issue_date + timedelta(days=found.lead_times[-1])
    span = f"{day_text(found.issue_date)} to {day_text(last)}"
    triggers = [event for event in found.events if event.trigger]
    warnings = [event for event in found.events if not event.trigger]
    sentences = []
    if not found.events:
        stands = " stands" if found.withdrawn else ""
        sentences.append(f"No river flood alert for {found.country_name}{stands} in the forecast from {span}.")
    if triggers:
        first = min(triggers, key=lambda event: event.lead_time)
        words = f"{TRIGGER_WORDS[0].upper()}{TRIGGER_WORDS[1:]} at {counted(len(triggers), 'station')}"
        day = found.issue_date + timedelta(days=first.lead_time)
        begin = "for" if len(triggers) == 1 else "the first for"
        sentences.append(f"{words} in {found.country_name}, {begin} {day_text(day)} ({in_days(first.lead_time)}).")
        sentences += [_people(found, triggers), _unestimated(found, triggers)]
    if warnings:
        first = min(warnings, key=lambda event: event.lead_time)
        day = found.issue_date + timedelta(days=first.lead_time)
        where = listed(area_names(found, warnings))
        begin = "" if triggers else f" for {found.country_name}"
        besides = " besides" if triggers else ""
        when = f"from {day_text(day)} on" if len(warnings) > 1 else f"for {day_text(day)}"
        sentences.append(
            f"{counted(len(warnings), 'warning')}{besides}{begin}, {when}" + (f", in {where}." if where else ".")
        )
    if found.withdrawn:
        names = listed([station_text(found.station(event.station_code)) for event in found.withdrawn])
        were = "alert was" if len(found.withdrawn) == 1 else "alerts were"
        on = "it" if len(found.withdrawn) == 1 else "them"
        number = number_text(len(found.withdrawn))
        sentences.append(f"{number} {were} withdrawn by a person, please do not act on {on}: {names}.")
    return " ".join(filter(None, sentences))


def station_text(station: StationFound) -> str:
    """`Mill bridge (G1)`; a station without a name is called by its code."""
    return f"{station.name} ({station.code})" if station.name else station.code


def cautions(found: FloodFindings) -> list[str]:
    """What must be read together with the headline."""
    parts = []
    if found.exercise:
        parts.append("This is an exercise: the forecast was made up, no flood is expected.")
    blind = found.with_condition("blind")
    if blind:
        names = listed([station_text(station) for station in blind])
        are = "has" if len(blind) == 1 else "have"
        parts.append(f"{counted(len(blind), 'station')} {are} no usable forecast, which is no all clear: {names}.")
    if found.unpublishable_events:
        names = listed([event.name for event in found.unpublishable_events])
        parts.append(f"The portal cannot show {names}: no areas are mapped to the station. Tell people another way.")
    if found.events_beyond_portal:
        names = listed([event.name for event in found.events_beyond_portal])
        parts.append(f"{names}: {BEYOND_PORTAL}, published when it comes within reach. Tell people another way.")
    for event in found.publishable_events:
        later = found.triggers_beyond(event, FLOODS.lead_times[-1])
        if later and not event.trigger:
            day = day_text(found.issue_date + timedelta(days=later[0]))
            parts.append(f"{event.name} is a trigger on {day}, {BEYOND_SHOWN}: it is shown as a warning.")
    alerted = {event.station_code for event in (*found.events, *found.withdrawn)}
    for station in found.stations:  # only where the country has no warnings: otherwise it is one
        beyond = high_beyond_limit(found, station)
        if beyond and station.code not in alerted:
            parts.append(
                f"{station_text(station)} is as high as a trigger on {day_text(beyond[0].day)}, beyond the "
                f"trigger lead time limit of {days_text(found.rule.trigger_lead_time_limit)}: no alert yet."
            )
    if found.members_missing:
        there = found.members_expected - len(found.members_missing)
        parts.append(f"The ensemble is incomplete: {there} of {found.members_expected} members.")
    return parts


def _people(found: FloodFindings, events: Sequence[FloodEvent]) -> str:
    mapped = [event for event in events if event.flood_map is not None and event.publishable]
    if not mapped:
        return ""
    people = sum(event.people for event in mapped)
    where = listed(area_names(found, mapped))
    depth = f"{found.rule.minimum_depth:g} m"
    return f"{number_text(people)} people live where the water may be {depth} or deeper, in {where}."


def _unestimated(found: FloodFindings, events: Sequence[FloodEvent]) -> str:
    """Where a trigger has areas and no flood map by which people could be counted."""
    where = listed(area_names(found, [event for event in events if event.flood_map is None]))
    return f"People are not estimated, as no flood map applies, in {where}." if where else ""


def area_names(found: FloodFindings, events: Sequence[FloodEvent]) -> list[str]:
    """Names of the default-level areas of events, those with most people first."""
    people: dict[str, int] = {}
    names: dict[str, str] = {}
    for event in events:
        for area in event.areas_of(found.default_admin_level):
            people[area.place_code] = people.get(area.place_code, 0) + area.people
            names[area.place_code] = area.name or area.place_code
    return [names[code] for code in sorted(people, key=lambda code: (-people[code], code))]


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """`A, B and C`; `A, B, C, D, E and 12 more`."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}" if names else ""


def in_days(lead_time: int) -> str:
    """`the day of the forecast`, `4 days ahead`."""
    return f"{days_text(lead_time)} ahead" if lead_time else "the day of the forecast"


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


def why(found: FloodFindings, event: FloodEvent) -> list[str]:
    """Why an event has its class, its day, its people: members against thresholds, and the flood map used."""
    station = found.station(event.station_code)
    lines = []
    if event.trigger:
        here = evidence(found, station, event.lead_time, limit_of(found.rule, "max"))
        lines.append(f"{here.text}: trigger.")
        earlier = event.flags[: event.lead_time].count("w")
        if earlier:
            before = counted(earlier, "lead time") + (" has" if earlier == 1 else " have")
            lines.append(f"{before} a warning before the first trigger day.")
    else:
        lead = station.classes.index(event.alert_class)
        beyond = [item for item in high_beyond_limit(found, station) if station.classes[item.lead_time] == "med"]
        if event.alert_class == "med" and beyond and beyond[0].lead_time == lead:
            limit = days_text(found.rule.trigger_lead_time_limit)
            lines.append(
                f"{beyond[0].text}: as high as a trigger, beyond the trigger lead time limit of {limit}, so a medium "
                "warning."
            )
        else:
            here = evidence(found, station, lead, limit_of(found.rule, event.alert_class))
            lines.append(f"{here.text}: {alert_text(event.alert_class, trigger=False)}.")
    lines.append(_flood_map(found, event))
    return lines


def area_notes(found: FloodFindings, event: FloodEvent) -> list[str]:
    """Why the people of an event's areas on a higher level are not those of the event itself."""
    notes = []
    if event.shared_areas_kept:
        notes.append(
            f"{listed(event.shared_areas_kept)} belongs to another event too and is shown here with this event's own "
            "people: without it the event could not be seen in the portal."
        )
    for level in found.admin_levels[:-1]:
        areas = event.areas_of(level)
        people = sum(area.people for area in areas)
        if people == event.people or event.flood_map is None:
            continue
        if not areas:
            notes.append(f"Its areas of admin level {level} are shown with another event that has them too.")
            continue
        more = "more" if people > event.people else "less"
        notes.append(
            f"Admin level {level} adds up to {number_text(people)}, {more} than the event's own "
            f"{number_text(event.people)}: an area that several events share is shown whole with one of them, so that "
            "the portal counts nobody twice."
        )
    return notes


def _flood_map(found: FloodFindings, event: FloodEvent) -> str:
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
