"""What each hazard adds to the frame of a report. A further hazard adds its extension here, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, ChoiceLoader, PackageLoader

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.observation import MISSES, flooded_km2, observed_share, passes_of
from ibf_pipeline.domain.wording import discharge_text
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.hazards.typhoon.wording import houses_text
from ibf_pipeline.report import default_words
from ibf_pipeline.report.change import AlertComparison, Change, plain_change
from ibf_pipeline.report.content import EventPart, Report
from ibf_pipeline.report.earlier_runs import EarlierRun
from ibf_pipeline.report.flash_floods import content as flash_content
from ibf_pipeline.report.flash_floods import run_data as flash_kept
from ibf_pipeline.report.flash_floods import tables as flash_tables
from ibf_pipeline.report.flash_floods import words as flash_words
from ibf_pipeline.report.flash_floods.assets import event_marks
from ibf_pipeline.report.flash_floods.changes import flash_change
from ibf_pipeline.report.flash_floods.drawing import flash_pictures
from ibf_pipeline.report.floods import content as flood_content
from ibf_pipeline.report.floods import tables as flood_tables
from ibf_pipeline.report.floods import words as flood_words
from ibf_pipeline.report.floods.changes import flood_change
from ibf_pipeline.report.floods.drawing import flood_pictures
from ibf_pipeline.report.floods.run_data import read_run_data
from ibf_pipeline.report.pictures.map_words import CountryWords, EventWords, MapMarks
from ibf_pipeline.report.pictures.outlines import MapLayers
from ibf_pipeline.report.short_table import ShortTable
from ibf_pipeline.report.table_files import Table, Value
from ibf_pipeline.report.times import begins
from ibf_pipeline.report.typhoon import content as typhoon_content
from ibf_pipeline.report.typhoon import run_data as typhoon_kept
from ibf_pipeline.report.typhoon import tables as typhoon_tables
from ibf_pipeline.report.typhoon import track_lines as typhoon_lines
from ibf_pipeline.report.typhoon import words as typhoon_words
from ibf_pipeline.report.typhoon.changes import typhoon_change
from ibf_pipeline.report.typhoon.drawing import typhoon_pictures
from ibf_pipeline.runs.folder import RunFolder

Draw = Callable[[], bytes]
"""draws a picture, SVG or PNG as its file's name says"""


def _same(part: Any, *_: Any) -> Any:
    return part


def _nothing_kept(found: Any, folder: Path, run: RunFolder, earlier: Sequence[EarlierRun]) -> None:
    return None


def _no_pictures(*_: Any) -> Mapping[str, Draw]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportExtension:
    """What is said and shown of one hazard beside what is said of all. Each function gets findings of that hazard's own
    class; a field that is not given is the frame's.
    """

    titles_name_hazard: bool = True
    """whether titles say the hazard beside the country"""
    pictures: str = "maps"
    """what the report has, in the words of the summary"""
    people_affected: Callable[[Any, Sequence[Any]], str] = default_words.people_affected
    """(findings, triggers whose people are estimated): a sentence of the headline"""
    people_unknown: Callable[[str], str] = default_words.people_unknown
    """(areas where they are not estimated): the same"""
    cautions: Callable[[Any], Sequence[str]] = default_words.nothing
    """(findings): what else must be read together with the headline"""
    change: Callable[[AlertComparison[Any, Any]], Change] = plain_change
    """a change with its reason"""
    alerts: Callable[[Any], Sequence[str]] | None = None
    """(findings): what is alerted, as sentences of the headline, in place of the frame's"""
    begins: Callable[[Any, Any], str] = begins
    """(findings, event): when it begins"""
    event_words: Callable[[Any, Any], EventWords] = default_words.event_words
    """(findings, event): of its map"""
    event_marks: Callable[[Any, Any, Path], Sequence[MapMarks]] = default_words.nothing
    """(findings, event, folder of the findings): what else is on its map"""
    country_words: Callable[[Any], CountryWords] = default_words.country_words
    """(findings): of the country's map"""
    indicator_words: Mapping[str, str] = field(default_factory=dict)
    """further indicators in the page's words, with their unit; as portals name them if they are not here"""
    event_columns: Mapping[str, Callable[[Any], Value]] = field(default_factory=dict)
    """further columns of the table of events: name -> (event)"""
    tables: Callable[[Any, Any], Sequence[Table]] = default_words.nothing
    """(findings, kept, or None if nothing of that is at hand): further tables beside events and areas, as files"""
    tables_need_run_data: bool = False
    """whether these tables say more with what is kept"""
    short_tables: Callable[[Any], Sequence[ShortTable]] = default_words.nothing
    """(findings): the same in short"""
    read_run_data: Callable[[Any, Path, RunFolder, Sequence[EarlierRun]], Any] = _nothing_kept
    """(findings, folder of the findings, run, earlier runs): what the hazard keeps beside `events.json`"""
    event_part: Callable[[EventPart, Any, Any, Any], EventPart] = _same
    """(part, findings, event, kept): the part with what only this hazard has"""
    report: Callable[[Report, Any, Any], Report] = _same
    """(report, findings, kept): the same for the whole report"""
    event_pictures: Callable[[Any, Any, Any, MapLayers], Mapping[str, Draw]] = _no_pictures
    """(findings, part of an event, kept, outlines of the country): further pictures, by file"""
    templates: BaseLoader | None = None
    """parts of the page that it brings, for the places that the frame's own templates say: `event.html.j2`,
    `areas.html.j2`, `event_end.html.j2`, `sections.html.j2`, `inputs.html.j2`"""
    template_names: Mapping[str, Any] = field(default_factory=dict)
    """what its templates call by name: functions and texts"""


