"""Where the static data of a country are put together: places, caches, the portal they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flows.wiring.targets import open_portal
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.patience import Patience
from ibf_pipeline.static.place import Place, is_url
from ibf_pipeline.static.static import Places, fetch_static
from ibf_pipeline.targets.portal import Portal


def fetch_country(
    configuration: Configuration, country: FloodCountry, say: Callable[[str], None], *, refresh: bool
) -> list[str]:
    """Fetch what `static_sources` name; names of the files that were written."""
    if country.static and is_url(country.static):
        raise ConfigError(
            f"static is a URL: {country.static}",
            where=f"countries/{country.iso3}.yaml",
            expected="a folder that can be written to",
            remedy="fetch into a folder on this machine and copy it there",
        )
    with _portal(configuration, country) as portal:
        places = open_places(configuration, country)
        return fetch_static(country, configuration.static_folder(country), places, portal, say, refresh=refresh)


def open_places(configuration: Configuration, country: CountryHazard) -> Places:
    """The country's static sources; files of remote ones are kept for all countries."""
    sources = country.static_sources

    def place(text: str) -> Place:
        where = text if is_url(text) else str(configuration.path(text))
        kept = configuration.path(configuration.settings.paths.inputs) / "static-sources"
        name = hashlib.sha256(where.rstrip("/").encode()).hexdigest()[:12]
        return Place(where, kept / name, Patience(sources.timeout_seconds, sources.attempts))

    population = None
    if sources.population is not None:
        folder, _, name = sources.population.rpartition("/")
        population = (place(folder or "."), name)
    return Places(
        flood_maps=None if sources.flood_maps is None else place(sources.flood_maps),
        population=population,
        thresholds=None if sources.thresholds is None else place(sources.thresholds),
    )


@contextmanager
def _portal(configuration: Configuration, country: CountryHazard) -> Iterator[Portal | None]:
    name = country.static_sources.portal
    if name is None:
        yield None
        return
    target = configuration.target(name)
    if not target.knows_countries:
        raise ConfigError(
            f"static_sources.portal is {name}, which has no areas of its own",
            where=f"countries/{country.iso3}.yaml",
            expected="a target whose portal knows countries, such as an ibf target with a url",
            remedy="name the target of the real portal",
        )
    with open_portal(configuration, name, country) as portal:
        yield portal
