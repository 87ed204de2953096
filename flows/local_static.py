"""The static data of a country on this machine, wherever its configuration says that they are."""

from __future__ import annotations

import logging
from pathlib import Path

from ibf_pipeline.config import Configuration, Country
from ibf_pipeline.obtain.place import is_url
from ibf_pipeline.obtain.static import refresh_copy
from ibf_pipeline.sources.remote import Tries

log = logging.getLogger("ibf_pipeline.flows")


def local_static(configuration: Configuration, country: Country) -> Path:
    """The country's static folder on this machine; what lies behind a URL is brought up to date first."""
    folder = configuration.static_folder(country)
    if country.static and is_url(country.static):
        missing = refresh_copy(country, folder, Tries(country.static_sources.attempts))
        if missing:
            log.warning("%s: not there: %s", country.static, ", ".join(missing))
    return folder
