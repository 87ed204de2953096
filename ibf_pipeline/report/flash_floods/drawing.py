"""The picture of an alerted district: the rain of its worst area."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.report.flash_floods.content import FlashEventPart
from ibf_pipeline.report.flash_floods.run_data import FlashFloodRunData
from ibf_pipeline.report.pictures.outlines import MapLayers


def flash_pictures(
    findings: FlashFloodFindings, part: FlashEventPart, kept: FlashFloodRunData, _: MapLayers
) -> Mapping[str, Callable[[], bytes]]:
    """What draws it, by file."""
    name = part.hyetograph
    return {} if name is None else {name: lambda: _draw(findings, part.event, kept, name)}


def _draw(findings: FlashFloodFindings, event: FlashFloodEvent, kept: FlashFloodRunData, name: str) -> bytes:
    from ibf_pipeline.report.flash_floods.hyetograph import hyetograph  # slow to load, and few get here
    from ibf_pipeline.report.pictures.figure import picture_bytes

    assert kept.rain is not None  # noqa: S101  else the part names no picture
    return picture_bytes(hyetograph(findings, event, kept.rain, kept.before), name)
