"""What has runs in an installation: every configured country with each of its hazards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import ConfigError, IbfError, UsageError
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.runs.legacy_journals import LEGACY_HAZARD

Part = TypeVar("Part")


def of_installation(parts: Mapping[str, Part], hazard: str) -> Part:
    """What a table has of a hazard; UsageError if this installation has none."""
    if hazard not in parts:
        raise UsageError(
            f"{hazard} cannot be run by this installation",
            expected="one of " + ", ".join(sorted(parts)),
            remedy="choose another hazard",
        )
    return parts[hazard]


@dataclass(frozen=True, slots=True)
class CountryHazardKey:
    """A country with one of its hazards."""

    iso3: str
    hazard: str
    label: str
    """what people see of it: `UGA`, or `MWI flash-floods` where the country has several hazards"""

    @property
    def profile(self) -> HazardProfile:
        """Of its hazard."""
        return known_hazard(self.hazard).profile

    def run_names(self, day: date) -> list[str]:
        """What its flow runs of a day (UTC) are called."""
        return [f"{self.hazard}-{self.iso3}-{issue_time}" for issue_time in self.profile.issue_times_of(day)]


def configured_hazards(configuration: Configuration) -> list[CountryHazardKey]:
    """All of them. A country whose file is too wrong to tell is taken to have floods, so that its run says so."""
    return [each for iso3 in configuration.country_codes() for each in _of(configuration, iso3)]


def _of(configuration: Configuration, iso3: str) -> list[CountryHazardKey]:
    try:
        hazards = configuration.hazards(iso3)
    except IbfError:
        hazards = (LEGACY_HAZARD,)
    return [CountryHazardKey(iso3, hazard, iso3 if len(hazards) == 1 else f"{iso3} {hazard}") for hazard in hazards]


def valid_hazards(configuration: Configuration) -> tuple[list[CountryHazard], dict[CountryHazardKey, ConfigError]]:
    """Those whose configuration is valid, and what is wrong with the others."""
    valid, wrong = [], {}
    for each in configured_hazards(configuration):
        try:
            valid.append(configuration.country(each.iso3, each.hazard))
        except ConfigError as error:
            wrong[each] = error
    return valid, wrong
