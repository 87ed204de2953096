"""Blocks of flash floods from files on disk: rain is written for wishes, read by the country's sources, and judged."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flows.wiring.rain_sources import open_levels, open_rain_sources
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.block import Past, find
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import FlashPrepared, read_flash_floods
from ibf_pipeline.sources.rain.block import BlockRain, rain_of_block
from ibf_pipeline.sources.rain.source import RainAreas
from ibf_pipeline.synthetic.rain import parse_rain_wishes, write_rain
from tests.worlds.countries.demo_flash import write_demo_config

DEMO_STATIC = Path(__file__).parents[2] / "data" / "fixtures" / "XDM"


@dataclass(frozen=True, slots=True)
class FlashWorld:
    """A country written to disk and prepared."""

    folder: Path
    """of the world, with `config`, `prepared` and `rain`"""
    configuration: Configuration
    country: FlashFloodCountry
    prepared: FlashPrepared

    def write(self, folder: Path, issue: str, wishes: str, **how: Any) -> None:
        """The files of a block's rain as it is wished for, in place of all that lay in `rain` below a folder; `how`: of
        `write_rain`.
        """
        layers = self.prepared.layers
        shutil.rmtree(folder / "rain", ignore_errors=True)
        parsed = parse_rain_wishes(wishes, layers.districts)
        ground, issue_time = self.prepared.ground(), IssueTime.parse(issue)
        write_rain(folder / "rain", issue_time, parsed, layers, ground, self.country, **how)

    def rain(self, issue: str, wishes: str, **how: Any) -> BlockRain:
        """The rain of a block, written and read again."""
        self.write(self.folder, issue, wishes, **how)
        sources = open_rain_sources(self.configuration, self.country)
        return rain_of_block(sources, IssueTime.parse(issue), self.areas, longest_h=max(self.country.durations_h))

    def found(
        self, block: BlockRain, before: FlashFloodFindings | None = None, *, late: float = 0
    ) -> FlashFloodFindings:
        """What a block's rain means, published `late` hours after it began."""
        published = IssueTime.parse(str(block.rain.attrs["issue_time"])).start + timedelta(hours=late)
        levels = open_levels(self.configuration, self.country)
        return find(block.rain, self.prepared.layers, self.country, published, Past(before), levels)

    @property
    def areas(self) -> RainAreas:
        """All areas, as sources of rain want them."""
        prepared = self.prepared
        weights = self.folder / "prepared" / "weights"
        return RainAreas(tuple(prepared.layers.areas), prepared.bounds, prepared.shapes, prepared.ground, weights)


def _made(iso3: str, write: Callable[[Path], Path]) -> FlashWorld:
    """A world that is written, prepared and kept to the end of the process; `write` returns its configuration."""
    folder = Path(tempfile.mkdtemp(prefix="flash-world-of-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    configuration = load(write(folder))
    country = configuration.country_of(iso3, FlashFloodCountry)
    prepared = configuration.prepared_folder(iso3, country.hazard)
    prepare_flash_floods(country, configuration.static_folder(country), prepared)
    return FlashWorld(folder, configuration, country, read_flash_floods(prepared, iso3))


@cache
def demo() -> FlashWorld:
    """The demo country, its static data being the fixtures."""
    return _made("XDM", lambda folder: write_demo_config(folder, DEMO_STATIC))


def demo_installation(folder: Path) -> Path:
    """The demo country below a folder of a test's own, prepared already; returns its configuration.

    Its rain is what `demo().write(folder, issue, wishes)` makes.
    """
    config = write_demo_config(folder, DEMO_STATIC)
    shutil.copytree(demo().folder / "prepared", folder / "prepared", dirs_exist_ok=True)
    return config


@cache
def town() -> FlashWorld:
    """The town with radar and gauges."""
    from tests.worlds.radar_town.country import ISO3, write_town

    return _made(ISO3, write_town)


@cache
def dire_dawa(*, three: bool = False) -> FlashWorld:
    """The town of Ethiopia, whose gauges have alert levels, as one district or as three."""
    from tests.worlds.dire_dawa.country import CODES, ISO3, THREE, TOWN, write_dire_dawa

    districts = THREE if three else {TOWN: CODES}
    return _made(ISO3, lambda folder: write_dire_dawa(folder, districts))


@cache
def malawi(source: Path) -> FlashWorld:
    """Malawi; `source`: the folder of its real areas and points."""
    from tests.worlds.malawi.country import ISO3, write_malawi

    return _made(ISO3, lambda folder: write_malawi(folder, source))
