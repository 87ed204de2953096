"""The known hazards. A further one is added here, from outside if need be (docs/design/hazards.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.hazards.typhoon.profile import TYPHOON


@dataclass(frozen=True, slots=True)
class Hazard:
    """What a portal is told it is, and what its findings are."""

    profile: HazardProfile
    findings: type[Findings]


HAZARDS: Final[dict[str, Hazard]] = {
    FLOODS.name: Hazard(FLOODS, FloodFindings),
    FLASH_FLOODS.name: Hazard(FLASH_FLOODS, FlashFloodFindings),
    TYPHOON.name: Hazard(TYPHOON, TyphoonFindings),
}


def known_hazard(name: str, where: object = None) -> Hazard:
    """The hazard of this name.

    Parameters
    ----------
    name
        As of its profile: `floods`.
    where
        What names it, for the error.

    Raises
    ------
    InputInvalid
        If this version has no such hazard.
    """
    if name not in HAZARDS:
        raise InputInvalid(
            f"the hazard {name!r} is not known",
            where=where,
            expected="one of " + ", ".join(sorted(HAZARDS)),
            remedy="correct it, or update this installation",
        )
    return HAZARDS[name]


def profile_of(findings: Findings) -> HazardProfile:
    """The profile of the hazard that findings are of."""
    return known_hazard(findings.hazard).profile
