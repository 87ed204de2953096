"""What a block of flash floods keeps beside its events: the rain of areas, names and places of what is exposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import xarray as xr

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.report.earlier_runs import EarlierRun
from ibf_pipeline.runs.flash_floods import RAIN_FILE, KeptAsset, read_assets_kept, read_rain_kept
from ibf_pipeline.runs.folder import RunFolder


@dataclass(frozen=True, slots=True)
class FlashFloodRunData:
    """Beside the events of a block."""

    rain: xr.DataArray | None = None
    """as `domain/flash_flood_layers.py` says; None if a block kept none"""
    assets: Mapping[tuple[str, str], KeptAsset] = field(default_factory=dict)
    """by category and fid"""
    before: FlashFloodFindings | None = None
    """of the last block, which changes are counted from"""


def read_run_data(
    findings: FlashFloodFindings, folder: Path, run: RunFolder, earlier: Sequence[EarlierRun]
) -> FlashFloodRunData:
    """What is kept with a block's findings; InputInvalid if it is damaged."""
    rain = read_rain_kept(folder) if (folder / RAIN_FILE).is_file() else None
    before = earlier[0].found if earlier and isinstance(earlier[0].found, FlashFloodFindings) else None
    return FlashFloodRunData(rain, read_assets_kept(folder), before)
