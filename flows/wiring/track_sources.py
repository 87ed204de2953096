"""Where sources of cyclone tracks are put together: settings, accounts, the cache."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from flows.wiring.day import now
from flows.wiring.sources import ftp_folder, open_cache
from ibf_pipeline.config import track_sources as settings
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.source_section import SourceSection
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.hazards.typhoon.ensemble import require_whole
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.file_locations import FileLocation, FolderLocation, UrlLocation
from ibf_pipeline.sources.object_store import open_folder
from ibf_pipeline.sources.tracks.cycles import Reading
from ibf_pipeline.sources.tracks.ecmwf import EcmwfTracks
from ibf_pipeline.sources.tracks.files import FilesTracks
from ibf_pipeline.sources.tracks.source import TrackSource


def open_track_sources(configuration: Configuration, country: TyphoonCountry) -> list[TrackSource]:
    """A country's sources of tracks, preferred one first.

    Accounts are looked up in the environment when they are needed: a cycle may have another source to turn to.
    """
    chosen = {name: configuration.settings.sources[name] for name in country.sources}
    return [open_track_source(configuration, country, name, section) for name, section in chosen.items()]


def open_track_source(
    configuration: Configuration, country: TyphoonCountry, name: str, chosen: SourceSection
) -> TrackSource:
    """One source of tracks, as its section says, for a country's ensemble; ConfigError if that is not of tracks."""
    reading = Reading(country.members, partial(require_whole, fewest=country.fewest_members))
    match chosen:
        case settings.EcmwfTracksSection():
            client = Client(Server(chosen.url), RetryPolicy(chosen.timeout_seconds, chosen.attempts), Redactor())
            return EcmwfTracks(name, client, open_cache(configuration, shared=True), reading)
        case settings.TracksFtpSection():
            ftp = ftp_folder(name, chosen, dated=False)
            place = UrlLocation(
                name, ftp, open_cache(configuration, shared=True), RetryPolicy(attempts=chosen.attempts)
            )
            settled = timedelta(minutes=chosen.settled_minutes)
            return FilesTracks(name, place, "%Y%m%d%H%M%S", chosen.files, chosen.finished, settled, reading, now)
        case settings.TracksFolderSection():
            folder = FolderLocation(name, configuration.path(chosen.root), open_cache(configuration))
            return _files(name, chosen, folder, reading)
        case settings.TracksObjectStoreSection():
            retry_policy = RetryPolicy(chosen.timeout_seconds, chosen.attempts)
            root = open_folder(
                chosen.url, retry_policy, endpoint_url=chosen.endpoint_url, anonymous=chosen.anonymous, dated=False
            )
            place = UrlLocation(name, root, open_cache(configuration, shared=True), retry_policy)
            return _files(name, chosen, place, reading)
    raise ConfigError(f"settings.yaml has no source of tracks {name!r}")


def _files(name: str, chosen: settings.TrackFilesSection, place: FileLocation, reading: Reading) -> TrackSource:
    folder, _, file = chosen.files.rpartition("/")
    return FilesTracks(name, place, folder, (file,), chosen.finished, timedelta(), reading, now)
