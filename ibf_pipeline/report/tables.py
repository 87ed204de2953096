"""A day as short tables and one page of Markdown, for where a whole report is too much (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from ibf_pipeline.domain.lead_times import lead_time_name
from ibf_pipeline.domain.wording import alert_text, counted, day_text, discharge_text, number_text, percent_text
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from ibf_pipeline.report.calls import Published
from ibf_pipeline.report.changes import Change, Correction
from ibf_pipeline.report.words import area_names, cautions, headline, listed

Row = Mapping[str, str | int | None]

MOST_ROWS = 200
"""of a table; the exports of the report have them all"""
_EVENTS_ON_PAGE = 20


def event_rows(found: FloodFindings) -> list[Row]:
    """One row an event, the highest class first."""
    return [_event_row(found, event) for event in found.events]


def area_rows(found: FloodFindings) -> list[Row]:
    """The default-level areas of all events, those with most people first; at most `MOST_ROWS`."""
    rows = [(event, area) for event in found.events for area in event.areas_of(found.default_admin_level)]
    rows.sort(key=lambda row: (-row[1].people, row[1].place_code))
    return [
        {
            "area": area.name or area.place_code,
            "place code": area.place_code,
            "event": event.name,
            "alert": alert_text(event.alert_class, trigger=event.trigger),
            "people affected": area.people if event.flood_map is not None else None,
            "of the population": percent_text(area.share) if event.flood_map is not None else None,
        }
        for event, area in rows[:MOST_ROWS]
    ]


def station_rows(found: FloodFindings) -> list[Row]:
    """Every station: alerted ones first, then blind and suspect ones; at most `MOST_ROWS`."""
    alerted = {event.station_code: place for place, event in enumerate(found.events)}
    order = {"blind": 0, "suspect": 1, "fine": 2}
    stations = sorted(found.stations, key=lambda s: (alerted.get(s.code, len(alerted)), order[s.condition], s.code))
    return [_station_row(found, station) for station in stations[:MOST_ROWS]]


def change_rows(changes: Sequence[Change], since: str) -> list[Row]:
    """What became of every alert since an earlier run; alerts that go on as they were are in none."""
    return [
        {
            "since": since,
            "change": change.kind,
            "event": change.event,
            "station": change.station_name,
            "before": alert_text(change.before.alert_class, trigger=change.before.trigger) if change.before else "none",
            "now": alert_text(change.after.alert_class, trigger=change.after.trigger) if change.after else "none",
            "why": change.why,
        }
        for change in changes
    ]


def summary(
    found: FloodFindings,
    changes: Sequence[Change],
    compared_with: date | None,
    published: Sequence[Published],
    report: str | None,
    correction: Correction | None = None,
) -> str:
    """The day on one page of Markdown. `report`: address or path of the whole report; `correction`: what changed since
    the day was published before."""
    name = "EXERCISE - not a real forecast: " if found.exercise else ""
    parts = [
        f"# {name}{escaped(found.country_name)}: {found.headline}",
        f"Forecast of **{day_text(found.issue_date)}**, 0 to 7 days ahead.",
        escaped(headline(found)),
        *(f"> **Mind:** {escaped(caution)}" for caution in cautions(found)),
        _events(found),
        _correction(correction),
        _changes(changes, compared_with),
        _published(published),
        f"Report with maps and hydrographs: {_linked(report)}" if report else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """A text as it is, whatever Markdown would make of its characters."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))


def markdown_table(rows: Sequence[Row]) -> str:
    """Rows with the same keys as a Markdown table."""
    if not rows:
        return ""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([_cell(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str | int | None) -> str:
    if value is None:
        return ""
    return number_text(value) if isinstance(value, int) else escaped(value)


def _event_row(found: FloodFindings, event: FloodEvent) -> Row:
    day = found.issue_date + timedelta(days=event.lead_time)
    return {
        "event": event.name,
        "station": found.station(event.station_code).name,
        "alert": alert_text(event.alert_class, trigger=event.trigger),
        "day": f"{day_text(day)}, {lead_time_name(event.lead_time)}",
        "people": event.people if event.flood_map is not None and event.publishable else None,
        "days 0-7": event.flags,
        "where": listed(area_names(found, [event]), 3) if event.areas else "no areas: cannot be published",
    }


def _station_row(found: FloodFindings, station: StationFound) -> Row:
    values = station.values
    above = station.above.get(f"{found.rule.trigger_return_period:g}", ())
    return {
        "station": station.code,
        "name": station.name,
        "alert": alert_text(values.alert_class, trigger=values.alert_class == "max") if values else "unknown",
        "days 0-7": station.flags if values else None,
        "m3/s": discharge_text(values.forecast_level) if values else None,
        "trigger at": discharge_text(values.trigger_level) if values else None,
        "members above": " ".join(map(str, above)) if values else None,
        "condition": f"{station.condition}: {station.reason}" if station.reason else station.condition,
    }


def _events(found: FloodFindings) -> str:
    rows = event_rows(found)
    more = len(rows) - _EVENTS_ON_PAGE
    text = markdown_table(rows[:_EVENTS_ON_PAGE])
    return f"{text}\n\nand {counted(more, 'further event')}, in the table of events" if more > 0 else text


def revision_words(correction: Correction) -> str:
    """The publication that a day's findings replace."""
    return f"revision {correction.revision} on {correction.target} ({correction.date[:16].replace('T', ' ')} UTC)"


def _correction(correction: Correction | None) -> str:
    if correction is None:
        return ""
    head = f"## Since the earlier run of this day, {escaped(revision_words(correction))}"
    return "\n".join([f"{head}\n", *_items(correction.changes)])


def _items(changes: Sequence[Change]) -> list[str]:
    whys = ((change.kind, f"{change.event} ({change.station_name}): {change.why}") for change in changes)
    return [f"- **{kind}** {escaped(why)}" for kind, why in whys]


def _changes(changes: Sequence[Change], compared_with: date | None) -> str:
    if compared_with is None:
        return "No earlier run to compare with."
    head = f"## Since the run of {day_text(compared_with)}"
    if not changes:
        return f"{head}\n\nNothing has changed."
    return "\n".join([f"{head}\n", *_items(changes)])


def _published(published: Sequence[Published]) -> str:
    if not published:
        return "Nothing was published."
    lines = [
        f"- {escaped(item.target)}, revision {item.number}: {escaped(item.outcome)}"
        + ("" if item.notify else "; without notification")
        for item in published
    ]
    told = [f"- {escaped(notice)}" for notice in published[-1].notices]
    text = "\n".join(["## Published\n", *lines])
    return text + ("\n\n" + "\n".join(["## What the portal does not tell its recipients\n", *told]) if told else "")


def _linked(report: str) -> str:
    return f"[{escaped(report.rsplit('/', 1)[-1])}]({report})" if report.startswith("http") else f"`{report}`"
