"""Where sources are put together: settings, accounts of the environment, the cache, the countries' areas."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from flows.wiring.day import now
from flows.wiring.idle_countries import idle_words
from flows.wiring.local_static import local_static
from flows.wiring.sharing import shared_days
from ibf_pipeline.config import sources as settings
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.rain_sources import BlockWaiting, ForecastSection, RainFilesSection
from ibf_pipeline.config.source_section import SourceSection
from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.config.track_sources import TracksFtpSection, TracksSection
from ibf_pipeline.discharge.reader import StationCells
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ConfigError, IbfError, UsageError
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.stations import cells_of_stations, read_stations
from ibf_pipeline.runs.legacy_journals import real_runs
from ibf_pipeline.sources import FolderSource, Source
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ewds import EwdsSource
from ibf_pipeline.sources.ewds_service import EwdsService, Queue
from ibf_pipeline.sources.ftp import FtpAccount, FtpFolder
from ibf_pipeline.sources.lat_lon_box import LatLonBox, box_around
from ibf_pipeline.sources.members import MemberSource
from ibf_pipeline.sources.object_store import open_folder
from ibf_pipeline.sources.open_meteo import OpenMeteoSource
from ibf_pipeline.sources.open_meteo_archive import Archive
from ibf_pipeline.sources.open_meteo_service import FloodService
from ibf_pipeline.sources.past_runs import RunSource
from ibf_pipeline.sources.remote import RemoteFolder
from ibf_pipeline.sources.source import AccountMissing, CachingSource
from ibf_pipeline.sources.watch import look_times
from ibf_pipeline.synthetic.source import GeneratedSource

Chosen = TypeVar("Chosen", bound=CountryHazard)
log = logging.getLogger("ibf_pipeline.flows")


def open_sources(configuration: Configuration, country: FloodCountry) -> list[Source]:
    """A country's sources for a run, preferred one first; it waits for none while a later one was fetched whole."""
    sources: list[Source] = []
    for name in reversed(country.sources):
        source, later = open_source(configuration, name, country), tuple(sources)
        if isinstance(source, EwdsSource | MemberSource):
            source = replace(source, elsewhere=partial(_fetched_whole, later))
        sources.insert(0, source)
    return sources


def _fetched_whole(sources: Sequence[Source], issue_date: date) -> str | None:
    """Name of the first source of which the whole forecast of a day was fetched already."""
    return next((one.name for one in sources if isinstance(one, CachingSource) and one.has_whole(issue_date)), None)


def open_source(configuration: Configuration, name: str, country: FloodCountry) -> Source:
    """One source, for a country that uses it."""
    chosen = source_settings(configuration, name)
    match chosen:
        case settings.FolderSection():
            return FolderSource(name, configuration.path(chosen.root), chosen.glofas_version, open_cache(configuration))
        case settings.FtpSection():
            return _member_source(configuration, name, country, chosen, ftp_folder(name, chosen))
        case settings.ObjectStoreSection():
            remote: RemoteFolder = open_folder(
                chosen.url,
                RetryPolicy(chosen.timeout_seconds),
                members=country.members.expected,
                endpoint_url=chosen.endpoint_url,
                anonymous=chosen.anonymous,
            )
            return _member_source(configuration, name, country, chosen, remote)
        case settings.EwdsSection():
            cells = cells_of(configuration, country)
            return EwdsSource(
                name=name,
                service=ewds_service(name, chosen, chosen.attempts),
                cache=open_cache(configuration, shared=True),
                country=country.iso3,
                area=box_around(cells, chosen.margin),
                glofas_version=chosen.glofas_version,
                days=chosen.days,
                changes=chosen.request,
                most_fields=chosen.fields_per_request,
                check=chosen.check,
                accepted_versions=(country.thresholds_version, *country.accepted_versions),
                again_seconds=60 * chosen.again_minutes,
                cells=cells,
                lead_times=country.lead_times_needed,
            )
        case settings.OpenMeteoSection():
            return _open_meteo(configuration, name, country, chosen)
        case settings.GeneratedSection():
            static = local_static(configuration, country)
            return GeneratedSource(
                name, country, cells_of(configuration, country), static, chosen.story, chosen.days,
                open_cache(configuration), now,
            )  # fmt: skip
        case settings.RunSection():
            own = configuration.path(configuration.settings.paths.runs)
            runs = own if chosen.runs is None else configuration.path(chosen.runs)
            ours = real_runs(runs) == real_runs(own)  # and not copied from another installation
            storage = configuration.storage if ours else None
            return RunSource(name, runs, country.iso3, storage)
    raise ConfigError(
        f"source {name} is of a kind that cannot be opened for floods",
        where=configuration.folder / "settings.yaml",
        expected="a kind that docs/glofas-sources.md describes",
        remedy="choose another source",
    )


