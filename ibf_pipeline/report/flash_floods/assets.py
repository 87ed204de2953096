"""Schools, health sites, roads and others that a flood reaches: by name, as rows, and as marks on the map (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.wording import number_text
from ibf_pipeline.hazards.flash_floods.findings import ExposedAssets, FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.report.pictures.colours import INK, WATER, WATER_EDGE
from ibf_pipeline.report.pictures.map_words import MapMarks
from ibf_pipeline.report.words import isolated, listed
from ibf_pipeline.runs.flash_floods import GAUGES, KeptAsset, read_assets_kept

Assets = Mapping[tuple[str, str], KeptAsset]
"""by category and fid"""

_MOST_NAMED: Final = 12
"""of a category in a sentence; the table has them all"""


@dataclass(frozen=True, slots=True)
class AssetStyle:
    """How a category is called and drawn."""

    one: str
    many: str
    marker: str
    colour: str
    size: float = 14


_ASSET_STYLES: Final[dict[str, AssetStyle]] = {
    "schools": AssetStyle("school", "schools", "s", WATER),
    "health_sites": AssetStyle("health site", "health sites", "P", WATER_EDGE, 16),
    "waterpoints": AssetStyle("waterpoint", "waterpoints", "o", WATER_EDGE),
    "roads": AssetStyle("road", "roads", "_", "#6a1b9a"),
    "buildings": AssetStyle("building", "buildings", "D", INK, 5),
    GAUGES: AssetStyle("gauge", "gauges", "v", INK, 16),
}
"""by the portal's word: shapes tell them apart, in colours that a picture of few colours keeps"""
_NAMELESS: Final = ("buildings",)
"""of which nobody expects names"""
_CUT: Final = ("roads",)
"""of which people say that they are cut"""


@dataclass(frozen=True, slots=True)
class ReachedAssets:
    """What an event reaches of one category."""

    category: str
    number: int
    words: str
    """`3 schools: Kelim, Ros and Sarvo`"""


def reached_assets(event: FlashFloodEvent, assets: Assets) -> tuple[ReachedAssets, ...]:
    """By category, in the order of the legend; nothing of categories without any."""
    by_category = {each.category: each for each in event.exposed if each.fids}
    return tuple(
        ReachedAssets(category, len(by_category[category].fids), _words(by_category[category], assets))
        for category in _ASSET_STYLES
        if category in by_category
    )


def called(category: str, fid: str, assets: Assets) -> str:
    """Its name; `school 16` if it has none."""
    kept = assets.get((category, fid))
    return kept.name if kept is not None and kept.name.strip() else f"{_ASSET_STYLES[category].one} {fid}"


def asset_count_text(category: str, number: int) -> str:
    """`1 school`, `1,200 buildings`."""
    return f"{number_text(number)} {_ASSET_STYLES[category].one if number == 1 else _ASSET_STYLES[category].many}"


def _words(exposed: ExposedAssets, assets: Assets) -> str:
    names = [called(exposed.category, fid, assets) for fid in exposed.fids]
    unnamed = [name for name in names if name.startswith(f"{_ASSET_STYLES[exposed.category].one} ")]
    number = asset_count_text(exposed.category, len(names)) + (" cut" if exposed.category in _CUT else "")
    if exposed.category in _NAMELESS:
        return number
    if len(unnamed) == len(names):
        return f"{number}, without names" if len(names) > 1 else number
    named = [isolated(name) for name in dict.fromkeys(names) if name not in unnamed]
    rest = f"; {number_text(len(unnamed))} of them without a name" if unnamed else ""
    return f"{number}: {listed(named, _MOST_NAMED)}{rest}"


def event_marks(findings: FlashFloodFindings, event: FlashFloodEvent, folder: Path) -> tuple[MapMarks, ...]:
    """What an event reaches, and the gauges that were measured, on its map; a category at a time."""
    assets = read_assets_kept(folder)
    measured = ExposedAssets(GAUGES, event.lead_time, tuple(gauge.fid for gauge in findings.gauges))
    marks = (_marks(each, assets) for each in (*event.exposed, measured))
    order = list(_ASSET_STYLES)
    kept = [(order.index(category), mark) for category, mark in marks if mark.places or mark.lines]
    return tuple(mark for _, mark in sorted(kept, key=lambda each: each[0]))


def _marks(exposed: ExposedAssets, assets: Assets) -> tuple[str, MapMarks]:
    look = _ASSET_STYLES[exposed.category]
    there = [assets[exposed.category, fid] for fid in exposed.fids if (exposed.category, fid) in assets]
    is_line = exposed.category in _CUT
    lines = tuple(each.shape for each in there if is_line and each.shape)
    places = tuple((each.lon, each.lat) for each in there if not (is_line and each.shape))
    words = asset_count_text(exposed.category, len(exposed.fids)) + (" cut" if exposed.category in _CUT else "")
    return exposed.category, MapMarks(words, look.marker, look.colour, places, lines, look.size)
