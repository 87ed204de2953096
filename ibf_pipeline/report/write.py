"""Writing a report: page, data, pictures and exports into the `report` folder of a run."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from pydantic import TypeAdapter

from ibf_pipeline.domain.observed import Observed
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings
from ibf_pipeline.io.writing import write_bytes, write_text
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.content import OVERVIEW, Report, make_report, map_name
from ibf_pipeline.report.earlier import EarlierRun, correction, earlier_runs
from ibf_pipeline.report.exports import write_exports
from ibf_pipeline.report.page import page
from ibf_pipeline.report.pictures.buildup import StationRun, buildup
from ibf_pipeline.report.pictures.event_map import event_map
from ibf_pipeline.report.pictures.figure import png, svg
from ibf_pipeline.report.pictures.hydrograph import hydrograph
from ibf_pipeline.report.pictures.outlines import MapLayers, read_map_layers
from ibf_pipeline.report.pictures.overview_map import overview_map
from ibf_pipeline.runs.findings import read_forecast
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.observations import read_observations
from ibf_pipeline.runs.withdrawn import standing

log = logging.getLogger(__name__)

BUILDUP_RUNS = 6
"""earlier runs that the picture of a build-up shows at most"""

BUILDUP_DAYS = 10
"""how far back it reaches; older runs say nothing about the same days"""

_REPORT = TypeAdapter(Report)


def write_report(
    found: FloodFindings, folder: Path, prepared: Path, run: RunFolder, manifest: Mapping[str, Any]
) -> Path:
    """Write `<folder>/report/` and return its `report.html`.

    `folder` holds `forecast.nc` and `extents/` of the day: the `.part` folder of a run that is not finished, or the
    run's own. Earlier runs of the country are looked for beside `run`, what was published below it; events that a
    person took back stand apart. Pictures that are already in `<folder>/report/` are used again: after publishing only
    the words change, and the country's map where alerts were taken back.
    """
    report = folder / "report"
    report.mkdir(parents=True, exist_ok=True)
    corrected = correction(run, found)
    found = standing(found, run)
    if _withdrawn_before(report / "report.json") != {event.name for event in found.withdrawn}:
        (report / OVERVIEW).unlink(missing_ok=True)  # it shows what stands
    layers = read_map_layers(prepared, found.admin_levels)
    discharge = read_forecast(folder / "forecast.nc")
    earlier = earlier_runs(run, BUILDUP_RUNS, exercise=found.exercise)
    histories = _histories(found, discharge, earlier)
    before = earlier[0].found if earlier else None
    content = make_report(found, before, manifest, published(run), frozenset(histories), _observed(run), corrected)
    drawing = _Drawing(found, folder, layers, discharge, histories)
    pictures = {content.overview: _kept(report / content.overview, drawing.overview)}
    for part in (*content.events, *content.withdrawn):
        drawers = {part.hydrograph: drawing.hydrograph, part.map: drawing.map, part.buildup: drawing.buildup}
        for name, draw in drawers.items():
            if name is not None:
                pictures[name] = _kept(report / name, partial(draw, part.event, name))
    write_exports(
        found, {code: shape for level in layers.levels.values() for code, shape in level.shapes.items()}, report
    )
    data = json.dumps(_REPORT.dump_python(content, mode="json"), ensure_ascii=False, indent=1)
    write_text(report / "report.json", data)
    write_text(report / "report.html", page(content, pictures))
    return report / "report.html"


def rewrite_report(run: RunFolder, prepared: Path) -> Path:
    """The report of a finished run once more, with what has been published since."""
    found = run.found()
    manifest = json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))
    return write_report(found, run.path, prepared, run, manifest)


def event_maps(prepared: Path, found: FloodFindings, run: RunFolder) -> dict[str, Path]:
    """The map of each publishable event of a finished run by its name, drawn into its report if it is not there."""
    layers = read_map_layers(prepared, found.admin_levels)
    (run.path / "report").mkdir(exist_ok=True)
    files = {event.name: run.path / "report" / map_name(event) for event in found.publishable_events}
    for event in found.publishable_events:
        _kept(files[event.name], partial(event_map, found, event, layers, _extent(found, run.path, event.lead_time)))
    return files


def _withdrawn_before(file: Path) -> set[str]:
    """Names of the events that the report so far shows as withdrawn."""
    try:
        return {part["event"]["name"] for part in json.loads(file.read_bytes())["withdrawn"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _observed(run: RunFolder) -> list[Observed]:
    """What satellites saw; a damaged file there does not cost the report."""
    try:
        return read_observations(run.path)
    except InputInvalid as error:
        log.warning("%s", error)
        return []


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Everything that the day's pictures are drawn from."""

    found: FloodFindings
    folder: Path
    layers: MapLayers
    discharge: xr.DataArray
    histories: Mapping[str, Sequence[StationRun]]
    """kept runs by station code"""

    def overview(self) -> bytes:
        leads = {event.lead_time for event in self.found.publishable_events if event.trigger and event.flood_map}
        extents = [_extent(self.found, self.folder, lead_time) for lead_time in sorted(leads)]
        return overview_map(self.found, self.layers, [file for file in extents if file is not None])

    def hydrograph(self, event: FloodEvent, name: str) -> bytes:
        station = self.found.station(event.station_code)
        return _bytes(hydrograph(self.found, station, self.discharge.sel(station=station.code).values), name)

    def map(self, event: FloodEvent, name: str) -> bytes:
        return event_map(self.found, event, self.layers, _extent(self.found, self.folder, event.lead_time))

    def buildup(self, event: FloodEvent, name: str) -> bytes:
        station = self.found.station(event.station_code)
        period = self.found.rule.trigger_return_period
        runs = self.histories[station.code]
        return _bytes(buildup(station.code, station.name, period, runs, exercise=self.found.exercise), name)


