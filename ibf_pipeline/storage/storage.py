"""Where an installation keeps what must survive a machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.database import open_records, records_url


@dataclass(frozen=True, slots=True)
class Storage:
    """Records and store of an installation. Without a store, files stay in the folders of this machine."""

    records: str | None = field(default=None, repr=False)
    """URL, which may hold a password; None: those beside the runs"""
    store: FileStore | None = None

    def database(self, runs: Path) -> Database:
        """The database of the records; `runs`: the folder of the real days."""
        return open_records(self.records or records_url(runs))
