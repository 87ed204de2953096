"""Where sources of rain and of water levels are put together: settings, accounts, the cache, the country's tables."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from flows.wiring.sources import open_cache, secret_of
from ibf_pipeline.config import rain_sources as settings
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.source_section import SourceSection
from ibf_pipeline.errors import ConfigError, InputInvalid
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.tokens import Token, TokenSource, token_expiry
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.gauges import GaugeDeclaration
from ibf_pipeline.sources.file_locations import FileLocation, FolderLocation, UrlLocation
from ibf_pipeline.sources.object_store import open_folder
from ibf_pipeline.sources.rain.ecmwf import ecmwf_runs
from ibf_pipeline.sources.rain.files import FilesRain
from ibf_pipeline.sources.rain.gauge_files import GaugesRain
from ibf_pipeline.sources.rain.gfs import gfs_runs
from ibf_pipeline.sources.rain.imerg import TOKEN_REMEDIES, Imerg, ImergRain
from ibf_pipeline.sources.rain.levels import METRES, GaugePlace, LevelFiles, read_places, with_levels
from ibf_pipeline.sources.rain.source import RainSource

log = logging.getLogger("ibf_pipeline.flows")

_NAMES: Final = {"forecast": "forecast", "nowcast": "nowcast", "observed": "observed rain"}


def open_rain_sources(configuration: Configuration, country: FlashFloodCountry) -> list[RainSource]:
    """A country's sources of rain in its order; ConfigError if none of them is of forecasts.

    Accounts are looked up in the environment when they are needed: a block may have another source to turn to.
    """
    chosen = {name: configuration.settings.sources[name] for name in country.sources}
    sources = [
        open_rain_source(configuration, country, name, section, country.oldest_cycle_h)
        for name, section in chosen.items()
        if not isinstance(section, settings.WaterLevelsSection)
    ]
    if not any(source.role == "forecast" for source in sources):
        raise ConfigError(
            f"none of the sources of {country.iso3} is of forecasts: {', '.join(country.sources)}",
            where=configuration.folder / "countries" / f"{country.iso3}.yaml",
            expected="at least one forecast of rain in hazards.flash-floods.sources",
            remedy="add one of kind gfs, which needs no account (docs/rain.md)",
        )
    return sources


def open_rain_source(
    configuration: Configuration, country: CountryHazard, name: str, chosen: SourceSection | None, oldest_h: int
) -> RainSource:
    """One source of rain, as its section says; ConfigError if that is not of rain. `oldest_h`: how many hours old the
    cycle of a forecast may be.
    """
    match chosen:
        case settings.GfsSection():
            cache = open_cache(configuration, shared=True)
            return gfs_runs(name, _client(chosen), cache, step_h=chosen.step_hours, oldest_h=oldest_h)
        case settings.EcmwfOpenDataSection():
            return ecmwf_runs(
                name,
                _client(chosen),
                open_cache(configuration, shared=True),
                is_ensemble=chosen.run == "ensemble",
                oldest_h=oldest_h,
                parallel=chosen.parallel,
            )
        case settings.ImergSection():
            redact, retry_policy = Redactor(), RetryPolicy(chosen.timeout_seconds, chosen.attempts)
            tokens = TokenSource(lambda: Token(secret_of(name, chosen.token_variable)), redact)
            archive = Client(
                Server(chosen.url, TOKEN_REMEDIES, renew_on_status=()), retry_policy, redact, tokens=tokens
            )
            catalogue = Client(Server(chosen.catalogue), retry_policy, redact)
            imerg = Imerg(chosen.run, archive, catalogue, chosen.version)
            cache = open_cache(configuration, shared=True)
            return ImergRain(name, imerg, cache, lambda: token_expiry(tokens.token()))
        case settings.RainFolderSection():
            folder = FolderLocation(name, configuration.path(chosen.root), open_cache(configuration))
            return _files(name, chosen, folder, oldest_h)
        case settings.RainObjectStoreSection():
            retry_policy = RetryPolicy(chosen.timeout_seconds, chosen.attempts)
            root = open_folder(
                chosen.url, retry_policy, endpoint_url=chosen.endpoint_url, anonymous=chosen.anonymous, dated=False
            )
            place = UrlLocation(name, root, open_cache(configuration, shared=True), retry_policy)
            return _files(name, chosen, place, oldest_h)
        case settings.RainGaugesSection():
            table = configuration.static_folder(country) / chosen.gauges
            declared = GaugeDeclaration(chosen.moment, chosen.amount, chosen.is_counter)
            return GaugesRain(name, configuration.path(chosen.root), chosen.files, table, declared)
    raise ConfigError(f"settings.yaml has no source of rain {name!r}")


def _client(chosen: settings.GfsSection | settings.EcmwfOpenDataSection) -> Client:
    return Client(Server(chosen.url), RetryPolicy(chosen.timeout_seconds, chosen.attempts), Redactor())


def open_levels(
    configuration: Configuration, country: FlashFloodCountry, note: Callable[[str], None] = log.warning
) -> tuple[RiverGauge, ...]:
    """The country's water level gauges with what its sources of water levels read; empty if it has no table.

    Whatever is wrong with a table or a file goes to `note`, a sentence each, and stops nothing: gauges trigger nothing.
    A gauge that no source has read has no levels.
    """
    if country.gauges is None:
        return ()
    try:
        places = read_places(configuration.static_folder(country) / country.gauges)
    except InputInvalid as error:
        note(f"no water level is shown: {error.where}: {error.found}")
        return ()
    chosen = {name: configuration.settings.sources[name] for name in country.sources}
    files = [
        LevelFiles(
            name,
            configuration.path(section.root),
            section.files,
            GaugeDeclaration(section.moment, section.level),
            METRES[section.unit],
        )
        for name, section in chosen.items()
        if isinstance(section, settings.WaterLevelsSection)
    ]
    if not files:
        note(f"no water level is shown: none of the sources of {country.iso3} is of kind water-levels")
    return tuple(_read(place, files, note) for place in places)


def _read(place: GaugePlace, files: list[LevelFiles], note: Callable[[str], None]) -> RiverGauge:
    """A gauge as the first source that has it read it."""
    for each in files:
        try:
            gauge = with_levels(place, each)
        except InputInvalid as error:
            note(f"source {each.name}: gauge {place.gauge.name or place.gauge.fid} is left out: {error.found}")
            continue
        if gauge.levels:
            return gauge
    return place.gauge


def _files(name: str, chosen: settings.RainFilesSection, place: FileLocation, oldest_h: int) -> RainSource:
    return FilesRain(
        name=name,
        role=chosen.role,
        origin=chosen.origin or f"{_NAMES[chosen.role]} of {name}",
        place=place,
        pattern=chosen.pattern,
        every=timedelta(hours=chosen.hours_between),
        whole=timedelta(hours=chosen.whole_h),
        oldest_h=oldest_h,
        reads=RainDeclaration(**chosen.reads.model_dump()),
    )