_HOURLY: Final = PackageLoader("ibf_pipeline.report", "templates/hourly")
"""parts that hazards with several cycles a day share"""

REPORT_EXTENSIONS: Final[dict[str, ReportExtension]] = {
    FLOODS.name: ReportExtension(
        titles_name_hazard=False,  # they are older than the other hazards
        pictures="maps and hydrographs",
        people_affected=flood_words.people_affected,
        people_unknown=flood_words.people_unknown,
        cautions=flood_words.cautions,
        change=flood_change,
        event_words=flood_words.event_words,
        country_words=flood_words.country_words,
        event_columns={"flood_map_years": lambda event: event.flood_map},
        tables=flood_tables.station_tables,
        short_tables=flood_tables.short_tables,
        read_run_data=read_run_data,
        event_part=flood_content.event_part,
        report=flood_content.report,
        event_pictures=flood_pictures,
        templates=PackageLoader("ibf_pipeline.report.floods", "templates"),
        template_names={
            "discharge": discharge_text,
            "flooded_km2": flooded_km2,
            "observed_share": observed_share,
            "misses": MISSES,
            "passes_of": passes_of,
        },
    ),
    FLASH_FLOODS.name: ReportExtension(
        pictures="maps and hyetographs",
        cautions=flash_words.cautions,
        change=flash_change,
        alerts=flash_words.alerts,
        begins=flash_words.begins,
        event_words=flash_words.event_words,
        event_marks=event_marks,
        country_words=flash_words.country_words,
        indicator_words=flash_words.INDICATOR_WORDS,
        event_columns=flash_tables.event_columns(),
        tables=flash_tables.flash_tables,
        tables_need_run_data=True,
        short_tables=flash_tables.short_tables,
        read_run_data=flash_kept.read_run_data,
        event_part=flash_content.event_part,
        report=flash_content.report,
        event_pictures=flash_pictures,
        templates=ChoiceLoader([PackageLoader("ibf_pipeline.report.flash_floods", "templates"), _HOURLY]),
    ),
    TYPHOON.name: ReportExtension(
        pictures="maps, tracks and winds",
        cautions=typhoon_words.cautions,
        change=typhoon_change,
        alerts=typhoon_words.alerts,
        begins=typhoon_words.begins,
        event_words=typhoon_words.event_words,
        event_marks=typhoon_lines.event_marks,
        country_words=typhoon_words.country_words,
        indicator_words=typhoon_words.INDICATOR_WORDS,
        event_columns=typhoon_tables.event_columns(),
        tables=typhoon_tables.typhoon_tables,
        short_tables=typhoon_tables.short_tables,
        read_run_data=typhoon_kept.read_run_data,
        event_part=typhoon_content.event_part,
        report=typhoon_content.report,
        event_pictures=typhoon_pictures,
        templates=ChoiceLoader([PackageLoader("ibf_pipeline.report.typhoon", "templates"), _HOURLY]),
        template_names={"houses": houses_text},
    ),
}


def report_extension_of(findings: Findings | Report) -> ReportExtension:
    """The extension of the hazard that findings or a report are of; an empty one if it has none."""
    return REPORT_EXTENSIONS.get(findings.hazard, _PLAIN)


_PLAIN = ReportExtension()
