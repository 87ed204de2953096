"""The records of a configuration, and what earlier versions left beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import errors_logged
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records import legacy_files as files
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.runs.legacy_journals import countries_on_disk, require_journals_taken_over, take_over_journals
from ibf_pipeline.runs.local_pruning import LocalPruning
from ibf_pipeline.runs.local_runs import store_local_runs
from ibf_pipeline.runs.overview import RunOverview, run_overviews
from ibf_pipeline.runs.pruning import PruneRequest, Pruning
from ibf_pipeline.runs.run_index import RecordedRun, RunQuery, recorded_runs
from ibf_pipeline.satellites.hook.settings import load_hook_settings
from ibf_pipeline.satellites.subscriptions.settings import EodataSettings, read_settings
from ibf_pipeline.storage.cache import make_room

log = logging.getLogger("ibf_pipeline.flows")


def open_database(configuration: Configuration, wait_seconds: float | None = None) -> Database:
    """The database of the records; `wait_seconds`: for one that is locked."""
    runs = configuration.path(configuration.settings.paths.runs)
    return open_records(configuration.records or records_url(runs), wait_seconds)


def earlier_inbox(configuration: Configuration, settings: EodataSettings, workspace: str | None) -> Path:
    """Where earlier versions kept the catalogues' inbox."""
    file = configuration.path(settings.inbox.file)
    return file if workspace is None else Path(workspace).resolve() / "eodata" / file.name


def runs_recorded(configuration: Configuration, iso3: str | None, most: int) -> list[RecordedRun]:
    """The newest recorded runs of a country, or of all; ForbiddenByRule if journals beside the records tell more."""
    return recorded_runs(_runs_known(configuration, iso3), configuration.storage, RunQuery(iso3), most)


def runs_at_a_glance(
    configuration: Configuration, wanted: RunQuery, target: str | None = None, most: int = 30
) -> list[RunOverview]:
    """Runs with their revisions and the place of their files; ForbiddenByRule as `runs_recorded`."""
    return run_overviews(_runs_known(configuration, wanted.country), configuration.storage, wanted, target, most)


def _runs_known(configuration: Configuration, iso3: str | None) -> Path:
    """The folder of the runs; all that its journals tell of a country, or of all, is in the records."""
    runs = configuration.path(configuration.settings.paths.runs)
    for country in countries_on_disk(runs) if iso3 is None else [iso3]:
        require_journals_taken_over(runs, country, None, open_database(configuration))
    return runs


def open_pruning(configuration: Configuration, clock: Callable[[], datetime]) -> Pruning:
    """The files of the installation in its store, or without one in the folder of its runs, to be looked over and
    pruned.
    """
    kind = LocalPruning if configuration.settings.store is None else Pruning
    return kind(configuration.path(configuration.settings.paths.runs), configuration.storage, clock)


def as_configured(configuration: Configuration) -> PruneRequest:
    """What `store.keep_days` lets be deleted, or without a store `keep_days`."""
    store = configuration.settings.store
    return PruneRequest((configuration.settings if store is None else store).keep_days.model_dump())


def make_room_on_disk(configuration: Configuration) -> None:
    """Bring the local copies of what is in the store below their limit; it stops nothing. Nothing without a store."""
    settings, store = configuration.settings.paths, configuration.settings.store
    if store is not None:
        with errors_logged(log, "the local copies of files in the store could not be brought below their limit"):
            make_room(
                open_database(configuration), configuration.path(settings.runs), round(store.cache_gigabytes * 1e9)
            )


def take_over_runs(configuration: Configuration) -> dict[str, int]:
    """Take over what earlier versions left, of every country that has run folders: revisions by country."""
    runs, database = configuration.path(configuration.settings.paths.runs), open_database(configuration)
    return {iso3: take_over_journals(runs, iso3, database) for iso3 in countries_on_disk(runs)}


def put_into_store(configuration: Configuration) -> dict[str, int]:
    """Put what only this machine has of runs and revisions into the store, if there is one: how many, by country."""
    runs, storage = configuration.path(configuration.settings.paths.runs), configuration.storage
    return {
        iso3: store_local_runs(runs, iso3, storage) for iso3 in countries_on_disk(runs) if storage.store is not None
    }


def take_over_files(configuration: Configuration, workspace: str | None) -> dict[Path, int]:
    """Take over the files of earlier versions: rows by file. The order book is not the workspace's."""
    folder, found = configuration.folder, list[Path]()
    if (folder / "eodata.yaml").is_file():
        found.append(earlier_inbox(configuration, read_settings(folder), workspace))
    if workspace is None and (folder / "destine.yaml").is_file():
        found.append(configuration.path(load_hook_settings(folder).order_book))
    return {file: files.take_over_legacy_files(file, open_database(configuration)) for file in found if file.is_file()}
