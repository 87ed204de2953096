"""What machines share besides runs: prepared layers and fetched forecasts, if there is a store."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flows.wiring.day import Day
from flows.wiring.hazards import configured_hazards
from flows.wiring.records import open_database
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.io.sql import Database
from ibf_pipeline.prepare.shared_layers import have_layers, share_first
from ibf_pipeline.sources.shared_days import SharedDays
from ibf_pipeline.storage.shared_folder import SharedFolder
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.storage.store_location import SharedStorage


def sharing_of(configuration: Configuration) -> SharedStorage | None:
    """Records and store; None without a store: everything is in the folders of this machine then."""
    store = configuration.storage.store
    return None if store is None else SharedStorage(open_database(configuration), store)


@lru_cache(maxsize=8)
def _days_of(storage: Storage, database: Database) -> SharedDays | None:
    return None if storage.store is None else SharedDays(SharedStorage(database, storage.store))


def shared_days(configuration: Configuration) -> SharedDays | None:
    """What machines share of the cache of forecasts, for all sources of a configuration; None without a store."""
    storage = configuration.storage
    return None if storage.store is None else _days_of(storage, open_database(configuration))


def shared_layers(configuration: Configuration, iso3: str, hazard: str) -> SharedFolder | None:
    """Where machines put a country's prepared layers of a hazard; None without a store."""
    sharing = sharing_of(configuration)
    return None if sharing is None else SharedFolder(sharing, f"prepared/{hazard}/{iso3}", "prepared", iso3)


def shared_layers_of(day: Day) -> SharedFolder | None:
    """The same for the country and hazard of a day."""
    return shared_layers(day.configuration, day.country.iso3, day.country.hazard)


def ensure_layers(day: Day) -> Path:
    """The folder of a day's layers for a run that has them, or had them a moment ago."""
    return fetch_newest_layers(day.configuration, day.country.iso3, day.country.hazard)


def fetch_run_layers(day: Day) -> Path:
    """The folder of the layers that a day's run was made with, brought from the store where this machine lacks them.

    For readers after the run, on any machine. Without a store the folder is as it is.
    """
    shared = shared_layers_of(day)
    if shared is not None:
        static = day.run.manifest().get("static") if day.run.is_whole else None
        made_of = None if not static else [each["sha256"] for each in static]
        have_layers(shared, day.prepared, made_of, lambda: day.run.exclusive("bring layers", wait_seconds=0))
    return day.prepared


def share_layers(configuration: Configuration) -> list[str]:
    """Put layers that this machine made before there was a store into it, if it has none; of which countries."""
    put = []
    for each in configured_hazards(configuration):
        shared = shared_layers(configuration, each.iso3, each.hazard)
        if shared is not None and not shared.sets():
            share_first(shared, configuration.prepared_folder(each.iso3, each.hazard))
            put += [each.label] if shared.sets() else []
    return put


def fetch_newest_layers(configuration: Configuration, iso3: str, hazard: str) -> Path:
    """The folder of a country's layers of a hazard, the newest from the store where this machine has none."""
    prepared = configuration.prepared_folder(iso3, hazard)
    have_layers(shared_layers(configuration, iso3, hazard), prepared)
    return prepared
