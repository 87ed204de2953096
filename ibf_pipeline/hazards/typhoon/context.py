"""What a storm of a cycle is assessed with: what is the same for all storms, and what is known about this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.findings import Fix, TyphoonEvent
from ibf_pipeline.hazards.typhoon.identity import Identity
from ibf_pipeline.hazards.typhoon.reference import Reference


@dataclass(frozen=True, slots=True)
class CycleContext:
    """What is the same for all storms of a cycle."""

    layers: TyphoonLayers
    country: TyphoonCountry
    members: int
    """the denominator (rule 3)"""
    cycle: datetime
    published: datetime
    rain: Mapping[str, float] | None
    carried_from: datetime | None
    """the time after which the last long cycle speaks, UTC; None if all is of this cycle (rule 4)"""


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm that a cycle has, or one that has passed and is in no file any more."""

    identity: Identity
    identifier: str
    international_name: str
    event_name: str
    in_cycle: bool
    tracks: xr.Dataset | None
    """(member, time); None if no member has it"""
    reference: Reference | None
    fixes: tuple[Fix, ...]
    """of the reference"""
    past: tuple[Fix, ...]
    """our records of it, before the cycle time"""
    open_event: TyphoonEvent | None
    """the event that is open on the portal; None if there is none"""
    note: str = ""
    """why it is in no file, in words"""
