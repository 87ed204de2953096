"""What is alerted and where, in sentences, and what must be read together with them (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.trial import trial_words
from ibf_pipeline.domain.wording import BEYOND_PORTAL, BEYOND_SHOWN, TRIGGER_WORDS, counted, number_text
from ibf_pipeline.hazards.registry import known_hazard, profile_of
from ibf_pipeline.report.content import Report
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.times import ahead
from ibf_pipeline.report.words import area_names, listed, subject_text


def title_of(findings: Findings | Report) -> str:
    """`Uganda`, `Uganda, flash floods`: what a run is of, in titles."""
    hazard = (
        f", {known_hazard(findings.hazard).profile.noun}s" if report_extension_of(findings).titles_name_hazard else ""
    )
    return f"{findings.country_name}{hazard}"


def headline(findings: Findings) -> str:
    """What is alerted and where, for a reader who knows nothing of forecasts."""
    triggers = [event for event in findings.events if event.trigger]
    warnings = [event for event in findings.events if not event.trigger]
    own = report_extension_of(findings).alerts
    sentences = (
        own(findings)
        if own is not None
        else [
            *([] if findings.events else [_none(findings)]),
            *(_triggers(findings, triggers) if triggers else []),
            *([_warnings(findings, warnings, besides=bool(triggers))] if warnings else []),
        ]
    )
    return " ".join(filter(None, [*sentences, *([_withdrawn(findings)] if findings.withdrawn else [])]))


def people_in_a_mail(findings: Findings) -> str:
    """Why people in a portal's mail differ from those of the table of events; empty if they do not.

    Rule: the portal adds up whole areas of its default level, and an area that several events share is with one of them
    alone (docs/design/floods.md, rule 6); people who are not estimated are sent as 0.
    """
    profile, said = profile_of(findings), []
    if profile.main_exposure != profile.people_indicator:
        return ""
    estimated = [event for event in findings.publishable_events if event.is_estimated]
    mailed = [(event, sum(area.people for area in event.areas_of(findings.default_admin_level))) for event in estimated]
    differ = [
        f"{event.name}: {number_text(event.people)} here, {number_text(people)} there"
        for event, people in mailed
        if people != event.people
    ]
    if differ:
        said.append(
            f"The mail counts people by whole areas of level {findings.default_admin_level}, and one that several "
            f"{profile.subject}s share with one of them alone: {'; '.join(differ)}."
        )
    if len(estimated) < len(findings.publishable_events):
        said.append("Where the table has no number, people are not estimated, and the mail says 0.")
    return " ".join(said)


def _none(findings: Findings) -> str:
    profile, stands = profile_of(findings), " stands" if findings.withdrawn else ""
    first, last = (
        findings.moment_words(profile.moment(findings.issue_time, lead)) for lead in (0, findings.lead_times[-1])
    )
    return f"No {profile.noun} alert for {findings.country_name}{stands} in the forecast from {first} to {last}."


def _triggers(findings: Findings, triggers: Sequence[Event]) -> list[str]:
    profile, extension = profile_of(findings), report_extension_of(findings)
    first = min(event.lead_time for event in triggers)
    at = "at" if profile.subject_list is not None else "of"  # what comes and goes with the forecast is not a place
    words = f"{TRIGGER_WORDS[0].upper()}{TRIGGER_WORDS[1:]} {at} {counted(len(triggers), profile.subject)}"
    moment = findings.moment_words(profile.moment(findings.issue_time, first))
    begin = "for" if len(triggers) == 1 else "the first for"
    estimated = [event for event in triggers if event.is_estimated and event.publishable]
    unknown = listed(area_names(findings, [event for event in triggers if not event.is_estimated]))
    return [
        f"{words} in {findings.country_name}, {begin} {moment} ({ahead(profile, first)}).",
        extension.people_affected(findings, estimated) if estimated else "",
        extension.people_unknown(unknown) if unknown else "",
    ]


def _warnings(findings: Findings, warnings: Sequence[Event], *, besides: bool) -> str:
    first = min(event.lead_time for event in warnings)
    moment = findings.moment_words(profile_of(findings).moment(findings.issue_time, first))
    begin = " besides" if besides else f" for {findings.country_name}"
    when = f"from {moment} on" if len(warnings) > 1 else f"for {moment}"
    where = listed(area_names(findings, warnings))
    return f"{counted(len(warnings), 'warning')}{begin}, {when}" + (f", in {where}." if where else ".")


def _withdrawn(findings: Findings) -> str:
    names = listed([subject_text(findings, event.key) for event in findings.withdrawn])
    one = len(findings.withdrawn) == 1
    were, them = ("alert was", "it") if one else ("alerts were", "them")
    number = number_text(len(findings.withdrawn))
    return f"{number} {were} withdrawn by an operator, please do not act on {them}: {names}."


def cautions(findings: Findings) -> list[str]:
    """What must be read together with the headline."""
    profile, parts = profile_of(findings), []
    if findings.exercise:
        parts.append(f"This is an exercise: the forecast was made up, no {profile.short} is expected.")
    if findings.trial:
        parts.append(f"This is a {trial_words(findings.trial, alerts=bool(findings.events))}.")
    blind = [subject_text(findings, unseen.key) for unseen in findings.unseen if unseen.condition == "blind"]
    if blind:
        have = "has" if len(blind) == 1 else "have"
        subjects = counted(len(blind), profile.subject)
        parts.append(f"{subjects} {have} no usable forecast, which is no all clear: {listed(blind)}.")
    suspect = [subject_text(findings, unseen.key) for unseen in findings.unseen if unseen.condition == "suspect"]
    if suspect:
        have = "has" if len(suspect) == 1 else "have"
        subjects = counted(len(suspect), profile.subject)
        parts.append(
            f"{subjects} {have} a doubtful forecast, on which neither alert nor all clear can rely: {listed(suspect)}."
        )
    if findings.unpublishable_events:
        names = listed([event.name for event in findings.unpublishable_events])
        why = f"no areas are mapped to the {profile.subject}"
        parts.append(f"The portal cannot show {names}: {why}. Tell people another way.")
    parts += [f"Doubtful: {doubt}" + ("" if doubt.endswith("?") else ".") for doubt in findings.doubts]
    covers = [f"{profile.covers[0].upper()}{profile.covers[1:]}."] if profile.covers else []
    return [
        *parts,
        *_beyond_portal(findings),
        *_beyond_limit(findings),
        *report_extension_of(findings).cautions(findings),
        *covers,
    ]


def _beyond_portal(findings: Findings) -> list[str]:
    """What the forecast has and the portal cannot show yet."""
    profile, parts = profile_of(findings), []
    if findings.events_beyond_portal:
        names = listed([event.name for event in findings.events_beyond_portal])
        parts.append(f"{names}: {BEYOND_PORTAL}, published when it comes within reach. Tell people another way.")
    for event in findings.publishable_events:
        later = findings.triggers_beyond(event, profile.lead_times[-1])
        if later and not event.trigger:
            moment = findings.moment_words(profile.moment(findings.issue_time, later[0]))
            parts.append(f"{event.name} is a trigger on {moment}, {BEYOND_SHOWN}: it is shown as a warning.")
    return parts


def _beyond_limit(findings: Findings) -> list[str]:
    """What has no alert only because it is too far ahead: if the country has warnings it is one."""
    profile, limit = profile_of(findings), findings.trigger_limit
    alerted = {event.key for event in (*findings.events, *findings.withdrawn)}
    parts = []
    for key in findings.known.values() if limit is not None else ():
        beyond = findings.beyond_limit(key) if key not in alerted else ()
        if beyond and limit is not None:
            moment = findings.moment_words(profile.moment(findings.issue_time, beyond[0]))
            parts.append(
                f"{subject_text(findings, key)} is as high as a trigger on {moment}, beyond the trigger lead time "
                f"limit of {profile.lead_time_words(limit)}: no alert yet."
            )
    return parts
