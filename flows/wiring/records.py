"""The records of a configuration, and what earlier versions left beside them."""

from __future__ import annotations

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.open import beside, open_records
from ibf_pipeline.runs.recorded import RecordedRun, recorded_runs
from ibf_pipeline.runs.taken_over import take_over


def open_database(configuration: Configuration) -> Database:
    """The database of the records."""
    runs = configuration.path(configuration.settings.paths.runs)
    return open_records(configuration.records or beside(runs))


def runs_recorded(configuration: Configuration, iso3: str | None, most: int) -> list[RecordedRun]:
    """The newest recorded runs of a country, or of all."""
    runs = configuration.path(configuration.settings.paths.runs)
    return recorded_runs(runs, configuration.records, iso3, most)


def taken_over(configuration: Configuration) -> dict[str, int]:
    """Take over what earlier versions left, of every country that has run folders: revisions by country."""
    runs, database = configuration.path(configuration.settings.paths.runs), open_database(configuration)
    folders = [*runs.glob("[A-Z][A-Z][A-Z]"), *runs.glob("exercises/[A-Z][A-Z][A-Z]")]
    return {iso3: take_over(runs, iso3, database) for iso3 in sorted({folder.name for folder in folders})}
