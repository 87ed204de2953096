"""How each hazard finds what its forecast says: the one part of a run that is a hazard's own.

A further hazard adds its leg here, beside its profile, its keys of a country's file and its calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from flows.wiring.day import Day
from flows.wiring.flash_leg import (
    find_block,
    flash_assets,
    flash_codes,
    prepared_notes,
    read_rain_wishes,
    wished_rain,
)
from flows.wiring.flood_leg import find_day, layer_notes, read_wishes, wished_sources
from flows.wiring.hazards import of_installation
from flows.wiring.previous_runs import notifies
from flows.wiring.typhoon_leg import (
    find_cycle,
    read_storm_wishes,
    typhoon_codes,
    typhoon_notes,
    wished_tracks,
)
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods import mails as flash_floods_mails
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.mailing import may_wait
from ibf_pipeline.hazards.typhoon import mails as typhoon_mails
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.outlines import prepare_outlines
from ibf_pipeline.prepare.parts import BuildProgress
from ibf_pipeline.prepare.store import PlaceCodes, prepared_codes
from ibf_pipeline.prepare.typhoon.build import prepare_typhoon
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sandbox import CountrySeed, Disaster
from ibf_pipeline.storage.shared_folder import SharedFolder

Allowed = Callable[[Findings], None]
"""Raises if findings must not take the place of those that were published"""


def _outlines(
    country: CountryHazard, static: Path, folder: Path, progress: BuildProgress, shared: SharedFolder | None
) -> tuple[str, ...]:
    prepare_outlines(static, country, folder)
    return ()


@dataclass(frozen=True, slots=True)
class Preparing:
    """How the static data of a country become what its runs read."""

    build: Callable[[Any, Path, Path, BuildProgress, SharedFolder | None], tuple[str, ...]] = _outlines
    """(the hazard's section, static data, prepared folder, progress, where it is shared): names of what was made"""
    notes: Callable[[Any, Path], tuple[Sequence[str], Sequence[str]]] = lambda country, folder: ((), ())
    """(the hazard's section, prepared folder): what is doubtful of it, and what else was noticed"""


@dataclass(frozen=True, slots=True)
class Leg:
    """From a hazard's sources to a whole run folder."""

    find: Callable[[Day, Any, Allowed | None], tuple[Findings, RunFolder]]
    """(day, sources instead of its own or None, allowed or None): nothing is published by it"""
    wished: Callable[[Day, str], Any] | None = None
    """(day, wishes): sources with the forecast of an exercise; None: the hazard has no exercises"""
    place_codes: PlaceCodes = prepared_codes
    """of every area"""
    mails: Callable[[Day, Any], bool] = lambda day, found: True
    """whether a run that may notify people does: a hazard with several runs a day need not mail each of them"""
    may_wait: Callable[[Any], bool] = lambda found: True
    """whether its notification may be held for an operator's approval: there may be no time for that"""
    seeded: Callable[[CountrySeed, CountryHazard, Path], CountrySeed] = lambda seed, country, static: seed
    """(country of the built-in server, the hazard's section, static data): with the points and lines of the hazard"""
    disaster: Disaster | None = None
    """what the built-in server has to know of a hazard that it does not have of its own"""
    preparing: Preparing = Preparing()
    read_wishes: Callable[[CountryHazard, IssueTime, str], None] = lambda country, issue_time, wishes: None
    """WishInvalid for wishes that cannot be read, as far as the hazard's section tells: before anything is prepared"""


LEGS: Final[dict[str, Leg]] = {
    FLOODS.name: Leg(
        find_day,
        wished_sources,
        preparing=Preparing(prepare_floods, layer_notes),
        read_wishes=read_wishes,
    ),
    FLASH_FLOODS.name: Leg(
        find_block,
        wished_rain,
        flash_codes,
        seeded=flash_assets,
        mails=partial(notifies, rule=flash_floods_mails.mailing),
        may_wait=may_wait,
        preparing=Preparing(prepare_flash_floods, prepared_notes),
        read_wishes=read_rain_wishes,
    ),
    TYPHOON.name: Leg(
        find_cycle,
        wished_tracks,
        typhoon_codes,
        mails=partial(notifies, rule=typhoon_mails.mailing),
        may_wait=may_wait,
        preparing=Preparing(prepare_typhoon, typhoon_notes),
        read_wishes=read_storm_wishes,
    ),
}


def leg_of(day: Day) -> Leg:
    """The leg of a day's hazard; UsageError if this installation has none."""
    return of_installation(LEGS, day.profile.name)
