"""The pictures of an alerted station: its hydrograph and how the forecast built up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.report.floods.content import FloodEventPart
from ibf_pipeline.report.floods.run_data import FloodRunData
from ibf_pipeline.report.pictures.outlines import MapLayers


def flood_pictures(
    findings: FloodFindings, part: FloodEventPart, kept: FloodRunData, _: MapLayers
) -> Mapping[str, Callable[[], bytes]]:
    """What draws each of them, by file."""
    pictures: dict[str, Callable[[], bytes]] = {
        part.hydrograph: lambda: draw_hydrograph(findings, part.event.station_code, kept, part.hydrograph)
    }
    if (name := part.buildup) is not None:
        pictures[name] = lambda: draw_buildup(findings, part.event.station_code, kept, name)
    return pictures


def draw_hydrograph(findings: FloodFindings, code: str, kept: FloodRunData, name: str) -> bytes:
    """The hydrograph of a station, in the form that the name of its file says."""
    from ibf_pipeline.report.floods.hydrograph import hydrograph  # slow to load, and few who ask for words get here
    from ibf_pipeline.report.pictures.figure import picture_bytes

    return picture_bytes(hydrograph(findings, findings.station(code), kept.discharge.sel(station=code).values), name)


def draw_buildup(findings: FloodFindings, code: str, kept: FloodRunData, name: str) -> bytes:
    """How the forecast of a station built up, in the form that the name of its file says."""
    from ibf_pipeline.report.floods.buildup import buildup
    from ibf_pipeline.report.pictures.figure import picture_bytes
    from ibf_pipeline.report.pictures.picture_stamp import stamp_lines

    station, period = findings.station(code), findings.rule.trigger_return_period
    figure = buildup(
        code,
        station.shown_name,
        period,
        kept.histories[code],
        exercise=findings.exercise,
        trial=findings.trial,
        lines=stamp_lines(findings, [code]),
    )
    return picture_bytes(figure, name)
