"""Events and areas of a run as files, and what its hazard has beside them, all from the one events table.

If nothing was estimated, as for warnings of floods, or nothing is known of the people of an area, cells are empty
and not 0; if a part of the people is known, they are that part, and the share of the population is empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely

from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.table_files import Place, Table, TableRow, flags_cell, of_run, point, write_csv, write_geojson
from ibf_pipeline.report.times import event_moment
from ibf_pipeline.report.words import further_indicators

Shapes = Mapping[str, Any]
"""place code -> shapely polygon, degrees"""

_AREA = ("event", "admin_level", "place_code", "area")
_ALERT = ("alert_class", "trigger")
_AFFECTED = ("people_affected", "share_of_population")


def tables(findings: Findings, shapes: Shapes, kept: Any = None) -> tuple[Table, ...]:
    """Events, areas, and what the hazard adds, also out of what it keeps beside the findings."""
    return events_table(findings), areas_table(findings, shapes), *report_extension_of(findings).tables(findings, kept)


def write_exports(findings: Findings, shapes: Shapes, folder: Path, kept: Any = None) -> list[Path]:
    """Each table as `.csv` (with `.csvt`) and `.geojson`; returns the files.

    `shapes`: outlines of the areas; areas without one have no geometry. `kept`: as of `tables`.
    """
    files: list[Path] = []
    for table in tables(findings, shapes, kept):
        files += [
            *write_csv(table, folder / f"{table.name}.csv"),
            write_geojson(table, folder / f"{table.name}.geojson"),
        ]
    return files


def events_table(findings: Findings) -> Table:
    """One row an event, at the place of what it is about."""
    profile, further = profile_of(findings), report_extension_of(findings).event_columns
    moment, flags = ("day", "days") if profile.unit == "day" else ("time", "hours")
    columns = (
        *of_run(findings), "event", *_subject_columns(profile), *_ALERT, _lead_time(profile), moment, flags,
        "people_affected", *further, "published",
    )  # fmt: skip
    rows = [
        {
            **of_run(findings),
            "event": event.name,
            **dict(zip(_subject_columns(profile), (event.key, findings.listed_name(event.key)), strict=False)),
            **_of_alert(profile, event),
            moment: event_moment(findings, event).isoformat(),
            flags: flags_cell(event.flags),
            "people_affected": _people(event) if event.is_estimated else None,
            **{name: value(event) for name, value in further.items()},
            "published": event.publishable,
        }
        for event in findings.events
    ]
    return Table("events", columns, rows, [point(findings.place(event.key)) for event in findings.events])


def areas_table(findings: Findings, shapes: Shapes) -> Table:
    """One row an area of an event, on every level."""
    profile = profile_of(findings)
    named = dict(profile.columns)
    rows: list[TableRow] = []
    places: list[Place | None] = []
    for event in findings.events:
        for area in event.areas:
            amounts = {**dict(zip(_AFFECTED, (_people(area), area.share), strict=True)), **area.further}
            rows.append(
                {
                    **of_run(findings),
                    **dict(zip(_AREA, (event.name, area.admin_level, area.place_code, area.name), strict=True)),
                    **_of_alert(profile, event),
                    **_of_area(event, area),
                    **{named.get(name, name): each if event.is_estimated else None for name, each in amounts.items()},
                }
            )
            shape = shapes.get(area.place_code)
            places.append(None if shape is None else json.loads(shapely.to_geojson(shape)))
    further = (named.get(name, name) for name in further_indicators(findings))
    columns = (*of_run(findings), *_AREA, *_ALERT, _lead_time(profile), *_AFFECTED, *further)
    return Table("areas", columns, rows, places)


def _people(counted: Event | EventArea) -> int | None:
    """None if nobody is known."""
    return counted.people if counted.people_known or counted.people else None


def _of_alert(profile: HazardProfile, event: Event) -> TableRow:
    columns = (*_ALERT, _lead_time(profile))
    return dict(zip(columns, (event.alert_class, event.trigger, event.lead_time), strict=True))


def _of_area(event: Event, area: EventArea) -> TableRow:
    """What is otherwise in an area than in its event."""
    if not area.alerted:
        return dict(zip(_ALERT, ("no", False), strict=True))
    return {} if area.trigger is None else {_ALERT[1]: area.trigger}


def _lead_time(profile: HazardProfile) -> str:
    return f"lead_time_{profile.unit}s"


def _subject_columns(profile: HazardProfile) -> tuple[str, ...]:
    """Code and name of what an event is about, if that is known beforehand."""
    subject = profile.subject.replace(" ", "_")
    return (f"{subject}_code", subject) if profile.subject_list is not None else ()