def ftp_folder(name: str, chosen: settings.FtpSection | TracksFtpSection, *, dated: bool = True) -> FtpFolder:
    """The folder of a source on an FTP server. `dated`: it has a folder a day."""
    return FtpFolder(
        chosen.host,
        chosen.port,
        chosen.folder,
        lambda: FtpAccount(secret_of(name, chosen.user_variable), secret_of(name, chosen.password_variable)),
        tls=chosen.tls,
        timeout_seconds=chosen.timeout_seconds,
        dated=dated,
    )


def ewds_service(name: str, chosen: settings.EwdsSection, attempts: int) -> EwdsService:
    """The service of a source; `attempts`: tries of a request."""
    return EwdsService(
        chosen.url,
        chosen.dataset,
        lambda: secret_of(name, chosen.key_variable),
        RetryPolicy(chosen.timeout_seconds, attempts),
        Queue(chosen.retry_seconds, 60 * chosen.queue_minutes, chosen.longest_poll_seconds),
    )


def _open_meteo(
    configuration: Configuration, name: str, country: FloodCountry, chosen: settings.OpenMeteoSection
) -> OpenMeteoSource:
    cache = open_cache(configuration, shared=True)
    return OpenMeteoSource(
        name=name,
        service=FloodService(chosen.url, RetryPolicy(chosen.timeout_seconds, chosen.attempts), chosen.calls_per_minute),
        cache=cache,
        country=country.iso3,
        cells=cells_of(configuration, country),
        lead_times=country.lead_times_needed,
        expected=country.members.expected,
        archive=Archive(
            cache.root / name / "archive" / f"{country.iso3}.json",
            chosen.archive_years,
            timedelta(days=chosen.archive_days),
            now,
        ),
        now=now,
    )


def source_settings(configuration: Configuration, name: str) -> settings.DischargeSection:
    """What is configured of a source of floods; ConfigError if there is none of this name."""
    sources, others = configuration.settings.discharge_sources, configuration.settings.sources
    if name not in sources:
        raise ConfigError(
            f"source {name} is of {' and '.join(others[name].hazards)}"
            if name in others
            else f"there is no source {name!r}",
            where=configuration.folder / "settings.yaml",
            expected="one of " + ", ".join(sorted(sources)),
            remedy="add it under sources, or choose another one",
        )
    return sources[name]


def with_source(country: Chosen, source: str | None) -> Chosen:
    """A country with one of its sources alone; as it is where none is named. UsageError if it does not list it."""
    if source is None:
        return country
    if source not in country.sources:
        raise UsageError(
            f"{country.iso3} has no source {source!r}",
            expected="one of " + ", ".join(country.sources),
            remedy="add it to `sources` of the section, or choose another",
        )
    return country.model_copy(update={"sources": (source,)})


def open_cache(configuration: Configuration, *, shared: bool = False) -> InputCache:
    """The cache of fetched forecasts; `shared`: of a source that all machines ask, with them if there is a store."""
    root = configuration.path(configuration.settings.paths.inputs)
    return InputCache(root, shared_days(configuration) if shared else None)


def prune_cache(configuration: Configuration) -> None:
    """Delete what the settings do not let the cache keep; a full cache is trouble for tomorrow, not for today's run."""
    bounds = configuration.settings.inputs
    try:
        open_cache(configuration).prune(int(bounds.largest_gigabytes * 1e9), bounds.keep_hours * 3600)
    except (OSError, IbfError) as error:
        log.warning("the cache of forecasts could not be pruned: %s", error)


def waiting_of(configuration: Configuration, name: str) -> Waiting | BlockWaiting:
    """When the sensor of a source looks; ConfigError if there is no such source, or none that is waited for."""
    chosen = configuration.settings.sources.get(name)
    if not isinstance(chosen, settings.DischargeSection | ForecastSection | TracksSection):
        raise ConfigError(
            f"source {name} is not waited for" if chosen else f"there is no source {name!r}",
            where=configuration.folder / "settings.yaml",
            expected="a source of forecasts",
            remedy="add it under sources, or choose another one",
        )
    return chosen.waiting


