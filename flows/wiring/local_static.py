"""The static data of a country on this machine, wherever its configuration says that they are."""

from __future__ import annotations

import logging
from pathlib import Path

from flows.wiring.sharing import sharing_of
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.static.local_copy import refresh_copy
from ibf_pipeline.static.origin import is_url
from ibf_pipeline.storage.shared_folder import SharedFolder

log = logging.getLogger("ibf_pipeline.flows")


def local_static(configuration: Configuration, country: CountryHazard) -> Path:
    """The country's static folder on this machine; what lies behind a URL is brought up to date first.

    Where the URL fails, its last whole copy is used, be it another machine's;
    `ibf_pipeline.static.local_copy.outdated` tells whether that is so. Only floods can have theirs behind
    one: ConfigError for another hazard.
    """
    folder = configuration.static_folder(country)
    if country.static and is_url(country.static):
        if not isinstance(country, FloodCountry):
            raise ConfigError(
                f"the static data of {country.hazard} lie behind a URL",
                where=f"countries/{country.iso3}.yaml",
                expected="a folder that this machine can read",
                remedy="copy them into a folder, and name it in the section's own key `static`",
            )
        sharing = sharing_of(configuration)
        shared = None if sharing is None else SharedFolder(sharing, f"static/{country.iso3}", "prepared", country.iso3)
        said = refresh_copy(country, folder, RetryPolicy(attempts=country.static_sources.attempts), shared)
        if said:
            log.warning("%s: %s", country.iso3, said)
    return folder
