"""The built-in server, set up with the countries of a configuration and all of their hazards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from flows.wiring.hazards import of_installation
from flows.wiring.legs import LEGS
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.report.floods.station_picture import run_hydrograph
from ibf_pipeline.sandbox import CountrySeed, HazardSeed, Sandbox, seed_from_static
from ibf_pipeline.sandbox.vocabulary import ApiVersion

log = logging.getLogger("ibf_pipeline.flows")


@contextmanager
def open_sandbox(
    configuration: Configuration, *countries: CountryHazard, port: int = 0, behaves_like: ApiVersion = "current"
) -> Iterator[Sandbox]:
    """The built-in server, seeded with countries' own static data."""
    paths = configuration.settings.paths
    hydrographs = partial(run_hydrograph, configuration.path(paths.runs), storage=configuration.storage)
    folder = configuration.path(paths.sandbox)
    further = tuple(leg.disaster for leg in LEGS.values() if leg.disaster is not None)
    sandbox = Sandbox(folder, behaves_like=behaves_like, port=port, hydrographs=hydrographs, further=further)
    for country in countries:
        sandbox.seed(sandbox_seed(configuration, country))
    with sandbox:
        yield sandbox


def sandbox_seed(configuration: Configuration, country: CountryHazard) -> CountrySeed:
    """A country as the sandbox is set up with it, with every hazard that it has."""
    sections = [country, *_others(configuration, country)]
    static = configuration.static_folder(country)
    hazards = tuple(sorted((_hazard_seed(section) for section in sections), key=lambda seed: seed.disaster_type))
    seed = seed_from_static(static, country.iso3, name=country.name, hazards=hazards)
    seed = replace(seed, clock=country.time_zone)
    for section in sections:
        seed = of_installation(LEGS, section.hazard).seeded(seed, section, static)
    return seed


def _others(configuration: Configuration, country: CountryHazard) -> Iterator[CountryHazard]:
    """What else the country has. A section that is wrong, or of a hazard that this installation cannot run, is left
    out: it keeps no other hazard from its run."""
    for hazard in configuration.hazards(country.iso3):
        try:
            if hazard != country.hazard:
                of_installation(LEGS, hazard)
                yield configuration.country(country.iso3, hazard)
        except ConfigError as error:
            log.warning("%s: the built-in server does not have its %s: %s", country.iso3, hazard, error)


def _hazard_seed(country: CountryHazard) -> HazardSeed:
    profile = known_hazard(country.hazard).profile
    own = (profile.main_exposure, profile.people_indicator, profile.share_indicator, *profile.indicators)
    return HazardSeed(
        profile.disaster_type,
        country.admin_levels,
        country.default_admin_level,
        tuple(dict.fromkeys(indicator for indicator in (*own, *country.further_indicators) if indicator)),
    )
