"""The pictures of a storm: its track, and the winds of its members."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.report.pictures.outlines import MapLayers
from ibf_pipeline.report.typhoon.content import TyphoonEventPart
from ibf_pipeline.report.typhoon.run_data import TyphoonRunData


def typhoon_pictures(
    findings: TyphoonFindings, part: TyphoonEventPart, kept: TyphoonRunData, layers: MapLayers
) -> Mapping[str, Callable[[], bytes]]:
    """What draws them, by file."""
    draw: dict[str, Callable[[], bytes]] = {}
    if part.track_map is not None:
        draw[part.track_map] = lambda: _track(findings, part.event, kept, layers)
    if part.winds is not None:
        draw[part.winds] = lambda: _winds(findings, part.event, kept)
    return draw


def _track(findings: TyphoonFindings, event: TyphoonEvent, kept: TyphoonRunData, layers: MapLayers) -> bytes:
    from ibf_pipeline.report.pictures.figure import png  # slow to load, and few get here
    from ibf_pipeline.report.typhoon.track_map import track_map

    return png(track_map(findings, event, layers, kept.members_of(event)))


def _winds(findings: TyphoonFindings, event: TyphoonEvent, kept: TyphoonRunData) -> bytes:
    from ibf_pipeline.report.pictures.figure import png
    from ibf_pipeline.report.typhoon.wind_chart import wind_chart

    members = kept.members_of(event)
    assert members is not None  # noqa: S101  else the part names no picture
    return png(wind_chart(findings, event, members))