def _extent(found: FloodFindings, folder: Path, lead_time: int) -> Path | None:
    file = folder / "extents" / found.extents[lead_time].file_name
    return file if file.is_file() else None


def _bytes(figure: Figure, name: str) -> bytes:
    return svg(figure) if name.endswith(".svg") else png(figure)


def _histories(
    found: FloodFindings, discharge: xr.DataArray, earlier: Sequence[EarlierRun]
) -> dict[str, list[StationRun]]:
    """The kept runs of every alerted station, the day's own among them; only where there are earlier ones."""
    histories: dict[str, list[StationRun]] = {}
    recent = [run for run in earlier if (found.issue_date - run.found.issue_date).days <= BUILDUP_DAYS]
    for what, cube in [(found, discharge), *_readable(recent)]:
        for event in (*found.events, *found.withdrawn):
            run = _station_run(what, cube, event.station_code, found.rule.trigger_return_period)
            if run is not None:
                histories.setdefault(event.station_code, []).append(run)
    return {code: runs for code, runs in histories.items() if len(runs) > 1}


def _readable(earlier: Sequence[EarlierRun]) -> list[tuple[FloodFindings, xr.DataArray]]:
    cubes = []
    for run in earlier:
        try:
            cubes.append((run.found, read_forecast(run.forecast)))
        except InputInvalid:
            continue  # an old file must not stop a new day; the picture shows which runs it has
    return cubes


def _station_run(found: FloodFindings, cube: xr.DataArray, code: str, return_period: float) -> StationRun | None:
    station = next((station for station in found.stations if station.code == code), None)
    key = f"{return_period:g}"
    if station is None or key not in station.thresholds or code not in cube["station"].values:
        return None
    values: np.ndarray = cube.sel(station=code).values
    return StationRun(found.issue_date, values, station.classes, station.thresholds[key])


def _kept(file: Path, draw: Callable[[], bytes]) -> bytes:
    """The picture's content, drawn where the file is not there."""
    if not file.is_file():
        write_bytes(file, draw())
    return file.read_bytes()