def watched_sources(configuration: Configuration) -> list[str]:
    """The sources that have a sensor: those whose settings say when to look."""
    sources = configuration.settings.sources
    return [name for name, chosen in sources.items() if "waiting" in chosen.model_fields_set]


def unwatched_sources(
    configuration: Configuration, country: CountryHazard, sensor: str, issue_time: IssueTime
) -> tuple[str, ...]:
    """The sources of a country without a sensor that may have a new forecast; none where another of its sensors waits
    longer than this one, and asks them then.
    """
    sources = configuration.settings.sources
    watched = {sensor, *watched_sources(configuration)}
    ends = {
        name: look_times(issue_time, waiting_of(configuration, name)).last for name in watched & set(country.sources)
    }
    if any(end > ends[sensor] for end in ends.values()):
        return ()
    unwatched = (name for name in country.sources if name not in watched)
    return tuple(name for name in unwatched if _may_have_new(sources[name]))


def _may_have_new(chosen: SourceSection) -> bool:
    """Whether a source may have a forecast that a run can begin with."""
    if isinstance(chosen, RainFilesSection):
        return chosen.role == "forecast"
    known = isinstance(chosen, settings.DischargeSection | ForecastSection | TracksSection)
    return known and not isinstance(chosen, settings.RunSection)


def sound_countries(
    configuration: Configuration, hazard: str = FloodCountry.hazard
) -> tuple[list[CountryHazard], dict[str, ConfigError]]:
    """The countries with a hazard whose configuration is valid, and by ISO3 code what is wrong with the others."""
    sound, wrong = list[CountryHazard](), dict[str, ConfigError]()
    for iso3 in configuration.country_codes(hazard):
        try:
            sound.append(configuration.country(iso3, hazard))
        except ConfigError as error:
            wrong[iso3] = error
    return sound, wrong


def users_of(configuration: Configuration, name: str) -> tuple[list[CountryHazard], dict[str, ConfigError]]:
    """The configured countries that list a source and have something to forecast, and those for which it is not
    known, as their file is wrong.
    """
    users, wrong = list[CountryHazard](), dict[str, ConfigError]()
    for hazard in configuration.settings.sources[name].hazards:
        sound, damaged = sound_countries(configuration, hazard)
        users += [country for country in sound if name in country.sources]
        wrong |= damaged
    for code, error in wrong.items():
        log.error("%s is left out: %s", code, error)
    return [country for country in users if not idle_words(configuration, country)], wrong


def cells_of(configuration: Configuration, country: FloodCountry) -> StationCells:
    """The GloFAS cells of a country's stations, from its static data; what lies behind a URL is copied here first."""
    file = configuration.static_folder(country) / "stations.csv"
    if not file.is_file():
        local_static(configuration, country)
    return cells_of_stations(read_stations(file))


def _member_source(
    configuration: Configuration, name: str, country: FloodCountry, chosen: settings.RemoteSection, remote: RemoteFolder
) -> MemberSource:
    users = _users_at_once(configuration, name, country, chosen.margin)
    return MemberSource(
        name=name,
        remote=remote,
        cache=open_cache(configuration, shared=True),
        country=country.iso3,
        areas={code: area for code, (area, _) in users.items()},
        expected=country.members.expected,
        glofas_version=chosen.glofas_version,
        parallel=chosen.parallel,
        retry_policy=RetryPolicy(attempts=chosen.attempts),
        keep_raw=chosen.keep_raw,
        lead_times={code: lead_times for code, (_, lead_times) in users.items()},
    )


def _users_at_once(
    configuration: Configuration, name: str, country: FloodCountry, margin: float
) -> Mapping[str, tuple[LatLonBox, int]]:
    """Area and number of lead times of all countries that use a source, static data behind URLs copied first, so that
    one fetch serves all; a country whose configuration or static data are damaged, or cannot be had, goes without."""
    users = {country.iso3: (box_around(cells_of(configuration, country), margin), country.lead_times_needed)}
    for code in configuration.country_codes(FloodCountry.hazard):
        if code in users:
            continue
        try:
            other = configuration.country_of(code, FloodCountry)
            if name in other.sources:
                users[code] = box_around(cells_of(configuration, other), margin), other.lead_times_needed
        except IbfError as error:
            log.info("%s: nothing is fetched for it on the way: %s", code, error.found)
    return dict(sorted(users.items()))


def secret_of(source: str, variable: str) -> str:
    """A value of the environment, looked up when it is needed: a run may have another source to turn to."""
    what = f"the account of source {source}"
    return values_of([variable], os.environ, what, "settings.yaml", kind=AccountMissing)[0]
