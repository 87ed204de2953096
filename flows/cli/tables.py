"""What the commands print: tables for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.portal_view import event_views, portal_notes
from ibf_pipeline.domain.wording import BEYOND_SHOWN, alert_text, people_text
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call
from ibf_pipeline.report.headline import title_of
from ibf_pipeline.report.times import flags_head, flags_words
from ibf_pipeline.report.words import event_text


def print_found(findings: Findings, console: Console) -> None:
    """Headline, events with the people that the portal shows, and notes."""
    profile, weekday = profile_of(findings), f"{findings.issue_date:%A}"
    issued = f"issue {'date' if findings.issue_time.hour is None else 'time'} {findings.issue_time.words} ({weekday})"
    title = f"{findings.country_name} ({findings.country}){title_of(findings).removeprefix(findings.country_name)}"
    title += f", {issued}: {findings.headline}"
    console.print(Text(title, style="bold"))
    if findings.events:
        flags = {event.name: flags_words(findings, event) for event in findings.events}
        table = Table("event", "alert", "lead time", flags_head(findings), "people", "areas", box=None, pad_edge=False)
        # a terminal of 80 columns breaks words, never the marks
        table.columns[3].no_wrap, table.columns[3].min_width = True, max(len(each) for each in flags.values())
        shown = {each.event.name: each for each in event_views(findings.events, findings.default_admin_level)}
        for event in findings.events:
            areas = (
                f"{len(event.alerted_areas_of(findings.default_admin_level))} on level {findings.default_admin_level}"
            )
            table.add_row(
                Text(
                    f"{event.name} {named}"
                    if (named := findings.named(event.key))
                    else event_text(findings, event.name, event.key)
                ),
                _alert(event.alert_class, trigger=event.trigger),
                profile.lead_time_name(event.lead_time),
                flags[event.name],
                people_text(
                    shown[event.name].people if event.name in shown else event.people, known=event.people_known
                ),
                (f"{areas}: {BEYOND_SHOWN}" if event.beyond_portal else areas)
                if event.areas
                else "none: cannot be published",
            )
        console.print(table)
    for note in dict.fromkeys((*findings.notes, *portal_notes(findings.events, findings.default_admin_level))):
        console.print(Text(f"- {note}", style="dim"))


def _alert(alert_class: str, *, trigger: bool) -> str:
    """With the class of a warning, unless the hazard has no other."""
    words = alert_text(alert_class, trigger=trigger)
    return words if words in ("trigger", "warning") else f"warning ({alert_class})"


def print_plan(calls: Iterable[Call], console: Console) -> None:
    """The order of a plan, one line a call."""
    table = Table("no.", "step", "event", "call", "sends", box=None, pad_edge=False)
    for call in calls:
        query = "".join(f"?{name}={value}" for name, value in call.query.items())
        table.add_row(
            str(call.number), call.step, Text(call.event or ""), f"{call.method} {call.path}{query}", _sends(call)
        )
    console.print(table)


def _sends(call: Call) -> str:
    if call.file is not None:
        return call.file.name
    body = call.body or {}
    for key, unit in (("exposurePlaceCodes", "areas"), ("dynamicPointData", "stations")):
        if key in body:
            return f"{body['leadTime']}, {len(body[key])} {unit}"
    return ""
