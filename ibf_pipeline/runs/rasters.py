"""The extents of findings, made again: how each hazard makes its own. A new hazard is added here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.flash_floods.extents import wet_areas as wet_in_scenarios
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.extents import write_extents

log = logging.getLogger(__name__)


def flood_rasters(findings: FloodFindings, prepared: Path, folder: Path) -> None:
    """Of a flood day, from the country's prepared layers; parameters and errors as `make_rasters`."""
    _, tiles = read_prepared(prepared, findings.country)
    files = {extent.lead_time: folder / extent.file_name for extent in findings.extents}
    write_extents(wet_areas(findings.publishable_events, findings.admin_levels[-1]), tiles, files)


def flash_flood_rasters(findings: FlashFloodFindings, prepared: Path, folder: Path) -> None:
    """Of a block of flash floods: every lead time of the portal, empty ones too (FF12).

    An event that is kept from earlier blocks may be of a scenario that the library no longer has: it then has no water.
    Parameters and errors as `make_rasters`.
    """
    tiles = read_flash_floods(prepared, findings.country).tiles
    files = {extent.lead_time: folder / extent.file_name for extent in findings.extents}
    wet = wet_in_scenarios(findings.publishable_events)
    gone = {flood for areas in wet.values() for flood in areas.values()} - set(tiles.depths)
    if gone:
        log.warning("the library no longer has the floods of %s: they are not drawn", ", ".join(sorted(gone)))
    known = {lead: {code: flood for code, flood in areas.items() if flood not in gone} for lead, areas in wet.items()}
    write_extents(known, tiles, files)


RASTER_WRITERS: Final[dict[str, Callable[[Any, Path, Path], None]]] = {
    FLOODS.name: flood_rasters,
    FLASH_FLOODS.name: flash_flood_rasters,
}
"""(findings of that hazard, the country's prepared layers, folder): writes every file that the findings name"""


def make_rasters(findings: Findings, prepared: Path, folder: Path) -> None:
    """Write the extents that findings name.

    Parameters
    ----------
    findings : Findings
        Of any hazard; without extents nothing is written.
    prepared : Path
        The country's prepared layers.
    folder : Path
        Where to write them.

    Raises
    ------
    InputInvalid
        If the prepared layers are damaged.
    WriteFailed
        If the disk is full.
    """
    if findings.extents:
        RASTER_WRITERS[findings.hazard](findings, prepared, folder)
