"""Where the static data of a country are put together: places, caches, the portal they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import shapely

from flows.wiring.targets import open_portal
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.sources.lat_lon_box import LatLonBox
from ibf_pipeline.static.cod_ab import EACH_LEVEL, CodAb
from ibf_pipeline.static.fetch import Origins, fetch_static
from ibf_pipeline.static.origin import OriginFolder, is_url
from ibf_pipeline.static.threshold_grids import CountryGrids, area_around
from ibf_pipeline.targets.portal import Portal


def fetch_country(
    configuration: Configuration, country: CountryHazard, say: Callable[[str], None], *, refresh: bool
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
        places = open_places(configuration, country, say)
        return fetch_static(country, configuration.static_folder(country), places, portal, say, refresh=refresh)


def open_places(
    configuration: Configuration, country: CountryHazard, say: Callable[[str], None] = lambda text: None
) -> Origins:
    """The country's static sources; files of remote ones are kept for all countries, of threshold grids each's part.

    `say` gets a line for grids that arrive.
    """
    sources = country.static_sources
    retry_policy = RetryPolicy(sources.timeout_seconds, sources.attempts)

    def file(text: str | None) -> tuple[OriginFolder, str] | None:
        return None if text is None else _file(configuration, text, retry_policy)

    grids = None
    if sources.thresholds is not None:
        place = _place(configuration, sources.thresholds, retry_policy)
        kept = _kept(configuration, sources.thresholds) / country.iso3
        grids = CountryGrids(place, kept, lambda: _area(country, configuration.static_folder(country)), say)
    return Origins(
        flood_maps=None if sources.flood_maps is None else _place(configuration, sources.flood_maps, retry_policy),
        population=file(sources.population),
        thresholds=grids,
        boundaries=None
        if sources.boundaries is None
        else open_boundaries(configuration, sources.boundaries, retry_policy),
        stations=file(sources.stations),
    )


def open_boundaries(configuration: Configuration, address: str, retry_policy: RetryPolicy) -> CodAb:
    """The boundaries at an address; files of a remote one are kept."""
    return CodAb(*_file(configuration, address, retry_policy))


def _file(configuration: Configuration, text: str, retry_policy: RetryPolicy) -> tuple[OriginFolder, str]:
    """The folder and the name below it; a part of the path that stands for each level belongs to the name."""
    fixed = text.partition(EACH_LEVEL)[0]
    folder, _, _ = fixed.rpartition("/")
    return _place(configuration, folder or ".", retry_policy), text.removeprefix(f"{folder}/")


def _place(configuration: Configuration, text: str, retry_policy: RetryPolicy) -> OriginFolder:
    where = text if is_url(text) else str(configuration.path(text))
    return OriginFolder(where, _kept(configuration, text), retry_policy)


def _kept(configuration: Configuration, text: str) -> Path:
    where = text if is_url(text) else str(configuration.path(text))
    kept = configuration.path(configuration.settings.paths.inputs) / "static-sources"
    return kept / hashlib.sha256(where.rstrip("/").encode()).hexdigest()[:12]


def _area(country: CountryHazard, folder: Path) -> LatLonBox:
    """What threshold grids are cut to: the outline of the country's boundaries."""
    highest = country.admin_levels[:1]
    areas = read_boundaries(folder / "admin_areas", highest)[highest[0]].geometries
    return area_around(shapely.total_bounds(np.array(areas)).tolist())


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
