"""Writing a report: page, data, pictures and exports into the `report` folder of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.io.atomic_files import write_bytes, write_text
from ibf_pipeline.report.builder import make_report
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.content import OVERVIEW, Report, map_name
from ibf_pipeline.report.correction import correction
from ibf_pipeline.report.earlier_runs import earlier_runs
from ibf_pipeline.report.exports import write_exports
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.page import page
from ibf_pipeline.report.pictures.event_map import event_map
from ibf_pipeline.report.pictures.outlines import MapLayers, joined, read_map_layers
from ibf_pipeline.report.pictures.overview_map import overview_map
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.withdrawal import standing_findings

_EARLIER_RUNS = 6
"""that a report looks back at, at most"""

PAGE = "report.html"

_REPORT = TypeAdapter(Report)


def write_report(findings: Findings, folder: Path, prepared: Path, run: RunFolder, manifest: Mapping[str, Any]) -> Path:
    """Write `<folder>/report/` and return its `report.html`.

    `folder` holds `extents/` and what else the hazard keeps of a run: the `.part` folder of a run that is not finished,
    or the run's own. Earlier runs of the country and hazard are looked for beside `run`, what was published below it;
    events that an operator took back stand apart. Pictures that are already in `<folder>/report/` are used again: after
    publishing only the words change, and the country's map if alerts were taken back.
    """
    report = folder / "report"
    report.mkdir(parents=True, exist_ok=True)
    corrected = correction(run, findings)
    findings = standing_findings(findings, run)
    if _withdrawn_before(report / "report.json") != {event.name for event in findings.withdrawn}:
        (report / OVERVIEW).unlink(missing_ok=True)  # it shows what stands
    earlier = earlier_runs(run, _EARLIER_RUNS, exercise=findings.exercise, trial=bool(findings.trial))
    extension = report_extension_of(findings)
    kept = extension.read_run_data(findings, folder, run, earlier)
    before = earlier[0].found if earlier else None
    content = make_report(findings, before, manifest, published(run), kept, corrected)
    layers = read_map_layers(prepared, findings.admin_levels)
    drawn = joined(layers)
    maps = _Maps(findings, folder, drawn)
    draw: dict[str, Callable[[], bytes]] = {content.overview: maps.overview}
    for part in (*content.events, *content.withdrawn):
        draw |= {**extension.event_pictures(findings, part, kept, drawn), part.map: partial(maps.event, part.event)}
    pictures = {name: _kept(report / name, drawer) for name, drawer in draw.items()}
    shapes = {code: shape for level in layers.levels.values() for code, shape in level.shapes.items()}
    write_exports(findings, shapes, report, kept)
    data = _REPORT.dump_python(content, mode="json", serialize_as_any=True)  # with what only its hazard has
    write_text(report / "report.json", json.dumps(data, ensure_ascii=False, indent=1))
    write_text(report / PAGE, page(content, pictures))
    return report / PAGE


def rewrite_report(run: RunFolder, prepared: Path) -> Path:
    """The report of a finished run once more, with what has been published since."""
    found = run.findings()
    run.kept.fetch_all()
    run.report.fetch_all()  # pictures that are there are not drawn again
    page = write_report(found, run.path, prepared, run, run.manifest())
    files = run.report.put(page.parent)
    if files:
        run.records.write(lambda connection, _: run.report.record(connection, files))
        run.report.mark_local(files)
    return page


def event_maps(prepared: Path, findings: Findings, run: RunFolder) -> dict[str, Path]:
    """The map of each publishable event of a finished run by its name, drawn into its report if it is not there."""
    maps = _Maps(findings, run.kept.fetch_all(), joined(read_map_layers(prepared, findings.admin_levels)))
    run.report.fetch_all()  # a picture of earlier findings is none of these
    (run.path / "report").mkdir(exist_ok=True)
    files = {event.name: run.path / "report" / map_name(event) for event in findings.publishable_events}
    for event in findings.publishable_events:
        _kept(files[event.name], partial(maps.event, event))
    return files


def _withdrawn_before(file: Path) -> set[str]:
    """Names of the events that the report so far shows as withdrawn."""
    try:
        return {part["event"]["name"] for part in json.loads(file.read_bytes())["withdrawn"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


@dataclass(frozen=True, slots=True)
class _Maps:
    """Everything that the maps of a run are drawn from."""

    found: Findings
    folder: Path
    layers: MapLayers

    def overview(self) -> bytes:
        leads = {event.lead_time for event in self.found.publishable_events if event.trigger and event.is_estimated}
        extents = [self._extent(lead_time) for lead_time in sorted(leads)]
        words = report_extension_of(self.found).country_words(self.found)
        return overview_map(self.found, self.layers, [file for file in extents if file is not None], words)

    def event(self, event: Event) -> bytes:
        extension = report_extension_of(self.found)
        words, marks = extension.event_words(self.found, event), extension.event_marks(self.found, event, self.folder)
        return event_map(self.found, event, self.layers, self._extent(event.lead_time), words, marks)

    def _extent(self, lead_time: int) -> Path | None:
        extent = self.found.extent(lead_time)
        file = self.folder / "extents" / extent.file_name if extent is not None else None
        return file if file is not None and file.is_file() else None


def _kept(file: Path, draw: Callable[[], bytes]) -> bytes:
    """The picture's content, drawn if the file is not there."""
    if not file.is_file():
        write_bytes(file, draw())
    return file.read_bytes()
