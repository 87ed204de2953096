"""How each hazard finds what its forecast says: the one part of a run that is a hazard's own.

Whoever brings another hazard adds its leg here, beside its profile, its keys of a country's file and its calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flows.wiring.day import Day
from flows.wiring.flood_leg import find_day, tidy_up, wished_sources
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import UsageError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.prepare.store import PlaceCodes, prepared_codes
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sandbox import Disaster

Allowed = Callable[[Findings], None]
"""Raises where findings must not take the place of those that were published"""


@dataclass(frozen=True, slots=True)
class Leg:
    """From a hazard's sources to a whole run folder."""

    find: Callable[[Day, Any, Allowed | None], tuple[Findings, RunFolder]]
    """(day, sources instead of its own or None, allowed or None): nothing is published by it"""
    wished: Callable[[Day, str], Any] | None = None
    """(day, wishes): sources with the forecast of an exercise; None: the hazard has no exercises"""
    place_codes: PlaceCodes = prepared_codes
    """of every area"""
    disaster: Disaster | None = None
    """what the built-in server has to know of a hazard that it does not have of its own"""
    afterwards: Callable[[Day], None] = lambda day: None
    """once everything that people wait for is done"""


LEGS: Final[dict[str, Leg]] = {FLOODS.name: Leg(find_day, wished_sources, afterwards=tidy_up)}


def leg_of(day: Day) -> Leg:
    """The leg of a day's hazard; UsageError where this installation has none."""
    if day.profile.name not in LEGS:
        raise UsageError(
            f"{day.profile.name} cannot be run by this installation",
            expected="one of " + ", ".join(sorted(LEGS)),
            remedy="choose another hazard",
        )
    return LEGS[day.profile.name]
